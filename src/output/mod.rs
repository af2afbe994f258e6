//! Where results go: standard output, or a file that is either complete or absent.
//!
//! A file is written without a name, or under another name in the same folder.
//! It gets its name when it is complete. So a reader finds either the old file or
//! the whole new one, and a command that fails leaves nothing.
//!
//! | file | what it knows |
//! |---|---|
//! | `models` | which files are models: these are never replaced |
//! | `descriptor` | which paths name a stream that is already open |
//! | `sink` | how bytes are written |
//! | `unfinished` | the file before it has its name |
//! | `attributes` | what the new file takes over from the old one |
//! | `signals` | how a signal removes an unfinished file and restores the terminal |
//! | `keys` | how a person at a terminal turns pages |
//!
//! Nothing is synced to the disk: that takes long, and helps only after a power
//! cut, when the command can be run again.

mod attributes;
mod descriptor;
mod keys;
mod models;
mod signals;
mod sink;
mod unfinished;

use std::fs;
use std::io::{self, ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use anyhow::{Context, Result, bail, ensure};

use descriptor::Descriptor;
pub use keys::Keys;
pub use signals::prepare_for_signals;
pub use sink::Output;

/// A destination of results.
#[derive(Debug)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A stream of bytes: a pipe, `/dev/null`, a descriptor that is already open.
    Stream(PathBuf),
    /// A file to make.
    New(PathBuf),
    /// A file to replace.
    Old(PathBuf),
}

impl Destination {
    /// The destination that a path names. `None`, `-`, `/dev/stdout` and links to
    /// that name standard output. A link to a file counts as the file.
    ///
    /// # Errors
    /// If no file can be made there; if a model or an unreadable file exists there;
    /// if another file exists there and `force` is not set.
    pub fn of(path: Option<&Path>, force: bool) -> Result<Self> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            return Ok(Self::Stdout);
        };
        match Descriptor::of(path) {
            Some(Descriptor::Stdout) => return Ok(Self::Stdout),
            Some(Descriptor::Other) => return Ok(Self::Stream(path.to_owned())),
            None => {}
        }
        let name = path.display();
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                bail!("{name} is a directory: name a file in it")
            }
            Ok(found) if is_block_device(&found) => {
                bail!("{name} is a block device, which embcli never writes to: name a file")
            }
            Ok(found) if !found.is_file() => Ok(Self::Stream(path.to_owned())),
            Ok(_) => {
                models::refuse(path)?;
                ensure!(force, "{name} already exists: --force replaces it");
                // Renaming onto a link would replace the link.
                Ok(Self::Old(fs::canonicalize(path).with_context(|| name.to_string())?))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let is_link = fs::symlink_metadata(path).is_ok();
                ensure!(
                    !is_link,
                    "{name} is a link to a missing file: remove it, or name another file"
                );
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

    /// The name and the destination of a file beside this one: the same path with
    /// another extension. `None` if this is no file.
    ///
    /// # Errors
    /// As for [`of`](Self::of), and if both have the same name.
    pub fn beside(
        &self,
        path: &Path,
        extension: &str,
        force: bool,
    ) -> Result<Option<(String, Self)>> {
        if !matches!(self, Self::New(_) | Self::Old(_)) {
            return Ok(None);
        }
        let beside = path.with_extension(extension);
        let name = beside.display().to_string();
        ensure!(beside != path, "{name} is for the tokens of the rows: give -o another extension");
        let destination = Self::of(Some(&beside), force)?;
        let name = beside.file_name().map_or(name, |name| name.to_string_lossy().into_owned());
        Ok(Some((name, destination)))
    }

    /// Whether the destination is a terminal.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout) && io::stdout().is_terminal()
    }

    /// Whether the results are coloured. The automatic choice colours standard
    /// output if it is a terminal that can show colours, unless `NO_COLOR` or
    /// `CLICOLOR=0` is set, and always if `CLICOLOR_FORCE` is set. It never colours
    /// a file.
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
}

#[cfg(unix)]
fn is_block_device(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    file.file_type().is_block_device()
}

#[cfg(not(unix))]
fn is_block_device(_: &fs::Metadata) -> bool {
    false
}

/// The directory that a file is in.
fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
