//! A map as a page for a browser: one file that loads nothing from elsewhere.
//!
//! The policy in the page names the only two scripts and the only style by their hash,
//! and allows nothing else: neither a script that a token smuggles in, nor a request.

use std::io::Write;

use anyhow::{Context, Result};

use super::answer::MapReport;
use super::pack::pack;
use super::svg::escaped;

const PAGE: &str = include_str!("page/page.html");
/// What it shares with the page of the program in `web/`, and its own.
const STYLE: &str = concat!(include_str!("page/base.css"), include_str!("page/style.css"));
/// The drawing of points, which knows nothing of tokens.
const SCATTER: &str = include_str!("page/scatter.js");
const SCRIPT: &str = include_str!("page/map.js");

/// The SHA-256 of each, as a policy has them. A test says what they should be.
const HASHES: [(&str, &str); 3] = [
    (STYLE, "sha256-m8E4aNfS4O/b0b5245kM2XhhKs/5yG5Y2QopeAqtLGs="),
    (SCATTER, "sha256-sEdcyk5Q4UWsRVAR3DismFziHU1PE33ZzjpEVJpDp10="),
    (SCRIPT, "sha256-SCM2pQ9cB2sWkJK+q57V4Smegvyq5btvYNwXcb3NRxI="),
];

/// A page should be at most so large. Nearest rows take most of it.
const MOST: usize = 5_000_000;

/// Writes the page. With a limit, it has as many nearest rows of each token as fit. Returns
/// how many.
pub(super) fn write(report: &MapReport, is_limited: bool, out: &mut dyn Write) -> Result<usize> {
    let [style, scatter, script] = HASHES.map(|(_, hash)| hash);
    let policy = format!(
        "default-src 'none'; style-src '{style}'; script-src '{scatter}' '{script}'; \
         base-uri 'none'; form-action 'none'"
    );
    let title = escaped(&report.title());
    let (k, data) = data(report, is_limited)?;
    let parts = [
        ("{{POLICY}}", &*policy),
        ("{{TITLE}}", &title),
        ("{{STYLE}}", STYLE),
        ("{{DATA}}", &data),
        ("{{SCATTER}}", SCATTER),
        ("{{SCRIPT}}", SCRIPT),
    ];
    let mut rest = PAGE;
    for (name, part) in parts {
        let (before, after) =
            rest.split_once(name).context("the page has a place for each part")?;
        out.write_all(before.as_bytes())?;
        out.write_all(part.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())?;
    Ok(k)
}

/// The data as text, and how many nearest rows of each token it has.
fn data(report: &MapReport, is_limited: bool) -> Result<(usize, String)> {
    let others = PAGE.len() + STYLE.len() + SCATTER.len() + SCRIPT.len() + 1000;
    let with = |k| Ok::<_, anyhow::Error>(base85(&pack(report, k)?));
    let whole = with(report.points.k)?;
    if !is_limited || whole.len() + others <= MOST {
        return Ok((report.points.k, whole));
    }
    // At least one fits, or is taken all the same; not all do.
    let (mut fits, mut too_many, mut best) = (1, report.points.k, with(1)?);
    while fits + 1 < too_many {
        let middle = (fits + too_many) / 2;
        let data = with(middle)?;
        if data.len() + others <= MOST {
            (fits, best) = (middle, data);
        } else {
            too_many = middle;
        }
    }
    Ok((fits, best))
}

/// Five letters for four bytes. A page is UTF-8 and has no room for bytes, and base64
/// would take a fifteenth more. The letters are `#` to `w`, but `x` for `<`, which could
/// begin a tag.
fn base85(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(4) * 5 + 8);
    for four in bytes.chunks(4) {
        let mut word = [0; 4];
        word[..four.len()].copy_from_slice(four);
        let mut number = u32::from_be_bytes(word);
        let mut letters = [0; 5];
        for letter in letters.iter_mut().rev() {
            *letter = b'#' + (number % 85) as u8;
            number /= 85;
        }
        text.extend(letters.iter().take(four.len() + 1).map(|letter| match letter {
            b'<' => 'x',
            other => char::from(*other),
        }));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_in_harmless_letters() {
        for (bytes, text) in [
            (&b""[..], ""),
            (&[0], "##"),
            (&[0; 4], "#####"),
            (&[255; 4], "u:Y/#"),
            (b"sure.", "H,4O91e"),
        ] {
            assert_eq!(base85(bytes), text);
        }
        let all: Vec<u8> = (0..60_000u32).flat_map(|n| (n * 71_555).to_be_bytes()).collect();
        assert!(base85(&all).bytes().all(|c| (b'#'..=b'x').contains(&c) && c != b'<'));
    }

    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for three in bytes.chunks(3) {
            let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for at in 0..4 {
                let letter = LETTERS[(bits >> (18 - 6 * at)) as usize & 63];
                text.push(if at <= three.len() { letter.into() } else { '=' });
            }
        }
        text
    }

    #[test]
    fn the_policy_has_the_hashes_of_what_is_in_the_page() {
        for (text, hash) in HASHES {
            // A browser hashes the text with line feeds, however a checkout ends its lines.
            let text = text.replace("\r\n", "\n");
            let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
            let right = format!("sha256-{}", base64(digest.as_ref()));
            assert_eq!(hash, right, "write this one");
            assert!(!text.contains("</script") && !text.contains("</style"));
        }
    }
}
