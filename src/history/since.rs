//! From which night on a figure is compared, after a change of it was accepted.

use super::Accepted;

/// The newest accepted change of a figure that a night knows of: its `since` is the first night of the new usual.
#[must_use]
pub fn accepted_since<'a>(accepted: &'a [Accepted], profile: &str, figure: &str, night: &str) -> Option<&'a Accepted> {
    let known = accepted.iter().filter(|of| of.since.as_str() <= night && of.covers(profile, figure));
    known.max_by_key(|of| (&of.since, &of.accepted))
}

impl Accepted {
    /// Whether it is about a figure of a profile.
    #[must_use]
    pub fn covers(&self, profile: &str, figure: &str) -> bool {
        let is = |of: &Option<String>, name: &str| of.as_ref().is_none_or(|of| of == name);
        is(&self.profile, profile) && is(&self.figure, figure)
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::accepted;
    use super::*;

    #[test]
    fn the_newest_stretch_that_covers_the_figure_begins_it() {
        let of = |since: &str, profile: Option<&str>, figure: Option<&str>| Accepted {
            profile: profile.map(str::to_owned),
            figure: figure.map(str::to_owned),
            ..accepted(since)
        };
        let all = [
            of("2026-11-20", None, None),
            of("2026-11-10", Some("average"), None),
            of("2026-11-22", Some("average"), Some("ack_p99")),
            of("2026-11-30", None, None),
        ];
        let since = |profile, figure, night| accepted_since(&all, profile, figure, night).map(|of| of.since.as_str());
        assert_eq!(since("average", "ack_p99", "2026-11-25"), Some("2026-11-22"));
        assert_eq!(since("average", "ack_p50", "2026-11-25"), Some("2026-11-20"));
        assert_eq!(since("peak", "ack_p99", "2026-11-25"), Some("2026-11-20"));
        assert_eq!(since("average", "ack_p50", "2026-11-19"), Some("2026-11-10"));
        assert_eq!(since("peak", "ack_p99", "2026-11-19"), None);
        assert_eq!(since("peak", "ack_p99", "2026-11-30"), Some("2026-11-30"));
    }
}
