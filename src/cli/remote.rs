//! The arguments for models over a network.

use clap::Args;

use crate::remote::{Access, MAX_FETCH};
use crate::store::Environment;

/// The heading of these arguments in a manual.
const HEADING: &str = "Models over a network";

/// What may be fetched of a remote model.
#[derive(Debug, Args)]
#[command(next_help_heading = HEADING)]
pub struct RemoteArgs {
    /// Fetch the whole table of a remote model, and keep it in the cache
    #[arg(long, global = true, display_order = 200, conflicts_with = "no_cache")]
    pub fetch_table: bool,

    /// Keep nothing of a remote model, and use nothing that was kept
    #[arg(long, global = true, display_order = 201)]
    pub no_cache: bool,

    /// The longest header of a remote model, and the most bytes of its rows (64M, 1G)
    /// [default: 32M]
    #[arg(long, global = true, display_order = 202, value_name = "SIZE", value_parser = size)]
    pub max_fetch: Option<u64>,

    /// Let http:// addresses be of other machines, not only of this one
    #[arg(long, global = true, display_order = 203)]
    pub insecure_http: bool,
}

impl RemoteArgs {
    /// What these arguments and the variables of this process allow.
    pub fn access(&self) -> Access {
        let access = Access::of(&Environment::of_process());
        Access {
            fetch_table: self.fetch_table,
            insecure_http: self.insecure_http,
            max_fetch: self.max_fetch.unwrap_or(MAX_FETCH),
            cache: access.cache.filter(|_| !self.no_cache),
            ..access
        }
    }
}

/// A number of bytes: 5000000, 64M, 64MB, 64MiB, 1G. A unit is a power of 1024.
fn size(text: &str) -> Result<u64, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let shift = match unit.to_ascii_uppercase().trim_end_matches('B').trim_end_matches('I') {
        "" => Some(0),
        "K" => Some(10),
        "M" => Some(20),
        "G" => Some(30),
        _ => None,
    };
    let bytes = shift.and_then(|shift| number.parse::<u64>().ok()?.checked_mul(1 << shift));
    let bytes = bytes.filter(|bytes| (1 << 10..=1 << 40).contains(bytes));
    bytes.ok_or_else(|| "a size is a number of bytes, 1K to 1024G, such as 64M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_units() {
        for text in ["64M", "64MB", "64mib", "67108864", "65536k"] {
            assert_eq!(size(text), Ok(64 << 20), "{text}");
        }
        for text in ["", "M", "0", "1", "64T", "-1M", "99999999999999999999G", "2000G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
