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
const STYLE: &str = include_str!("page/style.css");
/// The drawing of points, which knows nothing of tokens.
const SCATTER: &str = include_str!("page/scatter.js");
const SCRIPT: &str = include_str!("page/map.js");

/// The SHA-256 of each, as a policy has them. A test says what they should be.
const HASHES: [(&str, &str); 3] = [
    (STYLE, "sha256-GYiPjhKquoxNlqECAPkdjIe6tCViBrtBmokJJjQQj6U="),
    (SCATTER, "sha256-8MgPfTz687lpsAFFQPPXtZubzI9LmzIqSZCiClOr8x4="),
    (SCRIPT, "sha256-8xWGWG/MLY2dbZN7EglLi9dkvKmlXB3TIhCMYnZB0s8="),
];

pub(super) fn write(report: &MapReport, out: &mut dyn Write) -> Result<()> {
    let [style, scatter, script] = HASHES.map(|(_, hash)| hash);
    let policy = format!(
        "default-src 'none'; style-src '{style}'; script-src '{scatter}' '{script}'; \
         base-uri 'none'; form-action 'none'"
    );
    let title = escaped(&report.title());
    let data = base64(&pack(report)?);
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
        let (before, after) = rest.split_once(name).context("the page has a place for each part")?;
        out.write_all(before.as_bytes())?;
        out.write_all(part.as_bytes())?;
        rest = after;
    }
    Ok(out.write_all(rest.as_bytes())?)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_base64() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
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
