//! What a person should know about a model's figures, a sentence each.

use crate::event_time::watermark::ModelTally;

/// All that there is to note, in a fixed order.
pub(super) fn notes_of(tally: &ModelTally) -> Vec<String> {
    let notes = [
        note_on_unit(tally),
        note_on_empty(tally),
        note_on_idleness(tally),
        note_on_source_tasks(tally),
        note_on_unclocked(tally),
        note_on_overtaken(tally),
        note_on_windows_not_kept(tally),
        tally.spec().description().note.map(str::to_owned),
        note_on_arrivals(tally),
        note_on_clock(tally),
        note_on_repartition(tally),
        note_on_refused(tally),
        note_on_record_cache(tally),
    ];
    notes.into_iter().flatten().collect()
}

fn note_on_unit(tally: &ModelTally) -> Option<String> {
    let unit = tally.doubted()?;
    Some(format!("An event time looks like {unit}; times must be in milliseconds since 1970."))
}

/// That empty partitions hold the watermark back. An observer of some partitions sees the others as empty.
pub(super) fn note_on_empty(tally: &ModelTally) -> Option<String> {
    let (spec, empty) = (tally.spec(), tally.empty_partitions());
    (empty > 0 && tally.records() > 0 && spec.waits_for_empty()).then(|| {
        format!(
            "{empty} of the partitions have no events and hold the watermark at its minimum: {} drops nothing, and no window fires{}.",
            spec.engine,
            if spec.follows_clock() { "" } else { ", unless idleness is set" }
        )
    })
}

fn note_on_idleness(tally: &ModelTally) -> Option<String> {
    let note = match tally.spec().keeps_up_ms {
        None => {
            "With idleness the watermark may be ahead of any partition: an event is certain to be kept only if no event of the stream closes its window. To know more, set `keeps_up`, how far the engine may be behind."
        }
        Some(_) => {
            "With idleness the watermark may be ahead of any partition: an event is certain to be kept only if no event that the engine can have read closes its window."
        }
    };
    (tally.may_idle() && tally.dropped().max > 0).then(|| note.to_owned())
}

fn note_on_source_tasks(tally: &ModelTally) -> Option<String> {
    let note = "The expected range is for one source task. With several, a task that comes back from idle is left out of the watermark until it has caught up, and more may be dropped.";
    let is_expected = tally.may_idle() && tally.expected().is_some();
    (is_expected && tally.spec().source_tasks != Some(1)).then(|| note.to_owned())
}

fn note_on_unclocked(tally: &ModelTally) -> Option<String> {
    (tally.unclocked() > 0).then(|| {
        format!(
            "{} events are not certain to be kept, because when they were appended is unknown: the watermark of {} follows its clock where a partition was read to its end.",
            tally.unclocked(),
            tally.spec().engine
        )
    })
}

fn note_on_overtaken(tally: &ModelTally) -> Option<String> {
    (tally.overtaken() > 0).then(|| {
        format!(
            "{} events were read long after later ones of other partitions; the expected range treats them as later than they were.",
            tally.overtaken()
        )
    })
}

fn note_on_windows_not_kept(tally: &ModelTally) -> Option<String> {
    let losses = tally.affected().not_kept();
    (losses > 0).then(|| {
        format!("{losses} losses are in windows that are not counted one by one: more windows are affected than shown.")
    })
}

fn note_on_arrivals(tally: &ModelTally) -> Option<String> {
    let events = tally.without_arrival();
    (events > 0).then(|| format!("{events} events are not certain to be kept, because when they arrived is unknown."))
}

fn note_on_clock(tally: &ModelTally) -> Option<String> {
    let spec = tally.spec();
    spec.follows_clock()
        .then(|| format!("The clock of {}'s reader is assumed to agree with the records' timestamps.", spec.engine))
}

fn note_on_repartition(tally: &ModelTally) -> Option<String> {
    let note = "After a repartition topic no drop is certain: which records meet in a task depends on their new keys.";
    tally.spec().repartitioned.then(|| note.to_owned())
}

/// What Kafka Streams refuses.
fn note_on_refused(tally: &ModelTally) -> Option<String> {
    let spec = tally.spec();
    (tally.refused() > 0).then(|| {
        format!(
            "{} events have no key, or a time before 1970: {} leaves them out and counts them in {}.",
            tally.refused(),
            spec.engine,
            spec.metric()
        )
    })
}

/// What Kafka Streams' figures depend on.
fn note_on_record_cache(tally: &ModelTally) -> Option<String> {
    let note =
        "Whether a closed window is still found depends on the record cache: for exact figures, set `record_cache`.";
    tally.spec().depends_on_record_cache().then(|| note.to_owned())
}
