//! The due time of an event by its number: a message's claim of its due time is checked against this.

use std::sync::Arc;

use super::arrivals::Blocks;
use super::injections::Tries;
use super::rate::RateCurve;
use super::schedule::StreamSchedule;

/// How many blocks are kept for all producers of a stream together: 8 KiB each.
const KEPT_BLOCKS: usize = 512;

/// Knows when any event of a stream is due. Blocks of the schedule are generated on demand, and the most recent are kept: events that
/// arrive roughly in the order of their numbers cost as much as generating their due times once.
#[derive(Debug)]
pub(crate) struct DueTimes {
    schedule: Arc<StreamSchedule>,
    producers: Vec<ProducerDues>,
    /// The most blocks that are kept for one producer.
    most: usize,
}

/// When the sends of one event are due, in nanoseconds from the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dues {
    place_ns: u64,
    /// None for an event that is sent once, in its place.
    tries: Option<Tries>,
}

#[derive(Debug)]
struct ProducerDues {
    planned: u64,
    blocks: Box<dyn Blocks>,
    /// The most recently used block comes first.
    kept: Vec<KeptBlock>,
}

#[derive(Debug)]
struct KeptBlock {
    first: u64,
    due_ns: Vec<u64>,
}

impl KeptBlock {
    fn due_ns(&self, sequence: u64) -> Option<u64> {
        self.due_ns.get(usize::try_from(sequence.checked_sub(self.first)?).ok()?).copied()
    }
}

impl Dues {
    /// When the event's first send is due.
    #[must_use]
    pub(crate) fn first_ns(&self) -> u64 {
        self.all().next().unwrap_or(self.place_ns)
    }

    /// Whether it is sent once.
    #[must_use]
    pub(crate) fn is_single(&self) -> bool {
        self.tries.is_none()
    }

    /// When each of its sends is due, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = u64> {
        let after_ns: &[u64] = self.tries.as_ref().map_or(&[0], Tries::after_ns);
        after_ns.iter().map(|after_ns| self.place_ns.saturating_add(*after_ns))
    }
}

impl DueTimes {
    /// For this schedule.
    #[must_use]
    pub(crate) fn of(schedule: Arc<StreamSchedule>) -> Self {
        let dues = |producer| ProducerDues {
            planned: schedule.planned_by(producer),
            blocks: schedule.blocks(producer),
            kept: Vec::new(),
        };
        let producers: Vec<_> = (0..schedule.producers()).map(dues).collect();
        let most = (KEPT_BLOCKS / producers.len().max(1)).max(2);
        DueTimes { schedule, producers, most }
    }

    /// When an event is due; nothing for one that the schedule does not have.
    pub(crate) fn when(&mut self, producer: u16, sequence: u64) -> Option<Dues> {
        let own = self.producers.get_mut(usize::from(producer)).filter(|own| sequence < own.planned)?;
        let place_ns = match own.kept.iter().position(|block| block.due_ns(sequence).is_some()) {
            Some(at) => {
                own.kept[..=at].rotate_right(1);
                own.kept.first().and_then(|block| block.due_ns(sequence))
            }
            None => own.make(self.schedule.curve(), sequence, self.most),
        }?;
        Some(Dues { place_ns, tries: self.schedule.injections().tries(producer, sequence) })
    }
}

impl ProducerDues {
    /// Generates the block that holds an event, in place of the least recently used one.
    fn make(&mut self, curve: &RateCurve, sequence: u64, most: usize) -> Option<u64> {
        self.blocks.seek_event(curve, sequence);
        let block = self.blocks.next_block(curve)?;
        let mut due_ns = if self.kept.len() < most {
            Vec::new()
        } else {
            self.kept.pop().map(|oldest| oldest.due_ns).unwrap_or_default()
        };
        due_ns.clear();
        self.blocks.add_due_ns(curve, block, &mut due_ns);
        self.kept.insert(0, KeptBlock { first: block.first, due_ns });
        self.kept.first().and_then(|block| block.due_ns(sequence))
    }
}
