//! What a relay does wrong on purpose.

use std::time::Duration;

/// A fault: the stream that has it is named as the fault is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fault {
    /// Its name.
    pub(crate) name: &'static str,
    /// What the relay does.
    pub(crate) told: &'static str,
    /// The same for the relay.
    pub(crate) what: What,
}

/// What is done to records. Shares are of the events, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum What {
    /// Nothing: whatever is found here is a false alarm.
    Nothing,
    /// Events are not forwarded.
    Lose { share: f64 },
    /// A single event is not forwarded.
    LoseOne,
    /// Events are forwarded twice, the copy a little later.
    Repeat { share: f64, after: Duration },
    /// Events are kept for a while; others overtake them.
    Delay { share: f64, by: Duration },
    /// Events are kept until the next one of their lane has gone.
    HoldBack { share: f64 },
    /// Half of these have a digit of their id changed, the others are cut in the middle of it.
    Damage { share: f64 },
    /// For each of these, a record is added: an id that nobody sent, or no event at all.
    Strangers { share: f64 },
    /// Every event due in one of `one_in` windows is lost.
    Windows { one_in: u64, each: Duration },
    /// Nothing goes to one partition for a part of the time; what came for it follows.
    Stall { from: f64, to: f64 },
    /// The same for all partitions.
    Silence { from: f64, to: f64 },
}

/// All of them, each in a stream of its own.
pub(crate) const FAULTS: [Fault; 11] = [
    Fault { name: "none", told: "forwards everything", what: What::Nothing },
    Fault { name: "lose", told: "loses 1 event in 200", what: What::Lose { share: 0.005 } },
    Fault { name: "lose-one", told: "loses a single event", what: What::LoseOne },
    Fault {
        name: "repeat",
        told: "forwards 1 event in 100 twice",
        what: What::Repeat { share: 0.01, after: Duration::from_millis(50) },
    },
    Fault {
        name: "delay",
        told: "keeps 1 event in 20 for 300 ms",
        what: What::Delay { share: 0.05, by: Duration::from_millis(300) },
    },
    Fault { name: "reorder", told: "lets 1 event in 100 be overtaken", what: What::HoldBack { share: 0.01 } },
    Fault { name: "damage", told: "changes or cuts 1 event in 200", what: What::Damage { share: 0.005 } },
    Fault { name: "strangers", told: "adds a record to 1 event in 100", what: What::Strangers { share: 0.01 } },
    Fault {
        name: "windows",
        told: "loses all that is due in 1 of 8 windows of 250 ms",
        what: What::Windows { one_in: 8, each: Duration::from_millis(250) },
    },
    Fault { name: "stall", told: "holds one partition up for a while", what: What::Stall { from: 0.6, to: 0.8 } },
    Fault { name: "silence", told: "forwards nothing for a while", what: What::Silence { from: 0.6, to: 0.75 } },
];
