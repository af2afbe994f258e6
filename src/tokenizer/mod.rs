//! Encodes text to token IDs, exactly as llama.cpp does.
//!
//! A model works only with the IDs that it was trained on, so "nearly right" is
//! wrong. The reference is llama.cpp's behaviour, including its quirks: the tests
//! compare with its published cases, and with IDs that it produced.
//!
//! ```text
//! text -> partition: special tokens | the text between them
//!   -> a family encodes each text between: IDs
//!   -> BOS before and EOS after, if the model wants them
//! ```
//!
//! | tokenizer | family | file |
//! |---|---|---|
//! | `llama` | SentencePiece: merge by score | `spm` |
//! | `gpt2`, `gemma4` | byte pairs: cut into words, merge by rank | `pre`, `words`, `bpe` |
//! | `hybriddna` | the same, and DNA six letters at a time | `dna` |
//! | `whitespace` | the same, without white space | `white` |
//! | `bert` | WordPiece: the longest pieces of words, from the left | `wordpiece` |
//! | `t5` | unigram: the likeliest pieces of all | `unigram`, `charsmap` |
//! | `rwkv` | the longest token from the left | `rwkv` |
//! | `plamo2` | the likeliest pieces, else bytes | `plamo2` |
//! | a checkpoint's | what its `tokenizer.json` says | `hub` |
//!
//! A long text is encoded in pieces, by several threads, where the family knows places that
//! nothing crosses (`joins`), and the IDs of its words are remembered (`memo`). Both change
//! no ID.
//!
//! `decode` does the reverse, and finds the bytes that a tokenizer drops.
//!
//! # To add a family
//! A family is a type that implements [`Family`], in a file of its own, made by
//! [`Tokenizer::open`] from the model, the [`TokenIndex`] and the [`Settings`]. It
//! sees neither special tokens nor the rest of the text. When it is made, token
//! types are those in the file; when it encodes, `special::retype` has corrected
//! the wrong ones.

mod audit;
mod bpe;
mod charsmap;
mod decode;
mod dna;
mod error;
#[cfg(feature = "tokenizers")]
mod hub;
mod joins;
mod memo;
mod merges;
mod partition;
mod plamo2;
mod pre;
mod prefixes;
mod rwkv;
mod settings;
mod special;
mod spm;
mod strings;
mod symbols;
mod token_index;
mod unicode;
mod unigram;
mod utf8;
mod white;
mod wordpiece;
mod words;

use std::fmt;
use std::ops::Range;

pub use audit::{Counts, Fault, FaultKind, Glance, audit, glance};
pub use error::Error;

type Result<T, E = Error> = std::result::Result<T, E>;

use crate::model::{self, Fact, Model, TokenId};
use crate::text::{clip, visible};
use crate::threads::{self, Pieces};
use bpe::Bpe;
use memo::Memo;
use merges::Merges;
use partition::{Part, Partition};
use pre::Pre;
use settings::{Frame, Kind, Settings};
use symbols::Symbols;
use token_index::TokenIndex;
pub use token_index::byte_of;

/// Encodes text to the token IDs of a model.
pub struct Tokenizer {
    vocabulary: TokenIndex,
    settings: Settings,
    partition: Partition,
    family: Box<dyn Family + Send + Sync>,
    spelling: decode::Spelling,
    /// Whether bytes that no token spells are dropped.
    drops_bytes: bool,
    notes: Vec<String>,
}

/// The token IDs of a text, and what happened to the text on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The token IDs.
    pub ids: Vec<TokenId>,
    /// The positions of the bytes that no token spells. They are dropped.
    pub dropped: Vec<usize>,
    /// Whether a space was put in front of the text, or after a special token in it.
    pub adds_space: bool,
}

/// The same as a [`Trace`] within this crate.
#[derive(Default)]
pub(crate) struct Read {
    pub ids: Vec<u32>,
    pub dropped: Vec<usize>,
    pub adds_space: bool,
}

/// How to encode a text; the defaults are those of llama.cpp's `llama-tokenize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Add the tokens that the model wants around a text: BOS, EOS, `[CLS]`,
    /// `[SEP]`.
    pub add_special: bool,
    /// Find special tokens in the text instead of reading them as plain text.
    /// User-defined tokens are always found.
    pub parse_special: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { add_special: true, parse_special: true }
    }
}

/// The longest text that is encoded, in bytes: half a gigabyte. Some families count
/// with 32 bits and make a text up to six times as long: a byte that is not UTF-8
/// becomes three bytes, and each of those becomes two in GPT-2's alphabet.
const MAX_TEXT: usize = 1 << 29;

/// A thread encodes at least so many bytes at a time.
const PIECE: usize = 1 << 16;

/// So many places are tried for the end of a piece. Each costs a search for special tokens
/// before it.
const MOST_TRIES: u32 = 32;

trait Family {
    /// Appends the IDs of a text to `ids`. An error if the vocabulary can't spell it
    /// (llama.cpp aborts then).
    fn encode(
        &self,
        vocabulary: &TokenIndex,
        text: Fragment,
        work: &mut Work,
        ids: &mut Vec<u32>,
    ) -> Result<()>;

    /// The IDs of a whole text, if the family finds special tokens itself.
    fn whole(&self, _text: &[u8], _: Options) -> Option<Result<Vec<u32>>> {
        None
    }

    /// The first place from `from` on where a text can be cut: its two sides, encoded
    /// separately, have the IDs of the whole. `None` if no place is known.
    fn next_cut(&self, _: &TokenIndex, _text: &[u8], _from: usize) -> Option<usize> {
        None
    }

    /// Whether some text has the token with this stored text. `None` where only
    /// encoding shows it.
    fn reaches(&self, _stored: &[u8]) -> Option<bool> {
        None
    }

    #[cfg(test)]
    fn ids(&self, vocabulary: &TokenIndex, bytes: &[u8]) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        self.encode(vocabulary, Fragment { bytes, leads: true }, &mut Work::of(bytes), &mut ids)?;
        Ok(ids)
    }
}

/// A stretch of text between special tokens; never empty.
#[derive(Clone, Copy, Debug)]
struct Fragment<'t> {
    /// They need not be UTF-8.
    bytes: &'t [u8],
    /// Whether it begins the text or follows a special token.
    leads: bool,
}

/// What the encoding of a text keeps from one part of it to the next.
#[derive(Default)]
struct Work {
    is_long: bool,
    memo: Memo,
    symbols: Symbols,
    spelt: Vec<u8>,
}

/// A text of so many bytes is long. Only then it is worth a moment to get ready for it.
const LONG: usize = 1 << 12;

impl Work {
    fn of(text: &[u8]) -> Self {
        match text.len() >= LONG {
            true => Self { is_long: true, memo: Memo::used(), ..Self::default() },
            false => Self::default(),
        }
    }
}

/// A name from the file, quoted for a message.
fn quoted(name: &str) -> String {
    format!("\"{}\"", clip(&visible(name), 40))
}

/// A text with `▁` for each space.
fn escape_spaces(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b' ' => escaped.extend_from_slice("▁".as_bytes()),
            _ => escaped.push(byte),
        }
    }
    escaped
}

impl Tokenizer {
    /// The tokenizer that a model describes.
    ///
    /// # Errors
    /// If the model has no usable tokenizer ([`Error::Unusable`] says why: no
    /// vocabulary, an unknown kind, missing parts), or the header can't be read.
    pub fn open(model: &Model) -> Result<Self, Error> {
        let Some(name) = model.text(Fact::Tokenizer)? else {
            let key = model.key(Fact::Tokenizer);
            return Err(Error::Unusable(format!("the file has no tokenizer (no {key})")));
        };
        let Some(kind) = Kind::of_model(&name) else {
            #[cfg(feature = "tokenizers")]
            if let Some(json) = model.tokenizer_json()? {
                return Self::of_json(model, &json);
            }
            return Err(Error::Unusable(match name.as_str() {
                "none" | "no_vocab" => "the file says that it has no tokenizer".to_owned(),
                #[cfg(not(feature = "tokenizers"))]
                "BPE" | "Unigram" | "WordLevel" => format!(
                    "its tokenizer is of a kind that this build does not run: {name} (give token \
                     IDs, or install embcli with --features tokenizers for a tokenizer.json)"
                ),
                _ => format!(
                    "its tokenizer is of a kind that embcli does not run: {} (give token IDs)",
                    quoted(&name)
                ),
            }));
        };
        let mut notes = Vec::new();
        let mut vocabulary = TokenIndex::read(model, &mut notes)?;
        let pre = match (kind, name.as_str()) {
            (Kind::Bpe, "gemma4") => Pre::gemma(),
            (Kind::Bpe, _) => {
                let (pre, note) = Pre::named(model.text(Fact::PreTokenizer)?.as_deref());
                notes.extend(note);
                pre
            }
            _ => Pre::NONE,
        };
        let settings = Settings::read(model, kind, &pre, vocabulary.len())?;
        let family: Box<dyn Family + Send + Sync> = match kind {
            Kind::Spm => Box::new(spm::Spm::new(&settings)),
            Kind::Bpe => {
                let bpe = Bpe::new(pre, Merges::of(model, &pre)?);
                match name.as_str() {
                    "hybriddna" => Box::new(dna::Dna::new(bpe, &vocabulary)),
                    "whitespace" => Box::new(white::White::new(bpe, &settings)),
                    _ => Box::new(bpe),
                }
            }
            Kind::WordPiece => Box::new(wordpiece::WordPiece::new(&vocabulary, &settings)),
            Kind::Unigram => Box::new(unigram::Unigram::of(model, &vocabulary, &settings)?),
            Kind::Rwkv => Box::new(rwkv::Rwkv::new(&vocabulary, &settings)),
            Kind::Plamo2 => Box::new(plamo2::Plamo2::new(&vocabulary).map_err(Error::Unusable)?),
        };
        special::retype(&mut vocabulary, model, &settings)?;
        let partition = Partition::new(&vocabulary);
        let spelling = decode::Spelling::of(kind, &name, &pre);
        let drops_bytes = matches!(name.as_str(), "gpt2" | "gemma4");
        Ok(Self { vocabulary, settings, partition, family, spelling, drops_bytes, notes })
    }

    #[cfg(feature = "tokenizers")]
    fn of_json(model: &Model, json: &[u8]) -> Result<Self, Error> {
        let mut notes = Vec::new();
        let vocabulary = TokenIndex::read(model, &mut notes)?;
        let hub = hub::Hub::new(json)?;
        let [front, behind] = hub.frame()?;
        let id = |frame: Option<Frame>| frame?.1;
        let settings = Settings {
            bos: id(front),
            eos: id(behind),
            add_bos: front.is_some(),
            add_eos: behind.is_some(),
            // Whatever the family: BOS and EOS go around a text if they are added.
            ..Settings::defaults(Kind::Bpe)
        };
        Ok(Self {
            partition: Partition::new(&vocabulary),
            vocabulary,
            settings,
            family: Box::new(hub),
            spelling: decode::Spelling::of_texts(model.tokens()?.spelling),
            drops_bytes: false,
            notes,
        })
    }

    /// Notes about the IDs, such as an unknown pre-tokenizer.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The tokens that [`Options::add_special`] adds before and after a text.
    pub fn around(&self) -> (Option<TokenId>, Option<TokenId>) {
        let (front, behind) = self.settings.frame();
        let id = |frame: Option<Frame>| frame?.1.map(TokenId::from);
        (id(front), id(behind))
    }

    /// The token IDs of a text.
    ///
    /// Bytes that are not UTF-8 are encoded as in llama.cpp: each family has its
    /// own way.
    ///
    /// # Errors
    /// If the vocabulary lacks what the text needs: a byte without a token, or a
    /// BOS that the file does not name ([`Error::NothingAround`]).
    pub fn encode(&self, text: &[u8], options: Options) -> Result<Vec<TokenId>, Error> {
        Ok(self.trace(text, options)?.ids)
    }

    /// The token IDs of a text, and what happened to the text on the way.
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn trace(&self, text: &[u8], options: Options) -> Result<Trace, Error> {
        let Read { ids, dropped, adds_space } = self.read(text, options)?;
        let ids = ids.into_iter().map(TokenId::from).collect();
        Ok(Trace { ids, dropped, adds_space })
    }

    /// The same, with IDs of half the size.
    pub(crate) fn read(&self, text: &[u8], options: Options) -> Result<Read, Error> {
        if text.len() >= MAX_TEXT {
            return Err(Error::TooLong);
        }
        if let Some(ids) = self.family.whole(text, options) {
            return Ok(Read { ids: ids?, ..Read::default() });
        }
        let mut all = Read::default();
        let frame = options.add_special.then(|| self.settings.frame());
        if let Some((first, _)) = frame {
            all.ids.extend(first.map(named).transpose()?);
        }
        let pieces = self.pieces(text, options.parse_special);
        if pieces.len() == 1 {
            self.split(text, options.parse_special, true, &mut all)?;
        } else {
            self.read_pieces(text, options, &pieces, &mut all)?;
        }
        if let Some((_, last)) = frame {
            all.ids.extend(last.map(named).transpose()?);
        }
        Ok(all)
    }

    /// Encodes the pieces of a text on several threads, and joins the results in order.
    fn read_pieces(
        &self,
        text: &[u8],
        options: Options,
        pieces: &[Range<usize>],
        all: &mut Read,
    ) -> Result<(), Error> {
        let numbers = Pieces::new(pieces.len() as u64, 1);
        let read = |numbers: Range<u64>| {
            let nth = numbers.start as usize;
            let mut read = Read::default();
            // Where a text is cut, the part before is no special token.
            let leads = nth == 0;
            self.split(&text[pieces[nth].clone()], options.parse_special, leads, &mut read)?;
            let start = pieces[nth].start;
            read.dropped.iter_mut().for_each(|at| *at += start);
            Ok(read)
        };
        threads::to_caller(&numbers, threads::available(), read, |read| {
            all.ids.extend(read.ids);
            all.dropped.extend(read.dropped);
            all.adds_space |= read.adds_space;
            Ok(())
        })
    }

    /// Cuts a text into pieces that can be encoded separately; one if it is short.
    fn pieces(&self, text: &[u8], parse_special: bool) -> Vec<Range<usize>> {
        let (mut pieces, mut start) = (Vec::new(), 0);
        let (mut from, mut tries) = (PIECE, 0);
        while from < text.len()
            && let Some(at) = self.family.next_cut(&self.vocabulary, text, from)
        {
            (from, tries) = (at + 1, tries + 1);
            if self.partition.is_apart(text, at, parse_special) {
                pieces.push(start..at);
                (start, from, tries) = (at, at + PIECE, 0);
            } else if tries == MOST_TRIES {
                (from, tries) = (at + PIECE, 0);
            }
        }
        pieces.push(start..text.len());
        pieces
    }

    /// The token IDs of a text that continues another one: without the space that
    /// some families put in front of a text.
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn encode_within(&self, text: &[u8]) -> Result<Vec<TokenId>, Error> {
        let within = Options { add_special: false, ..Options::default() };
        let mut read = Read::default();
        match self.family.whole(text, within) {
            Some(ids) => read.ids = ids?,
            None => self.split(text, true, false, &mut read)?,
        }
        Ok(read.ids.into_iter().map(TokenId::from).collect())
    }

    /// Whether some text gives a token, for all that is known: its own text within
    /// another one, before a space, a letter or a digit. `text` is what the token
    /// stands for.
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn reaches(&self, id: TokenId, text: &str) -> Result<bool, Error> {
        let Ok(place) = u32::try_from(id) else { return Ok(true) };
        if let Some(reaches) = self.family.reaches(self.vocabulary.text(place)) {
            return Ok(reaches);
        }
        let mut with_more = text.to_owned();
        for more in ["", " ", "a", "1"] {
            with_more.truncate(text.len());
            with_more.push_str(more);
            if self.encode_within(with_more.as_bytes())?.first() == Some(&id) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn split(
        &self,
        text: &[u8],
        parse_special: bool,
        mut leads: bool,
        read: &mut Read,
    ) -> Result<(), Error> {
        let mut work = Work::of(text);
        for part in self.partition.split(&self.vocabulary, text, parse_special) {
            match part {
                Part::Token(id) => read.ids.push(id),
                Part::Text(bytes) => {
                    let n = read.ids.len();
                    let part = Fragment { bytes, leads };
                    self.family.encode(&self.vocabulary, part, &mut work, &mut read.ids)?;
                    read.adds_space |= leads && self.adds_space();
                    let start = bytes.as_ptr().addr() - text.as_ptr().addr();
                    let dropped = self.dropped(bytes, &read.ids[n..]);
                    read.dropped.extend(dropped.into_iter().map(|at| start + at));
                }
            }
            leads = matches!(part, Part::Token(_));
        }
        Ok(())
    }
}

/// The tokens that go before and after a text: the name of the role, and the ID if
/// the model gives one. `None` if the tokenizer's kind is not known. Reads no tokens.
///
/// # Errors
/// If the header can't be read.
pub fn around(model: &Model) -> Result<Option<[Option<Added>; 2]>, model::Error> {
    let Some(name) = model.text(Fact::Tokenizer)? else { return Ok(None) };
    let Some(kind) = Kind::of_model(&name) else { return Ok(None) };
    let pre = match (kind, name.as_str()) {
        (Kind::Bpe, "gemma4") => Pre::gemma(),
        (Kind::Bpe, _) => Pre::named(model.text(Fact::PreTokenizer)?.as_deref()).0,
        _ => Pre::NONE,
    };
    let n = usize::try_from(model.tokens()?.texts.len()).unwrap_or(usize::MAX);
    let (front, behind) = Settings::read(model, kind, &pre, n)?.frame();
    Ok(Some([front, behind].map(|frame| {
        let (role, id) = frame?;
        Some(Added { role, id: id.map(TokenId::from) })
    })))
}

/// A token that goes around a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// `BOS`, `EOS` or `SEP`.
    pub role: &'static str,
    /// Its ID; `None` if the model names none.
    pub id: Option<TokenId>,
}

/// Turns an unfit list into an unusable tokenizer.
fn unfit(error: model::Error) -> Error {
    match error {
        model::Error::Unfit(message) => Error::Unusable(message),
        error => error.into(),
    }
}

fn named((name, id): Frame) -> Result<u32> {
    id.ok_or(Error::NothingAround { name })
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("tokens", &self.vocabulary.len())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
