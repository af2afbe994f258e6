//! The spelling of tokens: features, word, and whether a token's row is judged.

use hashbrown::HashMap;

use crate::model::Error;
use crate::stats::{mix, sample};
use crate::vocab::{TokenType, Vocab};

/// The features of one token: its kind, its length, how it ends (four) and how
/// it begins (three).
pub const PER_TOKEN: usize = 9;

/// How many features are told apart: the most frequent ones. Twice as many say
/// 3 % more of a table, and take twice as long.
pub const FEATURES: usize = 512;

/// Tokens that features are counted on.
const COUNTED: u64 = 1 << 15;

/// A place that no feature of the 512 fills.
pub const NONE: u16 = u16::MAX;

/// What `check` may do with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text: its row should show how it is spelled.
    Judged,
    /// Single characters, and text without letters or digits: the fit uses its row,
    /// but the row is not judged.
    Heard,
    /// No text, or text that is not spelled: control tokens, bytes, markup.
    Silent,
}

/// The spelling of every token of a vocabulary.
#[derive(Debug)]
pub struct Spellings {
    features: Vec<[u16; PER_TOKEN]>,
    roles: Vec<Role>,
    words: Vec<u32>,
    seeds: Vec<u32>,
    n_features: usize,
}

/// Takes token after token in.
#[derive(Debug, Default)]
pub struct Builder {
    hashes: Vec<[u32; PER_TOKEN]>,
    roles: Vec<Role>,
    words: Vec<u32>,
    seeds: Vec<u32>,
}

impl Builder {
    /// A builder with no tokens.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next token: its bytes as a person reads them, and its type
    /// where the file tells.
    pub fn push(&mut self, text: &[u8], kind: Option<TokenType>) {
        let id = self.roles.len() as u32;
        let spelled = std::str::from_utf8(text).ok().filter(|text| !is_placeholder(text));
        let role = match (kind, spelled) {
            (None | Some(TokenType::Normal), Some(text)) => role(text),
            _ => Role::Silent,
        };
        if is_never_trained(text, kind, spelled.is_none()) {
            self.seeds.push(id);
        }
        self.roles.push(role);
        let text = spelled.filter(|_| role != Role::Silent);
        self.hashes.push(text.map_or([0; PER_TOKEN], hashes));
        self.words.push(text.map_or(0, word));
    }

    /// The spellings, with the features that are frequent enough.
    pub fn finish(self) -> Spellings {
        let mut counts: HashMap<u32, u32> = HashMap::new();
        for id in sample(self.hashes.len() as u64, COUNTED, 5) {
            for hash in self.hashes[id as usize].iter().filter(|hash| **hash != 0) {
                *counts.entry(*hash).or_default() += 1;
            }
        }
        let mut frequent: Vec<(u32, u32)> =
            counts.into_iter().map(|(hash, n)| (n, hash)).filter(|(n, _)| *n > 1).collect();
        frequent.sort_unstable_by(|a, b| b.cmp(a));
        frequent.truncate(FEATURES);
        let index: HashMap<u32, u16> =
            (0..).zip(&frequent).map(|(i, (_, hash))| (*hash, i)).collect();
        let place = |hash: u32| index.get(&hash).copied().unwrap_or(NONE);
        Spellings {
            features: self.hashes.iter().map(|hashes| hashes.map(place)).collect(),
            roles: self.roles,
            words: self.words,
            seeds: self.seeds,
            n_features: frequent.len(),
        }
    }
}

impl Spellings {
    /// The spellings of the first tokens of a vocabulary: of those below `n`, and of
    /// [`MOST_TOKENS`](super::MOST_TOKENS).
    ///
    /// # Errors
    /// When the vocabulary can't be read.
    pub fn of(vocab: &Vocab, n: u64) -> Result<Self, Error> {
        let mut tokens = Builder::new();
        vocab.each(|id, text| {
            if id >= n.min(super::MOST_TOKENS) {
                return Ok(false);
            }
            tokens.push(text, vocab.token_type(id)?);
            Ok::<_, Error>(true)
        })?;
        Ok(tokens.finish())
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.roles.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// How many features are told apart.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// What a token can be asked.
    pub fn role(&self, id: usize) -> Role {
        self.roles.get(id).copied().unwrap_or(Role::Silent)
    }

    /// The features of a token.
    pub fn features(&self, id: usize) -> impl Iterator<Item = usize> + '_ {
        self.features[id].iter().filter(|feature| **feature != NONE).map(|it| usize::from(*it))
    }

    /// A hash of a token's letters without case and space, the same for all
    /// spellings of a word; 0 for what is no word.
    pub fn word(&self, id: usize) -> u32 {
        self.words[id]
    }

    /// Tokens that no training text has had, by their type, name or byte.
    pub fn seeds(&self) -> &[u32] {
        &self.seeds
    }
}

/// What ordinary text can be asked. A single letter says little by itself, but
/// where letters are words or syllables.
fn role(text: &str) -> Role {
    let word = text.strip_prefix(' ').unwrap_or(text);
    let mut chars = word.chars();
    let Some(first) = chars.next() else { return Role::Heard };
    let is_single = chars.next().is_none();
    let is_judged = match first {
        '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => true,
        _ => !is_single && word.chars().any(char::is_alphanumeric),
    };
    if is_judged { Role::Judged } else { Role::Heard }
}

/// Whether a token stands for nothing that could be in a text:
/// `<unused12>`, `[PAD]`.
pub fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    let within = |open, close| text.starts_with(open) && text.ends_with(close) && text.len() > 2;
    within('<', '>') || within('[', ']')
}

/// Whether no text can contain this token: by its type, by its name, or because it is
/// a byte that UTF-8 never has (RFC 3629: C0, C1, F5 to FF).
fn is_never_trained(text: &[u8], kind: Option<TokenType>, is_name: bool) -> bool {
    let byte = match (kind, text) {
        (Some(TokenType::Byte), [b'<', b'0', b'x', hex @ .., b'>']) => {
            std::str::from_utf8(hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
        }
        (None | Some(TokenType::Normal | TokenType::Byte), [byte]) => Some(*byte),
        _ => None,
    };
    match kind {
        Some(TokenType::Unused | TokenType::Control | TokenType::Unknown) => true,
        Some(TokenType::Byte) => byte.is_some_and(|byte| matches!(byte, 0xc0 | 0xc1 | 0xf5..)),
        _ if std::str::from_utf8(text).is_err() => {
            byte.is_some_and(|byte| matches!(byte, 0xc0 | 0xc1 | 0xf5..))
        }
        _ => is_name,
    }
}

const SPACE: u16 = 1;
const SIGN: u16 = 2;
const SYMBOL: u16 = 3;
const DIGIT: u16 = 4;
const FIRST_LETTER: u16 = 8;

/// A class of characters: for letters their block of 128, which tells scripts
/// apart, with the large ones as one.
fn class(c: char) -> u16 {
    let code = u32::from(c);
    if c.is_alphabetic() {
        return match code {
            0..0x250 | 0x1e00..0x1f00 => FIRST_LETTER,
            0x2e80..0x3040 | 0x3100..0xa000 | 0xf900..0xfb00 | 0x2_0000.. => FIRST_LETTER + 1,
            0x3040..0x3100 => FIRST_LETTER + 2,
            0xac00..0xd7b0 => FIRST_LETTER + 3,
            _ => FIRST_LETTER + 4 + (code >> 7) as u16,
        };
    }
    match c {
        _ if c.is_numeric() => DIGIT,
        _ if c.is_whitespace() || c.is_control() => SPACE,
        _ if c.is_ascii() => SIGN,
        _ => SYMBOL,
    }
}

/// A hash of a token's letters without case and space; 0 for fewer than three.
fn word(text: &str) -> u32 {
    let (mut hash, mut n) = (0, 0);
    for c in text.strip_prefix(' ').unwrap_or(text).chars() {
        if !c.is_alphabetic() {
            return 0;
        }
        hash = lower(c).fold(hash, |hash, c| mix(hash ^ u64::from(c)));
        n += 1;
    }
    if n < 3 { 0 } else { (hash >> 32) as u32 | 1 }
}

fn lower(c: char) -> impl Iterator<Item = u32> {
    // ASCII has no table to be looked up in.
    let ascii = c.is_ascii().then(|| c.to_ascii_lowercase());
    let other = (!c.is_ascii()).then(|| c.to_lowercase()).into_iter().flatten();
    ascii.into_iter().chain(other).map(u32::from)
}

/// The features of ordinary text, hashed; none is 0.
fn hashes(text: &str) -> [u32; PER_TOKEN] {
    const LONGEST: usize = 10;
    let hash = |tag: u64, value: u64| (mix(tag << 48 ^ value) >> 32) as u32 | 1;
    let word = text.strip_prefix(' ').unwrap_or(text);
    let spaced = u64::from(word.len() < text.len());
    let mut hashes = [0; PER_TOKEN];

    // From the front, and how many there are.
    let (mut n, mut run) = (0, spaced);
    for c in word.chars() {
        if n < 3 {
            run = lower(c).fold(run, |run, c| mix(run ^ u64::from(c)));
            hashes[6 + n] = hash(10 + n as u64, run);
        }
        n += 1;
        if n > LONGEST {
            break;
        }
    }
    let first = word.chars().next();
    let kind = first.map_or(0, |c| {
        let case = if !c.is_uppercase() {
            0
        } else if n > 1 && word.chars().all(char::is_uppercase) {
            2
        } else {
            1
        };
        let is_plain = u64::from(c.is_ascii());
        u64::from(class(c)) << 8 | case << 2 | is_plain << 1 | u64::from(n == 1) << 4
    });
    hashes[0] = hash(1, kind << 1 | spaced);
    hashes[1] = hash(2, (n.min(LONGEST) as u64) << 1 | spaced);

    // From the back.
    let mut run = 7;
    for (i, c) in word.chars().rev().take(4).enumerate() {
        run = lower(c).fold(run, |run, c| mix(run ^ u64::from(c)));
        hashes[2 + i] = hash(20 + i as u64, run);
    }
    hashes
}
