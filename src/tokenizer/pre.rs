//! Pre-tokenizers: into which words a text is cut before pairs merge.
//!
//! `tokenizer.ggml.pre` names one. llama.cpp knows each name's patterns; some it
//! has written out by hand, which comes to the same words. Patterns apply one
//! after another, each to every word that the ones before it have made. What a
//! pattern does not match, between its matches, is a word too.
//!
//! A pattern's alphabet is one of two:
//! - **classes**: a character is itself if it is ASCII, or else its category
//!   alone. `\p{L}` and `[a-z]` are both fine there, `[à-ý]` is not. Nor are
//!   upper and lower case told apart beyond ASCII, whatever the model was
//!   trained with.
//! - **points**: a character is itself. No categories.
//!
//! In both, `\s` is any white space.

mod known;

use known::{DEFAULT, KNOWN, PLAIN};

/// A pre-tokenizer, and what else its name stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pre {
    names: &'static [&'static str],
    /// How to cut, one after another.
    pub rules: &'static [Rule],
    /// A word that is a token is that token, whether or not its parts merge.
    pub ignore_merges: bool,
    /// What holds where the file does not say.
    pub add_bos: bool,
    /// Whether there is a BOS, and an EOS, where the file names none (token 11
    /// then).
    pub default_bos: bool,
    pub default_eos: bool,
    /// What holds where the file does not say; only `whitespace` asks.
    pub lowercase: bool,
    /// Whether a file without merges is refused.
    pub needs_merges: bool,
    /// What the characters of its vocabulary stand for.
    pub spelling: Spelling,
    /// A word of newlines alone that is a token is that token; and there is
    /// always a BOS.
    pub gemma: bool,
}

/// What a vocabulary's characters stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Each for a byte, by GPT-2's alphabet.
    Bytes,
    /// For themselves.
    Characters,
    /// For themselves, and `▁` for a space.
    Underscores,
}

/// One cut of a text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// The matches of a pattern over classes.
    Classes(&'static str),
    /// The same; and where it does not match, runs of white space.
    Words(&'static str, Spaces),
    /// The matches of a pattern over points.
    Points(&'static str),
    /// Runs of `\p{N}` in threes, counted from their ends; nothing else.
    Threes,
    /// Before each three ASCII digits, counted from their ends.
    BeforeThrees,
}

/// How a run of white space is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spaces {
    /// `\s+(?!\S)|\s+`: all but the last, if something follows.
    Run,
    /// `\s{512}(?!\S)|\s{256}(?!\S)|...|\s{4}(?!\S)|\s{1,2}(?!\S)|\s`
    Powers,
}

impl Pre {
    /// For families that don't cut words.
    pub const NONE: Self = PLAIN;

    /// That of the model `gemma4`, which goes by no name.
    pub fn gemma() -> Self {
        let (pre, _) = Self::named(Some("gemma4"));
        Self { default_bos: false, default_eos: false, ..pre }
    }

    /// All names that are known.
    #[cfg(test)]
    pub fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().flat_map(|pre| pre.names).copied()
    }

    /// By its name, which the file may lack; with a note where the default
    /// stands in.
    pub fn named(name: Option<&str>) -> (Self, Option<String>) {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            let note = "the file names no pre-tokenizer (tokenizer.ggml.pre): words are cut by \
                        llama.cpp's default, and the IDs may not be those the model knows";
            return (DEFAULT, Some(note.to_owned()));
        };
        match KNOWN.iter().find(|pre| pre.names.contains(&name)) {
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
    fn no_name_stands_for_two() {
        let mut names: Vec<_> = Pre::names().collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    /// Where tokens are read by their text, they are read as they are spelt here.
    #[test]
    fn the_vocabulary_is_spelt_in_one_way() {
        for name in Pre::names() {
            let (pre, _) = Pre::named(Some(name));
            let underscores = pre.spelling == Spelling::Underscores;
            assert_eq!(crate::vocab::UNDERSCORES.contains(&name), underscores, "{name}");
        }
    }

    #[test]
    fn a_stranger_is_noted_and_the_default_taken() {
        for name in [None, Some(""), Some("gpt-5000")] {
            let (pre, note) = Pre::named(name);
            assert_eq!(pre.names, ["default"]);
            assert!(note.unwrap().contains(name.unwrap_or_default()));
        }
        let (pre, note) = Pre::named(Some("glm4"));
        assert!(note.is_none() && pre.ignore_merges && !pre.default_bos);
    }
}
