//! Facts that a model states: texts, numbers, flags, special tokens.

/// A text, a number or a flag that a model may state. Each format has its own key
/// for it: [`Description::key`](super::Description::key).
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
    /// Number: `d_model` of a model whose outputs have another width, which is then its
    /// [`EmbeddingLength`](Self::EmbeddingLength).
    FeaturesLength,
    /// Number: `n_vocab`.
    VocabSize,
    /// Number: the values that each layer gets for a token besides its row.
    PerLayerLength,
    /// Number: how the model makes one vector of a text; 0 if it does not.
    PoolingType,
    /// Number: the factor that multiplies every row.
    EmbeddingScale,
    /// Number: the epsilon of a LayerNorm.
    LayerNormEpsilon,
    /// Number: the epsilon of an RMSNorm.
    RmsNormEpsilon,
    /// Text: the family of the tokenizer, by llama.cpp's name for it (`gpt2`).
    Tokenizer,
    /// Text: the pre-tokenizer, by llama.cpp's name for it.
    PreTokenizer,
    /// Text: the Jinja template that makes a prompt from messages.
    ChatTemplate,
    /// Flag: a BOS goes before a text.
    AddBos,
    /// Flag: an EOS goes after a text.
    AddEos,
    /// Flag: a space goes before a text.
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
    Bos,
    Eos,
    /// Replaces text that the vocabulary can't spell.
    Unknown,
    Separator,
    EndOfTurn,
    EndOfMessage,
    /// Filling in the middle: goes before the text that precedes the gap.
    FillPrefix,
    /// Goes before the text that follows the gap.
    FillSuffix,
    /// Goes before the text that fills the gap.
    FillMiddle,
    FillPad,
    FillRepository,
    FillSeparator,
}

/// A token that the model gives a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialToken {
    /// The format's name of the role: `bos`.
    pub name: String,
    /// The format's key for it.
    pub key: String,
    /// The token ID, maybe beyond the vocabulary; `None` if it is no whole number.
    pub id: Option<i128>,
}
