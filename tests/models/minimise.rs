//! Reduces a stream to the fewest rows and the simplest settings that still show a disagreement (Zeller's delta debugging).

use super::stream::Stream;

/// The smallest stream found that shows it. `simpler` offers simpler settings for a stream.
pub(crate) fn minimise(
    stream: Stream,
    mut shows: impl FnMut(&Stream) -> bool,
    simpler: impl Fn(&Stream) -> Vec<Stream>,
) -> Stream {
    let mut least = stream;
    loop {
        let before = least.clone();
        least = fewer_rows(least, &mut shows);
        while let Some(plainer) = simpler(&least).into_iter().find(|plainer| *plainer != least && shows(plainer)) {
            least = plainer;
        }
        if least == before {
            return least;
        }
    }
}

/// Leaves out runs of rows, shorter and shorter ones, down to single rows.
fn fewer_rows(stream: Stream, shows: &mut impl FnMut(&Stream) -> bool) -> Stream {
    let mut least = stream;
    let mut length = least.rows.len().div_ceil(2);
    while length > 0 {
        let mut from = 0;
        while from < least.rows.len() {
            let mut without = least.clone();
            without.rows.drain(from..(from + length).min(without.rows.len()));
            if !without.rows.is_empty() && shows(&without) {
                least = without;
            } else {
                from += length;
            }
        }
        length /= 2;
    }
    least
}

#[cfg(test)]
mod tests {
    use floodmark::profile::{Engine, WatermarkModel};

    use super::*;
    use crate::stream::{Row, ms};

    fn event(time_ms: i64) -> Row {
        Row::Event { partition: 0, key: None, time_ms }
    }

    #[test]
    fn two_rows_that_matter_are_found_among_many() {
        let model = WatermarkModel { allowed_lateness: Some(ms(8)), ..WatermarkModel::of(Engine::Flink) };
        let stream = Stream::new(model, (0..37).map(event).collect());
        let shows = |stream: &Stream| [5, 31].iter().all(|time_ms| stream.rows.contains(&event(*time_ms)));
        let plainer = |stream: &Stream| {
            let mut plainer = stream.clone();
            plainer.model.allowed_lateness = None;
            vec![plainer]
        };
        let least = minimise(stream, shows, plainer);
        assert_eq!(least.rows, [event(5), event(31)]);
        assert_eq!(least.model.allowed_lateness, None);
    }
}
