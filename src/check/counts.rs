//! What happened to the events: the counts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mergeable::Merge;

/// Declares the counts once, with their merge: every field is a sum over parts.
macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What happened to the events, at one stage or over all.
        ///
        /// The laws that tie them together:
        /// `planned = acked + failed + dropped + unresolved`, and
        /// `acked + unresolved_delivered = delivered + lost + in_flight`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Merge for Counts {
            fn merge(&mut self, other: Self) {
                let Counts { $($name),* } = other;
                $(self.$name += $name;)*
            }
        }
    };
}

counts! {
    /// How many events did the schedule want sent? (Events are counted once, however often they are sent.)
    planned,
    /// How many events were handed to the client at least once?
    sent,
    /// How many events did the broker acknowledge (with exactly-once: in a committed transaction)?
    acked,
    /// How many events did the client give up on, certain that they were not written?
    failed,
    /// How many events did the generator not send because the client's queue was full and the profile says to drop events then?
    dropped,
    /// For how many events does the client not know whether they were written?
    unresolved,
    /// How many events were seen at the stage at least once?
    delivered,
    /// How many unresolved events were seen after all?
    unresolved_delivered,
    /// How many acked events are missing although the consumer has read past where they were written?
    lost,
    /// How many acked events are missing without it being known whether they are lost: the reading ended before them, readers are not shown
    /// them yet, or they may be among messages that cannot be read?
    in_flight,
    /// How many deliveries were further copies that the profile asked for?
    duplicates_injected,
    /// How many deliveries were further copies that the profile did not ask for?
    duplicates_accidental,
    /// How many first deliveries came after a later event of their lane because the profile moved them?
    reordered_injected,
    /// How many first deliveries came after a later event of their lane although the profile did not ask for that?
    reordered_accidental,
    /// How many first deliveries came after a later event with the same key of the same producer, although the profile did not ask for that?
    reordered_by_key,
    /// How many delivered events carried an event time that the profile made late?
    late_injected,
    /// How many delivered events carried a due time that is not the schedule's? Their latency runs from the schedule's.
    #[serde(default)]
    due_wrong,
    /// How many messages were not this run's: another run's, or no event at all?
    foreign,
    /// How many of the foreign messages held no readable id?
    unreadable,
    /// How many messages carried an id of this run that was never sent?
    phantom,
    /// How many further copies did the schedule want sent?
    copies_planned,
    /// How many further copies were acknowledged?
    copies_acked,
    /// How many further copies failed, were dropped or stayed unresolved?
    copies_not_acked,
}

impl Counts {
    /// How many of the stream's messages were seen, further copies included?
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.delivered + self.duplicates_injected + self.duplicates_accidental
    }
}
