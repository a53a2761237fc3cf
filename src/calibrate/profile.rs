//! The run that goes through the relays.

use std::time::Duration;

use super::fault::FAULTS;

/// The topic that a fault's stream is sent to.
#[must_use]
pub(crate) fn input(fault: &str) -> String {
    format!("floodmark-calibrate-{fault}-in")
}

/// The topic that its relay writes to.
#[must_use]
pub(crate) fn output(fault: &str) -> String {
    format!("floodmark-calibrate-{fault}-out")
}

/// A profile with a stream for each fault. Limits are on counts alone: how fast the target is, is not the question.
#[must_use]
pub(crate) fn profile_text(rate: &str, lasts: Duration, partitions: u16, seed: u64) -> String {
    let streams = FAULTS.iter().map(|fault| {
        let (name, input, output) = (fault.name, input(fault.name), output(fault.name));
        format!(
            r#"
[[stream]]
name = "{name}"
topic = "{input}"
rate = "{rate}"
partitions = {partitions}
payload = {{ size = "200B" }}
slo = {{ lost = 0, duplicates = 0, reordered = 0, phantom = 0 }}
[[stream.stage]]
name = "input"
topic = "{input}"
[[stream.stage]]
name = "output"
topic = "{output}"
quiet = "5s"
"#
        )
    });
    let head = format!(
        "description = \"Through relays that do wrong on purpose\"\nseed = {seed}\nduration = \"{}ms\"\n",
        lasts.as_millis()
    );
    std::iter::once(head).chain(streams).collect()
}
