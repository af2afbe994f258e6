//! What signals do to a file that is not finished: one that has a name is
//! removed.
//!
//! The signal still ends the process, as it would have. One that is ignored
//! when the program starts (`nohup` ignores SIGHUP) stays ignored, and one that
//! has another handler keeps it.

#[cfg(unix)]
pub(super) use unix::Watch;
#[cfg(unix)]
pub use unix::prepare_for_signals;

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
    use std::sync::atomic::{AtomicPtr, Ordering};

    /// The path of the unfinished file: a C string that is never freed, as a
    /// handler may be reading it.
    static PATH: AtomicPtr<c_char> = AtomicPtr::new(null_mut());

    /// What ends a process, if it can be caught: by whoever runs it, by a limit
    /// on its time, by its own abort.
    const ENDS: [c_int; 6] =
        [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGXCPU, libc::SIGABRT];

    /// Has signals remove the unfinished file of a process that they end, and a
    /// limit on the size of files (`ulimit -f`) end in an error that is told.
    /// For a program, which signals belong to: not for a library.
    pub fn prepare_for_signals() {
        // SAFETY: to ignore a signal has no precondition.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        for signal in ENDS {
            // SAFETY: a zeroed `sigaction` is a valid one, with no flags.
            let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
            // SAFETY: the action is only read, into one of our own.
            let read = unsafe { libc::sigaction(signal, null(), &mut before) };
            if read == 0 && before.sa_sigaction == libc::SIG_DFL {
                let handler = on_signal as extern "C" fn(c_int);
                // SAFETY: the handler does what handlers may, see there.
                unsafe { libc::signal(signal, handler as libc::sighandler_t) };
            }
        }
    }

    extern "C" fn on_signal(signal: c_int) {
        let path = PATH.load(Ordering::Acquire);
        if !path.is_null() {
            // SAFETY: it is a C string that is never freed, and `unlink` may be
            // called in a handler.
            unsafe { libc::unlink(path) };
        }
        // SAFETY: both may be called in a handler. The signal comes again when
        // this one returns, and ends the process.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }

    /// A file that signals remove for as long as this is there.
    pub(in super::super) struct Watch(*mut c_char);

    impl Watch {
        /// Over the file at a path. Of two at a time, the first is watched.
        pub(in super::super) fn over(path: &Path) -> Self {
            let Ok(name) = CString::new(path.as_os_str().as_bytes()) else {
                return Self(null_mut());
            };
            let name = name.into_raw();
            let taken =
                PATH.compare_exchange(null_mut(), name, Ordering::AcqRel, Ordering::Acquire);
            Self(if taken.is_ok() { name } else { null_mut() })
        }
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            if !self.0.is_null() {
                PATH.store(null_mut(), Ordering::Release);
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
