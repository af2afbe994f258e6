//! Paths that name a stream which is open already: `/dev/stdout`, `/dev/fd/3`,
//! `/proc/self/fd/1`, and links to those.
//!
//! What such a path leads to may be a file, `keep` in `>> keep` say. It is not
//! the file that is named there but the stream: to replace the file would lose
//! what is in it, and what else is written to the stream.

use std::path::Path;

/// A stream that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Descriptor {
    /// Standard output.
    Stdout,
    /// Another one, or one of another process.
    Other,
}

/// The most links that are followed, as Linux has it.
#[cfg(unix)]
const MOST_LINKS: usize = 40;

impl Descriptor {
    /// The stream that a path names, if it names one.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let folder = std::fs::canonicalize(super::directory(&path)).ok()?;
            let name = path.file_name()?.to_str()?;
            if let Ok(number) = name.parse::<u32>()
                && let Some(is_own) = Self::folder(&folder)
            {
                return Some(if is_own && number == 1 { Self::Stdout } else { Self::Other });
            }
            path = folder.join(std::fs::read_link(&path).ok()?);
        }
        None
    }

    #[cfg(not(unix))]
    pub(super) fn of(path: &Path) -> Option<Self> {
        (path == Path::new("/dev/stdout")).then_some(Self::Stdout)
    }

    /// Whether a folder holds the streams of a process, and if so whether that
    /// is this one: `/proc/12/fd`, `/proc/12/task/13/fd`, or `/dev/fd` where
    /// that is no link.
    #[cfg(unix)]
    fn folder(folder: &Path) -> Option<bool> {
        if folder == Path::new("/dev/fd") {
            return Some(true);
        }
        let parts: Vec<&str> = folder.strip_prefix("/proc").ok()?.to_str()?.split('/').collect();
        match parts[..] {
            [process, "fd"] | [process, "task", _, "fd"] => {
                Some(process.parse() == Ok(std::process::id()))
            }
            _ => None,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn whatever_leads_to_standard_output_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("/dev/stdout", at("out")).unwrap();
        std::os::unix::fs::symlink("out", at("again")).unwrap();
        std::os::unix::fs::symlink("round", at("round")).unwrap();
        std::fs::write(at("1"), "").unwrap();
        let own = format!("/proc/{}/fd/1", std::process::id());
        let task = format!("/proc/self/task/{}/fd/1", std::process::id());
        let paths = ["/dev/stdout", "/dev/fd/1", "/dev/./fd/../fd/1", "/proc/self/fd/1"];
        for path in paths.iter().map(Path::new).chain([&*at("out"), &*at("again")]) {
            assert_eq!(Descriptor::of(path), Some(Descriptor::Stdout), "{}", path.display());
        }
        for path in [&*own, &*task, "/proc/thread-self/fd/1"] {
            assert_eq!(Descriptor::of(path.as_ref()), Some(Descriptor::Stdout), "{path}");
        }
        for path in ["/dev/stderr", "/dev/fd/2", "/dev/fd/99", "/proc/1/fd/1"] {
            assert_eq!(Descriptor::of(path.as_ref()), Some(Descriptor::Other), "{path}");
        }
        for path in [&*at("1"), &*at("round"), &*at("none/1"), Path::new("1"), Path::new("/")] {
            assert_eq!(Descriptor::of(path), None, "{}", path.display());
        }
    }
}
