//! The vocabulary, held for looking texts up.

use std::sync::Arc;

use crate::model::{Model, Numbers, TokenType, ValueType};

use super::Error;
use super::strings::{Index, Strings};

/// As long as all tokens of a file may be. Those of the largest vocabulary known
/// have 3 MB.
const MOST_BYTES: usize = 6 << 20;

/// As long as one token may be, in bytes. It bounds how far the text is compared
/// with tokens from each place in it; the longest known has 1024.
const LONGEST: usize = 2 << 10;

/// All tokens: their texts as stored, scores and types, and the way from a text
/// to its ID.
///
/// It is a copy of what the file has, some megabytes: encoding jumps about in it
/// a few million times a second.
#[derive(Debug)]
pub(super) struct Vocabulary {
    texts: Arc<Strings>,
    index: Index,
    /// Empty where the file has none: then each is 0.
    scores: Vec<f32>,
    types: Vec<Types>,
    /// The length of the longest text in bytes.
    longest: usize,
}

/// What a token is, as a set: llama.cpp's attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    pub const UNDEFINED: Self = Self(0);
    pub const UNKNOWN: Self = Self(1);
    pub const UNUSED: Self = Self(1 << 1);
    pub const NORMAL: Self = Self(1 << 2);
    pub const CONTROL: Self = Self(1 << 3);
    pub const USER_DEFINED: Self = Self(1 << 4);
    pub const BYTE: Self = Self(1 << 5);
    /// Takes the white space before it along.
    pub const LSTRIP: Self = Self(1 << 6);
    /// Takes the white space after it along.
    pub const RSTRIP: Self = Self(1 << 7);

    /// What is looked for in a text before anything else.
    pub const SPECIAL: Self = Self(Self::CONTROL.0 | Self::USER_DEFINED.0 | Self::UNKNOWN.0);

    /// From the number in the file.
    fn from_id(id: i128) -> Self {
        match TokenType::from_id(id) {
            Some(TokenType::Normal) => Self::NORMAL,
            Some(TokenType::Unknown) => Self::UNKNOWN,
            Some(TokenType::Control) => Self::CONTROL,
            Some(TokenType::UserDefined) => Self::USER_DEFINED,
            Some(TokenType::Unused) => Self::UNUSED,
            Some(TokenType::Byte) => Self::BYTE,
            None => Self::UNDEFINED,
        }
    }

    /// Whether it is any of `others`.
    pub fn any(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

impl Vocabulary {
    /// Reads the vocabulary of a model.
    pub fn read(model: &Model, notes: &mut Vec<String>) -> Result<Self, Error> {
        let tokens = model.tokens()?;
        let key = tokens.texts.key();
        let unusable = |reason: String| Error::Unusable(format!("{key} {reason}"));
        // llama.cpp's name for a token without a text.
        let texts = Strings::read(&tokens.texts, MOST_BYTES, |id| format!("[EMPTY_{id}]"))?;
        let texts = Arc::new(texts);
        if texts.len() == 0 {
            return Err(unusable("is empty".to_owned()));
        }
        let longest = (0..texts.len() as u32).map(|id| texts.get(id).len()).max().unwrap_or(0);
        if longest > LONGEST {
            return Err(unusable(format!(
                "has a token of {longest} bytes, and up to {LONGEST} are looked for"
            )));
        }
        let mut index = Index::with_capacity(texts.len());
        let mut repeated = 0_usize;
        for id in 0..texts.len() as u32 {
            repeated += usize::from(index.insert(&texts, id).is_some());
        }
        if repeated > 0 {
            let (tokens, repeat) =
                if repeated == 1 { ("token", "repeats") } else { ("tokens", "repeat") };
            notes.push(format!(
                "{repeated} {tokens} {repeat} the text of another, and llama.cpp refuses such a \
                 vocabulary; here the last of its kind is taken"
            ));
        }
        let scores = numbers(model.scores()?, texts.len(), |number| {
            // Minus nothing is nothing, for the order of scores too.
            number.as_f64() as f32 + 0.0
        })?;
        let types =
            numbers(tokens.types, texts.len(), |number| Types::from_id(number.as_f64() as i128))?;
        let types = if types.is_empty() { vec![Types::NORMAL; texts.len()] } else { types };
        Ok(Self { texts, index, scores, types, longest })
    }

    /// Of some tokens, for tests of what looks them up.
    #[cfg(test)]
    pub fn of<T: AsRef<[u8]>>(tokens: impl IntoIterator<Item = (T, Types)>) -> Self {
        let (texts, types): (Vec<T>, Vec<Types>) = tokens.into_iter().unzip();
        let texts: Strings = texts.into_iter().collect();
        let mut index = Index::with_capacity(texts.len());
        for id in 0..texts.len() as u32 {
            index.insert(&texts, id);
        }
        Self { texts: Arc::new(texts), index, scores: Vec::new(), types, longest: LONGEST }
    }

    /// How many tokens there are: at least one.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// The texts of all tokens by their IDs, for those who keep them too.
    pub fn texts(&self) -> Arc<Strings> {
        Arc::clone(&self.texts)
    }

    /// A token's text as it is stored; never empty.
    pub fn text(&self, id: u32) -> &[u8] {
        self.texts.get(id)
    }

    /// The token with this text, as it is stored. Of several, the last.
    pub fn id_of(&self, text: &[u8]) -> Option<u32> {
        if text.len() > self.longest {
            return None;
        }
        self.index.get(&self.texts, text)
    }

    /// A token's score; 0 where the file has none.
    pub fn score(&self, id: u32) -> f32 {
        self.scores.get(id as usize).copied().unwrap_or(0.0)
    }

    /// What a token is.
    pub fn types(&self, id: u32) -> Types {
        self.types[id as usize]
    }

    /// Makes a token something else.
    pub fn set_types(&mut self, id: u32, types: Types) {
        self.types[id as usize] = types;
    }

    /// All IDs, in order.
    pub fn ids(&self) -> std::ops::Range<u32> {
        0..self.texts.len() as u32
    }
}

/// A number of one of the two types that these arrays have.
enum Number {
    Whole(i32),
    Real(f32),
}

impl Number {
    fn as_f64(&self) -> f64 {
        match *self {
            Self::Whole(number) => number.into(),
            Self::Real(number) => number.into(),
        }
    }
}

/// A number for each token; empty where the model has none.
fn numbers<T>(
    list: Option<Numbers>,
    n_tokens: usize,
    read: impl Fn(Number) -> T,
) -> Result<Vec<T>, Error> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let key = list.key();
    let number = match list.element() {
        ValueType::I32 | ValueType::U32 => |bytes| Number::Whole(i32::from_le_bytes(bytes)),
        ValueType::F32 => |bytes| Number::Real(f32::from_le_bytes(bytes)),
        other => {
            return Err(Error::Unusable(format!(
                "{key} is an array of {}, which tokenizers don't have",
                other.name()
            )));
        }
    };
    if list.len() < n_tokens as u64 {
        let len = list.len();
        return Err(Error::Unusable(format!("{key} has {len} elements for {n_tokens} tokens")));
    }
    let bytes = list.bytes()?;
    let words = bytes.as_chunks().0.iter().take(n_tokens);
    Ok(words.map(|&word| read(number(word))).collect())
}
