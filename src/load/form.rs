//! Which events lack a part of their record on purpose.

use super::random::threshold;
use crate::profile::Stream;

/// What a record consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordForm {
    /// A payload, and a key if the stream has keys.
    #[default]
    Whole,
    /// A key and no payload: what deletes the key in a compacted topic.
    Tombstone,
    /// A payload and no key, although the event has one.
    NullKey,
}

/// How often each form comes. Both shares are parts of one draw, so that no event is both and each share is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Forms {
    tombstones_below: u64,
    null_keys_below: u64,
}

impl Forms {
    pub(super) fn new(stream: &Stream) -> Self {
        let (tombstones, null_keys) = (stream.tombstone_share(), stream.null_key_share());
        Forms { tombstones_below: threshold(tombstones), null_keys_below: threshold(tombstones + null_keys) }
    }

    /// Whether every record is whole.
    pub(super) fn are_whole(self) -> bool {
        self.null_keys_below == 0
    }

    /// The form of the event that these bits belong to.
    pub(super) fn of(self, bits: impl FnOnce() -> u64) -> RecordForm {
        if self.are_whole() {
            return RecordForm::Whole;
        }
        match bits() {
            bits if bits < self.tombstones_below => RecordForm::Tombstone,
            bits if bits < self.null_keys_below => RecordForm::NullKey,
            _ => RecordForm::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::load::fingerprint::fingerprint;
    use crate::load::{PlannedSend, Shard, StreamSchedule};
    use crate::profile::{Profile, Span};

    /// 20,000 events with copies, of these keys and this payload.
    fn schedule(keys: &str, payload: &str, seed: u64) -> Arc<StreamSchedule> {
        let text = format!(
            "[[stream]]\nname = \"s\"\nrate = \"10k/s\"\nretries = {{ share = 0.1 }}\nkeys = {{ count = 50{keys} }}\npayload = {{{payload}}}\n"
        );
        let profile: Profile = toml::from_str(&text).unwrap();
        Arc::new(StreamSchedule::new(&profile.streams[0], 0, seed, Span::from_secs(2), 4))
    }

    fn sends(schedule: &Arc<StreamSchedule>) -> Vec<PlannedSend> {
        (0..schedule.producers()).flat_map(|producer| schedule.sends(producer, 0)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn each_form_comes_as_often_as_the_profile_says(seed: u64, tombstones in 0.0..0.5_f64, null_keys in 0.0..0.5_f64) {
            let schedule = schedule(&format!(", null_share = {null_keys}"), &format!("tombstone_share = {tombstones}"), seed);
            let firsts: Vec<RecordForm> = sends(&schedule).iter().filter(|send| send.attempt == 0).map(|send| send.form).collect();
            let events = firsts.len() as f64;
            for (form, share) in [(RecordForm::Tombstone, tombstones), (RecordForm::NullKey, null_keys)] {
                let seen = firsts.iter().filter(|seen| **seen == form).count() as f64 / events;
                // Five standard deviations of a binomial share.
                let bound = 5.0 * (share * (1.0 - share) / events).sqrt();
                prop_assert!((seen - share).abs() <= bound, "{form:?}: {seen} against {share}");
            }
        }

        #[test]
        fn forms_change_nothing_else_of_an_event(seed: u64) {
            let plain = sends(&schedule("", "", seed));
            let formed = sends(&schedule(", null_share = 0.2", "tombstone_share = 0.3", seed));
            prop_assert_eq!(plain.len(), formed.len());
            for (plain, formed) in plain.iter().zip(&formed) {
                let partition = if formed.form == RecordForm::NullKey { formed.partition } else { plain.partition };
                prop_assert_eq!(PlannedSend { form: formed.form, partition, ..*plain }, *formed);
            }
        }

        #[test]
        fn copies_have_the_form_of_their_event(seed: u64) {
            let schedule = schedule(", null_share = 0.2", "tombstone_share = 0.3", seed);
            for producer in 0..schedule.producers() {
                let mut forms = std::collections::BTreeMap::new();
                for send in schedule.sends(producer, 0) {
                    let first = *forms.entry(send.sequence).or_insert((send.form, send.partition));
                    prop_assert_eq!(first, (send.form, send.partition));
                }
            }
        }
    }

    #[test]
    fn records_without_a_key_take_turns_over_the_partitions() {
        let mut in_partition = [0_u32; 4];
        let sends = sends(&schedule(", null_share = 1", "", 1));
        sends
            .iter()
            .filter(|send| send.attempt == 0)
            .for_each(|send| in_partition[usize::from(send.partition.number())] += 1);
        assert_eq!(in_partition, [5_000; 4]);
    }

    #[test]
    fn a_plan_is_another_with_other_forms() {
        let print = |keys, payload| fingerprint(&[schedule(keys, payload, 1)], Shard::WHOLE);
        let prints = [
            print("", ""),
            print(", null_share = 0.01", ""),
            print("", "tombstone_share = 0.01"),
            print("", "tombstone_share = 0.02"),
        ];
        for (place, one) in prints.iter().enumerate() {
            assert!(!prints[..place].contains(one), "{place}");
        }
        assert_eq!(print("", ""), print(", null_share = 0.0", "tombstone_share = 0.0"), "nothing is asked for");
    }
}
