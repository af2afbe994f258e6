//! Which rows a cheap score can rule out, with proof.
//!
//! Write a row as `x = x̂ + e` and a query as `y = ŷ + f`, where `x̂` and `ŷ` are
//! what their codes stand for and `e` and `f` what the codes leave out. Then
//!
//! ```text
//! x·y = x̂·ŷ + x̂·f + e·y  ≤  x̂·ŷ + (|x| + |e|) |f| + |e| |y|        (Cauchy, Schwarz)
//! ```
//!
//! The codes' dot product is an exact integer times two steps (or an `f32` sum
//! with an error of at most `ε |x| |ŷ|`, see [`rounding`]). So for each metric
//! there is a sum of four things known of the row, weighted by four things known
//! of the query, that is at least `tau` for every row that can still be among
//! its k nearest:
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
//! terms that are within a few `|x| |y|` or `|x|²`. The slack of 2^-17 of each
//! is many times that, and it also covers the roundings of the exact scores
//! themselves (some 2^-36), of which S is one.
//!
//! A row at the bound is kept, since it may tie with a lower ID. Comparisons
//! are written so that NaN keeps a row too. What is kept is scored exactly;
//! what is not can't be in the answer. Hence the answer is that of the plain
//! scan, whatever the codes, the threads and the order of the rows.

use super::Metric;
use super::kernel::rounding;

/// The slack for everything that rounds and has no term of its own.
const SLACK: f64 = 1.0 / 131_072.0;

/// Squares of norms that `f32` holds with room on both sides, so that nothing
/// in the sum over- or underflows. Rows beyond go straight to exact scores.
pub(super) const SAFE_SQUARES: std::ops::RangeInclusive<f64> = 8.27e-25..=1.27e30;

/// A query as the cheap scores see it.
#[derive(Clone, Debug)]
pub(super) struct Query {
    metric: Metric,
    /// `|y|`.
    norm: f64,
    /// What `x̂·ŷ` is in units of: the step of the codes, 1 without codes.
    step: f64,
    /// At least `|f|`; infinite where the query has no codes.
    residual: f64,
    /// ε.
    rounding: f64,
}

/// The query's side of the sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    alpha: f32,
    beta: f32,
    gamma: f32,
    rho: f32,
    tau: f32,
}

/// The rows' side of it, for as many rows as are tested together.
#[derive(Clone, Debug)]
pub(super) struct Terms<const N: usize> {
    /// The value of one unit of a row's codes.
    pub step: [f32; N],
    /// `|x|`.
    pub norm: [f32; N],
    /// `|x|²`.
    pub square: [f32; N],
    /// At least `|e|`: infinite to keep a row whatever its codes, negative
    /// infinite to rule it out.
    pub residual: [f32; N],
}

impl Query {
    pub fn new(metric: Metric, dim: usize, norm: f64, step: f64, residual: f64) -> Self {
        let safe = SAFE_SQUARES.contains(&(norm * norm));
        let residual = if safe { residual } else { f64::INFINITY };
        Self { metric, norm, step, residual, rounding: rounding(dim) }
    }

    /// What a row must reach, given the worst of the k best scores so far;
    /// `None` while there are fewer than k.
    pub fn limit(&self, worst: Option<f64>) -> Limit {
        let open = Limit { alpha: 0.0, beta: 0.0, gamma: 0.0, rho: 1.0, tau: f32::NEG_INFINITY };
        let Some(worst) = worst else { return open };
        if !self.residual.is_finite() {
            return open;
        }
        let Self { norm, step, residual, rounding, .. } = *self;
        // A hundredth more covers the roundings in |x|, |e| and |f| themselves.
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

impl Limit {
    /// Whether a row can be among the k nearest, given its codes' product.
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
