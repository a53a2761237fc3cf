//! The sending end: a thread that waits for reports drives the connections meanwhile.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::answers::{Verdict, asks_for_new_leader, verdict_of};
use super::batch::{Batch, Memory};
use super::cluster::Cluster;
use super::link::{Answered, Asked, Link, Sealed};
use super::options::Options;
use super::order::{Fate, Order, Ordered, Settled};
use super::shelf::{KEPT, Shelf};
use super::wire::WireError;
use crate::kafka::{Delivery, ErrorCode, Outgoing};

/// The most bytes of batches in one request, unless a single batch is larger.
const REQUEST_BYTES: usize = 1 << 20;
/// A broker that has not answered for so long may have been replaced as a leader.
const SLOW_NS: u64 = 2_000_000_000;
/// A batch that cannot be sent grows for this part of its lifetime, and no longer than a second: its first event takes all others along when its
/// time is over.
const GROWS_FOR_PART: u64 = 16;
const GROWS_AT_MOST_NS: u64 = 1_000_000_000;

/// One partition as it is sent.
struct Lane {
    order: Order<Batch>,
    /// The broker that its batches under way were sent to.
    sent_to: Option<i32>,
    /// After a failure, nothing is sent before that.
    rests_until_ns: u64,
    /// The offset after the last record that is known to be written.
    end_offset: i64,
    is_busy: bool,
}

/// Reports what became of events.
pub(crate) struct Deliveries {
    options: Arc<Options>,
    shelf: Arc<Shelf>,
    cluster: Cluster<Link>,
    producer_id: i64,
    lanes: Vec<Lane>,
    /// The lanes that have batches: of a thousand partitions few do at any moment.
    busy: VecDeque<usize>,
    requests: u64,
    settled: Settled<Batch>,
    memory: Vec<Memory>,
    returning: Sender<usize>,
    throttled_ms: u64,
    last_error: Option<String>,
    fatal: Option<String>,
}

impl Deliveries {
    pub(super) fn new(
        options: Arc<Options>,
        shelf: Arc<Shelf>,
        cluster: Cluster<Link>,
        (producer_id, epoch): (i64, i16),
        partitions: usize,
        returning: Sender<usize>,
    ) -> Self {
        let lane =
            || Lane { order: Order::new(epoch), sent_to: None, rests_until_ns: 0, end_offset: 0, is_busy: false };
        Deliveries {
            options,
            shelf,
            cluster,
            producer_id,
            lanes: (0..partitions).map(|_| lane()).collect(),
            busy: VecDeque::new(),
            requests: 0,
            settled: Vec::new(),
            memory: Vec::new(),
            returning,
            throttled_ms: 0,
            last_error: None,
            fatal: None,
        }
    }

    /// Sends what is complete, waits up to `timeout` for answers, and hands each report to `seen`. Returns whether there were any.
    pub(crate) fn poll(&mut self, timeout: Duration, seen: impl FnMut(Delivery)) -> bool {
        let now_ns = self.shelf.now_ns();
        self.collect(now_ns);
        self.keep_up(now_ns);
        self.expire(now_ns);
        self.send(now_ns);
        let is_idle = self.settled.is_empty();
        self.wait(if is_idle { timeout } else { Duration::ZERO }, now_ns);
        let now_ns = self.shelf.now_ns();
        self.read(now_ns);
        self.give_up_on_the_silent(now_ns);
        self.expire(now_ns);
        self.hear_errors();
        self.report(seen)
    }

    /// Takes complete batches from the shelf; of those that only lingered, the ones that can be sent, or have grown for long enough.
    fn collect(&mut self, now_ns: u64) {
        let Deliveries { shelf, lanes, busy, memory, options, .. } = self;
        let lifetime_ns = options.lifetime_ns;
        let grows_ns = (lifetime_ns / GROWS_FOR_PART).min(GROWS_AT_MOST_NS);
        let is_shut = shelf.is_shut();
        let mut taken = Vec::new();
        let is_wanted = |partition: usize, opened_ns: u64| {
            let can_go = lanes.get(partition).is_some_and(|lane| lane.order.has_room() && !lane.order.has_waiting());
            is_shut || can_go || opened_ns.saturating_add(grows_ns) <= now_ns
        };
        shelf.collect(now_ns, memory, is_wanted, |partition, open| taken.push((partition, open)));
        for (partition, open) in taken {
            let Some(lane) = lanes.get_mut(partition) else { continue };
            lane.order.push(open.close(lifetime_ns));
            if !std::mem::replace(&mut lane.is_busy, true) {
                busy.push_back(partition);
            }
        }
    }

    fn keep_up(&mut self, now_ns: u64) {
        let Deliveries { lanes, busy, cluster, .. } = self;
        let has_waiting = |partition: &usize| lanes.get(*partition).is_some_and(|lane| lane.order.has_waiting());
        cluster.keep_up(busy.iter().copied().filter(has_waiting), now_ns);
    }

    /// Sends to each broker what it leads and can be sent.
    fn send(&mut self, now_ns: u64) {
        let ids: Vec<i32> = self.cluster.links().map(|(id, _)| id).collect();
        for id in ids {
            while self.cluster.link(id).is_some_and(|link| link.has_room(&self.options, now_ns)) {
                let batches = self.gather(id, now_ns);
                if batches.is_empty() {
                    break;
                }
                let (number, options) = (self.requests, Arc::clone(&self.options));
                if let Some(link) = self.cluster.link(id) {
                    link.ask(number, batches, &options, now_ns);
                }
            }
            self.write(id, now_ns);
        }
    }

    /// The next batches for a broker, at most one of each partition, under the number of the next request.
    fn gather(&mut self, id: i32, now_ns: u64) -> Vec<Sealed> {
        let Deliveries { lanes, busy, cluster, producer_id, requests, options, .. } = self;
        let (mut bytes, mut batches) = (0, Vec::new());
        *requests += 1;
        for place in 0..busy.len() {
            let Some(&partition) = busy.get(place) else { break };
            let Some(lane) = lanes.get_mut(partition) else { continue };
            if cluster.leader(partition) != Some(id) || !lane.may_send_to(id, now_ns) {
                continue;
            }
            if lane.sent_to != Some(id) {
                lane.order.is_led_by_another();
            }
            if bytes >= REQUEST_BYTES {
                // So that none is always last.
                busy.rotate_left(place);
                break;
            }
            let Some((batch, stamp)) = lane.order.send_next(*requests) else { continue };
            lane.sent_to = Some(id);
            bytes += batch.size();
            batches.push(Sealed {
                partition,
                bytes: batch.sealed(*producer_id, stamp, options.codec),
                over_ns: batch.over_ns(),
            });
        }
        batches
    }

    fn write(&mut self, id: i32, now_ns: u64) {
        if let Some(Err(error)) = self.cluster.link(id).map(Link::write) {
            // What it has answered before is known.
            self.read_from(id, now_ns);
            self.give_up(id, error, now_ns);
        }
    }

    /// Waits for sockets, for the worker, or for the next moment at which something is to be done.
    fn wait(&mut self, timeout: Duration, now_ns: u64) {
        let until_ns = now_ns.saturating_add(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
        let until_ns = until_ns.min(self.next_moment_ns(now_ns));
        let until_ns = self.shelf.sleeps_until(until_ns);
        let left = Duration::from_nanos(until_ns.saturating_sub(now_ns));
        let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        {
            let links: Vec<_> = self.cluster.links().map(|(_, link)| &*link).collect();
            let mut sockets: Vec<PollFd<'_>> = links
                .iter()
                .map(|link| {
                    let write = if link.wants_to_write() { PollFlags::OUT } else { PollFlags::empty() };
                    PollFd::from_borrowed_fd(link.connection.as_fd(), PollFlags::IN | write)
                })
                .collect();
            sockets.push(PollFd::from_borrowed_fd(self.shelf.woken(), PollFlags::IN));
            // Interrupted or not: everything is looked at afterwards.
            let _woken = poll(&mut sockets, Some(&left));
        }
        self.shelf.is_awake();
    }

    /// The next moment at which a partition or a broker may be spoken to again.
    fn next_moment_ns(&mut self, now_ns: u64) -> u64 {
        let busy = self.busy.iter().filter_map(|partition| self.lanes.get(*partition));
        let of_lanes = busy.filter(|lane| lane.order.is_ready()).map(|lane| lane.rests_until_ns);
        let of_cluster = self.cluster.next_try_ns(now_ns);
        let earliest_ns = of_lanes.chain([of_cluster]).filter(|moment_ns| *moment_ns > now_ns).min();
        let of_links =
            self.cluster.links().map(|(_, link)| link.muted_until_ns).filter(|moment_ns| *moment_ns > now_ns).min();
        earliest_ns.into_iter().chain(of_links).min().unwrap_or(u64::MAX)
    }

    fn read(&mut self, now_ns: u64) {
        let ids: Vec<i32> = self.cluster.links().map(|(id, _)| id).collect();
        for id in ids {
            self.read_from(id, now_ns);
        }
    }

    fn read_from(&mut self, id: i32, now_ns: u64) {
        let mut answers = Vec::new();
        let read = self.cluster.link(id).map(|link| link.read(|answered| answers.push(answered)));
        for answered in answers {
            self.take_answer(id, &answered, now_ns);
        }
        if let Some(Err(error)) = read {
            self.give_up(id, error, now_ns);
        }
    }

    fn take_answer(&mut self, id: i32, answered: &Answered, now_ns: u64) {
        let Answered { asked, produced, throttled_ms } = answered;
        self.throttled_ms = self.throttled_ms.max(*throttled_ms);
        if let Some(link) = self.cluster.link(id) {
            link.mute(*throttled_ms, now_ns);
        }
        for &partition in &asked.partitions {
            let said = produced.iter().find(|of| usize::try_from(of.partition) == Ok(partition));
            let verdict =
                said.map_or(Verdict::Again { perhaps_written: true }, |of| verdict_of(of.code, of.base_offset));
            if said.is_none_or(|of| asks_for_new_leader(of.code)) {
                self.cluster.doubt_leaders();
            }
            self.settle(partition, asked, verdict, now_ns);
        }
    }

    fn settle(&mut self, partition: usize, asked: &Asked, verdict: Verdict, now_ns: u64) {
        let Some(lane) = self.lanes.get_mut(partition) else { return };
        lane.order.answer(asked.number, verdict, &mut self.settled);
        if matches!(verdict, Verdict::Again { .. } | Verdict::Gap) {
            lane.rests_until_ns = now_ns.saturating_add(self.options.retry_after_ns);
        }
        if lane.order.is_used_up() && self.fatal.is_none() {
            self.fatal = Some("the producer's epochs are used up; use client = \"librdkafka\"".to_owned());
            self.shelf.shut();
        }
    }

    /// Gives up a connection: what it owes an answer may have been written, unless nothing of it was sent.
    fn give_up(&mut self, id: i32, error: WireError, now_ns: u64) {
        let Some(link) = self.cluster.give_up(id, error, now_ns) else { return };
        for asked in &link.asked {
            let perhaps_written = link.may_have_reached(asked);
            for &partition in &asked.partitions {
                self.settle(partition, asked, Verdict::Again { perhaps_written }, now_ns);
            }
        }
    }

    /// Gives up brokers that have been silent for too long, or for a while and lead no more what they were sent.
    fn give_up_on_the_silent(&mut self, now_ns: u64) {
        self.give_up_on_the_replaced(now_ns);
        let silent = self.cluster.links().filter_map(|(id, link)| {
            let waited_ms = u128::from(link.silent_ns(now_ns)? / 1_000_000);
            Some((id, WireError::Silent { broker: link.connection.broker().to_owned(), waited_ms }))
        });
        let silent: Vec<(i32, WireError)> = silent.collect();
        for (id, error) in silent {
            self.give_up(id, error, now_ns);
        }
    }

    fn give_up_on_the_replaced(&mut self, now_ns: u64) {
        let slow =
            self.cluster.links().filter_map(|(id, link)| Some((id, link.slow_since(now_ns.checked_sub(SLOW_NS)?)?)));
        let slow: Vec<(i32, Vec<usize>)> = slow.map(|(id, asked)| (id, asked.partitions.clone())).collect();
        for (id, partitions) in slow {
            self.cluster.doubt_slow(id, now_ns);
            let is_replaced = |partition: &usize| self.cluster.leader(*partition).is_some_and(|leader| leader != id);
            if partitions.iter().any(is_replaced) {
                let broker = self.cluster.link(id).map_or_else(String::new, |link| link.connection.broker().to_owned());
                let reason = "it does not answer, and others lead now".to_owned();
                self.give_up(id, WireError::Ended { broker, reason }, now_ns);
            }
        }
    }

    /// Gives up what is too late, and forgets the lanes that have nothing more.
    fn expire(&mut self, now_ns: u64) {
        let Deliveries { lanes, busy, settled, fatal, .. } = self;
        busy.retain(|&partition| {
            let Some(lane) = lanes.get_mut(partition) else { return false };
            lane.order.expire(now_ns, settled);
            if fatal.is_some() {
                lane.order.abandon(ErrorCode::Fatal, settled);
            }
            lane.is_busy = !lane.order.is_empty();
            lane.is_busy
        });
    }

    fn hear_errors(&mut self) {
        if let Some(error) = self.cluster.last_error.take() {
            self.last_error = Some(error.to_string());
        }
    }

    /// Hands over what has been settled, event by event, and gives their places back to the worker.
    fn report(&mut self, mut seen: impl FnMut(Delivery)) -> bool {
        let (mut events, mut bytes) = (0, 0);
        for (batch, fate) in self.settled.drain(..) {
            let fate = located(&mut self.lanes, &batch, fate);
            for (place, event) in (0..).zip(batch.events()) {
                seen(Delivery { event: *event, outcome: Fate::of_record(fate, place) });
            }
            events += batch.events().len();
            bytes += batch.charged_bytes();
            if self.memory.len() < KEPT {
                self.memory.push(batch.into_memory());
            }
        }
        if events > 0 {
            self.shelf.settled(bytes);
            // A worker that has ended needs no room any more.
            let _worker_ended = self.returning.send(events);
        }
        events > 0
    }

    /// The events that are still in flight, once the worker has ended: their outcome is not known.
    pub(crate) fn still_in_flight(&self) -> impl Iterator<Item = Outgoing> {
        self.on_their_way().chain(self.shelf.events().unwrap_or_default())
    }

    /// The events in flight; none while the worker holds some of them, and they cannot be counted.
    pub(crate) fn in_flight_now(&self) -> Option<impl Iterator<Item = Outgoing>> {
        Some(self.on_their_way().chain(self.shelf.events()?))
    }

    fn on_their_way(&self) -> impl Iterator<Item = Outgoing> {
        self.lanes.iter().flat_map(|lane| lane.order.all()).flat_map(Batch::events).copied()
    }

    /// The longest that a broker asked the client to wait since the last call, in milliseconds; 0 where none did.
    pub(crate) fn take_throttled_ms(&mut self) -> u64 {
        std::mem::take(&mut self.throttled_ms)
    }

    /// The last thing that went wrong apart from deliveries, such as brokers that cannot be reached.
    #[must_use]
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Why the client stopped for good, if it did.
    #[must_use]
    pub(crate) fn fatal(&self) -> Option<&str> {
        self.fatal.as_deref()
    }
}

/// A batch that the broker has, and does not say where, is no further ahead than what was written before it.
fn located(lanes: &mut [Lane], batch: &Batch, fate: Fate) -> Fate {
    let Fate::Written(offset) = fate else { return fate };
    let partition = batch.events().first().map(|event| usize::from(event.partition));
    let Some(lane) = partition.and_then(|partition| lanes.get_mut(partition)) else { return fate };
    let first = offset.unwrap_or(lane.end_offset);
    lane.end_offset = first.saturating_add(i64::from(batch.records()));
    Fate::Written(Some(first))
}

impl Lane {
    /// Whether its next batch may go to this broker: those under way elsewhere are waited for.
    fn may_send_to(&self, id: i32, now_ns: u64) -> bool {
        let is_same = self.sent_to == Some(id) || !self.order.has_under_way();
        is_same && self.rests_until_ns <= now_ns && self.order.is_ready()
    }
}

#[cfg(test)]
mod laws;
