//! The proxies of a run: one for each broker, and what is wrong with the way to it.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use super::answers::LOOPBACK;
use super::connection::serve;
use super::link::{Condition, Wire};
use crate::kafka::BrokerAddress;
use crate::profile::NetworkFault;

/// One thread moves the bytes: the generator and the observers need the other cores.
const WORKERS: usize = 1;
/// How long to wait before accepting again when the system is out of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// There is no network that could be broken.
#[derive(Debug, thiserror::Error)]
#[error("the proxies for the profile's network faults cannot listen on {LOOPBACK}: {0}")]
pub struct NetworkError(#[from] io::Error);

/// The ways from this process to the brokers. When it is dropped, all connections on them are closed.
pub(crate) struct Network {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
    bootstrap: String,
}

impl Network {
    /// Ways to these brokers; those that answers name later get one as well.
    ///
    /// # Errors
    /// When the system refuses a thread or a port.
    pub(crate) fn to(brokers: &[BrokerAddress]) -> Result<Self, NetworkError> {
        let runtime =
            Builder::new_multi_thread().worker_threads(WORKERS).thread_name("network").enable_all().build()?;
        let shared =
            Arc::new(Shared { handle: runtime.handle().clone(), ways: Mutex::default(), trouble: Mutex::default() });
        let port = |broker: &BrokerAddress| shared.open_way(broker.id, &broker.host, broker.port);
        let ports = brokers.iter().map(port).collect::<io::Result<Vec<u16>>>()?;
        let addresses: Vec<String> = ports.iter().map(|port| format!("{LOOPBACK}:{port}")).collect();
        Ok(Network { shared, runtime: Some(runtime), bootstrap: addresses.join(",") })
    }

    /// What a client connects to first.
    #[must_use]
    pub(crate) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Where this fault is switched on and off.
    #[must_use]
    pub(crate) fn switch(&self, fault: NetworkFault) -> Switch {
        Switch { shared: Arc::clone(&self.shared), fault, before: 0 }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Switches one fault on and off.
pub(crate) struct Switch {
    shared: Arc<Shared>,
    fault: NetworkFault,
    /// What had come by when it was switched on.
    before: u64,
}

impl Switch {
    pub(crate) fn on(&mut self) {
        self.before = self.shared.came_by(&self.fault);
        self.shared.change(|faults| faults.push(self.fault));
    }

    /// Gives the reason why it may not have been as it should, if there is one. A fault that nothing met was none.
    pub(crate) fn off(&self) -> Option<String> {
        self.shared.change(|faults| faults.retain(|other| *other != self.fault));
        let was_met = self.shared.came_by(&self.fault) > self.before;
        let unmet = || format!("nothing was on its way to or from {} while it lasted", self.fault.whom());
        locked(&self.shared.trouble).clone().or_else(|| (!was_met).then(unmet))
    }
}

/// What all connections know.
pub(super) struct Shared {
    handle: Handle,
    ways: Mutex<Ways>,
    trouble: Mutex<Option<String>>,
}

#[derive(Default)]
struct Ways {
    open: BTreeMap<(i32, String, u16), Arc<Way>>,
    /// The faults that are there now.
    faults: Vec<NetworkFault>,
}

/// The way to one broker, which all connections to it share.
pub(super) struct Way {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) condition: watch::Sender<Condition>,
    pub(super) up: Mutex<Wire>,
    pub(super) down: Mutex<Wire>,
    /// How many pieces and connections have come by.
    came_by: AtomicU64,
    id: i32,
    /// Where the proxy listens.
    local_port: u16,
}

impl Way {
    /// A piece or a connection came by, and met whatever is wrong here.
    pub(super) fn meet(&self) {
        self.came_by.fetch_add(1, Ordering::Relaxed);
    }
}

impl Shared {
    /// The port on loopback behind which a broker is; none when the system gives none.
    pub(super) fn way_to(self: &Arc<Self>, id: i32, host: &str, port: u16) -> Option<u16> {
        self.open_way(id, host, port)
            .inspect_err(|error| self.note(format!("the proxy for broker {id} cannot listen: {error}")))
            .ok()
    }

    /// A broker's answer cannot be read, so a client could learn of an address behind the proxy's back.
    pub(super) fn cannot_read(&self, way: &Way) {
        self.note(format!("an answer of broker {} at {}:{} cannot be read", way.id, way.host, way.port));
    }

    fn note(&self, trouble: String) {
        locked(&self.trouble).get_or_insert(trouble);
    }

    fn open_way(self: &Arc<Self>, id: i32, host: &str, port: u16) -> io::Result<u16> {
        let mut ways = locked(&self.ways);
        let name = (id, host.to_owned(), port);
        if let Some(way) = ways.open.get(&name) {
            return Ok(way.local_port);
        }
        let listener = TcpListener::bind((LOOPBACK, 0))?;
        listener.set_nonblocking(true)?;
        let local_port = listener.local_addr()?.port();
        let (condition, _) = watch::channel(condition_of(&ways.faults, id));
        let way = Way {
            host: host.to_owned(),
            port,
            condition,
            up: Mutex::default(),
            down: Mutex::default(),
            came_by: AtomicU64::new(0),
            id,
            local_port,
        };
        let way = Arc::new(way);
        let listener = {
            let _inside = self.handle.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        self.handle.spawn(accept(Arc::clone(self), Arc::clone(&way), listener));
        ways.open.insert(name, way);
        Ok(local_port)
    }

    /// How much came by where this fault is.
    fn came_by(&self, fault: &NetworkFault) -> u64 {
        let ways = locked(&self.ways);
        let concerned = ways.open.values().filter(|way| concerns(fault, way.id));
        concerned.map(|way| way.came_by.load(Ordering::Relaxed)).sum()
    }

    fn change(&self, change: impl FnOnce(&mut Vec<NetworkFault>)) {
        let mut ways = locked(&self.ways);
        change(&mut ways.faults);
        for way in ways.open.values() {
            let now = condition_of(&ways.faults, way.id);
            way.condition.send_if_modified(|before| std::mem::replace(before, now) != now);
        }
    }
}

/// What is wrong on the way to a broker: at most one fault is.
fn condition_of(faults: &[NetworkFault], id: i32) -> Condition {
    faults.iter().find(|fault| concerns(fault, id)).map(Condition::of).unwrap_or_default()
}

fn concerns(fault: &NetworkFault, id: i32) -> bool {
    fault.broker.is_none_or(|broker| i64::from(broker) == i64::from(id))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(shared: Arc<Shared>, way: Arc<Way>, listener: tokio::net::TcpListener) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => drop(tokio::spawn(serve(Arc::clone(&shared), Arc::clone(&way), client))),
            Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Instant;

    use super::*;

    /// A broker that says the same again, and the way to it.
    fn echo() -> Network {
        let listener = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut writes = stream.try_clone().unwrap();
                std::thread::spawn(move || io::copy(&mut stream, &mut writes));
            }
        });
        Network::to(&[BrokerAddress { id: 2, host: LOOPBACK.to_owned(), port }]).unwrap()
    }

    /// A request, and as the answer the same bytes.
    fn ask(stream: &mut TcpStream) -> io::Result<()> {
        let frame = [0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0, 7];
        let mut answer = frame;
        stream.write_all(&frame)?;
        stream.read_exact(&mut answer)?;
        assert_eq!(answer, frame);
        Ok(())
    }

    fn fault(text: &str) -> NetworkFault {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_fault_that_nothing_met_was_none() {
        let network = echo();
        let mut stream = TcpStream::connect(network.bootstrap()).unwrap();
        ask(&mut stream).unwrap();
        let mut switch = network.switch(fault("delay = \"1ms\"\nbroker = 2"));
        switch.on();
        assert_eq!(switch.off().as_deref(), Some("nothing was on its way to or from broker 2 while it lasted"));
        switch.on();
        ask(&mut stream).unwrap();
        assert_eq!(switch.off(), None);
        let mut elsewhere = network.switch(fault("black_hole = true\nbroker = 3"));
        elsewhere.on();
        ask(&mut stream).unwrap();
        assert!(elsewhere.off().is_some(), "it was on the way to another broker");
    }

    #[test]
    fn connections_feel_a_fault_and_are_well_after_it() {
        let network = echo();
        let connect = || TcpStream::connect(network.bootstrap()).unwrap();
        let mut stream = connect();
        let mut slow = network.switch(fault("delay = \"100ms\""));
        slow.on();
        let begun = Instant::now();
        ask(&mut stream).unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(200), "there and back");
        assert_eq!(slow.off(), None);
        let mut hole = network.switch(fault("black_hole = true"));
        hole.on();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        assert!(ask(&mut stream).is_err(), "nothing arrives");
        hole.off();
        stream.set_read_timeout(None).unwrap();
        let mut late = [0; 12];
        stream.read_exact(&mut late).unwrap();
        let mut resets = network.switch(fault("reset = true"));
        resets.on();
        assert!(ask(&mut stream).is_err() && ask(&mut connect()).is_err());
        assert_eq!(resets.off(), None);
        ask(&mut connect()).unwrap();
    }
}
