//! Paths that name an open stream: `/dev/stdout`, `/dev/fd/3`,
//! `/proc/self/fd/1`, and links to those.
//!
//! The stream may lead to a file: to `keep`, after `>> keep`. The bytes must then
//! go to the stream. If the file were replaced, its content would be lost, and
//! so would everything else that is written to the stream.

use std::path::Path;

/// A stream that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Descriptor {
    /// Standard output.
    Stdout,
    /// Another stream, of this or another process.
    #[cfg_attr(not(unix), expect(dead_code))]
    Other,
}

/// At most this many links are followed. Linux has the same limit.
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

    /// `Some` if a folder holds the open streams of a process: `/proc/12/fd`,
    /// `/proc/12/task/13/fd`, or `/dev/fd` if that is not a link. `true` if the
    /// process is this one.
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
    fn every_path_to_standard_output_names_it() {
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
