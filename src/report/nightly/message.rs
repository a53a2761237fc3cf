//! What a webhook is told of a night: small, with the finding for programs and `text` for people. Slack, Mattermost and Google Chat show a message's
//! `text` as it comes.

use serde::Serialize;
use serde_json::Value;

use crate::compare::{Place, Unit};
use crate::nightly::{FigureDecision, NightDecision, NightFinding};
use crate::report::terminal::nightly::{answer, headline, sentences};

/// The version of this layout.
const MESSAGE_SCHEMA: u32 = 1;
/// How many sentences and figures it holds at most; whoever wants all of them reads the night's JSON.
const MOST: usize = 8;

#[derive(Serialize)]
struct Message<'a> {
    schema: u32,
    suite: &'a str,
    night: &'a str,
    finding: NightFinding,
    exit_code: u8,
    text: String,
    /// How many figures are worse, those included that are not listed.
    worse_figures: usize,
    worse: Vec<Worse<'a>>,
}

/// A figure that is worse.
#[derive(Serialize)]
struct Worse<'a> {
    profile: &'a str,
    place: &'a Place,
    figure: &'a str,
    unit: Unit,
    value: Option<f64>,
    usual: Option<f64>,
    by: Option<f64>,
    since: Option<&'a str>,
}

/// A night in a few lines of JSON.
///
/// # Errors
/// None that is known: a night is data.
pub(crate) fn message(night: &NightDecision) -> Result<Value, serde_json::Error> {
    let worse: Vec<&FigureDecision> = night.figures.iter().filter(|figure| figure.is_worse()).collect();
    serde_json::to_value(Message {
        schema: MESSAGE_SCHEMA,
        suite: &night.suite,
        night: &night.night,
        finding: night.finding,
        exit_code: night.finding.exit_code(),
        text: text(night),
        worse_figures: worse.len(),
        worse: worse.into_iter().take(MOST).map(worse_figure).collect(),
    })
}

fn worse_figure(figure: &FigureDecision) -> Worse<'_> {
    let FigureDecision { profile, place, figure: name, unit, value, usual, by, since, .. } = figure;
    let since = since.as_deref();
    Worse { profile, place, figure: name, unit: *unit, value: *value, usual: *usual, by: *by, since }
}

/// As on the terminal, in fewer lines.
fn text(night: &NightDecision) -> String {
    let (word, _) = headline(night.finding);
    let mut lines = vec![format!("{word}: {}", answer(night))];
    let mut more = sentences(night);
    let hidden = more.len().saturating_sub(MOST);
    more.truncate(MOST);
    lines.append(&mut more);
    if hidden > 0 {
        lines.push(format!("… and {hidden} lines more"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nightly::decision_examples::{quiet, worse};

    fn written(night: &NightDecision) -> String {
        serde_json::to_string_pretty(&message(night).unwrap()).unwrap()
    }

    #[test]
    fn a_quiet_night_as_a_message() {
        insta::assert_snapshot!(written(&quiet()));
    }

    #[test]
    fn a_night_with_something_worse_as_a_message() {
        insta::assert_snapshot!(written(&worse()));
    }

    #[test]
    fn a_message_stays_small_and_says_what_it_leaves_out() {
        let mut night = worse();
        let figure = night.figures[2].clone();
        night.figures = vec![figure; 1_000];
        let message = message(&night).unwrap();
        assert_eq!(message["worse_figures"], 1_000);
        assert_eq!(message["worse"].as_array().unwrap().len(), MOST);
        let text = message["text"].as_str().unwrap();
        assert!(text.contains(" more"), "{text}");
        assert!(message.to_string().len() < 8_000);
    }
}
