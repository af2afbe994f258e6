//! Decodes blocks of bytes to `f32`, for every ggml type that a file can store.
//!
//! A quantised row is a sequence of *blocks*. A block holds a fixed number of
//! weights that share a scale, in a fixed number of bytes. [`FORMATS`] lists every
//! type; a [`Format`] knows its sizes and how to decode. A decoder takes a single
//! block. The decoders are grouped by family, each below a drawing of its layout:
//!
//! | module | types |
//! |---|---|
//! | `floats` | F32, F16, BF16, F64, I8 to I64 |
//! | `legacy` | Q4_0 to Q8_0, Q1_0, Q2_0 |
//! | `k_quants` | Q2_K to Q6_K |
//! | `iq` | IQ1_S to IQ4_XS |
//! | `ternary` | TQ1_0, TQ2_0 |
//! | `float4` | MXFP4, NVFP4 |
//!
//! Every output is bit-identical to ggml's own `to_float`. No input is invalid: a
//! scale that is infinite or NaN gives weights that are infinite or NaN.
//!
//! ```
//! use embcli::quant::Format;
//!
//! let q8_0 = Format::from_id(8)?;
//! let mut block = [3; 34];
//! block[..2].copy_from_slice(&[0x00, 0x38]); // the scale, 0.5
//! let mut weights = [0.0; 32];
//! q8_0.decode(&block, &mut weights);
//! assert_eq!(weights, [1.5; 32]);
//! # Ok::<(), embcli::quant::TypeError>(())
//! ```

use std::fmt;
use std::iter::zip;

use crate::cpu::{Level, at_each_level};

mod bits;
mod estimate;
mod float4;
mod floats;
mod iq;
mod iq_grids;
mod k_quants;
mod legacy;
#[cfg(test)]
pub(crate) mod made;
mod quantise;
mod ternary;

pub use estimate::{Coded, Estimate, Estimator};
pub use quantise::Quantiser;

/// One ggml type that a file can store.
pub struct Format {
    /// ggml's number for the type, which the file stores.
    pub id: u32,
    /// ggml's name, such as `Q4_K`.
    pub name: &'static str,
    pub block_len: usize,
    pub block_bytes: usize,
    kind: Kind,
    decode: fn(Level, &[u8], &mut [f32]),
}

#[derive(PartialEq)]
enum Kind {
    Float,
    Integer,
    Quantised,
}
use Kind::{Float, Integer, Quantised};

/// Writes the table, and for each type a loop over blocks that calls its decoder.
///
/// The decoder is inlined into the loop and compiled once for each [`Level`]. So
/// one indirect call decodes many rows. Block sizes that differ from the decoder's
/// signature do not compile. The caller ensures that the lengths agree.
macro_rules! formats {
    ($($id:literal $name:literal $kind:ident $len:literal in $bytes:literal $decoder:path;)+) => {
        &[$(Format {
            id: $id,
            name: $name,
            block_len: $len,
            block_bytes: $bytes,
            kind: $kind,
            decode: {
                // A closure is compiled for the level of its enclosing function,
                // and so is the decoder that is inlined into the closure.
                at_each_level! {
                    fn decode(bytes: &[u8], out: &mut [f32]) = |bytes: &[u8], out: &mut [f32]| {
                        let blocks = bytes.as_chunks::<$bytes>().0;
                        for (block, out) in zip(blocks, out.as_chunks_mut::<$len>().0) {
                            $decoder(block, out);
                        }
                    };
                }
                decode
            },
        }),+]
    };
}

/// Every type that a table can be stored in, sorted by ID.
#[rustfmt::skip]
pub static FORMATS: &[Format] = formats! {
//  ID  name       kind     values in bytes  decoder
     0 "F32"      Float       1 in   4  floats::f32;
     1 "F16"      Float       1 in   2  floats::f16;
     2 "Q4_0"     Quantised  32 in  18  legacy::q4_0;
     3 "Q4_1"     Quantised  32 in  20  legacy::q4_1;
     6 "Q5_0"     Quantised  32 in  22  legacy::q5_0;
     7 "Q5_1"     Quantised  32 in  24  legacy::q5_1;
     8 "Q8_0"     Quantised  32 in  34  legacy::q8_0;
    10 "Q2_K"     Quantised 256 in  84  k_quants::q2_k;
    11 "Q3_K"     Quantised 256 in 110  k_quants::q3_k;
    12 "Q4_K"     Quantised 256 in 144  k_quants::q4_k;
    13 "Q5_K"     Quantised 256 in 176  k_quants::q5_k;
    14 "Q6_K"     Quantised 256 in 210  k_quants::q6_k;
    16 "IQ2_XXS"  Quantised 256 in  66  iq::iq2_xxs;
    17 "IQ2_XS"   Quantised 256 in  74  iq::iq2_xs;
    18 "IQ3_XXS"  Quantised 256 in  98  iq::iq3_xxs;
    19 "IQ1_S"    Quantised 256 in  50  iq::iq1_s;
    20 "IQ4_NL"   Quantised  32 in  18  iq::iq4_nl;
    21 "IQ3_S"    Quantised 256 in 110  iq::iq3_s;
    22 "IQ2_S"    Quantised 256 in  82  iq::iq2_s;
    23 "IQ4_XS"   Quantised 256 in 136  iq::iq4_xs;
    24 "I8"       Integer     1 in   1  floats::i8;
    25 "I16"      Integer     1 in   2  floats::i16;
    26 "I32"      Integer     1 in   4  floats::i32;
    27 "I64"      Integer     1 in   8  floats::i64;
    28 "F64"      Float       1 in   8  floats::f64;
    29 "IQ1_M"    Quantised 256 in  56  iq::iq1_m;
    30 "BF16"     Float       1 in   2  floats::bf16;
    34 "TQ1_0"    Quantised 256 in  54  ternary::tq1_0;
    35 "TQ2_0"    Quantised 256 in  66  ternary::tq2_0;
    39 "MXFP4"    Quantised  32 in  17  float4::mxfp4;
    40 "NVFP4"    Quantised  64 in  36  float4::nvfp4;
    41 "Q1_0"     Quantised 128 in  18  legacy::q1_0;
    42 "Q2_0"     Quantised  64 in  18  legacy::q2_0;
};

/// Types that checkpoints have and ggml has not. No file stores these numbers.
#[rustfmt::skip]
static OF_CHECKPOINTS: &[Format] = formats! {
    0xffff_fff0 "F8_E4M3" Float 1 in 1 floats::e4m3;
    0xffff_fff1 "F8_E5M2" Float 1 in 1 floats::e5m2;
    0xffff_fff2 "U8"    Integer 1 in 1 floats::u8;
};

/// Types that ggml removed. Old files may still name them.
const REMOVED: &[(u32, &str)] = &[
    (4, "Q4_2"),
    (5, "Q4_3"),
    (31, "Q4_0_4_4"),
    (32, "Q4_0_4_8"),
    (33, "Q4_0_8_8"),
    (36, "IQ4_NL_4_4"),
    (37, "IQ4_NL_4_8"),
    (38, "IQ4_NL_8_8"),
];

/// Types that ggml uses only for activations, during a matrix multiplication.
const INTERNAL: &[(u32, &str)] = &[(9, "Q8_1"), (15, "Q8_K")];

/// Types of ik_llama.cpp, a fork that numbers its own from 97 on.
#[rustfmt::skip]
const IK_LLAMA: &[(u32, &str)] = &[
    (97, "Q8_0_X4"), (98, "Q8_1_X4"), (99, "Q8_2_X4"), (133, "Q6_0"), (134, "IQ1_BN"),
    (135, "IQ2_BN"), (136, "Q8_K64"), (137, "IQ2_K"), (138, "IQ3_K"), (139, "IQ4_K"),
    (140, "IQ5_K"), (141, "IQ6_K"), (144, "IQ4_KS"), (145, "IQ2_KS"), (146, "IQ4_KSS"),
    (147, "Q8_K16"), (148, "Q8_K32"), (149, "Q8_KR8"), (150, "Q8_K128"), (151, "Q8_KV"),
    (152, "IQ5_KS"), (153, "IQ2_KT"), (154, "IQ3_KT"), (155, "IQ4_KT"), (156, "IQ3_KS"),
    (157, "IQ2_KL"), (158, "IQ1_KT"), (202, "Q4_0_R8"), (206, "Q5_0_R4"), (208, "Q8_0_R8"),
    (210, "Q2_K_R4"), (211, "Q3_K_R4"), (212, "Q4_K_R4"), (213, "Q5_K_R4"), (214, "Q6_K_R4"),
    (216, "IQ2_XXS_R4"), (217, "IQ2_XS_R4"), (218, "IQ3_XXS_R4"), (219, "IQ1_S_R4"),
    (220, "IQ4_NL_R4"), (221, "IQ3_S_R4"), (222, "IQ2_S_R4"), (223, "IQ4_XS_R8"),
    (229, "IQ1_M_R4"), (230, "BF16_R16"), (233, "Q6_0_R4"), (335, "IQ2_BN_R4"),
    (337, "IQ2_K_R4"), (338, "IQ3_K_R4"), (339, "IQ4_K_R4"), (340, "IQ5_K_R4"),
    (344, "IQ4_KS_R4"), (352, "IQ5_KS_R4"), (398, "Q8_KV_R8"), (399, "Q8_K_R8"),
];

/// Types that forks store under a number that ggml uses for another type: the
/// number, the name with its fork, and the bytes of so many values.
const FORKS: &[(u32, &str, [u64; 2])] =
    &[(36, "BitNet's I2_S", [1, 4]), (42, "PrismML's older Q2_0, in blocks of 128", [34, 128])];

/// Why a type ID has no [`Format`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct TypeError {
    /// The ID in the file.
    pub id: u32,
    /// The name of the type, if it is known: ggml's, if it ever had this type, or a
    /// fork's.
    pub name: Option<&'static str>,
    problem: String,
}

impl TypeError {
    /// The number of a type of ggml, in a file where no tensor has the size of that
    /// type. `sizes` are the number of values and the bytes of some of these tensors.
    pub(crate) fn not_ggmls(format: &Format, sizes: &[[u64; 2]]) -> Self {
        let Format { id, name, .. } = format;
        let told = match fork(*id, sizes) {
            Some(fork) => format!("they fit {fork}"),
            None => "a fork has another type of this number".to_owned(),
        };
        let problem = format!(
            "type {id} in this file is not ggml's type {id} ({name}): its tensors have another \
             size; {told}"
        );
        Self { id: *id, name: None, problem }
    }

    /// Whether tensors with this number have the size of a known fork's type.
    pub(crate) fn is_known_fork(id: u32, sizes: &[[u64; 2]]) -> bool {
        fork(id, sizes).is_some()
    }
}

/// Fewer bytes than this may follow a tensor before the next one.
const PADDING: u64 = 64;

/// The fork's type with this number whose size all tensors have: their values, and the
/// bytes up to the next tensor.
fn fork(id: u32, sizes: &[[u64; 2]]) -> Option<&'static str> {
    let fits = |[bytes, of]: [u64; 2]| {
        let fit = |[values, size]: &[u64; 2]| {
            let need = (values / of).saturating_mul(bytes);
            values % of == 0 && *size >= need && size - need < PADDING
        };
        !sizes.is_empty() && sizes.iter().all(fit)
    };
    FORKS.iter().find(|entry| entry.0 == id && fits(entry.2)).map(|entry| entry.1)
}

impl Format {
    pub fn from_id(id: u32) -> Result<&'static Self, TypeError> {
        if let Some(format) = FORMATS.iter().find(|format| format.id == id) {
            return Ok(format);
        }
        let named = |list: &[(u32, &'static str)]| {
            list.iter().find(|entry| entry.0 == id).map(|entry| entry.1)
        };
        let removed = named(REMOVED).map(|name| {
            let fork = FORKS.iter().find(|entry| entry.0 == id).map(|entry| entry.1);
            let now = fork.map_or_else(String::new, |fork| format!("; {fork} has this number now"));
            (name, format!("was removed from the format ({name}){now}"))
        });
        let internal = named(INTERNAL).map(|name| {
            let only = "exists only inside computations, no file stores it";
            (name, format!("({name}) {only}"))
        });
        let forked =
            named(IK_LLAMA).map(|name| (name, format!("is {name} of ik_llama.cpp, a fork")));
        let (name, problem) = match removed.or(internal).or(forked) {
            Some((name, problem)) => (Some(name), problem),
            None => (None, "is not one that ggml defines (a fork's?)".to_owned()),
        };
        Err(TypeError { id, name, problem: format!("ggml type {id} {problem}") })
    }

    /// The format of a `dtype` of safetensors.
    ///
    /// # Errors
    /// If values of this type are not decoded.
    pub fn of_checkpoint(dtype: &str) -> Result<&'static Self, TypeError> {
        const SHARED: [&str; 8] = ["F32", "F16", "BF16", "F64", "I8", "I16", "I32", "I64"];
        let shared = FORMATS.iter().filter(|format| SHARED.contains(&format.name));
        let mut all = shared.chain(OF_CHECKPOINTS);
        all.find(|format| format.name == dtype).ok_or_else(|| {
            let known: Vec<&str> = OF_CHECKPOINTS.iter().map(|format| format.name).collect();
            let (shared, own) = (SHARED.join(", "), known.join(", "));
            let problem = format!("is {dtype}; of checkpoints, {shared}, {own} are decoded");
            TypeError { id: u32::MAX, name: None, problem }
        })
    }

    /// The format with this name, in upper or lower case.
    pub fn from_name(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name.eq_ignore_ascii_case(name))
    }

    /// Whether each value is one floating-point number: F32, F16, BF16, F64.
    pub fn is_float(&self) -> bool {
        self.kind == Float
    }

    /// Whether each value is one integer: I8, I16, I32, I64.
    pub fn is_integer(&self) -> bool {
        self.kind == Integer
    }

    /// What estimates dot products of stored rows. `None` for types that a scan has to
    /// decode.
    pub fn estimator(&self) -> Option<Estimator> {
        Estimator::of(self)
    }

    /// What writes values as this type stores them. `None` for types whose quantiser is
    /// not written, or needs an importance matrix.
    pub fn quantiser(&self) -> Option<Quantiser> {
        Quantiser::of(self)
    }

    /// Whether ggml's quantiser can have written these blocks. Only Q8_0 shows it:
    /// quantising its values again gives the same bytes.
    pub fn can_be_ggmls(&self, blocks: &[u8]) -> bool {
        self.name != "Q8_0" || blocks.as_chunks().0.iter().all(quantise::is_q8_0)
    }

    /// Stored bits for each value, including its share of the scales.
    pub fn bits_per_weight(&self) -> f64 {
        (8 * self.block_bytes) as f64 / self.block_len as f64
    }

    /// The size in bytes of a row of `len` values.
    ///
    /// `None` if `len` is not a multiple of the block length, or if the size does
    /// not fit a `u64`.
    pub fn row_bytes(&self, len: u64) -> Option<u64> {
        let block_len = self.block_len as u64;
        if !len.is_multiple_of(block_len) {
            return None;
        }
        (len / block_len).checked_mul(self.block_bytes as u64)
    }

    /// Decodes whole blocks, from one row or from several consecutive rows.
    ///
    /// # Panics
    ///
    /// If `bytes` is not a whole number of blocks, or if the length of `out` is not
    /// exactly the number of values in them.
    pub fn decode(&self, bytes: &[u8], out: &mut [f32]) {
        // AVX2 at most: a block is short, and the compiler spends wider vectors
        // on shuffles. 2^16 values of Q4_K take 4 us with AVX2, 21 at the
        // baseline and 37 with AVX-512; Q4_0 takes 12, 20 and 23.
        self.decode_at(Level::detect().up_to_avx2(), bytes, out);
    }

    /// [`decode`](Self::decode) at a given level. Every level gives the same bits,
    /// at a different speed. For tests and benches.
    ///
    /// # Panics
    ///
    /// As `decode` does.
    pub fn decode_at(&self, level: Level, bytes: &[u8], out: &mut [f32]) {
        assert!(
            bytes.len().is_multiple_of(self.block_bytes)
                && out.len().is_multiple_of(self.block_len)
                && bytes.len() / self.block_bytes == out.len() / self.block_len,
            "{self}: {} bytes do not decode to {} values",
            bytes.len(),
            out.len(),
        );
        (self.decode)(level, bytes, out);
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad` respects a width in the caller's format string.
        f.pad(self.name)
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Format({} {})", self.id, self.name)
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Format {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    fn decode(name: &str, bytes: &[u8]) -> Vec<f32> {
        let format = Format::from_name(name).unwrap();
        let mut out = vec![0.0; bytes.len() / format.block_bytes * format.block_len];
        format.decode(bytes, &mut out);
        out
    }

    /// Random blocks include infinite and NaN scales. The block counts include odd
    /// numbers, to reach the end of a vector loop.
    #[test]
    fn every_level_decodes_to_the_same_bits() {
        let mut random = SplitMix64::new(1);
        for format in FORMATS {
            for n in [1, 2, 3, 5, 7, 16, 33, 101] {
                let bytes: Vec<u8> =
                    (0..n * format.block_bytes).map(|_| random.bits() as u8).collect();
                let at = |level| {
                    let mut out = vec![0.0; n * format.block_len];
                    format.decode_at(level, &bytes, &mut out);
                    out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                };
                let expected = at(Level::BASELINE);
                for level in Level::available() {
                    assert!(at(level) == expected, "{format} at {}, {n} blocks", level.name());
                }
            }
        }
    }

    #[test]
    fn ids_and_names_are_unique_and_in_order() {
        assert_eq!(FORMATS.len(), 33);
        assert!(FORMATS.is_sorted_by(|a, b| a.id < b.id));
        for format in FORMATS {
            assert_eq!(Format::from_id(format.id), Ok(format));
            let lower = format.name.to_lowercase();
            assert_eq!(Format::from_name(&lower), Some(format));
        }
        assert_eq!(Format::from_name("Q4"), None);
    }

    #[test]
    fn every_ggml_id_has_a_format_or_a_reason_why_not() {
        for id in 0..=42 {
            assert!(Format::from_id(id).map_or_else(|error| error.name.is_some(), |_| true));
        }
    }

    #[test]
    fn type_errors_in_plain_english() {
        let message = |id| Format::from_id(id).unwrap_err().to_string();
        assert_eq!(message(37), "ggml type 37 was removed from the format (IQ4_NL_4_8)");
        assert_eq!(
            message(36),
            "ggml type 36 was removed from the format (IQ4_NL_4_4); BitNet's I2_S has this number \
             now"
        );
        assert_eq!(
            message(9),
            "ggml type 9 (Q8_1) exists only inside computations, no file stores it"
        );
        assert_eq!(message(43), "ggml type 43 is not one that ggml defines (a fork's?)");
        assert_eq!(message(139), "ggml type 139 is IQ4_K of ik_llama.cpp, a fork");
        assert_eq!(
            message(u32::MAX),
            "ggml type 4294967295 is not one that ggml defines (a fork's?)"
        );
    }

    #[test]
    fn a_number_that_a_fork_uses_otherwise() {
        let q2_0 = Format::from_name("Q2_0").unwrap();
        let message = |sizes| TypeError::not_ggmls(q2_0, sizes).to_string();
        let of_128 = message(&[[256, 96], [12_800, 3424]]);
        assert!(of_128.contains("is not ggml's type 42 (Q2_0)"), "{of_128}");
        assert!(of_128.ends_with("they fit PrismML's older Q2_0, in blocks of 128"), "{of_128}");
        assert!(message(&[[12_800, 3600]]).ends_with("a fork has another type of this number"));
        assert!(IK_LLAMA.is_sorted_by_key(|entry| entry.0));
    }

    #[test]
    fn row_bytes_needs_whole_blocks_and_a_size_in_u64() {
        let q4_k = Format::from_name("Q4_K").unwrap();
        assert_eq!(q4_k.row_bytes(0), Some(0));
        assert_eq!(q4_k.row_bytes(768), Some(3 * 144));
        assert_eq!(q4_k.row_bytes(640), None);
        let f32 = Format::from_name("F32").unwrap();
        assert_eq!(f32.row_bytes(u64::MAX / 4), Some(u64::MAX - 3));
        assert_eq!(f32.row_bytes(u64::MAX / 4 + 1), None);
    }

    #[test]
    fn bits_per_weight_count_the_scales() {
        let bits = |name| Format::from_name(name).unwrap().bits_per_weight();
        assert_eq!(bits("F32"), 32.0);
        assert_eq!(bits("Q8_0"), 8.5);
        assert_eq!(bits("Q6_K"), 6.5625);
        assert_eq!(bits("IQ1_S"), 1.5625);
    }

    #[test]
    fn each_format_is_a_float_an_integer_or_quantised() {
        let names = |kind: fn(&Format) -> bool| -> Vec<_> {
            let formats = FORMATS.iter().filter(|format| kind(format));
            formats.map(|format| format.name).collect()
        };
        assert_eq!(names(Format::is_float), ["F32", "F16", "F64", "BF16"]);
        assert_eq!(names(Format::is_integer), ["I8", "I16", "I32", "I64"]);
        assert_eq!(names(|format| format.kind == Quantised).len(), 33 - 8);
    }

    #[test]
    #[should_panic(expected = "Q4_0: 19 bytes do not decode to 32 values")]
    fn a_part_of_a_block_is_refused() {
        Format::from_name("Q4_0").unwrap().decode(&[0; 19], &mut [0.0; 32]);
    }

    #[test]
    #[should_panic(expected = "Q4_0: 36 bytes do not decode to 32 values")]
    fn a_short_output_is_refused() {
        Format::from_name("Q4_0").unwrap().decode(&[0; 36], &mut [0.0; 32]);
    }

    /// ggml has no reference for these types: see `floats`.
    #[test]
    fn doubles_and_integers_round_to_the_nearest() {
        assert_eq!(decode("I8", &[0x80, 0xff, 0x7f]), [-128.0, -1.0, 127.0]);
        let i16 = [i16::MIN, -1, i16::MAX].map(i16::to_le_bytes);
        assert_eq!(decode("I16", i16.as_flattened()), [-32768.0, -1.0, 32767.0]);
        // 2^24 + 1 and 2^24 + 3 each lie halfway between two floats.
        let i32 = [i32::MIN, 16_777_217, 16_777_219].map(i32::to_le_bytes);
        assert_eq!(
            decode("I32", i32.as_flattened()),
            [-2_147_483_648.0, 16_777_216.0, 16_777_220.0]
        );
        let i64 = [i64::MIN, i64::MAX, -16_777_217].map(i64::to_le_bytes);
        assert_eq!(
            decode("I64", i64.as_flattened()),
            [-(2_f32.powi(63)), 2_f32.powi(63), -16_777_216.0]
        );
        let f64 = [0.1, 1e300, -1e-300, 1e-45].map(f64::to_le_bytes);
        assert_eq!(decode("F64", f64.as_flattened()), [0.1, f32::INFINITY, 0.0, f32::from_bits(1)]);
    }

    /// A signalling NaN must stay signalling in F32 and BF16. In F16 it becomes
    /// quiet, as with the F16C instructions.
    #[test]
    fn nans_keep_their_payload() {
        let bits = |name, bytes: &[u8]| decode(name, bytes)[0].to_bits();
        assert_eq!(bits("F32", &[0x01, 0x00, 0x80, 0xff]), 0xff80_0001);
        assert_eq!(bits("BF16", &[0x81, 0xff]), 0xff81_0000);
        assert_eq!(bits("F16", &[0x01, 0xfc]), 0xffc0_2000);
    }

    /// No scale is invalid: the result is always the scale times the quant.
    #[test]
    fn a_scale_may_be_infinite_nan_or_subnormal() {
        let scaled = |d: u16| {
            let mut block = [0x89; 18]; // quants 9 - 8 and 8 - 8
            block[..2].copy_from_slice(&d.to_le_bytes());
            let out = decode("Q4_0", &block);
            (out[0], out[16])
        };
        let (one, zero) = scaled(0xfc00);
        assert_eq!(one, f32::NEG_INFINITY);
        assert!(zero.is_nan());
        let (one, zero) = scaled(0xfe01);
        assert_eq!(one.to_bits(), 0xffc0_2000);
        assert_eq!(zero.to_bits(), 0xffc0_2000);
        let (one, zero) = scaled(0x8001);
        assert_eq!(one, -(2_f32.powi(-24)));
        assert_eq!(zero.to_bits(), (-0.0_f32).to_bits());
    }
}
