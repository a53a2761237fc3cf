//! Combinations as points: what they cost against their p99, with the spread of their trials and the front.

use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::{
        BLACK, BitMapBackend, Cartesian2d, ChartBuilder, ChartContext, Circle, DrawingArea, DrawingBackend,
        IntoDrawingArea, PathElement, RGBColor, SVGBackend, WHITE,
    },
    style::{
        Color,
        text_anchor::{HPos, VPos},
    },
};

use crate::compare::Side;
use crate::figures::{latency, rate};
use crate::report::picture::{Drawn, PictureError, anchored, encoded, register, visible};
use crate::report::ticks::{Tick, rate_axis};
use crate::sweep::{Figure, SweepRecord};

const WIDTH: u32 = 900;
const HEIGHT: u32 = 520;
const LEFT: u32 = 90;
const RIGHT: u32 = 40;
const TOP: u32 = 50;
const BOTTOM: u32 = 62;
const BLUE: RGBColor = RGBColor(31, 104, 168);
const GREY: RGBColor = RGBColor(110, 110, 110);
const PALE: RGBColor = RGBColor(228, 228, 228);
/// Marks on an axis, at most about this many.
const MARKS: usize = 6;
/// Throughputs that differ by more than this share of the highest are worth an axis.
const WORTH: f64 = 0.05;

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FrontPicture {
    title: String,
    across: Figure,
    points: Vec<Drawable>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Drawable {
    number: usize,
    is_front: bool,
    across: Side,
    up: Side,
}

impl FrontPicture {
    /// Of a sweep; `None` when no combination was measured.
    #[must_use]
    pub(crate) fn of(record: &SweepRecord) -> Option<Self> {
        let across = across(record);
        let drawable = |point: &crate::sweep::Point| {
            Some(Drawable {
                number: point.combination,
                is_front: point.standing.is_front(),
                across: *point.figure(across)?,
                up: *point.figure(Figure::EndToEndP99Ms)?,
            })
        };
        let points: Vec<Drawable> = record.found.points.iter().filter_map(drawable).collect();
        let keys = record.keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>().join(" × ");
        (!points.is_empty()).then(|| FrontPicture { title: format!("{}: {keys}", record.profile), across, points })
    }

    /// The points of the front in the two figures that are drawn, from left to right: each is better in p99 than all that cost less.
    fn front(&self) -> Vec<(f64, f64)> {
        let better = if self.across == Figure::DeliveredPerS { -1.0 } else { 1.0 };
        let on_front = self.points.iter().filter(|point| point.is_front);
        let mut points: Vec<(f64, f64)> =
            on_front.map(|point| (better * point.across.center, point.up.center)).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
        let mut lowest = f64::INFINITY;
        points.retain(|point| {
            let is_lower = point.1 < lowest;
            lowest = lowest.min(point.1);
            is_lower
        });
        points.into_iter().map(|(across, up)| (better * across, up)).collect()
    }
}

/// Throughput where it differs, and CPU per event where all combinations carry the load.
fn across(record: &SweepRecord) -> Figure {
    let delivered = record.found.points.iter().filter_map(|point| point.figure(Figure::DeliveredPerS));
    let (least, most) = delivered
        .fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), side| (least.min(side.center), most.max(side.center)));
    let has_cpu = record.found.points.iter().any(|point| point.figure(Figure::CpuUsPerEvent).is_some());
    if least < most * (1.0 - WORTH) || !has_cpu { Figure::DeliveredPerS } else { Figure::CpuUsPerEvent }
}

/// The picture as SVG.
///
/// # Errors
/// [`PictureError`], with what the drawing said.
pub(crate) fn svg(picture: &FrontPicture) -> Result<String, PictureError> {
    let mut text = String::new();
    draw(picture, &SVGBackend::with_string(&mut text, (WIDTH, HEIGHT)).into_drawing_area())?;
    Ok(text)
}

/// The picture as PNG.
///
/// # Errors
/// [`PictureError`], with what the drawing or the encoder said.
pub(crate) fn png(picture: &FrontPicture) -> Result<Vec<u8>, PictureError> {
    let mut pixels = vec![0; WIDTH as usize * HEIGHT as usize * 3];
    draw(picture, &BitMapBackend::with_buffer(&mut pixels, (WIDTH, HEIGHT)).into_drawing_area())?;
    encoded(&pixels, WIDTH, HEIGHT)
}

fn draw<B: DrawingBackend>(picture: &FrontPicture, area: &DrawingArea<B, Shift>) -> Result<(), PictureError> {
    register()?;
    draw_on(picture, area).map_err(|error| PictureError(error.to_string()))
}

type Chart<'a, B> = ChartContext<'a, B, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn draw_on<B: DrawingBackend>(picture: &FrontPicture, area: &DrawingArea<B, Shift>) -> Drawn<B> {
    let most = |side: fn(&Drawable) -> f64| picture.points.iter().map(side).fold(0.0, f64::max).max(1e-9);
    let (across, up) = (rate_axis(most(|point| point.across.max), MARKS), rate_axis(most(|point| point.up.max), MARKS));
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(area)
        .margin_top(TOP)
        .margin_right(RIGHT)
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(0.0..across.top, 0.0..up.top)?;
    area.draw_text(&visible(&picture.title), &anchored(19, &BLACK, HPos::Left, VPos::Top), (LEFT as i32, 14))?;
    draw_axes(&mut chart, area, picture.across, (&across.ticks, across.top), (&up.ticks, up.top))?;
    chart.draw_series([PathElement::new(picture.front(), BLUE.mix(0.5))])?;
    for point in &picture.points {
        draw_point(&mut chart, area, point)?;
    }
    area.present()
}

fn draw_axes<B: DrawingBackend>(
    chart: &mut Chart<'_, B>,
    area: &DrawingArea<B, Shift>,
    figure: Figure,
    (across, right): (&[Tick], f64),
    (up, top): (&[Tick], f64),
) -> Drawn<B> {
    let line = |from, to, colour| PathElement::new(vec![from, to], colour);
    chart.draw_series(across.iter().map(|tick| line((tick.at, 0.0), (tick.at, top), PALE)))?;
    chart.draw_series(up.iter().map(|tick| line((0.0, tick.at), (right, tick.at), PALE)))?;
    chart.draw_series([line((0.0, 0.0), (right, 0.0), GREY), line((0.0, 0.0), (0.0, top), GREY)])?;
    let (is_rate, name) =
        (figure == Figure::DeliveredPerS, if figure == Figure::DeliveredPerS { "delivered" } else { "CPU per event" });
    for tick in across {
        let (x, y) = chart.backend_coord(&(tick.at, 0.0));
        let text = if is_rate { rate(tick.at) } else { latency(tick.at / 1e3) };
        area.draw_text(&text, &anchored(14, &BLACK, HPos::Center, VPos::Top), (x, y + 8))?;
    }
    for tick in up {
        let (x, y) = chart.backend_coord(&(0.0, tick.at));
        area.draw_text(&latency(tick.at), &anchored(14, &BLACK, HPos::Right, VPos::Center), (x - 8, y))?;
    }
    let (x, y) = chart.backend_coord(&(right, 0.0));
    area.draw_text(name, &anchored(14, &GREY, HPos::Right, VPos::Top), (x, y + 32))?;
    let (x, y) = chart.backend_coord(&(0.0, top));
    area.draw_text("p99 end to end", &anchored(14, &GREY, HPos::Left, VPos::Bottom), (x + 6, y - 1))?;
    Ok(())
}

/// A point, how far its trials spread, and its number.
fn draw_point<B: DrawingBackend>(chart: &mut Chart<'_, B>, area: &DrawingArea<B, Shift>, point: &Drawable) -> Drawn<B> {
    let colour = if point.is_front { BLUE } else { GREY };
    let Drawable { across, up, .. } = point;
    let spread = [
        vec![(across.min, up.center), (across.max, up.center)],
        vec![(across.center, up.min), (across.center, up.max)],
    ];
    chart.draw_series(spread.map(|line| PathElement::new(line, colour.mix(0.5))))?;
    let dot = if point.is_front { colour.filled() } else { colour.stroke_width(1) };
    chart.draw_series([Circle::new((across.center, up.center), 5, dot)])?;
    let (x, y) = chart.backend_coord(&(across.center, up.center));
    area.draw_text(&format!("#{}", point.number), &anchored(13, &colour, HPos::Left, VPos::Bottom), (x + 7, y - 4))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::made_up::record;

    #[test]
    fn a_point_stands_for_each_combination_and_the_front_is_a_line() {
        let picture = FrontPicture::of(&record()).unwrap();
        assert_eq!(picture.across, Figure::CpuUsPerEvent, "all carry the load");
        let text = svg(&picture).unwrap();
        assert_eq!(text.matches("<circle").count(), 6, "{text}");
        assert!(text.contains("linger.ms × compression.type") && text.contains("CPU per event"), "{text}");
        let front = picture.front();
        assert!(
            front.len() >= 2 && front.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 > two[1].1),
            "{front:?}"
        );
        assert!(png(&picture).unwrap().starts_with(b"\x89PNG"));
    }

    #[test]
    fn where_throughput_differs_it_is_drawn_and_more_is_better() {
        let mut record = record();
        for trial in &mut record.trials {
            let per_s = if trial.combination > 4 { 500.0 } else { 1000.0 };
            trial.figures.as_mut().unwrap().insert(Figure::DeliveredPerS, per_s);
        }
        record.conclude();
        let picture = FrontPicture::of(&record).unwrap();
        assert_eq!(picture.across, Figure::DeliveredPerS);
        assert_eq!(picture.front().len(), 1, "{:?}", picture.front());
    }
}
