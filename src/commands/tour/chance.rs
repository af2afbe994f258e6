//! Step 5: this table and one of the same shape filled by chance.

use anyhow::Result;

use super::say::{cosine, name};
use super::{SEED, Taken, Tour, sample};
use crate::answer::{Chance, Float, Measured, TourNeighbor};
use crate::similarity::{self, Metric, Query, Rows, Search};
use crate::stats::{Histogram, edges};
use crate::text::counted;
use crate::tour::{Pairs, RandomRows, random_pairs};

/// Neighbours that are named.
const NEIGHBORS: usize = 3;

/// Bins of the histograms.
const MAX_BINS: usize = 24;

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let table = tour.table();
    let random = RandomRows { seed: SEED, n_rows: tour.present, dim: table.d_model() };
    let random_row = |id: u64| {
        let mut values = vec![0.0; random.dim];
        random.row(id, &mut values);
        Ok::<_, anyhow::Error>(values)
    };
    let learned_pairs = tour.random_pairs()?;
    let chance_pairs = random_pairs(tour.present, tour.n_pairs(), SEED, &random_row)?;
    let (edges, learned_counts, random_counts) = histograms(learned_pairs, &chance_pairs);

    let word = tour.words.word;
    let measured = Chance {
        theory_sd: Float(1.0 / (tour.d_model() as f64).sqrt()),
        learned: sample(learned_pairs),
        random: sample(&chance_pairs),
        edges: edges.into_iter().map(Float).collect(),
        learned_counts,
        random_counts,
        word: tour.token(word)?,
        learned_neighbors: tour.neighbors()?.0.iter().take(NEIGHBORS).cloned().collect(),
        random_neighbors: near(tour, &random, word, random_row(word)?, NEIGHBORS)?.0,
    };
    let (shows, notes) = words(&measured, tour);
    Ok(Taken {
        claim: "Random rows would tell tokens apart too, and need no training. But chance puts no \
                cat near a dog.",
        measured: Measured::Chance(measured),
        shows,
        notes,
    })
}

/// The rows nearest to a row by cosine, and how many were compared.
pub(super) fn near(
    tour: &Tour,
    rows: &dyn Rows,
    id: u64,
    values: Vec<f32>,
    k: usize,
) -> Result<(Vec<TourNeighbor>, u64)> {
    let search = Search { metric: Metric::Cosine, k, threads: tour.threads };
    let found = similarity::nearest(rows, tour.present, &[Query::of_row(id, values)], &search)?;
    let left_out = found.left_out.zero + found.left_out.not_finite;
    let neighbors = found.neighbors.into_iter().flatten();
    let neighbors = (1..).zip(neighbors).map(|(rank, neighbor)| {
        let cosine = Float(neighbor.score);
        Ok(TourNeighbor { rank, token: tour.token(neighbor.id)?, cosine })
    });
    // The query is no neighbour of its own.
    Ok((neighbors.collect::<Result<_>>()?, (tour.present - left_out).saturating_sub(1)))
}

/// Edges that hold the cosines of both, and how many of each are in every bin.
fn histograms(learned: &Pairs, random: &Pairs) -> (Vec<f64>, Vec<u64>, Vec<u64>) {
    let (learned, random) = (learned.cosines(), random.cosines());
    let all = learned.iter().chain(&random);
    let (min, max) = all.fold((f64::MAX, f64::MIN), |(a, b), &x| (a.min(x), b.max(x)));
    if min > max {
        return Default::default();
    }
    let edges = edges(min, max, MAX_BINS);
    let Histogram(learned) = Histogram::of(&learned, &edges);
    let Histogram(random) = Histogram::of(&random, &edges);
    (edges, learned, random)
}

fn words(measured: &Chance, tour: &Tour) -> (Vec<String>, Vec<String>) {
    let d_model = tour.d_model();
    let (mut shows, mut notes) = (Vec::new(), Vec::new());
    if let (Some(learned), Some(random)) = (measured.learned.cosines, measured.random.cosines) {
        shows.push(format!(
            "Two random directions in {}: theory says cosine 0, give or take one over the square \
             root of d_model, {}. Measured on random rows: {}, give or take {}. On this table's \
             rows: {}, give or take {}.",
            counted(d_model, "dimension"),
            cosine(measured.theory_sd.0),
            cosine(random.mean.0),
            cosine(random.sd.0),
            cosine(learned.mean.0),
            cosine(learned.sd.0),
        ));
        if learned.mean.0 > 3.0 * measured.theory_sd.0 {
            shows.push(format!(
                "Learned rows lean a common way: here {}, not 0, is what two tokens have that have \
                 nothing to do with each other.",
                cosine(learned.mean.0)
            ));
        }
        if spreads_as_random(measured) {
            notes.push(match is_near(measured) {
                true => {
                    "taken in pairs, these rows spread as random ones do: what is learned shows \
                         among the nearest alone"
                        .to_owned()
                }
                false => "this table shows no difference: its cosines spread as those of random \
                          rows do, so its own rows may well be random"
                    .to_owned(),
            });
        }
    }
    if let ([learned, ..], [random, ..]) =
        (&measured.learned_neighbors[..], &measured.random_neighbors[..])
    {
        shows.push(format!(
            "Nearest to {} here is {} ({}); in the random table it is {} ({}), and under another \
             seed it would be someone else.",
            name(&measured.word),
            name(&learned.token),
            cosine(learned.cosine.0),
            name(&random.token),
            cosine(random.cosine.0)
        ));
        if !is_near(measured) {
            let nearly = if random.cosine.0 < learned.cosine.0 { "nearly " } else { "" };
            notes.push(format!(
                "chance comes {nearly}as near as this table does ({} against {}): in {}, among so \
                 many rows, a cosine as high as this table's proves nothing by itself",
                cosine(random.cosine.0),
                cosine(learned.cosine.0),
                counted(d_model, "dimension")
            ));
        }
    }
    (shows, notes)
}

/// Whether pairs of rows lie to each other as pairs of random rows do.
pub(super) fn spreads_as_random(measured: &Chance) -> bool {
    let (Some(learned), Some(random)) = (measured.learned.cosines, measured.random.cosines) else {
        return false;
    };
    // Half a tenth of a standard deviation, or what a small sample strays.
    let n = measured.learned.pairs as f64;
    let tolerance = random.sd.0 * (0.05_f64).max(4.0 / n.sqrt());
    let off = |a: Float<f64>, b: Float<f64>| (a.0 - b.0).abs() > tolerance;
    !off(learned.mean, random.mean) && !off(learned.sd, random.sd)
}

/// Whether the word's nearest row is nearer than chance puts one, by more than
/// one seed and another differ.
pub(super) fn is_near(measured: &Chance) -> bool {
    let [learned, random] = [&measured.learned_neighbors, &measured.random_neighbors]
        .map(|neighbors| neighbors.first().map_or(-1.0, |neighbor| neighbor.cosine.0));
    learned > random + 0.1 * (1.0 - random)
}
