//! Which nights can be compared: those with the same load, target, versions and class of machine.

use xxhash_rust::xxh3::Xxh3;

use super::Surroundings;

/// The fingerprint of what surrounds a night: 16 hexadecimal digits.
#[must_use]
pub fn fingerprint(surroundings: &Surroundings) -> String {
    let Surroundings { load, target, floodmark, librdkafka, machine } = surroundings;
    let mut hash = Xxh3::new();
    for part in [load, target, floodmark, librdkafka, machine] {
        // With its length before it, no part can be taken for the end of the one before.
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    format!("{:016x}", hash.digest())
}

/// What changed, in words: `librdkafka is 2.12.0, and was 2.11.1`. Empty when nothing did.
#[must_use]
pub fn changed(before: &Surroundings, after: &Surroundings) -> Vec<String> {
    let Surroundings { load, target, floodmark, librdkafka, machine } = after;
    let mut said = Vec::new();
    if *load != before.load {
        said.push("the profile's load, or how it is observed, has changed".to_owned());
    }
    let named = [
        ("the target", target, &before.target),
        ("floodmark", floodmark, &before.floodmark),
        ("librdkafka", librdkafka, &before.librdkafka),
        ("the machine", machine, &before.machine),
    ];
    let differ = named.into_iter().filter(|(_, now, was)| now != was);
    said.extend(differ.map(|(name, now, was)| format!("{name} is {now}, and was {was}")));
    said
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::examples::surroundings;
    use super::*;

    #[test]
    fn what_changed_is_named_with_both_values() {
        let before = surroundings();
        let mut after = before.clone();
        after.librdkafka = "2.13.0".to_owned();
        after.load = "another".to_owned();
        assert_eq!(
            changed(&before, &after),
            ["the profile's load, or how it is observed, has changed", "librdkafka is 2.13.0, and was 2.12.0"]
        );
    }

    #[test]
    fn a_fingerprint_stays_what_it_was() {
        // Another one would begin every baseline anew.
        assert_eq!(fingerprint(&surroundings()), "c8cc91aada174f56");
    }

    fn any_surroundings() -> impl Strategy<Value = Surroundings> {
        let part = || "[ab]{0,2}";
        (part(), part(), part(), part(), part()).prop_map(|(load, target, floodmark, librdkafka, machine)| {
            Surroundings { load, target, floodmark, librdkafka, machine }
        })
    }

    proptest! {
        #[test]
        fn fingerprints_are_equal_when_nothing_changed_and_only_then(one in any_surroundings(), other in any_surroundings()) {
            prop_assert_eq!(fingerprint(&one) == fingerprint(&other), one == other);
            prop_assert_eq!(changed(&one, &other).is_empty(), one == other);
        }
    }
}
