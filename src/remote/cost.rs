//! What a file cost to read: requests, bytes, and what was there before.

use std::sync::{Mutex, MutexGuard};

use crate::report::number::{decimal_size, grouped};

/// The cost of one remote file.
#[derive(Debug, Default)]
pub struct Cost {
    /// The address, without its query.
    name: String,
    spent: Mutex<Spent>,
}

#[derive(Clone, Debug, Default)]
struct Spent {
    requests: u64,
    bytes: u64,
    /// The length of the file.
    len: u64,
    /// The parts that are read as a whole, with their lengths and whether they were
    /// there before.
    parts: Vec<(&'static str, u64, bool)>,
}

impl Cost {
    pub(super) fn of(name: String) -> Self {
        Self { name, spent: Mutex::default() }
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(|poison| poison.into_inner())
    }

    pub(super) fn request(&self) {
        self.spent().requests += 1;
    }

    pub(super) fn bytes(&self, n: u64) {
        self.spent().bytes += n;
    }

    pub(super) fn len(&self, len: u64) {
        self.spent().len = len;
    }

    pub(super) fn part(&self, name: &'static str, len: u64, is_cached: bool) {
        self.spent().parts.push((name, len, is_cached));
    }

    /// The number of requests and of bytes.
    pub fn total(&self) -> (u64, u64) {
        let spent = self.spent();
        (spent.requests, spent.bytes)
    }

    /// The cost in words; `None` if nothing was fetched or found.
    pub fn note(&self) -> Option<String> {
        let Spent { requests, bytes, len, parts } = self.spent().clone();
        if requests == 0 && parts.is_empty() {
            return None;
        }
        let parts: Vec<String> = parts
            .iter()
            .map(|(name, len, is_cached)| {
                let cached = if *is_cached { ", cached" } else { "" };
                format!("{name} {}{cached}", decimal_size(*len))
            })
            .collect();
        let parts = match parts.is_empty() {
            true => String::new(),
            false => format!(" ({})", parts.join("; ")),
        };
        let requests = match requests {
            0 => "no request".to_owned(),
            1 => "1 request".to_owned(),
            n => format!("{} requests", grouped(n)),
        };
        let (bytes, len) = (grouped(bytes), grouped(len));
        Some(format!("{}: {bytes} of {len} bytes by {requests}{parts}", self.name))
    }
}
