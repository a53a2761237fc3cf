//! A page of the live view, for a screen of any size. Pure: the same view and size give the same page.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::text::Span;

use super::rows::{REMEMBERED, Row, Times, Trail};
use super::table::{self, GAP, Layout};
use super::{PhaseNow, View, figure, trails};
use crate::conclude::Role;
use crate::report::figures::{count, latency, latency_or_dash, rounded, stopwatch};
use crate::report::terminal::paint::Ink;

/// A generator this late, in milliseconds, is worth a second look.
const LATE_MS: f64 = 10.0;
/// From this height on there are blank lines, and sentences that were said.
const ROOMY: u16 = 14;
/// From this height on the generator has a line.
const NOT_TINY: u16 = 8;
/// A trail is not drawn narrower than this.
const LEAST_TRAIL: u16 = 16;
/// The highest that a trail below the table is drawn.
const HIGHEST_TRAIL: u16 = 3;
/// Columns for the name of a trail below the table.
const TRAIL_LABEL: u16 = 20;
/// Columns for the highest figure of a trail.
const TRAIL_TOP: u16 = 9;

/// Draws all of it.
pub(crate) fn draw(view: &View, colour: bool, page: &mut Buffer) {
    let area = page.area;
    if area.width == 0 || area.height == 0 {
        return;
    }
    let foot = foot(view, area);
    let foot_height = u16::try_from(foot.len()).unwrap_or(u16::MAX).min(area.height - 1);
    let mut pen = Pen { bottom: area.height - foot_height, y: 0, colour, page };
    pen.lines(&head(view, area));
    pen.lines(&troubles(view, area));
    draw_table(view, &mut pen);
    pen.y = pen.bottom;
    pen.bottom = area.height;
    pen.lines(&foot);
}

/// A piece of text in one colour.
type Piece = (String, Option<Ink>);

/// Where the next line goes.
struct Pen<'a> {
    page: &'a mut Buffer,
    y: u16,
    /// The first line that is not to be drawn on.
    bottom: u16,
    colour: bool,
}

impl Pen<'_> {
    fn width(&self) -> u16 {
        self.page.area.width
    }

    fn left(&self) -> u16 {
        self.bottom.saturating_sub(self.y)
    }

    fn style(&self, ink: Option<Ink>) -> Style {
        let plain = Style::default();
        match ink.filter(|_| self.colour) {
            None => plain,
            Some(Ink::Good) => plain.fg(Color::Green),
            Some(Ink::Bad) => plain.fg(Color::Red).add_modifier(Modifier::BOLD),
            Some(Ink::Doubt) => plain.fg(Color::Yellow).add_modifier(Modifier::BOLD),
            Some(Ink::Strong) => plain.add_modifier(Modifier::BOLD),
            Some(Ink::Faint) => plain.add_modifier(Modifier::DIM),
        }
    }

    fn lines(&mut self, lines: &[Vec<Piece>]) {
        for line in lines {
            let mut x = 0;
            for (text, ink) in line {
                x = self.put(x, self.width().saturating_sub(x), text, *ink);
            }
            self.y += 1;
        }
    }

    /// Writes into the current line, and returns where the text ends.
    fn put(&mut self, x: u16, width: u16, text: &str, ink: Option<Ink>) -> u16 {
        if self.y >= self.bottom || width == 0 {
            return x;
        }
        let style = self.style(ink);
        self.page.set_stringn(x, self.y, text, usize::from(width), style).0
    }

    /// Writes a figure that ends at the right of its column.
    fn put_right(&mut self, x: u16, width: u16, text: &str, ink: Option<Ink>) {
        let indent = width.saturating_sub(width_of(text));
        self.put(x + indent, width - indent, text, ink);
    }
}

fn width_of(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

fn plain(text: String) -> Vec<Piece> {
    vec![(text, None)]
}

/// Time and phase, and how this machine keeps up.
fn head(view: &View, area: Rect) -> Vec<Vec<Piece>> {
    let mut lines = vec![when(view, area.width)];
    if area.height >= NOT_TINY && view.role.sends() {
        lines.push(generator(view));
    }
    if area.height >= ROOMY {
        lines.push(plain(String::new()));
    }
    lines
}

/// How far the run is, in the longest form that fits.
fn when(view: &View, width: u16) -> Vec<Piece> {
    let total = stopwatch(view.total_s);
    let time = format!("{}/{total}", stopwatch(figure(view.elapsed_s.unwrap_or(0))));
    let Some(phase) = &view.phase else {
        return vec![(format!("{time}  waiting for the first second"), Some(Ink::Strong))];
    };
    let stopping = PhaseNow { name: "stopping".to_owned(), next: None };
    let phase = if view.stops_asked > 0 { &stopping } else { phase };
    let next = phase.next.as_ref().map(|next| format!(", then {} in {}", next.name, stopwatch(figure(next.in_s))));
    let (name, phase, next) = (&view.name, &phase.name, next.unwrap_or_default());
    let forms =
        [format!("{name}  {time}  {phase}{next}"), format!("{time}  {phase}{next}"), format!("{time}  {phase}")];
    let fits = |form: &&String| width_of(form) <= width;
    let text = forms.iter().find(fits).cloned().unwrap_or(time);
    vec![(text, Some(Ink::Strong))]
}

fn generator(view: &View) -> Vec<Piece> {
    let (events, oldest_s) = view.all_unacknowledged();
    let lateness = if view.all_sent {
        ("all sent".to_owned(), None)
    } else {
        let is_late = view.own_lateness_p99_ms.is_some_and(|late_ms| late_ms > LATE_MS);
        let text = format!("generator late p99 {}", latency_or_dash(view.own_lateness_p99_ms));
        (text, is_late.then_some(Ink::Doubt))
    };
    let oldest = if events == 0 { String::new() } else { format!(", the oldest for {}", latency(oldest_s * 1e3)) };
    vec![lateness, (format!("   unacknowledged {}{oldest}", count(events)), None)]
}

/// What is wrong, in at most a quarter of the screen; a tiny one has room for nothing else.
fn troubles(view: &View, area: Rect) -> Vec<Vec<Piece>> {
    let most =
        usize::from(if area.height >= NOT_TINY { area.height / 4 } else { area.height.saturating_sub(2).max(1) });
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    for sentence in view.sentences() {
        let wrapped = wrapped(&format!("! {}", sentence.text), area.width);
        if lines.len() + wrapped.len() > most && !lines.is_empty() {
            break;
        }
        lines.extend(wrapped.into_iter().take(most).map(|text| vec![(text, Some(sentence.ink))]));
    }
    if !lines.is_empty() && area.height >= ROOMY {
        lines.push(plain(String::new()));
    }
    lines
}

/// What was said last, and what a key does.
fn foot(view: &View, area: Rect) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    if view.is_over {
        return lines;
    }
    if area.height >= ROOMY && !view.messages.is_empty() {
        let mut said: Vec<String> = view
            .messages
            .iter()
            .flat_map(|message| message.lines().flat_map(|line| wrapped(line, area.width)))
            .collect();
        let most = usize::from(area.height / 6);
        said.drain(..said.len().saturating_sub(most));
        lines.extend(said.into_iter().map(plain));
    }
    let most = if area.height >= NOT_TINY { 3 } else { 1 };
    lines.extend(wrapped(&status(view), area.width).into_iter().take(most).map(|text| vec![(text, Some(Ink::Strong))]));
    lines
}

fn status(view: &View) -> String {
    let waits_for = view.waits_for.as_deref().unwrap_or("the end");
    let is_draining = view.phase.as_ref().is_some_and(|phase| phase.next.is_none());
    match view.stops_asked {
        0 if is_draining => format!("Ctrl-C twice ends the wait for {waits_for}"),
        0 if view.role == Role::Consume => "Ctrl-C ends observing".to_owned(),
        0 => "Ctrl-C ends sending".to_owned(),
        1 => format!("stopping: waiting for {waits_for}; Ctrl-C ends the wait"),
        _ => format!("ending now, without waiting for {waits_for}"),
    }
}

/// The table, with the trails of the last minute at its right or, where there is no room, below.
fn draw_table(view: &View, pen: &mut Pen<'_>) {
    if pen.left() < 2 {
        return;
    }
    let layout = table::layout(view, pen.width());
    let rows = usize::from(pen.left()).saturating_sub(1);
    let in_order = table::rows_in_order(view, rows);
    let left_out = if in_order.len() > rows { in_order.len() + 1 - rows } else { 0 };
    draw_header(&layout, pen);
    for row in &in_order[..in_order.len() - left_out.min(in_order.len())] {
        draw_row(view, row, &layout, pen);
    }
    if left_out > 0 {
        pen.put(0, pen.width(), &format!("and {left_out} more"), Some(Ink::Faint));
        pen.y += 1;
    } else if trail_width(&layout).is_none() {
        draw_trails_below(&in_order, pen);
    }
}

/// How wide each of two trails can be beside the figures, if they can.
fn trail_width(layout: &Layout) -> Option<u16> {
    let each = (layout.free / 2).saturating_sub(2 * GAP).min(REMEMBERED);
    (each >= LEAST_TRAIL).then_some(each)
}

fn draw_header(layout: &Layout, pen: &mut Pen<'_>) {
    pen.put(0, layout.name_width, "stream", Some(Ink::Faint));
    let mut x = layout.name_width;
    for column in &layout.columns {
        pen.put_right(x + GAP, column.width(), column.head, Some(Ink::Faint));
        x += GAP + column.width();
    }
    if let Some(width) = trail_width(layout) {
        pen.put_right(x + 2 * GAP, width, "rate, last minute", Some(Ink::Faint));
        pen.put_right(x + 4 * GAP + width, width, "p99, last minute", Some(Ink::Faint));
    }
    pen.y += 1;
}

fn draw_row(view: &View, row: &Row, layout: &Layout, pen: &mut Pen<'_>) {
    let ink = view.worst_of(row).map(super::trouble::Trouble::ink);
    pen.put(0, layout.name_width, &table::cut(&row.label, layout.name_width), ink);
    let mut x = layout.name_width;
    let now_s = view.elapsed_s.unwrap_or(0);
    for column in &layout.columns {
        let ink = if column.is_of_p99 { ink_of_p99(row) } else { None };
        pen.put_right(x + GAP, column.width(), &(column.cell)(row, now_s), ink);
        x += GAP + column.width();
    }
    if let Some(width) = trail_width(layout).filter(|_| pen.left() > 0) {
        let (plain, of_p99) = (pen.style(None), pen.style(ink_of_p99(row)));
        let at = |x| Rect::new(x, pen.y, width, 1);
        trails::draw(&row.rates, row.rates.most(), plain, at(x + 2 * GAP), pen.page);
        trails::draw(&row.p99s, p99_top(row), of_p99, at(x + 4 * GAP + width), pen.page);
    }
    pen.y += 1;
}

fn ink_of_p99(row: &Row) -> Option<Ink> {
    row.over_since_s.is_some().then_some(Ink::Bad)
}

fn p99_top(row: &Row) -> f64 {
    row.p99s.most().max(row.limit_ms.unwrap_or(0.0))
}

/// The trails of as many rows as there is room for.
fn draw_trails_below(rows: &[&Row], pen: &mut Pen<'_>) {
    let width = pen.width().saturating_sub(TRAIL_LABEL + TRAIL_TOP).min(REMEMBERED);
    // A blank line, and the heading.
    let room = pen.left().saturating_sub(2);
    let mut trails: Vec<NamedTrail<'_>> = Vec::new();
    for of_row in rows.iter().filter(|row| row.rates.most() > 0.0).map(|row| trails_of(row)) {
        if trails.len() + of_row.len() <= usize::from(room) {
            trails.extend(of_row);
        }
    }
    if trails.is_empty() || width < LEAST_TRAIL {
        return;
    }
    let height = (room / u16::try_from(trails.len()).unwrap_or(room)).min(HIGHEST_TRAIL);
    pen.y += 1;
    pen.put(0, TRAIL_LABEL, "last minute", Some(Ink::Faint));
    pen.put_right(TRAIL_LABEL + width, TRAIL_TOP, "at most", Some(Ink::Faint));
    pen.y += 1;
    for trail in &trails {
        draw_trail_below(trail, width, height, pen);
    }
}

/// A trail with its name and scale.
struct NamedTrail<'a> {
    name: &'a str,
    what: &'static str,
    trail: &'a Trail,
    top: f64,
    most: String,
    ink: Option<Ink>,
}

fn trails_of(row: &Row) -> Vec<NamedTrail<'_>> {
    let what = if row.seeing.is_some() { "seen/s" } else { "sent/s" };
    let (rate, p99_ms) = (row.rates.most(), row.p99s.most());
    let name = row.label.trim_start();
    let most = rounded(rate);
    let mut trails = vec![NamedTrail { name, what, trail: &row.rates, top: rate, most, ink: None }];
    if row.times != Times::Nothing {
        let what = if row.times == Times::Acks { "ack p99 ms" } else { "p99 ms" };
        let (top, most, ink) = (p99_top(row), table::tenths(p99_ms), ink_of_p99(row));
        trails.push(NamedTrail { name: "", what, trail: &row.p99s, top, most, ink });
    }
    trails
}

/// Draws one trail, with its name and scale in its lowest line.
fn draw_trail_below(named: &NamedTrail<'_>, width: u16, height: u16, pen: &mut Pen<'_>) {
    let NamedTrail { name, what, trail, top, most, ink } = named;
    let area = Rect::new(TRAIL_LABEL, pen.y, width, height);
    pen.y += height - 1;
    let name_width = TRAIL_LABEL - 2 - width_of(what);
    pen.put(0, name_width, &table::cut(name, name_width), None);
    pen.put_right(0, TRAIL_LABEL - 1, what, Some(Ink::Faint));
    trails::draw(trail, *top, pen.style(*ink), area, pen.page);
    pen.put_right(TRAIL_LABEL + width, TRAIL_TOP, most, None);
    pen.y += 1;
}

/// A text in lines that fit; a word that is longer than a line goes on in the next.
fn wrapped(text: &str, width: u16) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let used = lines.last().map_or(0, |line| width_of(line));
        let fits_beside = used + 1 + width_of(word) <= width || used + 1 < width && width_of(word) > width;
        if used > 0 && !fits_beside {
            lines.push(String::new());
        }
        let gap = if lines.last().is_some_and(|line| !line.is_empty()) { " " } else { "" };
        for next in gap.chars().chain(word.chars()) {
            if lines.last().is_some_and(|line| width_of(line) >= width) {
                lines.push(String::new());
            }
            lines.last_mut().into_iter().for_each(|line| line.push(next));
        }
    }
    lines
}
