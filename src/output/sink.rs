//! Writes results to a destination.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::attributes::Attributes;
use super::unfinished::Unfinished;
use super::{Destination, models};
use crate::text::harmless;

/// An open destination.
pub struct Output {
    out: BufWriter<Named>,
}

impl Destination {
    /// Opens the destination for writing.
    ///
    /// # Errors
    /// If that is not allowed, or there is no space.
    pub fn open(self) -> Result<Output> {
        let (name, sink) = match self {
            Self::Stdout => {
                let name = "standard output".to_owned();
                let out = stdout().map_err(|error| named(&name, true, &error))?;
                (name, Target::Stdout(out))
            }
            Self::Stream(path) => {
                let name = path.display().to_string();
                (name.clone(), Target::Stream(stream(&path).with_context(|| name)?))
            }
            Self::New(path) => {
                let name = path.display().to_string();
                let file = Unfinished::new(&path).with_context(|| format!("making {name}"))?;
                (name, Target::File { file, path, replaces: None })
            }
            Self::Old(path) => {
                let name = path.display().to_string();
                let replaces = Attributes::of(&path).with_context(|| name.clone())?;
                let file = Unfinished::private(&path).with_context(|| format!("making {name}"))?;
                (name, Target::File { file, path, replaces: Some(replaces) })
            }
        };
        Ok(Output { out: BufWriter::with_capacity(1 << 16, Named { name, sink }) })
    }
}

/// Standard output as a file, written in whole lines as Rust's own `Stdout` does.
/// Rust's `Stdout` reports success if the stream is closed or not open for writing.
#[cfg(unix)]
fn stdout() -> io::Result<Box<dyn Write>> {
    use std::os::fd::AsFd;
    let own = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    Ok(Box::new(io::LineWriter::new(own)))
}

/// Standard output. Rust's own `Stdout` converts text for a Windows console.
#[cfg(not(unix))]
fn stdout() -> io::Result<Box<dyn Write>> {
    Ok(Box::new(io::stdout().lock()))
}

/// Opens a stream. It may be a file that was named as an open descriptor, so bytes
/// are appended.
fn stream(path: &Path) -> io::Result<Box<dyn Write>> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if std::fs::metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
            return Ok(Box::new(std::os::unix::net::UnixStream::connect(path)?));
        }
    }
    Ok(Box::new(File::options().append(true).open(path)?))
}

impl Output {
    /// Ends the writing and gives a file its name. Prints to standard error which
    /// attributes of a replaced file are lost.
    ///
    /// # Errors
    /// If the last bytes can't be written, or if another file or a model has the
    /// name by now.
    pub fn finish(mut self) -> Result<()> {
        self.out.flush()?;
        let Named { name, sink } = self.out.into_inner().map_err(|error| error.into_error())?;
        let Target::File { file, path, replaces } = sink else { return Ok(()) };
        if replaces.is_some() && path.is_file() {
            models::refuse(&path)?;
        }
        let lost =
            file.finish(&path, replaces.as_ref()).map_err(|error| named(&name, false, &error))?;
        if !lost.is_empty() {
            let lost = lost.join(", ");
            let note = format!("note: {name} is replaced, and these could not be kept: {lost}");
            let _ = writeln!(io::stderr(), "{}", harmless(&note));
        }
        Ok(())
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
    sink: Target,
}

enum Target {
    Stdout(Box<dyn Write>),
    Stream(Box<dyn Write>),
    File { file: Unfinished, path: PathBuf, replaces: Option<Attributes> },
}

impl Target {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(out) | Self::Stream(out) => out,
            Self::File { file, .. } => file.writer(),
        }
    }
}

impl Named {
    fn tell(&self, error: &io::Error) -> io::Error {
        named(&self.name, matches!(self.sink, Target::Stdout(_)), error)
    }
}

impl Write for Named {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.writer().write(bytes).map_err(|error| self.tell(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.writer().flush().map_err(|error| self.tell(&error))
    }
}

/// Adds the name of the destination to an error. On standard output a broken pipe
/// is not a failure, because `| head` causes it; the program recognizes it by its
/// kind. On another destination the answer is lost, so the error gets another kind.
fn named(name: &str, is_stdout: bool, error: &io::Error) -> io::Error {
    let said = format!("writing to {name}: {error}");
    match error.kind() {
        ErrorKind::BrokenPipe if !is_stdout => io::Error::other(said),
        kind => io::Error::new(kind, said),
    }
}
