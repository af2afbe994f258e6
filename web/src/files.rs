//! The files that a person chose, or that an address names: their bytes are with the Worker,
//! which reads them by ranges and keeps some of them.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use embcli::gguf::Files;
use embcli::source::{Folder, Source, empty_file};
use embcli::{Error, Model, safetensors};

use crate::host;

/// Opens a model by the name of its file. The files chosen with it are beside it.
pub fn open(name: &str) -> Result<Model, Error> {
    let folder = Arc::new(Chosen);
    let path = Path::new(name);
    match safetensors::is_checkpoint(path) {
        true => {
            let file = (!safetensors::is_index(path)).then_some(path.as_os_str());
            safetensors::open_in(folder, file)
        }
        false => Files::open_in(folder, path.as_os_str()).map(Model::new),
    }
}

/// All files that were chosen.
#[derive(Debug)]
struct Chosen;

impl Chosen {
    fn find(name: &OsStr) -> io::Result<File> {
        let number = host::find(&name.to_string_lossy());
        match number {
            0.. => Ok(File { number, len: host::length(number) as u64 }),
            _ => Err(ErrorKind::NotFound.into()),
        }
    }
}

impl Folder for Chosen {
    fn open(&self, name: &OsStr) -> io::Result<Box<dyn Source>> {
        let file = Self::find(name)?;
        if file.len == 0 {
            return Err(empty_file());
        }
        Ok(Box::new(file))
    }

    fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let file = Self::find(name.as_ref())?;
        if file.len > most {
            let problem = format!("{name} is no regular file of at most {most} bytes");
            return Err(io::Error::other(problem));
        }
        let mut bytes = vec![0; file.len as usize];
        file.read_exact_at(0, &mut bytes)?;
        Ok(bytes)
    }

    fn len_of(&self, name: &OsStr) -> Option<u64> {
        Some(Self::find(name).ok()?.len)
    }

    fn shown(&self, name: &OsStr) -> String {
        name.to_string_lossy().into_owned()
    }
}

/// A file, by its number with the Worker.
struct File {
    number: i32,
    len: u64,
}

impl Source for File {
    fn len(&self) -> u64 {
        self.len
    }

    fn window(&self, at: u64, want: usize) -> io::Result<Cow<'_, [u8]>> {
        let left = self.len.saturating_sub(at);
        let mut bytes = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(want)];
        self.read_exact_at(at, &mut bytes)?;
        Ok(Cow::Owned(bytes))
    }

    fn read_exact_at(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        let is_there = at.checked_add(buf.len() as u64).is_some_and(|end| end <= self.len);
        if !is_there {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        // A file of a browser is shorter than 2^53 bytes.
        host::read(self.number, at as f64, buf).map_err(|error| {
            io::Error::other(error.as_string().unwrap_or_else(|| "it can't be read".to_owned()))
        })
    }
}
