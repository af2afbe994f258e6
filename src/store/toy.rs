//! The built-in tables, so that every example runs without a file.

use crate::gguf::Gguf;
use crate::model::{Error, Model};

/// A made-up table, small enough to see whole. To open a file of this name, write
/// `./toy`.
pub const TOY: &str = "toy";

/// Common words with real rows, in fewer dimensions.
pub const WORDS: &str = "words";

/// Each built-in table and its bytes; `fixtures/README.md` describes them.
static TABLES: [(&str, &[u8]); 2] =
    [(TOY, include_bytes!("../../fixtures/toy.gguf")), (WORDS, WORDS_BYTES)];

static WORDS_BYTES: &[u8] = include_bytes!("../../fixtures/words.gguf");

/// The names of the built-in tables.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|(name, _)| *name)
}

/// The built-in table of this name.
pub fn named(name: &str) -> Option<&'static str> {
    names().find(|own| *own == name)
}

/// Opens a built-in table from the program's own memory.
pub fn open(name: &str) -> Result<Model, Error> {
    let bytes = TABLES.iter().find(|(own, _)| *own == name).map_or(&[][..], |(_, bytes)| bytes);
    Ok(Model::from(Gguf::new(Box::new(bytes))?))
}

/// Opens [`WORDS`]. A program that opens no other built-in table does not contain it.
pub fn words() -> Result<Model, Error> {
    Ok(Model::from(Gguf::new(Box::new(WORDS_BYTES))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_the_fixtures() {
        for (name, shape) in [(TOY, [4, 8192]), (WORDS, [64, 4023])] {
            let table = open(name).unwrap().tensor("token_embd.weight").unwrap().unwrap();
            assert_eq!(table.matrix(), Some(shape));
        }
        assert_eq!((named("words"), named("word")), (Some(WORDS), None));
    }
}
