//! What has to happen before Rust's runtime starts.
//!
//! In place of a standard stream that is closed (`>&-`) the runtime opens
//! `/dev/null`, so that no other file gets its number: and the answer would be
//! gone without an error. Here it is opened first where standard output is, for
//! reading only: then a write fails, and the program says so.

#[cfg(any(target_os = "linux", target_os = "macos"))]
#[used]
// SAFETY: the section holds functions of this type, which are called before
// `main`. This one makes system calls and uses nothing of the runtime.
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static BEFORE_MAIN: extern "C" fn() = {
    extern "C" fn keep_closed_output_closed() {
        use rustix::fs::{Mode, OFlags, open};
        // Standard input's number comes first where that is closed too.
        while rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err() {
            match open("/dev/null", OFlags::RDONLY, Mode::empty()) {
                Ok(null) => std::mem::forget(null),
                Err(_) => return,
            }
        }
    }
    keep_closed_output_closed
};
