//! Which folders of runs are old: a rule over what there is. Pure.

use std::path::PathBuf;
use std::time::Duration;

/// A night that is not finished may still be gone on with, for so long.
const MAY_GO_ON: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder of a night's runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NightFolder {
    /// Its path.
    pub folder: PathBuf,
    /// The night, like `2026-11-25`.
    pub night: String,
    /// How much it holds.
    pub bytes: u64,
    /// How long ago something happened in a night that is not finished; `None` for one that is.
    pub unfinished_for: Option<Duration>,
}

/// The folders to remove, the oldest first: all but those of the last `keep_nights` nights, and of these the oldest while they hold more
/// than `keep_bytes` together. Tonight stays, later nights stay, and so does one that may still be gone on with.
#[must_use]
pub fn cleanable<'a>(
    nights: &'a [NightFolder],
    tonight: &str,
    keep_nights: usize,
    keep_bytes: Option<u64>,
) -> Vec<&'a NightFolder> {
    let mut newest_first: Vec<&NightFolder> = nights.iter().collect();
    newest_first.sort_by(|one, other| other.night.cmp(&one.night));
    let (mut kept, mut kept_bytes, mut is_full) = (0, 0_u64, false);
    let mut removed = Vec::new();
    for night in newest_first {
        let with_it = kept_bytes.saturating_add(night.bytes);
        // Once one has no room, no older one has: what is kept has no gap.
        is_full |= kept >= keep_nights || keep_bytes.is_some_and(|most| with_it > most);
        if is_full && !night.must_stay(tonight) {
            removed.push(night);
        } else {
            kept += 1;
            kept_bytes = with_it;
        }
    }
    removed.reverse();
    removed
}

impl NightFolder {
    fn must_stay(&self, tonight: &str) -> bool {
        self.night.as_str() >= tonight || self.unfinished_for.is_some_and(|time| time < MAY_GO_ON)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TONIGHT: &str = "2026-11-20";

    fn folder(day: u8, bytes: u64, unfinished_h: Option<u64>) -> NightFolder {
        NightFolder {
            folder: PathBuf::from(format!("nightly/staging/2026-11-{day:02}")),
            night: format!("2026-11-{day:02}"),
            bytes,
            unfinished_for: unfinished_h.map(|hours| Duration::from_secs(hours * 3600)),
        }
    }

    fn days(nights: &[NightFolder], keep_nights: usize, keep_bytes: Option<u64>) -> Vec<String> {
        cleanable(nights, TONIGHT, keep_nights, keep_bytes).iter().map(|of| of.night[8..].to_owned()).collect()
    }

    #[test]
    fn old_nights_go_by_age_and_by_size() {
        let nights: Vec<NightFolder> = (15..=20).map(|day| folder(day, 10, None)).collect();
        assert_eq!(days(&nights, 6, None), [""; 0]);
        assert_eq!(days(&nights, 4, None), ["15", "16"]);
        assert_eq!(days(&nights, 6, Some(35)), ["15", "16", "17"]);
        assert_eq!(days(&nights, 0, Some(0)), ["15", "16", "17", "18", "19"]);
    }

    #[test]
    fn a_night_that_may_go_on_stays_and_one_that_was_left_long_ago_goes() {
        let nights = [folder(17, 10, Some(23)), folder(18, 10, Some(25)), folder(19, 10, None), folder(21, 10, None)];
        assert_eq!(days(&nights, 1, None), ["18", "19"]);
    }

    fn any_nights() -> impl Strategy<Value = Vec<NightFolder>> {
        let facts = (0..50_u64, prop::option::of(20..30_u64));
        prop::collection::btree_map(10..24_u8, facts, 0..12)
            .prop_map(|nights| nights.into_iter().map(|(day, (bytes, hours))| folder(day, bytes, hours)).collect())
            .prop_shuffle()
    }

    proptest! {
        #[test]
        fn what_is_kept_is_newer_than_what_goes_and_fits(
            nights in any_nights(),
            keep_nights in 0..12_usize,
            keep_bytes in prop::option::of(0..300_u64),
        ) {
            let gone = cleanable(&nights, TONIGHT, keep_nights, keep_bytes);
            prop_assert!(gone.is_sorted_by_key(|of| &of.night));
            prop_assert!(gone.iter().all(|of| !of.must_stay(TONIGHT)));
            let kept: Vec<&NightFolder> = nights.iter().filter(|of| !gone.contains(of)).collect();
            let free: Vec<&&NightFolder> = kept.iter().filter(|of| !of.must_stay(TONIGHT)).collect();
            prop_assert!(free.iter().all(|of| gone.iter().all(|old| old.night < of.night)));
            if !free.is_empty() {
                let oldest = free.iter().map(|of| &of.night).min().unwrap();
                let down_to: Vec<&&NightFolder> = kept.iter().filter(|of| of.night >= *oldest).collect();
                prop_assert!(down_to.len() <= keep_nights);
                let bytes: u64 = down_to.iter().map(|of| of.bytes).sum();
                prop_assert!(keep_bytes.is_none_or(|most| bytes <= most));
            }
        }

        #[test]
        fn who_keeps_more_loses_less(nights in any_nights(), keep in 0..12_usize, more in 0..4_usize, bytes in 0..300_u64) {
            let less = cleanable(&nights, TONIGHT, keep, Some(bytes));
            let with_more = cleanable(&nights, TONIGHT, keep + more, Some(bytes + more as u64));
            prop_assert!(with_more.iter().all(|of| less.contains(of)));
            prop_assert!(cleanable(&nights, TONIGHT, keep, None).iter().all(|of| less.contains(of)));
        }
    }
}
