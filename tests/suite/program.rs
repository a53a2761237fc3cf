//! The built program with a folder to work in: started, watched, stopped, and its results.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use floodmark::check::Counts;
use floodmark::profile::Profile;
use floodmark::results::{RunFolder, Summary};
use floodmark::verdict::{Reason, Verdict};
use tempfile::TempDir;

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder for one test's profiles and results.
pub(crate) struct Workshop {
    folder: TempDir,
    next: AtomicU32,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        Workshop { folder: tempfile::tempdir().unwrap(), next: AtomicU32::new(0) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a profile.
    pub(crate) fn profile(&self, text: &str) -> PathBuf {
        let path = self.fresh("profile").with_extension("toml");
        fs::write(&path, text).unwrap();
        path
    }

    /// An unused path in the folder.
    pub(crate) fn fresh(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}-{}", self.next.fetch_add(1, Ordering::Relaxed)))
    }

    /// Starts the program with these arguments.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_floodmark"));
        command.args(arguments);
        self.start_command(command)
    }

    pub(crate) fn start_command(&self, mut command: Command) -> Running {
        let (stdout, stderr) = (self.fresh("stdout"), self.fresh("stderr"));
        let child = command
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(fs::File::create(&stdout).unwrap())
            .stderr(fs::File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        Running { child, stdout, stderr, out: None }
    }

    /// Starts a command on a profile, with `--json` and its own results folder.
    pub(crate) fn start_on(&self, verb: &str, profile: &Path, brokers: &str, more: &[&str]) -> Running {
        let out = self.fresh("out");
        let mut arguments = vec![verb, profile.to_str().unwrap(), "--json", "--out", out.to_str().unwrap()];
        arguments.extend(["-b", brokers]);
        arguments.extend(more);
        let mut running = self.start(&arguments);
        running.out = Some(out);
        running
    }

    /// Runs `floodmark run` to its end.
    pub(crate) fn run(&self, profile: &Path, brokers: &str, more: &[&str]) -> Ended {
        self.start_on("run", profile, brokers, more).wait()
    }

    /// Runs any command to its end.
    pub(crate) fn call(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).wait()
    }
}

/// Waits until a condition holds.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The program at work. It does not outlive the test.
pub(crate) struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    pub(crate) out: Option<PathBuf>,
}

impl Running {
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// To it and all in its process group, which it leads.
    pub(crate) fn signal_group(&self, name: &str) {
        let group = format!("-{}", self.child.id());
        assert!(Command::new("kill").args([&format!("-{name}"), "--", &group]).status().unwrap().success());
    }

    pub(crate) fn stdout(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    /// Waits until a condition holds while the program is running.
    pub(crate) fn until(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(self.child.try_wait().unwrap().is_none(), "ended before {what}: {}", self.stderr());
            assert!(Instant::now() < deadline, "{what} did not come about");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the timeline has rows of this many seconds: then events are being sent.
    pub(crate) fn until_seconds(&mut self, seconds: u64) {
        let out = self.out.clone().unwrap();
        self.until("rows in the timeline", |_| {
            let rows = RunFolder::open(&out).and_then(|folder| folder.timeline()).unwrap_or_default();
            rows.last().is_some_and(|row| row.second + 1 >= seconds)
        });
    }

    pub(crate) fn wait(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        };
        let stderr_path = self.stderr.clone();
        Ended { status, stdout: self.stdout(), stderr: self.stderr(), stderr_path, out: self.out.take() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, or is not needed any more.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What the program left behind.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Processes that it left write there, too.
    pub(crate) stderr_path: PathBuf,
    pub(crate) out: Option<PathBuf>,
}

impl Ended {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The summary that was printed.
    pub(crate) fn summary(&self) -> Summary {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }

    pub(crate) fn folder(&self) -> RunFolder {
        RunFolder::open(self.out.as_ref().unwrap()).unwrap()
    }

    /// The summary of a run without problems. How well this machine kept the schedule does not matter to the suite.
    pub(crate) fn sound(&self) -> Summary {
        let summary = self.summary();
        let others = reasons_but_the_machine(&summary);
        assert!(others.is_empty() && summary.verdict != Verdict::Fail, "{others:?}\n{}", self.stderr);
        let code = if summary.verdict == Verdict::Pass { 0 } else { 3 };
        assert_eq!(self.code(), Some(code), "{}", self.stderr);
        assert_conserved(&summary);
        summary
    }

    /// The one sentence that the command ended in, and its exit code.
    pub(crate) fn one_sentence(&self) -> (Option<i32>, &str) {
        let mut told = self.stderr.lines().filter_map(|line| line.strip_prefix("error: "));
        let error = told.next().unwrap_or_else(|| panic!("no error: {}", self.stderr));
        assert!(told.next().is_none() && self.stderr.trim_end().ends_with(error), "{}", self.stderr);
        (self.code(), error)
    }
}

/// Leaves a folder of results as a killed run would have: going on, without a summary.
pub(crate) fn as_if_killed(folder: &Path) {
    let manifest = folder.join("manifest.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("state = \"finished\"", "state = \"running\"")).unwrap();
    fs::remove_file(folder.join("summary.json")).unwrap();
}

/// Reasons against a pass, except those that a busy test machine causes.
pub(crate) fn reasons_but_the_machine(summary: &Summary) -> Vec<&Reason> {
    summary.reasons.iter().filter(|reason| !reason.code.is_of_this_machine()).collect()
}

/// The laws of conservation, for each stream and over all.
pub(crate) fn assert_conserved(summary: &Summary) {
    let streams = summary.streams.iter().map(|stream| stream.counts);
    let stages = summary.streams.iter().flat_map(|stream| stream.stages.iter().map(|stage| stage.counts));
    for counts in streams.chain(stages).chain([summary.totals]) {
        let Counts { planned, acked, failed, dropped, unresolved, delivered, lost, in_flight, .. } = counts;
        assert_eq!(planned, acked + failed + dropped + unresolved, "{counts:?}");
        assert_eq!(acked + counts.unresolved_delivered, delivered + lost + in_flight, "{counts:?}");
        assert_eq!(counts.sent, planned - dropped, "{counts:?}");
        assert_eq!(counts.copies_planned, counts.copies_acked + counts.copies_not_acked, "{counts:?}");
    }
}

/// How many events and copies the schedule of a profile holds, stream by stream.
pub(crate) fn schedules(text: &str, partitions: u16) -> Vec<std::sync::Arc<floodmark::load::StreamSchedule>> {
    let profile: Profile = toml::from_str(text).unwrap();
    floodmark::load::streams_of(&profile, profile.duration(), &vec![partitions; profile.streams.len()])
}
