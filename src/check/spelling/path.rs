//! The likeliest path through the table (which row is each token's), and the score
//! that a run of wrong rows needs.

use std::ops::Range;

/// Where a token's row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pairing {
    /// So many rows further on.
    Shift(i64),
    /// At the sum less the ID: rows in reverse order.
    Mirror(i64),
    /// Every even row and the next odd one have changed places; or, with true,
    /// every odd row and the next even one.
    Exchange(bool),
}

impl Pairing {
    /// The row of a token of a table of `n` rows, if it has one there.
    pub fn row(self, token: u32, n: usize) -> Option<u32> {
        let token = i64::from(token);
        let row = match self {
            Self::Shift(offset) => token + offset,
            Self::Mirror(sum) => sum - token,
            Self::Exchange(false) => token ^ 1,
            Self::Exchange(true) => ((token + 1) ^ 1) - 1,
        };
        u32::try_from(row).ok().filter(|row| (*row as usize) < n)
    }
}

/// A run of tokens in one state.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The first token and one past the last.
    pub span: Range<usize>,
    /// The state's number.
    pub state: usize,
}

/// The sequence of states with the highest total score, as runs. Each change of state
/// costs `price` (Viterbi 1967). `scores(i, out)` tells how much token i speaks for each
/// state.
pub fn runs(
    len: usize,
    states: usize,
    price: f32,
    mut scores: impl FnMut(usize, &mut [f32]),
) -> Vec<Run> {
    assert!((1..256).contains(&states));
    let (mut totals, mut here) = (vec![0.0_f32; states], vec![0.0_f32; states]);
    let mut came_from: Vec<u8> = Vec::with_capacity(len * states);
    for i in 0..len {
        here.fill(0.0);
        scores(i, &mut here);
        let best = (1..states).fold(0, |best, s| if totals[s] > totals[best] { s } else { best });
        let (changed, lowest) = (totals[best] - price, totals[best]);
        for (state, total) in totals.iter_mut().enumerate() {
            let change = i > 0 && changed > *total;
            came_from.push(if change { best } else { state } as u8);
            // Totals relative to the best: no sum grows out of precision.
            *total = if change { changed } else { *total } + here[state] - lowest;
        }
    }
    let mut state = (1..states).fold(0, |best, s| if totals[s] > totals[best] { s } else { best });
    let mut runs: Vec<Run> = Vec::new();
    for i in (0..len).rev() {
        match runs.last_mut() {
            Some(run) if run.state == state => run.span.start = i,
            _ => runs.push(Run { span: i..i + 1, state }),
        }
        state = usize::from(came_from[i * states + state]);
    }
    runs.reverse();
    runs
}

/// The chance of one false run in a whole table.
pub const CHANCE: f64 = 0.01;

/// How high a run of wrong rows has to score to be believed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// The score.
    pub height: f64,
    /// How fast high runs become rare among right rows, per nat. 1 where
    /// scores are what they claim to be and tokens independent.
    pub rate: f64,
}

/// Classes that scores are put in.
const CLASSES: usize = 8;

impl Bar {
    /// Where scores are what they claim to be.
    pub fn ideal(tokens: usize) -> Self {
        Self { height: (tokens.max(1) as f64 / CHANCE).ln(), rate: 1.0 }
    }

    /// The most that one token may say: so much that four in a row can be
    /// believed, and three never.
    pub fn cap(&self) -> f32 {
        (self.height / 3.5) as f32
    }

    /// From scores *against* their own rows of tokens that are in order.
    ///
    /// The best runs of such scores are exponentially rare in their height: of
    /// n tokens, about n e^(-rate h) runs are higher than h. Where each score
    /// depends on the one before, the rate is that at which the matrix of
    /// transitions from class to class, each times e^(rate x score), has the
    /// largest eigenvalue 1 (Karlin and Dembo 1992). So it knows of right rows
    /// that look wrong, and of their coming in pairs.
    pub fn of(scores: impl Iterator<Item = f32> + Clone, cap: f32) -> Self {
        let class = |score: f32| {
            let place = (score / cap + 1.0) / 2.0 * CLASSES as f32;
            (place.max(0.0) as usize).min(CLASSES - 1)
        };
        let mut counts = [[0.0_f64; CLASSES]; CLASSES];
        let (mut sums, mut n) = ([[0.0_f64; 2]; CLASSES], 0_usize);
        let mut before = None;
        for score in scores {
            let here = class(score);
            n += 1;
            sums[here][0] += 1.0;
            sums[here][1] += f64::from(score);
            if let Some(before) = before.replace(here) {
                let from: &mut [f64; CLASSES] = &mut counts[before];
                from[here] += 1.0;
            }
        }
        let mean = sums.map(|[n, sum]| if n > 0.0 { sum / n } else { 0.0 });
        let share = sums.map(|[count, _]| count / n.max(1) as f64);
        // A class that was hardly seen follows the share of all.
        let transitions: [[f64; CLASSES]; CLASSES] = std::array::from_fn(|i| {
            let all: f64 = counts[i].iter().sum::<f64>() + 1.0;
            std::array::from_fn(|j| (counts[i][j] + share[j]) / all)
        });
        let growth = |rate: f64| {
            let mut vector = [1.0_f64; CLASSES];
            let mut largest = 1.0;
            for _ in 0..60 {
                let next: [f64; CLASSES] = std::array::from_fn(|i| {
                    (0..CLASSES)
                        .map(|j| transitions[i][j] * (rate * mean[j]).exp() * vector[j])
                        .sum()
                });
                largest = next.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
                vector = next.map(|x| x / largest);
            }
            largest
        };
        // Growth is convex in the rate and 1 at 0; it is 1 again at the rate
        // that is sought, if that is at most 1.
        let (mut low, mut high) = (0.0, 1.0);
        if growth(1.0) > 1.0 {
            for _ in 0..40 {
                let middle = (low + high) / 2.0;
                if growth(middle) > 1.0 { high = middle } else { low = middle }
            }
        }
        let rate = f64::max(high, 0.05);
        Self { height: (n.max(1) as f64 / CHANCE).ln() / rate, rate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_where_it_is() {
        let low = |i: usize| (40..60).contains(&i) || i == 80;
        let found = runs(100, 2, 8.0, |i, out| {
            out[0] = if low(i) { -1.0 } else { 1.0 };
        });
        let run = |span, state| Run { span, state };
        assert_eq!(found, [run(0..40, 0), run(40..60, 1), run(60..100, 0)]);
        assert_eq!(runs(0, 2, 1.0, |_, _| {}), []);
    }

    #[test]
    fn pairings_lead_to_rows_that_are_there() {
        assert_eq!(Pairing::Shift(-1).row(0, 9), None);
        assert_eq!(Pairing::Shift(3).row(6, 9), None);
        assert_eq!(Pairing::Mirror(8).row(2, 9), Some(6));
        let exchanged = |odd| [0, 1, 2, 3].map(|i| Pairing::Exchange(odd).row(i, 4));
        assert_eq!(exchanged(false), [Some(1), Some(0), Some(3), Some(2)]);
        assert_eq!(exchanged(true), [None, Some(2), Some(1), None]);
    }
}
