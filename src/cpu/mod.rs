//! Detects which instructions the processor has beyond its baseline.
//!
//! Fast code is compiled once for each [`Level`] and chosen at run time. A level is
//! evidence: only detection creates one above the baseline. So it is sound to call
//! code that is compiled for a level, given that level.

mod f16;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg_attr(
    any(target_arch = "aarch64", target_feature = "simd128"),
    allow(dead_code, reason = "vectors are in the baseline there")
)]
mod plain;
#[cfg(test)]
mod tests;
mod vector;
#[cfg(target_feature = "simd128")]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use f16::f16;
pub use vector::{Algorithm, Vector, with_vectors};

/// A set of instructions that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(Kind);

/// Each kind includes the kinds before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Every processor of the architecture has it: SSE2 on x86-64, NEON on aarch64. A
    /// WebAssembly build has the vectors of simd128 or does without: there is no detection.
    Baseline,
    /// AVX2 with FMA and F16C: from Haswell and Zen on.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with VNNI: from Ice Lake and Zen 4 on. Older AVX-512 lacks the
    /// integer dot product, without which it gains little here.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The baseline, which needs no detection.
    pub const BASELINE: Self = Self(Kind::Baseline);

    /// The highest level that this processor has. (`std` caches the detection.)
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni");
            if avx2 && avx512 {
                return Self(Kind::Avx512);
            }
            if avx2 {
                return Self(Kind::Avx2);
            }
        }
        Self::BASELINE
    }

    /// This level, but at most AVX2.
    #[must_use]
    pub fn up_to_avx2(self) -> Self {
        #[cfg(target_arch = "x86_64")]
        return self.min(Self(Kind::Avx2));
        #[cfg(not(target_arch = "x86_64"))]
        self
    }

    /// Whether [`with_vectors`] uses vectors of the processor, not arrays.
    pub fn has_vectors(self) -> bool {
        cfg!(any(target_arch = "aarch64", target_feature = "simd128")) || self > Self::BASELINE
    }

    /// All levels that this processor has, the baseline first. For tests and
    /// benches, which compare each with the one before.
    pub fn available() -> Vec<Self> {
        let mut levels = vec![Self::BASELINE];
        #[cfg(target_arch = "x86_64")]
        levels.extend([Self(Kind::Avx2), Self(Kind::Avx512)]);
        levels.retain(|level| *level <= Self::detect());
        levels
    }

    /// The name that benches print.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
        }
    }

    #[cfg(target_arch = "x86_64")]
    pub(crate) fn kind(self) -> Kind {
        self.0
    }
}

/// Compiles a plain function once for each level.
///
/// `fn fast(level, args) = plain;` computes `plain(args)`, vectorised by the
/// compiler with the level's instructions. Every level gives the same bits: the
/// compiler neither reorders floating-point additions nor fuses a product and a
/// sum into one rounding. `plain` must be `#[inline(always)]`. Otherwise the
/// compiler may call it, and its code would not use the level's instructions.
macro_rules! at_each_level {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?)
        $(-> $ret:ty)? = $plain:expr;) => {
        $(#[$doc])*
        $vis fn $name(level: $crate::cpu::Level, $($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma,f16c")]
                fn avx2($($arg: $ty),*) $(-> $ret)? { $plain($($arg),*) }

                #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")]
                fn avx512($($arg: $ty),*) $(-> $ret)? { $plain($($arg),*) }

                match level.kind() {
                    // SAFETY: the level proves that the processor has these features.
                    $crate::cpu::Kind::Avx2 => return unsafe { avx2($($arg),*) },
                    // SAFETY: as above.
                    $crate::cpu::Kind::Avx512 => return unsafe { avx512($($arg),*) },
                    $crate::cpu::Kind::Baseline => {}
                }
            }
            let _ = level;
            $plain($($arg),*)
        }
    };
}
pub(crate) use at_each_level;
