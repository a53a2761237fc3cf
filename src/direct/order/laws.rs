//! Laws of the order, held against a model of a broker that fails in every way.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::*;

/// A batch of this many records, the first of them with this number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbered {
    first: i32,
    records: i32,
    ends_ns: u64,
}

impl Ordered for Numbered {
    fn records(&self) -> i32 {
        self.records
    }
    fn is_over(&self, now_ns: u64) -> bool {
        self.ends_ns <= now_ns
    }
    fn halves(&mut self) -> Option<[Self; 2]> {
        let half = self.records / 2;
        let first = Numbered { records: half, ..self.clone() };
        let second = Numbered { first: self.first + half, records: self.records - half, ..self.clone() };
        (half > 0).then_some([first, second])
    }
}

/// How the broker treats the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Treatment {
    Properly,
    /// Nothing is written, and it says so.
    Refused,
    /// It is written, and the answer says neither yes nor no.
    WrittenAndDoubted,
    /// The connection ends before it is read.
    CutBefore,
    /// The connection ends before it is answered.
    CutAfter,
    /// It will never be taken.
    Never,
    TooLarge,
    /// The partition has forgotten its producers.
    Forgotten,
    /// Once everything has been answered, another broker leads, and knows no producers.
    Moved,
    /// The log ends before the last batch: it was lost with a leader.
    Truncated,
    /// Time passes: what is not under way is over.
    Expire,
}

#[derive(Debug, Clone)]
struct Request {
    number: u64,
    batch: Numbered,
    stamp: Stamp,
}

/// A partition as Kafka keeps it.
#[derive(Debug, Default)]
struct Log {
    written: Vec<Numbered>,
    epoch: Option<i16>,
    recent: VecDeque<(i32, i32, i64)>,
    most_records: i32,
}

impl Log {
    fn forget(&mut self) {
        (self.epoch, self.recent) = (None, VecDeque::new());
    }

    fn offset(&self) -> i64 {
        self.written.iter().map(|batch| i64::from(batch.records)).sum()
    }

    fn append(&mut self, request: &Request) -> Verdict {
        let Request { batch, stamp, .. } = request;
        if batch.records > self.most_records {
            return Verdict::TooLarge;
        }
        let last = stamp.first.wrapping_add(batch.records - 1) & i32::MAX;
        if self.epoch == Some(stamp.epoch) {
            if let Some((.., offset)) = self.recent.iter().find(|(first, to, _)| (*first, *to) == (stamp.first, last)) {
                return Verdict::Written { offset: Some(*offset) };
            }
            let follows = self.recent.back().is_none_or(|(_, to, _)| to.wrapping_add(1) & i32::MAX == stamp.first);
            if !follows {
                return Verdict::Gap;
            }
        } else if self.epoch.is_some_and(|epoch| epoch > stamp.epoch || stamp.first != 0) {
            return Verdict::Gap;
        } else {
            self.recent.clear();
            self.epoch = Some(stamp.epoch);
        }
        let offset = self.offset();
        self.recent.push_back((stamp.first, last, offset));
        if self.recent.len() > MOST_UNDER_WAY {
            self.recent.pop_front();
        }
        self.written.push(batch.clone());
        Verdict::Written { offset: Some(offset) }
    }
}

/// A client, its connection, and the broker.
struct World {
    order: Order<Numbered>,
    log: Log,
    connection: VecDeque<Request>,
    numbers: u64,
    settled: Settled<Numbered>,
}

impl World {
    fn of(most_records: i32) -> Self {
        let log = Log { most_records, ..Log::default() };
        World { order: Order::new(0), log, connection: VecDeque::new(), numbers: 0, settled: Vec::new() }
    }

    fn send_all(&mut self) {
        loop {
            self.numbers += 1;
            let number = self.numbers;
            let Some((batch, stamp)) = self.order.send_next(number) else { return };
            self.connection.push_back(Request { number, batch: batch.clone(), stamp });
        }
    }

    fn answer(&mut self, number: u64, verdict: Verdict) {
        self.order.answer(number, verdict, &mut self.settled);
    }

    fn cut(&mut self) {
        for request in std::mem::take(&mut self.connection) {
            self.answer(request.number, Verdict::Again { perhaps_written: true });
        }
    }

    fn move_on(&mut self) {
        while let Some(request) = self.connection.pop_front() {
            let verdict = self.log.append(&request);
            self.answer(request.number, verdict);
        }
        self.log.forget();
        self.order.is_led_by_another();
    }

    fn step(&mut self, treatment: Treatment) {
        self.send_all();
        match treatment {
            Treatment::Expire => return self.order.expire(1, &mut self.settled),
            Treatment::Forgotten => self.log.forget(),
            Treatment::Moved => return self.move_on(),
            Treatment::CutBefore => return self.cut(),
            Treatment::CutAfter => {
                if let Some(request) = self.connection.front() {
                    self.log.append(&request.clone());
                }
                return self.cut();
            }
            _ => {}
        }
        let Some(request) = self.connection.pop_front() else { return };
        let verdict = match treatment {
            Treatment::Refused => Verdict::Again { perhaps_written: false },
            Treatment::Never => Verdict::Never { code: ErrorCode::InvalidRecord, perhaps_written: false },
            Treatment::TooLarge => Verdict::TooLarge,
            _ => {
                let before = self.log.written.len();
                match (self.log.append(&request), treatment) {
                    (Verdict::Written { .. }, Treatment::WrittenAndDoubted) => Verdict::Again { perhaps_written: true },
                    (Verdict::Written { .. }, Treatment::Truncated) if self.log.written.len() > before => {
                        self.log.written.pop();
                        self.log.recent.pop_back();
                        Verdict::Again { perhaps_written: true }
                    }
                    (verdict, _) => verdict,
                }
            }
        };
        self.answer(request.number, verdict);
    }

    /// How often each record is in the log.
    fn copies(&self) -> BTreeMap<i32, usize> {
        let mut copies = BTreeMap::new();
        for record in self.log.written.iter().flat_map(|batch| batch.first..batch.first + batch.records) {
            *copies.entry(record).or_default() += 1;
        }
        copies
    }
}

fn treatment() -> impl Strategy<Value = Treatment> {
    prop_oneof![
        6 => Just(Treatment::Properly),
        2 => Just(Treatment::Refused),
        2 => Just(Treatment::WrittenAndDoubted),
        2 => Just(Treatment::CutBefore),
        2 => Just(Treatment::CutAfter),
        1 => Just(Treatment::Never),
        1 => Just(Treatment::TooLarge),
        1 => Just(Treatment::Truncated),
        1 => Just(Treatment::Expire),
    ]
}

/// Plays the treatments to batches of these sizes, of which some are over once time passes, and then treats everything properly.
fn played(sizes: &[(i32, bool)], treatments: &[Treatment], first_sequence: i32, most_records: i32) -> World {
    let mut world = World::of(most_records);
    world.order.next_sequence = first_sequence;
    let mut first = 0;
    let mut treatments = treatments.iter();
    for (records, is_short_lived) in sizes {
        let ends_ns = if *is_short_lived { 1 } else { 2 };
        world.order.push(Numbered { first, records: *records, ends_ns });
        first += records;
        for treatment in treatments.by_ref().take(2) {
            world.step(*treatment);
        }
    }
    for treatment in treatments {
        world.step(*treatment);
    }
    for _ in 0..1000 {
        world.step(Treatment::Properly);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn the_books_are_true_whatever_the_broker_does(
        sizes in prop::collection::vec((1_i32..9, prop::bool::weighted(0.2)), 1..30),
        treatments in prop::collection::vec(treatment(), 0..60),
        first_sequence in prop_oneof![Just(0), Just(i32::MAX - 20)],
        most_records in 4_i32..9,
    ) {
        let world = played(&sizes, &treatments, first_sequence, most_records);
        let copies = world.copies();
        let planned: i32 = sizes.iter().map(|(records, _)| records).sum();
        let mut told = BTreeMap::new();
        for (batch, fate) in &world.settled {
            for record in batch.first..batch.first + batch.records {
                prop_assert!(told.insert(record, *fate).is_none(), "{record} is settled twice");
                let copies = copies.get(&record).copied().unwrap_or_default();
                match fate {
                    Fate::Written(_) => prop_assert_eq!(copies, 1, "{} was acknowledged", record),
                    Fate::Failed(_) => prop_assert_eq!(copies, 0, "{} failed", record),
                    Fate::Unresolved(_) => prop_assert!(copies <= 1, "{record} is there twice"),
                }
            }
        }
        prop_assert_eq!(told.len(), planned as usize, "every record is settled");
        let log: Vec<i32> = world.log.written.iter().map(|batch| batch.first).collect();
        prop_assert!(log.is_sorted(), "{log:?}");
    }

    #[test]
    fn a_broker_that_forgets_producers_gets_nothing_twice(
        sizes in prop::collection::vec((1_i32..9, Just(false)), 1..30),
        treatments in prop::collection::vec(prop_oneof![4 => Just(Treatment::Properly), 1 => Just(Treatment::Refused), 1 => Just(Treatment::Forgotten)], 0..60),
    ) {
        let world = played(&sizes, &treatments, 0, 9);
        prop_assert!(world.copies().values().all(|copies| *copies == 1));
        prop_assert!(world.settled.iter().all(|(_, fate)| matches!(fate, Fate::Written(_))));
    }

    #[test]
    fn a_leader_that_knows_nothing_keeps_the_order(
        sizes in prop::collection::vec((1_i32..9, Just(false)), 1..30),
        treatments in prop::collection::vec(prop_oneof![4 => Just(Treatment::Properly), 1 => Just(Treatment::Refused), 1 => Just(Treatment::Moved)], 0..60),
    ) {
        let world = played(&sizes, &treatments, 0, 9);
        prop_assert!(world.copies().values().all(|copies| *copies == 1));
        let log: Vec<i32> = world.log.written.iter().map(|batch| batch.first).collect();
        prop_assert!(log.is_sorted(), "{log:?}");
    }

    #[test]
    fn a_broker_that_misses_nothing_costs_no_epoch(
        sizes in prop::collection::vec((1_i32..9, Just(false)), 1..30),
        treatments in prop::collection::vec(prop_oneof![
            6 => Just(Treatment::Properly),
            1 => Just(Treatment::Refused),
            1 => Just(Treatment::WrittenAndDoubted),
            2 => Just(Treatment::Never),
            2 => Just(Treatment::TooLarge),
        ], 0..60),
        first_sequence in prop_oneof![Just(0), Just(i32::MAX - 20)],
        most_records in 1_i32..9,
    ) {
        let world = played(&sizes, &treatments, first_sequence, most_records);
        prop_assert_eq!(world.order.epoch, 0);
    }
}

#[test]
fn sequences_go_on_at_zero_after_the_largest() {
    let world = played(&[(5, false), (5, false)], &[], i32::MAX - 5, 9);
    assert_eq!(world.order.next_sequence, 4);
    assert_eq!(world.log.written.len(), 2);
}

#[test]
fn what_is_never_taken_uses_up_no_epochs() {
    let world = played(&[(5, false); 50], &[Treatment::Never; 200], 0, 9);
    assert_eq!((world.order.epoch, world.order.next_sequence), (0, 0));
    assert!(world.settled.iter().all(|(_, fate)| matches!(fate, Fate::Failed(_))));
}

#[test]
fn what_may_have_been_written_goes_again_although_a_later_batch_fails_for_good() {
    let mut world = World::of(9);
    for number in 0..4 {
        world.order.push(Numbered { first: number * 5, records: 5, ends_ns: 2 });
    }
    for treatment in [Treatment::Properly, Treatment::WrittenAndDoubted, Treatment::Never] {
        world.step(treatment);
    }
    for _ in 0..4 {
        world.step(Treatment::Properly);
    }
    let mut fates: Vec<(i32, bool)> =
        world.settled.iter().map(|(batch, fate)| (batch.first, matches!(fate, Fate::Written(_)))).collect();
    fates.sort_unstable();
    assert_eq!(fates, [(0, true), (5, true), (10, false), (15, true)]);
}

#[test]
fn what_a_forgetful_broker_took_behind_a_hole_keeps_its_sequences() {
    let mut world = World::of(9);
    for number in 0..5 {
        world.order.push(Numbered { first: number * 5, records: 5, ends_ns: 2 });
        if number == 3 {
            world.step(Treatment::Properly);
            world.step(Treatment::Never);
            world.step(Treatment::Forgotten);
        }
    }
    for _ in 0..4 {
        world.step(Treatment::Properly);
    }
    let log: Vec<i32> = world.log.written.iter().map(|batch| batch.first).collect();
    assert_eq!((log, world.order.epoch), (vec![0, 10, 15, 20], 0));
}
