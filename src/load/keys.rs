//! Which key an event carries.

use std::sync::Arc;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Zipf};

use crate::profile::{KeyDistribution, Keys, Recorded};

/// Up to this many keys a Zipf law is sampled from a table (8 bytes each); beyond, by rejection.
const LARGEST_TABLE: u64 = 1 << 20;

/// Draws key numbers, 0 to count - 1; for Zipf the number is the rank.
#[derive(Debug, Clone)]
pub(super) enum KeyPicker {
    None,
    Recorded(Arc<Recorded>),
    Uniform { count: u64 },
    RoundRobin { count: u64 },
    HotSet { hot: u64, count: u64, hot_share: f64 },
    ZipfTable(AliasTable),
    ZipfLaw(Zipf<f64>),
}

impl KeyPicker {
    pub(super) fn new(keys: &Keys) -> Self {
        let count = keys.count.max(1);
        match keys.distribution {
            KeyDistribution::None => KeyPicker::None,
            KeyDistribution::Uniform => KeyPicker::Uniform { count },
            KeyDistribution::RoundRobin => KeyPicker::RoundRobin { count },
            KeyDistribution::HotSet => {
                let hot = keys.hot.unwrap_or(1).clamp(1, count);
                KeyPicker::HotSet { hot, count, hot_share: keys.hot_share.unwrap_or(0.9) }
            }
            KeyDistribution::Zipf => Self::zipf(count, keys.exponent.unwrap_or(1.0)),
        }
    }

    fn zipf(count: u64, exponent: f64) -> Self {
        if count <= LARGEST_TABLE {
            let weights = (1..=count).map(|rank| 1.0 / libm::pow(rank as f64, exponent)).collect();
            return KeyPicker::ZipfTable(AliasTable::new(weights));
        }
        Zipf::new(count as f64, exponent).map_or(KeyPicker::Uniform { count }, KeyPicker::ZipfLaw)
    }

    /// The key of the stream's event number `place` (which only round-robin and records ask for).
    pub(super) fn pick(&self, random: &mut impl Rng, place: u64) -> Option<u64> {
        Some(match self {
            KeyPicker::None => return None,
            KeyPicker::Recorded(records) => return records.key(place),
            KeyPicker::Uniform { count } => random.random_range(0..*count),
            KeyPicker::RoundRobin { count } => place % count,
            KeyPicker::HotSet { hot, count, hot_share } => {
                let is_hot = random.random::<f64>() < *hot_share || hot == count;
                if is_hot { random.random_range(0..*hot) } else { random.random_range(*hot..*count) }
            }
            KeyPicker::ZipfTable(table) => table.pick(random),
            KeyPicker::ZipfLaw(law) => law.sample(random) as u64 - 1,
        })
    }
}

/// Draws from a discrete law in one step: Vose's alias method (IEEE Trans. Softw. Eng. 17(9), 1991), with 32-bit probabilities.
#[derive(Debug, Clone)]
pub(super) struct AliasTable {
    entries: Vec<AliasEntry>,
}

#[derive(Debug, Clone, Copy)]
struct AliasEntry {
    /// Below this the entry itself is drawn, otherwise its alias.
    keep_below: u32,
    alias: u32,
}

impl AliasTable {
    fn new(weights: Vec<f64>) -> Self {
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let mut scaled: Vec<f64> = weights.into_iter().map(|weight| weight / mean).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..scaled.len() as u32).partition(|&entry| scaled[entry as usize] < 1.0);
        let mut entries: Vec<AliasEntry> =
            (0..scaled.len() as u32).map(|alias| AliasEntry { keep_below: u32::MAX, alias }).collect();
        while let (Some(&poor), Some(&rich)) = (small.last(), large.last()) {
            small.pop();
            let keep = scaled[poor as usize];
            entries[poor as usize] = AliasEntry { keep_below: (keep * 4_294_967_296.0) as u32, alias: rich };
            scaled[rich as usize] -= 1.0 - keep;
            if scaled[rich as usize] < 1.0 {
                large.pop();
                small.push(rich);
            }
        }
        AliasTable { entries }
    }

    fn pick(&self, random: &mut impl Rng) -> u64 {
        let bits = random.next_u64();
        let entry = (((bits >> 32) * self.entries.len() as u64) >> 32) as usize;
        let AliasEntry { keep_below, alias } = self.entries[entry];
        if (bits as u32) < keep_below { entry as u64 } else { u64::from(alias) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;
    use crate::load::fingerprint::fingerprint;
    use crate::load::partition::partition_of;
    use crate::load::{Shard, StreamSchedule};
    use crate::payload::schema::{KeyRecord, SchemaKey, SchemaKind, SchemaText};
    use crate::payload::template::Escape;
    use crate::payload::{KeyForm, KeyText};
    use crate::profile::{Span, Stream};

    fn shares(keys: &Keys, draws: u64) -> Vec<f64> {
        let picker = KeyPicker::new(keys);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
        let mut seen = vec![0_u64; keys.count as usize];
        for place in 0..draws {
            seen[picker.pick(&mut random, place).unwrap() as usize] += 1;
        }
        seen.into_iter().map(|n| n as f64 / draws as f64).collect()
    }

    #[test]
    fn zipf_ranks_fall_with_the_exponent() {
        let keys = Keys { distribution: KeyDistribution::Zipf, count: 1000, exponent: Some(1.1), ..Keys::default() };
        let shares = shares(&keys, 2_000_000);
        let norm: f64 = (1..=1000).map(|rank| 1.0 / f64::from(rank).powf(1.1)).sum();
        for rank in [1_usize, 2, 10, 100] {
            let expected = 1.0 / (rank as f64).powf(1.1) / norm;
            assert!(
                (shares[rank - 1] / expected - 1.0).abs() < 0.05,
                "rank {rank}: {} against {expected}",
                shares[rank - 1]
            );
        }
    }

    #[test]
    fn a_hot_set_takes_its_share() {
        let keys = Keys {
            distribution: KeyDistribution::HotSet,
            count: 100,
            hot: Some(5),
            hot_share: Some(0.8),
            ..Keys::default()
        };
        let hot: f64 = shares(&keys, 500_000)[..5].iter().sum();
        assert!((hot - 0.8).abs() < 0.01, "{hot}");
    }

    #[test]
    fn round_robin_takes_every_key_in_turn() {
        let keys = Keys { distribution: KeyDistribution::RoundRobin, count: 7, ..Keys::default() };
        assert!(shares(&keys, 700).iter().all(|share| (share - 1.0 / 7.0).abs() < 1e-12));
    }

    /// 5,000 events whose keys are JSON.
    fn schedule_of_texts(seed: u64) -> Arc<StreamSchedule> {
        let fields =
            toml::from_str("region = { kind = \"choice\", values = [\"north\", \"south\"], by = \"key\" }").unwrap();
        let text =
            KeyText::new("{\"customer\":\"{{key}}\",\"region\":\"{{region}}\"}\n", Escape::Json, &fields).unwrap();
        let mut stream: Stream = toml::from_str("name = \"s\"\nrate = \"5k/s\"\nkeys = { count = 200 }").unwrap();
        stream.keys.read = Some(KeyForm::Text(Arc::new(text)));
        Arc::new(StreamSchedule::new(&stream, 0, seed, Span::from_secs(1), 7))
    }

    /// 5,000 events whose keys are Avro.
    fn schedule_of_records() -> Arc<StreamSchedule> {
        let avro = r#"{"type":"record","name":"K","fields":[{"name":"customer","type":"string"},{"name":"tier","type":"int"}]}"#;
        let schema = SchemaText::alone(SchemaKind::Avro, avro);
        let record = KeyRecord::new(&schema, None, "/customer", &BTreeMap::new()).unwrap().framed(SchemaKey::Id(7));
        let mut stream: Stream = toml::from_str("name = \"s\"\nrate = \"5k/s\"\nkeys = { count = 200 }").unwrap();
        stream.keys.read = Some(KeyForm::Record(Box::new(record)));
        Arc::new(StreamSchedule::new(&stream, 0, 1, Span::from_secs(1), 7))
    }

    #[test]
    fn a_key_of_a_schema_has_the_partition_of_its_bytes() {
        let schedule = schedule_of_records();
        let (mut of_key, mut form) = (BTreeMap::new(), schedule.key_form());
        for send in (0..schedule.producers()).flat_map(|producer| schedule.sends(producer, 0)) {
            let mut bytes = Vec::new();
            schedule.write_key(send.key.unwrap(), &mut form, &mut bytes);
            assert_eq!(send.partition, partition_of(&bytes, 7));
            assert_eq!(of_key.entry(send.key).or_insert(bytes.clone()), &bytes);
        }
        assert_eq!(of_key.len(), 200);
        assert!(of_key[&Some(17)].starts_with(b"\0\0\0\0\x07\x06k17"));
    }

    #[test]
    fn a_key_of_text_has_the_partition_of_its_bytes() {
        let schedule = schedule_of_texts(1);
        let mut of_key = BTreeMap::new();
        for send in (0..schedule.producers()).flat_map(|producer| schedule.sends(producer, 0)) {
            let mut bytes = Vec::new();
            schedule.write_key(send.key.unwrap(), &mut schedule.key_form(), &mut bytes);
            assert_eq!(send.partition, partition_of(&bytes, 7));
            assert_eq!(of_key.entry(send.key).or_insert(bytes.clone()), &bytes);
        }
        let regions =
            |region: &str| of_key.values().filter(|bytes| String::from_utf8_lossy(bytes).contains(region)).count();
        assert_eq!(of_key.len(), 200);
        assert!(regions("north") > 50 && regions("south") > 50);
        assert_eq!(of_key[&Some(17)][..17], *b"{\"customer\":\"k17\"");
        let print = |schedule| fingerprint(&[schedule], Shard::WHOLE);
        assert_ne!(print(schedule_of_texts(1)), print(schedule_of_texts(2)));
    }
}
