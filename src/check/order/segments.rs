//! Where along the table the rows stop being those of their tokens.

/// What a change from one state to another has to be worth: about eight tokens
/// in a row that speak for it and none that speak against.
const CHANGE: f32 = 12.0;

/// As much as one token can say.
const SAY: f32 = 2.0;

/// A run of tokens in one state, as a range of their places in the sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first and one past the last.
    pub span: std::ops::Range<usize>,
    /// The state's number.
    pub state: usize,
}

/// The most likely states of a sequence that rarely changes its state.
///
/// `says(i, state)` is how much element i speaks for a state; it is clipped,
/// so that one element never decides. Viterbi's algorithm, in memory for one
/// byte an element and state.
pub fn runs(len: usize, states: usize, mut says: impl FnMut(usize, usize) -> f32) -> Vec<Run> {
    assert!((1..256).contains(&states));
    let mut scores = vec![0.0_f32; states];
    let mut came_from: Vec<u8> = Vec::with_capacity(len * states);
    for i in 0..len {
        let best = (1..states).fold(0, |best, s| if scores[s] > scores[best] { s } else { best });
        let changed = scores[best] - CHANGE;
        for (state, score) in scores.iter_mut().enumerate() {
            let change = i > 0 && changed > *score;
            came_from.push(if change { best } else { state } as u8);
            *score = if change { changed } else { *score } + says(i, state).clamp(-SAY, SAY);
        }
    }
    let mut state = (1..states).fold(0, |best, s| if scores[s] > scores[best] { s } else { best });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_where_it_is() {
        let low = |i: usize| (40..60).contains(&i) || i == 80;
        let found = runs(100, 2, |i, state| if low(i) == (state == 1) { 1.0 } else { -1.0 });
        let run = |span, state| Run { span, state };
        assert_eq!(found, [run(0..40, 0), run(40..60, 1), run(60..100, 0)]);
        assert_eq!(runs(3, 1, |_, _| f32::INFINITY), [run(0..3, 0)]);
        assert_eq!(runs(0, 2, |_, _| 0.0), []);
    }
}
