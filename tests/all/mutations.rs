//! Damages small valid files: in 100,000 random ways, and with every number that
//! breaks arithmetic at every position of the header. Commands run on each file, in
//! this process. None may panic, take too long, or print raw control characters.
//!
//! A failure names its seed: `EMBCLI_SEED=1234 cargo test --test all mutations`
//! runs only that seed.
//!
//! Each test runs in a process of its own, to measure its peak memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::support::damage::{INTERESTING, damaged, files};
use embcli::cli::{Cli, Command};
use embcli::gguf::{Gguf, Model};
use embcli::report::{self, Format, Style};
use embcli::{commands, text};

const SEEDS: u64 = 100_000;

/// The time limit for all commands on one damaged file.
const MAX_TIME: Duration = Duration::from_secs(2);

fn command(line: &str) -> Command {
    let words = line.split(' ').map(Into::into);
    Cli::parse_from_args(words).unwrap_or_else(|stop| panic!("{}", stop.text)).command
}

/// The number of commands that run on every file. The others take longer, because
/// some start threads; they run on one file in eight.
const QUICK: usize = 5;

fn some_of(commands: &[Command], case: u64) -> &[Command] {
    if case.is_multiple_of(8) { commands } else { &commands[..QUICK] }
}

fn every_command() -> Vec<Command> {
    [
        "embcli lookup m 0 1 0..2",
        "embcli lookup m 1 --tensor output.weight",
        "embcli neighbors m 0 1 -k 2",
        "embcli neighbors m 1 --metric l2",
        "embcli footprint m",
        "embcli info m --tensors",
        "embcli tokens m --norm",
        "embcli tokens m --text ab",
        "embcli lookup m --text ab --as-input",
        "embcli check m",
    ]
    .map(command)
    .into()
}

/// Runs the commands on a file, prints each answer in one of the formats, and checks
/// the output.
fn drive(bytes: &[u8], commands: &[Command]) {
    const FORMATS: [Format; 4] = [Format::Table, Format::Json, Format::Csv, Format::Md];
    let open = |_: &std::path::Path| Ok(Model::from(Gguf::new(Box::new(bytes.to_vec()))?));
    let style = Style { width: 80, values: None, color: false };
    // Any choice will do, but the same bytes must give the same choice.
    let choice = bytes.iter().fold(bytes.len(), |sum, &byte| sum + usize::from(byte));
    for (i, command) in commands.iter().enumerate() {
        match commands::run_with(command, &open) {
            Ok(answer) => {
                let format = FORMATS[(choice + i) % FORMATS.len()];
                let mut printed = Vec::new();
                report::write(&answer, format, &style, &mut printed).expect("memory takes all");
                assert_harmless(std::str::from_utf8(&printed).expect("UTF-8"));
            }
            Err(error) => {
                let message = format!("{error:#}");
                assert!(message.len() < 2000, "{} bytes of error", message.len());
                assert_harmless(&text::visible(&message));
            }
        }
    }
}

fn assert_harmless(printed: &str) {
    let raw = printed.chars().find(|&c| c != '\n' && text::acts(c));
    assert_eq!(raw, None, "raw in {printed:?}");
}

/// Runs one case. If it panics or takes too long, the message names `what`.
fn held(what: &str, bytes: &[u8], commands: &[Command]) {
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| drive(bytes, commands)));
    let took = start.elapsed();
    assert!(outcome.is_ok(), "{what} failed, see above");
    assert!(took < MAX_TIME, "{what} took {took:?}");
}

/// Runs a test in a new process. Returns whether this is already that process.
fn runs_alone(test: &str) -> bool {
    const ALONE: &str = "EMBCLI_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let own = std::env::current_exe().unwrap();
    let test = format!("mutations::{test}");
    let output = std::process::Command::new(own)
        .args(["--exact", &test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let ran = String::from_utf8_lossy(&output.stdout);
    assert!(ran.contains("1 passed"), "{ran}");
    false
}

#[test]
fn one_hundred_thousand_damaged_files() {
    if !runs_alone("one_hundred_thousand_damaged_files") {
        return;
    }
    let (files, commands) = (files(), every_command());
    if let Ok(seed) = std::env::var("EMBCLI_SEED") {
        let seed = seed.parse().expect("EMBCLI_SEED is a number");
        return held(&format!("seed {seed}"), &damaged(seed, &files), &commands);
    }
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (files, commands) = (&files, &commands);
            scope.spawn(move || {
                for seed in (worker..SEEDS).step_by(workers as usize) {
                    let commands = some_of(commands, seed / workers);
                    held(&format!("seed {seed}"), &damaged(seed, files), commands);
                }
            });
        }
    });
    assert_little_memory();
}

#[test]
fn every_number_at_every_place() {
    if !runs_alone("every_number_at_every_place") {
        return;
    }
    let commands = every_command();
    for (i, file) in files().iter().enumerate() {
        drive(file, &commands); // the intact file
        let header = file.len().min(1100);
        for at in 0..header - 8 {
            for number in INTERESTING {
                // Four bytes if the number fits, else eight.
                let width = if number <= u32::MAX.into() { 4 } else { 8 };
                let mut bytes = file.clone();
                bytes[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
                let commands = some_of(&commands, at as u64);
                held(&format!("file {i} with {number} at {at}"), &bytes, commands);
            }
        }
        for len in 0..file.len() {
            held(&format!("file {i} cut at {len}"), &file[..len], some_of(&commands, len as u64));
        }
    }
    assert_little_memory();
}

/// Asserts that all cases together stay within the memory limit of one file. It needs
/// Linux's /proc.
fn assert_little_memory() {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 << 10, "{peak} KiB at the peak");
}
