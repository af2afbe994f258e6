//! Whenever a command is ended, and whenever a disk is full: a file is there
//! whole or not at all, nothing else is left, and nobody is told that it went
//! well.
#![cfg(unix)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::run::{Outcome, command, embcli, is_root, mortal, skipped};
use crate::support::tell;

/// Commands that print the same each time, and the form of each.
const COMMANDS: [(&str, &str); 8] = [
    ("lookup toy 0..4000", "csv"),
    ("lookup toy 0..8192", "npy"),
    ("neighbors toy --all 0..40 -k 3", "jsonl"),
    ("neighbors toy 2368 791 -k 500", "json"),
    ("tokens toy", "tsv"),
    ("info toy --keys", "md"),
    ("footprint --like gpt2,llama3-8b", "txt"),
    ("tokens toy --norm", "md"),
];

/// How often each is ended.
const KILLS: usize = 50;

fn words(command: &str) -> impl Iterator<Item = &str> {
    command.split(' ')
}

/// What a command writes, and how long that takes.
fn whole(args: &str, form: &str) -> (Vec<u8>, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("out.{form}"));
    let start = Instant::now();
    let outcome = embcli(words(args).map(Path::new).chain([Path::new("-o"), &path]));
    let took = start.elapsed();
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), ""), "{outcome:?}");
    (fs::read(&path).unwrap(), took)
}

/// The names in a folder, hidden ones too.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
}

/// A command, and the file that it writes to.
struct Run {
    command: Command,
    path: PathBuf,
    /// What was there before.
    old: Option<&'static str>,
}

/// Starts a command, ends it by a signal after a while, and holds it to its
/// promise. Says whether the signal came in time.
fn kill(run: Run, signal: &str, after: Duration, whole: &[u8]) -> bool {
    let Run { command, path, old } = run;
    if let Some(old) = old {
        fs::write(&path, old).unwrap();
    }
    let mut child = mortal(command).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    let _ = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    let status: ExitStatus = child.wait().unwrap();
    let said = format!("{signal} after {after:?}: {status} and {}", path.display());
    assert!(status.success() || status.signal().is_some(), "{said}");
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    match fs::read(&path) {
        Ok(there) if old.is_some_and(|old| there == old.as_bytes()) => {
            assert!(!status.success(), "{said}: what was there before is there");
        }
        Ok(there) => assert!(there == whole, "{said}: a part is there"),
        Err(_) => {
            assert!(!status.success() && old.is_none(), "{said}: nothing is there");
        }
    }
    let left: Vec<String> = entries(path.parent().unwrap());
    assert!(left.iter().all(|entry| *entry == name), "{said}: {left:?} is left");
    status.signal().is_some()
}

#[test]
fn a_signal_leaves_a_whole_file_or_none() {
    let work: Vec<_> = COMMANDS.map(|(args, form)| (args, form, whole(args, form))).to_vec();
    let (next, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((args, form, (whole, took))) = work.get(at / KILLS) else { return };
                    let mut random = Random(at as u64 + 1);
                    // Four run at a time, and each is slower for it.
                    let after = took.mul_f64(random.below(1000) as f64 / 500.0);
                    let folder = tempfile::tempdir().unwrap();
                    let path = folder.path().join(format!("out.{form}"));
                    let mut command = command();
                    command.args(words(args)).arg("-o").arg(&path);
                    // Of a file that is replaced the new one has another name for
                    // a moment, in which no program can hear of SIGKILL.
                    let old = (at % 2 == 0).then_some("old");
                    let signals: &[&str] = match old {
                        Some(_) => &["INT", "TERM", "HUP"],
                        None => &["INT", "TERM", "HUP", "KILL"],
                    };
                    if old.is_some() {
                        command.arg("--force");
                    }
                    let signal = signals[random.below(signals.len())];
                    let in_time = kill(Run { command, path, old }, signal, after, whole);
                    ended.fetch_add(usize::from(in_time), Ordering::Relaxed);
                }
            });
        }
    });
    let (ended, took) = (ended.into_inner(), start.elapsed());
    tell(format_args!("{ended} of {} commands were ended in time, in {took:.1?}", 8 * KILLS));
    assert!(ended > KILLS, "only {ended} were ended in time");
}

/// Without /proc, an unfinished file has a name of its own from the start, as
/// it has on other systems.
#[test]
#[cfg(target_os = "linux")]
fn a_signal_removes_a_file_that_has_a_name() {
    let hidden = |args: &str, path: &Path| {
        let mut command = Command::new("unshare");
        let script = "mount -t tmpfs none /proc && exec \"$0\" \"$@\"";
        command.args(["-m", "sh", "-c", script, env!("CARGO_BIN_EXE_embcli")]);
        command.args(words(args)).arg("-o").arg(path).stdin(Stdio::null());
        command
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let (args, form) = COMMANDS[0];
    let (whole, _) = whole(args, form);
    let start = Instant::now();
    let output = hidden(args, &path).output();
    let took = start.elapsed();
    if !is_root() || !output.is_ok_and(|output| output.status.success()) {
        return skipped("this user can't hide /proc from a command");
    }
    assert!(fs::read(&path).unwrap() == whole);
    fs::remove_file(&path).unwrap();

    // In a long run its file is there, and is only for its owner if the old file was.
    // A model file that becomes shorter ends the run by SIGBUS, which has a handler
    // that exits with 1.
    let long = "neighbors toy --all -k 500 --threads 1";
    fs::write(&path, "old").unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&path, private).unwrap();
    for (name, end) in [("INT", (Some(libc::SIGINT), None)), ("BUS", (None, Some(1)))] {
        let mut child = mortal(hidden(long, &path)).arg("--force").spawn().unwrap();
        let temporary = || entries(folder.path()).into_iter().find(|name| name != "out.csv");
        let found = (0..1000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            temporary()
        });
        let found = folder.path().join(found.expect("a file with a name of its own"));
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&found).unwrap());
        assert_eq!(mode & 0o777, 0o600);
        let _ = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
        let status = child.wait().unwrap();
        assert_eq!((status.signal(), status.code()), end, "{name}");
        assert_eq!(entries(folder.path()), ["out.csv"], "{name}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    let mut random = Random(1);
    for at in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let mut command = hidden(args, &path);
        let old = (at % 2 == 0).then_some("old");
        if old.is_some() {
            command.arg("--force");
        }
        let signal = ["INT", "TERM", "HUP"][random.below(3)];
        let after = took.mul_f64(random.below(1000) as f64 / 1000.0);
        kill(Run { command, path, old }, signal, after, &whole);
    }
}

/// Whoever ignores a signal goes on ignoring it.
#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.csv");
    let script = "trap '' HUP; exec \"$0\" neighbors toy --all 0..300 -k 9 --format csv -o \"$1\"";
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_embcli")])
        .arg(&path)
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(30));
    let _ = Command::new("kill").args(["-s", "HUP", &child.id().to_string()]).status();
    assert!(child.wait().unwrap().success());
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1 + 300 * 9);
}

/// A disk of two megabytes, which goes when the value is dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m", "none"]).arg(folder.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_what_was_there() {
    let Some(disk) = Disk::new() else { return skipped("this user can't mount a small disk") };
    // All but 64 KB of it.
    fs::write(disk.path("rest"), vec![0; (2 << 20) - (64 << 10)]).unwrap();
    let mut failed = 0;
    for (args, form) in COMMANDS {
        let name = format!("out.{form}");
        let path = disk.path(&name);
        let (whole, _) = whole(args, form);
        let write = |more: &[&str]| -> Outcome {
            command().args(words(args)).arg("-o").arg(&path).args(more).output().unwrap().into()
        };
        // 64 KB are left. What needs about as much may fit or not.
        let fits = whole.len() < 48 << 10;
        if !fits && whole.len() < 80 << 10 {
            continue;
        }
        for old in [None, Some("old")] {
            if let Some(old) = old {
                fs::write(&path, old).unwrap();
            }
            let outcome = write(if old.is_some() { &["--force"] } else { &[] });
            let mut left = entries(disk.0.path());
            left.sort();
            if fits {
                assert_eq!(outcome.ok(), "", "{args}");
                assert!(fs::read(&path).unwrap() == whole, "{args}");
                assert_eq!(left, [&*name, "rest"], "{args}");
                fs::remove_file(&path).unwrap();
                continue;
            }
            let said = outcome.error();
            assert!(said.contains("No space left on device"), "{args}: {said}");
            match old {
                Some(old) => assert_eq!(fs::read_to_string(&path).unwrap(), old, "{args}"),
                None => assert_eq!(left, ["rest"], "{args}"),
            }
            assert!(left.len() <= 2, "{args}: {left:?}");
            let _ = fs::remove_file(&path);
            failed += 1;
        }
        if !fits {
            let shell = format!("exec \"$0\" {args} --format {form} > {}", path.display());
            let shell = shell.replace("--format txt", "");
            let mut command = Command::new("sh");
            command.args(["-c", &shell, env!("CARGO_BIN_EXE_embcli")]);
            let said = Outcome::from(command.stdin(Stdio::null()).output().unwrap()).error();
            assert!(said.starts_with("writing to standard output: No space left"), "{said}");
            fs::remove_file(&path).unwrap();
        }
    }
    assert!(failed >= 6, "only {failed} commands found the disk full");
}
