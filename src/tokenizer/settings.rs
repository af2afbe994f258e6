//! The settings of a tokenizer: what the file states, else the family's defaults.

use crate::model::{Error, Fact, Model, Role};

use super::pre::Pre;

/// The families of tokenizers, as llama.cpp divides them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// SentencePiece: pairs merge by the score of what they make.
    Spm,
    /// Byte-pair encoding: pairs merge by rank.
    Bpe,
    /// WordPiece: the longest pieces from the left.
    WordPiece,
    /// Unigram: the likeliest pieces of all.
    Unigram,
    /// RWKV: the longest tokens from the left.
    Rwkv,
    /// PLaMo-2: the likeliest pieces, from the right.
    Plamo2,
}

impl Kind {
    /// The kind of llama.cpp's name for a tokenizer.
    /// [`Tokenizer::open`](super::Tokenizer::open) distinguishes the names of one
    /// kind.
    pub fn of_model(model: &str) -> Option<Self> {
        Some(match model {
            "llama" => Self::Spm,
            "gpt2" | "gemma4" | "hybriddna" | "whitespace" => Self::Bpe,
            "bert" => Self::WordPiece,
            "t5" => Self::Unigram,
            "rwkv" => Self::Rwkv,
            "plamo2" => Self::Plamo2,
            _ => return None,
        })
    }
}

#[derive(Debug)]
pub(super) struct Settings {
    pub kind: Kind,
    pub bos: Option<u32>,
    pub eos: Option<u32>,
    pub unk: Option<u32>,
    pub sep: Option<u32>,
    pub add_bos: bool,
    pub add_eos: bool,
    /// Whether a space goes before a text that [leads](super::Fragment).
    pub add_space_prefix: bool,
    /// Whether runs of spaces become one space, and spaces at the ends are removed.
    pub remove_extra_whitespaces: bool,
    pub lowercase: bool,
    pub strip_accents: bool,
}

/// The name and the ID of a token that goes around a text.
pub(super) type Frame = (&'static str, Option<u32>);

impl Settings {
    /// Reads the settings of a model with `n_tokens` tokens; `pre` is the
    /// pre-tokenizer of a byte-pair encoding.
    pub fn read(model: &Model, kind: Kind, pre: &Pre, n_tokens: usize) -> Result<Self, Error> {
        let mut settings = Self::defaults(kind);
        settings.add_bos |= pre.add_bos;
        settings.bos = settings.bos.filter(|_| pre.default_bos);
        settings.eos = settings.eos.filter(|_| pre.default_eos);
        settings.lowercase = pre.lowercase;
        settings.read_ids(model, n_tokens)?;
        let flags = [
            (Fact::AddBos, &mut settings.add_bos),
            (Fact::AddEos, &mut settings.add_eos),
            (Fact::AddSpacePrefix, &mut settings.add_space_prefix),
            (Fact::RemoveExtraWhitespaces, &mut settings.remove_extra_whitespaces),
            (Fact::Lowercase, &mut settings.lowercase),
        ];
        for (fact, flag) in flags {
            *flag = model.flag(fact)?.unwrap_or(*flag);
        }
        // The file can't turn this off: many files state it wrongly.
        settings.add_bos |= pre.gemma;
        settings.strip_accents = model.flag(Fact::StripAccents)?.unwrap_or(settings.lowercase);
        Ok(settings)
    }

    /// The settings of a file that states none.
    pub fn defaults(kind: Kind) -> Self {
        use Kind::*;
        let id = |kinds: &[(Kind, u32)]| kinds.iter().find(|(k, _)| *k == kind).map(|&(_, id)| id);
        Self {
            kind,
            bos: id(&[(Spm, 1), (WordPiece, 101), (Bpe, 11), (Plamo2, 1)]),
            eos: id(&[(Spm, 2), (Bpe, 11), (Unigram, 1), (Plamo2, 2)]),
            unk: id(&[(Spm, 0), (WordPiece, 100), (Unigram, 2), (Plamo2, 0)]),
            sep: id(&[(WordPiece, 102)]),
            add_bos: matches!(kind, Spm | WordPiece),
            add_eos: kind == Unigram,
            add_space_prefix: kind == Spm,
            remove_extra_whitespaces: false,
            lowercase: true,
            strip_accents: true,
        }
    }

    /// Reads the IDs that the file names. If one is missing or invalid, takes the
    /// default, if that is valid.
    fn read_ids(&mut self, model: &Model, n_tokens: usize) -> Result<(), Error> {
        let ids = [
            (Role::Bos, &mut self.bos),
            (Role::Eos, &mut self.eos),
            (Role::Unknown, &mut self.unk),
            (Role::Separator, &mut self.sep),
        ];
        for (role, id) in ids {
            let default = id.filter(|id| (*id as usize) < n_tokens);
            *id = special(model, role, n_tokens)?.or(default);
        }
        Ok(())
    }

    pub fn frame(&self) -> (Option<Frame>, Option<Frame>) {
        let (bos, eos) = (("BOS", self.bos), ("EOS", self.eos));
        match self.kind {
            // BERT's [CLS] and [SEP]: the file can't turn them off.
            Kind::WordPiece => (Some(bos), Some(("SEP", self.sep))),
            Kind::Rwkv | Kind::Plamo2 => (None, None),
            Kind::Spm | Kind::Bpe | Kind::Unigram => {
                (self.add_bos.then_some(bos), self.add_eos.then_some(eos))
            }
        }
    }
}

/// The token that a model gives a role, if its ID is less than `n_tokens`.
pub(super) fn special(model: &Model, role: Role, n_tokens: usize) -> Result<Option<u32>, Error> {
    let ids = model.special(role)?.into_iter().filter_map(|id| u32::try_from(id).ok());
    Ok(ids.rev().find(|id| (*id as usize) < n_tokens))
}
