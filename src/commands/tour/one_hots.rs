//! Step 4: one-hot vectors as geometry, and what their width would cost.

use anyhow::Result;

use super::say::factor;
use super::{Taken, Tour};
use crate::answer::{Float, Measured, OneHotPair, OneHots};
use crate::similarity::{Metric, norm};
use crate::text::{counted, grouped};

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let [word, alike, unlike] = [tour.words.word, tour.words.alike, tour.words.unlike];
    let pair = |(a, b): (u64, u64)| {
        let (one_hot_distance, one_hot_cosine) = compare(a, b, tour.present);
        let (x, y) = (tour.table().row(a)?, tour.table().row(b)?);
        let (x, y) = ((&*x, norm(&x)), (&*y, norm(&y)));
        Ok(OneHotPair {
            a: tour.token(a)?,
            b: tour.token(b)?,
            one_hot_distance: Float(one_hot_distance),
            one_hot_cosine: Float(one_hot_cosine),
            row_distance: Float(Metric::L2.score(x, y)),
            row_cosine: Float(Metric::Cosine.score(x, y)),
        })
    };
    let two = [(word, alike), (word, unlike), (alike, unlike)];
    let pairs = two.into_iter().filter(|(a, b)| a != b).map(pair).collect::<Result<Vec<_>>>()?;
    let square = |n: u64| u128::from(n) * u128::from(n);
    let (wide, narrow) = (square(tour.table().n_vocab()), square(tour.d_model()));
    let measured = OneHots {
        dimension: tour.table().n_vocab(),
        d_model: tour.d_model(),
        pairs,
        weights_at_n_vocab: wide,
        f16_bytes_at_n_vocab: wide.saturating_mul(2),
        weights_at_d_model: narrow,
        f16_bytes_at_d_model: narrow * 2,
        times_as_many: Float(wide as f64 / narrow as f64),
    };
    let shows = vec![
        "Any two one-hots are the square root of two apart and at right angles, whoever they \
         are. Rows can be near and far; one-hots have no room for alike."
            .to_owned(),
        format!(
            "And they are wide: {} a token, against {}. A first matrix from that width to the same \
             would have {} weights ({} bytes in F16), each to be multiplied with; from row to row \
             it has {} ({} bytes). That is {} times as many.",
            counted(measured.dimension, "number"),
            grouped(measured.d_model.into()),
            grouped(measured.weights_at_n_vocab),
            grouped(measured.f16_bytes_at_n_vocab),
            grouped(measured.weights_at_d_model),
            grouped(measured.f16_bytes_at_d_model),
            factor(measured.times_as_many.0)
        ),
    ];
    Ok(Taken {
        claim: "One-hot vectors tell tokens apart and nothing else: each is as far from every \
                other, so no two can be alike.",
        notes: Vec::from_iter((measured.dimension <= measured.d_model).then(|| {
            "this table does not show the width: it has no more rows than columns".to_owned()
        })),
        measured: Measured::OneHots(measured),
        shows,
    })
}

/// The Euclidean distance and the cosine of the one-hot vectors of two IDs,
/// summed up over all `n` coordinates.
fn compare(a: u64, b: u64, n: u64) -> (f64, f64) {
    let (mut squares, mut dot, mut norms) = (0.0, 0.0, [0.0; 2]);
    for i in 0..n {
        let [x, y] = [a, b].map(|hot| f64::from(u8::from(hot == i)));
        squares += (x - y) * (x - y);
        dot += x * y;
        norms[0] += x * x;
        norms[1] += y * y;
    }
    (squares.sqrt(), dot / (norms[0] * norms[1]).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hots_are_a_root_of_two_apart() {
        assert_eq!(compare(3, 70, 100), (2.0_f64.sqrt(), 0.0));
        assert_eq!(compare(3, 3, 100), (0.0, 1.0));
    }
}
