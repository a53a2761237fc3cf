//! What requests need to know about their connection.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Notify;

use super::readers::ReaderId;

/// What requests need to know about their connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: ReaderId,
    /// Notified when something changes that a fetch of this connection waits for.
    pub(super) waiter: Arc<Notify>,
    pub(super) has_fetched: AtomicBool,
}
