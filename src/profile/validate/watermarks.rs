//! Watermark models that can be computed, and a drop limit that has a model.

use crate::profile::{Stream, fault::Faults};

/// The most models of one stream: each costs time for every event.
const MAX_MODELS: usize = 16;

/// The models of one stream.
pub(super) fn watermarks(stream: &Stream, faults: &mut Faults<'_>) {
    let models = &stream.watermarks;
    if models.len() > MAX_MODELS {
        let message = format!("the stream has {} watermark models (limit {MAX_MODELS})", models.len());
        faults.add_help(
            "watermark",
            message,
            "compare them in several runs, or with `floodmark watermark` on the topic",
        );
    }
    for (index, model) in models.iter().enumerate() {
        let mut faults = faults.at_index("watermark", index);
        for fault in model.faults() {
            faults.add_help(fault.key, fault.message, fault.help);
        }
        if let Some(stage) = &model.stage
            && !stream.stages.iter().any(|known| known.name == *stage)
        {
            let known: Vec<&str> = stream.stages.iter().map(|stage| stage.name.as_str()).collect();
            let help = if known.is_empty() {
                "remove `stage`: the stream is observed in its own topic".to_owned()
            } else {
                format!("the stages are {}", known.join(", "))
            };
            faults.add_help("stage", format!("stream `{}` has no stage `{stage}`", stream.name), help);
        }
        let reads_at = stream.stages.iter().find(|known| model.stage.as_ref().is_none_or(|stage| known.name == *stage));
        if let Some(stage) = reads_at.filter(|stage| stage.results.is_some()) {
            let message = format!("the stage `{}` holds window results, not events that could be late", stage.name);
            faults.add_help("stage", message, "name the stage where the engine reads");
        }
        // Nothing would be late, and nothing dropped: a figure that is surely wrong.
        if reads_at.is_none_or(|stage| stage.event_time.is_none()) && stream.payload.layout().event_time.is_none() {
            let help = "write {{event_time}} into a JSON template, or headers = [\"event-time\"] in `payload`, or name the place in the stage";
            faults.add_here("the model needs event times, and the stream's messages carry none that can be read", help);
        }
    }
    if stream.slo.watermark_drops.is_some() && models.is_empty() {
        faults.at("slo").add_help(
            "watermark_drops",
            "`watermark_drops` needs a watermark model, and the stream has none",
            "add [[stream.watermark]] with an engine and a bound",
        );
    }
}
