//! A connection, as far as the requests that come over it are concerned.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Notify;

use super::readers::ReaderId;

/// What requests need to know of the connection that they came over.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: ReaderId,
    /// Told when something changes that a fetch of this connection waits for.
    pub(super) waiter: Arc<Notify>,
    pub(super) has_fetched: AtomicBool,
}
