//! Datadog's answers: `/api/v1/query` with `series` and `pointlist`, and `/api/v2/query/timeseries` with `times` and `values`.
//!
//! `interval` is the length of a bucket in seconds; some answers have been seen with milliseconds. Buckets without data are left out.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Findings, ImportError, Kind, Place, Stamps, Values,
    json::Pages,
    quoted::one_line,
    series::{Export, Foreign, Rows, Sample, Series, join_page},
    stamps::StampReader,
};

#[derive(Deserialize)]
struct Answer<'a> {
    error: Option<String>,
    errors: Option<Vec<String>>,
    #[serde(borrow)]
    series: Option<Vec<Queried<'a>>>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Queried<'a> {
    metric: Option<String>,
    display_name: Option<String>,
    scope: Option<String>,
    expression: Option<String>,
    interval: Option<f64>,
    #[serde(default)]
    unit: Option<Vec<Option<Unit>>>,
    #[serde(borrow, default)]
    pointlist: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Unit {
    family: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    attributes: Attributes<'a>,
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(default)]
    series: Vec<Group>,
    #[serde(borrow, default)]
    times: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    values: Vec<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    group_tags: Vec<String>,
    #[serde(default)]
    query_index: u32,
    #[serde(default)]
    unit: Option<Vec<Option<Unit>>>,
}

/// Reads Datadog's answer, of either version, of one page or several. A timestamp is the interval's start, in milliseconds.
pub(super) fn read(text: &str, findings: &mut Findings) -> Result<Export, ImportError> {
    let pages = Pages::of(text)?;
    let mut series = Vec::new();
    for answer in pages.read::<Answer<'_>>()? {
        let refused = answer.error.or(answer.errors.map(|errors| errors.join("; "))).filter(|error| !error.is_empty());
        if let Some(error) = refused {
            let why = format!("this is Datadog's answer to a query that failed: {}", one_line(&error));
            return Err(ImportError::Shape { place: Place::line(1), why });
        }
        let page = match answer.data {
            Some(data) => second_version(data.attributes, &pages)?,
            None => {
                let queried = answer.series.unwrap_or_default().into_iter();
                queried.map(|one| first_version(one, &pages, findings)).collect::<Result<_, _>>()?
            }
        };
        join_page(&mut series, page);
    }
    Ok(Export {
        series,
        stamps: Stamps::Start,
        ordered: true,
        rows: Rows::OneStep,
        stamp_form: "epoch milliseconds".to_owned(),
        local: false,
    })
}

fn first_version(one: Queried<'_>, pages: &Pages<'_>, findings: &mut Findings) -> Result<Series, ImportError> {
    let mut stamps = StampReader::default();
    let mut samples = Vec::with_capacity(one.pointlist.len());
    for (number, raw) in one.pointlist.into_iter().enumerate() {
        let ((at, value), place): ((&RawValue, Option<f64>), Place) =
            pages.point(raw, number, "[1700000000000.0, 12.0]")?;
        samples.push(Sample { place, at_ms: stamps.read(at.get(), place)?, value: value.unwrap_or(f64::NAN) });
    }
    let metric = one.metric.or(one.display_name).unwrap_or_default();
    let name = one.scope.map_or_else(|| metric.clone(), |scope| format!("{metric}{{{scope}}}"));
    let expression = one.expression.unwrap_or_default();
    let (unit_values, unit_foreign) = said_by_unit(one.unit.as_deref().unwrap_or_default());
    let step_ms = one.interval.and_then(|interval| interval_ms(interval, &samples, &name, findings));
    Ok(Series {
        foreign: ratio(&expression).or(unit_foreign),
        values: said_by(&expression).or(unit_values),
        step_ms,
        name,
        samples,
    })
}

/// The stated length of a bucket in milliseconds: it is in seconds, unless only milliseconds fit the timestamps.
fn interval_ms(interval: f64, samples: &[Sample], name: &str, findings: &mut Findings) -> Option<i64> {
    let fits = |step_ms: i64| {
        step_ms > 0 && samples.windows(2).all(|pair| pair[1].at_ms.saturating_sub(pair[0].at_ms) % step_ms == 0)
    };
    if !(1e-3..1e9).contains(&interval) {
        return None;
    }
    let [seconds, milliseconds] = [(interval * 1e3).round() as i64, interval.round() as i64];
    if fits(seconds) {
        return Some(seconds);
    }
    if interval >= 1000.0 && fits(milliseconds) {
        return Some(milliseconds);
    }
    let what =
        format!("`{}` states an interval of {interval} s, but its points are spaced differently", one_line(name));
    findings.note(Kind::Remark, None, &what, "the points' spacing is used", false);
    None
}

/// An expression without the text in braces, where `*` means all and `/` is part of a tag.
fn outside_braces(expression: &str) -> String {
    let mut depth = 0_i32;
    let outside = |letter: &char| {
        depth += i32::from(*letter == '{') - i32::from(*letter == '}');
        depth == 0
    };
    expression.chars().filter(outside).collect()
}

/// A query that divides one series by another.
fn ratio(expression: &str) -> Option<Foreign> {
    let outside = outside_braces(expression);
    let by_series = |by: &str| by.trim_start_matches(['(', ' ']).starts_with(char::is_alphabetic);
    outside.split('/').skip(1).any(by_series).then(|| {
        let why = "its query divides one series by another, and a ratio does not tell how many events there were: export the count alone";
        Foreign::Never(why.to_owned())
    })
}

/// What the query says its values are; nothing if it calculates with them, or requests neither counts nor rates.
fn said_by(expression: &str) -> Option<Values> {
    let calculates = outside_braces(expression).contains(['/', '*']);
    match (expression.contains(".as_count()"), expression.contains(".as_rate()")) {
        (true, false) if !calculates => Some(Values::Counts),
        (false, true) if !calculates => Some(Values::RatePerS),
        _ => None,
    }
}

/// What the unit says: requests per second are a rate, and percents or bytes are not events.
fn said_by_unit(unit: &[Option<Unit>]) -> (Option<Values>, Option<Foreign>) {
    const NOT_EVENTS: [&str; 6] = ["bytes", "time", "percentage", "temperature", "cpu", "frequency"];
    let part = |at: usize| unit.get(at).and_then(Option::as_ref);
    let Some(of) = part(0) else { return (None, None) };
    let name = |unit: &Unit| one_line(unit.name.as_deref().unwrap_or("unnamed"));
    if of.family.as_deref().is_some_and(|family| NOT_EVENTS.contains(&family)) {
        let why = format!("its unit is {}, not events: if it counts events, state what it is with --values", name(of));
        return (None, Some(Foreign::Unit(why)));
    }
    match part(1).map(|per| (per, per.name.as_deref())) {
        None => (None, None),
        Some((_, Some("second"))) => (Some(Values::RatePerS), None),
        Some((_, Some("minute"))) => (Some(Values::RatePerMin), None),
        Some((per, _)) => {
            let why = format!("its unit is {} per {}: state what it is with --values", name(of), name(per));
            (None, Some(Foreign::Unit(why)))
        }
    }
}

fn second_version(answer: Attributes<'_>, pages: &Pages<'_>) -> Result<Vec<Series>, ImportError> {
    let mut series = Vec::with_capacity(answer.values.len());
    for (number, values) in answer.values.into_iter().enumerate() {
        let group = answer.series.get(number);
        let name = group.map_or_else(|| format!("series {number}"), name_of);
        if values.len() != answer.times.len() {
            let why = format!(
                "`{}` has {} values, but there are {} times",
                one_line(&name),
                values.len(),
                answer.times.len()
            );
            return Err(ImportError::Shape { place: Place::line(1), why });
        }
        let mut stamps = StampReader::default();
        let mut samples = Vec::with_capacity(values.len());
        for (number, (at, value)) in answer.times.iter().zip(values).enumerate() {
            let (value, place): (Option<f64>, Place) = pages.point(value, number, "12.0")?;
            let at_ms = stamps.read(at.get(), pages.place(at.get(), number))?;
            samples.push(Sample { place, at_ms, value: value.unwrap_or(f64::NAN) });
        }
        let unit = group.and_then(|group| group.unit.as_deref()).unwrap_or_default();
        let (values, foreign) = said_by_unit(unit);
        series.push(Series { name, samples, values, foreign, ..Series::default() });
    }
    Ok(series)
}

fn name_of(group: &Group) -> String {
    let tags = if group.group_tags.is_empty() { "*".to_owned() } else { group.group_tags.join(",") };
    format!("query {}{{{tags}}}", group.query_index)
}
