//! Stages that show window results: results that can be read, and windows that can be compared.

use crate::profile::{KeyDistribution, ModelChoice, Stage, Stream, Updates, Window, WindowResults, fault::Faults};

/// The stages of one stream that show window results.
pub(super) fn window_results(stream: &Stream, faults: &mut Faults<'_>) {
    for (index, stage) in stream.stages.iter().enumerate() {
        let Some(results) = &stage.results else { continue };
        let mut faults = faults.at_index("stage", index);
        beside(stream, stage, &mut faults);
        let mut faults = faults.at("results");
        places(results, &mut faults);
        windows(results, &mut faults);
        model(stream, results, &mut faults);
        if results.key.is_some() && stream.keys.distribution == KeyDistribution::None {
            faults.add_help("key", "the stream's events have no keys", "remove `key`, or give the events keys");
        }
    }
    let shows_windows = stream.stages.iter().any(|stage| stage.results.is_some());
    if stream.slo.windows_short.is_some() && !shows_windows {
        faults.at("slo").add_help(
            "windows_short",
            "`windows_short` needs a stage with window results, and the stream has none",
            "add a [[stream.stage]] with `results`",
        );
    }
}

/// The stage's other keys, and the stages beside it.
fn beside(stream: &Stream, stage: &Stage, faults: &mut Faults<'_>) {
    let parts = [("id", &stage.id), ("due", &stage.due), ("sent", &stage.sent), ("event_time", &stage.event_time)];
    for (key, part) in parts {
        if part.is_some() {
            let message = format!("`{key}` is a part of an event, and a stage with `results` shows no events");
            faults.add_help(key, message, format!("remove `{key}`"));
        }
    }
    if stage.topic == stream.topic_name() {
        faults.add_help(
            "topic",
            format!("`{}` is the topic that the stream is sent to, not one with results", stage.topic),
            "name the topic to which the pipeline writes its results",
        );
    } else if stream.own_stage().is_none() {
        faults.add_help(
            "results",
            format!(
                "no stage observes the stream's own topic `{}`, so what belongs in the windows is unknown",
                stream.topic_name()
            ),
            format!("add [[stream.stage]] with name = \"input\" and topic = \"{}\"", stream.topic_name()),
        );
    }
}

fn places(results: &WindowResults, faults: &mut Faults<'_>) {
    for (key, place) in results.places() {
        let in_header = place.strip_prefix("header:");
        let is_place = place.starts_with('/')
            || in_header.is_some_and(|name| !name.is_empty())
            || place == "key"
            || place.starts_with("key:/");
        if !is_place {
            faults.add_help(
                key,
                format!("`{key}` is `{place}`, which is not a place in a message"),
                "write \"/count\" for a field of the payload, \"header:NAME\", \"key\", or \"key:/start\" for a field of the record's key",
            );
        }
    }
}

fn windows(results: &WindowResults, faults: &mut Faults<'_>) {
    let (size, hop) = match results.window {
        Window::Tumbling { size } => (size, size),
        Window::Hopping { size, hop } => (size, hop),
        Window::Session { gap } => {
            sessions(results, faults);
            (gap, gap)
        }
        Window::None | Window::Sliding { .. } => {
            let message =
                format!("windows like {} cannot be compared: an event can be in any number of them", results.window);
            return faults.add_help("window", message, "use windows like tumbling:10s, hopping:10s/5s or session:30s");
        }
    };
    let (size_ns, hop_ns) = (size.as_nanos(), hop.as_nanos());
    if size_ns == 0 || hop_ns == 0 {
        faults.add_help("window", format!("the window {} has a length of 0s", results.window), "give it a length");
    } else if !size_ns.is_multiple_of(1_000_000) || !hop_ns.is_multiple_of(1_000_000) {
        let message = format!("the window {} is not a whole number of milliseconds", results.window);
        faults.add_help("window", message, "event time is in milliseconds");
    } else if hop_ns > size_ns {
        let message = format!(
            "the window {} is shorter than its hop: events between two windows would be in neither",
            results.window
        );
        faults.add_help("window", message, "choose a hop no longer than the size, as in hopping:10s/5s");
    }
}

/// A session's end cannot be computed from its start, and only its last result counts.
fn sessions(results: &WindowResults, faults: &mut Faults<'_>) {
    if results.end.is_none() {
        faults.add_help(
            "window",
            "sessions have no fixed length, so their end must be known",
            "set `end` to where a result holds it",
        );
    }
    if results.updates == Updates::Add {
        faults.add_help(
            "updates",
            "`updates = \"add\"` cannot be used with sessions, which merge instead of adding up",
            "remove `updates`",
        );
    }
}

/// The named model exists, has the same windows and reads the stream's own topic.
fn model(stream: &Stream, results: &WindowResults, faults: &mut Faults<'_>) {
    let Some(chosen) = results.watermark else { return };
    let Some(place) = results.model(&stream.watermarks) else {
        let models: Vec<&str> = stream.watermarks.iter().map(|model| model.engine.name()).collect();
        let (message, help) = match chosen {
            ModelChoice::Engine(engine) if models.contains(&engine.name()) => (
                format!("stream `{}` has several watermark models of {engine}", stream.name),
                "choose one by its number, from 0".to_owned(),
            ),
            _ if models.is_empty() => (
                format!("stream `{}` has no watermark model", stream.name),
                "add [[stream.watermark]] with an engine, a bound and the same window".to_owned(),
            ),
            _ => (
                format!("stream `{}` has no watermark model {chosen}", stream.name),
                format!("the models, from 0, are: {}", models.join(", ")),
            ),
        };
        return faults.add_help("watermark", message, help);
    };
    let model = &stream.watermarks[place];
    if model.window != results.window {
        let message =
            format!("the model's windows are {}, but the results' windows are {}", model.window, results.window);
        faults.add_help("watermark", message, "set both to the pipeline's windows");
    }
    let own = stream.own_stage().and_then(|place| stream.stages.get(place)).map(|stage| &stage.name);
    if own.is_some() && model.stage.as_ref().or(stream.stages.first().map(|first| &first.name)) != own {
        let message = "the model does not read at the stream's own topic";
        faults.add_help("watermark", message, "set the model's `stage` to where the pipeline reads");
    }
}
