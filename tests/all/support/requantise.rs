//! Values as other types store them, by the library's quantisers, which are held to
//! ggml's bytes.

use embcli::quant::Format;

/// Encodes `values` as the ggml type with this name. The values must be whole
/// blocks.
pub fn encode(format: &str, values: &[f32]) -> Vec<u8> {
    let format = Format::from_name(format).expect("a type of ggml");
    let quantiser = format.quantiser().expect("a type with a quantiser");
    let mut out = vec![0; values.len() / format.block_len * format.block_bytes];
    quantiser.quantise(values, &mut out);
    out
}
