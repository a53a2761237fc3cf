//! What the kernel knows about its own wall clock: whether a time service steers it, and how wrong it may be.

#![expect(unsafe_code, reason = "adjtimex(2) has no safe wrapper; this file holds the one call, read only")]

use serde::{Deserialize, Serialize};

/// The wall clock's quality as the kernel reports it (adjtimex(2), RFC 5905).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelClock {
    /// Whether a time service (chrony, ntpd, systemd-timesyncd, PTP) steers the clock.
    pub synchronised: bool,
    /// How far the time service believes the clock to be off, in microseconds.
    pub estimated_error_us: u64,
    /// How far the clock can be off at most, in microseconds.
    pub maximum_error_us: u64,
}

/// Asks the kernel. `None` if it cannot be asked: another system, or a sandbox that forbids it.
#[cfg(target_os = "linux")]
#[must_use]
pub(crate) fn kernel_clock() -> Option<KernelClock> {
    let mut answer = std::mem::MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: the pointer is to our own live `timex`. All bytes zero is a valid value of it, because every field is an integer, so
    // `assume_init` is sound even if the call fails. `modes` is 0, so the call changes nothing in the kernel; it only fills in the struct.
    let (state, timex) = unsafe { (libc::adjtimex(answer.as_mut_ptr()), answer.assume_init()) };
    if state < 0 {
        return None;
    }
    Some(KernelClock {
        synchronised: state != libc::TIME_ERROR && timex.status & libc::STA_UNSYNC == 0,
        estimated_error_us: u64::try_from(timex.esterror).unwrap_or(0),
        maximum_error_us: u64::try_from(timex.maxerror).unwrap_or(0),
    })
}

/// Asks the kernel. `None` if it cannot be asked: another system, or a sandbox that forbids it.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn kernel_clock() -> Option<KernelClock> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_synchronised_clock_is_never_further_off_than_its_maximum() {
        // A sandbox may forbid the call; then there is nothing to compare.
        if let Some(clock) = kernel_clock().filter(|clock| clock.synchronised) {
            assert!(clock.estimated_error_us <= clock.maximum_error_us, "{clock:?}");
        }
    }
}
