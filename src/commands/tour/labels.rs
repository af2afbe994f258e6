//! Step 1: what a token's ID tells of its row.

use anyhow::Result;

use super::say::{cosine, factor, name};
use super::{SEED, Taken, Tour, sample};
use crate::answer::{Float, Labels, Measured, PairSample};
use crate::similarity::{Metric, norm};
use crate::stats::rank_correlation;
use crate::text::counted;
use crate::tour::adjacent_pairs;

/// As many standard deviations as chance is not believed to reach.
const SIGNIFICANT: f64 = 4.0;

/// A correlation that is no longer little, and a difference of cosines.
const MUCH: f64 = 0.3;

/// A difference of cosines that three decimals don't show.
const NONE: f64 = 0.0005;

/// Pairs of so many to a row say as much as if they had nothing to do with each
/// other; more of them share too many rows.
const PAIRS_A_ROW: u64 = 4;

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let ids = [tour.words.word, tour.words.alike];
    let [low, high] = [ids[0].min(ids[1]), ids[0].max(ids[1])];
    let (a, b) = (tour.table().row(low)?, tour.table().row(high)?);
    let (a, b) = ((&*a, norm(&a)), (&*b, norm(&b)));

    let pairs = tour.random_pairs()?;
    let adjacent = adjacent_pairs(tour.present, tour.n_pairs(), SEED, &|id| tour.table().row(id))?;
    let n = (pairs.pairs.len() as u64).min(PAIRS_A_ROW * tour.present);
    let measured = Labels {
        two: [tour.token(low)?, tour.token(high)?],
        id_ratio: (low > 0).then(|| Float(high as f64 / low as f64)),
        norm_ratio: Float(b.1 / a.1),
        cosine: Float(Metric::Cosine.score(a, b)),
        random: sample(pairs),
        adjacent: sample(&adjacent),
        rank_correlation: rank_correlation(&pairs.distances(), &pairs.cosines()).map(Float),
        rank_correlation_by_chance: (n > 1).then(|| Float(1.0 / (n as f64 - 1.0).sqrt())),
    };
    let (mut shows, mut notes) = (Vec::from_iter(two(&measured)), Vec::new());
    correlation(&measured, &mut shows, &mut notes);
    side_by_side(&measured, &mut shows, &mut notes);
    left_out(&measured, &mut notes);
    Ok(Taken {
        claim: "A token ID is a label, like the number on a coat hook. A larger one is not more of \
                anything, and two that are side by side need not be alike.",
        measured: Measured::Labels(measured),
        shows,
        notes,
    })
}

fn two(measured: &Labels) -> Option<String> {
    let [low, high] = &measured.two;
    if low.id == high.id {
        return None;
    }
    let (ratio, but) = match measured.id_ratio {
        Some(Float(ratio)) if ratio >= 1.005 => {
            (format!(", {} times as large a number", factor(ratio)), "But its")
        }
        _ => (String::new(), "Its"),
    };
    let told = measured.rank_correlation.is_some_and(|Float(rho)| rho.abs() >= MUCH);
    Some(format!(
        "{} is ID {}, {} is ID {}{ratio}. {but} row is {} times as long, and the cosine of the two \
         is {}{}.",
        name(low),
        low.id,
        name(high),
        high.id,
        factor(measured.norm_ratio.0),
        cosine(measured.cosine.0),
        if told { "" } else { ": none of that can be read off the IDs" }
    ))
}

fn correlation(measured: &Labels, shows: &mut Vec<String>, notes: &mut Vec<String>) {
    let (Some(Float(rho)), Some(Float(chance))) =
        (measured.rank_correlation, measured.rank_correlation_by_chance)
    else {
        notes.push(
            "this table has too few different rows to tell whether IDs and rows go together"
                .to_owned(),
        );
        return;
    };
    let farther = if rho < 0.0 { "less" } else { "more" };
    let verdict = if rho.abs() <= SIGNIFICANT * chance {
        "no more than chance: from two IDs nothing can be told of two rows".to_owned()
    } else if rho.abs() < MUCH {
        format!(
            "more than chance, and little: farther apart, a touch {farther} alike. Probably that \
             comes from the order of the list, for vocabularies are roughly sorted by how common a \
             token is"
        )
    } else {
        notes.push(
            "this table does not show the claim: its IDs do tell of its rows (was its vocabulary \
             sorted by meaning, or by the rows?)"
                .to_owned(),
        );
        format!("far more than chance: farther apart, {farther} alike")
    };
    shows.push(format!(
        "Do IDs that lie far apart have rows that are less alike? Over {} drawn by chance, the \
         rank correlation of ID distance and cosine is {} (0 says nothing, plus or minus 1 \
         everything; chance alone makes ±{}). That is {verdict}.",
        counted(measured.random.pairs, "pair"),
        cosine(rho),
        cosine(chance)
    ));
}

fn side_by_side(measured: &Labels, shows: &mut Vec<String>, notes: &mut Vec<String>) {
    let Labels { random, adjacent, .. } = measured;
    let (Some(far), Some(near)) = (random.cosines, adjacent.cosines) else { return };
    let error = |sample: &PairSample, sd: f64| sd * sd / sample.pairs as f64;
    let by_chance = (error(random, far.sd.0) + error(adjacent, near.sd.0)).sqrt();
    let more = near.mean.0 - far.mean.0;
    let verdict = if more.abs() <= (SIGNIFICANT * by_chance).max(NONE) {
        "no difference that chance would not make"
    } else if more.abs() > MUCH {
        let how = if more > 0.0 { "much more alike" } else { "much less alike" };
        notes.push(format!(
            "this table does not show the claim: rows side by side are {how} than others"
        ));
        how
    } else if more > 0.0 {
        "a little more alike: tokens that came into the vocabulary together often look or occur \
         alike"
    } else {
        "less alike"
    };
    shows.push(format!(
        "Rows side by side (ID and ID + 1) have a mean cosine of {}, rows drawn by chance {}: \
         {verdict}.",
        cosine(near.mean.0),
        cosine(far.mean.0)
    ));
}

fn left_out(measured: &Labels, notes: &mut Vec<String>) {
    let (random, adjacent) = (measured.random.left_out, measured.adjacent.left_out);
    if random + adjacent > 0 {
        notes.push(format!(
            "{random} random and {adjacent} adjacent pairs were left out: a row of theirs is all \
             zeros, or has a NaN or an infinity"
        ));
    }
}
