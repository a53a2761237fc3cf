//! A connection to one broker: opened, its versions known, logged in.
//!
//! Until [`Connection::without_waiting`] each call blocks until it is answered. After that no call blocks: it reads or writes what the socket
//! takes at once, and the caller polls for the rest.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use kafka_protocol::messages::api_versions_response::ApiVersionsResponse;
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, RequestHeader};
use kafka_protocol::protocol::{Decodable, Encodable, Request, StrBytes};

use super::error::WireError;
use super::frame::{Answer, Frames};
use super::layout::Host;
use super::security::Security;
use super::shapes;
use super::stream::Stream;
use super::versions::{NoCommon, Versions};

/// How connections are opened.
#[derive(Debug, Clone)]
pub(crate) struct ConnectOptions {
    /// What the client calls itself.
    pub(crate) client_id: String,
    /// How long a broker may take to accept, and for each answer until the connection can be used.
    pub(crate) patience: Duration,
    /// Encryption and login.
    pub(crate) security: Security,
    /// A longer answer is not believed.
    pub(crate) most_answer_bytes: usize,
}

/// A connection that is ready for requests.
#[derive(Debug)]
pub(crate) struct Connection {
    broker: String,
    client_id: String,
    patience: Duration,
    stream: Stream,
    frames: Frames,
    versions: Versions,
    correlation: i32,
}

impl Connection {
    /// Connects, asks for the broker's versions, and logs in.
    ///
    /// # Errors
    /// [`WireError`], within a few times the patience of the options.
    pub(crate) fn open(host: &Host, options: &ConnectOptions) -> Result<Self, WireError> {
        let broker = host.to_string();
        let tcp = reach(host, options.patience).map_err(|error| unreachable(&broker, &error))?;
        let stream = match &options.security.tls {
            Some(tls) => {
                let encrypted = tls.over(tcp, &host.name);
                Stream::Tls(encrypted.map_err(|reason| WireError::Tls { broker: broker.clone(), reason })?)
            }
            None => Stream::Plain(tcp),
        };
        let mut connection = Connection {
            broker,
            client_id: options.client_id.clone(),
            patience: options.patience,
            stream,
            frames: Frames::up_to(options.most_answer_bytes),
            versions: Versions::default(),
            correlation: 0,
        };
        connection.learn_versions()?;
        if let Some(login) = &options.security.login {
            connection.log_in(login)?;
        }
        Ok(connection)
    }

    fn learn_versions(&mut self) -> Result<(), WireError> {
        let sent = self.send_version(&ApiVersionsRequest::default(), 0)?;
        let body = self.wait_for(sent)?.body;
        let answer: ApiVersionsResponse = self.understood(ApiKey::ApiVersions, 0, body)?;
        self.versions = Versions::of(&answer);
        Ok(())
    }

    /// The broker's address.
    #[must_use]
    pub(crate) fn broker(&self) -> &str {
        &self.broker
    }

    /// The version in which a request is written to this broker.
    ///
    /// # Errors
    /// [`WireError::NoVersion`].
    pub(crate) fn version(&self, api: ApiKey) -> Result<i16, WireError> {
        self.versions.common(api).map_err(|NoCommon { oldest, newest, theirs }| WireError::NoVersion {
            broker: self.broker.clone(),
            api: format!("{api:?}"),
            oldest,
            newest,
            instead: theirs.map_or_else(String::new, |(oldest, newest)| format!(" (it has {oldest} to {newest})")),
        })
    }

    /// Sends a request and waits for its answer, within the patience of the options.
    ///
    /// # Errors
    /// [`WireError`]; the connection is of no more use.
    pub(crate) fn call<R: Request>(&mut self, api: ApiKey, request: &R) -> Result<R::Response, WireError> {
        let version = self.version(api)?;
        let sent = self.send_version(request, version)?;
        let body = self.wait_for(sent)?.body;
        self.understood(api, version, body)
    }

    /// A request as it is sent in this version, after its length, and its number.
    ///
    /// # Errors
    /// When it cannot be written in this version.
    pub(crate) fn frame<R: Request>(&mut self, request: &R, version: i16) -> Result<(i32, BytesMut), WireError> {
        let correlation = self.next_correlation();
        Ok((correlation, self.framed(request, version, correlation)?))
    }

    fn send_version<R: Request>(&mut self, request: &R, version: i16) -> Result<i32, WireError> {
        let (correlation, frame) = self.frame(request, version)?;
        let written = self.stream.write_all(&frame).and_then(|()| self.stream.flush());
        written.map_err(|error| self.ended(&error))?;
        Ok(correlation)
    }

    fn framed<R: Request>(&self, request: &R, version: i16, correlation: i32) -> Result<BytesMut, WireError> {
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(correlation)
            .with_client_id(Some(StrBytes::from_string(self.client_id.clone())));
        let mut frame = BytesMut::zeroed(size_of::<i32>());
        let encoded =
            header.encode(&mut frame, R::header_version(version)).and_then(|()| request.encode(&mut frame, version));
        encoded.map_err(|error| self.malformed(format!("request {} cannot be written: {error:#}", R::KEY)))?;
        let length = i32::try_from(frame.len() - size_of::<i32>()).unwrap_or(i32::MAX);
        frame[..size_of::<i32>()].copy_from_slice(&length.to_be_bytes());
        Ok(frame)
    }

    /// The number of the next request.
    pub(crate) fn next_correlation(&mut self) -> i32 {
        self.correlation = self.correlation.wrapping_add(1) & i32::MAX;
        self.correlation
    }

    /// Waits for the answer to the one request under way.
    fn wait_for(&mut self, sent: i32) -> Result<Answer, WireError> {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(answer) = self.next_answer()? {
                let number = answer.correlation;
                let is_it = number == sent;
                return is_it
                    .then_some(answer)
                    .ok_or_else(|| self.malformed(format!("it answers {number}, not {sent}")));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.read_within(left)? {
                let waited_ms = self.patience.as_millis();
                return Err(WireError::Silent { broker: self.broker.clone(), waited_ms });
            }
        }
    }

    /// The next answer, of those that have been read.
    ///
    /// # Errors
    /// [`WireError::Malformed`] when a length is not one.
    pub(crate) fn next_answer(&mut self) -> Result<Option<Answer>, WireError> {
        self.frames.next().map_err(|what| WireError::Malformed { broker: self.broker.clone(), what })
    }

    /// Waits up to `timeout` for bytes and reads them. Returns whether any came.
    ///
    /// # Errors
    /// [`WireError::Ended`].
    pub(crate) fn read_within(&mut self, timeout: Duration) -> Result<bool, WireError> {
        self.stream.tcp().set_read_timeout(Some(timeout)).map_err(|error| self.ended(&error))?;
        self.read()
    }

    /// Reads once. Returns whether there was something.
    ///
    /// # Errors
    /// [`WireError::Ended`].
    pub(crate) fn read(&mut self) -> Result<bool, WireError> {
        let Connection { frames, stream, .. } = self;
        match frames.fill(|space| stream.read(space)) {
            Ok(0) => Err(self.ended(&io::Error::new(ErrorKind::UnexpectedEof, "the broker closed it"))),
            Ok(_) => Ok(true),
            Err(error) if is_for_later(&error) => Ok(false),
            Err(error) => Err(self.ended(&error)),
        }
    }

    /// Reads until nothing is left: what an encrypted connection has read ahead wakes nobody. Returns whether anything came, and why the
    /// connection has ended, if it has; what came before that is to be taken all the same.
    pub(crate) fn drain(&mut self) -> (bool, Option<WireError>) {
        let mut came = false;
        loop {
            match self.read() {
                Ok(true) => came = true,
                Ok(false) => return (came, None),
                Err(error) => return (came, Some(error)),
            }
        }
    }

    /// Writes as much of the pieces as is taken at once. Returns how many bytes.
    ///
    /// # Errors
    /// [`WireError::Ended`].
    pub(crate) fn write(&mut self, pieces: &[IoSlice<'_>]) -> Result<usize, WireError> {
        match self.stream.write_vectored(pieces) {
            Ok(written) => Ok(written),
            Err(error) if is_for_later(&error) => Ok(0),
            Err(error) => Err(self.ended(&error)),
        }
    }

    /// From here on nothing waits.
    ///
    /// # Errors
    /// [`WireError::Ended`].
    pub(crate) fn without_waiting(self) -> Result<Self, WireError> {
        self.stream.tcp().set_nonblocking(true).map_err(|error| self.ended(&error))?;
        Ok(self)
    }

    /// Reads the body of an answer to a request in the version that is spoken here.
    ///
    /// # Errors
    /// [`WireError::Malformed`].
    pub(crate) fn understood<A: Decodable>(
        &self,
        api: ApiKey,
        version: i16,
        body: bytes::Bytes,
    ) -> Result<A, WireError> {
        shapes::read(api, version, body).map_err(|what| self.malformed(what))
    }

    /// An answer that makes no sense.
    pub(crate) fn malformed(&self, what: String) -> WireError {
        WireError::Malformed { broker: self.broker.clone(), what }
    }

    /// A request that the broker answered with an error.
    pub(crate) fn refused(&self, what: &str, code: &impl ToString) -> WireError {
        WireError::Refused { broker: self.broker.clone(), what: what.to_owned(), code: code.to_string() }
    }

    fn ended(&self, error: &io::Error) -> WireError {
        WireError::Ended { broker: self.broker.clone(), reason: error.to_string() }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn unreachable(broker: &str, error: &io::Error) -> WireError {
    WireError::Unreachable { broker: broker.to_owned(), reason: error.to_string() }
}

/// Tries every address that the name stands for.
fn reach(host: &Host, patience: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name stands for no address");
    for address in (host.name.as_str(), host.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(tcp) => {
                tcp.set_nodelay(true)?;
                tcp.set_read_timeout(Some(patience))?;
                tcp.set_write_timeout(Some(patience))?;
                return Ok(tcp);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    /// A broker that answers the first request with these bytes, whatever it is, and then says nothing for as long as it is connected to.
    fn met(says: Vec<u8>) -> Result<Connection, WireError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let broker = thread::spawn(move || {
            let (mut tcp, _) = listener.accept().unwrap();
            let _ = tcp.read(&mut [0; 1000]);
            let _ = tcp.write_all(&says);
            let _ = tcp.read(&mut [0; 1000]);
        });
        let options = ConnectOptions {
            client_id: "test".to_owned(),
            patience: PATIENCE,
            security: Security::default(),
            most_answer_bytes: 10_000,
        };
        let opened = Connection::open(&Host { name: "127.0.0.1".to_owned(), port }, &options);
        let opened = opened.map(drop_after);
        broker.join().unwrap();
        opened
    }

    /// The broker ends when its client does.
    fn drop_after(connection: Connection) -> Connection {
        connection.stream.tcp().shutdown(std::net::Shutdown::Write).unwrap();
        connection
    }

    fn framed(body: &[u8]) -> Vec<u8> {
        [&(body.len() as i32).to_be_bytes()[..], body].concat()
    }

    #[test]
    fn a_broker_that_says_nothing_is_given_up() {
        let told = met(Vec::new()).unwrap_err().to_string();
        assert!(told.ends_with("did not answer within 200 ms"), "{told}");
    }

    #[test]
    fn an_answer_that_lies_is_refused_in_a_sentence() {
        let [number, error, none] = [[0, 0, 0, 1], [0, 0, 0, 0], [0x7f, 0xff, 0xff, 0xff]];
        for (says, expected) in [
            (framed(&[&[0, 0, 0, 9][..], &[0; 6]].concat()), "it answers 9, not 1"),
            (framed(&[&number[..], &error[..2], &none].concat()), "claims more than it has"),
            (framed(&[&number[..], &[0; 6], &[7]].concat()), "1 bytes follow"),
            (none.to_vec(), "its length is 2147483647, and the limit 10000"),
        ] {
            let told = met(says).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn a_broker_without_a_request_is_named_with_the_way_out() {
        // It has Produce 0 to 2, and nothing else.
        let versions = [&[0, 0, 0, 1, 0, 0, 0, 0, 0, 1][..], &[0, 0, 0, 0, 0, 2]].concat();
        let connection = met(framed(&versions)).unwrap();
        let told = connection.version(ApiKey::Produce).unwrap_err().to_string();
        assert!(told.contains("no Produce request in version 3 to 8 (it has 0 to 2): use client"), "{told}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn nothing_that_a_broker_says_panics(body in prop::collection::vec(prop_oneof![4 => Just(0_u8), 1 => any::<u8>()], 0..40)) {
            let _ = met(framed(&[&[0, 0, 0, 1][..], &body].concat()));
        }
    }
}
