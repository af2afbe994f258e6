//! Runs the built binary, with limits on time and memory for untrusted files.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use regex::Regex;

/// The limits for any hostile file: two seconds of processor time, which a busy
/// machine does not stretch, and 64 MB of private memory.
const MAX_SECONDS: u32 = 2;
const MAX_MEMORY_KIB: u32 = 64 << 10;

/// The limit for a run that only waits and uses no processor time.
const PATIENCE: Duration = Duration::from_secs(30);

/// The exit code and the output of a run.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("embcli prints UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Self { code: output.status.code(), stdout, stderr }
    }
}

impl Outcome {
    /// The answer. The run must have succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        assert_eq!(self.stderr, "", "an answer comes without a message");
        self.stdout
    }

    /// The answer as JSON.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.ok()).expect("JSON")
    }

    /// The one line of an error, without its `error: `.
    #[track_caller]
    pub fn error(self) -> String {
        assert_eq!((self.code, &*self.stdout), (Some(1), ""), "{self:?}");
        let line = self.stderr.strip_prefix("error: ").and_then(|line| line.strip_suffix('\n'));
        let line = line.unwrap_or_else(|| panic!("not an error line: {:?}", self.stderr));
        assert!(!line.contains('\n'), "more than one line: {line}");
        line.to_owned()
    }
}

/// Prints that a test could not run here. The test harness does not capture it.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// A command that SIGINT and SIGHUP end, even if the process that runs the tests
/// ignores them. `nohup` ignores SIGHUP, a shell ignores SIGINT for its background
/// jobs, and programs inherit both.
#[cfg(unix)]
pub fn mortal(mut command: Command) -> Command {
    use std::os::unix::process::CommandExt;
    let reset = || {
        // SAFETY: `signal` may be called between fork and exec.
        unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
        // SAFETY: as above.
        unsafe { libc::signal(libc::SIGHUP, libc::SIG_DFL) };
        Ok(())
    };
    // SAFETY: `reset` only calls `signal`.
    unsafe { command.pre_exec(reset) };
    command
}

/// A command that runs the binary, at 80 columns and without standard input.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_embcli"));
    command.stdin(Stdio::null()).env("COLUMNS", "80");
    command
}

/// Runs the binary.
pub fn embcli<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Outcome {
    command().args(args).output().expect("the binary runs").into()
}

/// Runs the binary with two seconds and 64 MB of private memory. It must give an
/// answer or one error line, without any character that acts on a terminal.
#[track_caller]
pub fn watched<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Outcome {
    let args: Vec<_> = args.into_iter().collect();
    let mut command = if cfg!(target_os = "linux") {
        // `ulimit -d` limits all private writable memory.
        let limits = format!("ulimit -t {MAX_SECONDS}; ulimit -d {MAX_MEMORY_KIB}");
        let limit = format!("{limits}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &limit, env!("CARGO_BIN_EXE_embcli")]);
        shell
    } else {
        Command::new(env!("CARGO_BIN_EXE_embcli"))
    };
    let start = Instant::now();
    let output = command.args(&args).stdin(Stdio::null()).env("COLUMNS", "80").output();
    let took = start.elapsed();
    let outcome = Outcome::from(output.expect("the binary runs"));

    let args: Vec<_> = args.iter().map(|arg| arg.as_ref()).collect();
    assert!(took < PATIENCE, "{args:?} took {took:?}");
    assert!(matches!(outcome.code, Some(0 | 1)), "{args:?} after {took:?}: {outcome:?}");
    if is_verdict(&args, &outcome) {
        assert!(!outcome.stderr.contains("error: "), "{args:?}: {outcome:?}");
    } else if outcome.code == Some(1) {
        assert!(outcome.stderr.starts_with("error: "), "{args:?}: {outcome:?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{args:?}: {outcome:?}");
        assert!(outcome.stderr.len() < 2000, "{args:?}: {outcome:?}");
        assert_eq!(outcome.stdout, "", "{args:?}");
    }
    // In TSV, tabs separate the columns, and tabs in a token are escaped.
    // `tests/all/output.rs` counts the columns.
    match args.contains(&OsStr::new("--format=tsv")) {
        true => assert_harmless(&outcome.stdout.replace('\t', "")),
        false => assert_harmless(&outcome.stdout),
    }
    assert_harmless(&outcome.stderr);
    outcome
}

/// Whether this is a `check` that failed because of its findings. Its answer is then
/// on standard output as usual.
fn is_verdict(args: &[&OsStr], outcome: &Outcome) -> bool {
    let checked = args.first().is_some_and(|first| *first == "check");
    let failing = if args.contains(&OsStr::new("--strict")) { "unknown" } else { "problem" };
    let told = ["problem", failing].iter().any(|verdict| outcome.stdout.contains(verdict));
    checked && outcome.code == Some(1) && told
}

/// Asserts that no character acts on a terminal: the only control characters are
/// line ends, and no character is invisible.
#[track_caller]
pub fn assert_harmless(printed: &str) {
    // By another way than the program's: what Unicode says of each character.
    const UNSEEN: &str = r"[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Zl}\p{Zp}\p{Zs}\p{DI}\u{2800}--[\n ]]";
    static RAW: LazyLock<Regex> = LazyLock::new(|| Regex::new(UNSEEN).unwrap());
    let raw = RAW.find(printed).map(|found| found.as_str());
    assert_eq!(raw, None, "raw in {printed:?}");
}

/// Whether the tests run as root, who may do what others may not.
#[cfg(unix)]
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The user that owns nothing.
#[cfg(unix)]
pub const NOBODY: u32 = 65534;

/// The binary, run by nobody. Only for root; `None` where nobody can't run it
/// where it lies.
#[cfg(unix)]
pub fn as_nobody() -> Option<Command> {
    use std::os::unix::process::CommandExt;
    let nobody = || {
        let mut command = command();
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
        command
    };
    let runs = nobody().arg("--version").output().is_ok_and(|output| output.status.success());
    runs.then(nobody)
}

/// Runs every command on one file with `watched`. Returns the outcomes of lookup,
/// neighbors and footprint, in that order.
#[track_caller]
pub fn every_command(path: &Path) -> [Outcome; 3] {
    let path = path.as_os_str();
    let on = |args: &[&str]| {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        watched(args.iter().copied().map(|arg| if arg == "MODEL" { path } else { arg }))
    };
    on(&["lookup", "--format=csv", "--", "MODEL", "0"]);
    on(&["lookup", "--", "MODEL", "0", "1"]);
    on(&["info", "--keys", "--", "MODEL"]);
    on(&["info", "--tensors", "--format=csv", "--", "MODEL"]);
    on(&["tokens", "--norm", "--", "MODEL"]);
    on(&["tokens", "--text=a b\u{e9}", "--", "MODEL"]);
    on(&["lookup", "--text=x", "--as-input", "--format=md", "--", "MODEL"]);
    on(&["neighbors", "--as-input", "--format=tsv", "-k2", "--", "MODEL", "0"]);
    on(&["check", "--", "MODEL"]);
    on(&["check", "--strict", "--format=json", "--", "MODEL"]);
    on(&["tour", "--format=json", "--", "MODEL"]);
    [
        on(&["lookup", "--format=json", "--", "MODEL", "0"]),
        on(&["neighbors", "--format=json", "-k2", "--", "MODEL", "0"]),
        on(&["footprint", "--format=json", "--", "MODEL"]),
    ]
}
