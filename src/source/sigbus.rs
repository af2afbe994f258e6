//! What happens when a mapped file becomes shorter while it is read.
//!
//! Files are mapped because then opening a model costs only the pages of its
//! header, and a lookup only the pages of its rows, for a file of any size. The
//! pages are shared with the program that runs the model. The price: reading a page
//! that is no longer in the file (a download that starts anew, a copy over it), or
//! that the disk can't read, returns no error. The kernel sends SIGBUS, which ends
//! a program that has no handler for it.
//!
//! A program can install the handler here with [`exit_on_sigbus`]. To return an
//! error, the handler would have to jump out of the failed read, and Rust has no
//! sound way to do that. A command only needs to end with a message. The library
//! itself installs nothing: `main` decides how a process handles signals. (Scans of
//! whole tables read the file, not the map, and report a file that became shorter
//! as an error like any other.)
//!
//! A process that must not end calls [`read_without_maps`](super::read_without_maps).

#[cfg(unix)]
use std::sync::OnceLock;

/// What runs before the process ends. It is called in a signal handler.
#[cfg(unix)]
static CLEAN_UP: OnceLock<fn()> = OnceLock::new();

/// Makes SIGBUS call a function and end the process with one line on standard error
/// and exit code 1. The first call decides which function. Does nothing on systems
/// without this signal.
///
/// # Safety
///
/// The function may do only what a signal handler may: make system calls that POSIX
/// lists as safe there, and read or write atomics.
pub unsafe fn exit_on_sigbus(clean_up: fn()) {
    #[cfg(not(unix))]
    let _ = clean_up;
    #[cfg(unix)]
    let _ = CLEAN_UP.set(clean_up);
    #[cfg(unix)]
    // SAFETY: `on_sigbus` does only what a signal handler may (write, _exit),
    // and a zeroed `sigaction` is a valid one: no flags, no further signals
    // masked. The previous action is not asked for, hence the null pointer.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_sigbus as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // Fails only for a signal that does not exist; then nothing changes.
        libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut());
    }
}

#[cfg(unix)]
extern "C" fn on_sigbus(_signal: libc::c_int) {
    const MESSAGE: &[u8] = b"error: the model file became shorter while it was read, \
        or its disk failed: wait until it is whole, and try again\n";
    if let Some(clean_up) = CLEAN_UP.get() {
        clean_up();
    }
    // SAFETY: the pointer and the length are those of one constant; both calls
    // are on POSIX's list of what is safe in a signal handler.
    unsafe {
        libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len());
        libc::_exit(1);
    }
}
