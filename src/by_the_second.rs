//! What threads measure, handed over second by second.

/// One thread's figures of one stream for one second.
#[derive(Debug, Clone)]
pub struct Figures<T> {
    /// The stream's position in the profile.
    pub stream: usize,
    /// The second, counted from the start of the run.
    pub second: u64,
    /// What was measured.
    pub figures: T,
}

/// Collects a thread's figures and returns them when their second has ended.
#[derive(Debug)]
pub(crate) struct ByTheSecond<T> {
    second: u64,
    pub(crate) current: T,
}

impl<T: Default> ByTheSecond<T> {
    pub(crate) fn new() -> Self {
        ByTheSecond { second: 0, current: T::default() }
    }

    /// The figures of the second that has ended by `now_ns` after the start of the run, if one has.
    pub(crate) fn over(&mut self, now_ns: u64) -> Option<(u64, T)> {
        let second = now_ns / 1_000_000_000;
        (second > self.second).then(|| {
            let over = std::mem::replace(&mut self.second, second);
            (over, std::mem::take(&mut self.current))
        })
    }

    /// The figures of the current second.
    pub(crate) fn last(self) -> (u64, T) {
        (self.second, self.current)
    }
}
