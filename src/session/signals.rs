//! Ctrl-C and SIGTERM: the first stops sending, the second stops waiting.

use std::thread;

use crate::produce::StopFlag;

/// Listens in a thread of its own for as long as the process lives. Where signals cannot be heard, the system's own way applies: the process ends.
pub(super) fn listen(stop: &StopFlag) {
    let stop = stop.clone();
    let heard = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
                return;
            };
            loop {
                tokio::select! {
                    interrupted = tokio::signal::ctrl_c() => if interrupted.is_err() { return },
                    asked = terminate.recv() => if asked.is_none() { return },
                }
                stop.set();
            }
        });
    };
    // Without the thread the first signal ends the process, and its results stay readable up to the last second.
    let _thread = thread::Builder::new().name("signals".to_owned()).spawn(heard);
}
