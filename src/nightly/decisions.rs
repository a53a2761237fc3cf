//! What a history says of several of its nights: nights that measured the same figures are judged in one go.

use super::decide::decision;
use super::decision::NightDecision;
use super::lines::key;
use super::series::told;
use crate::compare::Thresholds;
use crate::history::{Accepted, NightLine};
use crate::nights::judge;

/// Each night's decision, as `decide` makes it of that night alone. `lines` are sorted by night, and `nights` ascend.
#[must_use]
pub(super) fn decisions(
    lines: &[NightLine],
    accepted: &[Accepted],
    nights: &[String],
    thresholds: &Thresholds,
) -> Vec<NightDecision> {
    let alike: Vec<Vec<Of<'_>>> = nights.iter().map(|night| series(lines, night)).collect();
    let mut decisions: Vec<(usize, NightDecision)> = Vec::with_capacity(nights.len());
    for (last, night) in nights.iter().enumerate().rev() {
        if decisions.iter().any(|(decided, _)| *decided == last) {
            continue;
        }
        let told = told(lines, accepted, night, thresholds);
        let judged = judge(&told.nights);
        for earlier in (0..=last).filter(|earlier| alike[*earlier] == alike[last]) {
            let night = &nights[earlier];
            let tonight: Vec<&NightLine> = lines.iter().filter(|line| line.night == *night).collect();
            let at = told.names.iter().position(|name| name == night).unwrap_or(0);
            decisions.push((earlier, decision(&told.up_to(at), judged.get(at), &tonight, night)));
        }
    }
    decisions.sort_by_key(|(at, _)| *at);
    decisions.into_iter().map(|(_, decision)| decision).collect()
}

/// What decides which series a night goes on with.
#[derive(PartialEq)]
struct Of<'a> {
    profile: &'a str,
    /// The night with which the profile's baseline begins.
    since: Option<&'a str>,
    figures: Vec<String>,
}

fn series<'a>(lines: &'a [NightLine], night: &str) -> Vec<Of<'a>> {
    let tonight = lines.iter().filter(|line| line.night == night);
    let of = |line: &'a NightLine| {
        let before = lines.iter().rev().filter(|of| of.profile == line.profile && of.night.as_str() <= night);
        let alike = before.take_while(|of| of.fingerprint == line.fingerprint);
        let figures = line.figures.iter().map(|figure| key(&figure.place, &figure.figure)).collect();
        Of { profile: &line.profile, since: alike.last().map(|first| first.night.as_str()), figures }
    };
    tonight.map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::decide::decide;
    use super::super::examples::{history, slowed};
    use super::*;

    /// What is said of many nights at once is what was said in each of them, whatever began anew or was not measured in between.
    #[test]
    fn every_decision_is_the_one_of_its_own_night() {
        let mut lines = history(26, &|night| if night >= 20 { 1.4 } else { 1.0 });
        lines[4].fingerprint = "another".to_owned();
        lines[13].figures.clear();
        // What is measured every other night is judged with what is measured always.
        for line in lines.iter_mut().step_by(2) {
            let mut another = line.figures.clone();
            another.iter_mut().for_each(|figure| figure.figure = "ack_p99".to_owned());
            line.figures.extend(another);
        }
        lines[17].suspect = Some("this machine's own speed changed".to_owned());
        slowed(&mut lines[17]);
        let nights: Vec<String> = lines.iter().map(|line| line.night.clone()).collect();
        let thresholds = Thresholds::of(&[]);
        let alone: Vec<NightDecision> = nights.iter().map(|night| decide(&lines, &[], night, &thresholds).0).collect();
        assert_eq!(decisions(&lines, &[], &nights, &thresholds), alone);
        assert!(alone.iter().any(|night| night.figures.iter().any(|figure| figure.is_worse())));
    }
}
