//! Pre-tokenizers: they cut a text into words before byte pairs merge.
//!
//! `tokenizer.ggml.pre` names one. llama.cpp has the patterns of each name; some of
//! them are hand-written code that gives the same words. Patterns apply one after
//! another, each to every word that the patterns before it have made. The text
//! between two matches of a pattern is a word too.
//!
//! A pattern has one of two alphabets:
//! - **classes**: an ASCII character is itself; any other character is only its
//!   category. `\p{L}` and `[a-z]` both work there, `[à-ý]` does not. Beyond ASCII,
//!   upper and lower case are the same, even if the model was trained with a
//!   pattern that distinguishes them.
//! - **points**: every character is itself. There are no categories.
//!
//! In both, `\s` is any white space.

mod known;

use known::{DEFAULT, KNOWN, LINES, PLAIN};

/// A pre-tokenizer, and the other settings that its name implies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pre {
    /// Separated by spaces.
    names: &'static str,
    /// The cuts, applied one after another.
    pub rules: &'static [Rule],
    /// A word that is a token becomes that token, even if its parts do not merge.
    pub ignore_merges: bool,
    /// The default of `add_bos` if the file does not set it.
    pub add_bos: bool,
    /// Whether token 11 is the BOS if the file names none; the same for the EOS.
    pub default_bos: bool,
    pub default_eos: bool,
    /// The default of `lowercase`. Only the family `whitespace` uses it.
    pub lowercase: bool,
    /// Whether a file without merges is refused.
    pub needs_merges: bool,
    /// What the characters of its vocabulary stand for.
    pub spelling: Spelling,
    /// A word of only newlines becomes its token, if it has one. A BOS is always added.
    pub gemma: bool,
}

/// What a vocabulary's characters stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Each character stands for a byte, by GPT-2's alphabet.
    Bytes,
    /// Each character stands for itself.
    Characters,
    /// Each character stands for itself, except `▁`, which stands for a space.
    Underscores,
}

/// One way to cut a text into words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// At the matches of a pattern over classes.
    Classes(&'static str),
    /// At the matches of a pattern over classes, and at runs of white space where it
    /// does not match: `|\s+(?!\S)|\s+`.
    Words(&'static str),
    /// The same with `|\s{512}(?!\S)|\s{256}(?!\S)|...|\s{4}(?!\S)|\s{1,2}(?!\S)|\s`.
    WordsAndPowers(&'static str),
    /// At the matches of a pattern over points.
    Points(&'static str),
    /// Only within runs of `\p{N}`: into groups of three, counted from the run's end.
    Threes,
    /// Before each group of three ASCII digits, counted from the run's end.
    BeforeThrees,
}

impl Pre {
    /// Whether its words are lines, and runs of newlines.
    pub fn cuts_lines(&self) -> bool {
        matches!((self.rules, LINES), ([Rule::Classes(only)], Rule::Classes(lines)) if *only == lines)
    }

    /// For families that do not cut words.
    pub const NONE: Self = PLAIN;

    /// The pre-tokenizer of the model `gemma4`, which needs no `tokenizer.ggml.pre`.
    pub fn gemma() -> Self {
        let (pre, _) = Self::named(Some("gemma4"));
        Self { default_bos: false, default_eos: false, ..pre }
    }

    #[cfg(test)]
    pub fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().flat_map(|pre| pre.names.split(' '))
    }

    /// The pre-tokenizer with a name; the default and a note for no or an unknown one.
    pub fn named(name: Option<&str>) -> (Self, Option<String>) {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            let note = "the file names no pre-tokenizer (tokenizer.ggml.pre): words are cut by \
                        llama.cpp's default, and the IDs may not be those the model knows";
            return (DEFAULT, Some(note.to_owned()));
        };
        match KNOWN.iter().find(|pre| pre.names.split(' ').any(|known| known == name)) {
            Some(&pre) => (pre, None),
            None => {
                let note = format!(
                    "the pre-tokenizer {} (tokenizer.ggml.pre) is not known: words are cut by \
                     llama.cpp's default, and the IDs may not be those the model knows",
                    super::quoted(name)
                );
                (DEFAULT, Some(note))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_cut_lines_alone() {
        let lines = Pre::names().filter(|name| Pre::named(Some(name)).0.cuts_lines());
        assert!(lines.eq(["gemma4", "granite-embed-multi-311m", "sarvam-moe"]));
    }

    #[test]
    fn every_name_is_listed_once() {
        let mut names: Vec<_> = Pre::names().collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    /// `vocab` decodes a token's text with the same spelling as the pre-tokenizer.
    #[test]
    fn vocab_and_pre_agree_on_the_spelling() {
        for name in Pre::names() {
            let (pre, _) = Pre::named(Some(name));
            let underscores = pre.spelling == Spelling::Underscores;
            assert_eq!(crate::model::UNDERSCORES.contains(&name), underscores, "{name}");
        }
    }

    #[test]
    fn a_missing_or_unknown_name_gives_the_default_and_a_note() {
        for name in [None, Some(""), Some("gpt-5000")] {
            let (pre, note) = Pre::named(name);
            assert_eq!(pre.names, "default");
            assert!(note.unwrap().contains(name.unwrap_or_default()));
        }
        let (pre, note) = Pre::named(Some("glm4"));
        assert!(note.is_none() && pre.ignore_merges && !pre.default_bos);
    }
}
