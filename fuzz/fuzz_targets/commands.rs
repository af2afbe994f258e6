//! Runs each command on a whole file. No output may contain raw control characters.
#![no_main]

#[path = "drive.rs"]
mod drive;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drive::every_command(bytes));
