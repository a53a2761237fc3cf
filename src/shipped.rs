//! What floodmark carries inside itself, so that every command can be tried from any folder: profiles, a captured curve, and an export that
//! a curve is made of. A file of the same name always wins.

use std::path::Path;

use crate::nearest::nearest;

/// A text inside the program, and the name that it goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shipped {
    /// What a user writes to get it.
    pub(crate) name: &'static str,
    /// The whole text.
    pub(crate) text: &'static str,
}

/// The profiles, in the order in which they are worth trying.
pub(crate) const PROFILES: [Shipped; 6] = [
    Shipped { name: "average", text: include_str!("../profiles/average.toml") },
    Shipped { name: "peak3x", text: include_str!("../profiles/peak3x.toml") },
    Shipped { name: "bot-flood", text: include_str!("../profiles/bot-flood.toml") },
    Shipped { name: "skewed-clocks", text: include_str!("../profiles/skewed-clocks.toml") },
    Shipped { name: "out-of-order-retries", text: include_str!("../profiles/out-of-order-retries.toml") },
    Shipped { name: "captured-day", text: include_str!("../profiles/captured-day.toml") },
];

/// The files that they and the examples name.
pub(crate) const FILES: [Shipped; 2] = [
    Shipped { name: "captured-day.csv", text: include_str!("../profiles/captured-day.csv") },
    Shipped { name: "captured-day-export.csv", text: include_str!("../profiles/captured-day-export.csv") },
];

/// How the profiles inside are listed.
pub(crate) const LIST: &str = "floodmark new --list";

/// The profile inside the program that a path means: a bare name that is no file's.
#[must_use]
pub(crate) fn profile(path: &Path) -> Option<&'static Shipped> {
    let is_meant = |shipped: &&Shipped| path == Path::new(shipped.name) && (!path.exists() || path.is_dir());
    PROFILES.iter().find(is_meant)
}

/// The file inside the program that `name` means where `path` is no file.
#[must_use]
pub(crate) fn file(name: &Path, path: &Path) -> Option<&'static Shipped> {
    FILES.iter().find(|shipped| name == Path::new(shipped.name) && !path.exists())
}

/// What to do about a profile that is neither a file nor inside the program.
#[must_use]
pub(crate) fn way_out(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let names = || PROFILES.iter().map(|shipped| shipped.name);
    if names().any(|name| name == stem) {
        return format!("the profile inside floodmark is named without folder and ending: `{stem}`");
    }
    match nearest(&stem, names()) {
        Some(name) => format!("did you mean `{name}`, one of those inside floodmark? `{LIST}` shows them all"),
        None => format!("name a TOML file, or a profile inside floodmark: {}", names().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_name_means_a_profile_inside() {
        assert_eq!(profile(Path::new("average")).map(|shipped| shipped.name), Some("average"));
        for path in ["average.toml", "./average", "profiles/average", "Average", "", "src"] {
            assert_eq!(profile(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn a_file_of_that_name_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("captured-day.csv");
        let name = Path::new("captured-day.csv");
        assert!(file(name, &path).is_some());
        std::fs::write(&path, "").unwrap();
        assert!(file(name, &path).is_none());
    }

    #[test]
    fn what_was_meant_is_said() {
        assert!(way_out(Path::new("averag")).contains("did you mean `average`"));
        assert!(way_out(Path::new("profiles/peak3x.toml")).contains("without folder and ending: `peak3x`"));
        assert!(way_out(Path::new("orders.toml")).contains("average, peak3x, bot-flood"));
    }
}
