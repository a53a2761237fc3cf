//! What the command line changes in a profile before it is checked.

use super::{
    nearest,
    sources::Sources,
    tree::{Entry, Node, Value},
    units::{PhaseRate, Rate, Span},
};

/// Changes to a profile, in the order in which they are applied.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// `path=value` pairs, as in `stream.orders.rate=5k/s`.
    pub set: Vec<String>,
    /// Replaces the profile's duration; longer phases are cut.
    pub duration: Option<Span>,
    /// Replaces the profile's seed.
    pub seed: Option<u64>,
    /// Multiplies every absolute rate of a stream or phase, `ceiling` excepted.
    pub rate_scale: Option<f64>,
}

/// An override that cannot be applied: the bytes of the sources at fault, what is wrong, and how to fix it.
pub(super) type Refusal = (std::ops::Range<usize>, String, Option<String>);

impl Overrides {
    /// Applies all but the rate scale; adds each argument to the sources.
    pub(super) fn apply(&self, document: &mut Node, sources: &mut Sources) -> Result<(), Refusal> {
        for argument in &self.set {
            set(document, argument, sources)?;
        }
        if let Some(duration) = self.duration {
            put(document, "duration", Value::Text(duration.to_string()), &format!("--duration {duration}"), sources);
        }
        if let Some(seed) = self.seed {
            let value = i64::try_from(seed).map_or_else(|_| Value::Unbounded(seed.to_string()), Value::Integer);
            put(document, "seed", value, &format!("--seed {seed}"), sources);
        }
        Ok(())
    }

    /// Whether the command line sets the run's duration.
    pub(super) fn sets_duration(&self) -> bool {
        let names_duration =
            |argument: &String| argument.split('=').next().is_some_and(|path| path.trim() == "duration");
        self.duration.is_some() || self.set.iter().any(names_duration)
    }

    /// Multiplies the absolute rates of a document that passed the shape check.
    pub(super) fn scale(&self, document: &mut Node, sources: &mut Sources) -> Result<(), Refusal> {
        let Some(factor) = self.rate_scale else { return Ok(()) };
        if !(factor.is_finite() && factor > 0.0) {
            let argument = format!("--rate-scale {factor}");
            let start = sources.add_argument(&argument);
            let message = format!("the factor is {factor}; it must be above 0");
            return Err((start..start + argument.len(), message, None));
        }
        for stream in items_mut(document, "stream") {
            if let Some(records) = get_mut(stream, "records") {
                let message = "the rate of records is that at which they were recorded, so it cannot be multiplied";
                let help = "`speed` of `records` sends them faster";
                return Err((records.span.clone(), message.to_owned(), Some(help.to_owned())));
            }
            if let Some(rate) = get_mut(stream, "rate") {
                scale_rate(rate, factor);
            }
            scale_phases(stream, factor);
            if let Some(curve) = get_mut(stream, "curve") {
                scale_curve(curve, factor);
            }
        }
        Ok(())
    }
}

fn scale_phases(owner: &mut Node, factor: f64) {
    for phase in items_mut(owner, "phases") {
        if let Some(rate) = get_mut(phase, "rate") {
            scale_rate(rate, factor);
        }
        scale_phases(phase, factor);
    }
}

/// Multiplies the curve's height and its clip, so that the shape stays.
fn scale_curve(curve: &mut Node, factor: f64) {
    let mut has_target = false;
    for key in ["target_peak", "target_mean", "clip"] {
        if let Some(rate) = get_mut(curve, key) {
            scale_rate(rate, factor);
            has_target |= key != "clip";
        }
    }
    if has_target {
        return;
    }
    let (span, written) = match get_mut(curve, "scale") {
        Some(Node { span, value: Value::Float(scale) }) => (span.clone(), *scale),
        Some(Node { span, value: Value::Integer(scale) }) => (span.clone(), *scale as f64),
        _ => (curve.span.clone(), 1.0),
    };
    replace(curve, "scale", &span, Node { span: span.clone(), value: Value::Float(written * factor) });
}

fn scale_rate(node: &mut Node, factor: f64) {
    if let Value::Text(text) = &mut node.value
        && let Ok(PhaseRate::Absolute(rate)) = text.parse()
    {
        *text = Rate::per_s(rate.as_per_s() * factor).to_string();
    }
}

fn get_mut<'n>(table: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    match &mut table.value {
        Value::Table(entries) => entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node),
        _ => None,
    }
}

fn items_mut<'n>(table: &'n mut Node, key: &str) -> &'n mut [Node] {
    match get_mut(table, key).map(|node| &mut node.value) {
        Some(Value::Array(items)) => items,
        _ => &mut [],
    }
}

/// Puts a value at a key of the top table.
fn put(document: &mut Node, key: &str, value: Value, argument: &str, sources: &mut Sources) {
    let start = sources.add_argument(argument);
    let span = start..start + argument.len();
    replace(document, key, &span, Node { span: span.clone(), value });
}

fn replace(table: &mut Node, key: &str, key_span: &std::ops::Range<usize>, node: Node) {
    if let Value::Table(entries) = &mut table.value {
        entries.retain(|entry| entry.key != key);
        entries.push(Entry { key: key.to_owned(), key_span: key_span.clone(), node });
    }
}

/// Applies one `path=value`.
fn set(document: &mut Node, argument: &str, sources: &mut Sources) -> Result<(), Refusal> {
    const FLAG: &str = "--set ";
    let typed = format!("{FLAG}{argument}");
    let start = sources.add_argument(&typed);
    let whole = start..start + typed.len();
    let Some((path, value)) = argument.split_once('=') else {
        let help = "write it as --set stream.orders.rate=5k/s".to_owned();
        return Err((whole, format!("`{argument}` is not of the form path=value"), Some(help)));
    };
    let path_start = start + FLAG.len();
    let value_start = path_start + path.len() + 1;
    let steps = steps(path, path_start);
    if steps.iter().any(|step| step.text.is_empty()) {
        return Err((whole, format!("the path `{path}` has an empty part"), None));
    }
    assign(document, &steps, "", read_value(value, value_start))
}

/// One part of a path, and where it was typed.
struct PathStep<'p> {
    text: &'p str,
    start: usize,
}

impl PathStep<'_> {
    fn span(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.text.len()
    }
}

fn steps(path: &str, path_start: usize) -> Vec<PathStep<'_>> {
    let mut start = path_start;
    let step = |part| {
        let step = PathStep { text: part, start };
        start += part.len() + 1;
        step
    };
    path.split('.').map(step).collect()
}

/// A TOML value if the text is one, else the text itself.
fn read_value(value: &str, value_start: usize) -> Node {
    const KEY: &str = "v=";
    // The parsed document starts before the value does; only the positions inside the value are used.
    let offset = value_start - KEY.len();
    if let Ok(document) = Node::parse(&format!("{KEY}{value}"), offset)
        && let Value::Table(mut entries) = document.value
        && entries.len() == 1
        && let Some(entry) = entries.pop()
    {
        return entry.node;
    }
    Node { span: value_start..value_start + value.len(), value: Value::Text(value.to_owned()) }
}

/// Walks the steps from `node`, creates missing tables, and puts the value at the end. `walked` is the last key, for messages.
fn assign(node: &mut Node, steps: &[PathStep<'_>], walked: &str, value: Node) -> Result<(), Refusal> {
    let Some((step, rest)) = steps.split_first() else {
        *node = value;
        return Ok(());
    };
    match &mut node.value {
        Value::Table(entries) => {
            let position = entries.iter().position(|entry| entry.key == step.text).unwrap_or_else(|| {
                let table = Node { span: step.span(), value: Value::Table(Vec::new()) };
                entries.push(Entry { key: step.text.to_owned(), key_span: step.span(), node: table });
                entries.len() - 1
            });
            if let Some(entry) = entries.get_mut(position) {
                if rest.is_empty() {
                    entry.key_span = step.span();
                }
                assign(&mut entry.node, rest, step.text, value)?;
            }
            Ok(())
        }
        Value::Array(items) => {
            let (index, taken) = element(items, steps, walked)?;
            match items.get_mut(index) {
                Some(item) => assign(item, &steps[taken..], walked, value),
                None => Ok(()),
            }
        }
        _ => {
            let message = format!("`{walked}` is a single value and has no `{}`", step.text);
            Err((step.span(), message, None))
        }
    }
}

/// The list element that the next steps name, by its number or its `name` (which may contain dots), and how many steps that took.
fn element(items: &[Node], steps: &[PathStep<'_>], list: &str) -> Result<(usize, usize), Refusal> {
    for taken in (1..=steps.len()).rev() {
        let name = steps[..taken].iter().map(|step| step.text).collect::<Vec<_>>().join(".");
        if let Some(index) = items.iter().position(|item| item.name() == Some(&name)) {
            return Ok((index, taken));
        }
    }
    let written = &steps[0];
    if let Ok(index) = written.text.parse::<usize>() {
        if index < items.len() {
            return Ok((index, 1));
        }
        let message = format!("there is no `{list}` with number {index}");
        return Err((written.span(), message, Some(format!("there are {}, counted from 0", items.len()))));
    }
    let names: Vec<&str> = items.iter().filter_map(Node::name).collect();
    let help = match nearest::nearest(written.text, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => format!("give its number, from 0 to {}", items.len().saturating_sub(1)),
        None => format!("the names are: {}", names.join(", ")),
    };
    Err((written.span(), format!("there is no `{list}` named `{}`", written.text), Some(help)))
}
