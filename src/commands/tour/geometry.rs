//! Step 6: a word, its neighbours, one alike and one unlike.

use anyhow::Result;

use super::say::{cosine, name};
use super::{Taken, Tour};
use crate::answer::{Coordinate, Float, Geometry, Measured};
use crate::similarity::{Metric, norm};
use crate::stats::Moments;
use crate::text::{counted, grouped};

/// Coordinates that are shown.
const COORDINATES: usize = 8;

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let words = &tour.words;
    let table = tour.table();
    let [word, alike, unlike] =
        [table.row(words.word)?, table.row(words.alike)?, table.row(words.unlike)?];
    let score =
        |other: &[f32]| Float(Metric::Cosine.score((&word, norm(&word)), (other, norm(other))));
    let coordinate = |i: usize| Coordinate {
        dimension: i as u64,
        word: Float(word[i]),
        alike: Float(alike[i]),
        unlike: Float(unlike[i]),
    };
    let (neighbors, rows_compared) = tour.neighbors()?;
    let measured = Geometry {
        word: tour.token(words.word)?,
        neighbors: neighbors.clone(),
        rows_compared: *rows_compared,
        alike: tour.token(words.alike)?,
        alike_cosine: score(&alike),
        unlike: tour.token(words.unlike)?,
        unlike_cosine: score(&unlike),
        coordinates: largest(&word).into_iter().map(coordinate).collect(),
        d_model: tour.d_model(),
        alike_same_sign: same_sign(&word, &alike),
        unlike_same_sign: same_sign(&word, &unlike),
    };
    let (shows, notes) = sentences(&measured, tour)?;
    Ok(Taken {
        claim: "Training moves rows until tokens that are used alike lie alike. As a rule no \
                single coordinate has a meaning; directions do.",
        measured: Measured::Geometry(measured),
        shows,
        notes,
    })
}

/// The dimensions of the largest magnitudes, in order of dimension.
fn largest(row: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..row.len()).collect();
    // Stable, so that of equals the lower comes first.
    order.sort_by(|&i, &j| row[j].abs().total_cmp(&row[i].abs()));
    order.truncate(COORDINATES);
    order.sort_unstable();
    order
}

/// Coordinates that are both above or both below 0.
fn same_sign(a: &[f32], b: &[f32]) -> u64 {
    a.iter().zip(b).filter(|(a, b)| (**a > 0.0 && **b > 0.0) || (**a < 0.0 && **b < 0.0)).count()
        as u64
}

fn sentences(measured: &Geometry, tour: &Tour) -> Result<(Vec<String>, Vec<String>)> {
    let Geometry { word, alike, unlike, .. } = measured;
    let (mut shows, mut notes) = (Vec::new(), Vec::new());
    if let Some(nearest) = measured.neighbors.first() {
        shows.push(format!(
            "Of {}, {} lies nearest to {}, at a cosine of {}. (1 is the same direction, 0 a right \
             angle.)",
            counted(measured.rows_compared, "other row"),
            name(&nearest.token),
            name(word),
            cosine(nearest.cosine.0)
        ));
    }
    shows.push(format!(
        "With {}, {} has a cosine of {} and the same sign in {} of {} coordinates; with {}, of {} \
         and in {}. (Chance would make it half of them.)",
        name(alike),
        name(word),
        cosine(measured.alike_cosine.0),
        grouped(measured.alike_same_sign.into()),
        grouped(measured.d_model.into()),
        name(unlike),
        cosine(measured.unlike_cosine.0),
        grouped(measured.unlike_same_sign.into()),
    ));
    if measured.alike_cosine.0 <= measured.unlike_cosine.0 {
        notes.push(format!(
            "this table does not show the claim: {} is no nearer to {} than {} is",
            name(alike),
            name(word),
            name(unlike)
        ));
    }
    let moments = Moments::of(&tour.random_pairs()?.cosines());
    let by_chance = 1.0 / (tour.d_model() as f64).sqrt();
    // As in step 5, against theory: rows need not be drawn for that.
    let is_random = moments.is_some_and(|moments| {
        moments.mean().abs() < 0.05 * by_chance && (moments.sd() / by_chance - 1.0).abs() < 0.05
    });
    if is_random {
        let by_hand = alike.text.token.is_some()
            && measured.neighbors.first().is_some_and(|nearest| nearest.token.id == alike.id);
        notes.push(match by_hand {
            true => format!(
                "the rows of this table spread like random ones: {} and {} may have been put \
                 together by hand, and its other neighbours are chance",
                name(word),
                name(alike)
            ),
            false => "the rows of this table spread like random ones: that these are neighbours \
                      may well be chance"
                .to_owned(),
        });
    }
    Ok((shows, notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_are_shown_in_their_order() {
        let row: Vec<f32> = (0..20).map(|i| if i % 2 == 0 { i as f32 } else { -0.5 }).collect();
        assert_eq!(largest(&row), [4, 6, 8, 10, 12, 14, 16, 18]);
        assert_eq!(largest(&[0.0, f32::MIN, 1.0]), [0, 1, 2]);
    }

    #[test]
    fn a_zero_has_no_sign() {
        assert_eq!(same_sign(&[1.0, -1.0, 0.0, 1.0], &[2.0, -3.0, 0.0, -1.0]), 2);
    }
}
