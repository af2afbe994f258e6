//! The size of a table at each precision: pure arithmetic, no file.

mod preset;

use serde::Serialize;
use thiserror::Error;

use crate::quant::{FORMATS, Format};

pub use preset::{Head, PRESETS, Preset};

/// The size of a table of one shape at every precision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Footprint {
    /// Rows: the size of the vocabulary.
    pub n_vocab: u64,
    /// Columns: the width of the model.
    pub d_model: u64,
    /// `n_vocab * d_model`.
    pub parameters: u64,
    /// Floats first; within each group, the most bits per weight first.
    pub precisions: Vec<Precision>,
}

/// The size of a table at one precision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Precision {
    /// The ggml type.
    #[serde(rename = "type")]
    pub format: &'static str,
    /// Stored bits for each value, including its share of the scales and mins.
    pub bits_per_weight: f64,
    /// The table's size; `None` if the type can't store rows of this width.
    pub bytes: Option<u64>,
    /// The size as a multiple of the same table in F16.
    pub ratio_to_f16: Option<f64>,
    /// Whether the type's block divides `d_model`.
    pub storable: bool,
    /// Values in one block. It must divide `d_model`.
    pub block: usize,
    /// If the type can't store the table: the type that llama-quantize writes
    /// instead where a preset asks for it. `None` if it can, or if llama-quantize
    /// stops with an error.
    pub instead: Option<&'static str>,
}

/// A shape that has no footprint.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ShapeError {
    #[error("a table of {0} x {1} has no values: both numbers must be at least 1")]
    Empty(u64, u64),
    #[error("a table of {0} x {1} takes {2} bytes as F32, more than 64 bits can count")]
    TooLarge(u64, u64, u128),
}

impl Footprint {
    /// Computes the size of a `[n_vocab, d_model]` table.
    ///
    /// # Errors
    /// If the shape is empty, or its F32 size does not fit a `u64`.
    pub fn new(n_vocab: u64, d_model: u64) -> Result<Self, ShapeError> {
        if n_vocab == 0 || d_model == 0 {
            return Err(ShapeError::Empty(n_vocab, d_model));
        }
        let parameters = u128::from(n_vocab) * u128::from(d_model);
        // F32 is the widest type, so if F32 fits, every type fits. A product of
        // two 64-bit numbers times four can overflow even a `u128`.
        let widest = parameters.saturating_mul(4);
        if widest > u64::MAX.into() {
            return Err(ShapeError::TooLarge(n_vocab, d_model, widest));
        }
        let parameters = n_vocab * d_model;
        let f16 = 2 * parameters;
        let precisions = precisions()
            .into_iter()
            .map(|format| {
                let bytes = format.row_bytes(d_model).map(|row| n_vocab * row);
                Precision {
                    format: format.name,
                    bits_per_weight: format.bits_per_weight(),
                    bytes,
                    ratio_to_f16: bytes.map(|bytes| bytes as f64 / f16 as f64),
                    storable: bytes.is_some(),
                    block: format.block_len,
                    instead: if bytes.is_some() {
                        None
                    } else {
                        preset::instead(format.name, d_model)
                    },
                }
            })
            .collect();
        Ok(Self { n_vocab, d_model, parameters, precisions })
    }
}

/// The 28 types that models are stored in: floats first, then by bits per weight.
fn precisions() -> Vec<&'static Format> {
    let mut formats: Vec<_> =
        FORMATS.iter().filter(|format| !format.is_integer() && format.name != "F64").collect();
    formats.sort_by(|a, b| {
        b.is_float()
            .cmp(&a.is_float())
            .then(b.bits_per_weight().total_cmp(&a.bits_per_weight()))
            .then(a.id.cmp(&b.id))
    });
    formats
}

/// The shape of a well-known model's table.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The model's name, as `--like` takes it.
    pub name: &'static str,
    pub n_vocab: u64,
    pub d_model: u64,
    /// Where its output head is.
    pub head: Head,
}

/// Well-known tables, for `--like`.
///
/// Source of each: `vocab_size`, `hidden_size` (`n_embd` for GPT-2) and
/// `tie_word_embeddings` (if absent, the architecture's default) in the `config.json`
/// of the repository named beside it on the Hugging Face hub.
pub const KNOWN: &[Known] = &[
    known("gpt2", 50257, 768, Head::Tied), // openai-community/gpt2
    known("gpt2-xl", 50257, 1600, Head::Tied), // openai-community/gpt2-xl
    known("bert-base", 30522, 768, Head::None), // google-bert/bert-base-uncased
    known("llama2-7b", 32000, 4096, Head::Separate), // meta-llama/Llama-2-7b-hf
    known("llama3-8b", 128_256, 4096, Head::Separate), // meta-llama/Meta-Llama-3-8B
    known("llama3-70b", 128_256, 8192, Head::Separate), // meta-llama/Meta-Llama-3-70B
    known("mistral-7b", 32000, 4096, Head::Separate), // mistralai/Mistral-7B-v0.1
    known("gemma3-270m", 262_144, 640, Head::Tied), // google/gemma-3-270m
    known("gemma3-1b", 262_144, 1152, Head::Tied), // google/gemma-3-1b-pt
    known("qwen3-0.6b", 151_936, 1024, Head::Tied), // Qwen/Qwen3-0.6B
    known("qwen2.5-7b", 152_064, 3584, Head::Separate), // Qwen/Qwen2.5-7B
    known("phi3-mini", 32064, 3072, Head::Separate), // microsoft/Phi-3-mini-4k-instruct
    known("gpt-oss-20b", 201_088, 2880, Head::Separate), // openai/gpt-oss-20b
];

const fn known(name: &'static str, n_vocab: u64, d_model: u64, head: Head) -> Known {
    Known { name, n_vocab, d_model, head }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(footprint: &Footprint, name: &str) -> Option<u64> {
        footprint.precisions.iter().find(|p| p.format == name).expect("a known type").bytes
    }

    #[test]
    fn the_readme_shape() {
        let footprint = Footprint::new(128_000, 4096).unwrap();
        assert_eq!(footprint.parameters, 524_288_000);
        assert_eq!(bytes(&footprint, "F16"), Some(1_048_576_000));
        assert_eq!(bytes(&footprint, "Q8_0"), Some(557_056_000));
        assert_eq!(footprint.precisions.len(), 28);
        let order: Vec<_> = footprint.precisions.iter().map(|p| p.format).take(4).collect();
        assert_eq!(order, ["F32", "F16", "BF16", "Q8_0"]);
    }

    #[test]
    fn a_type_whose_block_does_not_divide_the_row_is_not_storable() {
        let gemma = Footprint::new(262_144, 640).unwrap();
        let q4_k = gemma.precisions.iter().find(|p| p.format == "Q4_K").unwrap();
        assert_eq!((q4_k.bytes, q4_k.storable, q4_k.instead), (None, false, Some("Q5_0")));
        let odd = Footprint::new(32_000, 100).unwrap();
        let q4_k = odd.precisions.iter().find(|p| p.format == "Q4_K").unwrap();
        assert_eq!(q4_k.instead, Some("F16"));
    }

    #[test]
    fn shapes_beyond_64_bits_are_refused() {
        assert!(Footprint::new(u64::MAX, 1).is_err());
        assert!(Footprint::new(u64::MAX, u64::MAX).is_err());
        assert!(Footprint::new(u64::MAX / 4, 1).is_ok());
        assert!(Footprint::new(0, 5).is_err());
    }

    #[test]
    fn every_known_table_has_a_footprint() {
        for known in KNOWN {
            Footprint::new(known.n_vocab, known.d_model).unwrap();
        }
    }
}
