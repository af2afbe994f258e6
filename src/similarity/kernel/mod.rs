//! The inner loops: each has a plain version, and fast versions that replace it.
//!
//! | loop | plain | fast |
//! |---|---|---|
//! | [`score`], [`norm`] | `metric`, `f64` | the same code, compiled for each level |
//! | [`estimate`], [`product`] | `floats`, `f32` | the same |
//! | [`encode`] | `codes` | the same |
//! | [`products`]: rows x queries over 8-bit codes | `plain` | VNNI, AVX2, NEON, simd128 intrinsics |
//!
//! Every function takes the [`Level`] to run at. [`score`], [`norm`], [`encode`]
//! and [`products`] give the same bits at every level. So do [`estimate`] and [`product`],
//! within the bound of [`rounding`].

mod codes;
mod floats;
#[cfg(target_arch = "aarch64")]
mod neon;
mod plain;
#[cfg(target_feature = "simd128")]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

use super::{Metric, metric};
#[cfg(target_arch = "x86_64")]
use crate::cpu::Kind;
use crate::cpu::{Level, at_each_level};

pub use codes::Code;
pub use floats::rounding;

/// The number of rows in a panel: [`products`] multiplies them together.
pub const PANEL: usize = 32;

/// The number of codes of one row that are side by side in a panel: one 32-bit
/// lane of the dot-product instructions.
pub const DEPTH: usize = 4;

/// The widest row whose integer products fit into 32 bits: 2^16 products of at
/// most 255 (of a panel) times 127 (of a query) are below 2^31.
pub const MAX_CODES: usize = 1 << 16;

at_each_level! {
    /// [`Metric::score`], bit for bit.
    pub fn score(metric: Metric, a: (&[f32], f64), b: (&[f32], f64)) -> f64 = Metric::score;
}

at_each_level! {
    /// [`norm`](super::norm), bit for bit.
    pub fn norm(row: &[f32]) -> f64 = metric::norm;
}

at_each_level! {
    /// `row·query` and `row·row` in `f32`. The errors are at most [`rounding`] of
    /// the row's length times `|row| |query|` and times `|row|²`.
    pub fn estimate(row: &[f32], query: &[f32]) -> (f32, f32) = floats::estimate;
}

at_each_level! {
    /// `a·b` in `f32`, with an error of at most [`rounding`] of the length times `|a| |b|`.
    pub fn product(a: &[f32], b: &[f32]) -> f32 = floats::product;
}

at_each_level! {
    /// Rounds a row to whole multiples of one step, and writes these multiples as
    /// 8-bit codes from `-limit` to `limit`.
    pub fn encode(row: &[f32], limit: i8, codes: &mut [i8]) -> Code = codes::encode;
}

at_each_level! {
    /// Writes the codes of row `lane` into a panel, in the layout of [`products`].
    pub fn fill_panel(panel: &mut [u8], lane: usize, codes: &[i8]) = codes::fill_panel;
}

/// The largest code of a query that [`products`] accepts.
pub fn query_limit(level: Level) -> i8 {
    #[cfg(target_arch = "x86_64")]
    if level.kind() == Kind::Avx2 {
        return x86::avx2::QUERY_LIMIT;
    }
    let _ = level;
    127
}

/// The dot products of the 32 rows of a panel with queries.
///
/// A panel holds each code plus 128: four codes of row 0, four of row 1, and so on
/// to row 31, then the next four of each. Code `i` of a row is at
/// `panel[(i / 4 * 32 + row) * 4 + i % 4]`. Each lane of a vector so belongs to one
/// row, and nothing has to be added across lanes. `queries` holds one query after
/// the other, each padded with zeros to a multiple of four. `out[q][row]` becomes
/// `Σ (code + 128) p`.
///
/// # Panics
/// When the lengths don't agree.
pub fn products(level: Level, panel: &[u8], queries: &[i8], out: &mut [[i32; PANEL]]) {
    let padded = panel.len() / PANEL;
    assert!(panel.len().is_multiple_of(PANEL * DEPTH) && padded <= MAX_CODES);
    assert!(queries.len() == padded * out.len());
    #[cfg(target_arch = "x86_64")]
    match level.kind() {
        // SAFETY: the level proves that the processor has the instructions. The
        // lengths are checked above.
        Kind::Avx512 => return unsafe { x86::avx512::products(panel, queries, out) },
        // SAFETY: as above.
        Kind::Avx2 => return unsafe { x86::avx2::products(panel, queries, out) },
        Kind::Baseline => {}
    }
    let _ = level;
    #[cfg(target_arch = "aarch64")]
    neon::products(panel, queries, out);
    #[cfg(target_feature = "simd128")]
    wasm::products(panel, queries, out);
    #[cfg(not(any(target_arch = "aarch64", target_feature = "simd128")))]
    plain::products(panel, queries, out);
}
