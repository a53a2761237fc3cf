//! A rate over time as a picture in a file: SVG or PNG.

use jiff::tz::TimeZone;
use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::{
        AreaSeries, BLACK, BitMapBackend, Cartesian2d, ChartBuilder, ChartContext, Color, DrawingArea, DrawingBackend,
        IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend, Text, WHITE,
    },
    style::{
        FontStyle, ShapeStyle, TextStyle, register_font,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    screen::clean,
    ticks::{RateAxis, TimeAxis, rate_axis, rate_in_unit_of, time_axis},
};

const WIDTH: u32 = 1200;
const HEIGHT: u32 = 480;
const LEFT: u32 = 84;
const RIGHT: u32 = 40;
const TOP: u32 = 56;
const BOTTOM: u32 = 62;
const BLUE: RGBColor = RGBColor(31, 104, 168);
const RED: RGBColor = RGBColor(190, 60, 40);
const GREY: RGBColor = RGBColor(110, 110, 110);
const PALE: RGBColor = RGBColor(228, 228, 228);
const FONT: &str = "sans-serif";
/// Marks on the axes, at most about this many.
const TIMES: usize = 10;
const RATES: usize = 6;
/// The least room between two labels of the time, in pixels.
const APART: i32 = 10;
/// The height of a label on the curve.
const LINE: i32 = 18;

/// A rate over time, and what else is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RatePicture {
    /// What stands above.
    pub title: String,
    /// From the start, in seconds, ascending; and the rate there, in events per second.
    pub points: Vec<(f64, f64)>,
    /// What the start is, in milliseconds since 1970; the axis shows dates then.
    pub start_unix_ms: Option<i64>,
    /// The zone of the dates.
    pub zone: TimeZone,
    /// Rates that are marked with a line across, and their names.
    pub marks: Vec<(String, f64)>,
}

/// A picture that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the picture cannot be drawn: {0}")]
pub(crate) struct PictureError(pub(super) String);

/// The picture as SVG.
///
/// # Errors
/// [`PictureError`], with what the drawing said.
pub(crate) fn svg(picture: &RatePicture) -> Result<String, PictureError> {
    let mut text = String::new();
    draw(picture, &SVGBackend::with_string(&mut text, (WIDTH, HEIGHT)).into_drawing_area())?;
    Ok(text)
}

/// The picture as PNG, 1200 by 480.
///
/// # Errors
/// [`PictureError`], with what the drawing or the encoder said.
pub(crate) fn png(picture: &RatePicture) -> Result<Vec<u8>, PictureError> {
    let mut pixels = vec![0; WIDTH as usize * HEIGHT as usize * 3];
    draw(picture, &BitMapBackend::with_buffer(&mut pixels, (WIDTH, HEIGHT)).into_drawing_area())?;
    encoded(&pixels, WIDTH, HEIGHT)
}

/// Pixels of three bytes each as a PNG.
///
/// # Errors
/// [`PictureError`], with what the encoder said.
pub(super) fn encoded(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, PictureError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(pixels));
    written.map_err(|error| PictureError(error.to_string()))?;
    Ok(bytes)
}

fn draw<B: DrawingBackend>(picture: &RatePicture, area: &DrawingArea<B, Shift>) -> Result<(), PictureError> {
    let finite = |(at_s, per_s): &(f64, f64)| at_s.is_finite() && per_s.is_finite();
    if !picture.points.iter().all(finite) || picture.marks.iter().any(|(_, per_s)| !per_s.is_finite()) {
        return Err(PictureError("it has infinite rates or times".to_owned()));
    }
    register()?;
    draw_on(picture, area).map_err(|error| PictureError(error.to_string()))
}

/// Makes the built-in font known: pictures look alike on every machine.
///
/// # Errors
/// A font that cannot be read, which ours can.
pub(super) fn register() -> Result<(), PictureError> {
    register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| PictureError("the built-in font cannot be read".to_owned()))
}

pub(super) type Drawn<B> = Result<(), plotters::drawing::DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;
type Chart<'a, B> = ChartContext<'a, B, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn draw_on<B: DrawingBackend>(picture: &RatePicture, area: &DrawingArea<B, Shift>) -> Drawn<B> {
    let end_s = picture.points.last().map_or(1.0, |point| point.0).max(1e-9);
    let rates = picture.points.iter().map(|point| point.1).chain(picture.marks.iter().map(|mark| mark.1));
    let highest = rates.fold(0.0, f64::max);
    let rates = rate_axis(highest, RATES);
    let times = time_axis(picture.start_unix_ms, end_s, &picture.zone, TIMES);
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(area)
        .margin_top(TOP)
        .margin_right(RIGHT)
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(0.0..end_s, 0.0..rates.top)?;
    let title = (FONT, 19).into_font().color(&BLACK);
    area.draw_text(&visible(&picture.title), &title, (LEFT as i32, 14))?;
    draw_grid(&mut chart, &rates, end_s)?;
    chart.draw_series(AreaSeries::new(picture.points.iter().copied(), 0.0, BLUE.mix(0.35)).border_style(BLUE))?;
    draw_changes(&mut chart, area, &times, rates.top)?;
    draw_times(&mut chart, area, &times)?;
    draw_rates(&mut chart, area, &rates)?;
    if highest > 0.0 {
        draw_marks(&mut chart, area, &picture.marks, end_s, highest)?;
    } else {
        let style = anchored(18, &GREY, HPos::Center, VPos::Center);
        area.draw_text("no events", &style, ((WIDTH / 2) as i32, ((HEIGHT - BOTTOM + TOP) / 2) as i32))?;
    }
    area.present()
}

/// Text of other people's, without characters that no SVG may hold.
pub(super) fn visible(text: &str) -> String {
    let shown: String =
        clean(text).replace(['\n', '\t'], " ").chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect();
    if shown.chars().count() <= 110 { shown } else { shown.chars().take(109).chain(['…']).collect() }
}

pub(super) fn anchored(size: u32, color: &RGBColor, across: HPos, down: VPos) -> TextStyle<'static> {
    (FONT, size).into_font().color(color).pos(Pos::new(across, down))
}

fn draw_grid<B: DrawingBackend>(chart: &mut Chart<'_, B>, rates: &RateAxis, end_s: f64) -> Drawn<B> {
    let across = |per_s: f64, color| PathElement::new(vec![(0.0, per_s), (end_s, per_s)], color);
    chart.draw_series(rates.ticks.iter().map(|tick| across(tick.at, PALE)))?;
    chart.draw_series([across(0.0, GREY), PathElement::new(vec![(0.0, 0.0), (0.0, rates.top)], GREY)])?;
    Ok(())
}

/// The marks of the time below the axis, each a little line and its label; one without room is left out.
fn draw_times<B: DrawingBackend>(chart: &mut Chart<'_, B>, area: &DrawingArea<B, Shift>, times: &TimeAxis) -> Drawn<B> {
    let style = anchored(14, &BLACK, HPos::Center, VPos::Top);
    let axis_y = chart.backend_coord(&(0.0, 0.0)).1;
    let mut free_from = 0;
    for tick in &times.ticks {
        let x = chart.backend_coord(&(tick.at, 0.0)).0;
        area.draw(&PathElement::new(vec![(x, axis_y), (x, axis_y + 5)], GREY))?;
        let half = area.estimate_text_size(&tick.label, &style)?.0 as i32 / 2 + APART / 2;
        // At the edges a label stays inside of the picture.
        let middle = x.clamp(half, (WIDTH as i32 - half).max(half));
        if middle - half >= free_from {
            area.draw_text(&tick.label, &style, (middle, axis_y + 8))?;
            free_from = middle + half;
        }
    }
    let title = anchored(14, &GREY, HPos::Center, VPos::Top);
    area.draw_text(&times.title, &title, (((WIDTH - RIGHT + LEFT) / 2) as i32, axis_y + 32))?;
    Ok(())
}

fn draw_rates<B: DrawingBackend>(chart: &mut Chart<'_, B>, area: &DrawingArea<B, Shift>, rates: &RateAxis) -> Drawn<B> {
    let style = anchored(14, &BLACK, HPos::Right, VPos::Center);
    for tick in &rates.ticks {
        let (x, y) = chart.backend_coord(&(0.0, tick.at));
        area.draw_text(&tick.label, &style, (x - 8, y))?;
    }
    Ok(())
}

/// A line where the clocks are changed, and what they do.
fn draw_changes<B: DrawingBackend>(
    chart: &mut Chart<'_, B>,
    area: &DrawingArea<B, Shift>,
    times: &TimeAxis,
    top: f64,
) -> Drawn<B> {
    for change in &times.changes {
        chart.draw_series([PathElement::new(vec![(change.at, 0.0), (change.at, top)], GREY)])?;
        let (x, y) = chart.backend_coord(&(change.at, top));
        let style = anchored(13, &GREY, HPos::Center, VPos::Bottom);
        let half = area.estimate_text_size(&change.label, &style)?.0 as i32 / 2;
        area.draw_text(&change.label, &style, (x.clamp(half, WIDTH as i32 - half), y - 2))?;
    }
    Ok(())
}

/// Lines across with their names, each on a white ground and clear of the others, at the right end.
fn draw_marks<B: DrawingBackend>(
    chart: &mut Chart<'_, B>,
    area: &DrawingArea<B, Shift>,
    marks: &[(String, f64)],
    end_s: f64,
    highest: f64,
) -> Drawn<B> {
    let mut lowest_first: Vec<&(String, f64)> = marks.iter().collect();
    lowest_first.sort_by(|one, other| one.1.total_cmp(&other.1));
    let style = anchored(13, &RED, HPos::Right, VPos::Bottom);
    let mut free_above = i32::MAX;
    for (name, per_s) in lowest_first {
        let line = ShapeStyle { color: RED.to_rgba(), filled: false, stroke_width: 1 };
        chart.draw_series([PathElement::new(vec![(0.0, *per_s), (end_s, *per_s)], line)])?;
        let (x, y) = chart.backend_coord(&(end_s, *per_s));
        let text = format!("{} {}", visible(name), rate_in_unit_of(highest, *per_s));
        let width = area.estimate_text_size(&text, &style)?.0 as i32;
        let bottom = (y - 2).min(free_above).max(TOP as i32 + LINE);
        area.draw(&Rectangle::new([(x - width - 10, bottom - LINE + 2), (x - 2, bottom)], WHITE.mix(0.85).filled()))?;
        area.draw(&Text::new(text, (x - 6, bottom - 1), style.clone()))?;
        free_above = bottom - LINE;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(points: Vec<(f64, f64)>) -> RatePicture {
        let marks = vec![("mean".to_owned(), 12.0)];
        let title = "a < b & c".to_owned();
        RatePicture { title, points, start_unix_ms: Some(1_700_000_000_000), zone: TimeZone::UTC, marks }
    }

    #[test]
    fn a_picture_is_drawn_in_both_forms_without_a_font_of_the_machine() {
        let rates = picture((0..500).map(|at| (f64::from(at), f64::from(at % 50))).collect());
        let text = svg(&rates).unwrap();
        assert!(text.starts_with("<svg") && text.contains("a &lt; b &amp; c") && text.contains("mean 12/s"), "{text}");
        assert!(text.contains("22:14") && text.contains("Tue 14 Nov 2023, UTC"), "{text}");
        let bytes = png(&rates).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let blue = pixels.chunks(3).filter(|pixel| *pixel == [31, 104, 168]).count();
        let ink = pixels.chunks(3).filter(|pixel| pixel.iter().all(|part| *part < 90)).count();
        assert!(blue > 300 && ink > 300, "{blue} {ink}");
    }

    #[test]
    fn dates_are_those_of_the_zone_that_was_asked_for() {
        let mut rates = picture(vec![(0.0, 5.0), (3600.0, 5.0)]);
        rates.zone = crate::curve::shape::zone("Asia/Tokyo").unwrap();
        let text = svg(&rates).unwrap();
        assert!(text.contains("07:20") && text.contains("Wed 15 Nov 2023, Asia/Tokyo"), "{text}");
    }

    #[test]
    fn nothing_and_silence_are_drawn_too() {
        for points in [vec![], vec![(0.0, 0.0)], vec![(0.0, 0.0), (1.0, 0.0)], vec![(0.0, 1e15), (1e9, 1e15)]] {
            let mut rates = picture(points);
            rates.start_unix_ms = None;
            assert!(svg(&rates).is_ok() && png(&rates).is_ok());
            rates.marks.clear();
            assert_eq!(svg(&rates).unwrap().contains("no events"), rates.points.iter().all(|point| point.1 <= 0.0));
        }
    }

    #[test]
    fn a_picture_has_an_end_and_holds_no_control_characters() {
        let mut rates = picture(vec![(0.0, 1e308), (1e18, 1e308)]);
        assert!(svg(&rates).is_ok());
        rates.points[1].1 = f64::INFINITY;
        assert!(svg(&rates).unwrap_err().to_string().contains("infinite"));
        let mut rates = picture(vec![(0.0, 1.0), (60.0, 1.0)]);
        rates.title = "a\u{1b}[2Jb\u{0}\u{ffff}\u{202e}c".repeat(40);
        rates.marks[0].0 = "me\u{7}an".to_owned();
        let text = svg(&rates).unwrap();
        assert!(
            text.chars().all(|c| !c.is_control() || c == '\n') && !text.contains(['\u{ffff}', '\u{202e}']),
            "{text}"
        );
    }
}
