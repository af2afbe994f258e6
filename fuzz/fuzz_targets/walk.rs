//! Walks the header. Everything that the walk accepts must be readable afterwards.
#![no_main]

use embcli::gguf::Gguf;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(gguf) = Gguf::new(Box::new(bytes.to_vec())) else { return };
    assert!(gguf.header_len() <= gguf.file_len());
    for entry in gguf.entries() {
        let entry = entry.expect("the walk accepted it");
        assert!(entry.span.end <= gguf.header_len());
        // The decoder may refuse text that is not UTF-8 and invalid booleans.
        let _ = gguf.decode(&entry);
        if let Ok(key) = std::str::from_utf8(&entry.key) {
            let _ = (gguf.text(key), gguf.integer(key));
        }
    }
    for tensor in gguf.tensors() {
        let tensor = tensor.expect("the walk accepted it");
        let _ = (tensor.n_values(), tensor.matrix());
    }
});
