//! When to send and when to sleep: pure functions of the time.

/// The longest slice of the schedule that is handed over at once, so that after a stall all lanes catch up side by side.
const SLICE_NS: u64 = 1_000_000;
/// The shortest sleep. At high rates events are sent in groups this long; waking for each one would cost more than sending it.
const SHORTEST_SLEEP_NS: u64 = 200_000;
/// The longest sleep, so that a stop is noticed, and a second handed in in time: it is put together 300 ms after its end. Shorter ones would be
/// most of what a slow stream costs.
const LONGEST_SLEEP_NS: u64 = 100_000_000;
/// The longest sleep that ends with a send: on a busy machine a thread that has slept for longer is let in later.
const LAST_SLEEP_NS: u64 = 20_000_000;

/// The end of the slice to send next, when everything before `sent_to_ns` has been sent and it is `now_ns`.
pub(super) fn slice_end_ns(sent_to_ns: u64, now_ns: u64) -> u64 {
    now_ns.min(sent_to_ns.saturating_add(SLICE_NS))
}

/// How long to sleep when there is something to do at `due_ns` (none: the schedule has ended). All times from the start of the run.
/// Never shorter than until then: nothing is sent early.
pub(super) fn sleep_ns(now_ns: u64, due_ns: Option<u64>) -> u64 {
    let left_ns = due_ns.map_or(LONGEST_SLEEP_NS, |due_ns| due_ns.saturating_sub(now_ns));
    let sleep_ns = if left_ns > LAST_SLEEP_NS { left_ns - LAST_SLEEP_NS } else { left_ns };
    sleep_ns.clamp(SHORTEST_SLEEP_NS, LONGEST_SLEEP_NS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_backlog_is_sent_to_the_end_in_order_and_never_ahead_of_time(start_ns in 0..1_u64 << 40, behind_ns in 0..100_000_000_u64) {
            let now_ns = start_ns + behind_ns;
            let mut sent_to_ns = start_ns;
            while sent_to_ns < now_ns {
                let end_ns = slice_end_ns(sent_to_ns, now_ns);
                prop_assert!(end_ns > sent_to_ns && end_ns <= now_ns);
                sent_to_ns = end_ns;
            }
        }

        #[test]
        fn sleeps_end_within_a_group_of_the_due_time_and_the_last_is_short(now_ns in 0..1_u64 << 40, ahead_ns in 0..1_000_000_000_u64) {
            let due_ns = now_ns + ahead_ns;
            let (mut woken_ns, mut last_ns, mut sleeps) = (now_ns, 0, 0);
            while woken_ns < due_ns {
                last_ns = sleep_ns(woken_ns, Some(due_ns));
                (woken_ns, sleeps) = (woken_ns + last_ns, sleeps + 1);
                prop_assert!(last_ns <= LONGEST_SLEEP_NS);
            }
            prop_assert!(woken_ns <= due_ns + SHORTEST_SLEEP_NS && last_ns <= LAST_SLEEP_NS);
            prop_assert!(sleeps <= 2 + ahead_ns / LONGEST_SLEEP_NS);
        }
    }
}
