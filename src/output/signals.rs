//! Signals remove an unfinished file that has a name, and restore the terminal.
//!
//! The signal still ends the process. A signal that is ignored when the program
//! starts stays ignored (`nohup` ignores SIGHUP), and one that has a handler keeps
//! it.

#[cfg(unix)]
pub use unix::prepare_for_signals;
#[cfg(unix)]
pub(super) use unix::{Terminal, Watch};

#[cfg(not(unix))]
pub(super) use elsewhere::Watch;
#[cfg(not(unix))]
pub use elsewhere::prepare_for_signals;

#[cfg(unix)]
mod unix {
    use std::ffi::{CString, c_char, c_int};
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::ptr::{null, null_mut};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

    use rustix::termios::{OptionalActions, Termios, tcsetattr};

    /// The paths of the unfinished files: an answer, and a file beside it. The C strings
    /// are never freed, because a handler may read them.
    static PATHS: [AtomicPtr<c_char>; 2] = [const { AtomicPtr::new(null_mut()) }; 2];

    /// The terminal of standard input before its first change.
    static TERMINAL: OnceLock<Termios> = OnceLock::new();

    /// Whether the terminal is changed now.
    static IS_CHANGED: AtomicBool = AtomicBool::new(false);

    /// The signals that end a process and can be caught: from a user or another
    /// program, at the limit of processor time, from `abort`.
    const ENDS: [c_int; 6] =
        [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGXCPU, libc::SIGABRT];

    /// From here on, a signal that ends the process removes its unfinished files and
    /// restores the terminal,
    /// a model file that becomes shorter ends it with a message, and a write past
    /// the limit on file sizes (`ulimit -f`) returns an error.
    /// Only a program should call this: it changes what signals do.
    pub fn prepare_for_signals() {
        // SAFETY: `clean_up` makes two system calls, `unlink` and `ioctl`, and reads
        // atomics.
        unsafe { crate::source::exit_on_sigbus(clean_up) };
        // SAFETY: to ignore a signal has no precondition.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        for signal in ENDS {
            // SAFETY: a zeroed `sigaction` is a valid one, with no flags.
            let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
            // SAFETY: the action is only read, into one of our own.
            let read = unsafe { libc::sigaction(signal, null(), &mut before) };
            if read == 0 && before.sa_sigaction == libc::SIG_DFL {
                let handler = on_signal as extern "C" fn(c_int);
                // SAFETY: the handler calls only what a handler may call.
                unsafe { libc::signal(signal, handler as libc::sighandler_t) };
            }
        }
    }

    /// Removes the unfinished files of this process and restores its terminal. A signal
    /// handler may call it.
    fn clean_up() {
        for path in &PATHS {
            let path = path.load(Ordering::Acquire);
            if !path.is_null() {
                // SAFETY: it is a C string that is never freed, and `unlink` may be
                // called in a handler.
                unsafe { libc::unlink(path) };
            }
        }
        if IS_CHANGED.load(Ordering::Acquire)
            && let Some(before) = TERMINAL.get()
        {
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, before);
        }
    }

    extern "C" fn on_signal(signal: c_int) {
        clean_up();
        // SAFETY: both may be called in a handler. The signal is delivered again
        // when this function returns, and ends the process.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }

    /// While this value lives, signals restore the terminal of standard input.
    pub(in super::super) struct Terminal;

    impl Terminal {
        /// Call it before the terminal changes from `before`.
        pub(in super::super) fn changes_from(before: &Termios) -> Self {
            TERMINAL.get_or_init(|| before.clone());
            IS_CHANGED.store(true, Ordering::Release);
            Self
        }
    }

    impl Drop for Terminal {
        fn drop(&mut self) {
            IS_CHANGED.store(false, Ordering::Release);
        }
    }

    /// While this value lives, signals remove a file.
    pub(in super::super) struct Watch(Option<&'static AtomicPtr<c_char>>);

    impl Watch {
        /// Watches the file at a path. If two other files are watched, does nothing.
        pub(in super::super) fn over(path: &Path) -> Self {
            let Ok(name) = CString::new(path.as_os_str().as_bytes()) else { return Self(None) };
            let name = name.into_raw();
            let (taken, free) = (Ordering::AcqRel, Ordering::Acquire);
            Self(
                PATHS
                    .iter()
                    .find(|path| path.compare_exchange(null_mut(), name, taken, free).is_ok()),
            )
        }
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            if let Some(path) = self.0 {
                path.store(null_mut(), Ordering::Release);
            }
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    /// Does nothing here.
    pub fn prepare_for_signals() {}

    pub(in super::super) struct Watch;

    impl Watch {
        pub(in super::super) fn over(_: &std::path::Path) -> Self {
            Self
        }
    }
}
