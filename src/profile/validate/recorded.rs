//! Records: what they replace, and how fast they may be sent.

use super::LongPhases;
use crate::profile::{Arrivals, Keys, Profile, Records, Stream, fault::Faults};

/// A stream's records, and what cannot be set beside them.
pub(super) fn stream(profile: &Profile, stream: &Stream, long: LongPhases, faults: &mut Faults<'_>) {
    let Some(records) = &stream.records else { return };
    excluded(stream, faults);
    let speed = records.speed();
    if !(speed.is_finite() && speed > 0.0) {
        faults.at("records").add("speed", format!("`speed` is {speed}; it must be above 0"));
        return;
    }
    length(profile, records, long, &mut faults.at("records"));
    keys(stream, records, faults);
}

fn excluded(stream: &Stream, faults: &mut Faults<'_>) {
    let has_payloads = stream.records.as_ref().and_then(Records::recorded).is_some_and(|read| read.has_payloads());
    let excluded = [
        (
            "rate",
            stream.rate.is_some(),
            "records come at the distances at which they were recorded: `speed` changes them",
        ),
        ("phases", !stream.phases.is_empty(), "records come at the distances at which they were recorded"),
        ("curve", stream.curve.is_some(), "give the curve a stream of its own"),
        (
            "arrivals",
            stream.arrivals != Arrivals::default(),
            "records come at the distances at which they were recorded",
        ),
        (
            "keys",
            stream.keys != Keys::default(),
            "records have keys of their own; without a column `key` they have none",
        ),
    ];
    for (key, _, help) in excluded.into_iter().filter(|(_, is_set, _)| *is_set) {
        faults.add_help(
            key,
            format!("`{key}` and `records` cannot be set together"),
            format!("remove `{key}`: {help}"),
        );
    }
    let mut faults = faults.at("payload");
    let contents = [("template", stream.payload.template.is_some()), ("samples", stream.payload.samples.is_some())];
    for (key, _) in contents.into_iter().filter(|(_, is_set)| *is_set && has_payloads) {
        let help = format!("remove `{key}`, or the column `payload`");
        faults.add_help(key, format!("`{key}` and records with payloads cannot be set together"), help);
    }
}

/// A run that the profile itself makes shorter than its records contradicts it.
fn length(profile: &Profile, records: &Records, long: LongPhases, faults: &mut Faults<'_>) {
    let length = records.length();
    if i64::try_from(length.as_nanos()).is_err() {
        faults.add_help("speed", "the records take longer than 292 years", "raise `speed`");
    } else if let Some(duration) =
        profile.duration.filter(|duration| length > *duration && long == LongPhases::AreRefused)
    {
        let help = format!("set duration = \"{length}\", leave it out, or raise `speed`");
        faults.add_help("file", format!("the records take {length}, longer than the run's {duration}"), help);
    }
}

/// What needs a key on every event.
fn keys(stream: &Stream, records: &Records, faults: &mut Faults<'_>) {
    let some_have_none = records.recorded().is_some_and(|read| !read.all_have_keys());
    let needs = stream.payload.template().is_some_and(|template| template.has_key())
        || stream.payload.fields.values().any(|field| field.belongs_to_key());
    if some_have_none && needs {
        let message = "the payload has a place for the key, or a field that belongs to it, and some records have none";
        faults.at("records").add_help("file", message, "give every record a key, or remove the place");
    }
}

#[cfg(test)]
mod tests {
    use crate::profile::Profile;

    #[test]
    fn what_records_replace_is_refused_beside_them() {
        for (line, key) in [
            ("rate = \"5/s\"", "rate"),
            ("phases = [{ for = \"1s\", rate = \"1/s\" }]", "phases"),
            ("arrivals = \"poisson\"", "arrivals"),
            ("keys = { count = 3 }", "keys"),
        ] {
            let text =
                format!("[[stream]]\nname = \"orders\"\nrecords = {{ file = \"none.csv\", speed = 0 }}\n{line}\n");
            let profile: Profile = toml::from_str(&text).unwrap();
            let faults = super::super::validate(&profile, super::super::LongPhases::AreRefused);
            let messages: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
            assert!(messages.iter().any(|message| message.contains(&format!("`{key}` and `records`"))), "{messages:?}");
            assert!(messages.iter().any(|message| message.contains("`speed` is 0")), "{messages:?}");
        }
    }
}
