//! The bytes of a connection, in plain text or encrypted.

use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use openssl::ssl::SslStream;

/// What is encrypted at once, at most: the size of a record of TLS.
const ENCRYPTED_BYTES: usize = 16 * 1024;

/// A way to a broker.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(SslStream<TcpStream>),
}

impl Stream {
    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_ref(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.read(space),
            Stream::Tls(tls) => tls.read(space),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
        }
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.write_vectored(pieces),
            Stream::Tls(tls) => tls.write(&joined(pieces)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.flush(),
            Stream::Tls(tls) => tls.flush(),
        }
    }
}

/// As much of the pieces as is encrypted at once: pieces of a few bytes are not worth a record each.
fn joined(pieces: &[IoSlice<'_>]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(ENCRYPTED_BYTES);
    for piece in pieces {
        let left = ENCRYPTED_BYTES - joined.len();
        joined.extend_from_slice(piece.get(..left).unwrap_or(piece));
    }
    joined
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp().as_fd()
    }
}
