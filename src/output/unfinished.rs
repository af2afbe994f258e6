//! A file that is not complete yet.
//!
//! On Linux it has no name if the file system supports that (`O_TMPFILE`: ext4,
//! xfs, btrfs, tmpfs and overlayfs do). The kernel then removes it when the process
//! ends, even by `kill -9`. On other systems its name is `.embcli-` and some
//! letters, and a signal that can be caught removes it. A file that replaces
//! another one has such a name on Linux too, for some microseconds: only a rename
//! can replace a file.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use super::attributes::Attributes;
use super::directory;
use super::signals::Watch;

/// A file that is not complete yet.
pub(super) enum Unfinished {
    #[cfg(target_os = "linux")]
    Nameless(File),
    Named(NamedTempFile, Option<Watch>),
}

/// The names of unfinished files start with this.
const PREFIX: &str = ".embcli-";

/// The open files of this process, including those without a name.
#[cfg(target_os = "linux")]
const OWN_FILES: &str = "/proc/self/fd";

impl Unfinished {
    /// A new file for a path that does not exist. It has its final mode: 666
    /// without the bits of the umask.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        Self::beside(path, 0o666)
    }

    /// A new file that will replace another one. Until then only its owner may
    /// open it, so it is never more open than the old file.
    pub(super) fn private(path: &Path) -> io::Result<Self> {
        Self::beside(path, 0o600)
    }

    /// A file in the folder of a path.
    fn beside(path: &Path, mode: u32) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{Mode, OFlags};
            let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
            // It gets its name through /proc later.
            if Path::new(OWN_FILES).is_dir()
                && let Ok(file) =
                    rustix::fs::open(directory(path), flags, Mode::from_raw_mode(mode))
            {
                return Ok(Self::Nameless(File::from(file)));
            }
        }
        Self::named(path, mode)
    }

    fn named(path: &Path, mode: u32) -> io::Result<Self> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let mut watch = None;
        let file = Builder::new()
            .prefix(PREFIX)
            .make_in(directory(path), |at| watched(&mut watch, at, || options.open(at)));
        // The error has the temporary path in it, which means nothing to a user.
        let file = file.map_err(|error| error.kind())?;
        Ok(Self::Named(file, watch))
    }

    pub(super) fn writer(&mut self) -> &mut dyn Write {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file,
            Self::Named(file, _) => file,
        }
    }

    /// Gives the file the attributes of the one that it replaces, then its name.
    /// Returns the attributes that could not be kept.
    pub(super) fn finish(
        self,
        path: &Path,
        replaces: Option<&Attributes>,
    ) -> io::Result<Vec<String>> {
        let file = match &self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file,
            Self::Named(file, _) => file.as_file(),
        };
        let lost = replaces.map(|old| old.give(file)).transpose()?.unwrap_or_default();
        match self {
            Self::Named(file, watch) => {
                match replaces {
                    Some(_) => file.persist(path)?,
                    None => file.persist_noclobber(path)?,
                };
                drop(watch);
            }
            // Only a rename replaces a file; a link does not.
            #[cfg(target_os = "linux")]
            Self::Nameless(file) if replaces.is_some() => {
                let mut watch = None;
                let link = Builder::new()
                    .prefix(PREFIX)
                    .make_in(directory(path), |at| watched(&mut watch, at, || link(&file, at)))?;
                link.persist(path)?;
            }
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => link(&file, path)?,
        }
        Ok(lost)
    }
}

/// Makes something at a path that signals will remove. The watch begins first,
/// because a signal is often delivered when the system call returns.
fn watched<T>(
    watch: &mut Option<Watch>,
    path: &Path,
    make: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    // One watch at a time: the last path was not free.
    *watch = None;
    *watch = Some(Watch::over(path));
    make()
}

/// Links a nameless file (`O_TMPFILE`) to `path`. Fails if `path` exists.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD};
    use std::os::fd::AsRawFd;
    let nameless = format!("{OWN_FILES}/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, nameless, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(file: &File) -> u32 {
        file.metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn it_is_never_more_open_than_what_it_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let open = File::create(folder.path().join("open")).unwrap();
        let left = mode(&open);
        let named = |mode| match Unfinished::named(&path, mode).unwrap() {
            Unfinished::Named(file, _) => file,
            #[cfg(target_os = "linux")]
            Unfinished::Nameless(_) => unreachable!("it was to have a name"),
        };
        assert_eq!(mode(named(0o600).as_file()), 0o600);
        // A file that replaces none has its final mode from the start.
        assert_eq!(mode(named(0o666).as_file()), left);
    }

    #[test]
    fn a_named_file_gets_its_final_name_or_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let names = || -> Vec<_> {
            let entries = fs::read_dir(folder.path()).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let mut file = Unfinished::named(&path, 0o666).unwrap();
        file.writer().write_all(b"new").unwrap();
        assert!(names().len() == 1 && names()[0].starts_with(PREFIX), "{:?}", names());
        file.finish(&path, None).unwrap();
        assert_eq!((names(), fs::read(&path).unwrap()), (vec!["rows.csv".into()], b"new".into()));

        // A file exists: it is not replaced, and no unfinished file is left.
        let late = Unfinished::named(&path, 0o666).unwrap();
        late.finish(&path, None).unwrap_err();
        drop(Unfinished::named(&path, 0o666).unwrap());
        assert_eq!((names(), fs::read(&path).unwrap()), (vec!["rows.csv".into()], b"new".into()));

        let old = Attributes::of(&path).unwrap();
        let mut file = Unfinished::named(&path, 0o600).unwrap();
        file.writer().write_all(b"newer").unwrap();
        assert!(file.finish(&path, Some(&old)).unwrap().is_empty());
        assert_eq!((names(), fs::read(&path).unwrap()), (vec!["rows.csv".into()], b"newer".into()));
    }
}
