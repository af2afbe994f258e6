//! The type that llama-quantize gives a table, for each of its presets.
//!
//! A preset such as `Q4_K_M` names the type of most tensors. A table gets a type of
//! its own, which depends on whether it is the output head too. Source:
//! `llama_tensor_get_type_impl` and `tensor_type_fallback` in llama.cpp's
//! `src/llama-quant.cpp`, October 2026.

use crate::named::named;
use crate::quant::Format;
use crate::text::nearest;

named! {
    /// Where the output head of a model is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Head {
        /// The embedding table is used again. The file has no `output.weight`.
        Tied = "tied",
        /// A second table of the same shape.
        Separate = "separate",
        /// There is none: the model is an encoder.
        None = "none",
    }
}

/// A preset of llama-quantize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name, as llama-quantize takes it: `Q4_K_M`.
    pub name: &'static str,
    /// The type of most tensors.
    base: &'static str,
}

/// The presets, the most bits first. `Q3_K`, `Q4_K` and `Q5_K` are other names of
/// the `_M` ones.
#[rustfmt::skip]
pub const PRESETS: &[Preset] = &[
    of("F32", "F32"), of("F16", "F16"), of("BF16", "BF16"),
    of("Q8_0", "Q8_0"), of("Q6_K", "Q6_K"),
    of("Q5_K_M", "Q5_K"), of("Q5_K_S", "Q5_K"), of("Q5_1", "Q5_1"), of("Q5_0", "Q5_0"),
    of("Q4_K_M", "Q4_K"), of("Q4_K_S", "Q4_K"), of("Q4_1", "Q4_1"), of("Q4_0", "Q4_0"),
    of("IQ4_NL", "IQ4_NL"), of("IQ4_XS", "IQ4_XS"), of("MXFP4_MOE", "MXFP4"),
    of("Q3_K_L", "Q3_K"), of("Q3_K_M", "Q3_K"), of("Q3_K_S", "Q3_K"),
    of("IQ3_M", "IQ3_S"), of("IQ3_S", "IQ3_S"), of("IQ3_XS", "IQ3_S"), of("IQ3_XXS", "IQ3_XXS"),
    of("Q2_K", "Q2_K"), of("Q2_K_S", "Q2_K"),
    of("IQ2_M", "IQ2_S"), of("IQ2_S", "IQ2_XS"), of("IQ2_XS", "IQ2_XS"), of("IQ2_XXS", "IQ2_XXS"),
    of("Q2_0", "Q2_0"), of("TQ2_0", "TQ2_0"), of("TQ1_0", "TQ1_0"),
    of("IQ1_M", "IQ1_M"), of("IQ1_S", "IQ1_S"), of("Q1_0", "Q1_0"),
];

const fn of(name: &'static str, base: &'static str) -> Preset {
    Preset { name, base }
}

impl Preset {
    /// The preset of this name, in capitals or not, or a sentence with the name that is
    /// nearest.
    pub fn named(name: &str) -> Result<&'static Self, String> {
        let is_named = |it: &&Self| it.name.eq_ignore_ascii_case(name);
        let is_medium = |it: &&Self| {
            let short = it.name.strip_suffix("_M");
            matches!(it.base, "Q3_K" | "Q4_K" | "Q5_K")
                && short.is_some_and(|short| short.eq_ignore_ascii_case(name))
        };
        let found = PRESETS.iter().find(is_named).or_else(|| PRESETS.iter().find(is_medium));
        found.ok_or_else(|| {
            let names: Vec<&str> = PRESETS.iter().map(|it| it.name).collect();
            match nearest(&name.to_ascii_uppercase(), names.iter().copied()) {
                Some(nearest) => {
                    format!("llama-quantize has no such preset; did you mean {nearest}?")
                }
                None => format!("llama-quantize has no such preset; it has {}", names.join(", ")),
            }
        })
    }

    /// The type of a table with rows of `d_model` values. `is_output` says whether it
    /// is the output head, alone or as well. `None` if llama-quantize stops with an
    /// error.
    pub fn writes(
        &self,
        is_output: bool,
        architecture: Option<&str>,
        d_model: u64,
    ) -> Option<&'static str> {
        if matches!(self.base, "F32" | "F16" | "BF16") {
            return Some(self.base);
        }
        let wanted = match (is_output, self.name) {
            (_, "MXFP4_MOE") => "Q8_0",
            (true, _) if architecture == Some("falcon") || !fits(self.base, d_model) => "Q8_0",
            (true, "IQ1_S" | "IQ1_M" | "IQ2_XXS" | "IQ2_XS" | "IQ2_S" | "IQ2_M" | "IQ3_XXS") => {
                "Q5_K"
            }
            (true, "Q8_0") => "Q8_0",
            (true, _) => "Q6_K",
            (false, "IQ1_S" | "IQ1_M" | "IQ2_XXS" | "IQ2_XS") => "Q2_K",
            (false, "IQ2_S" | "IQ2_M" | "IQ3_XXS") => "IQ3_S",
            (false, "TQ1_0" | "TQ2_0" | "Q2_0") => "Q4_K",
            (false, _) => self.base,
        };
        if fits(wanted, d_model) { Some(wanted) } else { instead(wanted, d_model) }
    }
}

fn fits(format: &str, d_model: u64) -> bool {
    Format::from_name(format).is_some_and(|format| format.row_bytes(d_model).is_some())
}

/// The type that llama-quantize writes where the block of a preset's type does not
/// divide the row. `None` if it stops with an error.
pub(super) fn instead(format: &str, d_model: u64) -> Option<&'static str> {
    let fallback = match format {
        "IQ1_S" | "IQ1_M" | "IQ2_XXS" | "IQ2_XS" | "IQ2_S" | "IQ3_XXS" | "IQ3_S" | "IQ4_XS" => {
            "IQ4_NL"
        }
        "Q2_0" | "Q2_K" | "Q3_K" | "TQ1_0" | "TQ2_0" => "Q4_0",
        "Q4_K" => "Q5_0",
        "Q5_K" => "Q5_1",
        "Q6_K" => "Q8_0",
        // A block of 32 values can't become smaller.
        _ if Format::from_name(format)?.block_len <= 32 => "F16",
        _ => return None,
    };
    Some(if fits(fallback, d_model) { fallback } else { "F16" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_found_by_name() {
        let name = |name| Preset::named(name).map(|it| it.name);
        assert_eq!(["q4_k_m", "Q4_K", "iq3_xs"].map(name), ["Q4_K_M", "Q4_K_M", "IQ3_XS"].map(Ok));
        assert!(name("Q4_K_N").unwrap_err().contains("did you mean Q4_K_M?"));
    }

    fn writes(preset: &str, is_output: bool, d_model: u64) -> Option<&'static str> {
        let preset = PRESETS.iter().find(|it| it.name == preset).expect("a known preset");
        preset.writes(is_output, Some("llama"), d_model)
    }

    #[test]
    fn a_tied_table_gets_the_type_of_the_output() {
        for (preset, at_4096, at_576) in [
            ("Q4_K_M", "Q6_K", "Q8_0"),
            ("Q4_0", "Q6_K", "Q8_0"),
            ("Q8_0", "Q8_0", "Q8_0"),
            ("IQ3_XXS", "Q5_K", "Q8_0"),
            ("IQ3_M", "Q6_K", "Q8_0"),
            ("IQ1_M", "Q5_K", "Q8_0"),
            ("TQ1_0", "Q6_K", "Q8_0"),
            ("Q1_0", "Q6_K", "Q8_0"),
            ("MXFP4_MOE", "Q8_0", "Q8_0"),
            ("BF16", "BF16", "BF16"),
        ] {
            assert_eq!(writes(preset, true, 4096), Some(at_4096), "{preset}");
            assert_eq!(writes(preset, true, 576), Some(at_576), "{preset}");
        }
        assert_eq!(writes("Q4_K_M", true, 100), Some("F16"));
        let falcon = PRESETS.iter().find(|it| it.name == "Q4_K_M").unwrap();
        assert_eq!(falcon.writes(true, Some("falcon"), 4096), Some("Q8_0"));
    }

    #[test]
    fn a_table_beside_its_own_head_gets_the_base_type() {
        for (preset, at_4096, at_576) in [
            ("Q4_K_M", "Q4_K", Some("Q5_0")),
            ("Q6_K", "Q6_K", Some("Q8_0")),
            ("IQ2_XXS", "Q2_K", Some("Q4_0")),
            ("IQ2_M", "IQ3_S", Some("IQ4_NL")),
            ("TQ2_0", "Q4_K", Some("Q5_0")),
            ("Q1_0", "Q1_0", None),
        ] {
            assert_eq!(writes(preset, false, 4096), Some(at_4096), "{preset}");
            assert_eq!(writes(preset, false, 576), at_576, "{preset}");
        }
    }
}
