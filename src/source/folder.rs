//! The files of a model: those in one folder, on a disk or elsewhere.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::{MappedFile, Source};

/// The files beside a model: the parts of a split model, the files of a checkpoint.
///
/// A file that is not there is [`io::ErrorKind::NotFound`].
pub trait Folder: fmt::Debug + Send + Sync {
    /// Opens a file.
    ///
    /// # Errors
    /// If it is not there, or can't be read.
    fn open(&self, name: &OsStr) -> io::Result<Box<dyn Source>>;

    /// All bytes of a file, which has at most `most` of them.
    ///
    /// # Errors
    /// If it is not there, is longer, or can't be read.
    fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>>;

    /// The length of a file; `None` if it is not there.
    fn len_of(&self, name: &OsStr) -> Option<u64>;

    /// The name with its folder, for messages.
    fn shown(&self, name: &OsStr) -> String;
}

/// A folder on a disk.
#[derive(Clone, Debug)]
pub struct OnDisk(pub PathBuf);

impl Folder for OnDisk {
    fn open(&self, name: &OsStr) -> io::Result<Box<dyn Source>> {
        Ok(Box::new(MappedFile::open(&self.0.join(name))?))
    }

    fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let path = self.0.join(name);
        match fs::metadata(&path)? {
            file if file.is_file() && file.len() <= most => fs::read(path),
            _ => {
                let problem = format!("{name} is no regular file of at most {most} bytes");
                Err(io::Error::other(problem))
            }
        }
    }

    fn len_of(&self, name: &OsStr) -> Option<u64> {
        Some(fs::metadata(self.0.join(name)).ok()?.len())
    }

    fn shown(&self, name: &OsStr) -> String {
        self.0.join(name).display().to_string()
    }
}
