//! Reads the tokens of a file. Every ID below the count must have a token.
#![no_main]

use embcli::gguf::Gguf;
use embcli::vocab::Vocab;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(gguf) = Gguf::new(Box::new(bytes.to_vec())) else { return };
    let Ok(vocab) = Vocab::open(&gguf.into()) else { return };
    for id in (0..vocab.len().min(1000)).chain(vocab.len().checked_sub(1)) {
        // A token longer than the limit is an error.
        if let Ok(token) = vocab.token(id) {
            assert!(token.is_some());
        }
        vocab.token_type(id).expect("token types are integers");
    }
    for id in [vocab.len(), u64::MAX] {
        assert!(vocab.token(id).expect("no error past the end").is_none());
    }
});
