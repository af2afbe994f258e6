//! Step 4: one-hot vectors as geometry, and what their width would cost.

use super::*;
use crate::similarity::Metric;

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "One-hot vectors tell tokens apart and nothing else: each is as far from every \
                  other, so no two can be alike.";
    let [word, alike, unlike] = [tour.examples.word, tour.examples.alike, tour.examples.unlike];
    let mut rows = Vec::new();
    for (a, b) in [(word, alike), (word, unlike), (alike, unlike)] {
        if a == b {
            continue;
        }
        let (distance, angle) = compare(a, b, tour.present);
        let (x, y) = (tour.table().row(a)?, tour.table().row(b)?);
        let apart = Metric::L2.score((&x, norm(&x)), (&y, norm(&y)));
        let (a, b) = (tour.token(a)?, tour.token(b)?);
        let both = format!("{} and {}", short(&a), short(&b));
        rows.push(row![both, a, b, distance, angle, apart, cosine_of(&x, &y)]);
    }
    let (n_vocab, d_model) = (tour.table().n_vocab(), tour.d_model());
    let [wide, narrow] = [n_vocab, d_model].map(|n| u128::from(n) * u128::from(n));
    let [wide_bytes, narrow_bytes] = [wide, narrow].map(|weights| weights.saturating_mul(2));
    let times_as_many = wide as f64 / narrow as f64;
    values!(step, dimension = n_vocab, d_model);
    step.table(
        "pairs",
        &[
            ("", "two tokens", Word),
            ("a", "", Word),
            ("b", "", Word),
            ("one_hot_distance", "one-hots apart", Real),
            ("one_hot_cosine", "cosine", Cosine),
            ("row_distance", "rows apart", Real),
            ("row_cosine", "cosine", Cosine),
        ],
        rows,
    );
    // The size of a matrix from one-hots to one-hots, and from rows to rows.
    values!(step, weights_at_n_vocab = wide, f16_bytes_at_n_vocab = wide_bytes);
    values!(step, weights_at_d_model = narrow, f16_bytes_at_d_model = narrow_bytes, times_as_many);

    step.show(
        "Any two one-hots are the square root of two apart and at right angles, whoever they are. \
         Rows can be near and far; one-hots have no room for alike.",
    );
    let (numbers, times) = (counted(n_vocab, "number"), factor(times_as_many));
    let [width, wide, wide_bytes, narrow, narrow_bytes] =
        [d_model.into(), wide, wide_bytes, narrow, narrow_bytes].map(grouped);
    step.show(format!(
        "And they are wide: {numbers} a token, against {width}. A first matrix from that width to \
         the same would have {wide} weights ({wide_bytes} bytes in F16), each to be multiplied \
         with; from row to row it has {narrow} ({narrow_bytes} bytes). That is {times} times as \
         many."
    ));
    if n_vocab <= d_model {
        step.note("this table does not show the width: it has no more rows than columns");
    }
    Ok(())
}

/// The Euclidean distance and the cosine of the one-hot vectors of two IDs, as
/// sums over all `n` coordinates.
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
