//! Stretches of time in which something holds.

use std::ops::Range;

/// The longest stretches within `within` of which every place has it.
pub(super) fn stretches(within: Range<usize>, has_it: impl Fn(usize) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = within.start;
    std::iter::from_fn(move || {
        let start = (at..within.end).find(|place| has_it(*place))?;
        let end = (start..within.end).find(|place| !has_it(*place)).unwrap_or(within.end);
        at = end;
        Some(start..end)
    })
}

/// The same with those joined that have at most `gap` places between them. Sorted by their start.
pub(super) fn joined(stretches: impl Iterator<Item = Range<usize>>, gap: usize) -> Vec<Range<usize>> {
    let mut sorted: Vec<Range<usize>> = stretches.collect();
    sorted.sort_by_key(|stretch| stretch.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for stretch in sorted {
        match joined.last_mut() {
            Some(last) if stretch.start <= last.end + gap => last.end = last.end.max(stretch.end),
            _ => joined.push(stretch),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, gap: usize) -> Vec<Range<usize>> {
        let has: Vec<bool> = text.chars().map(|letter| letter == 'x').collect();
        joined(stretches(0..has.len(), |at| has[at]), gap)
    }

    #[test]
    fn stretches_are_the_longest_and_near_ones_are_joined() {
        assert!(of("", 0).is_empty());
        assert!(of("...", 0).is_empty());
        assert_eq!(of("xx.x..x", 0), [0..2, 3..4, 6..7]);
        assert_eq!(of("xx.x..x", 1), [0..4, 6..7]);
        assert_eq!(of("xx.x..x", 2).first(), Some(&(0..7)));
    }
}
