//! A sweep as one small page for a browser, with a picture and no script. The file needs nothing else and asks nothing of any network.

pub(crate) mod picture;

use minijinja::context;

use super::browser::{filled_in, line, ours, policy};
use super::terminal::paint::Ink;
use super::terminal::sweep::capacities::{BOUNDS, capacity_row, most};
use super::terminal::sweep::{
    CHANGES, MEASURED, WHICH_BYTES, WHOSE_CPU, effect_row, front, headline, left_out, point_row, sure, surroundings,
};
use crate::sweep::SweepRecord;
use picture::FrontPicture;

const TEMPLATE: &str = include_str!("page.html");
/// The style of a run's page.
const STYLE: &str = include_str!("../page/page.css");

/// The page's bytes.
///
/// # Errors
/// What the template's engine or the picture said.
pub(crate) fn swept_page(record: &SweepRecord) -> Result<Vec<u8>, String> {
    let (word, ink, told) = if record.is_capacity { most(record) } else { headline(record) };
    let lines = |sentences: Vec<String>| sentences.iter().map(|sentence| line(sentence)).collect::<Vec<_>>();
    let cells = |row: Vec<String>| row.iter().map(|cell| line(cell)).collect::<Vec<_>>();
    let picture = FrontPicture::of(record).map(|picture| picture::svg(&picture)).transpose();
    let page = context! {
        policy => policy(&[], &[STYLE]),
        title => format!("{word} · floodmark sweep"),
        styles => [ours(STYLE)],
        word,
        mark => if ink == Ink::Good { "good" } else { "doubt" },
        told => line(&told),
        surroundings => line(&surroundings(record)),
        front => lines(front(record)),
        picture => picture.map_err(|error| error.to_string())?.map(|picture| ours(&picture)),
        keys => record.keys.iter().map(|key| line(&key.name)).collect::<Vec<_>>(),
        heads => MEASURED,
        points => record.found.points.iter().map(|point| cells(point_row(record, point))).collect::<Vec<_>>(),
        changes => CHANGES.map(|(_, name)| name),
        effects => record.found.effects.iter().map(|effect| cells(effect_row(effect))).collect::<Vec<_>>(),
        notes => lines(sure(record).into_iter().chain([WHOSE_CPU, WHICH_BYTES].map(str::to_owned)).collect()),
        left_out => lines(left_out(record)),
        bounds => BOUNDS,
        capacities => record.capacities.iter().map(|of| cells(capacity_row(record, of))).collect::<Vec<_>>(),
    };
    filled_in(TEMPLATE, page).map(String::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::made_up::record;

    #[test]
    fn a_page_says_what_the_sweep_says_and_escapes_what_others_wrote() {
        let mut record = record();
        record.keys[0].name = "<b>linger".to_owned();
        record.combinations[3][0] = "<i>5".to_owned();
        let page = String::from_utf8(swept_page(&record).unwrap()).unwrap();
        for said in ["SWEPT", "&lt;b&gt;linger", "&lt;i&gt;5", "against 0", "<svg", "CPU per event is the generator"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("<i>"), "{page}");
        let foreign = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!foreign.contains("http://") && !foreign.contains("https://"), "{page}");
    }

    #[test]
    fn a_sweep_without_trials_has_a_page_too() {
        let mut record = record();
        record.trials.clear();
        record.conclude();
        let page = String::from_utf8(swept_page(&record).unwrap()).unwrap();
        assert!(page.contains("NOT FINISHED") && !page.contains("<svg"), "{page}");
    }
}
