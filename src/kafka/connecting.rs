//! The first answer of a cluster, or why there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::Metadata;

use super::error::KafkaError;
use super::handshake::complaint;
use super::hearing::{Cause, Kind, Listening};

/// How long the client's log is read after an attempt.
const LISTENING: Duration = Duration::from_millis(200);
/// How long the first attempt may take; each later one may take twice as long, for a cluster that is slow to answer.
const FIRST_ATTEMPT: Duration = Duration::from_millis(500);

/// Asks until the cluster answers, every broker that was named has refused for good, or `timeout` is over.
///
/// # Errors
/// [`KafkaError::Refused`] or [`KafkaError::Unreachable`], with what the brokers did.
pub(super) fn first_answer(
    client: &BaseConsumer<Listening>,
    settings: &BTreeMap<String, String>,
    timeout: Duration,
) -> Result<Metadata, KafkaError> {
    let brokers = settings.get("bootstrap.servers").cloned().unwrap_or_default();
    let deadline = Instant::now() + timeout.saturating_sub(2 * LISTENING);
    let mut attempt = FIRST_ATTEMPT;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let error = match client.fetch_metadata(None, attempt.min(left)) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        listen(client);
        let causes = client.context().causes();
        if is_refused_by_all(&causes, &brokers) {
            return Err(KafkaError::Refused(refusals(&causes, settings)));
        }
        if Instant::now() >= deadline {
            let plain = || error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string());
            let reason = if causes.is_empty() { plain() } else { reasons(causes, &brokers) };
            return Err(KafkaError::Unreachable { brokers, waited_s: timeout.as_secs(), reason });
        }
        attempt *= 2;
    }
}

/// What was logged waits in the client's queue until it is polled.
fn listen(client: &BaseConsumer<Listening>) {
    let deadline = Instant::now() + LISTENING;
    while client.poll(deadline.saturating_duration_since(Instant::now())).is_some() && Instant::now() < deadline {}
}

/// Whether each of the named brokers has said what another attempt would not change. One that has not may be the way in.
fn is_refused_by_all(causes: &[Cause], brokers: &str) -> bool {
    let named = brokers.split(',').filter(|broker| !broker.trim().is_empty()).count();
    let refused = causes.iter().filter(|cause| cause.kind != Kind::Passing);
    refused.filter_map(|cause| cause.broker.as_deref()).collect::<BTreeSet<_>>().len() >= named.max(1)
}

/// Of several brokers that refuse in one way, the first stands for all.
fn refusals(causes: &[Cause], settings: &BTreeMap<String, String>) -> String {
    let mut told: Vec<Cause> = Vec::new();
    for cause in causes.iter().filter(|cause| cause.kind != Kind::Passing) {
        if !told.iter().any(|before| before.said == cause.said) {
            told.push(cause.clone());
        }
    }
    let why = |cause: Cause| match (&cause.kind, &cause.broker) {
        (Kind::Untrusted, Some(broker)) => complaint(settings, broker).unwrap_or(cause).to_string(),
        _ => cause.to_string(),
    };
    told.into_iter().map(why).collect::<Vec<_>>().join("; ")
}

/// What was heard, without the address of the one broker that the sentence begins with.
fn reasons(causes: Vec<Cause>, brokers: &str) -> String {
    let check = "check -b, and that the broker is running";
    let has_way_out = causes.iter().any(|cause| !cause.way_out.is_empty());
    let reasons = causes.into_iter().map(|cause| {
        let broker = cause.broker.filter(|broker| broker != brokers);
        Cause { broker, ..cause }.to_string()
    });
    let reasons = reasons.collect::<Vec<_>>().join("; ");
    if has_way_out { reasons } else { format!("{reasons}; {check}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(broker: &str, kind: Kind) -> Cause {
        Cause { broker: Some(broker.to_owned()), kind, said: "it says no".to_owned(), way_out: String::new() }
    }

    #[test]
    fn a_broker_that_has_not_refused_may_be_the_way_in() {
        let (refusing, starting) = (cause("a:1", Kind::ForGood), cause("b:2", Kind::Passing));
        assert!(is_refused_by_all(std::slice::from_ref(&refusing), "a:1"));
        assert!(!is_refused_by_all(std::slice::from_ref(&starting), "b:2"));
        assert!(!is_refused_by_all(&[refusing.clone(), refusing.clone(), starting], "a:1,b:2"));
        assert!(is_refused_by_all(&[refusing, cause("b:2", Kind::Untrusted)], "a:1, b:2"));
        assert!(!is_refused_by_all(&[], "a:1"));
    }

    #[test]
    fn what_several_brokers_say_is_told_once() {
        let both = [cause("a:1", Kind::ForGood), cause("b:2", Kind::ForGood)];
        assert_eq!(refusals(&both, &BTreeMap::new()), "a:1: it says no");
    }

    #[test]
    fn the_address_is_said_once_and_there_is_a_way_out() {
        let check = "check -b, and that the broker is running";
        assert_eq!(reasons(vec![cause("a:1", Kind::Passing)], "a:1"), format!("it says no; {check}"));
        let with_way_out = Cause { way_out: "do this".to_owned(), ..cause("b:2", Kind::Passing) };
        let said = reasons(vec![cause("a:1", Kind::Passing), with_way_out], "a:1,b:2");
        assert_eq!(said, "a:1: it says no; b:2: it says no; do this");
    }
}
