//! Step 5: this table, and a random table of the same shape.

use std::convert::Infallible;

use super::*;
use crate::stats::{edges, histogram};
use crate::tour::{Pairs, RandomRows, random_pairs};

/// The number of neighbours that are shown.
const NEIGHBORS: usize = 3;

/// At most this many bins in a histogram.
const MAX_BINS: usize = 24;

/// The columns of the longest bar.
const BAR: usize = 26;

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "Random rows would tell tokens apart too, and need no training. But chance puts \
                  no cat near a dog.";
    let random = RandomRows { seed: SEED, n_rows: tour.present, dim: tour.table().d_model() };
    let learned_pairs = tour.random_pairs()?;
    let drawn = random_pairs(tour.present, tour.n_pairs(), SEED);
    let random_pairs = Pairs::of(drawn, |id| Ok::<_, Infallible>(random.row(id)))?;
    let theory = 1.0 / (tour.d_model() as f64).sqrt();
    step.value("theory_sd", theory);
    step.table(
        "",
        &hidden(SAMPLE),
        [sample("learned", "", learned_pairs), sample("random", "", &random_pairs)],
    );

    let cosines = [&*learned_pairs.cosines, &*random_pairs.cosines];
    let all = || cosines.iter().copied().flatten().copied();
    let (min, max) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
    let edges = if min <= max { edges(min, max, MAX_BINS) } else { Vec::new() };
    let counts = cosines.map(|cosines| histogram(cosines, &edges));
    let [learned_counts, random_counts] = [&*counts[0], &*counts[1]];
    values!(step, edges = &*edges, learned_counts, random_counts);
    if !edges.is_empty() {
        let most = counts.iter().flatten().copied().max().unwrap_or(0);
        step.drawing(histograms(&edges, &counts, most.max(1), theory));
        step.line(format!(
            "(The longest bar is {}, and · is fewer than a block. In theory most random pairs lie \
             between the marks ±: 0 plus and minus one over the square root of d_model, {}.)",
            counted(most, "pair"),
            cosine(theory)
        ));
    }

    let id = tour.examples.word;
    let word = tour.token(id)?;
    let here = tour.neighbors()?.0.iter().take(NEIGHBORS).cloned().collect::<Vec<_>>();
    let there = tour.near(&random, random.row(id), NEIGHBORS)?.0;
    step.value("word", &word);
    for (name, neighbors) in [("learned_neighbors", &here), ("random_neighbors", &there)] {
        step.table(name, &hidden(NEAR), neighbors.iter().map(Near::row));
    }
    let cells = |near: Option<&Near>| match near {
        Some(near) => [Value::from(&near.token), near.cosine.into()],
        None => [Value::Null, Value::Null],
    };
    let both = (0..here.len().max(there.len())).map(|i| {
        let ([a, b], [c, d]) = (cells(here.get(i)), cells(there.get(i)));
        row![i + 1, a, b, c, d]
    });
    step.line(format!("Nearest to {}:", short(&word)));
    step.table(
        "",
        &[
            ("", "rank", Id),
            ("", "in this table", Word),
            ("", "cosine", Cosine),
            ("", "in the random one", Word),
            ("", "cosine", Cosine),
        ],
        both,
    );
    let dimensions = &counted(tour.d_model(), "dimension");
    pairs([learned_pairs, &random_pairs], theory, dimensions, is_near(&here, &there), step);
    nearest(&word, &here, &there, dimensions, step);
    step.next(tour.call("stats", &[], "")?, "the shape of this table");
    step.next(tour.call("neighbors", &[id], "--centre")?, "without the way that all rows lean");
    step.next(tour.call("check", &[], "")?, "are the rows in the order of the vocabulary?");
    Ok(())
}

/// Draws two histograms, a bin a line: this table on the left, the random one on
/// the right. `±` marks the bins of plus and minus `sd`.
fn histograms(edges: &[f64], counts: &[Vec<u64>; 2], most: u64, sd: f64) -> Vec<String> {
    let bar = |count: u64| {
        let length = (count as f64 / most as f64 * BAR as f64).round() as usize;
        // A bin with few pairs must not look empty.
        if count > 0 && length == 0 { "·".to_owned() } else { "█".repeat(length) }
    };
    let mut lines = vec![format!("{:<18}  {:<BAR$}  random rows", "cosine", "this table")];
    let bins = edges.windows(2).zip(counts[0].iter().zip(&counts[1]));
    for (edges, (learned, random)) in bins {
        let is_marked = [sd, -sd].iter().any(|x| edges[0] <= *x && *x < edges[1]);
        let mark = if is_marked { "±" } else { "" };
        let axis = format!("{:>6.2} to {:>6.2} {mark}", edges[0] + 0.0, edges[1] + 0.0);
        let line = format!("{axis:<18}  {:<BAR$}  {}", bar(*learned), bar(*random));
        lines.push(line.trim_end().to_owned());
    }
    lines
}

fn pairs(both: [&Pairs; 2], theory: f64, dimensions: &str, is_near: bool, step: &mut TourStep) {
    let [Some(learned), Some(random)] = both.map(spread) else { return };
    let [theory_sd, random_mean, random_sd, mean, sd] =
        [theory, random.mean(), random.sd(), learned.mean(), learned.sd()].map(cosine);
    step.show(format!(
        "Two random directions in {dimensions}: theory says cosine 0, give or take one over the \
         square root of d_model, {theory_sd}. Measured on random rows: {random_mean}, give or take \
         {random_sd}. On this table's rows: {mean}, give or take {sd}."
    ));
    if learned.mean() > 3.0 * theory {
        step.show(format!(
            "Learned rows lean a common way: here {mean}, not 0, is what two tokens have that have \
             nothing to do with each other."
        ));
    }
    // A twentieth of a standard deviation, or the error of a small sample.
    let tolerance = random.sd() * (0.05_f64).max(4.0 / (both[0].cosines.len() as f64).sqrt());
    let off = |a: f64, b: f64| (a - b).abs() > tolerance;
    if !off(learned.mean(), random.mean()) && !off(learned.sd(), random.sd()) {
        step.note(match is_near {
            true => {
                "taken in pairs, these rows spread as random ones do: what is learned shows among \
                 the nearest alone"
            }
            false => {
                "this table shows no difference: its cosines spread as those of random rows do, so \
                 its own rows may well be random"
            }
        });
    }
}

fn nearest(word: &TourToken, here: &[Near], there: &[Near], dimensions: &str, step: &mut TourStep) {
    let ([learned, ..], [random, ..]) = (here, there) else { return };
    let [word, a, b] = [word, &learned.token, &random.token].map(name);
    let [a_cosine, b_cosine] = [learned.cosine, random.cosine].map(cosine);
    step.show(format!(
        "Nearest to {word} here is {a} ({a_cosine}); in the random table it is {b} ({b_cosine}), \
         and under another seed it would be someone else."
    ));
    if !is_near(here, there) {
        let nearly = if random.cosine < learned.cosine { "nearly " } else { "" };
        step.note(format!(
            "chance comes {nearly}as near as this table does ({b_cosine} against {a_cosine}): in \
             {dimensions}, among so many rows, a cosine as high as this table's proves nothing by \
             itself"
        ));
    }
}

/// Whether the word's nearest row is nearer than in the random table, by more
/// than another seed could change.
fn is_near(here: &[Near], there: &[Near]) -> bool {
    let [learned, random] =
        [here, there].map(|neighbors| neighbors.first().map_or(-1.0, |near| near.cosine));
    learned > random + 0.1 * (1.0 - random)
}
