//! The vocabulary in memory: finds the token of a text.

use std::sync::Arc;

use crate::model::{Model, Numbers, TokenType, ValueType};

use super::Error;
use super::strings::{Index, Strings};

/// The most bytes of all tokens of a file. The largest known vocabulary has 3 MB.
const MOST_BYTES: usize = 6 << 20;

/// The most bytes of one token. It bounds the comparisons at each position of a
/// text; the longest known token has 1024.
const LONGEST: usize = 2 << 10;

/// All tokens: texts as stored, scores, types, and an index from text to ID.
///
/// It is a copy of the file's lists, some megabytes, because encoding makes a few
/// million random reads a second.
#[derive(Debug)]
pub(super) struct TokenIndex {
    texts: Arc<Strings>,
    index: Index,
    /// Empty if the file has none: then each score is 0.
    scores: Vec<f32>,
    types: Vec<Types>,
    /// The length of the longest text in bytes.
    longest: usize,
}

/// The types of a token, as a set: llama.cpp's attributes.
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
    /// Includes the white space before it.
    pub const LSTRIP: Self = Self(1 << 6);
    /// Includes the white space after it.
    pub const RSTRIP: Self = Self(1 << 7);

    /// The types that are searched in a text first.
    pub const SPECIAL: Self = Self(Self::CONTROL.0 | Self::USER_DEFINED.0 | Self::UNKNOWN.0);

    fn from_id(id: i64) -> Self {
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

    pub fn any(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

impl TokenIndex {
    pub fn read(model: &Model, notes: &mut Vec<String>) -> Result<Self, Error> {
        let tokens = model.tokens()?;
        let mut long = 0_usize;
        let texts = Strings::read(&tokens.texts, MOST_BYTES, |id, text| {
            let is_long = text.len() > LONGEST;
            // Longer ones still have such a name already.
            long += usize::from(is_long || text.starts_with(b"[TOO_LONG_"));
            match text {
                // llama.cpp's name for a token without a text.
                [] => Some(format!("[EMPTY_{id}]")),
                _ => is_long.then(|| format!("[TOO_LONG_{id}_{}_BYTES]", text.len())),
            }
        })?;
        if long > 0 {
            let (tokens, are) = if long == 1 { ("token", "is") } else { ("tokens", "are") };
            notes.push(format!(
                "{long} {tokens} longer than {LONGEST} bytes {are} not looked for in texts"
            ));
        }
        let texts = Arc::new(texts);
        if texts.len() == 0 {
            return Err(Error::Unusable(format!("{} is empty", tokens.texts.key())));
        }
        let longest = (0..texts.len() as u32).map(|id| texts.get(id).len()).max().unwrap_or(0);
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
        // Turns -0 into 0, so that both sort alike.
        let scores = numbers(model.scores()?, texts.len(), |number| number as f32 + 0.0)?;
        let types = numbers(tokens.types, texts.len(), |number| Types::from_id(number as i64))?;
        let types = if types.is_empty() { vec![Types::NORMAL; texts.len()] } else { types };
        Ok(Self { texts, index, scores, types, longest })
    }

    /// An index of some tokens, for tests.
    #[cfg(test)]
    pub fn of<T: AsRef<[u8]>>(tokens: impl IntoIterator<Item = (T, f32, Types)>) -> Self {
        let (mut texts, mut scores, mut types) = (Strings::default(), Vec::new(), Vec::new());
        let mut index = Index::with_capacity(0);
        for ((text, score, token_types), id) in tokens.into_iter().zip(0..) {
            texts.push(text.as_ref());
            index.insert(&texts, id);
            scores.push(score);
            types.push(token_types);
        }
        Self { texts: Arc::new(texts), index, scores, types, longest: LONGEST }
    }

    /// The number of tokens, at least one.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

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

    /// A token's score; 0 if the file has none.
    pub fn score(&self, id: u32) -> f32 {
        self.scores.get(id as usize).copied().unwrap_or(0.0)
    }

    pub fn types(&self, id: u32) -> Types {
        self.types[id as usize]
    }

    pub fn set_types(&mut self, id: u32, types: Types) {
        self.types[id as usize] = types;
    }

    pub fn ids(&self) -> std::ops::Range<u32> {
        0..self.texts.len() as u32
    }
}

/// A number for each token; empty if the model has none.
fn numbers<T>(
    list: Option<Numbers>,
    n_tokens: usize,
    read: impl Fn(f64) -> T,
) -> Result<Vec<T>, Error> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let key = list.key();
    let number = match list.element() {
        ValueType::I32 | ValueType::U32 => |bytes| f64::from(i32::from_le_bytes(bytes)),
        ValueType::F32 => |bytes| f32::from_le_bytes(bytes).into(),
        other => {
            return Err(Error::Unusable(format!(
                "{key} is an array of {}, but must be of i32, u32 or f32",
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

/// The byte that a token's text names, as in `<0x0A>`.
pub fn byte_of(text: &[u8]) -> Option<u8> {
    let digits = text.strip_prefix(b"<0x")?.strip_suffix(b">")?;
    let [high, low] = *digits else { return None };
    let digit = |c: u8| Some(char::from(c).to_digit(16)? as u8);
    Some(digit(high)? << 4 | digit(low)?)
}
