//! Waits for many answers at once: opening clients and asking brokers takes time, and should not happen one after another.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// The most that run at once: each opens connections and threads of its own.
const AT_ONCE: usize = 32;

/// The result of `work` for each item, in the items' order. A panic inside is passed on.
pub(crate) fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    in_order(each(items, || false, work))
}

/// The same for work that can fail: once one has, no other begins. The error is that of the first item that failed, in the items' order.
///
/// # Errors
/// What `work` says.
pub(crate) fn all_side_by_side<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let has_failed = AtomicBool::new(false);
    let work = |item: &T| work(item).inspect_err(|_| has_failed.store(true, Ordering::Relaxed));
    in_order(each(items, || has_failed.load(Ordering::Relaxed), work)).into_iter().collect()
}

/// Idle threads begin items in order until `is_enough`. Each result comes with its item's place.
fn each<T: Sync, R: Send>(
    items: &[T],
    is_enough: impl Fn() -> bool + Sync,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<(usize, R)> {
    let next = AtomicUsize::new(0);
    let work_on = || {
        let mut done = Vec::new();
        while !is_enough() {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            done.push((place, work(item)));
        }
        done
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..items.len().min(AT_ONCE)).map(|_| scope.spawn(work_on)).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

fn in_order<R>(mut results: Vec<(usize, R)>) -> Vec<R> {
    results.sort_unstable_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn results_stand_in_the_order_of_their_items() {
        let items: Vec<usize> = (0..150).collect();
        assert_eq!(side_by_side(&items, |item| item * 2), (0..150).map(|item| item * 2).collect::<Vec<_>>());
        assert_eq!(all_side_by_side(&items, |item| Ok::<_, ()>(item * 2)), Ok((0..150).map(|item| item * 2).collect()));
    }

    #[test]
    fn the_items_are_worked_on_at_once() {
        // Nobody passes a barrier alone: one after another, this would never end.
        let barrier = Barrier::new(AT_ONCE);
        let items = [(); AT_ONCE];
        assert_eq!(side_by_side(&items, |()| barrier.wait().is_leader()).iter().filter(|leads| **leads).count(), 1);
    }

    #[test]
    fn nothing_begins_after_an_error_and_the_first_in_order_is_told() {
        let items: Vec<usize> = (0..10 * AT_ONCE).collect();
        let begun = Mutex::new(Vec::new());
        // All that are begun wait for each other, and so fail together.
        let barrier = Barrier::new(AT_ONCE);
        let fail = |item: &usize| -> Result<(), usize> {
            begun.lock().unwrap().push(*item);
            barrier.wait();
            Err(*item)
        };
        assert_eq!(all_side_by_side(&items, fail), Err(0));
        assert_eq!(begun.into_inner().unwrap().len(), AT_ONCE);
    }
}
