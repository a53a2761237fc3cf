//! A rate over time as a picture in a file: SVG or PNG.

use jiff::Timestamp;
use plotters::{
    coord::Shift,
    prelude::{
        AreaSeries, BLACK, BitMapBackend, ChartBuilder, Color, DrawingArea, DrawingBackend, IntoDrawingArea, IntoFont,
        PathElement, RGBColor, SVGBackend, WHITE,
    },
    style::{FontStyle, ShapeStyle, register_font},
};

use super::figures::{seconds, short_rate};

const WIDTH: u32 = 1200;
const HEIGHT: u32 = 480;
const BLUE: RGBColor = RGBColor(31, 104, 168);
const RED: RGBColor = RGBColor(190, 60, 40);
const FONT: &str = "sans-serif";
const DAY_S: f64 = 86_400.0;

/// A rate over time, and what else is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct RatePicture {
    /// What stands above.
    pub title: String,
    /// From the start, in seconds, ascending; and the rate there, in events per second.
    pub points: Vec<(f64, f64)>,
    /// What the start is, in milliseconds since 1970; the axis shows dates then.
    pub start_unix_ms: Option<i64>,
    /// Rates that are marked with a line across, and their names.
    pub marks: Vec<(String, f64)>,
}

/// A picture that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the picture cannot be drawn: {0}")]
pub struct PictureError(String);

/// The picture as SVG.
///
/// # Errors
/// [`PictureError`], with what the drawing said.
pub fn svg(picture: &RatePicture) -> Result<String, PictureError> {
    let mut text = String::new();
    draw(picture, &SVGBackend::with_string(&mut text, (WIDTH, HEIGHT)).into_drawing_area())?;
    Ok(text)
}

/// The picture as PNG, 1200 by 480.
///
/// # Errors
/// [`PictureError`], with what the drawing or the encoder said.
pub fn png(picture: &RatePicture) -> Result<Vec<u8>, PictureError> {
    let mut pixels = vec![0; WIDTH as usize * HEIGHT as usize * 3];
    draw(picture, &BitMapBackend::with_buffer(&mut pixels, (WIDTH, HEIGHT)).into_drawing_area())?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    written.map_err(|error| PictureError(error.to_string()))?;
    Ok(bytes)
}

fn draw<B: DrawingBackend>(picture: &RatePicture, area: &DrawingArea<B, Shift>) -> Result<(), PictureError> {
    register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| PictureError("the built-in font cannot be read".to_owned()))?;
    draw_on(picture, area).map_err(|error| PictureError(error.to_string()))
}

type Drawn<B> = Result<(), plotters::drawing::DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

fn draw_on<B: DrawingBackend>(picture: &RatePicture, area: &DrawingArea<B, Shift>) -> Drawn<B> {
    let end_s = picture.points.last().map_or(1.0, |point| point.0).max(1e-9);
    let rates = picture.points.iter().map(|point| point.1).chain(picture.marks.iter().map(|mark| mark.1));
    let top_per_s = rates.fold(0.0, f64::max).max(1e-9) * 1.05;
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(area)
        .caption(&picture.title, (FONT, 20).into_font())
        .margin(12)
        .margin_right(30)
        .x_label_area_size(36)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..end_s, 0.0..top_per_s)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_labels(8)
        .label_style((FONT, 14).into_font())
        .x_label_formatter(&|at_s| moment(*at_s, end_s, picture.start_unix_ms))
        .y_label_formatter(&|per_s| short_rate(*per_s))
        .draw()?;
    chart.draw_series(AreaSeries::new(picture.points.iter().copied(), 0.0, BLUE.mix(0.35)).border_style(BLUE))?;
    for (name, per_s) in &picture.marks {
        let style = ShapeStyle { color: RED.to_rgba(), filled: false, stroke_width: 1 };
        chart.draw_series([PathElement::new(vec![(0.0, *per_s), (end_s, *per_s)], style)])?;
        let place = chart.backend_coord(&(end_s * 0.005, *per_s));
        let text = format!("{name} {}", short_rate(*per_s));
        area.draw_text(&text, &(FONT, 13).into_font().color(&BLACK), (place.0, (place.1 - 16).max(0)))?;
    }
    area.present()
}

/// A place on the axis: the day in a long curve, the time in a short one, seconds in one without a date.
fn moment(at_s: f64, length_s: f64, start_unix_ms: Option<i64>) -> String {
    let date = start_unix_ms
        .and_then(|start_ms| Timestamp::from_millisecond(start_ms.saturating_add((at_s * 1e3) as i64)).ok());
    let form = if length_s > 3.0 * DAY_S { "%Y-%m-%d" } else { "%d %H:%M" };
    date.map_or_else(|| seconds(at_s), |date| date.strftime(form).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(points: Vec<(f64, f64)>) -> RatePicture {
        let marks = vec![("mean".to_owned(), 12.0)];
        RatePicture { title: "a < b & c".to_owned(), points, start_unix_ms: Some(1_700_000_000_000), marks }
    }

    #[test]
    fn a_picture_is_drawn_in_both_forms_without_a_font_of_the_machine() {
        let rates = picture((0..500).map(|at| (f64::from(at), f64::from(at % 50))).collect());
        let text = svg(&rates).unwrap();
        assert!(text.starts_with("<svg") && text.contains("a &lt; b &amp; c") && text.contains("mean 12/s"), "{text}");
        assert!(text.contains("14 22:1"), "{text}");
        let bytes = png(&rates).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let blue = pixels.chunks(3).filter(|pixel| *pixel == [31, 104, 168]).count();
        let ink = pixels.chunks(3).filter(|pixel| pixel.iter().all(|part| *part < 90)).count();
        assert!(blue > 300 && ink > 300, "{blue} {ink}");
    }

    #[test]
    fn nothing_and_silence_are_drawn_too() {
        for points in [vec![], vec![(0.0, 0.0)], vec![(0.0, 0.0), (1.0, 0.0)], vec![(0.0, 1e15), (1e9, 1e15)]] {
            let mut rates = picture(points);
            rates.start_unix_ms = None;
            assert!(svg(&rates).is_ok() && png(&rates).is_ok());
        }
    }
}
