//! Step 1: what a token's ID tells of its row.

use anyhow::Result;

use super::say::{cosine, factor, name};
use super::{SEED, Taken, Tour, sample};
use crate::answer::{Float, Labels, Measured, PairSample};
use crate::similarity::{Metric, norm};
use crate::text::counted;
use crate::tour::{adjacent_pairs, rank_correlation};

/// As many standard deviations as chance is not believed to reach.
const SIGNIFICANT: f64 = 4.0;

/// A correlation that is no longer little.
const MUCH: f64 = 0.3;

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let ids = [tour.words.word, tour.words.alike];
    let [low, high] = [ids[0].min(ids[1]), ids[0].max(ids[1])];
    let (a, b) = (tour.table().row(low)?, tour.table().row(high)?);
    let (a, b) = ((&*a, norm(&a)), (&*b, norm(&b)));

    let pairs = tour.random_pairs()?;
    let adjacent = adjacent_pairs(tour.present, tour.n_pairs(), SEED, &|id| tour.table().row(id))?;
    let n = pairs.pairs.len();
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
    let (mut shows, mut notes) = (vec![two(&measured)], Vec::new());
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

fn two(measured: &Labels) -> String {
    let [low, high] = &measured.two;
    let ratio = match measured.id_ratio {
        Some(Float(ratio)) => format!(", {} times as large a number", factor(ratio)),
        None => String::new(),
    };
    format!(
        "{} is ID {}, {} is ID {}{ratio}. But its row is {} times as long, and the cosine of the \
         two is {}: none of that can be read off the IDs.",
        name(low),
        low.id,
        name(high),
        high.id,
        factor(measured.norm_ratio.0),
        cosine(measured.cosine.0)
    )
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
    let verdict = if rho.abs() <= SIGNIFICANT * chance {
        "no more than chance: from two IDs nothing can be told of two rows"
    } else if rho.abs() < MUCH {
        "more than chance, and little. What there is comes from the order of the list: \
         vocabularies are roughly sorted by how common a token is, and rare tokens' rows differ \
         from common ones'"
    } else {
        notes.push(
            "this table does not show the claim: its IDs do tell of its rows (was its vocabulary \
             sorted by meaning, or by the rows?)"
                .to_owned(),
        );
        "far more than chance"
    };
    shows.push(format!(
        "Do IDs that lie far apart have rows that are less alike? Over {} drawn by chance, the \
         rank correlation of ID distance and cosine is {}. (At 0 one tells nothing of the other; \
         chance alone strays from there by {}.) That is {verdict}.",
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
    let verdict = if more.abs() <= SIGNIFICANT * by_chance {
        "no difference that chance would not make"
    } else if more > MUCH {
        notes.push(
            "this table does not show the claim: rows side by side are much more alike than others"
                .to_owned(),
        );
        "much more alike"
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
