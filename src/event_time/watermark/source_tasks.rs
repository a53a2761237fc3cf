//! How Flink's watermarks get from the partitions to the windows: a generator for each split,
//! joined in the source's tasks, and the valve that joins the tasks.
//!
//! As in Flink 2.2: `WatermarksWithIdleness`, `WatermarkOutputMultiplexer`, `ProgressiveTimestampsAndWatermarks.IdlenessManager`,
//! `WatermarkToDataOutput` and `StatusWatermarkValve`. Partition p is read by task p mod n, as `KafkaSourceEnumerator.getSplitOwner`
//! assigns them (except for where it begins). Times are horizons: the watermark plus 1.

use super::rule::{NO_HORIZON, Rule};

/// Whether something is idle, as Flink's `IdlenessTimer` finds it: only ticks check, silence is timed from the first tick without events
/// (from the start of the job, if none ever came), and has to be strictly longer than the timeout.
#[derive(Debug, Clone, Copy, Default)]
struct IdlenessTimer {
    was_active: bool,
    silent_since_ms: Option<i64>,
}

impl IdlenessTimer {
    fn is_idle(&mut self, now_ms: Option<i64>, idleness_ms: Option<i64>) -> bool {
        if std::mem::take(&mut self.was_active) {
            self.silent_since_ms = None;
            return false;
        }
        let Some((now_ms, idleness_ms)) = now_ms.zip(idleness_ms) else { return false };
        let since_ms = *self.silent_since_ms.get_or_insert(now_ms);
        now_ms.saturating_sub(since_ms) > idleness_ms
    }
}

/// A partition, as its watermark generator sees it.
#[derive(Debug, Clone, Copy)]
struct Split {
    task: usize,
    maximum: Option<i64>,
    sent: i64,
    /// Its watermarks are given; then only they count.
    is_given: bool,
    is_idle: bool,
    /// A file said so.
    is_marked_idle: bool,
    timer: IdlenessTimer,
}

/// A task of the source: the minimum over its splits that are not idle, the maximum over all when all are.
#[derive(Debug, Clone, Copy)]
struct Task {
    sent: i64,
    /// For the output of all splits together. It is not idle from its first watermark on, and idle again when all splits are.
    splits_are_idle: bool,
    /// For the output of records without a split: there are none, but it has a timer of its own, from the job's start.
    main_is_idle: bool,
    main_timer: IdlenessTimer,
    /// What the task last reported to the windows.
    says_idle: bool,
}

/// What the windows know of a task.
#[derive(Debug, Clone, Copy)]
struct Channel {
    horizon: i64,
    is_idle: bool,
    /// Whether it counts in the minimum: not while it is idle, nor when it comes back, until it has caught up.
    is_aligned: bool,
}

/// The whole path, for one model.
#[derive(Debug, Clone)]
pub(super) struct SourceTasks {
    rule: Rule,
    splits: Vec<Split>,
    tasks: Vec<Task>,
    channels: Vec<Channel>,
    horizon: i64,
}

impl SourceTasks {
    /// A job that starts. `partitions` are the numbers of the partitions.
    pub(super) fn new(rule: &Rule, partitions: &[u32], tasks: u32) -> Self {
        let tasks = tasks.max(1);
        let split = |partition: &u32| Split {
            task: (partition % tasks) as usize,
            maximum: None,
            sent: NO_HORIZON,
            is_given: false,
            is_idle: false,
            is_marked_idle: false,
            timer: IdlenessTimer::default(),
        };
        let task = Task {
            sent: NO_HORIZON,
            splits_are_idle: true,
            main_is_idle: true,
            main_timer: IdlenessTimer::default(),
            says_idle: false,
        };
        SourceTasks {
            rule: *rule,
            splits: partitions.iter().map(split).collect(),
            tasks: vec![task; tasks as usize],
            channels: vec![Channel { horizon: NO_HORIZON, is_idle: false, is_aligned: true }; tasks as usize],
            horizon: NO_HORIZON,
        }
    }

    /// The horizon that closes windows now.
    #[inline]
    pub(super) fn horizon(&self) -> i64 {
        self.horizon
    }

    /// Gives the windows a watermark of their own.
    pub(super) fn give(&mut self, horizon: i64) {
        self.horizon = self.horizon.max(horizon);
    }

    /// A split has read an event, which has been judged.
    pub(super) fn event(&mut self, split: usize, event_time_ms: i64) {
        let of = &mut self.splits[split];
        of.maximum = of.maximum.max(Some(event_time_ms));
        of.timer.was_active = true;
        of.is_marked_idle = false;
    }

    /// The split's watermark follows at once, where it follows every event.
    pub(super) fn send(&mut self, split: usize) {
        let of = &self.splits[split];
        if !of.is_given {
            self.send_now(split, self.rule.horizon(of.maximum));
        }
    }

    /// A split's watermark is given.
    pub(super) fn give_split(&mut self, split: usize, horizon: i64) {
        self.splits[split].is_given = true;
        self.send_now(split, horizon);
    }

    fn send_now(&mut self, split: usize, horizon: i64) {
        let of = &mut self.splits[split];
        of.is_idle = false;
        let task = of.task;
        let is_later = horizon > of.sent;
        of.sent = of.sent.max(horizon);
        if is_later && horizon > self.tasks[task].sent {
            self.join_splits(task);
        }
    }

    /// A split is marked idle, until its next event.
    pub(super) fn idle(&mut self, split: usize) {
        let of = &mut self.splits[split];
        (of.is_marked_idle, of.is_idle) = (true, true);
        let task = of.task;
        self.join_splits(task);
    }

    /// The periodic emission, in one task after the other, at this moment of the engine's clock.
    pub(super) fn tick(&mut self, now_ms: Option<i64>) {
        for task in 0..self.tasks.len() {
            self.tick_task(task, now_ms);
        }
    }

    fn tick_task(&mut self, task: usize, now_ms: Option<i64>) {
        let rule = self.rule;
        let idleness_ms = rule.spec().idleness_ms;
        for split in self.splits.iter_mut().filter(|split| split.task == task) {
            split.is_idle = split.timer.is_idle(now_ms, idleness_ms) || split.is_marked_idle;
            if !split.is_idle && !split.is_given {
                split.sent = split.sent.max(rule.horizon(split.maximum));
            }
        }
        self.join_splits(task);
        let of = &mut self.tasks[task];
        let was_idle = of.main_is_idle;
        // Without idleness only a file's marks make a split idle: they must make the task idle, too.
        of.main_is_idle = idleness_ms.is_none() || of.main_timer.is_idle(now_ms, idleness_ms);
        if of.main_is_idle && !was_idle && of.splits_are_idle {
            self.say_idle(task);
        }
    }

    /// `WatermarkOutputMultiplexer.updateCombinedWatermark`.
    fn join_splits(&mut self, task: usize) {
        let splits = || self.splits.iter().filter(|split| split.task == task);
        let active = splits().filter(|split| !split.is_idle).map(|split| split.sent).min();
        let Some(joined) = active.or_else(|| splits().map(|split| split.sent).max()) else { return };
        if joined > self.tasks[task].sent {
            self.tasks[task].sent = joined;
            self.tasks[task].splits_are_idle = false;
            self.say_horizon(task, joined);
        }
        if active.is_none() {
            self.tasks[task].splits_are_idle = true;
            if self.tasks[task].main_is_idle {
                self.say_idle(task);
            }
        }
    }

    /// `StatusWatermarkValve.inputWatermark`, and before it the end of idleness: a task reports that with its next watermark, not before.
    fn say_horizon(&mut self, task: usize, horizon: i64) {
        if std::mem::take(&mut self.tasks[task].says_idle) {
            let channel = &mut self.channels[task];
            channel.is_idle = false;
            channel.is_aligned = channel.horizon >= self.horizon;
        }
        let channel = &mut self.channels[task];
        channel.horizon = channel.horizon.max(horizon);
        channel.is_aligned |= channel.horizon >= self.horizon;
        self.take_least_aligned();
    }

    /// `StatusWatermarkValve.inputWatermarkStatus`.
    fn say_idle(&mut self, task: usize) {
        if std::mem::replace(&mut self.tasks[task].says_idle, true) {
            return;
        }
        let channel = &mut self.channels[task];
        (channel.is_idle, channel.is_aligned) = (true, false);
        let held = channel.horizon == self.horizon;
        let all_idle = self.channels.iter().all(|channel| channel.is_idle);
        if all_idle && held {
            let most = self.channels.iter().map(|channel| channel.horizon).max();
            self.give(most.unwrap_or(NO_HORIZON));
        } else if held {
            self.take_least_aligned();
        }
    }

    fn take_least_aligned(&mut self) {
        let aligned = self.channels.iter().filter(|channel| channel.is_aligned).map(|channel| channel.horizon);
        if let Some(least) = aligned.min() {
            self.give(least);
        }
    }
}
