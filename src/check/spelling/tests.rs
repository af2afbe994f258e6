//! Tests of `judge` on made-up tables with known damage.

use std::ops::Range;

use super::*;
use crate::quant::Estimator;
use crate::rows::{ReadError, Rows};
use crate::stats::{SplitMix64, mix};

const WIDTH: usize = 24;
const WORDS: usize = 4000;

/// Words of syllables, with rows that are sums of a direction for each part of
/// the spelling, and noise: as a learned table has them.
#[derive(Clone)]
struct Made {
    words: Vec<String>,
    rows: Vec<Vec<f32>>,
}

impl Rows for Made {
    fn n_rows(&self) -> u64 {
        self.rows.len() as u64
    }

    fn dim(&self) -> usize {
        WIDTH
    }

    fn row_bytes(&self) -> usize {
        4 * WIDTH
    }

    fn estimator(&self) -> Option<Estimator> {
        None
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> std::result::Result<(), ReadError> {
        let rows = &self.rows[rows.start as usize..rows.end as usize];
        stored.clear();
        stored.extend(rows.iter().flatten().flat_map(|x| x.to_le_bytes()));
        Ok(())
    }

    fn mapped(&self, _: Range<u64>) -> Option<&[u8]> {
        None
    }

    fn release(&self, _: Range<u64>) {}

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        for (value, bytes) in values.iter_mut().zip(stored.as_chunks().0) {
            *value = f32::from_le_bytes(*bytes);
        }
    }
}

fn noise(seed: u64) -> f32 {
    (0..6).map(|i| (mix(mix(seed) ^ i) >> 40) as f32 / 16_777_216.0).sum::<f32>() - 3.0
}

impl Made {
    fn new(seed: u64) -> Self {
        const STARTS: [&str; 14] =
            ["ba", "co", "de", "fi", "gu", "ha", "jo", "ke", "li", "mo", "na", "pe", "ru", "sto"];
        const ENDS: [&str; 12] =
            ["ing", "ed", "ly", "ness", "tion", "er", "est", "able", "ous", "ism", "al", "ment"];
        let mut random = SplitMix64::new(seed);
        let direction = |tag: u64, i: usize| noise(mix(tag) ^ i as u64);
        let (mut words, mut rows) = (Vec::new(), Vec::new());
        for id in 0..WORDS as u64 {
            let [start, end] = [STARTS.len(), ENDS.len()].map(|n| random.below(n as u64) as usize);
            let (space, capital) = (random.below(2) == 0, random.below(4) == 0);
            let middle: String =
                (0..3).map(|_| char::from(b'a' + random.below(26) as u8)).collect();
            let mut word = format!("{}{middle}{}", STARTS[start], ENDS[end]);
            if capital {
                word = format!("{}{}", word[..1].to_uppercase(), &word[1..]);
            }
            words.push(if space { format!(" {word}") } else { word });
            let row = (0..WIDTH).map(|i| {
                let kind = 100 + 2 * u64::from(space) + u64::from(capital);
                direction(start as u64, i)
                    + direction(50 + end as u64, i)
                    + direction(kind, i)
                    + 0.4 * noise(seed << 40 ^ id << 8 ^ i as u64)
            });
            rows.push(row.collect());
        }
        Self { words, rows }
    }

    fn spellings(&self) -> Spellings {
        let mut builder = Builder::new();
        self.words.iter().for_each(|word| builder.push(word.as_bytes(), None));
        builder.finish()
    }

    fn judge(&self) -> Order {
        judge(self, &self.spellings(), 1, 2).unwrap()
    }

    /// The table whose row i is this one's row `from(i)`.
    fn moved(&self, from: impl Fn(usize) -> usize) -> Self {
        let rows = (0..self.rows.len()).map(|i| self.rows[from(i)].clone()).collect();
        Self { words: self.words.clone(), rows }
    }
}

fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|i| mix(mix(seed) ^ *i as u64));
    order
}

/// Where stretches are, each end within a few rows.
#[track_caller]
fn assert_stretches(order: &Order, expected: &[(u64, u64, Where)]) {
    assert_eq!(order.stretches.len(), expected.len(), "{order:?}");
    for (found, (first, last, rows)) in order.stretches.iter().zip(expected) {
        assert!(found.first.abs_diff(*first) <= 5 && found.last.abs_diff(*last) <= 5, "{found:?}");
        assert_eq!(found.rows, *rows);
    }
}

#[test]
fn what_is_in_order_is_no_alarm() {
    for seed in 0..3 {
        let made = Made::new(seed);
        let order = made.judge();
        assert_eq!((order.verdict, order.judged), (OrderVerdict::InOrder, WORDS));
        assert!(order.highest < order.bar && order.sum_r2 > 5.0, "{order:?}");
        assert!(order.redrawn.is_empty() && order.copies.is_empty() && order.blank.is_empty());
    }
    // With noise as large as what is learned.
    let mut noisy = Made::new(3);
    for (i, x) in noisy.rows.iter_mut().flatten().enumerate() {
        *x += noise(i as u64 ^ 0x5555_0000);
    }
    assert_eq!(noisy.judge().verdict, OrderVerdict::InOrder);
}

#[test]
fn rows_that_moved_are_found_where_they_are() {
    let made = Made::new(1);
    let third = WORDS / 3;
    let shifted = made.moved(|i| if i < third { i } else { i - 1 });
    assert_stretches(&shifted.judge(), &[(third as u64, WORDS as u64 - 1, Where::Offset(1))]);
    let last = WORDS as u64 - 1;
    let rolled = made.moved(|i| (i + 3) % WORDS);
    assert_stretches(&rolled.judge(), &[(0, last, Where::Offset(-3))]);
    let reversed = made.moved(|i| WORDS - 1 - i);
    assert_stretches(&reversed.judge(), &[(0, last, Where::Reversed(last as i64))]);
    let exchanged = made.moved(|i| i ^ 1);
    assert_stretches(&exchanged.judge(), &[(0, last, Where::Exchanged)]);
    let blocks = made.moved(|i| match i {
        500..564 => i + 2000,
        2500..2564 => i - 2000,
        _ => i,
    });
    assert_stretches(
        &blocks.judge(),
        &[(500, 563, Where::Offset(2000)), (2500, 2563, Where::Offset(-2000))],
    );
}

#[test]
fn rows_that_are_nowhere_are_told_from_noise() {
    let made = Made::new(2);
    let permuted = shuffled(100, 4);
    let band = made.moved(|i| if (700..800).contains(&i) { 700 + permuted[i - 700] } else { i });
    assert_stretches(&band.judge(), &[(700, 799, Where::Nowhere)]);

    let permuted = shuffled(WORDS, 5);
    let all = made.moved(|i| permuted[i]).judge();
    assert_eq!(all.verdict, OrderVerdict::Broken);
    assert_stretches(&all, &[(0, WORDS as u64 - 1, Where::Nowhere)]);

    let mut random = made.clone();
    random.rows.iter_mut().flatten().enumerate().for_each(|(i, x)| *x = 1.0 + noise(i as u64));
    assert_eq!(random.judge().verdict, OrderVerdict::NotLearned);

    let few = Made { words: made.words[..60].to_vec(), rows: made.rows[..60].to_vec() };
    assert_eq!(few.judge().verdict, OrderVerdict::TooFew);
}

#[test]
fn single_rows_are_found() {
    let made = Made::new(4);
    let mut copied = made.clone();
    copied.rows[100] = made.rows[3000].clone();
    let copies = copied.judge().copies;
    assert_eq!(copies.iter().map(|it| it.id).collect::<Vec<_>>(), [100]);
    let mut blank = made.clone();
    let mean: Vec<f32> = (0..WIDTH)
        .map(|i| made.rows.iter().map(|row| row[i]).sum::<f32>() / WORDS as f32)
        .collect();
    blank.rows[7] = mean;
    blank.rows[9][3] = f32::NAN;
    assert_eq!(blank.judge().blank, [7, 9]);

    // So many rows are the mean row that they have moved the mean.
    let mean = blank.rows[7].clone();
    let mut many = made.clone();
    many.rows[3600..].fill(mean);
    let found = many.judge();
    assert_eq!((found.blank, found.stretches), ((3600..4000).collect(), vec![]));
}

#[test]
fn the_answer_does_not_depend_on_threads() {
    let made = Made::new(5).moved(|i| if i < 2000 { i } else { i - 1 });
    let spellings = made.spellings();
    let one = judge(&made, &spellings, 1, 1).unwrap();
    assert_eq!(judge(&made, &spellings, 1, 3).unwrap(), one);
}
