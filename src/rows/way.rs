//! How the bytes of rows get to a pass: copied, or mapped where that is faster.
//!
//! Reading 178 MB that the system has in memory, summing the bytes included, on a 2-core
//! Zen 5, one thread, in milliseconds:
//!
//! ```text
//!                          cached in large pages   in small ones, an hour later
//! already mapped and touched                   5      5
//! read into a buffer of 256 KiB               10     23    (64 KiB 10, 22; 4 MiB 14, 26)
//! new mapping                                  9     22    the first ever: 245, in page faults
//! the same with madvise                       10     20
//! the same with MAP_POPULATE                  15     29    the first ever: 43
//! ```
//!
//! Plain reads cost a copy within the cache and are never slow. A mapping saves the copy
//! and costs page faults, so which is faster depends on the pages, the system and the
//! other threads. A thread tries both on its first pieces. Mapped pages are released
//! behind it: a table that is larger than memory never fills it.

use std::time::Duration;

/// Pieces that are tried each way.
const TRIED: usize = 6;

/// The way of one thread.
#[derive(Debug)]
pub(super) struct Way {
    copied: Vec<Duration>,
    mapped: Vec<Duration>,
    chosen: Option<bool>,
}

impl Way {
    /// Without a mapping, nothing is tried: some systems have no clock either.
    pub fn new(has_mapping: bool) -> Self {
        let chosen = if has_mapping { None } else { Some(false) };
        Self { copied: Vec::new(), mapped: Vec::new(), chosen }
    }

    /// Whether the next piece is to be read from the mapping.
    pub fn is_mapped(&self) -> bool {
        self.chosen.unwrap_or(self.mapped.len() < self.copied.len())
    }

    /// Whether pieces are still tried, and timed.
    pub fn is_trial(&self) -> bool {
        self.chosen.is_none()
    }

    /// Notes what a piece took.
    pub fn note(&mut self, is_mapped: bool, took: Duration) {
        let ways = if is_mapped { &mut self.mapped } else { &mut self.copied };
        ways.push(took);
        if self.copied.len() == TRIED && self.mapped.len() == TRIED {
            self.copied.sort_unstable();
            self.mapped.sort_unstable();
            // All but one mapped piece took less time than most of the copied ones did.
            self.chosen = Some(self.mapped[TRIED - 2] < self.copied[TRIED / 2 - 1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(copied: [u64; TRIED], mapped: [u64; TRIED]) -> bool {
        let mut way = Way::new(true);
        let (mut copied, mut mapped) = (copied.into_iter(), mapped.into_iter());
        for _ in 0..2 * TRIED {
            assert!(way.is_trial());
            let is_mapped = way.is_mapped();
            let took = if is_mapped { mapped.next() } else { copied.next() };
            way.note(is_mapped, Duration::from_micros(took.unwrap()));
        }
        assert!(!way.is_trial());
        way.is_mapped()
    }

    #[test]
    fn nothing_is_timed_without_a_mapping() {
        let way = Way::new(false);
        assert!(!way.is_trial() && !way.is_mapped());
    }

    #[test]
    fn a_mapping_has_to_be_faster_for_sure() {
        assert!(after([50, 51, 49, 50, 52, 48], [40, 41, 42, 40, 41, 90]));
        assert!(!after([50, 51, 49, 50, 52, 48], [50, 51, 49, 50, 52, 48]));
        assert!(!after([50, 51, 49, 50, 52, 48], [40, 41, 42, 40, 60, 90]));
        assert!(!after([50, 500, 49, 50, 500, 48], [51, 52, 53, 54, 55, 50]));
    }
}
