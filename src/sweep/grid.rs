//! All combinations of the values of several keys.

use std::slice;

use super::record::Key;
use super::{PlanError, Role, Varied};

/// What is swept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// What is varied.
    pub(crate) keys: Vec<Key>,
    /// The combinations: a value for each key.
    pub(crate) combinations: Vec<Vec<String>>,
}

impl Plan {
    /// The grid of all values of all keys, or the combinations of a list. `role` says who uses a key, and under which name.
    ///
    /// # Errors
    /// Nothing varied, a key that stands twice, or one that nobody uses.
    pub(crate) fn of(
        varied: Vec<Varied>,
        listed: Option<Vec<Vec<String>>>,
        role: impl Fn(&str) -> Result<(Role, String), PlanError>,
    ) -> Result<Self, PlanError> {
        if varied.is_empty() {
            return Err(PlanError::Nothing);
        }
        let combinations = listed.unwrap_or_else(|| grid(&varied));
        let mut names: Vec<(String, String)> = Vec::new();
        let mut keys = Vec::new();
        for Varied { key, values } in varied {
            let (role, own) = role(&key)?;
            if let Some((_, other)) = names.iter().find(|(name, _)| *name == own) {
                return Err(PlanError::KeyTwice { key, other: other.clone() });
            }
            names.push((own, key.clone()));
            keys.push(Key { name: key, role, values });
        }
        Ok(Plan { keys, combinations })
    }

    /// The settings of a combination for one of those who use them.
    pub(crate) fn settings_for(&self, role: Role, combination: &[String]) -> Vec<String> {
        let own = self.keys.iter().zip(combination).filter(|(key, _)| key.role == role);
        own.map(|(key, value)| format!("{}={value}", key.name)).collect()
    }
}

/// Every combination once; the last key changes fastest.
fn grid(varied: &[Varied]) -> Vec<Vec<String>> {
    varied.iter().fold(vec![Vec::new()], |combinations, of| {
        let with = |combination: &Vec<String>, value: &String| [&combination[..], slice::from_ref(value)].concat();
        combinations
            .iter()
            .flat_map(|combination| of.values.iter().map(move |value| with(combination, value)))
            .collect()
    })
}

/// A combination in words: `linger.ms=5 acks=all`.
#[must_use]
pub(crate) fn named(keys: &[Key], combination: &[String]) -> String {
    let pairs = keys.iter().zip(combination).map(|(key, value)| format!("{}={value}", key.name));
    pairs.collect::<Vec<_>>().join(" ")
}

/// Refuses two combinations that come to the same load, settings and words for the command.
///
/// # Errors
/// The first two.
pub(crate) fn refuse_twins<T: PartialEq>(plan: &Plan, resolved: &[T]) -> Result<(), PlanError> {
    for (at, one) in resolved.iter().enumerate() {
        if let Some(before) = resolved[..at].iter().position(|other| other == one) {
            let of = |at: usize| named(&plan.keys, &plan.combinations[at]);
            return Err(PlanError::Twins { one: of(before), other: of(at) });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn varied(sizes: &[usize]) -> Vec<Varied> {
        let of = |(at, size): (usize, &usize)| Varied {
            key: format!("key{at}"),
            values: (0..*size).map(|value| value.to_string()).collect(),
        };
        sizes.iter().enumerate().map(of).collect()
    }

    proptest! {
        #[test]
        fn a_grid_is_the_product_of_its_values_each_once(sizes in prop::collection::vec(1_usize..5, 1..5)) {
            let plan = Plan::of(varied(&sizes), None, |key| Ok((Role::Client, key.to_owned()))).unwrap();
            prop_assert_eq!(plan.combinations.len(), sizes.iter().product::<usize>());
            for (at, combination) in plan.combinations.iter().enumerate() {
                prop_assert!(!plan.combinations[..at].contains(combination));
                prop_assert!(combination.iter().zip(&plan.keys).all(|(value, key)| key.values.contains(value)));
            }
        }
    }

    #[test]
    fn a_key_stands_once_whatever_its_name() {
        let role = |key: &str| Ok((Role::Client, key.replace("codec", "type")));
        let twice = |keys: [&str; 2]| {
            let varied = keys.map(|key| Varied { key: key.to_owned(), values: vec!["a".to_owned(), "b".to_owned()] });
            Plan::of(varied.to_vec(), None, role).unwrap_err().to_string()
        };
        assert_eq!(twice(["acks", "acks"]), "acks is varied twice; give all its values in one place");
        assert_eq!(
            twice(["compression.type", "compression.codec"]),
            "compression.codec is varied twice, once as compression.type; give all its values in one place"
        );
        assert!(Plan::of(Vec::new(), None, role).unwrap_err().to_string().starts_with("nothing is varied"));
    }

    #[test]
    fn combinations_that_come_to_the_same_are_refused() {
        let plan = Plan::of(varied(&[3]), None, |key| Ok((Role::Client, key.to_owned()))).unwrap();
        assert!(refuse_twins(&plan, &[1, 2, 3]).is_ok());
        let said = refuse_twins(&plan, &[1, 2, 1]).unwrap_err().to_string();
        assert_eq!(said, "the combinations key0=0 and key0=2 come to the same: leave one out");
    }
}
