//! The built-in table, so that every example runs without a file.

use crate::gguf::Gguf;
use crate::model::{Error, Model};

/// Its name. To open a file called `toy`, write `./toy`.
pub const TOY: &str = "toy";

/// `fixtures/toy.gguf`; `fixtures/README.md` describes it.
static BYTES: &[u8] = include_bytes!("../../fixtures/toy.gguf");

/// Opens the toy table from the program's own memory.
pub fn open() -> Result<Model, Error> {
    Ok(Model::from(Gguf::new(Box::new(BYTES))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toy_is_the_fixture() {
        let table = open().unwrap().tensor("token_embd.weight").unwrap().unwrap();
        assert_eq!(table.matrix(), Some([4, 8192]));
    }
}
