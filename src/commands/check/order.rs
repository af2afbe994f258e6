//! Reports the findings about the order of the rows.

use anyhow::Result;
use serde_json::json;

use super::Severity::{Problem, Unknown};
use super::{Findings, OrderInfo, OrderPlace, named};
use crate::check::Families;
use crate::check::order::{self, FEWEST_PAIRS, Judged, Order, Part, Swap};
use crate::commands::model::View;
use crate::report::Float;
use crate::stats::upper_tail;
use crate::text::{counted, grouped};
use crate::threads;

/// At most this many parts, and at most this many swapped tokens, get their own finding.
const MOST_PARTS: usize = 12;
const MOST_SWAPS: usize = 60;

pub(super) fn check(view: &View, findings: &mut Findings) -> Result<Option<OrderInfo>> {
    // `sizes` has reported the missing vocabulary.
    let Ok(vocab) = view.vocab() else { return Ok(None) };
    let n_tokens = vocab.len().min(view.table.rows_present());
    let families = Families::of(vocab, n_tokens)?;
    let order = order::judge(&view.table, vocab, &families, n_tokens, threads::available())?;
    match order.judged {
        Judged::TooFew => {
            findings.add(
                ("unjudged", Unknown),
                format!(
                    "the order of the rows can't be judged: {} of spellings of one word, and it \
                     takes {FEWEST_PAIRS}",
                    counted(order.pairs, "pair")
                ),
                "compare with a file that is known to be good: embcli check MODEL OTHER",
                json!({ "pairs": order.pairs }),
            );
            return Ok(None);
        }
        Judged::NotLearned => {
            let geometry = order.geometry.map_or((0.0, 0.0), |it| (it.z, it.chance));
            findings.add(
                ("unjudged", Unknown),
                format!(
                    "the order of the rows can't be judged: spellings of one word are no nearer \
                     than other words (mean cosine {:.3}, shuffled {:.3}), and rows have no near \
                     ones: the table seems random",
                    order.cosine, order.shuffled
                ),
                "nothing, if the table was never trained",
                json!({ "pairs": order.pairs, "nearest_z": geometry.0, "nearest_z_by_chance": geometry.1 }),
            );
        }
        Judged::Fits | Judged::Broken => {}
    }
    let told = told(&order.parts);
    for part in &told {
        self::part(part, &order, findings);
    }
    if told.len() < order.parts.len() {
        let more = (order.parts.len() - told.len()) as u64;
        findings.add(
            ("order_more", Problem),
            format!("{} more of the kind, each with fewer tokens", counted(more, "part")),
            "there is no one order that rows could be put back in: convert again",
            json!({ "parts": order.parts.len() }),
        );
    }
    for swap in order.swaps.iter().take(MOST_SWAPS) {
        self::swap(view, swap, &order, findings)?;
    }
    if let Some(more @ 1..) = order.swaps.len().checked_sub(MOST_SWAPS) {
        findings.add(
            ("order_more", Problem),
            format!("{} more have another's row", counted(more as u64, "token")),
            "too many to put back by hand: convert again",
            json!({ "swaps": order.swaps.len() }),
        );
    }
    Ok(Some(OrderInfo {
        pairs: order.pairs,
        mean_cosine: Float(order.cosine),
        shuffled: Float(order.shuffled),
        shuffled_sd: Float(order.shuffled_sd),
        effect: Float((order.cosine - order.shuffled) / order.shuffled_sd.max(f64::MIN_POSITIVE)),
        z: Float(order.z),
        p: Float(order.p()),
        judged_ids: order.judged_ids,
    }))
}

/// The parts with the most tokens, sorted by ID. Each gets its own finding.
fn told(parts: &[Part]) -> Vec<&Part> {
    let mut told: Vec<&Part> = parts.iter().collect();
    told.sort_by_key(|part| std::cmp::Reverse(part.tokens));
    told.truncate(MOST_PARTS);
    told.sort_by_key(|part| part.ids);
    told
}

fn part(part: &Part, order: &Order, findings: &mut Findings) {
    let [from_id, to_id] = part.ids;
    let place = OrderPlace { from_id, to_id, offset: part.offset };
    let tokens = format!("tokens {from_id} to {to_id}");
    let (message, next, z) = match (part.offset, order.geometry) {
        (Some(offset), _) => (
            format!(
                "{tokens} do not fit their own rows but those at ID {offset:+}: mean cosine with \
                 other spellings {:.3} there, {:.3} in place ({}, z {:.0})",
                part.expected,
                part.cosine,
                counted(part.tokens, "word"),
                part.z
            ),
            format!(
                "the rows of these tokens lie {} too {}: convert again, or move them",
                grouped(offset.unsigned_abs().into()),
                if offset > 0 { "high" } else { "low" }
            ),
            part.z,
        ),
        (None, Some(geometry)) => (
            format!(
                "{tokens} do not fit their rows at any offset: spellings of a word have mean \
                 cosine {:.3}, shuffled {:.3}, while rows do have near ones (z {:.1}, by chance \
                 {:.1})",
                order.cosine, order.shuffled, geometry.z, geometry.chance
            ),
            "rows are shuffled, or the vocabulary is another model's: take both from one model"
                .to_owned(),
            geometry.z,
        ),
        (None, None) => (
            format!(
                "{tokens} do not fit their rows at any offset: mean cosine with other spellings \
                 {:.3}, elsewhere {:.3} ({}, z {:.0})",
                part.cosine,
                part.expected,
                counted(part.tokens, "word"),
                part.z
            ),
            "rows there are shuffled, not of these tokens, or never trained: convert again"
                .to_owned(),
            part.z,
        ),
    };
    findings.place(
        ("order", Problem),
        Some(place),
        message,
        &next,
        json!({ "words": part.tokens, "cosine": part.cosine, "expected_cosine": part.expected, "z": z, "p": upper_tail(z) }),
    );
}

fn swap(view: &View, swap: &Swap, order: &Order, findings: &mut Findings) -> Result<()> {
    let [token, row] = [named(view, swap.id)?, named(view, swap.row)?];
    let offset = Some(swap.row as i64 - swap.id as i64);
    let z = (swap.expected - swap.cosine) / order.shuffled_sd.max(f64::MIN_POSITIVE);
    findings.place(
        ("order", Problem),
        Some(OrderPlace { from_id: swap.id, to_id: swap.id, offset }),
        format!(
            "token {token} has its row at {row}: cosine with its other spellings {:.3} there, \
             {:.3} in place",
            swap.expected, swap.cosine
        ),
        &format!("rows have changed places: move row {} to {}", swap.row, swap.id),
        json!({ "cosine": swap.cosine, "expected_cosine": swap.expected, "z": z, "p": upper_tail(z) }),
    );
    Ok(())
}
