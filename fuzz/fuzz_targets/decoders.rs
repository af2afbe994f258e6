//! Decodes blocks of every ggml type. No bits are invalid.
#![no_main]

use embcli::quant::FORMATS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_first() else { return };
    let format = &FORMATS[usize::from(choice) % FORMATS.len()];
    let blocks = bytes.len() / format.block_bytes;
    let mut values = vec![0.0; blocks * format.block_len];
    format.decode(&bytes[..blocks * format.block_bytes], &mut values);
});
