//! How a run is shown while it goes on: as a view that takes the screen, or as a line.

use std::io::{self, Stderr, stderr};

use super::view::{LiveView, View, is_possible};
use super::{LiveFigures, LiveLine, Look};
use crate::conclude::Role;
use crate::profile::Profile;
use crate::run::News;

/// What is shown of a run, on standard error.
pub(crate) struct Shown<'a> {
    profile: &'a Profile,
    role: Role,
    line: LiveLine<Stderr>,
    view: Viewing,
}

/// Whether the view is shown.
enum Viewing {
    /// When the run begins.
    Later(Box<View>),
    Now(LiveView, Vec<String>),
    /// The terminal was closed.
    Over,
    /// The line is shown instead.
    No,
}

impl<'a> Shown<'a> {
    /// Prepares to show a run of the profile of this name: as a view if `wants_view` and the terminal can.
    pub(crate) fn new(name: &str, profile: &'a Profile, role: Role, wants_view: bool) -> Self {
        let view = if wants_view && is_possible() {
            Viewing::Later(Box::new(View::new(name, role, profile)))
        } else {
            Viewing::No
        };
        Shown { profile, role, line: LiveLine::new(stderr(), Look::of_stderr()), view }
    }

    /// Whether this is the view: it is to hear of every second.
    pub(crate) fn is_view(&self) -> bool {
        !matches!(self.view, Viewing::No)
    }

    /// Whether the run outlives the terminal that shows it.
    pub(crate) fn outlives_terminal(&self) -> bool {
        self.is_view()
    }

    /// Says something before the run; it stands on the view, too.
    ///
    /// # Errors
    /// What the system said; a reader that went away is none.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        if let Viewing::Later(view) = &mut self.view {
            view.say(text);
        }
        self.line.say(text)
    }

    /// Shows what the run has to tell.
    ///
    /// # Errors
    /// What the system said; a reader that went away is none.
    pub(crate) fn hear(&mut self, news: News<'_>) -> io::Result<()> {
        match &mut self.view {
            Viewing::Now(view, said) => {
                if let News::Said(text) = &news {
                    said.push((*text).to_owned());
                }
                if matches!(news, News::HungUp) {
                    view.let_go();
                    self.view = Viewing::Over;
                } else {
                    view.change(|view| view.hear(&news, self.profile));
                }
                Ok(())
            }
            Viewing::Over => Ok(()),
            Viewing::Later(_) => self.begin(),
            Viewing::No => self.hear_as_line(news),
        }
    }

    /// Takes the screen; one that does not let itself be taken gets the line.
    fn begin(&mut self) -> io::Result<()> {
        if let Viewing::Later(view) = std::mem::replace(&mut self.view, Viewing::No) {
            self.view = Viewing::Now(LiveView::open(*view)?, Vec::new());
        }
        Ok(())
    }

    fn hear_as_line(&mut self, news: News<'_>) -> io::Result<()> {
        match news {
            News::Second(seen) => self.line.show(&LiveFigures::of_second(seen, self.role, self.profile)),
            News::Said(text) => self.line.say(text),
            _ => Ok(()),
        }
    }

    /// Makes room for the closing table. What was said on the view stands below its last frame.
    ///
    /// # Errors
    /// What the system said; a reader that went away is none.
    pub(crate) fn close(mut self) -> io::Result<()> {
        if let Viewing::Now(mut view, said) = std::mem::replace(&mut self.view, Viewing::Over) {
            view.change(View::end);
            view.close();
            for text in said {
                self.line.say(&text)?;
            }
        }
        self.line.close()
    }
}

impl View {
    fn hear(&mut self, news: &News<'_>, profile: &Profile) {
        match news {
            News::Second(seen) => self.second(seen, profile),
            News::Said(text) => self.say(text),
            News::Unacknowledged(streams) => self.unacknowledged(streams),
            News::WaitsFor(what) => self.waits_for(what),
            News::Stopping => self.stopping(),
            News::Begun | News::HungUp => {}
        }
    }
}
