//! Which part of a run was measured.

/// Which part of a run this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Run,
    /// Sending alone.
    Produce,
    /// Observing alone.
    Consume,
}

impl Role {
    /// The command's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Run => "run",
            Role::Produce => "produce",
            Role::Consume => "consume",
        }
    }

    /// Whether it sends.
    #[must_use]
    pub fn sends(self) -> bool {
        self != Role::Consume
    }

    /// Whether it observes.
    #[must_use]
    pub fn observes(self) -> bool {
        self != Role::Produce
    }
}
