//! Reads assigned partitions. The thread that wants records drives the connections itself: nothing is handed over between threads.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::super::cluster::{Cluster, Linked as _};
use super::super::wake::Wake;
use super::super::wire::WireError;
use super::answer::{Part, parts};
use super::hand_over::{Taken, hand_over};
use super::lane::{Lane, lanes_of};
use super::link::FetchLink;
use super::options::ReadOptions;
use super::session::Wanted;
use crate::clock::Clock;
use crate::kafka::{Backlog, SourceEvent};

const NS_PER_MS: u64 = 1_000_000;
/// A broker that has not answered for so long may have been replaced as a leader.
const SLOW_NS: u64 = 2_000_000_000;

/// Reads record batches from the brokers that lead them.
pub(crate) struct Reader {
    options: Arc<ReadOptions>,
    wake: Arc<Wake>,
    cluster: Cluster<FetchLink>,
    lanes: BTreeMap<i32, Lane>,
    /// How often the topic was recreated: offsets of the old one mean nothing in the new one.
    incarnation: u64,
    backlog: Backlog,
    start: Instant,
}

/// An answer that has not been looked through.
struct Answer {
    parts: Vec<Part>,
    /// Since when its first bytes are here.
    begun_ns: u64,
}

impl Reader {
    pub(super) fn new(
        options: Arc<ReadOptions>,
        wake: Arc<Wake>,
        cluster: Cluster<FetchLink>,
        from: &[(i32, i64)],
    ) -> Self {
        let (lanes, backlog) = (lanes_of(from), Backlog::default());
        Reader { options, wake, cluster, lanes, incarnation: 0, backlog, start: Instant::now() }
    }

    /// Reads these partitions as well: the topic has gained them since.
    pub(crate) fn add(&mut self, from: &[(i32, i64)]) {
        self.lanes.extend(lanes_of(from));
        self.cluster.doubt_leaders();
    }

    /// Reads a topic that was recreated.
    pub(crate) fn begin_anew(&mut self, from: &[(i32, i64)]) {
        self.lanes = lanes_of(from);
        self.incarnation += 1;
        self.cluster.doubt_leaders();
    }

    /// Waits up to `timeout` for an answer, and hands everything in those that have come to `seen`. Returns how many events that were.
    pub(crate) fn poll(&mut self, timeout: Duration, clock: &Clock, mut seen: impl FnMut(SourceEvent<'_>)) -> usize {
        let now_ns = self.now_ns();
        let wanted = self.lanes.keys().filter_map(|partition| usize::try_from(*partition).ok());
        self.cluster.keep_up(wanted, now_ns);
        self.ask_idle(now_ns);
        let was_there = self.wait(Duration::ZERO);
        if !was_there {
            let until_next = self.until_next(timeout, now_ns);
            self.wait(until_next);
        }
        let has_backlog = was_there || self.is_behind(self.now_ns());
        let answers = self.read();
        // All of them are here now, and none has been looked through.
        let (now_ns, consumed_ns) = (self.now_ns(), clock.now_ns());
        if answers.is_empty() && !has_backlog {
            self.backlog.is_empty_at(consumed_ns);
        }
        let mut events = 0;
        if !answers.is_empty() {
            let behind_ns = self.backlog.behind_ns(consumed_ns, !has_backlog);
            for Answer { parts, begun_ns } in answers {
                // The first bytes of a long answer have waited for its last ones, and those of one answer for the next.
                let behind_ns = behind_ns.max(now_ns.saturating_sub(begun_ns));
                events += hand_over(parts, Taken { consumed_ns, behind_ns }, &mut seen);
            }
        }
        self.give_up_on_the_replaced(now_ns);
        self.give_up_on_the_silent(now_ns);
        if let Some(error) = self.cluster.last_error.take() {
            seen(SourceEvent::Error { reason: error.to_string(), fatal: false });
        }
        events
    }

    /// Whether records may wait in a broker for the reader: the last answers did not bring all of them, or it was asked too often.
    fn is_behind(&mut self, now_ns: u64) -> bool {
        self.lanes.values().any(|lane| lane.is_behind)
            || self.cluster.links().any(|(_, link)| link.muted_until_ns > now_ns)
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Asks every broker that has nothing to do.
    fn ask_idle(&mut self, now_ns: u64) {
        let is_idle = |link: &FetchLink| !link.owes() && link.muted_until_ns <= now_ns;
        let idle: Vec<i32> = self.cluster.links().filter(|(_, link)| is_idle(link)).map(|(id, _)| id).collect();
        for id in idle {
            self.ask(id, now_ns);
        }
    }

    /// Asks a broker for what comes next in the partitions that it leads.
    fn ask(&mut self, id: i32, now_ns: u64) {
        let Reader { lanes, cluster, options, incarnation, .. } = self;
        let is_led = |partition: i32| usize::try_from(partition).is_ok_and(|place| cluster.leader(place) == Some(id));
        let ready = lanes.iter().filter(|(partition, lane)| is_led(**partition) && lane.rests_until_ns <= now_ns);
        let wanted: BTreeMap<i32, Wanted> = ready
            .map(|(partition, Lane { place, .. })| (*partition, Wanted { offset: place.offset, epoch: place.epoch }))
            .collect();
        if wanted.is_empty() {
            return;
        }
        if let Some(Err(error)) = cluster.link(id).map(|link| link.ask(&wanted, options, *incarnation, now_ns)) {
            self.give_up(id, error, now_ns);
        }
    }

    /// How long to wait if something else is to be done before `timeout` is over.
    fn until_next(&mut self, timeout: Duration, now_ns: u64) -> Duration {
        let muted: Vec<u64> = self.cluster.links().map(|(_, link)| link.muted_until_ns).collect();
        let of_lanes = self.lanes.values().map(|lane| lane.rests_until_ns);
        let moments = of_lanes.chain(muted).chain([self.cluster.next_try_ns(now_ns)]);
        let next_ns = moments.filter(|moment_ns| *moment_ns > now_ns).min();
        next_ns.map_or(timeout, |next_ns| timeout.min(Duration::from_nanos(next_ns - now_ns)))
    }

    /// Waits for answers, for room to write, or for what other threads find out. Returns whether there was anything.
    fn wait(&mut self, timeout: Duration) -> bool {
        let timeout = Timespec { tv_sec: timeout.as_secs().cast_signed(), tv_nsec: timeout.subsec_nanos().into() };
        let links: Vec<_> = self.cluster.links().map(|(_, link)| &*link).collect();
        let for_link =
            |link: &&FetchLink| if link.wants_to_write() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let mut sockets: Vec<PollFd<'_>> =
            links.iter().map(|link| PollFd::from_borrowed_fd(link.connection.as_fd(), for_link(link))).collect();
        sockets.push(PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN));
        // Interrupted or not: everything is looked at afterwards.
        let found = poll(&mut sockets, Some(&timeout)).unwrap_or(0);
        self.wake.is_heard();
        found > 0
    }

    /// Reads what has come, and asks for what comes next before any of it is looked through.
    fn read(&mut self) -> Vec<Answer> {
        let ids: Vec<i32> = self.cluster.links().map(|(id, _)| id).collect();
        let mut answers = Vec::new();
        for id in ids {
            let now_ns = self.now_ns();
            match self.read_from(id, now_ns) {
                Ok(answer) => answers.extend(answer),
                Err(error) => self.give_up(id, error, now_ns),
            }
        }
        answers
    }

    /// Gives up a connection. What its broker has not sent does not wait for the reader any more.
    fn give_up(&mut self, id: i32, error: WireError, now_ns: u64) {
        let Some(link) = self.cluster.give_up(id, error, now_ns) else { return };
        for partition in link.session.partitions() {
            self.lanes.entry(partition).and_modify(|lane| lane.is_behind = false);
        }
    }

    fn read_from(&mut self, id: i32, now_ns: u64) -> Result<Option<Answer>, WireError> {
        let Reader { lanes, cluster, options, incarnation, .. } = self;
        let Some(link) = cluster.link(id) else { return Ok(None) };
        link.write()?;
        let Some(fetched) = link.read(now_ns)? else { return Ok(None) };
        // An answer from before the topic was recreated says nothing of any partition.
        let mut none = BTreeMap::new();
        let lanes = if fetched.incarnation == *incarnation { lanes } else { &mut none };
        let asked = |partition| link.session.asked(partition);
        let answered =
            parts(fetched.response, asked, lanes, options, now_ns).map_err(|what| link.connection.malformed(what))?;
        link.muted_until_ns =
            link.muted_until_ns.max(now_ns.saturating_add(answered.throttled_ms.saturating_mul(NS_PER_MS)));
        match answered.session {
            Some(session) => link.session.answered(session),
            None => link.session.lost(),
        }
        if answered.doubts_leaders {
            cluster.doubt_leaders();
        }
        if answered.throttled_ms == 0 {
            self.ask(id, now_ns);
        }
        Ok(Some(Answer { parts: answered.parts, begun_ns: fetched.begun_ns }))
    }

    /// A broker that takes longer than it was allowed to wait for records may have been replaced as a leader.
    fn give_up_on_the_replaced(&mut self, now_ns: u64) {
        let patience_ns = SLOW_NS + u64::from(self.options.wait_ms.unsigned_abs()) * 1_000_000;
        let Some(asked_by_ns) = now_ns.checked_sub(patience_ns) else { return };
        let slow = self.cluster.links().filter(|(_, link)| link.is_slow(asked_by_ns));
        let slow: Vec<(i32, Vec<i32>)> = slow.map(|(id, link)| (id, link.session.partitions().collect())).collect();
        for (id, partitions) in slow {
            self.cluster.doubt_slow(id, now_ns);
            let leader = |partition: i32| self.cluster.leader(usize::try_from(partition).ok()?);
            if partitions.into_iter().filter_map(leader).any(|leader| leader != id) {
                let broker = self.cluster.link(id).map_or_else(String::new, |link| link.connection.broker().to_owned());
                let reason = "it does not answer, and others lead now".to_owned();
                self.give_up(id, WireError::Ended { broker, reason }, now_ns);
            }
        }
    }

    fn give_up_on_the_silent(&mut self, now_ns: u64) {
        let waited_ms = u128::from(self.options.answer_within_ns / 1_000_000);
        let silent = self.cluster.links().filter(|(_, link)| link.is_silent(now_ns));
        let silent: Vec<(i32, String)> = silent.map(|(id, link)| (id, link.connection.broker().to_owned())).collect();
        for (id, broker) in silent {
            self.give_up(id, WireError::Silent { broker, waited_ms }, now_ns);
        }
    }
}
