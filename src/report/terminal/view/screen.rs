//! The live view on a terminal: the alternate screen, a thread that draws at most four times a second, and the way back.
//!
//! The thread is the view's alone: a terminal that takes nothing any more (Ctrl-S, a connection that hangs) stops the drawing, and not the run.

use std::io::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use console::Term;
use ratatui_core::backend::Backend;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_crossterm::CrosstermBackend;
use ratatui_crossterm::crossterm::cursor::{Hide, Show};
use ratatui_crossterm::crossterm::queue;
use ratatui_crossterm::crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcgetpgrp, tcsetattr,
};

use super::View;
use super::draw::draw;
use super::quit::leave_before_quitting;
use crate::report::chart::text_of;
use crate::report::terminal::Look;

/// Between two frames.
const FRAME: Duration = Duration::from_millis(250);
/// How long the last frame may take; a terminal that does not take it is left alone.
const LAST_FRAME: Duration = Duration::from_secs(1);
/// The size of a terminal that does not know its own.
const USUAL: (u16, u16) = (80, 24);

/// Whether the alternate screen is on. Whoever turns it off brings the terminal back: the end of the run, or a panic.
static IS_ON: AtomicBool = AtomicBool::new(false);
/// How the terminal was before.
static BEFORE: OnceLock<Termios> = OnceLock::new();

/// The live view on standard error's terminal.
#[derive(Debug)]
pub(crate) struct LiveView {
    view: Arc<Mutex<View>>,
    /// Dropped when the view is to close.
    open: Option<Sender<()>>,
    closed: Receiver<()>,
}

/// Whether standard error's terminal can show the view: not from the background, where it belongs to somebody else.
pub(crate) fn is_possible() -> bool {
    Look::of_stderr().terminal && is_in_front()
}

impl LiveView {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When the terminal does not take it.
    pub(crate) fn open(view: View) -> io::Result<Self> {
        let colour = Look::of_stderr().colour;
        let view = Arc::new(Mutex::new(view));
        let ((open, stays_open), (closing, closed)) = (channel(), channel());
        enter()?;
        let canvas = Canvas { view: Arc::clone(&view), colour, last: Buffer::default() };
        let draws = thread::Builder::new().name("view".to_owned()).spawn(move || {
            canvas.draw_until(&stays_open);
            drop(closing);
        });
        draws.inspect_err(|_| leave())?;
        Ok(LiveView { view, open: Some(open), closed })
    }

    /// Changes what is shown.
    pub(crate) fn change(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.view.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Turns the view off without waiting: nobody is there to see it.
    pub(crate) fn let_go(&mut self) {
        self.open = None;
    }

    /// Turns the view off. The last frame stays as text on the normal screen.
    pub(crate) fn close(&mut self) {
        if self.open.take().is_some() {
            let _ended: Result<(), _> = self.closed.recv_timeout(LAST_FRAME);
            leave();
        }
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        self.close();
    }
}

/// What draws.
struct Canvas {
    view: Arc<Mutex<View>>,
    colour: bool,
    /// What stands on the screen.
    last: Buffer,
}

impl Canvas {
    fn draw_until(mut self, stays_open: &Receiver<()>) {
        while IS_ON.load(Ordering::Relaxed) {
            if !is_in_front() {
                // Somebody else draws there: when the screen is ours again, nothing of the last frame can be relied on.
                self.last = Buffer::default();
            } else if self.draw().is_err() {
                // A terminal that does not take a frame is gone; the run does not need it.
                leave();
                return;
            }
            if stays_open.recv_timeout(FRAME) == Err(RecvTimeoutError::Disconnected) {
                self.leave_last_frame();
                return;
            }
        }
    }

    fn page(&self) -> Buffer {
        let (rows, columns) = Term::stderr()
            .size_checked()
            .filter(|(rows, columns)| *rows > 0 && *columns > 0)
            .unwrap_or((USUAL.1, USUAL.0));
        let mut page = Buffer::empty(Rect::new(0, 0, columns, rows));
        draw(&self.view.lock().unwrap_or_else(PoisonError::into_inner), self.colour, &mut page);
        page
    }

    /// Draws what has changed since the last frame, in one write.
    fn draw(&mut self) -> io::Result<()> {
        let page = self.page();
        let mut bytes = Vec::new();
        queue!(bytes, BeginSynchronizedUpdate)?;
        if page.area != self.last.area {
            self.last = Buffer::empty(page.area);
            queue!(bytes, Clear(ClearType::All))?;
        }
        CrosstermBackend::new(&mut bytes).draw(self.last.diff_iter(&page))?;
        queue!(bytes, EndSynchronizedUpdate)?;
        self.last = page;
        write_while_on(&bytes)
    }

    /// The last frame, as text on the normal screen.
    fn leave_last_frame(&self) {
        // After a panic the terminal is back already, and what the panic said is not to be pushed off it.
        if !IS_ON.load(Ordering::Relaxed) {
            return;
        }
        let text = text_of(&self.page());
        leave();
        let _unwritten = write(format!("{}\n\n", text.trim_end()).as_bytes());
    }
}

/// Takes the alternate screen, and keeps what is typed from showing on it.
fn enter() -> io::Result<()> {
    static HOOKS: OnceLock<()> = OnceLock::new();
    HOOKS.get_or_init(|| {
        leave_before_a_panic_speaks();
        leave_before_quitting(leave);
    });
    if let Ok(before) = tcgetattr(io::stderr()) {
        let before = BEFORE.get_or_init(|| before);
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO;
        // Ctrl-Z would stop a measurement by accident.
        quiet.special_codes[SpecialCodeIndex::VSUSP] = 0;
        tcsetattr(io::stderr(), OptionalActions::Now, &quiet)?;
    }
    IS_ON.store(true, Ordering::Relaxed);
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, Hide)?;
    write(&bytes).inspect_err(|_| leave())
}

/// Gives the terminal back as it was, once.
fn leave() {
    if !IS_ON.swap(false, Ordering::Relaxed) {
        return;
    }
    let mut bytes = Vec::new();
    // Neither can fail in memory; a terminal that is gone needs nothing back.
    let _written = queue!(bytes, EndSynchronizedUpdate, Show, LeaveAlternateScreen).and_then(|()| write(&bytes));
    if let Some(before) = BEFORE.get().filter(|_| is_in_front()) {
        // What was typed at the view is not meant for the shell.
        let _flushed = tcflush(io::stderr(), QueueSelector::IFlush);
        let _restored = tcsetattr(io::stderr(), OptionalActions::Now, before);
    }
}

/// A panic's sentence belongs on the normal screen.
fn leave_before_a_panic_speaks() {
    let speaks = panic::take_hook();
    panic::set_hook(Box::new(move |fault| {
        leave();
        speaks(fault);
    }));
}

/// Whether this process is in the foreground of its terminal. From the background a change of the terminal would stop it.
fn is_in_front() -> bool {
    tcgetpgrp(io::stderr()).map_or(true, |in_front| in_front == rustix::process::getpgrp())
}

/// Writes a frame, if the view is still on. Whoever turns it off writes after that, under the same lock: no frame comes to stand on the normal
/// screen, where a panic has just spoken.
fn write_while_on(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stderr().lock();
    if IS_ON.load(Ordering::Relaxed) { out.write_all(bytes).and_then(|()| out.flush()) } else { Ok(()) }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stderr().lock();
    out.write_all(bytes).and_then(|()| out.flush())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::num::NonZeroU16;

    use pty_process::Size;
    use pty_process::blocking::{Command, open};

    use super::*;
    use crate::conclude::Role;

    fn open_view() -> LiveView {
        let text = "duration = \"1m\"\n[[stream]]\nname = \"orders\"\nrate = \"1/s\"\n";
        let speaks = |fault: &panic::PanicHookInfo<'_>| drop(write(format!("a fault: {fault}\n").as_bytes()));
        panic::set_hook(Box::new(speaks));
        LiveView::open(View::new("profile", Role::Run, &toml::from_str(text).unwrap())).unwrap()
    }

    #[test]
    #[ignore = "needs a terminal: the test below runs it on one"]
    fn another_thread_panics() {
        let view = open_view();
        let acks = thread::spawn(|| panic!("the ledger is gone"));
        assert!(acks.join().is_err());
        view.change(View::end);
    }

    #[test]
    #[ignore = "needs a terminal: the test below runs it on one"]
    fn who_shows_the_view_panics() {
        let view = open_view();
        let shown = panic::catch_unwind(panic::AssertUnwindSafe(|| view.change(|_| panic!("the ledger is gone"))));
        assert!(shown.is_err());
    }

    /// What a test wrote to a terminal of its own, and whether that echoes afterwards.
    fn on_a_terminal(test: &str) -> (String, bool) {
        let (mut pty, pts) = open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let test = format!("report::terminal::view::screen::tests::{test}");
        let command = Command::new(std::env::current_exe().unwrap());
        let arguments = ["--exact", &test, "--ignored", "--nocapture", "--test-threads=1"];
        let mut child = command.args(arguments).env("TERM", "xterm-256color").spawn(pts).unwrap();
        let mut written = Vec::new();
        // A terminal whose last program has gone gives an error.
        let _gone = pty.read_to_end(&mut written);
        assert!(child.wait().unwrap().success(), "{}", String::from_utf8_lossy(&written));
        let echoes = tcgetattr(&pty).unwrap().local_modes.contains(LocalModes::ECHO);
        (String::from_utf8(written).unwrap(), echoes)
    }

    #[test]
    fn a_panic_gives_the_terminal_back_and_stands_on_it() {
        for test in ["another_thread_panics", "who_shows_the_view_panics"] {
            let (written, echoes) = on_a_terminal(test);
            let [rows, columns] = [24, 80].map(|length| NonZeroU16::new(length).unwrap());
            let mut screen = vt100::Parser::new(rows, columns, 0);
            screen.process(written.as_bytes());
            let screen = screen.screen();
            assert!(written.contains("\x1b[?1049h"), "{test}: no view: {written:?}");
            assert!(!screen.alternate_screen() && !screen.hide_cursor() && echoes, "{test}: {written:?}");
            assert!(screen.contents().contains("the ledger is gone"), "{test}: {}", screen.contents());
        }
    }
}
