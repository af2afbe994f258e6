//! The vocabulary of `tokenizer.model`, SentencePiece's own file.
//!
//! It is a protocol buffer (`sentencepiece_model.proto`): field 1 of the file, again and
//! again, is a piece, and of a piece field 1 is its text and field 3 its type. The types
//! have the numbers of [`TokenType`].

use std::collections::HashMap;

use super::tokens::{self, Vocabulary};
use crate::model::{Error, Spelling, TokenType};

pub(super) fn read(bytes: &[u8]) -> Result<Vocabulary, Error> {
    let unfit = || Error::NoVocabulary("tokenizer.model is no file of SentencePiece".to_owned());
    let mut pieces = HashMap::new();
    for field in Fields(bytes) {
        let (1, Field::Bytes(piece)) = field.ok_or_else(unfit)? else { continue };
        let (mut text, mut kind) = (None, TokenType::Normal);
        for field in Fields(piece) {
            match field.ok_or_else(unfit)? {
                (1, Field::Bytes(bytes)) => text = Some(String::from_utf8_lossy(bytes)),
                (3, Field::Number(id)) => {
                    kind = TokenType::from_id(id.cast_signed()).ok_or_else(unfit)?;
                }
                _ => {}
            }
        }
        let text = text.ok_or_else(unfit)?.into_owned();
        pieces.insert(pieces.len() as u64, (text, kind));
    }
    match pieces.len() {
        0 => Err(unfit()),
        _ => tokens::list(pieces, Spelling::Underscores, "tokenizer.model"),
    }
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, with their numbers; `None` in place of one that is broken.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Field<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| {
            let field = self.field();
            if field.is_none() {
                self.0 = &[];
            }
            field
        })
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Field<'a>)> {
        let key = self.number()?;
        let field = match key & 7 {
            0 => Field::Number(self.number()?),
            1 => Field::Bytes(self.take(8)?),
            2 => {
                let len = self.number()?;
                Field::Bytes(self.take(usize::try_from(len).ok()?)?)
            }
            5 => Field::Bytes(self.take(4)?),
            _ => return None,
        };
        Some((key >> 3, field))
    }

    /// A number in groups of seven bits, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = *self.take(1)? else { return None };
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str, kind: u8) -> Vec<u8> {
        let mut piece = vec![0x0a, text.len() as u8];
        piece.extend(text.bytes());
        piece.extend([0x15, 0, 0, 0x80, 0x3f, 0x18, kind]);
        [&[0x0a, piece.len() as u8][..], &piece].concat()
    }

    #[test]
    fn pieces_and_their_types() {
        let mut file = [piece("<unk>", 2), piece("\u{2581}cat", 1), piece("<0x0A>", 6)].concat();
        // Another field of the file.
        file.extend([0x12, 2, 8, 1]);
        let Vocabulary { list, .. } = read(&file).unwrap();
        assert_eq!(list.texts.get(1).unwrap().unwrap(), "\u{2581}cat".as_bytes());
        let types = list.types.unwrap();
        let kind = |id| types.get(id).unwrap().unwrap().integer();
        assert_eq!([0, 1, 2].map(kind), [Some(2), Some(1), Some(6)]);
        // Nothing that is cut or mad is read.
        for end in 0..file.len() {
            let _ = read(&file[..end]);
        }
        for wrong in [&[0x0a, 0xff][..], &[0xff; 12], &[0x0a, 0], b"hello", &[]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
