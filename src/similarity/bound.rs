//! Which rows a cheap score rules out, with the proof.
//!
//! Write a row as `x = x̂ + e` and a query as `y = ŷ + f`. Here `x̂` and `ŷ` are
//! the values that the codes stand for, and `e` and `f` are what the codes leave
//! out. Then
//!
//! ```text
//! x·y = x̂·ŷ + x̂·f + e·y  ≤  x̂·ŷ + (|x| + |e|) |f| + |e| |y|        (Cauchy, Schwarz)
//! ```
//!
//! The dot product of the codes is an exact integer times two steps, or a sum with an
//! error of at most `ε |x| |ŷ|`. So for each metric
//! there is a sum of four numbers of the row, weighted by four numbers of the
//! query. It is at least `tau` for every row that can still be among the k
//! nearest:
//!
//! ```text
//! alpha · x̂·ŷ + beta · |x| + gamma · |x|² + rho · |e|  ≥  tau
//!
//! with m = |f| + ε |ŷ| + slack, r = |y| + |f|, and the k-th best score so far S:
//! cosine  x·y / (|x||y|) ≥ S          alpha 1/|y|  beta m/|y| - S  gamma  0  rho r/|y|  tau 0
//! dot     x·y ≥ S                     alpha 1      beta m          gamma  0  rho r      tau S
//! l2      2 x·y - |x|² ≥ |y|² - S²    alpha 2      beta 2m         gamma -1  rho 2r     tau |y|² - S²
//! ```
//!
//! The sum itself is computed in `f32`: a dozen roundings of at most 2^-24 of
//! terms that are a few times `|x| |y|` or `|x|²`. The slack of 2^-17 of each is
//! much more than these. It also covers the roundings of the exact scores (about
//! 2^-36); S is an exact score.
//!
//! Types with a minimum store `x` as a difference, and the errors of an
//! [`Estimate`] are relative to the `M` of its two parts: `sqrt(2) ε M |ŷ|` of the dot
//! product, `2 ε M²` of the square. The decoder's roundings add `2^-22 sqrt(2) M` to
//! `|e|`. Write η for `2 ε + 2^-20`. Then `|x|²` is within `η M²` of the estimate, so with
//! `l²` the estimate less `η M²`, `|x|` is from `l` to `l + η M² / l`. The sum takes `l`
//! for `|x|`. What that leaves out, `beta` times at most `η M² / l`, is no more than
//! `rho` times three times as much: `beta` is at most `2.1 rho`. See [`Terms::of`].
//!
//! A row exactly at the bound is kept: it may tie with the worst of the k, and
//! have the lower ID. Comparisons are written so that NaN keeps a row too. A row
//! that is kept is scored exactly. A row that is not kept can't be in the answer.
//! Therefore the answer is that of the plain scan, for any codes, any number of
//! threads and any order of the rows.

use super::metric::{Metric, norm};
use super::work::Query;
use crate::quant::Estimate;

/// The slack for every rounding that has no term of its own.
pub(super) const SLACK: f64 = 1.0 / 131_072.0;

/// Squares of norms for which nothing in the sum over- or underflows `f32`. Rows
/// outside this range are scored exactly.
pub(super) const SAFE_SQUARES: std::ops::RangeInclusive<f64> = 8.27e-25..=1.27e30;

#[derive(Clone, Debug)]
pub(super) struct Bound {
    metric: Metric,
    /// `|y|`.
    norm: f64,
    /// The unit of `x̂·ŷ`: the step of the codes, 1 without codes.
    step: f64,
    /// An upper bound of `|f|`; infinite if the query has no codes.
    residual: f64,
    /// `ε`.
    rounding: f64,
}

/// The query's weights in the sum, and its `tau`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    alpha: f32,
    beta: f32,
    gamma: f32,
    rho: f32,
    tau: f32,
}

/// The rows' numbers in the sum, for N rows that are tested together.
#[derive(Clone, Debug)]
pub(super) struct Terms<const N: usize> {
    /// The value of code 1 of a row.
    pub step: [f32; N],
    /// `|x|`.
    pub norm: [f32; N],
    /// `|x|²`.
    pub square: [f32; N],
    /// At least `|e|`. Infinity keeps a row whatever its codes; negative infinity
    /// rules it out.
    pub residual: [f32; N],
}

impl Bound {
    /// The bound of a query. `step` and `residual` belong to its codes, `rounding` is ε.
    pub fn new(metric: Metric, query: &Query, step: f64, residual: f64, rounding: f64) -> Self {
        let norm = norm(&query.values);
        let safe = SAFE_SQUARES.contains(&(norm * norm));
        let residual = if safe { residual } else { f64::INFINITY };
        Self { metric, norm, step, residual, rounding }
    }

    /// What a row must reach, given the worst of the k best scores so far. `worst`
    /// is `None` while there are fewer than k; then every row is kept.
    pub fn limit(&self, worst: Option<f64>) -> Limit {
        let open = Limit { alpha: 0.0, beta: 0.0, gamma: 0.0, rho: 1.0, tau: f32::NEG_INFINITY };
        let Some(worst) = worst else { return open };
        if !self.residual.is_finite() {
            return open;
        }
        let Self { norm, step, residual, rounding, .. } = *self;
        // One percent more covers the roundings of |x|, |e| and |f|.
        let reach = 1.01 * (norm + residual);
        let margin = 1.01 * residual + (2.0 * rounding + SLACK) * reach;
        let (alpha, beta, gamma, rho, tau) = match self.metric {
            Metric::Cosine => (step / norm, margin / norm - worst, 0.0, reach / norm, 0.0),
            Metric::Dot => (step, margin, 0.0, reach, worst),
            Metric::L2 => {
                let apart = worst * worst * (1.0 + 1e-9) - norm * norm * (1.0 - 1e-9);
                let gamma = 2.0 * rounding + SLACK - 1.0;
                (2.0 * step, 2.0 * margin, gamma, 2.0 * reach, -apart)
            }
        };
        Limit {
            alpha: alpha as f32,
            beta: (beta as f32).next_up(),
            gamma: (gamma as f32).next_up(),
            rho: (rho as f32).next_up(),
            tau: if tau == 0.0 { 0.0 } else { (tau as f32).next_down() },
        }
    }
}

impl Terms<1> {
    /// The terms of a row that was estimated with the relative error `rounding`. `None` if
    /// the row has to be scored exactly.
    #[inline]
    pub fn of(estimate: &Estimate, rounding: f64) -> Option<Self> {
        let &Estimate { square, mass, .. } = estimate;
        if square == mass {
            let terms =
                Self { step: [1.0], norm: [square.sqrt()], square: [square], residual: [0.0] };
            return SAFE_SQUARES.contains(&f64::from(square)).then_some(terms);
        }
        // In f32, with a little more than the proof asks for. |x| is at most sqrt(2) M, so
        // M is at most sqrt(2) M² / l.
        let eta = (2.01 * rounding + f64::exp2(-19.0)) as f32;
        let square = square - eta * mass;
        let norm = square.sqrt();
        let left_out = (2.1 * rounding + f64::exp2(-20.0)) as f32 + 3.0 * eta;
        let residual = [1.01 * left_out * (mass / norm)];
        let terms = Self { step: [1.0], norm: [norm], square: [square], residual };
        SAFE_SQUARES.contains(&f64::from(square)).then_some(terms)
    }
}

impl Limit {
    /// Whether row `i` can be among the k nearest, given the product of the codes.
    #[inline(always)]
    pub fn admits<const N: usize>(&self, i: usize, row: &Terms<N>, product: f32) -> bool {
        let sum = product * row.step[i] * self.alpha
            + row.norm[i] * self.beta
            + row.square[i] * self.gamma
            + row.residual[i] * self.rho;
        #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN must be kept")]
        !(sum < self.tau)
    }
}
