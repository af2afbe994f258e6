//! t-SNE (van der Maaten and Hinton, "Visualizing data using t-SNE", 2008): near rows
//! attract each other, all points repel each other, and the points move until that is even.
//!
//! A step of a point is against
//!
//! ```text
//! 4 s (e Σ_j q_j (y - y_j) / (1 + d_j²) + n ∇φ / 2 Z) / e        Σ q_j is about 1
//! ```
//!
//! with the potential φ of [`field`](super::field), and Z the sum of the potentials, each
//! point's own excepted. For the first steps e is 12, and then 1. The factor s makes the
//! steps of rows small that very many others have as a neighbour: they would overshoot.
//! The rate falls to 0 at the end, so that every point finds its place.
//!
//! Threads take fixed chunks of points and each point reads only the places of the step
//! before. So their number does not change a bit.

use super::attraction::Attraction;
use super::field::{CHUNK, Field};
use super::{Graph, Point, Progress};
use crate::stats::mix;
use crate::threads;

/// The number of steps. With 300 a map keeps one percent fewer neighbours, with 1,000 one
/// percent more.
const STEPS: u64 = 500;

/// The steps in which rows attract each other more strongly, and how much more.
const EARLY: (u64, f32) = (50, 12.0);

/// The rate falls over so many steps, the last.
const LATE: u64 = 200;

/// The deviation of the points along the first axis at the start.
const START: f32 = 1e-4;

/// A point on its way.
#[derive(Clone, Copy)]
struct Body {
    at: Point,
    velocity: Point,
    /// How much larger the steps along each axis are.
    gains: Point,
    /// The gradient of the potential.
    gradient: Point,
}

/// Lays the rows of a graph out, from places that tell where which region is to be: those
/// of [`pca`](super::pca). Where the order at the start has no meaning, neither has that of
/// the regions of the map.
///
/// # Panics
/// When there is not one place for each row.
pub fn tsne(graph: &Graph, start: &[Point], threads: usize, progress: Progress) -> Vec<Point> {
    assert_eq!(graph.n(), start.len());
    let n = start.len();
    if n == 1 {
        return vec![[0.0; 2]];
    }
    let attraction = Attraction::of(graph);
    let tame: Vec<f32> = (0..n)
        .map(|row| 1.0_f32.min(attraction.on(row).map(|(_, weight)| weight).sum::<f32>().recip()))
        .collect();
    let mut at = small(start);
    let body =
        |at: &Point| Body { at: *at, velocity: [0.0; 2], gains: [1.0; 2], gradient: [0.0; 2] };
    let mut bodies: Vec<Body> = at.iter().map(body).collect();
    let mut sums = vec![0.0; n.div_ceil(CHUNK)];
    let mut field = Field::new(n, threads);
    for step in 0..STEPS {
        let (early, momentum) = if step < EARLY.0 { (EARLY.1, 0.5) } else { (1.0, 0.9) };
        let rate = 4.0 / early * 1.0_f32.min((STEPS - step) as f32 / LATE as f32);

        field.set(&at);
        let chunks = bodies.chunks_mut(CHUNK).zip(&mut sums);
        threads::share(
            threads,
            chunks,
            || (),
            |(), (bodies, sum)| {
                *sum = 0.0;
                for body in bodies {
                    let here = field.here(body.at, &at);
                    *sum += f64::from(here.potential);
                    body.gradient = here.gradient;
                }
            },
        );
        // Far points have a sum near n, of which the interpolation may leave less.
        let z = (sums.iter().sum::<f64>() - n as f64).max(1e-6 * n as f64);
        let repulsion = (n as f64 / (2.0 * z)) as f32;

        let chunks = bodies.chunks_mut(CHUNK).enumerate();
        threads::share(
            threads,
            chunks,
            || (),
            |(), (chunk, bodies)| {
                for (row, body) in (chunk * CHUNK..).zip(bodies) {
                    let mut pull = [0.0; 2];
                    for (other, weight) in attraction.on(row) {
                        let other = at[other as usize];
                        let apart = [body.at[0] - other[0], body.at[1] - other[1]];
                        let by = weight / (1.0 + apart[0] * apart[0] + apart[1] * apart[1]);
                        pull[0] += by * apart[0];
                        pull[1] += by * apart[1];
                    }
                    for (axis, pull) in pull.into_iter().enumerate() {
                        let force = early * pull + repulsion * body.gradient[axis];
                        body.go(axis, tame[row] * rate * force, momentum);
                    }
                }
            },
        );
        at.iter_mut().zip(&bodies).for_each(|(at, body)| *at = body.at);
        progress(step + 1, STEPS);
    }
    centre(&mut at);
    at
}

impl Body {
    /// Moves along an axis. The gain grows while the point moves in one direction (Jacobs,
    /// "Increased rates of convergence through learning rate adaptation", 1988).
    fn go(&mut self, axis: usize, step: f32, momentum: f32) {
        let (velocity, gain) = (&mut self.velocity[axis], &mut self.gains[axis]);
        let differs = (step > 0.0) != (*velocity > 0.0);
        *gain = if differs { *gain + 0.2 } else { (*gain * 0.8).max(0.01) };
        *velocity = momentum * *velocity - *gain * step;
        self.at[axis] += *velocity;
    }
}

/// The places at the start: small, so that all points are near each other. Rows in the same
/// place are moved a little, or nothing would part them.
fn small(start: &[Point]) -> Vec<Point> {
    let n = start.len() as f64;
    let mean = |axis: usize| start.iter().map(|at| f64::from(at[axis])).sum::<f64>() / n;
    let means = [mean(0), mean(1)];
    let squares = start.iter().map(|at| (f64::from(at[0]) - means[0]).powi(2)).sum::<f64>();
    let deviation = (squares / n).sqrt();
    let factor = if deviation > 0.0 { f64::from(START) / deviation } else { 0.0 };
    let moved = |row: usize, axis: usize| {
        let random = mix((row * 2 + axis) as u64) as f64 / u64::MAX as f64 - 0.5;
        f64::from(START) * 0.01 * random
    };
    let place = |(row, at): (usize, &Point)| {
        let along = |axis: usize| (f64::from(at[axis]) - means[axis]) * factor + moved(row, axis);
        [along(0) as f32, along(1) as f32]
    };
    start.iter().enumerate().map(place).collect()
}

/// Moves the mean of all places to 0.
fn centre(at: &mut [Point]) {
    for axis in 0..2 {
        let mean = at.iter().map(|at| f64::from(at[axis])).sum::<f64>() / at.len() as f64;
        at.iter_mut().for_each(|at| at[axis] = (f64::from(at[axis]) - mean) as f32);
    }
}
