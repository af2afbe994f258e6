//! A mapped file that shrinks while it is read: one line instead of a crash.
//!
//! Why files are mapped at all: opening a model then costs its header's pages
//! and a lookup those of its rows, whatever the file's size, and the pages are
//! shared with whoever runs the model. The price is that a page which is no
//! longer in the file (a download that starts anew, a copy over it) or which the
//! disk fails to give can't answer with an error: the kernel sends SIGBUS, and
//! a program that has not said otherwise dies of it.
//!
//! So a program may say otherwise, with [`exit_on_sigbus`]. Turning the signal
//! into a returned error would need a jump out of the faulting read, which Rust
//! has no sound way for; ending with a message is all that a command needs. The
//! library itself installs nothing: how a process meets signals is for its
//! `main` to decide. (Scans of whole tables read the file instead of the map,
//! and report a file that became shorter as an error like any other.)

/// Makes SIGBUS end the process with one line on standard error and exit code
/// 1. Does nothing where there is no such signal.
pub fn exit_on_sigbus() {
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
    // SAFETY: the pointer and the length are those of one constant; both calls
    // are on POSIX's list of what is safe in a signal handler.
    unsafe {
        libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len());
        libc::_exit(1);
    }
}
