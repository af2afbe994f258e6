//! From evidence to what is wrong where.

use std::ops::Range;

use super::Result;

use super::evidence::{Asked, Evidence, Scale, strange_row};
use super::fit::{Fit, Pair, folds};
use super::frame::{Frame, Kind, LEARNED_FROM, in_order};
use super::path::{self, Bar, CHANCE, Pairing, Run};
use super::tokens::{Role, Spellings};
use super::{Order, OrderVerdict, Stretch, Where};
use super::{equal, search, singles};
use crate::rows::Rows;
use crate::stats::sample;
use crate::threads::{self, Pieces};

/// Rounds of looking, dropping what disagrees, and fitting again.
const ROUNDS: usize = 4;

/// The most pairings that are states of the path.
const HYPOTHESES: usize = 12;

/// The state of tokens whose rows are not there.
pub const NOWHERE: u8 = u8::MAX;

/// Right pairs must lie above strangers by this many standard errors, a chance of one
/// in a billion.
const SURE: f64 = 6.0;

/// The squared correlation that has to be visible before rows are said to show
/// no spelling at all. Every learned table that was ever measured has a first
/// one of 0.8 and more.
const LEAST: f64 = 0.25;

/// What is known so far.
pub struct Judge<'a> {
    pub rows: &'a dyn Rows,
    pub tokens: &'a Spellings,
    pub n: usize,
    pub frame: &'a Frame,
    pub seed: u64,
    /// Rows that are the mean row, for more than the sampling error of it.
    pub means: Vec<u32>,
    /// Where rows may lie.
    pub hypotheses: Vec<Pairing>,
    /// For each token, which of them holds.
    pub states: Vec<u8>,
}

/// What a fit shows.
pub struct Look<'a> {
    /// How much rows say for tokens.
    pub evidence: Evidence<'a>,
    /// What that means in this table.
    pub scale: Scale,
    /// What the row in each token's own place says; NaN where it can't tell.
    own: Vec<f32>,
}

impl Look<'_> {
    /// The score of the row in a token's own place, 0 where it can't tell.
    fn own(&self, token: u32, cap: f32) -> f32 {
        let e = self.own[token as usize];
        if e.is_nan() { 0.0 } else { self.scale.score(e).clamp(-cap, cap) }
    }

    /// How much a row says for being a token's; `None` where it can't tell.
    pub fn says(&self, token: u32, row: u32) -> Option<f32> {
        if token == row {
            let e = self.own[token as usize];
            return (!e.is_nan()).then_some(e);
        }
        let evidence = &self.evidence;
        evidence.can_tell(token, row).then(|| evidence.says(&evidence.ask(token), row))
    }
}

/// Tokens that a thread asks one after the other.
const ASKED: u64 = 4096;

/// What the evidence for `n` pairs of token and row is; NaN where it can't tell.
fn said(
    evidence: &Evidence,
    n: usize,
    threads: usize,
    pair: impl Fn(u32) -> Option<Pair> + Sync,
) -> Vec<f32> {
    let pieces = Pieces::new(n as u64, ASKED);
    let of = |i: u32| {
        let told = pair(i).filter(|[token, row]| evidence.can_tell(*token, *row));
        told.map_or(f32::NAN, |[token, row]| evidence.says(&evidence.ask(token), row))
    };
    let parts: Result<_> = threads::each(pieces.threads(threads), || {
        let mut parts = Vec::new();
        while let Some(piece) = pieces.next() {
            parts.push((piece.start, (piece.start as u32..piece.end as u32).map(of).collect()));
        }
        Ok(parts)
    });
    in_order::<Vec<f32>>(parts.unwrap_or_default()).concat()
}

impl<'a> Judge<'a> {
    /// The row of a token as far as is known.
    pub fn row_of(&self, token: u32) -> Option<u32> {
        let state = self.states[token as usize];
        self.hypotheses.get(usize::from(state))?.row(token, self.n)
    }

    /// Fits what is known so far. Where little of the sample is left, tokens
    /// from elsewhere are taken.
    pub fn look(&self) -> Result<Look<'a>> {
        let pair = |token: u32| self.row_of(token).map(|row| [token, row]);
        let mut pairs: Vec<Pair> = self.frame.sample.iter().filter_map(|id| pair(*id)).collect();
        if pairs.len() < self.frame.sample.len() / 2 {
            let heard =
                (0..self.n as u32).filter(|id| self.tokens.role(*id as usize) != Role::Silent);
            let all: Vec<Pair> = heard.filter_map(pair).collect();
            let chosen = sample(all.len() as u64, LEARNED_FROM, 2);
            pairs = chosen.into_iter().map(|i| all[i as usize]).collect();
        }
        let fit =
            Fit::of(self.rows, self.frame, self.tokens, &pairs, folds(pairs.len()), self.seed)?;
        let mut places = fit.place(self.rows, self.frame, self.n)?;
        places.no_direction(&self.means);
        let level = self.frame.level;
        let evidence = Evidence::of(level, self.tokens, fit, places, |token| self.row_of(token));
        let threads = self.frame.threads;
        let own = said(&evidence, self.n, threads, |id| Some([id, id]));
        // What evidence means in this table, from the pairs known so far and
        // the same tokens with strange rows.
        let asked = sample(self.n as u64, 1 << 17, 9);
        let strange = said(&evidence, asked.len(), threads, |i| {
            let token = asked[i as usize] as u32;
            self.row_of(token).map(|row| [token, strange_row(row, self.n, self.seed)])
        });
        let none = || std::iter::empty::<f32>();
        let mut look = Look { evidence, scale: Scale::of(none(), none()), own };
        let right = asked.iter().map(|id| *id as u32);
        let right = right.filter_map(|token| look.says(token, self.row_of(token)?));
        look.scale = Scale::of(right, strange.into_iter().filter(|e| !e.is_nan()));
        Ok(look)
    }

    /// How much a token speaks for its row under a pairing.
    fn score(&self, look: &Look, cap: f32, token: u32, asked: &Asked, pairing: Pairing) -> f32 {
        match pairing.row(token, self.n) {
            Some(row) if look.evidence.can_tell(token, row) => {
                look.scale.score(look.evidence.says(asked, row)).clamp(-cap, cap)
            }
            Some(_) => 0.0,
            None => -cap,
        }
    }

    /// The path through the table.
    ///
    /// A place for rows that are not in theirs counts for a quarter: rows have
    /// to be refuted where they are, and then the place only has to be better
    /// than none. Else words of one kind would be sent to rows that are more
    /// usual for the kind than their own.
    fn path(&self, look: &Look, bar: &Bar) -> Vec<Run> {
        let cap = bar.cap();
        let states = self.hypotheses.len() + 1;
        path::runs(self.n, states, (bar.height / 2.0) as f32, |token, out| {
            let token = token as u32;
            if self.tokens.role(token as usize) != Role::Judged {
                return;
            }
            out[0] = look.own(token, cap);
            if self.hypotheses.len() == 1 {
                return;
            }
            let asked = look.evidence.ask(token);
            for (out, pairing) in out.iter_mut().zip(&self.hypotheses).skip(1) {
                *out = 0.25 * self.score(look, cap, token, &asked, *pairing);
            }
        })
    }

    /// How much a run speaks against rows being in place, how much for where
    /// they are said to be, and how many tokens of it were judged.
    fn weigh(&self, look: &Look, cap: f32, run: &Run) -> (f64, f64, u64) {
        let (mut against, mut for_it, mut judged) = (0.0, 0.0, 0);
        for token in run.span.start as u32..run.span.end as u32 {
            if self.tokens.role(token as usize) == Role::Judged {
                let asked = look.evidence.ask(token);
                let score = |pairing| f64::from(self.score(look, cap, token, &asked, pairing));
                judged += 1;
                against -= f64::from(look.own(token, cap));
                for_it += self.hypotheses.get(run.state).map_or(0.0, |pairing| score(*pairing));
            }
        }
        (against, for_it, judged)
    }

    /// Joins stretches over tokens that may as well lie where the stretches do, and
    /// takes such tokens in at both ends of the table. To count as in place, they have
    /// to score the bar over the place of the stretch: what a stretch has to score
    /// over being in place.
    fn bridged(&mut self, look: &Look, bar: &Bar, stretches: Vec<Stretch>) -> Vec<Stretch> {
        let mut bridged: Vec<Stretch> = Vec::new();
        for mut stretch in stretches {
            let state = self.states[stretch.first as usize];
            match bridged.last_mut() {
                Some(before) if before.rows != stretch.rows => {}
                Some(before) if self.may_be(look, bar, before.last + 1..stretch.first, state) => {
                    self.states[before.last as usize..stretch.first as usize].fill(state);
                    before.last = stretch.last;
                    before.seen[1] = stretch.seen[1];
                    before.nats += stretch.nats;
                    before.judged += stretch.judged;
                    continue;
                }
                None if self.may_be(look, bar, 0..stretch.first, state) => {
                    self.states[..stretch.first as usize].fill(state);
                    stretch.first = 0;
                }
                _ => {}
            }
            bridged.push(stretch);
        }
        if let Some(last) = bridged.last_mut() {
            let state = self.states[last.last as usize];
            if self.may_be(look, bar, last.last + 1..self.n as u64, state) {
                self.states[last.last as usize..].fill(state);
                last.last = self.n as u64 - 1;
            }
        }
        bridged
    }

    /// Whether tokens may lie where a state says: their own rows do not fit them so
    /// much better.
    fn may_be(&self, look: &Look, bar: &Bar, tokens: Range<u64>, state: u8) -> bool {
        let Some(pairing) = self.hypotheses.get(usize::from(state)) else { return false };
        let cap = bar.cap();
        let judged = (tokens.start as u32..tokens.end as u32)
            .filter(|token| self.tokens.role(*token as usize) == Role::Judged);
        let lead = judged.map(|token| {
            let there = self.score(look, cap, token, &look.evidence.ask(token), *pairing);
            f64::from(look.own(token, cap) - there)
        });
        lead.sum::<f64>() < bar.height
    }

    /// The highest score against rows in place of any run of tokens in place.
    fn highest(&self, look: &Look, cap: f32) -> f64 {
        let (mut height, mut highest) = (0.0_f64, 0.0_f64);
        for token in 0..self.n as u32 {
            if self.states[token as usize] != 0 {
                height = 0.0;
            } else if self.tokens.role(token as usize) == Role::Judged {
                height = (height - f64::from(look.own(token, cap))).max(0.0);
                highest = highest.max(height);
            }
        }
        highest
    }
}

/// Judges a table.
pub fn judge(rows: &dyn Rows, tokens: &Spellings, seed: u64, threads: usize) -> Result<Order> {
    let n = tokens.len().min(usize::try_from(rows.n_rows()).unwrap_or(usize::MAX));
    let Some(frame) = Frame::of(rows, tokens, n, threads)? else {
        return Ok(Order::unjudged(OrderVerdict::TooFew));
    };
    let mut judge = Judge {
        rows,
        tokens,
        n,
        frame: &frame,
        seed,
        means: Vec::new(),
        hypotheses: vec![Pairing::Shift(0)],
        states: vec![0; n],
    };
    let mut look = judge.look()?;
    let groups = equal::groups(&judge, &look)?;
    judge.means = equal::means(&judge, &groups)?;
    if !judge.means.is_empty() {
        look = judge.look()?;
    }
    let judged = look.own.iter().filter(|e| !e.is_nan()).count();
    if look.scale.order().0 < SURE {
        // Not in order as it is.
        let all: Vec<u32> = (0..n as u32).collect();
        let Some(pairing) = search::elsewhere(&judge, &all)? else {
            let verdict = if !frame.spectrum.is_learned() {
                OrderVerdict::NotLearned
            } else if frame.least(tokens.n_features(), judged) > LEAST {
                OrderVerdict::TooFew
            } else {
                OrderVerdict::Broken
            };
            let mut order =
                Order { judged, sum_r2: look.evidence.sum_r2(), ..Order::unjudged(verdict) };
            if verdict == OrderVerdict::Broken {
                order.stretches.push(Stretch {
                    first: 0,
                    last: n as u64 - 1,
                    rows: Where::Nowhere,
                    nats: 0.0,
                    judged: judged as u64,
                    seen: [0, n as u64 - 1],
                });
            }
            return Ok(order);
        };
        judge.hypotheses.push(pairing);
        judge.states.fill(1);
        look = judge.look()?;
    }
    let mut bar = Bar::ideal(judged);
    let mut runs;
    let mut round = 0;
    loop {
        round += 1;
        runs = judge.path(&look, &bar);
        let wrong: Vec<Run> = runs.iter().filter(|run| run.state != 0).cloned().collect();
        if wrong.is_empty() {
            break;
        }
        let found = search::offsets(&judge, &look, &bar, &runs);
        let mut is_new = false;
        for pairing in found {
            if judge.hypotheses.len() < HYPOTHESES && !judge.hypotheses.contains(&pairing) {
                judge.hypotheses.push(pairing);
                is_new = true;
            }
        }
        if is_new {
            runs = judge.path(&look, &bar);
        }
        let before = judge.states.clone();
        let nowhere = judge.hypotheses.len();
        for run in &runs {
            let state = if run.state == nowhere { NOWHERE } else { run.state as u8 };
            judge.states[run.span.clone()].fill(state);
        }
        let same = before == judge.states;
        if same || round == ROUNDS {
            break;
        }
        // What is left may have an order of its own.
        let left: Vec<u32> =
            (0..n as u32).filter(|id| judge.states[*id as usize] == NOWHERE).collect();
        if 2 * left.len() > n
            && judge.hypotheses.len() < HYPOTHESES
            && let Some(pairing) = search::elsewhere(&judge, &left)?
        {
            if !judge.hypotheses.contains(&pairing) {
                judge.hypotheses.push(pairing);
            }
            let state = judge.hypotheses.iter().position(|it| *it == pairing).unwrap_or(0) as u8;
            left.iter().for_each(|id| judge.states[*id as usize] = state);
        }
        look = judge.look()?;
        let cap = Bar::ideal(judged).cap();
        let found = said(&look.evidence, n, threads, |id| Some([id, judge.row_of(id)?]));
        let found = found.into_iter().filter(|e| !e.is_nan());
        bar = Bar::of(found.map(|e| (-look.scale.score(e)).clamp(-cap, cap)), cap);
    }
    let cap = bar.cap();
    // A place has to fit at least half as well as rows in place do.
    let of_right = look.scale.of_right(cap);
    let mut stretches = Vec::new();
    judge.states.fill(0);
    for run in runs.iter().filter(|run| run.state != 0) {
        let (against, for_it, judged) = judge.weigh(&look, cap, run);
        if against < bar.height {
            continue;
        }
        let (rows, state) = match judge.hypotheses.get(run.state) {
            Some(pairing) if for_it > 0.5 * of_right * judged as f64 => (
                match pairing {
                    Pairing::Shift(offset) => Where::Offset(*offset),
                    Pairing::Mirror(sum) => Where::Reversed(*sum),
                    Pairing::Exchange(_) => Where::Exchanged,
                },
                run.state as u8,
            ),
            _ => (Where::Nowhere, NOWHERE),
        };
        judge.states[run.span.clone()].fill(state);
        stretches.push(Stretch {
            first: run.span.start as u64,
            last: run.span.end as u64 - 1,
            rows,
            nats: if rows == Where::Nowhere { against } else { against + for_it },
            judged,
            seen: [run.span.start as u64, run.span.end as u64 - 1],
        });
    }
    let stretches = judge.bridged(&look, &bar, stretches);
    let singles = singles::find(&judge, &look, &groups)?;
    let is_broken = !stretches.is_empty() || !singles.swaps.is_empty();
    Ok(Order {
        verdict: if is_broken { OrderVerdict::Broken } else { OrderVerdict::InOrder },
        judged,
        sum_r2: look.evidence.sum_r2(),
        bar: bar.height,
        highest: judge.highest(&look, cap),
        smallest: look.scale.fewest(&bar),
        stretches,
        swaps: singles.swaps,
        copies: singles.copies,
        redrawn: singles.redrawn,
        untrained: singles.untrained,
        blank: blank(&judge, &look.evidence),
    })
}

/// Ordinary tokens whose rows have no direction.
fn blank(judge: &Judge, evidence: &Evidence) -> Vec<u64> {
    let judged = (0..judge.n as u32).filter(|id| judge.tokens.role(*id as usize) == Role::Judged);
    let blank =
        judged.filter(|id| judge.row_of(*id).is_some_and(|row| evidence.kind(row) == Kind::None));
    blank.map(u64::from).collect()
}

/// The price of an offset: small ones are likelier.
pub fn price(offset: i64) -> f64 {
    (2.0 * offset.unsigned_abs() as f64 + 2.0).ln() - CHANCE.ln()
}
