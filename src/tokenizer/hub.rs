//! The tokenizer of a checkpoint as the `tokenizers` crate runs it, from `tokenizer.json`.
//!
//! It is the program that the model was trained with, so what it says is right by
//! definition. It cuts special tokens and adds those around a text by itself.

use tokenizers::Tokenizer;

use super::{Error, Family, Fragment, Frame, Options, Result, TokenIndex, Work};

pub(super) struct Hub(Box<Tokenizer>);

impl Hub {
    /// The tokenizer of a `tokenizer.json`.
    pub fn new(json: &[u8]) -> Result<Self> {
        let wrong = |error| Error::Unusable(format!("tokenizer.json: {error}"));
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(wrong)?;
        // Some files cut a text short, and fill it up to the length of others.
        tokenizer.with_truncation(None).map_err(wrong)?.with_padding(None);
        Ok(Self(Box::new(tokenizer)))
    }

    /// The tokens around every text, where there is one in front or one behind.
    pub fn frame(&self) -> Result<[Option<Frame>; 2]> {
        let text = "a";
        let within = self.ids(text, Options { add_special: false, ..Options::default() })?;
        let whole = self.ids(text, Options::default())?;
        let start = whole.windows(within.len().max(1)).position(|ids| ids == within);
        let Some(start) = start else { return Ok([None; 2]) };
        let sides = [&whole[..start], &whole[start + within.len()..]];
        let named = ["BOS", "EOS"];
        Ok([0, 1].map(|i| (sides[i].len() == 1).then(|| (named[i], Some(sides[i][0])))))
    }

    fn ids(&self, text: &str, options: Options) -> Result<Vec<u32>> {
        let encode = |tokenizer: &Tokenizer| {
            let encoding = tokenizer.encode_fast(text, options.add_special);
            let encoding = encoding.map_err(|error| Error::Unspellable(error.to_string()))?;
            Ok(encoding.get_ids().to_vec())
        };
        if options.parse_special {
            return encode(&self.0);
        }
        let mut plain = self.0.clone();
        plain.set_encode_special_tokens(true);
        encode(&plain)
    }
}

impl Family for Hub {
    fn encode(
        &self,
        _: &TokenIndex,
        text: Fragment,
        _: &mut Work,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let options = Options { add_special: false, ..Options::default() };
        ids.extend(self.whole(text.bytes, options).transpose()?.unwrap_or_default());
        Ok(())
    }

    fn whole(&self, text: &[u8], options: Options) -> Option<Result<Vec<u32>>> {
        Some(match std::str::from_utf8(text) {
            Ok(text) => self.ids(text, options),
            Err(error) => Err(Error::Unspellable(format!(
                "this tokenizer reads UTF-8 alone, and the byte at {} is none",
                error.valid_up_to()
            ))),
        })
    }
}
