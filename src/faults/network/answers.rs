//! The answers of brokers that name brokers by address: read as far as the addresses, and written again with others in their place. Pure.
//!
//! The layouts are those of Kafka's own message definitions (`clients/src/main/resources/common/message`).

/// A request whose answer holds addresses, or says which versions of such requests there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Metadata,
    FindCoordinator,
    ApiVersions,
}

impl Asked {
    /// By the request's API key.
    pub(super) fn of_key(key: i16) -> Option<Self> {
        match key {
            METADATA => Some(Asked::Metadata),
            FIND_COORDINATOR => Some(Asked::FindCoordinator),
            API_VERSIONS => Some(Asked::ApiVersions),
            _ => None,
        }
    }
}

const PRODUCE: i16 = 0;
const FETCH: i16 = 1;
const METADATA: i16 = 3;
const FIND_COORDINATOR: i16 = 10;
const API_VERSIONS: i16 = 18;

/// The newest versions that a client may use: later ones have layouts that are not known here, and answers to later produces and fetches name the
/// new leader's address as well (KIP-951).
const NEWEST: [(i16, i16); 4] = [(PRODUCE, 9), (FETCH, 15), (METADATA, 13), (FIND_COORDINATOR, 6)];

/// Where a client is to connect instead of an address: the broker's id, its host and port; gives the port on loopback.
pub(super) type Instead<'a> = dyn FnMut(i32, &str, u16) -> Option<u16> + 'a;

/// The body of an answer (what follows its correlation id) with other addresses; none if it cannot be read.
pub(super) fn rewritten(asked: Asked, version: i16, body: &[u8], instead: &mut Instead<'_>) -> Option<Vec<u8>> {
    let mut copy = Copying { from: body, to: Vec::with_capacity(body.len()), flexible: false };
    match asked {
        Asked::Metadata => metadata(&mut copy, version, instead),
        Asked::FindCoordinator => find_coordinator(&mut copy, version, instead),
        Asked::ApiVersions => api_versions(&mut copy, version),
    }?;
    copy.to.extend_from_slice(copy.from);
    Some(copy.to)
}

fn metadata(copy: &mut Copying<'_>, version: i16, instead: &mut Instead<'_>) -> Option<()> {
    copy.flexible = version >= 9;
    copy.tags()?;
    if version >= 3 {
        copy.bytes(4)?; // throttle time
    }
    for _ in 0..copy.count()? {
        copy.address(instead)?;
        if version >= 1 {
            copy.text()?; // rack
        }
        copy.tags()?;
    }
    Some(())
}

fn find_coordinator(copy: &mut Copying<'_>, version: i16, instead: &mut Instead<'_>) -> Option<()> {
    copy.flexible = version >= 3;
    copy.tags()?;
    if version >= 1 {
        copy.bytes(4)?; // throttle time
    }
    if version < 4 {
        copy.bytes(2)?; // error
        if version >= 1 {
            copy.text()?; // its message
        }
        return copy.address(instead);
    }
    for _ in 0..copy.count()? {
        copy.text()?; // key
        copy.address(instead)?;
        copy.bytes(2)?; // error
        copy.text()?; // its message
        copy.tags()?;
    }
    Some(())
}

fn api_versions(copy: &mut Copying<'_>, version: i16) -> Option<()> {
    // A broker that does not know the version answers in the oldest, with an error. No version has tags in its header.
    let is_refused = copy.bytes(2)? != [0, 0];
    copy.flexible = version >= 3 && !is_refused;
    for _ in 0..copy.count()? {
        let key = copy.number_i16()?;
        copy.bytes(2)?; // oldest version
        let newest = i16::from_be_bytes(copy.take(2)?.try_into().ok()?);
        let known = NEWEST.iter().find(|(of, _)| *of == key).map_or(newest, |(_, most)| newest.min(*most));
        copy.to.extend_from_slice(&known.to_be_bytes());
        copy.tags()?;
    }
    Some(())
}

/// Moves an answer from one buffer to another, part by part. Each call is none when the bytes end early.
struct Copying<'a> {
    from: &'a [u8],
    to: Vec<u8>,
    /// Lengths are variable, and tags follow (KIP-482).
    flexible: bool,
}

impl<'a> Copying<'a> {
    /// The next bytes, which are not copied.
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.from.split_at_checked(count)?;
        self.from = rest;
        Some(taken)
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.take(count)?;
        self.to.extend_from_slice(taken);
        Some(taken)
    }

    fn number_i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    /// A number of variable length, which is not copied.
    fn take_varint(&mut self) -> Option<usize> {
        let mut value: u32 = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = *self.take(1)?.first()?;
            value |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return usize::try_from(value).ok();
            }
        }
        None
    }

    fn put_varint(&mut self, mut value: usize) {
        while value > 0x7f {
            self.to.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.to.push(value as u8);
    }

    /// How many entries follow; a list that is null has none.
    fn count(&mut self) -> Option<usize> {
        if self.flexible {
            let written = self.take_varint()?;
            self.put_varint(written);
            return Some(written.saturating_sub(1));
        }
        let written = i32::from_be_bytes(self.bytes(4)?.try_into().ok()?);
        Some(usize::try_from(written).unwrap_or(0))
    }

    /// A text, which is not copied; a null one is empty.
    fn take_text(&mut self) -> Option<&'a [u8]> {
        let length = if self.flexible {
            self.take_varint()?.saturating_sub(1)
        } else {
            usize::try_from(i16::from_be_bytes(self.take(2)?.try_into().ok()?)).unwrap_or(0)
        };
        self.take(length)
    }

    /// A text or a null, as it is.
    fn text(&mut self) -> Option<()> {
        let before = self.from;
        self.take_text()?;
        self.to.extend_from_slice(&before[..before.len() - self.from.len()]);
        Some(())
    }

    fn put_text(&mut self, text: &str) {
        if self.flexible {
            self.put_varint(text.len() + 1);
        } else {
            self.to.extend_from_slice(&(text.len() as i16).to_be_bytes());
        }
        self.to.extend_from_slice(text.as_bytes());
    }

    /// The id of a broker, its host and port: changed unless there is no broker.
    fn address(&mut self, instead: &mut Instead<'_>) -> Option<()> {
        let id = i32::from_be_bytes(self.bytes(4)?.try_into().ok()?);
        let before = self.from;
        let host = std::str::from_utf8(self.take_text()?).ok()?;
        let port = i32::from_be_bytes(self.take(4)?.try_into().ok()?);
        let Some(port) = u16::try_from(port).ok().filter(|_| !host.is_empty()) else {
            self.to.extend_from_slice(&before[..before.len() - self.from.len()]);
            return Some(());
        };
        let port = instead(id, host, port)?;
        self.put_text(LOOPBACK);
        self.to.extend_from_slice(&i32::from(port).to_be_bytes());
        Some(())
    }

    /// Fields that a later version added, as they are; where lengths are fixed there are none.
    fn tags(&mut self) -> Option<()> {
        if !self.flexible {
            return Some(());
        }
        let count = self.take_varint()?;
        self.put_varint(count);
        for _ in 0..count {
            let tag = self.take_varint()?;
            self.put_varint(tag);
            let size = self.take_varint()?;
            self.put_varint(size);
            self.bytes(size)?;
        }
        Some(())
    }
}

/// Where the proxies listen.
pub(super) const LOOPBACK: &str = "127.0.0.1";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer as a broker writes it.
    #[derive(Default)]
    struct Answer {
        bytes: Vec<u8>,
        flexible: bool,
    }

    impl Answer {
        fn put(mut self, bytes: &[u8]) -> Self {
            self.bytes.extend_from_slice(bytes);
            self
        }
        fn count(self, count: u8) -> Self {
            if self.flexible { self.put(&[count + 1]) } else { self.put(&i32::from(count).to_be_bytes()) }
        }
        fn text(self, text: &str) -> Self {
            let length = text.len() as u8;
            let before = if self.flexible { self.put(&[length + 1]) } else { self.put(&[0, length]) };
            before.put(text.as_bytes())
        }
        fn null(self) -> Self {
            if self.flexible { self.put(&[0]) } else { self.put(&[0xff, 0xff]) }
        }
        fn tags(self) -> Self {
            if self.flexible { self.put(&[0]) } else { self }
        }
        fn address(self, id: i32, host: &str, port: i32) -> Self {
            self.put(&id.to_be_bytes()).text(host).put(&port.to_be_bytes())
        }
    }

    fn metadata_answer(version: i16, brokers: &[(i32, &str, i32)]) -> Vec<u8> {
        let mut answer = Answer { flexible: version >= 9, ..Answer::default() }.tags();
        if version >= 3 {
            answer = answer.put(&[0, 0, 0, 9]);
        }
        answer = answer.count(brokers.len() as u8);
        for (id, host, port) in brokers {
            answer = answer.address(*id, host, *port);
            answer = if version == 0 {
                answer
            } else if *id == 1 {
                answer.null()
            } else {
                answer.text("rack-b")
            };
            answer = answer.tags();
        }
        answer.put(b"the rest: topics and all").bytes
    }

    fn coordinator_answer(version: i16, broker: (i32, &str, i32)) -> Vec<u8> {
        let (id, host, port) = broker;
        let mut answer = Answer { flexible: version >= 3, ..Answer::default() }.tags();
        if version >= 1 {
            answer = answer.put(&[0, 0, 0, 9]);
        }
        if version >= 4 {
            return answer.count(1).text("group").address(id, host, port).put(&[0, 0]).null().tags().tags().bytes;
        }
        answer = answer.put(&[0, 0]);
        answer = if version >= 1 { answer.null() } else { answer };
        answer.address(id, host, port).tags().bytes
    }

    fn changed(asked: Asked, version: i16, body: &[u8]) -> Option<Vec<u8>> {
        rewritten(asked, version, body, &mut |id, _, port| Some(port + 10_000 + u16::try_from(id).unwrap()))
    }

    #[test]
    fn addresses_are_put_in_the_place_of_addresses_and_nothing_else_changes() {
        for version in 0..=13 {
            let answer = metadata_answer(version, &[(1, "kafka-1.example.com", 9092), (2, "10.0.0.2", 9093)]);
            let expected = metadata_answer(version, &[(1, LOOPBACK, 19093), (2, LOOPBACK, 19095)]);
            assert_eq!(changed(Asked::Metadata, version, &answer).unwrap(), expected, "version {version}");
        }
        for version in 0..=6 {
            let answer = coordinator_answer(version, (3, "kafka-3.example.com", 9092));
            let expected = coordinator_answer(version, (3, LOOPBACK, 19095));
            assert_eq!(changed(Asked::FindCoordinator, version, &answer).unwrap(), expected, "version {version}");
            let none = coordinator_answer(version, (-1, "", -1));
            assert_eq!(changed(Asked::FindCoordinator, version, &none).unwrap(), none, "no coordinator yet");
        }
    }

    #[test]
    fn a_client_is_offered_no_version_whose_answers_cannot_be_read() {
        let answer = |flexible: bool, produce: u8, other: u8| {
            let of = |answer: Answer, key: u8, newest: u8| answer.put(&[0, key, 0, 0, 0, newest]).tags();
            let answer = Answer { flexible, ..Answer::default() }.put(&[0, 0]).count(2);
            of(of(answer, 0, produce), 22, other).put(&[0, 0, 0, 0]).tags().bytes
        };
        for (version, flexible) in [(0, false), (2, false), (3, true), (4, true)] {
            let limited = changed(Asked::ApiVersions, version, &answer(flexible, 13, 99)).unwrap();
            assert_eq!(limited, answer(flexible, 9, 99), "version {version}");
            let old = answer(flexible, 5, 1);
            assert_eq!(changed(Asked::ApiVersions, version, &old).unwrap(), old);
        }
        let refused = Answer::default().put(&[0, 35]).count(1).put(&[0, 18, 0, 0, 0, 3]).bytes;
        assert_eq!(changed(Asked::ApiVersions, 4, &refused).unwrap(), refused, "in the oldest version");
    }

    proptest! {
        #[test]
        fn damaged_answers_are_refused_or_read_and_never_a_panic(
            which in 0..3_usize, version in 0..14_i16, cut: prop::sample::Index, place: prop::sample::Index, byte: u8,
        ) {
            let asked = [Asked::Metadata, Asked::FindCoordinator, Asked::ApiVersions][which];
            let mut bytes = match asked {
                Asked::FindCoordinator => coordinator_answer(version.min(6), (3, "kafka-3", 9092)),
                _ => metadata_answer(version, &[(1, "kafka-1", 9092), (2, "kafka-2", 9092)]),
            };
            bytes.truncate(cut.index(bytes.len()) + 1);
            let at = place.index(bytes.len());
            bytes[at] = byte;
            let _read = rewritten(asked, version, &bytes, &mut |_, _, port| Some(port));
        }
    }
}
