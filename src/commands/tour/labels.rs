//! Step 1: what a token's ID tells of its row.

use super::*;
use crate::stats::rank_correlation;
use crate::tour::{Pairs, adjacent_pairs};

/// Beyond this many standard deviations, a difference is not chance.
const SIGNIFICANT: f64 = 4.0;

/// From here on, a correlation or a difference of cosines is large.
const MUCH: f64 = 0.3;

/// Three decimals don't show a smaller difference of cosines.
const NONE: f64 = 0.0005;

/// At most this many pairs per row count as independent: more share rows.
const PAIRS_A_ROW: u64 = 4;

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "A token ID is a label, like the number on a coat hook. A larger one is not more \
                  of anything, and two that are side by side need not be alike.";
    let ids = [tour.examples.word, tour.examples.alike];
    let two = [ids[0].min(ids[1]), ids[0].max(ids[1])];
    let [low, high] = [tour.token(two[0])?, tour.token(two[1])?];
    let [a, b] = [tour.table().row(low.id)?, tour.table().row(high.id)?];
    let id_ratio = (low.id > 0).then(|| high.id as f64 / low.id as f64);
    let norm_ratio = norm(&b) / norm(&a);
    let angle = cosine_of(&a, &b);
    values!(step, two = [&low, &high], id_ratio, norm_ratio, cosine = angle);

    let pairs = tour.random_pairs()?;
    let beside = adjacent_pairs(tour.present, tour.n_pairs(), SEED);
    let adjacent = Pairs::of(beside, |id| tour.table().row(id))?;
    let rows =
        [sample("random", "drawn by chance", pairs), sample("adjacent", "side by side", &adjacent)];
    step.table("", &SAMPLE, rows);
    let distances: Vec<f64> = pairs.ids.iter().map(|(a, b)| (b - a) as f64).collect();
    let rho = rank_correlation(&distances, &pairs.cosines);
    let n_pairs = pairs.cosines.len() as u64;
    let n = n_pairs.min(PAIRS_A_ROW * tour.present);
    let by_chance = (n > 1).then(|| 1.0 / (n as f64 - 1.0).sqrt());
    values!(step, rank_correlation = rho, rank_correlation_by_chance = by_chance);

    if low.id != high.id {
        let (ratio, but) = match id_ratio {
            Some(ratio) if ratio >= 1.005 => {
                (format!(", {} times as large a number", factor(ratio)), "But its")
            }
            _ => (String::new(), "Its"),
        };
        let is_told = rho.is_some_and(|rho| rho.abs() >= MUCH);
        let untold = if is_told { "" } else { ": none of that can be read off the IDs" };
        let ([a, b], times, angle) = ([&low, &high].map(name), factor(norm_ratio), cosine(angle));
        let [low, high] = [low.id, high.id];
        step.show(format!(
            "{a} is ID {low}, {b} is ID {high}{ratio}. {but} row is {times} times as long, and the \
             cosine of the two is {angle}{untold}."
        ));
    }
    correlation(rho.zip(by_chance), n_pairs, step);
    side_by_side(pairs, &adjacent, step);
    let (random, adjacent) = (pairs.left_out, adjacent.left_out);
    if random + adjacent > 0 {
        step.note(format!(
            "{random} random and {adjacent} adjacent pairs were left out: a row of theirs is all \
             zeros, or has a NaN or an infinity"
        ));
    }
    Ok(())
}

fn correlation(found: Option<(f64, f64)>, pairs: u64, step: &mut TourStep) {
    let Some((rho, by_chance)) = found else {
        step.note("this table has too few different rows to tell whether IDs and rows go together");
        return;
    };
    let farther = if rho < 0.0 { "less" } else { "more" };
    let verdict = if rho.abs() <= SIGNIFICANT * by_chance {
        "no more than chance: from two IDs nothing can be told of two rows".to_owned()
    } else if rho.abs() < MUCH {
        format!(
            "more than chance, and little: farther apart, a touch {farther} alike. Probably that \
             comes from the order of the list, for vocabularies are roughly sorted by how common a \
             token is"
        )
    } else {
        step.note(
            "this table does not show the claim: its IDs do tell of its rows (was its vocabulary \
             sorted by meaning, or by the rows?)",
        );
        format!("far more than chance: farther apart, {farther} alike")
    };
    let ([rho, by_chance], pairs) = ([rho, by_chance].map(cosine), counted(pairs, "pair"));
    step.show(format!(
        "Do IDs that lie far apart have rows that are less alike? Over {pairs} drawn by chance, \
         the rank correlation of ID distance and cosine is {rho} (0 says nothing, plus or minus 1 \
         everything; chance alone makes ±{by_chance}). That is {verdict}."
    ));
}

fn side_by_side(random: &Pairs, adjacent: &Pairs, step: &mut TourStep) {
    let (Some(far), Some(near)) = (spread(random), spread(adjacent)) else { return };
    let error = |of: &Pairs, sd: f64| sd * sd / of.cosines.len() as f64;
    let by_chance = (error(random, far.sd()) + error(adjacent, near.sd())).sqrt();
    let more = near.mean() - far.mean();
    let verdict = if more.abs() <= (SIGNIFICANT * by_chance).max(NONE) {
        "no difference that chance would not make"
    } else if more.abs() > MUCH {
        let how = if more > 0.0 { "much more alike" } else { "much less alike" };
        step.note(format!(
            "this table does not show the claim: rows side by side are {how} than others"
        ));
        how
    } else if more > 0.0 {
        "a little more alike: tokens that came into the vocabulary together often look or occur \
         alike"
    } else {
        "less alike"
    };
    let [near, far] = [near.mean(), far.mean()].map(cosine);
    step.show(format!(
        "Rows side by side (ID and ID + 1) have a mean cosine of {near}, rows drawn by chance \
         {far}: {verdict}."
    ));
}
