//! From a page of many runs to the pages of each.

use std::fmt::Write;
use std::path::{Component, Path, PathBuf};

use crate::results::names::REPORT;

/// The page of a run, as a relative address; none for a folder that is not below the one where the runs are. `folder` is the way to that.
pub(in crate::report) fn page_of(folder: &Path, run: &str) -> Option<String> {
    let is_below = Path::new(run).components().all(|part| matches!(part, Component::Normal(_)));
    (is_below && !run.is_empty()).then(|| address(&folder.join(run).join(REPORT)))
}

/// A path as an address that a browser takes for nothing else: `./` stands first, and all but plain characters are written as bytes.
fn address(path: &Path) -> String {
    let start = if path.is_absolute() { "" } else { "./" };
    let mut address = start.to_owned();
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            // A String takes everything.
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

/// The way from one folder to another; both are absolute.
#[must_use]
pub(crate) fn way_between(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_relative_and_cannot_be_anything_else() {
        let page = |trial| page_of(Path::new(""), trial);
        assert_eq!(page("trials/07-1").as_deref(), Some("./trials/07-1/report.html"));
        assert_eq!(page("javascript:alert(1)").as_deref(), Some("./javascript%3Aalert%281%29/report.html"));
        assert_eq!(page("a\"><b>#?").as_deref(), Some("./a%22%3E%3Cb%3E%23%3F/report.html"));
        assert!(["", "/etc", "../other", "trials/../../x"].map(page).iter().all(Option::is_none));
    }

    #[test]
    fn a_page_elsewhere_finds_the_trials() {
        let way = |from, to| way_between(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!([way("/a/b", "/a/b"), way("/a/b", "/a/c/d"), way("/", "/a")], ["", "../c/d", "a"]);
        assert_eq!(page_of(Path::new("../c"), "trials/1").as_deref(), Some("./../c/trials/1/report.html"));
    }
}
