//! SIGQUIT (Ctrl-\) while the view is on: it ends the process at once, as it always does, but the terminal is given back first.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use signal_hook::consts::SIGQUIT;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// How long a terminal may take to be given back.
const PATIENCE: Duration = Duration::from_secs(1);

/// From now on SIGQUIT calls `leave` before it ends the process. Where that cannot be arranged, it ends the process without.
pub(super) fn leave_before_quitting(leave: fn()) {
    let waits = move || {
        let Ok(mut signals) = Signals::new([SIGQUIT]) else { return };
        if signals.forever().next().is_some() {
            within_patience(leave);
            let _ended = emulate_default_handler(SIGQUIT);
        }
    };
    let _quits_without = thread::Builder::new().name("quit".to_owned()).spawn(waits);
}

/// In a thread of its own: a terminal that takes nothing (Ctrl-S) must not keep the process alive.
fn within_patience(leave: fn()) {
    let (leaving, left) = channel::<()>();
    let leaves = move || {
        leave();
        drop(leaving);
    };
    if thread::Builder::new().spawn(leaves).is_ok() {
        let _left: Result<(), _> = left.recv_timeout(PATIENCE);
    }
}
