//! One connection through a proxy: bytes in both directions, at the pace that the link allows.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::frames::{Answers, Awaited, Requests, Unreadable};
use super::link::{Condition, Wire};
use super::proxy::{Shared, Way};

/// What is read at once.
const PIECE_BYTES: usize = 16 * 1024;
/// How many pieces are on their way in one direction: with the above a window of 1 MiB.
const WINDOW: usize = 64;

/// Bytes, and when they arrive.
type Piece = (Instant, Vec<u8>);

/// Serves a client until it or the broker leaves, or the connection is reset.
pub(super) async fn serve(shared: Arc<Shared>, way: Arc<Way>, mut client: TcpStream) {
    way.meet();
    let mut condition = way.condition.subscribe();
    let connected = tokio::select! {
        biased;
        _ = condition.wait_for(|condition| condition.is_reset) => None,
        connected = TcpStream::connect((way.host.as_str(), way.port)) => connected.ok(),
    };
    let Some(mut broker) = connected else { return reset(&client) };
    let is_reset = tokio::select! {
        biased;
        _ = condition.wait_for(|condition| condition.is_reset) => true,
        () = pass(&shared, &way, &mut client, &mut broker) => false,
    };
    if is_reset {
        way.meet();
        reset(&client);
        reset(&broker);
    }
}

/// The connection, once it is dropped, is not closed but reset.
fn reset(stream: &TcpStream) {
    // If the system does not do that, it is closed.
    let _closed = stream.set_zero_linger();
}

/// Moves bytes until both ends have finished, or one of them failed.
async fn pass(shared: &Arc<Shared>, way: &Way, client: &mut TcpStream, broker: &mut TcpStream) {
    let _sent_in_pieces = client.set_nodelay(true).and_then(|()| broker.set_nodelay(true));
    let awaited = Mutex::new(Awaited::new());
    let asked = || awaited.lock().unwrap_or_else(PoisonError::into_inner);
    let (from_client, to_client) = client.split();
    let (from_broker, to_broker) = broker.split();
    let (mut requests, mut answers) = (Requests::default(), Answers::default());
    let up = move_bytes(from_client, to_broker, way, &way.up, |bytes| {
        requests.pass(bytes, &mut asked());
        Ok(bytes.to_vec())
    });
    let down = move_bytes(from_broker, to_client, way, &way.down, |bytes| {
        let mut instead = |id: i32, host: &str, port: u16| shared.way_to(id, host, port);
        answers.pass(bytes, &mut asked(), &mut instead).inspect_err(|Unreadable| shared.cannot_read(way))
    });
    // An end that failed takes the other with it.
    let _failed = tokio::try_join!(up, down);
}

/// One direction.
async fn move_bytes(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    way: &Way,
    wire: &Mutex<Wire>,
    change: impl FnMut(&[u8]) -> Result<Vec<u8>, Unreadable>,
) -> io::Result<()> {
    let (queue, queued) = channel(WINDOW);
    tokio::try_join!(read(from, queue, way, wire, change), write(to, queued, way.condition.subscribe())).map(|_| ())
}

async fn read(
    mut from: ReadHalf<'_>,
    queue: Sender<Piece>,
    way: &Way,
    wire: &Mutex<Wire>,
    mut change: impl FnMut(&[u8]) -> Result<Vec<u8>, Unreadable>,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE_BYTES];
    let mut last = Instant::now();
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        way.meet();
        let bytes = change(&buffer[..count]).map_err(|Unreadable| io::Error::from(io::ErrorKind::InvalidData))?;
        let condition = *way.condition.borrow();
        let arrives = wire.lock().unwrap_or_else(PoisonError::into_inner).arrival(
            &condition,
            Instant::now(),
            count,
            rand::random(),
        );
        // A connection's bytes stay in their order.
        last = last.max(arrives);
        if queue.send((last, bytes)).await.is_err() {
            return Ok(());
        }
    }
}

async fn write(
    mut to: WriteHalf<'_>,
    mut queued: Receiver<Piece>,
    mut condition: watch::Receiver<Condition>,
) -> io::Result<()> {
    while let Some((arrives, bytes)) = queued.recv().await {
        until_arrival(arrives, &mut condition).await;
        to.write_all(&bytes).await?;
    }
    to.shutdown().await
}

/// Waits until bytes arrive: not through a black hole, and at once when a slow link changes.
async fn until_arrival(arrives: Instant, condition: &mut watch::Receiver<Condition>) {
    let mut has_changed = false;
    loop {
        if condition.borrow_and_update().is_black_hole {
            has_changed = condition.changed().await.is_ok();
        } else if has_changed || arrives <= Instant::now() {
            return;
        } else {
            tokio::select! {
                () = sleep_until(arrives.into()) => return,
                _ = condition.changed() => has_changed = true,
            }
        }
    }
}
