//! When to call again, how long to wait before, and when to give up. Pure: times come in as arguments.

use std::time::Duration;

use super::LONGEST;
use super::said::Said;

/// How long is taken for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For all calls and the pauses between them.
    pub whole: Duration,
    /// For one call, from looking its name up to the answer.
    pub call: Duration,
    /// What must be left for a call to be worth its while.
    pub least: Duration,
    /// The first pause; each further one is twice as long.
    pub first_pause: Duration,
    /// No pause is longer, unless the server asks for it.
    pub longest_pause: Duration,
}

/// What to do after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The message was taken.
    Done,
    /// Wait for `pause`, and call for no longer than `within`.
    Again { pause: Duration, within: Duration },
    /// Nothing more helps, or no time is left.
    GiveUp,
}

impl Patience {
    /// A second is left for what the machine itself takes.
    pub(super) const USUAL: Patience = Patience {
        whole: LONGEST.saturating_sub(Duration::from_secs(1)),
        call: Duration::from_secs(9),
        least: Duration::from_secs(1),
        first_pause: Duration::from_millis(500),
        longest_pause: Duration::from_secs(8),
    };

    /// What to do when `tries` calls were made, the last one said this, and `spent` has passed since the first one began.
    pub(super) fn after(&self, tries: u32, spent: Duration, said: &Said) -> Next {
        if *said == Said::Taken {
            return Next::Done;
        }
        let pause = self.pause(tries).max(said.asks_to_wait().unwrap_or_default());
        let left = self.whole.saturating_sub(spent).saturating_sub(pause);
        if said.may_change() && left >= self.least {
            Next::Again { pause, within: left.min(self.call) }
        } else {
            Next::GiveUp
        }
    }

    /// The pause after so many calls, if the server does not ask for a longer one.
    fn pause(&self, tries: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
        self.first_pause.saturating_mul(doubled).min(self.longest_pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ureq::http::StatusCode;

    fn refused(code: u16, wait: Option<Duration>) -> Said {
        Said::Refused { status: StatusCode::from_u16(code).unwrap(), why: None, wait }
    }

    fn any_said() -> impl Strategy<Value = Said> {
        let wait = prop::option::of((0_u64..60_000).prop_map(Duration::from_millis));
        prop_oneof![
            1 => Just(Said::Taken),
            1 => Just(Said::Leads { status: StatusCode::FOUND, to: None }),
            8 => Just(Said::CutOff),
            8 => Just(Said::Silent { within: Duration::from_secs(9) }),
            16 => (400_u16..600, wait).prop_map(|(code, wait)| refused(code, wait)),
        ]
    }

    fn any_patience() -> impl Strategy<Value = Patience> {
        let ms = |range: std::ops::Range<u64>| range.prop_map(Duration::from_millis);
        // No shorter calls: they would be very many.
        (ms(1..60_000), ms(500..60_000), ms(1..5_000), ms(0..5_000), ms(0..20_000)).prop_map(
            |(whole, call, least, first_pause, longest_pause)| Patience {
                whole,
                call,
                least,
                first_pause,
                longest_pause,
            },
        )
    }

    /// Plays calls that take a share of the time that they may take, until it is over. Gives how long it took, the pauses, and the end.
    fn play(patience: &Patience, calls: &[(Said, f64)]) -> (Duration, Vec<Duration>, Next) {
        let (mut spent, mut within, mut pauses) = (Duration::ZERO, patience.call.min(patience.whole), Vec::new());
        for (tries, (said, share)) in (1..).zip(calls.iter().cycle()) {
            spent += within.mul_f64(*share);
            match patience.after(tries, spent, said) {
                Next::Again { pause, within: next } => {
                    spent += pause;
                    within = next;
                    pauses.push(pause);
                }
                end => return (spent, pauses, end),
            }
        }
        unreachable!("calls go on for ever");
    }

    fn any_calls() -> impl Strategy<Value = Vec<(Said, f64)>> {
        // Each call takes some time, as a real one does: without any, and without a pause, they would go on for ever.
        prop::collection::vec((any_said(), 0.01..1.0), 1..40)
    }

    proptest! {
        #[test]
        fn it_ends_and_never_takes_longer_than_there_is(patience in any_patience(), calls in any_calls()) {
            let (spent, _, end) = play(&patience, &calls);
            prop_assert!(spent <= patience.whole, "{:?} of {:?}", spent, patience.whole);
            prop_assert!(matches!(end, Next::Done | Next::GiveUp));
        }

        #[test]
        fn with_the_usual_patience_it_is_over_before_the_longest(calls in any_calls()) {
            let (spent, _, _) = play(&Patience::USUAL, &calls);
            prop_assert!(spent < LONGEST, "{:?}", spent);
        }

        #[test]
        fn a_server_that_asks_for_a_pause_gets_it(
            tries in 1_u32..20, spent_ms in 0_u64..29_000, code in 500_u16..600, wait_ms in 0_u64..40_000,
        ) {
            let (spent, wait) = (Duration::from_millis(spent_ms), Duration::from_millis(wait_ms));
            match Patience::USUAL.after(tries, spent, &refused(code, Some(wait))) {
                Next::Again { pause, .. } => prop_assert!(pause >= wait),
                end => {
                    prop_assert_eq!(end, Next::GiveUp);
                    let needed = spent + wait.max(Patience::USUAL.longest_pause) + Patience::USUAL.least;
                    prop_assert!(needed > Patience::USUAL.whole, "there was time for it");
                }
            }
        }

        #[test]
        fn a_final_answer_is_the_last(tries in 1_u32..20, spent_ms in 0_u64..29_000, code in 400_u16..600) {
            let said = refused(code, None);
            prop_assume!(!said.may_change());
            prop_assert_eq!(Patience::USUAL.after(tries, Duration::from_millis(spent_ms), &said), Next::GiveUp);
        }

        #[test]
        fn the_number_of_tries_overflows_nothing(tries: u32) {
            prop_assert!(Patience::USUAL.pause(tries) <= Patience::USUAL.longest_pause);
        }
    }

    #[test]
    fn pauses_double() {
        let at_once = vec![(refused(500, None), 0.0)];
        let (spent, pauses, end) = play(&Patience::USUAL, &at_once);
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 8_000].map(Duration::from_millis));
        assert_eq!((spent, end), (Duration::from_millis(23_500), Next::GiveUp));
    }

    #[test]
    fn what_never_answers_is_called_three_times() {
        let (_, pauses, end) = play(&Patience::USUAL, &[(Said::Silent { within: Patience::USUAL.call }, 1.0)]);
        assert_eq!((pauses.len() + 1, end), (3, Next::GiveUp));
    }
}
