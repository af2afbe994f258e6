//! A whole file under each command: nothing raw is printed.
#![no_main]

#[path = "drive.rs"]
mod drive;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| drive::every_command(bytes));
