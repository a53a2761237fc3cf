//! What can be said of an event for certain.

/// What holds for an event under any parallelism, interleaving and ticks of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// At least one of its windows takes it in.
    SureKeep,
    /// It is lost from all its windows.
    SureDrop,
    /// It depends on how the engine reads.
    Race,
    /// The engine rejects such events (Kafka Streams: negative times, no key).
    Refused,
}
