//! Files that can't be mapped, as on network and FUSE file systems: a shim
//! refuses the system call, and every command answers as it does elsewhere.

#![cfg(target_os = "linux")]

use std::process::Command;

use crate::support::run::{command, skipped};

const TOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/toy.gguf");

/// Refuses to map files: shared mappings only, or all of them. Maps without a
/// file (memory) stay.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset) {
    const char *what = getenv("SHIM");
    if (fd >= 0 && what && (*what == 'a' || (flags & MAP_TYPE) != MAP_PRIVATE)) {
        errno = ENODEV;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset);
}
void *mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset) {
    return mmap(at, len, prot, flags, fd, offset);
}
"#;

#[test]
fn every_command_answers_where_files_can_not_be_mapped() {
    let folder = tempfile::tempdir().unwrap();
    let [source, shim] = ["shim.c", "shim.so"].map(|name| folder.path().join(name));
    std::fs::write(&source, SHIM).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&shim, &source]).status();
    if !built.is_ok_and(|status| status.success()) {
        return skipped("no C compiler for the shim that refuses to map files");
    }
    for args in [
        &["lookup", TOY, "791", "2368", "--format=json"][..],
        &["lookup", TOY, "--text=The cat", "--format=csv"],
        &["neighbors", TOY, "2368", "--format=json"],
        &["tokens", TOY, "cat", "--norm", "--format=csv"],
        &["footprint", TOY],
        &["info", TOY, "--keys"],
        &["check", TOY, "--format=json"],
        &["tour", TOY, "--step=1,2,6"],
    ] {
        let mapped = command().args(args).output().unwrap();
        for what in ["shared", "all"] {
            let unmapped =
                command().args(args).env("LD_PRELOAD", &shim).env("SHIM", what).output().unwrap();
            assert_eq!(unmapped, mapped, "{args:?}, {what} mappings refused");
        }
    }
}
