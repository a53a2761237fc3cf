//! Waits for many answers at once: opening clients and asking brokers takes time, and should not happen one after another.

use std::thread;

/// The most that run at once: each opens connections and threads of its own.
const AT_ONCE: usize = 16;

/// The result of `work` for each item, in the items' order. A panic inside is passed on.
pub(crate) fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let work = &work;
    let mut results = Vec::with_capacity(items.len());
    for group in items.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let threads: Vec<_> = group.iter().map(|item| scope.spawn(move || work(item))).collect();
            for thread in threads {
                results.push(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
        });
    }
    results
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_stand_in_the_order_of_their_items() {
        let items: Vec<usize> = (0..50).collect();
        assert_eq!(side_by_side(&items, |item| item * 2), (0..50).map(|item| item * 2).collect::<Vec<_>>());
    }

    #[test]
    fn the_items_are_worked_on_at_once() {
        // Nobody passes a barrier alone: one after another, this would never end.
        let barrier = Barrier::new(AT_ONCE);
        let items = [(); AT_ONCE];
        assert_eq!(side_by_side(&items, |()| barrier.wait().is_leader()).iter().filter(|leads| **leads).count(), 1);
    }
}
