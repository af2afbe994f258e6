//! Whether the tokens are spelled for the tokenizer that the file names.

use crate::model::{Error, Fact};
use crate::text::grouped;
use crate::vocab::char_of;

use super::super::pre::{Pre, Spelling};
use super::super::settings::Kind;
use super::{BYTES, Fault, FaultKind, Header, Seen, push};

pub(super) fn check(seen: &Seen, pre: &Pre, faults: &mut Vec<Fault>) -> Result<(), Error> {
    let fits = match seen.kind {
        Some(kind) => spelling(seen, kind, pre, faults)?,
        None => true,
    };
    if seen.needs_pre() && fits && pre.spelling == Spelling::Bytes {
        alphabet(seen, faults);
    }
    Ok(())
}

/// Compares the spelling, scores and merges with those that a tokenizer needs.
/// Returns whether they fit.
fn spelling(seen: &Seen, kind: Kind, pre: &Pre, faults: &mut Vec<Fault>) -> Result<bool, Error> {
    let [byte_level, underscores, pieces, bytes] =
        ["Ġ", "▁", "##", "<0x"].map(|prefix| seen.n_with(prefix));
    let n = |n: usize| grouped(n as u128);
    let name = seen.name.as_deref().unwrap_or_default();
    let message = match kind {
        Kind::Spm | Kind::Unigram if byte_level > underscores && bytes == 0 => {
            let merges = seen.model.merges().ok().flatten().map_or(0, |merges| merges.len());
            let merges = match merges {
                0 => String::new(),
                merges => format!(", and the file has {} merges", grouped(merges.into())),
            };
            format!(
                "tokenizer.ggml.model is \"{name}\", but no token is a byte, {} begin with Ġ{merges}: \
                 this is gpt2's; llama.cpp aborts at the first text",
                n(byte_level)
            )
        }
        Kind::Spm if is_likelihoods(seen) => format!(
            "tokenizer.ggml.model is \"{name}\", but the scores are log probabilities and not ranks: \
             this is t5's (unigram); llama.cpp cuts texts into wrong pieces without a word"
        ),
        Kind::Bpe if pre.spelling == Spelling::Bytes && underscores > byte_level => format!(
            "tokenizer.ggml.model is \"{name}\", but {} tokens begin with ▁ and {} with Ġ: this is \
             llama's (SentencePiece); llama.cpp cuts texts into wrong pieces without a word",
            n(underscores),
            n(byte_level)
        ),
        Kind::WordPiece if pieces > underscores => format!(
            "{} tokens begin with ## and {} with ▁: llama.cpp knows the second spelling only, and \
             every word becomes [UNK]",
            n(pieces),
            n(underscores)
        ),
        _ => return Ok(true),
    };
    push(faults, FaultKind::Family, message, Vec::new());
    Ok(false)
}

/// Whether most scores of ordinary tokens are fractions. Ranks are whole numbers.
fn is_likelihoods(seen: &Seen) -> bool {
    let scores = seen.tokens.ids().filter(|&id| seen.is_normal(id)).map(|id| seen.tokens.score(id));
    let (mut ranked, mut fractions) = (0_usize, 0);
    for score in scores.filter(|&score| score != 0.0) {
        ranked += 1;
        fractions += usize::from(score.fract() != 0.0);
    }
    2 * fractions > ranked
}

impl Header<'_> {
    /// Whether the tokenizer needs the name of a pre-tokenizer.
    fn needs_pre(&self) -> bool {
        self.kind == Some(Kind::Bpe) && self.name.as_deref() != Some("gemma4")
    }
}

/// Checks the name of the pre-tokenizer.
pub(super) fn pre_tokenizer(header: &Header, faults: &mut Vec<Fault>) -> Result<(), Error> {
    if !header.needs_pre() {
        return Ok(());
    }
    let name = header.model.text(Fact::PreTokenizer)?;
    let key = header.model.key(Fact::PreTokenizer);
    let message = match name.as_deref() {
        None | Some("") => format!(
            "{key} is missing: llama.cpp warns and cuts words by its default, and texts may get \
             other IDs than those the model was trained on"
        ),
        Some(name) if Pre::named(Some(name)).1.is_some() => format!(
            "{key} is {}, which llama.cpp of October 2026 does not know: it refuses the file",
            super::super::quoted(name)
        ),
        Some(_) => return Ok(()),
    };
    push(faults, FaultKind::PreTokenizer, message, Vec::new());
    Ok(())
}

/// Checks that every byte of usual texts can be spelled: printable ASCII, newline,
/// tab, and the bytes 80 to BF that every other character needs.
fn alphabet(seen: &Seen, faults: &mut Vec<Fault>) {
    let needed = [b'\t', b'\n'].into_iter().chain(b' '..=b'~').chain(0x80..=0xbf);
    let mut buffer = [0; 4];
    let lacks = |&byte: &u8| {
        let letter = char_of(byte).encode_utf8(&mut buffer);
        seen.tokens.id_of(letter.as_bytes()).is_none()
    };
    let missing: Vec<u8> = needed.filter(lacks).collect();
    if missing.is_empty() || seen.tokens.len() < BYTES {
        return;
    }
    let continuation = missing.iter().any(|&byte| byte >= 0x80);
    let who = if continuation { "most texts that are not English" } else { "some texts" };
    let message = format!(
        "no token spells {} of the bytes that texts have ({}): llama.cpp drops them without a \
         word, and {who} lose letters",
        missing.len(),
        ranges(&missing)
    );
    push(faults, FaultKind::Alphabet, message, Vec::new());
}

/// Ascending bytes as ranges: `0x09, 0x80 to 0xBF`.
fn ranges(bytes: &[u8]) -> String {
    let runs = bytes.chunk_by(|a, b| b - a == 1).map(|run| match run {
        [only] => format!("0x{only:02X}"),
        [first, .., last] => format!("0x{first:02X} to 0x{last:02X}"),
        [] => String::new(),
    });
    runs.take(8).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_of_bytes_are_ranges() {
        assert_eq!(super::ranges(&[9, 0x80, 0x81, 0x82]), "0x09, 0x80 to 0x82");
    }
}
