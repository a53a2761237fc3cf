//! One client's connection: frames in, answers out, one request at a time and in order, as Kafka does it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::cluster::Cluster;
use super::readers::ReaderId;
use super::requests::{Malformed, answer};

/// The largest frame that is read: Kafka's `socket.request.max.bytes`.
const MAX_FRAME_BYTES: usize = 100 * 1024 * 1024;
/// Read in one go; what does not fit into it is read into a buffer of the frame's own size.
const READ_BUFFER_BYTES: usize = 16 * 1024;
const LENGTH_BYTES: usize = 4;

/// Why a connection ended.
#[derive(Debug, Error)]
pub(super) enum Ended {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// What requests need to know of the connection that they came over.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: ReaderId,
    /// Told when something changes that a fetch of this connection waits for.
    pub(super) waiter: Arc<Notify>,
    pub(super) has_fetched: AtomicBool,
}

/// Serves a client until it leaves, or sends what makes no sense.
pub(super) async fn serve(cluster: Arc<Cluster>, mut stream: TcpStream) {
    let link = Link { id: cluster.next_reader(), waiter: Arc::default(), has_fetched: AtomicBool::new(false) };
    if let Err(Ended::Malformed(_)) = serve_frames(&cluster, &link, &mut stream).await {
        cluster.malformed.fetch_add(1, Ordering::AcqRel);
    }
    if link.has_fetched.into_inner() {
        cluster.topics.forget_reader(link.id);
        cluster.memory.wake();
    }
}

async fn serve_frames(cluster: &Cluster, link: &Link, stream: &mut TcpStream) -> Result<(), Ended> {
    stream.set_nodelay(true)?;
    let mut paused = cluster.paused.subscribe();
    let mut buffer = BytesMut::with_capacity(READ_BUFFER_BYTES);
    while let Some(frame) = read_frame(stream, &mut buffer).await? {
        // The sender lives as long as the cluster, so waiting for it cannot fail.
        let _ = paused.wait_for(|paused| !paused).await;
        let reply = answer(cluster, link, frame).await?;
        let _ = paused.wait_for(|paused| !paused).await;
        if let Some(mut reply) = reply {
            stream.write_all_buf(&mut reply).await?;
        }
    }
    Ok(())
}

/// The next frame without its length, or none when the client has closed.
async fn read_frame(stream: &mut TcpStream, buffer: &mut BytesMut) -> Result<Option<Bytes>, Ended> {
    while buffer.len() < LENGTH_BYTES {
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() { Ok(None) } else { Err(Malformed::CutShort.into()) };
        }
    }
    let length = usize::try_from(buffer.get_i32()).ok().filter(|length| *length <= MAX_FRAME_BYTES);
    let length = length.ok_or(Malformed::FrameLength)?;
    if length <= buffer.len() {
        let frame = Bytes::copy_from_slice(&buffer[..length]);
        buffer.advance(length);
        reclaim(buffer);
        return Ok(Some(frame));
    }
    let mut frame = BytesMut::with_capacity(length);
    frame.extend_from_slice(buffer);
    buffer.clear();
    reclaim(buffer);
    while frame.len() < length {
        let missing = length - frame.len();
        if (&mut *stream).take(missing as u64).read_buf(&mut frame).await? == 0 {
            return Err(Malformed::CutShort.into());
        }
    }
    Ok(Some(frame.freeze()))
}

/// Makes the whole buffer writable again; it is the only handle on its memory, so nothing is allocated.
fn reclaim(buffer: &mut BytesMut) {
    if buffer.capacity() - buffer.len() < LENGTH_BYTES || buffer.is_empty() {
        buffer.reserve(READ_BUFFER_BYTES - buffer.len().min(READ_BUFFER_BYTES));
    }
}
