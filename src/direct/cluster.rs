//! The cluster as a client knows it: who leads which partition, and the way to each broker. What takes time (connecting, logging in, asking for
//! the leaders) is done by threads of its own, which report and end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::options::Contact;
use super::shelf::NEVER_NS;
use super::wire::{Connection, Host, Layout, WireError, look_up};

/// How long to wait before the leaders are asked for again.
const ASK_AGAIN_NS: u64 = 100_000_000;
/// The same while a broker does not answer.
const ASK_ABOUT_SLOW_NS: u64 = 1_000_000_000;
/// Reconnecting waits at least this long, even with reconnect.backoff.ms = 0: each attempt takes a thread.
const LEAST_REST_NS: u64 = 1_000_000;

/// A connection as its user has it.
pub(super) trait Linked: Sized {
    /// Takes over a connection on which nothing is under way.
    ///
    /// # Errors
    /// When the broker is too old.
    fn over(connection: Connection) -> Result<Self, WireError>;

    /// Whether an answer is waited for.
    fn owes(&self) -> bool;
}

/// The thread that waits for the cluster.
pub(super) trait Sleeper: Send + Sync {
    /// Wakes it.
    fn wake(&self);
}

/// A way to a broker.
#[derive(Debug)]
enum Way<L> {
    /// Not connected; not tried again before that.
    Down {
        until_ns: u64,
    },
    Connecting,
    Up(Box<L>),
}

#[derive(Debug)]
struct Broker<L> {
    host: Host,
    way: Way<L>,
    /// How long to wait after the next failure.
    backoff_ns: u64,
}

/// What a thread that did something slow has to say.
enum News {
    Connected(i32, Host, Result<Connection, WireError>),
    Layout(Result<Layout, WireError>),
}

/// What the client knows of the cluster.
pub(super) struct Cluster<L> {
    contact: Arc<Contact>,
    sleeper: Arc<dyn Sleeper>,
    brokers: BTreeMap<i32, Broker<L>>,
    leaders: Vec<Option<i32>>,
    news: Receiver<News>,
    tell: Sender<News>,
    is_asking: bool,
    wants_layout: bool,
    asked_ns: u64,
    /// A broker that does not answer: it is asked last.
    slow: Option<i32>,
    /// The last thing that went wrong.
    pub(super) last_error: Option<WireError>,
}

impl<L: Linked> Cluster<L> {
    /// With connections to some of its brokers.
    pub(super) fn of(contact: Contact, sleeper: Arc<dyn Sleeper>, layout: Layout, mut links: BTreeMap<i32, L>) -> Self {
        let (tell, news) = channel();
        let backoff_ns = contact.reconnect_after_ns;
        let brokers = layout.brokers.into_iter().map(|(id, host)| {
            let way = links.remove(&id).map_or(Way::Down { until_ns: 0 }, |link| Way::Up(Box::new(link)));
            (id, Broker { host, way, backoff_ns })
        });
        let brokers = brokers.collect();
        let leaders = layout.leaders;
        Cluster {
            contact: Arc::new(contact),
            sleeper,
            brokers,
            leaders,
            news,
            tell,
            is_asking: false,
            wants_layout: false,
            asked_ns: 0,
            slow: None,
            last_error: None,
        }
    }

    /// Who leads a partition.
    pub(super) fn leader(&self, partition: usize) -> Option<i32> {
        self.leaders.get(partition).copied().flatten()
    }

    /// The brokers that can be spoken to.
    pub(super) fn links(&mut self) -> impl Iterator<Item = (i32, &mut L)> {
        self.brokers.iter_mut().filter_map(|(id, broker)| match &mut broker.way {
            Way::Up(link) => Some((*id, &mut **link)),
            Way::Down { .. } | Way::Connecting => None,
        })
    }

    pub(super) fn link(&mut self, id: i32) -> Option<&mut L> {
        match &mut self.brokers.get_mut(&id)?.way {
            Way::Up(link) => Some(link),
            Way::Down { .. } | Way::Connecting => None,
        }
    }

    /// The leaders are not where they were thought to be.
    pub(super) fn doubt_leaders(&mut self) {
        self.wants_layout = true;
    }

    /// A broker does not answer: others are asked whether it still leads, again and again while that lasts.
    pub(super) fn doubt_slow(&mut self, id: i32, now_ns: u64) {
        if now_ns >= self.asked_ns.saturating_add(ASK_ABOUT_SLOW_NS) {
            self.slow = Some(id);
            self.wants_layout = true;
        }
    }

    /// Gives up a connection, and returns it with all that it owes.
    pub(super) fn give_up(&mut self, id: i32, error: WireError, now_ns: u64) -> Option<Box<L>> {
        let broker = self.brokers.get_mut(&id).filter(|broker| matches!(broker.way, Way::Up(_)))?;
        let rest = broker.rest(now_ns, &self.contact);
        let Way::Up(link) = std::mem::replace(&mut broker.way, rest) else { return None };
        // Brokers close connections that nothing happens on.
        if link.owes() {
            self.last_error = Some(error);
            self.wants_layout = true;
        }
        Some(link)
    }

    /// Takes in what was found out, and starts what is to be found out: leaders that are wanted, and ways to the brokers of these partitions.
    pub(super) fn keep_up(&mut self, wanted: impl Iterator<Item = usize>, now_ns: u64) {
        while let Ok(news) = self.news.try_recv() {
            match news {
                News::Connected(id, host, result) => self.connected(id, &host, result, now_ns),
                News::Layout(result) => self.learn(result, now_ns),
            }
        }
        for partition in wanted {
            match self.leader(partition) {
                Some(leader) => self.connect(leader, now_ns),
                None => self.wants_layout = true,
            }
        }
        if self.wants_layout && !self.is_asking && now_ns >= self.asked_ns.saturating_add(ASK_AGAIN_NS) {
            self.ask_for_layout(now_ns);
        }
    }

    /// When something is to be tried again that cannot be now; a broker that leads nothing can, and is not.
    pub(super) fn next_try_ns(&self, now_ns: u64) -> u64 {
        let of_brokers = self.brokers.values().filter_map(|broker| match broker.way {
            Way::Down { until_ns } => Some(until_ns),
            Way::Connecting | Way::Up(_) => None,
        });
        let of_layout =
            if self.wants_layout && !self.is_asking { self.asked_ns.saturating_add(ASK_AGAIN_NS) } else { NEVER_NS };
        of_brokers.chain([of_layout]).filter(|moment_ns| *moment_ns > now_ns).min().unwrap_or(NEVER_NS)
    }

    fn connect(&mut self, id: i32, now_ns: u64) {
        let Some(broker) = self.brokers.get_mut(&id) else { return };
        if !matches!(broker.way, Way::Down { until_ns } if until_ns <= now_ns) {
            return;
        }
        broker.way = Way::Connecting;
        let (host, contact) = (broker.host.clone(), Arc::clone(&self.contact));
        self.aside("connect", now_ns, move || {
            let result = Connection::open(&host, &contact.connect);
            News::Connected(id, host, result)
        });
    }

    fn ask_for_layout(&mut self, now_ns: u64) {
        (self.is_asking, self.wants_layout, self.asked_ns) = (true, false, now_ns);
        let hosts = self.hosts_to_ask();
        let contact = Arc::clone(&self.contact);
        self.aside("leaders", now_ns, move || News::Layout(look_up(&hosts, &contact.topic, &contact.connect)));
    }

    /// Whom to ask, in this order: who can be spoken to, who was named, who is known; last of all a broker that does not answer.
    fn hosts_to_ask(&mut self) -> Vec<Host> {
        let slow = self.slow.take().and_then(|id| self.brokers.get(&id)).map(|broker| broker.host.clone());
        let up = self.brokers.values().filter(|broker| matches!(broker.way, Way::Up(_))).map(|broker| &broker.host);
        let known = self.brokers.values().map(|broker| &broker.host);
        let mut hosts: Vec<Host> = Vec::new();
        for host in
            up.chain(&self.contact.bootstrap).chain(known).filter(|host| Some(*host) != slow.as_ref()).chain(&slow)
        {
            if !hosts.contains(host) {
                hosts.push(host.clone());
            }
        }
        hosts
    }

    /// Lets a thread find something out. Where there is no thread for it, it is asked for again later.
    fn aside(&mut self, name: &str, now_ns: u64, find: impl FnOnce() -> News + Send + 'static) {
        let (tell, sleeper) = (self.tell.clone(), Arc::clone(&self.sleeper));
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            // The client may be gone by then.
            let _unheard = tell.send(find());
            sleeper.wake();
        });
        if let Err(error) = started {
            let error =
                WireError::Unreachable { broker: "the cluster".to_owned(), reason: format!("no thread: {error}") };
            self.learn(Err(error), now_ns);
            for broker in self.brokers.values_mut().filter(|broker| matches!(broker.way, Way::Connecting)) {
                broker.way = broker.rest(now_ns, &self.contact);
            }
        }
    }

    fn connected(&mut self, id: i32, host: &Host, result: Result<Connection, WireError>, now_ns: u64) {
        let Some(broker) = self.brokers.get_mut(&id) else { return };
        if !matches!(broker.way, Way::Connecting) {
            return;
        }
        match result.and_then(L::over) {
            Ok(link) if broker.host == *host => {
                broker.way = Way::Up(Box::new(link));
                broker.backoff_ns = self.contact.reconnect_after_ns;
            }
            // It has moved meanwhile.
            Ok(_) => broker.way = Way::Down { until_ns: now_ns },
            Err(error) => {
                broker.way = broker.rest(now_ns, &self.contact);
                self.last_error = Some(error);
                self.wants_layout = true;
            }
        }
    }

    fn learn(&mut self, result: Result<Layout, WireError>, now_ns: u64) {
        self.is_asking = false;
        let layout = match result {
            Ok(layout) => layout,
            Err(error) => {
                self.last_error = Some(error);
                self.wants_layout = true;
                return;
            }
        };
        for (id, host) in layout.brokers {
            let backoff_ns = self.contact.reconnect_after_ns;
            let new = || Broker { host: host.clone(), way: Way::Down { until_ns: now_ns }, backoff_ns };
            self.brokers.entry(id).or_insert_with(new).host = host.clone();
        }
        self.leaders = layout.leaders;
    }
}

impl<L> Broker<L> {
    /// The way after a failure: each time longer.
    fn rest(&mut self, now_ns: u64, contact: &Contact) -> Way<L> {
        let rest_ns = self.backoff_ns.max(LEAST_REST_NS);
        let until_ns = now_ns.saturating_add(rest_ns);
        self.backoff_ns = rest_ns.saturating_mul(2).min(contact.reconnect_at_most_ns);
        Way::Down { until_ns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::direct::wire::{ConnectOptions, Security};

    /// A connection that nobody speaks over.
    struct Idle;

    impl Linked for Idle {
        fn over(_: Connection) -> Result<Self, WireError> {
            Ok(Idle)
        }

        fn owes(&self) -> bool {
            true
        }
    }

    /// Sleeps through everything.
    struct Deaf;

    impl Sleeper for Deaf {
        fn wake(&self) {}
    }

    /// Of these brokers, which lead nothing; the first ones are connected.
    fn cluster(brokers: i32, connected: i32) -> Cluster<Idle> {
        let connect = ConnectOptions {
            client_id: String::new(),
            patience: std::time::Duration::from_secs(1),
            security: Security::default(),
            most_answer_bytes: 1,
        };
        let contact = Contact {
            topic: "orders".to_owned(),
            bootstrap: Vec::new(),
            connect,
            reconnect_after_ns: 0,
            reconnect_at_most_ns: 0,
        };
        let host = |id| (id, Host { name: "nowhere".to_owned(), port: 1 });
        let layout = Layout { brokers: (0..brokers).map(host).collect(), leaders: Vec::new() };
        Cluster::of(contact, Arc::new(Deaf), layout, (0..connected).map(|id| (id, Idle)).collect())
    }

    #[test]
    fn a_broker_that_is_not_needed_hides_no_other_that_rests() {
        let mut cluster = cluster(2, 1);
        assert!(cluster.give_up(0, WireError::no_broker(), 100).is_some());
        let next_ns = cluster.next_try_ns(200);
        assert_eq!(next_ns, 100 + LEAST_REST_NS, "the other one could be connected to since 0");
        cluster.wants_layout = false;
        assert_eq!(cluster.next_try_ns(next_ns), NEVER_NS);
    }

    #[test]
    fn a_broker_rests_at_least_for_a_moment_and_only_once_for_each_connection() {
        let mut cluster = cluster(1, 1);
        for now_ns in [0, 500, LEAST_REST_NS - 1] {
            cluster.give_up(0, WireError::no_broker(), now_ns);
            assert_eq!(cluster.next_try_ns(now_ns), LEAST_REST_NS);
        }
    }
}
