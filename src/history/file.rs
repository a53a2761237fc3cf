//! Where lines stand: a folder for each suite, and in it a file for each profile, fingerprint and machine, so that no two machines write to
//! the same one.

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::Line;

/// How much of a fingerprint is in a file's name. The lines have all of it.
const FINGERPRINT_LETTERS: usize = 8;
/// A longer name is cut, so that profile and machine fit into the name of one file.
const LONGEST_PART: usize = 80;

/// The folder of a suite's history.
#[must_use]
pub(super) fn folder_of(results: &Path, suite: &str) -> PathBuf {
    results.join("history").join(file_part(suite))
}

/// The file that a line belongs in.
#[must_use]
pub(super) fn file_of(results: &Path, line: &Line) -> PathBuf {
    folder_of(results, line.suite()).join(file_name(line))
}

/// The file beside it that keeps what was half written.
#[must_use]
pub(super) fn broken_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".broken");
    PathBuf::from(name)
}

fn file_name(line: &Line) -> String {
    match line {
        Line::Night(night) => {
            let fingerprint: String = night.fingerprint.chars().take(FINGERPRINT_LETTERS).collect();
            format!("{}-{}-{}.jsonl", file_part(&night.profile), file_part(&fingerprint), file_part(&night.host))
        }
        Line::Accepted(accepted) => format!("accepted-{}.jsonl", file_part(&accepted.host)),
    }
}

/// A name as a part of a file's name. One that cannot stand there as it is gets a hash, so that no two names become one.
fn file_part(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let is_hidden = name.is_empty() || name.starts_with('.');
    if !is_hidden && name.len() <= LONGEST_PART && name.chars().all(is_plain) {
        return name.to_owned();
    }
    let plain = name.chars().take(LONGEST_PART).map(|letter| if is_plain(letter) { letter } else { '_' });
    let plain: String = plain.skip_while(|letter| *letter == '.').collect();
    // A plain name has no `~`.
    format!("{plain}~{:08x}", xxh3_64(name.as_bytes()) >> 32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::examples::{accepted, night};
    use super::*;

    #[test]
    fn each_profile_fingerprint_and_machine_has_a_file() {
        let of = |line| file_of(Path::new("results"), &line).display().to_string();
        let mut line = night("2026-11-25", "average", "night-1");
        line.fingerprint = "0123456789abcdef".to_owned();
        assert_eq!(of(Line::Night(line)), "results/history/staging/average-01234567-night-1.jsonl");
        assert_eq!(of(Line::Accepted(accepted("2026-11-25"))), "results/history/staging/accepted-night-1.jsonl");
    }

    proptest! {
        #[test]
        fn any_name_is_one_part_of_a_path_and_no_two_share_it(any in "\\PC{0,100}", one in "[a-z./ ~]{0,6}", other in "[a-z./ ~]{0,6}") {
            for part in [&any, &one, &other].map(|name| file_part(name)) {
                prop_assert!(!part.is_empty() && !part.starts_with('.') && part.len() <= LONGEST_PART + 9, "{}", part);
                prop_assert!(part.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.~".contains(letter)), "{}", part);
            }
            prop_assert_eq!(file_part(&one) == file_part(&other), one == other);
        }
    }
}
