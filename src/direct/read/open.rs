//! Opens a reader: the leaders are known and connected before it is first asked for records.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::cluster::Cluster;
use super::super::open::{DirectError, connected, until};
use super::super::wake::Wake;
use super::super::wire::look_up;
use super::options::ReadOptions;
use super::reader::Reader;

/// Opens a reader of these partitions of `topic`, each from an offset on, from a consumer's settings.
///
/// # Errors
/// [`DirectError`], within about `timeout`.
pub(crate) fn read(
    topic: &str,
    settings: &BTreeMap<String, String>,
    from: &[(i32, i64)],
    timeout: Duration,
) -> Result<Reader, DirectError> {
    let options = ReadOptions::of(topic, settings)?;
    let contact = options.contact.clone();
    let deadline = Instant::now() + timeout;
    let layout = until(deadline, || {
        let layout = look_up(&contact.bootstrap, topic, &contact.connect)?;
        let led = |partition: i32| {
            usize::try_from(partition).is_ok_and(|at| layout.leaders.get(at).is_some_and(Option::is_some))
        };
        match from.iter().find(|(partition, _)| !led(*partition)) {
            Some((partition, _)) => {
                Err(DirectError::NoLeader { topic: topic.to_owned(), partition: partition.unsigned_abs() as usize })
            }
            None => Ok(layout),
        }
    })?;
    let links = connected(&contact.connect, &layout)?;
    let wake = Arc::new(Wake::new()?);
    let cluster = Cluster::of(contact, Arc::<Wake>::clone(&wake), layout, links);
    Ok(Reader::new(Arc::new(options), wake, cluster, from))
}
