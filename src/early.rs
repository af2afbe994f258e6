//! Runs before Rust's runtime starts.
//!
//! If a standard stream is closed (`>&-`), the runtime opens `/dev/null` in its
//! place, so that no other file gets its number. Every write then succeeds, and
//! the answer is lost without an error. This opens `/dev/null` first, for reading
//! only, so that a write to standard output fails.

#[cfg(any(target_os = "linux", target_os = "macos"))]
#[used]
// SAFETY: the section holds functions of this type, which are called before
// `main`. This one makes system calls and uses nothing of the runtime.
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static BEFORE_MAIN: extern "C" fn() = {
    extern "C" fn keep_closed_output_closed() {
        use rustix::fs::{Mode, OFlags, open};
        // If standard input is closed too, the first file gets its number.
        while rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err() {
            match open("/dev/null", OFlags::RDONLY, Mode::empty()) {
                Ok(null) => std::mem::forget(null),
                Err(_) => return,
            }
        }
    }
    keep_closed_output_closed
};
