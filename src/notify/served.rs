//! Webhooks on this machine's loopback: each answers call after call as it is told to, and keeps what it was sent.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use openssl::ssl::SslAcceptor;

use super::url::NotifyUrl;

/// What a webhook does with a call.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// Answers with this.
    Says(&'static str),
    /// Closes the connection.
    Closes,
    /// Never answers.
    Hangs,
    /// Answers with a header that has no end, a letter at a time.
    Drips,
    /// Lets the call through, as a proxy does, and takes what comes next.
    Tunnels,
}

pub(super) const OK: Does = Does::Says("HTTP/1.1 204 No Content\r\n\r\n");

pub(super) struct Webhook {
    address: SocketAddr,
    scheme: &'static str,
    calls: Receiver<String>,
}

impl Webhook {
    /// One that does these in turn, and the last of them for ever.
    pub(super) fn that(does: &[Does]) -> Self {
        Webhook::serve("http", does, answer)
    }

    /// The same behind TLS.
    pub(super) fn behind(acceptor: SslAcceptor, does: &[Does]) -> Self {
        Webhook::serve("https", does, move |client, does, told| {
            // A client that does not trust the certificate goes away.
            acceptor.accept(client).map_err(io::Error::other).and_then(|client| answer(client, does, told))
        })
    }

    fn serve(
        scheme: &'static str,
        does: &[Does],
        answer: impl Fn(TcpStream, Does, &Sender<String>) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (told, calls) = channel();
        let (does, last) = (does.to_vec(), *does.last().unwrap());
        thread::spawn(move || {
            for (client, does) in listener.incoming().zip(does.into_iter().chain(std::iter::repeat(last))) {
                // A client that has gone away is not the webhook's concern.
                let _gone = client.and_then(|client| answer(client, does, &told));
            }
        });
        Webhook { address, scheme, calls }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address with a secret at its end.
    pub(super) fn url(&self) -> NotifyUrl {
        self.url_of("hooks/T0/hunter2")
    }

    pub(super) fn url_of(&self, path: &str) -> NotifyUrl {
        format!("{}://{}/{path}", self.scheme, self.address).parse().unwrap()
    }

    /// The calls that it has answered so far, head and body.
    pub(super) fn calls(&self) -> Vec<String> {
        self.calls.try_iter().collect()
    }

    /// Waits for a call.
    pub(super) fn wait_for_a_call(&self) {
        self.calls.recv().unwrap();
    }
}

fn answer(mut client: impl Read + Write + 'static, does: Does, told: &Sender<String>) -> io::Result<()> {
    let call = read_call(&mut client)?;
    // The test that made this webhook may be over.
    let _over = told.send(call);
    match does {
        Does::Says(answer) => client.write_all(answer.as_bytes()),
        Does::Closes => Ok(()),
        Does::Hangs => {
            // Stays open until the process ends.
            Box::leak(Box::new(client));
            Ok(())
        }
        Does::Drips => drip(&mut client),
        Does::Tunnels => {
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            answer(client, OK, told)
        }
    }
}

fn read_call(client: &mut impl Read) -> io::Result<String> {
    let (mut client, mut call) = (BufReader::new(client), String::new());
    while !call.ends_with("\r\n\r\n") {
        if client.read_line(&mut call)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = call.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    client.take(length.unwrap_or(0)).read_to_string(&mut call)?;
    Ok(call)
}

/// Until the client goes away.
fn drip(client: &mut impl Write) -> io::Result<()> {
    let (_open, nothing) = channel::<()>();
    client.write_all(b"HTTP/1.1 200 OK\r\nX-Drips: ")?;
    while nothing.recv_timeout(Duration::from_millis(10)) == Err(RecvTimeoutError::Timeout) {
        client.write_all(b"x")?;
    }
    Ok(())
}
