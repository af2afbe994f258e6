//! The order of the rows, put into words.

use anyhow::Result;
use serde_json::json;

use super::Findings;
use super::Severity::{Problem, Unknown};
use super::{OrderInfo, OrderPlace};
use crate::check::Families;
use crate::check::order::{self, FEWEST_PAIRS, Judged, Order, Part, Swap};
use crate::commands::model::View;
use crate::report::Float;
use crate::stats::upper_tail;
use crate::text::{counted, grouped, quoted};

/// At most this many parts, and this many tokens with another token's row, are
/// reported one by one.
const MOST_PARTS: usize = 12;
const MOST_SWAPS: usize = 60;

pub(super) fn check(
    view: &View,
    threads: usize,
    findings: &mut Findings,
) -> Result<Option<OrderInfo>> {
    // Why there is no vocabulary has been told.
    let Ok(vocab) = view.vocab() else { return Ok(None) };
    let n_tokens = vocab.len().min(view.table.rows_present());
    let families = Families::of(vocab, n_tokens)?;
    let order = order::judge(&view.table, vocab, &families, n_tokens, threads)?;
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
                [("pairs", json!(order.pairs))],
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
                [
                    ("pairs", json!(order.pairs)),
                    ("nearest_z", json!(geometry.0)),
                    ("nearest_z_by_chance", json!(geometry.1)),
                ],
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
            [("parts", json!(order.parts.len()))],
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
            [("swaps", json!(order.swaps.len()))],
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

/// The parts to tell one by one, ascending: those of the most tokens.
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
        [
            ("words", json!(part.tokens)),
            ("cosine", json!(part.cosine)),
            ("expected_cosine", json!(part.expected)),
            ("z", json!(z)),
            ("p", json!(upper_tail(z))),
        ],
    );
}

fn swap(view: &View, swap: &Swap, order: &Order, findings: &mut Findings) -> Result<()> {
    let name = |id| -> Result<String> {
        let token = view.token(id)?.token.unwrap_or_default();
        Ok(format!("{id} {}", quoted(&token, 24)))
    };
    let z = (swap.expected - swap.cosine) / order.shuffled_sd.max(f64::MIN_POSITIVE);
    findings.place(
        ("order", Problem),
        Some(OrderPlace {
            from_id: swap.id,
            to_id: swap.id,
            offset: Some(swap.row as i64 - swap.id as i64),
        }),
        format!(
            "token {} has its row at {}: cosine with its other spellings {:.3} there, {:.3} in \
             place",
            name(swap.id)?,
            name(swap.row)?,
            swap.expected,
            swap.cosine
        ),
        &format!("rows have changed places: move row {} to {}", swap.row, swap.id),
        [
            ("cosine", json!(swap.cosine)),
            ("expected_cosine", json!(swap.expected)),
            ("z", json!(z)),
            ("p", json!(upper_tail(z))),
        ],
    );
    Ok(())
}
