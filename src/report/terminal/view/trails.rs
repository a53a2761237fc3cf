//! The last minute of a row as small bars, the newest at the right.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;
use ratatui_core::widgets::Widget;
use ratatui_widgets::sparkline::{RenderDirection, Sparkline};

use super::rows::Trail;
use super::{figure, whole};

/// A bar's whole height in the numbers that the widget takes.
const FULL: u64 = 1_000_000;

/// Draws a trail whose full height means `top`. A figure that is not 0 has a bar, however small.
pub(super) fn draw(trail: &Trail, top: f64, style: Style, area: Rect, page: &mut Buffer) {
    let least = FULL.div_ceil(8 * u64::from(area.height.max(1)));
    let bar = |shown: f64| if shown > 0.0 { whole(shown / top.max(1e-9) * figure(FULL)).max(least) } else { 0 };
    let bars: Vec<u64> = trail.back_in_time().take(usize::from(area.width)).map(bar).collect();
    Sparkline::default().data(&bars).max(FULL).direction(RenderDirection::RightToLeft).style(style).render(area, page);
}
