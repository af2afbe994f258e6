//! The authorities that say who a server is: Mozilla's, which are part of the program, or
//! those of a file, for networks whose proxy has its own.

use std::fs;
use std::path::Path;

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use super::fault::Fault;

/// The longest file of certificates.
const LONGEST: u64 = 16 << 20;

/// The certificates of a file.
pub(super) fn authorities(path: &Path) -> Result<RootCerts, Fault> {
    let bad = |why: &str| Fault::new(format!("{}: {why}", path.display()));
    let file = fs::metadata(path).map_err(|error| bad(&error.to_string()))?;
    if !file.is_file() || file.len() > LONGEST {
        return Err(bad("this is no file of certificates"));
    }
    let pem = fs::read(path).map_err(|error| bad(&error.to_string()))?;
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    match certificates.is_empty() {
        true => Err(bad("the file has no certificate in the form of PEM")),
        false => Ok(RootCerts::new_with_certs(&certificates)),
    }
}
