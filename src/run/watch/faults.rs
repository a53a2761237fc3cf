//! The faults that a run injects while it goes on.

use super::Watch;
use crate::conclude::Measured;
use crate::faults::Played;

impl Watch<'_> {
    /// Passes on what happened to the faults since the last call.
    pub(super) fn hear_of_faults(&mut self) {
        for text in self.faults.news() {
            self.say(&text);
        }
    }

    /// Waits until everything is undone: what is in flight may need what was broken. A second signal ends the wait, and the guards undo the rest.
    pub(super) fn wait_for_faults(&mut self) {
        while let Some(lasting) = self.faults.lasting().filter(|_| !self.stop.is_set_twice()) {
            if !lasting.is_empty() {
                self.wait_now_for(format!("the end of the fault {}", lasting.join(", ")));
            }
            self.look();
        }
    }

    /// A run that ends at once leaves what is broken to the guards.
    pub(super) fn say_who_undoes(&mut self) {
        let lasting = self.faults.lasting().unwrap_or_default().join(", ");
        if !lasting.is_empty() {
            self.say(&format!("the fault {lasting} is undone by its guard, which says when that is done"));
        }
    }

    /// Takes in what became of the faults.
    pub(super) fn take_in_faults(&mut self, measured: &mut Measured) {
        self.hear_of_faults();
        measured.faults = self.faults.played().filter_map(Played::incident).collect();
        measured.troubles.extend(self.faults.played().flat_map(Played::troubles));
    }
}
