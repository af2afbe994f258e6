//! What a model can state about itself in a word or a number.

/// A text, a number or a flag that a model may state. Each format has a key of its
/// own for it; [`Description::key`](super::Description::key) tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// Text: the architecture, by llama.cpp's name for it (`gemma3`).
    Architecture,
    /// Text: the model's name.
    Name,
    /// Number: the longest text that the model reads, in tokens.
    ContextLength,
    /// Number: `d_model`.
    EmbeddingLength,
    /// Number: `n_vocab`.
    VocabSize,
    /// Number: how many values each layer has for a token besides the table.
    PerLayerLength,
    /// Number: what every row is multiplied by.
    EmbeddingScale,
    /// Number: the epsilon of a LayerNorm.
    LayerNormEpsilon,
    /// Number: the epsilon of an RMSNorm.
    RmsNormEpsilon,
    /// Text: the family of the tokenizer, by llama.cpp's name for it (`gpt2`).
    Tokenizer,
    /// Text: the pre-tokenizer, by llama.cpp's name for it.
    PreTokenizer,
    /// Flag: a BOS goes in front of a text.
    AddBos,
    /// Flag: an EOS goes behind a text.
    AddEos,
    /// Flag: a space goes in front of a text.
    AddSpacePrefix,
    /// Flag: runs of spaces become one.
    RemoveExtraWhitespaces,
    /// Flag: letters become lower case.
    Lowercase,
    /// Flag: accents are dropped.
    StripAccents,
}

/// What a special token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// The beginning of a text.
    Bos,
    /// The end of a text.
    Eos,
    /// What the vocabulary can't spell.
    Unknown,
    /// Between two texts.
    Separator,
    /// The end of a turn.
    EndOfTurn,
    /// The end of a message.
    EndOfMessage,
    /// Filling in the middle: before the text in front of the gap.
    FillPrefix,
    /// Before the text behind the gap.
    FillSuffix,
    /// Before what goes into the gap.
    FillMiddle,
    /// Padding.
    FillPad,
    /// Before a repository's name.
    FillRepository,
    /// Before a file's name.
    FillSeparator,
}

/// A token that the model gives a role, as it states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialToken {
    /// The role in the format's own word: `bos`.
    pub name: String,
    /// The format's key for it.
    pub key: String,
    /// The token ID; `None` where something else is stated. It need not be the ID
    /// of any token.
    pub id: Option<i128>,
}
