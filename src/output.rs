//! Where results go: standard output, or a file that is there whole or not at
//! all.
//!
//! A file is written without a name, or beside its place under another, and
//! gets its name when it is complete. So whoever looks finds what was there
//! before or all of what is there now, and a command that fails leaves nothing.
//! On Linux the unfinished file has no name at all where the file system can do
//! that (`O_TMPFILE`: ext4, xfs, btrfs, tmpfs, overlayfs do), and the kernel
//! forgets it however the process ends, by Ctrl-C or `kill -9`. Elsewhere it is
//! called `.embcli-` and some letters, and a signal leaves it there.
//!
//! Nothing is synced to the disk first: that takes long, and guards against a
//! power cut alone, after which a result can be had again.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Read, StdoutLock, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use anyhow::{Context, Result, bail, ensure};
use tempfile::{Builder, NamedTempFile};

/// A place that results can go to.
#[derive(Debug)]
pub enum Place {
    /// Standard output.
    Stdout,
    /// What takes bytes as they come and keeps no file: a pipe, `/dev/null`.
    Stream(PathBuf),
    /// A file to be made.
    New(PathBuf),
    /// A file to be replaced, and the mode that it has.
    Old(PathBuf, Permissions),
}

impl Place {
    /// The place that a path names; `None`, `-` and `/dev/stdout` name standard
    /// output. A link to a file stands for the file.
    ///
    /// # Errors
    /// Where no file can be made, or there is one and no `force` to replace it.
    pub fn of(path: Option<&Path>, force: bool) -> Result<Self> {
        let Some(path) = path.filter(|path| !["-", "/dev/stdout"].map(Path::new).contains(path))
        else {
            return Ok(Self::Stdout);
        };
        let name = path.display();
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                bail!("{name} is a directory: name a file in it")
            }
            Ok(found) if !found.is_file() => Ok(Self::Stream(path.to_owned())),
            Ok(found) => {
                // Likely the one that is read; and no answer is one.
                ensure!(
                    !is_model(path),
                    "{name} is a model, which is never replaced: name another file"
                );
                ensure!(force, "{name} is there already: --force replaces it");
                // Renaming onto a link would replace the link.
                Ok(Self::Old(
                    fs::canonicalize(path).with_context(|| name.to_string())?,
                    found.permissions(),
                ))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let is_link = fs::symlink_metadata(path).is_ok();
                ensure!(!is_link, "{name} is a link to nothing: remove it, or name another file");
                let parent = directory(path);
                let is_folder = name.to_string().ends_with('/');
                ensure!(
                    !is_folder && parent.is_dir(),
                    "{name}: there is no directory {}: make it first",
                    if is_folder { path } else { parent }.display()
                );
                Ok(Self::New(path.to_owned()))
            }
            Err(error) => Err(error).with_context(|| name.to_string()),
        }
    }

    /// Whether what is written there is read as it comes, by a person.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout) && io::stdout().is_terminal()
    }

    /// Whether what is written there should be coloured. To choose by oneself
    /// means on a terminal that can show it, unless `NO_COLOR` or `CLICOLOR=0`
    /// is set; everywhere where `CLICOLOR_FORCE` is; never in a file.
    pub fn color(&self, choice: ColorChoice) -> bool {
        match choice {
            ColorChoice::Never => false,
            ColorChoice::Always | ColorChoice::AlwaysAnsi => true,
            ColorChoice::Auto => {
                let stdout = matches!(self, Self::Stdout);
                stdout && AutoStream::choice(&io::stdout()) != ColorChoice::Never
            }
        }
    }

    /// Begins to write there.
    ///
    /// # Errors
    /// Where that is not allowed, or there is no room.
    pub fn open(self) -> Result<Output> {
        let (name, sink) = match self {
            Self::Stdout => ("standard output".to_owned(), Sink::Stdout(io::stdout().lock())),
            Self::Stream(path) => {
                let name = path.display().to_string();
                let file = File::options().write(true).open(&path);
                (name.clone(), Sink::Stream(file.with_context(|| name)?))
            }
            Self::New(path) => {
                let name = path.display().to_string();
                let file = Unfinished::beside(&path).with_context(|| format!("making {name}"))?;
                (name, Sink::File { file, path, replace: None })
            }
            Self::Old(path, mode) => {
                let name = path.display().to_string();
                let file = Unfinished::beside(&path).with_context(|| format!("making {name}"))?;
                (name, Sink::File { file, path, replace: Some(mode) })
            }
        };
        Ok(Output { out: BufWriter::with_capacity(1 << 16, Named { name, sink }) })
    }
}

/// Whether a file begins as GGUF files do.
fn is_model(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"GGUF"
}

/// The directory that a file is in.
fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Results on their way.
pub struct Output {
    out: BufWriter<Named>,
}

impl Output {
    /// Ends the writing; a file gets its name.
    ///
    /// # Errors
    /// Where the last bytes can't be written, or the name is taken by now.
    pub fn finish(mut self) -> Result<()> {
        self.out.flush()?;
        let Named { name, sink } = self.out.into_inner().map_err(|error| error.into_error())?;
        match sink {
            Sink::Stdout(_) | Sink::Stream(_) => Ok(()),
            Sink::File { file, path, replace } => {
                file.finish(&path, replace).map_err(|error| named(&name, &error).into())
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A sink whose errors name it.
struct Named {
    name: String,
    sink: Sink,
}

enum Sink {
    Stdout(StdoutLock<'static>),
    Stream(File),
    File { file: Unfinished, path: PathBuf, replace: Option<Permissions> },
}

impl Sink {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(out) => out,
            Self::Stream(file) => file,
            Self::File { file: Unfinished::Named(file), .. } => file,
            #[cfg(target_os = "linux")]
            Self::File { file: Unfinished::Nameless(file), .. } => file,
        }
    }
}

impl Write for Named {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.writer().write(bytes).map_err(|error| named(&self.name, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.writer().flush().map_err(|error| named(&self.name, &error))
    }
}

/// The error with where it happened; of the same kind, as a broken pipe is told
/// by that.
fn named(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("writing to {name}: {error}"))
}

/// A file that is not to be seen yet.
enum Unfinished {
    #[cfg(target_os = "linux")]
    Nameless(File),
    Named(NamedTempFile),
}

impl Unfinished {
    /// One on the file system of a path, with the mode that the umask leaves.
    fn beside(path: &Path) -> io::Result<Self> {
        let directory = directory(path);
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{Mode, OFlags};
            let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
            // What gives it a name later goes by way of /proc.
            if Path::new(OWN_FILES).is_dir()
                && let Ok(file) = rustix::fs::open(directory, flags, Mode::from_raw_mode(0o666))
            {
                return Ok(Self::Nameless(File::from(file)));
            }
        }
        let mut builder = Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        // Its errors name the path that was tried; the caller has a better one.
        builder.tempfile_in(directory).map(Self::Named).map_err(|error| error.kind().into())
    }

    /// Gives it its name. A file that it replaces leaves it its mode.
    fn finish(self, path: &Path, replace: Option<Permissions>) -> io::Result<()> {
        let file = match &self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file,
            Self::Named(file) => file.as_file(),
        };
        if let Some(mode) = &replace {
            file.set_permissions(mode.clone())?;
        }
        match self {
            Self::Named(file) if replace.is_some() => file.persist(path)?,
            Self::Named(file) => file.persist_noclobber(path)?,
            // A link can't replace a file, only a rename can.
            #[cfg(target_os = "linux")]
            Self::Nameless(file) if replace.is_some() => {
                let link =
                    Builder::new().prefix(PREFIX).make_in(directory(path), |at| link(&file, at))?;
                link.persist(path)?;
                file
            }
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => {
                link(&file, path)?;
                file
            }
        };
        Ok(())
    }
}

/// Where Linux has the files that a process has open, those without a name too.
#[cfg(target_os = "linux")]
const OWN_FILES: &str = "/proc/self/fd";

/// How names of unfinished files begin.
const PREFIX: &str = ".embcli-";

/// Gives a file that has no name one that nothing has.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD};
    use std::os::fd::AsRawFd;
    let nameless = format!("{OWN_FILES}/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, nameless, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}
