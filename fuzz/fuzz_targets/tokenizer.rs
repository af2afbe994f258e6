//! Opens the tokenizer of a file. It must encode each text or return an error.
#![no_main]

use embcli::gguf::Gguf;
use embcli::tokenizer::{Options, Tokenizer};
use libfuzzer_sys::fuzz_target;

/// Words, numbers, white space, special tokens, other scripts, and invalid UTF-8.
const TEXTS: [&[u8]; 6] = [
    b"",
    b"The cat  sat at 10:45;\r\n\n\tisn't it?",
    b"<s>a</s> <|end|> <mask> [MASK]<|im_end|>x",
    "naïve 猫かな 👩‍👩‍👧 e\u{301}\u{a0}\u{fdfa}\u{e000}".as_bytes(),
    b"<dna>ACGTACGG</dna><0x0A>",
    b"a\xff\xe7\x8c\0\xed\xa0\x80\xf7\xbf\xbf\xbf",
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(gguf) = Gguf::new(Box::new(bytes.to_vec())) else { return };
    let Ok(tokenizer) = Tokenizer::open(&gguf.into()) else { return };
    for text in TEXTS {
        for (add_special, parse_special) in [(true, true), (false, false)] {
            // An error is fine: a vocabulary need not cover every text.
            let _ = tokenizer.encode(text, Options { add_special, parse_special });
        }
    }
});
