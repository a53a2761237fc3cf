use super::*;
use crate::nightly::examples::{history, shown as asked};
use crate::nights::LEAST_NIGHTS;

fn of(lines: &[NightLine], accepted: &[Accepted]) -> Past {
    past(lines, accepted, &asked(50), &|_| true)
}

/// Slow by half from the 20th night on.
fn slow() -> Vec<NightLine> {
    history(24, &|night| if night >= 20 { 1.5 } else { 1.0 })
}

fn accepted(since: &str) -> Accepted {
    Accepted {
        schema: 1,
        suite: "staging".to_owned(),
        since: since.to_owned(),
        profile: None,
        figure: None,
        why: "the new disks".to_owned(),
        accepted: "2030-02-01T00:00:00Z".to_owned(),
        host: "night-1".to_owned(),
    }
}

#[test]
fn a_change_is_one_change_from_the_night_where_it_began() {
    let past = of(&slow(), &[]);
    let figure = &past.figures[0];
    assert_eq!((figure.points.len(), past.nights.len()), (24, 24));
    assert_eq!(figure.changes.len(), 1, "{:?}", figure.changes);
    let change = figure.alarm().unwrap();
    assert_eq!((change.since.as_str(), change.from, change.to), ("2030-01-21", Some(20), 23));
    assert!((change.by.unwrap() - 0.5).abs() < 0.05, "{change:?}");
}

#[test]
fn an_unjudged_night_ends_no_alarm() {
    let mut lines = slow();
    lines[23].figures.clear();
    let past = of(&lines, &[]);
    let figure = &past.figures[0];
    assert_eq!((figure.judged, figure.alarm().map(|alarm| alarm.to)), (Judged::NotMeasured, Some(22)));
}

#[test]
fn an_accepted_change_is_marked_where_it_begins_and_raises_no_alarm() {
    let past = of(&slow(), &[accepted("2030-01-21"), accepted("2029-12-31")]);
    let figure = &past.figures[0];
    assert_eq!(figure.accepted, [PastMark { at: 20, why: "the new disks".to_owned() }]);
    assert!(figure.alarm().is_none() && figure.points.iter().all(|point| point.judged != Judged::Worse));
}

#[test]
fn a_new_baseline_is_marked_with_what_changed() {
    let (mut lines, first) = (slow(), LEAST_NIGHTS + 2);
    for line in &mut lines[first..] {
        line.surroundings.librdkafka = "9.9.9".to_owned();
        line.fingerprint = "another".to_owned();
    }
    let past = of(&lines, &[]);
    assert_eq!(past.figures[0].begins.iter().map(|mark| mark.at).collect::<Vec<_>>(), [first]);
    assert!(past.figures[0].begins[0].why.contains("9.9.9"), "{:?}", past.figures[0].begins);
    assert_eq!(past.figures[0].points[first - 1].judged, Judged::AsUsual, "the nights before were judged, too");
}

#[test]
fn only_the_last_nights_are_shown_and_they_are_judged_by_all_before() {
    let (whole, cut) = (of(&slow(), &[]), past(&slow(), &[], &asked(3), &|_| true));
    assert_eq!(cut.nights, whole.nights[21..]);
    assert_eq!(cut.figures[0].points, whole.figures[0].points[21..]);
    assert_eq!((cut.figures[0].changes[0].since.as_str(), cut.figures[0].changes[0].from), ("2030-01-21", None));
    let until = PastAsked { until: Some("2030-01-20".to_owned()), ..asked(50) };
    let until = past(&slow(), &[], &until, &|_| true);
    assert_eq!((until.nights.len(), until.figures[0].judged), (20, Judged::AsUsual));
}

#[test]
fn what_is_worse_comes_first_and_takes_its_place_along() {
    let mut lines = slow();
    for (night, line) in lines.iter_mut().enumerate() {
        let usual = |values: &[f64]| {
            let by = if night >= 20 { 1.5 } else { 1.0 };
            values.iter().map(|value| value / by).collect::<Vec<f64>>()
        };
        let mut calm = line.figures[0].clone();
        calm.values = usual(&calm.values);
        let (mut beside, mut elsewhere) = (calm.clone(), calm);
        beside.figure = "ack_p50".to_owned();
        elsewhere.place.stream = Some("clicks".to_owned());
        line.figures = vec![elsewhere, beside, line.figures[0].clone()];
    }
    let past = of(&lines, &[]);
    let order: Vec<(&str, &str)> =
        past.figures.iter().map(|of| (of.place.stream.as_deref().unwrap(), of.figure.as_str())).collect();
    assert_eq!(order, [("orders", "end_to_end_p99"), ("orders", "ack_p50"), ("clicks", "end_to_end_p99")]);
}

#[test]
fn a_point_leads_to_the_run_in_the_middle_and_a_cleaned_one_to_none() {
    let lines = slow();
    let point = of(&lines, &[]).figures[0].points[5].clone();
    assert_eq!(point.run.as_deref(), Some("runs/run-0-3-2"), "the third of five that grow");
    let cleaned = past(&lines, &[], &asked(50), &|folder| folder.ends_with("run-0-4-3"));
    assert_eq!(cleaned.figures[0].points[5].run.as_deref(), Some("runs/run-0-4-3"));
    let cleaned = past(&lines, &[], &asked(50), &|_| false);
    assert!(cleaned.figures[0].points.iter().all(|point| point.run.is_none()));
}

#[test]
fn nothing_is_shown_of_nothing() {
    let nothing = of(&[], &[]);
    assert!(nothing.nights.is_empty() && nothing.figures.is_empty());
}
