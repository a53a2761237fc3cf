//! One client's connection: frames in, answers out, one request at a time and in order, as Kafka does it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::cluster::Cluster;
use super::link::Link;
use super::memory::Memory;
use super::requests::{Malformed, answer};

/// The largest frame that is read: Kafka's `socket.request.max.bytes`.
const MAX_FRAME_BYTES: usize = 100 * 1024 * 1024;
/// Read at once; a larger frame is read into a buffer of its own size.
const READ_BUFFER_BYTES: usize = 16 * 1024;
/// A larger buffer is not kept for the next frame.
const MOST_KEPT_BYTES: usize = 4 * READ_BUFFER_BYTES;
const LENGTH_BYTES: usize = 4;
/// The first size of a frame's buffer, which then grows as bytes arrive: a claimed length alone reserves nothing.
const FIRST_BUFFER_BYTES: usize = 64 * 1024;
/// How long a connection may be silent, even inside a frame: Kafka's `connections.max.idle.ms`.
const MOST_IDLE: Duration = Duration::from_secs(600);
/// The most that is read of what a client sends while it waits for an answer: its end of stream comes after all of that.
const MOST_AHEAD_BYTES: usize = 8 * 1024 * 1024;
/// How long a frame waits for room when it does not fit beside the other unfinished ones.
const ROOM_PATIENCE: Duration = Duration::from_secs(30);

/// Why a connection ended.
#[derive(Debug, Error)]
pub(super) enum Ended {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Serves a client until it leaves, or sends a malformed request.
pub(super) async fn serve(cluster: Arc<Cluster>, mut stream: TcpStream) {
    let link = Link::new(cluster.next_reader());
    cluster.connections.fetch_add(1, Ordering::AcqRel);
    if let Err(Ended::Malformed(_)) = serve_frames(&cluster, &link, &mut stream).await {
        cluster.malformed.fetch_add(1, Ordering::AcqRel);
    }
    cluster.connections.fetch_sub(1, Ordering::AcqRel);
    if link.has_fetched.into_inner() {
        cluster.topics.forget_reader(link.id);
        cluster.memory.wake();
    }
}

async fn serve_frames(cluster: &Cluster, link: &Link, stream: &mut TcpStream) -> Result<(), Ended> {
    stream.set_nodelay(true)?;
    let mut paused = cluster.paused.subscribe();
    let mut buffer = BytesMut::with_capacity(READ_BUFFER_BYTES);
    let mut held = Held { frames: &cluster.frames, bytes: 0, ahead: 0 };
    while let Some(frame) = read_frame(stream, &mut buffer, &mut held).await? {
        // The sender lives as long as the cluster, so waiting for it cannot fail.
        let _ = paused.wait_for(|paused| !paused).await;
        // An answer may take time (a fetch that waits, a producer that is held back); a client that has gone does not want it. But what can
        // be done at once is done: producers that want no answer send and go.
        let reply = tokio::select! {
            biased;
            reply = answer(cluster, link, frame) => reply?,
            () = read_ahead(stream, &mut buffer, &mut held) => return Ok(()),
        };
        held.release();
        if link.is_cut.load(Ordering::Relaxed) {
            return Ok(());
        }
        let _ = paused.wait_for(|paused| !paused).await;
        if let Some(mut reply) = reply {
            stream.write_all_buf(&mut reply).await?;
        }
        // Kafka mutes the channel of a client that is over its quota.
        let throttle = link.take_throttle();
        if !throttle.is_zero() {
            sleep(throttle).await;
        }
    }
    Ok(())
}

/// Reads what a client sends meanwhile, as far as there is room, and returns when it has closed its end.
async fn read_ahead(stream: &mut TcpStream, buffer: &mut BytesMut, held: &mut Held<'_>) {
    while buffer.len() < MOST_AHEAD_BYTES && held.reach_ahead(buffer.len()) {
        let mut limited = (&mut *stream).take(READ_BUFFER_BYTES as u64);
        if !matches!(limited.read_buf(buffer).await, Ok(1..)) {
            return;
        }
    }
    std::future::pending().await
}

/// The room that a connection takes for large data that is not answered yet. Returned on drop.
struct Held<'a> {
    frames: &'a Memory,
    /// The size of the frame that is being read or answered.
    bytes: u64,
    /// The size of what was read ahead, beyond a single read.
    ahead: u64,
}

impl Held<'_> {
    /// Reserves room for this many more bytes, waiting if necessary.
    async fn grow(&mut self, bytes: u64) -> Result<(), Ended> {
        let room = self.frames.wait_until(|| self.frames.try_take(bytes));
        timeout(ROOM_PATIENCE, room).await.map_err(|_| Malformed::NoRoom)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Reserves room to read beyond this many bytes, if there is some.
    fn reach_ahead(&mut self, read: usize) -> bool {
        let missing = (read as u64).saturating_sub(self.ahead);
        let taken = missing == 0 || self.frames.try_take_of_half(missing);
        self.ahead += if taken { missing } else { 0 };
        taken
    }

    /// `bytes` of what was read ahead now belong to a frame; `left` stay in the buffer.
    fn use_ahead(&mut self, bytes: usize, left: usize) {
        let used = self.ahead.min(bytes as u64);
        let spare = (self.ahead - used).saturating_sub(left as u64);
        self.ahead -= used + spare;
        self.bytes += used;
        self.frames.give_back(spare);
    }

    fn release(&mut self) {
        self.frames.give_back(std::mem::take(&mut self.bytes));
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.frames.give_back(self.bytes + self.ahead);
    }
}

/// Reads what comes next. A client that is silent for too long is taken to be gone.
async fn read_more(stream: &mut TcpStream, buffer: &mut BytesMut, most: usize) -> Result<usize, Ended> {
    let mut limited = (&mut *stream).take(most as u64);
    let read = timeout(MOST_IDLE, limited.read_buf(buffer)).await;
    Ok(read.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?)
}

/// The next frame without its length, or none if the client has closed.
async fn read_frame(
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
    held: &mut Held<'_>,
) -> Result<Option<Bytes>, Ended> {
    while buffer.len() < LENGTH_BYTES {
        if read_more(stream, buffer, READ_BUFFER_BYTES).await? == 0 {
            return if buffer.is_empty() { Ok(None) } else { Err(Malformed::CutShort.into()) };
        }
    }
    let length = usize::try_from(buffer.get_i32()).ok().filter(|length| *length <= MAX_FRAME_BYTES);
    let length = length.ok_or(Malformed::FrameLength)?;
    if length <= buffer.len() {
        let frame = Bytes::copy_from_slice(&buffer[..length]);
        buffer.advance(length);
        held.use_ahead(length, buffer.len());
        reclaim(buffer);
        return Ok(Some(frame));
    }
    let first = length.min(FIRST_BUFFER_BYTES.max(buffer.len()));
    held.use_ahead(buffer.len(), 0);
    held.grow((first as u64).saturating_sub(held.bytes)).await?;
    let mut frame = BytesMut::with_capacity(first);
    frame.extend_from_slice(buffer);
    buffer.clear();
    reclaim(buffer);
    while frame.len() < length {
        if frame.len() == frame.capacity() {
            let more = frame.len().min(length - frame.len());
            held.grow(more as u64).await?;
            frame.reserve(more);
        }
        let missing = length - frame.len();
        if read_more(stream, &mut frame, missing).await? == 0 {
            return Err(Malformed::CutShort.into());
        }
    }
    Ok(Some(frame.freeze()))
}

/// Makes the whole buffer writable again; it is the only handle on its memory, so
/// nothing is allocated. Memory from reading ahead is released.
fn reclaim(buffer: &mut BytesMut) {
    if buffer.is_empty() && buffer.capacity() > MOST_KEPT_BYTES {
        *buffer = BytesMut::with_capacity(READ_BUFFER_BYTES);
    }
    if buffer.capacity() - buffer.len() < LENGTH_BYTES || buffer.is_empty() {
        buffer.reserve(READ_BUFFER_BYTES - buffer.len().min(READ_BUFFER_BYTES));
    }
}
