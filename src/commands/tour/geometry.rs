//! Step 6: a word, its neighbours, one alike and one unlike.

use super::*;

/// The number of coordinates that are shown.
const COORDINATES: usize = 8;

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "Training moves rows until tokens that are used alike lie alike. As a rule no \
                  single coordinate has a meaning; directions do.";
    let ids = [tour.examples.word, tour.examples.alike, tour.examples.unlike];
    let [word, alike, unlike] = [tour.token(ids[0])?, tour.token(ids[1])?, tour.token(ids[2])?];
    let rows = [tour.table().row(ids[0])?, tour.table().row(ids[1])?, tour.table().row(ids[2])?];
    let [alike_cosine, unlike_cosine] = [1, 2].map(|i| cosine_of(&rows[0], &rows[i]));
    let [alike_same_sign, unlike_same_sign] = [1, 2].map(|i| same_sign(&rows[0], &rows[i]));
    let (neighbors, compared) = tour.neighbors()?;
    let (d_model, dimensions) = (tour.d_model(), largest(&rows[0]));

    step.value("word", &word);
    step.line(format!("Nearest to {}:", short(&word)));
    step.table("neighbors", &NEAR, neighbors.iter().map(Near::row));
    values!(step, rows_compared = *compared, alike = &alike, alike_cosine);
    values!(step, unlike = &unlike, unlike_cosine);
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
        dimensions.into_iter().map(|i| row![i, rows[0][i], rows[1][i], rows[2][i]]),
    );
    values!(step, d_model, alike_same_sign, unlike_same_sign);

    let [w, a, u] = [&word, &alike, &unlike].map(name);
    if let Some(nearest) = neighbors.first() {
        let (rows, angle) = (counted(*compared, "other row"), cosine(nearest.cosine));
        step.show(format!(
            "Of {rows}, {} lies nearest to {w}, at a cosine of {angle}. (1 is the same direction, \
             0 a right angle.)",
            name(&nearest.token)
        ));
    }
    let [a_cosine, u_cosine] = [alike_cosine, unlike_cosine].map(cosine);
    let [a_sign, u_sign, all] =
        [alike_same_sign, unlike_same_sign, d_model].map(|n| grouped(n.into()));
    step.show(format!(
        "With {a}, {w} has a cosine of {a_cosine} and the same sign in {a_sign} of {all} \
         coordinates; with {u}, of {u_cosine} and in {u_sign}. (Chance would make it half of them.)"
    ));
    if alike_cosine <= unlike_cosine {
        step.note(format!(
            "this table does not show the claim: {a} is no nearer to {w} than {u} is"
        ));
    }
    let by_chance = 1.0 / (d_model as f64).sqrt();
    // Step 5 compares with random rows. Here theory is enough.
    let is_random = spread(tour.random_pairs()?).is_some_and(|spread| {
        spread.mean().abs() < 0.05 * by_chance && (spread.sd() / by_chance - 1.0).abs() < 0.05
    });
    if is_random {
        let is_alike_nearest = neighbors.first().is_some_and(|nearest| nearest.token == alike);
        step.note(match alike.text.token.is_some() && is_alike_nearest {
            true => format!(
                "the rows of this table spread like random ones: {w} and {a} may have been put \
                 together by hand, and its other neighbours are chance"
            ),
            false => "the rows of this table spread like random ones: that these are neighbours \
                      may well be chance"
                .to_owned(),
        });
    }
    step.next(tour.call("similarity", &ids, "")?, "each with each");
    let asked = [ids[0], ids[1], tour.examples.plural.unwrap_or(ids[2])];
    step.next(tour.call("analogy", &asked, "")?, "1 is to 2 as 3 is to what?");
    let minus = format!("--minus {}", tour.argument(ids[1])?);
    step.next(tour.call("neighbors", &ids[..1], &minus)?, "near one, and not near the other");
    Ok(())
}

/// The dimensions with the largest magnitudes, in ascending order.
fn largest(row: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..row.len()).collect();
    // The sort is stable: of equal magnitudes the lower dimension comes first.
    order.sort_by(|&i, &j| row[j].abs().total_cmp(&row[i].abs()));
    order.truncate(COORDINATES);
    order.sort_unstable();
    order
}

/// The number of coordinates that are above 0 in both rows, or below 0 in both.
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
