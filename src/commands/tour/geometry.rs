//! Step 6: a word, its neighbours, one alike and one unlike.

use anyhow::Result;

use super::figures::Kind::{Id, Real};
use super::say::{cosine, name, short};
use super::{NEAR, Near, Sample, Tour, TourStep, cosine_of};
use crate::text::{counted, grouped};

/// Coordinates that are shown.
const COORDINATES: usize = 8;

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "Training moves rows until tokens that are used alike lie alike. As a rule no \
                  single coordinate has a meaning; directions do.";
    let ids = [tour.words.word, tour.words.alike, tour.words.unlike];
    let [word, alike, unlike] = [tour.token(ids[0])?, tour.token(ids[1])?, tour.token(ids[2])?];
    let rows = [tour.table().row(ids[0])?, tour.table().row(ids[1])?, tour.table().row(ids[2])?];
    let [alike_cosine, unlike_cosine] = [1, 2].map(|i| cosine_of(&rows[0], &rows[i]));
    let [alike_sign, unlike_sign] = [1, 2].map(|i| same_sign(&rows[0], &rows[i]));
    let (neighbors, compared) = tour.neighbors()?;
    let (d_model, dimensions) = (tour.d_model(), largest(&rows[0]));

    step.value("word", &word);
    step.line(format!("Nearest to {}:", short(&word)));
    step.table("neighbors", &NEAR, neighbors.iter().map(Near::row));
    step.value("rows_compared", *compared);
    step.value("alike", &alike);
    step.value("alike_cosine", alike_cosine);
    step.value("unlike", &unlike);
    step.value("unlike_cosine", unlike_cosine);
    let shown = dimensions.len() as u64;
    step.line(if shown < d_model {
        format!(
            "Coordinate by coordinate, the {shown} largest of {} in {}:",
            grouped(d_model.into()),
            short(&word)
        )
    } else {
        format!("Coordinate by coordinate, all {shown}:")
    });
    step.table(
        "coordinates",
        &[
            ("dimension", "coordinate", Id),
            ("word", &short(&word), Real),
            ("alike", &short(&alike), Real),
            ("unlike", &short(&unlike), Real),
        ],
        dimensions.into_iter().map(|i| row![i as u64, rows[0][i], rows[1][i], rows[2][i]]),
    );
    step.value("d_model", d_model);
    step.value("alike_same_sign", alike_sign);
    step.value("unlike_same_sign", unlike_sign);

    if let Some(nearest) = neighbors.first() {
        step.show(format!(
            "Of {}, {} lies nearest to {}, at a cosine of {}. (1 is the same direction, 0 a right \
             angle.)",
            counted(*compared, "other row"),
            name(&nearest.token),
            name(&word),
            cosine(nearest.cosine)
        ));
    }
    step.show(format!(
        "With {}, {} has a cosine of {} and the same sign in {} of {} coordinates; with {}, of {} \
         and in {}. (Chance would make it half of them.)",
        name(&alike),
        name(&word),
        cosine(alike_cosine),
        grouped(alike_sign.into()),
        grouped(d_model.into()),
        name(&unlike),
        cosine(unlike_cosine),
        grouped(unlike_sign.into()),
    ));
    if alike_cosine <= unlike_cosine {
        step.note(format!(
            "this table does not show the claim: {} is no nearer to {} than {} is",
            name(&alike),
            name(&word),
            name(&unlike)
        ));
    }
    let by_chance = 1.0 / (d_model as f64).sqrt();
    // As in step 5, against theory: rows need not be drawn for that.
    let is_random = Sample::of(tour.random_pairs()?).cosines.is_some_and(|spread| {
        spread.mean.abs() < 0.05 * by_chance && (spread.sd / by_chance - 1.0).abs() < 0.05
    });
    if is_random {
        let is_alike_nearest = neighbors.first().is_some_and(|nearest| nearest.token == alike);
        step.note(match alike.text.token.is_some() && is_alike_nearest {
            true => format!(
                "the rows of this table spread like random ones: {} and {} may have been put \
                 together by hand, and its other neighbours are chance",
                name(&word),
                name(&alike)
            ),
            false => "the rows of this table spread like random ones: that these are neighbours \
                      may well be chance"
                .to_owned(),
        });
    }
    Ok(())
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
