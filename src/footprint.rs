//! The size of a table at each precision: pure arithmetic, no file.

use serde::Serialize;
use thiserror::Error;

use crate::quant::{FORMATS, Format};

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
    /// instead. `None` if it can, or if llama-quantize stops with an error.
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
                    instead: if bytes.is_some() { None } else { instead(format, d_model) },
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

/// The type that llama-quantize writes when a type's block does not divide the row.
///
/// Source: `tensor_type_fallback` in llama.cpp's `src/llama-quant.cpp`. A type
/// that is not listed there stops llama-quantize with an error.
fn instead(format: &Format, d_model: u64) -> Option<&'static str> {
    let fallback = match format.name {
        "IQ1_S" | "IQ1_M" | "IQ2_XXS" | "IQ2_XS" | "IQ2_S" | "IQ3_XXS" | "IQ3_S" | "IQ4_XS" => {
            "IQ4_NL"
        }
        "Q2_0" | "Q2_K" | "Q3_K" | "TQ1_0" | "TQ2_0" => "Q4_0",
        "Q4_K" => "Q5_0",
        "Q5_K" => "Q5_1",
        "Q6_K" => "Q8_0",
        _ => return None,
    };
    let fits = Format::from_name(fallback)?.row_bytes(d_model).is_some();
    Some(if fits { fallback } else { "F16" })
}

/// The shape of a well-known model's table.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The model's name, as `--like` takes it.
    pub name: &'static str,
    pub n_vocab: u64,
    pub d_model: u64,
}

/// Well-known tables, for `--like`.
///
/// Source of each: `vocab_size` and `hidden_size` (`n_embd` for GPT-2) in the
/// `config.json` of the repository named beside it on the Hugging Face hub.
pub const KNOWN: &[Known] = &[
    Known { name: "gpt2", n_vocab: 50257, d_model: 768 }, // openai-community/gpt2
    Known { name: "gpt2-xl", n_vocab: 50257, d_model: 1600 }, // openai-community/gpt2-xl
    Known { name: "bert-base", n_vocab: 30522, d_model: 768 }, // google-bert/bert-base-uncased
    Known { name: "llama2-7b", n_vocab: 32000, d_model: 4096 }, // meta-llama/Llama-2-7b-hf
    Known { name: "llama3-8b", n_vocab: 128_256, d_model: 4096 }, // meta-llama/Meta-Llama-3-8B
    Known { name: "llama3-70b", n_vocab: 128_256, d_model: 8192 }, // meta-llama/Meta-Llama-3-70B
    Known { name: "mistral-7b", n_vocab: 32000, d_model: 4096 }, // mistralai/Mistral-7B-v0.1
    Known { name: "gemma3-270m", n_vocab: 262_144, d_model: 640 }, // google/gemma-3-270m
    Known { name: "gemma3-1b", n_vocab: 262_144, d_model: 1152 }, // google/gemma-3-1b-pt
    Known { name: "qwen3-0.6b", n_vocab: 151_936, d_model: 1024 }, // Qwen/Qwen3-0.6B
    Known { name: "qwen2.5-7b", n_vocab: 152_064, d_model: 3584 }, // Qwen/Qwen2.5-7B
    Known { name: "phi3-mini", n_vocab: 32064, d_model: 3072 }, // microsoft/Phi-3-mini-4k-instruct
    Known { name: "gpt-oss-20b", n_vocab: 201_088, d_model: 2880 }, // openai/gpt-oss-20b
];

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
