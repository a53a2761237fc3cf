//! A terminal without a person: the program runs in it, and what stands on its screen can be read.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};

use crate::program::Workshop;

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program on a terminal.
pub(crate) struct OnTerminal {
    child: Child,
    /// None once the terminal is closed.
    pty: Option<Arc<Pty>>,
    screen: Arc<Mutex<vt100::Parser>>,
    /// All that was written.
    written: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
    pub(crate) out: PathBuf,
}

impl OnTerminal {
    /// Starts `floodmark run` on a screen of this size.
    pub(crate) fn run(workshop: &Workshop, profile: &str, rows: u16, columns: u16, more: &[&str]) -> Self {
        OnTerminal::start(workshop, profile, (rows, columns), more, |command| command)
    }

    /// Starts `floodmark run` on a terminal of the usual size, with this in its environment.
    pub(crate) fn run_with(workshop: &Workshop, profile: &str, name: &str, value: &str) -> Self {
        OnTerminal::start(workshop, profile, (24, 80), &[], |command| command.env(name, value))
    }

    fn start(
        workshop: &Workshop,
        profile: &str,
        (rows, columns): (u16, u16),
        more: &[&str],
        prepared: impl FnOnce(Command) -> Command,
    ) -> Self {
        let (profile, out) = (workshop.profile(profile), workshop.fresh("out"));
        let command = Command::new(env!("CARGO_BIN_EXE_floodmark"))
            .args(["run", profile.to_str().unwrap(), "--out", out.to_str().unwrap()])
            .args(more)
            .current_dir(out.parent().unwrap())
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR");
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let child = prepared(command).spawn(pts).unwrap();
        let pty = Arc::new(pty);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(of(rows), of(columns), 1000)));
        let written = Arc::new(Mutex::new(Vec::new()));
        let (ending, ended) = channel();
        let (from, to, all) = (Arc::downgrade(&pty), Arc::clone(&screen), Arc::clone(&written));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal whose last program has gone gives an error.
            while let Some(Ok(1..)) = from.upgrade().map(|pty| read(&pty, &mut bytes, &to, &all)) {}
            drop(ending);
        });
        OnTerminal { child, pty: Some(pty), screen, written, ended, out }
    }

    pub(crate) fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    pub(crate) fn is_alternate(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// All bytes that the program wrote.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.written.lock().unwrap().clone()
    }

    /// What was written to the normal screen after the view.
    pub(crate) fn left_behind(&self) -> String {
        let written = String::from_utf8(self.written()).unwrap();
        written
            .rsplit_once("\x1b[?1049l")
            .map(|(_, left)| left.to_owned())
            .unwrap_or_else(|| panic!("no view: {written}"))
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        let modes = rustix::termios::tcgetattr(self.pty.as_deref().unwrap()).unwrap().local_modes;
        modes.contains(rustix::termios::LocalModes::ECHO)
    }

    pub(crate) fn cursor_is_hidden(&self) -> bool {
        self.screen.lock().unwrap().screen().hide_cursor()
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(of(rows), of(columns));
        self.pty.as_deref().unwrap().resize(Size::new(rows, columns)).unwrap();
    }

    pub(crate) fn types(&self, keys: &str) {
        let mut pty: &Pty = self.pty.as_deref().unwrap();
        pty.write_all(keys.as_bytes()).unwrap();
    }

    /// Closes the terminal, as a window is closed.
    pub(crate) fn close(&mut self) {
        self.pty = None;
    }

    pub(crate) fn signal(&self, name: &str) {
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits until the screen shows what is looked for, and returns it.
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if is_so(&text) {
                return text;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "ended before {what}:\n{text}");
            assert!(Instant::now() < deadline, "{what} did not come about:\n{text}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the program's end, and for the rest of what it wrote.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        };
        if self.pty.is_some() {
            let _ended: Result<(), _> = self.ended.recv_timeout(PATIENCE);
        }
        status
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        // It has ended already, or is not needed any more.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn of(length: u16) -> NonZeroU16 {
    NonZeroU16::new(length).unwrap()
}

fn read(
    mut pty: &Pty,
    bytes: &mut [u8],
    screen: &Mutex<vt100::Parser>,
    written: &Mutex<Vec<u8>>,
) -> std::io::Result<usize> {
    let length = pty.read(bytes)?;
    screen.lock().unwrap().process(&bytes[..length]);
    written.lock().unwrap().extend_from_slice(&bytes[..length]);
    Ok(length)
}
