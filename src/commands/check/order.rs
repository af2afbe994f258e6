//! Reports the findings about the order of the rows.

use anyhow::Result;
use serde_json::json;

use super::Severity::{Note, Problem, Unknown};
use super::{Findings, OrderInfo, OrderPlace, named};
use crate::check::spelling::{self, Order, Stretch, Swap, Verdict, Where};
use crate::commands::model::View;
use crate::report::Float;
use crate::text::{counted, grouped};
use crate::threads;

/// At most this many stretches, and this many swaps, are reported one by one.
const MOST_STRETCHES: usize = 12;
const MOST_SWAPS: usize = 30;

/// At most this many IDs are listed, and this many named with their text.
const MOST_IDS: usize = 10_000;
const NAMED: usize = 5;

/// Seed of the folds.
const SEED: u64 = 1;

pub(super) fn check(view: &View, findings: &mut Findings) -> Result<Option<OrderInfo>> {
    // `sizes` has reported the missing vocabulary.
    let Ok(vocab) = view.vocab() else { return Ok(None) };
    let present = view.table.rows_present();
    let mut tokens = spelling::Builder::new();
    vocab.each(|id, text| -> Result<bool> {
        if id >= present.min(spelling::MOST_TOKENS) {
            return Ok(false);
        }
        tokens.push(text, vocab.token_type(id)?);
        Ok(true)
    })?;
    let order = spelling::judge(&view.table, &tokens.finish(), SEED, threads::available())?;
    match order.verdict {
        Verdict::TooFew | Verdict::NotLearned => {
            unjudged(&order, findings);
            return Ok(None);
        }
        Verdict::InOrder | Verdict::Broken => {}
    }
    let told = told(&order.stretches);
    for stretch in &told {
        self::stretch(stretch, findings);
    }
    if told.len() < order.stretches.len() {
        let more = (order.stretches.len() - told.len()) as u64;
        findings.add(
            ("order_more", Problem),
            format!("{} more of the kind, each with fewer tokens", counted(more, "stretch")),
            "there is no one order that rows could be put back in: convert again",
            json!({ "stretches": order.stretches.len() }),
        );
    }
    for swap in order.swaps.iter().take(MOST_SWAPS) {
        self::swap(view, swap, findings)?;
    }
    if let Some(more @ 1..) = order.swaps.len().checked_sub(MOST_SWAPS) {
        findings.add(
            ("order_more", Problem),
            format!("{} more have each other's rows", counted(more as u64, "pair of tokens")),
            "too many to put back by hand: convert again",
            json!({ "swaps": order.swaps.len() }),
        );
    }
    singles(view, &order, findings)?;
    Ok(Some(OrderInfo {
        judged: order.judged as u64,
        sum_r2: Float(order.sum_r2),
        bar: Float(order.bar),
        highest: Float(order.highest),
        smallest: order.smallest,
    }))
}

fn unjudged(order: &Order, findings: &mut Findings) {
    let judged = counted(order.judged as u64, "ordinary word");
    let (message, next) = match order.verdict {
        Verdict::NotLearned => (
            format!(
                "the order of the rows can't be judged: they show nothing of how {judged} are \
                 spelled, and their values are independent of each other: the table seems random"
            ),
            "nothing, if the table was never trained",
        ),
        _ => (
            format!("the order of the rows can't be judged: {judged} are too few to tell"),
            "compare with a file that is known to be good: embcli check MODEL OTHER",
        ),
    };
    let evidence = json!({ "judged": order.judged, "sum_r2": order.sum_r2 });
    findings.add(("unjudged", Unknown), message, next, evidence);
}

/// The stretches to tell one by one, ascending: the longest.
fn told(stretches: &[Stretch]) -> Vec<&Stretch> {
    let mut told: Vec<&Stretch> = stretches.iter().collect();
    told.sort_by_key(|stretch| std::cmp::Reverse(stretch.judged));
    told.truncate(MOST_STRETCHES);
    told.sort_by_key(|stretch| stretch.first);
    told
}

fn stretch(stretch: &Stretch, findings: &mut Findings) {
    let tokens = format!("tokens {} to {}", stretch.first, stretch.last);
    let words = counted(stretch.judged, "word");
    let evidence = format!("({words}, {} nats)", grouped(stretch.nats.round() as u128));
    let (message, next) = match stretch.rows {
        Where::Offset(offset) => (
            format!("{tokens} do not fit their own rows but those at ID {offset:+} {evidence}"),
            format!(
                "the rows of these tokens lie {} too {}: convert again, or move them",
                grouped(offset.unsigned_abs().into()),
                if offset > 0 { "high" } else { "low" }
            ),
        ),
        Where::Exchanged => (
            format!(
                "{tokens} have each the row of their neighbor: even and odd rows are exchanged {evidence}"
            ),
            "exchange every two rows, or convert again".to_owned(),
        ),
        Where::Reversed(sum) => (
            format!(
                "{tokens} have rows in reverse order: token and row add up to {sum} {evidence}"
            ),
            "reverse the rows, or convert again".to_owned(),
        ),
        Where::Nowhere => (
            format!("{tokens} do not fit their rows at any offset {evidence}"),
            "rows there are shuffled, not of these tokens, or never trained: take rows and \
             vocabulary from one model, and convert again"
                .to_owned(),
        ),
    };
    let (offset, name) = match stretch.rows {
        Where::Offset(offset) => (Some(offset), "offset"),
        Where::Exchanged => (None, "exchanged"),
        Where::Reversed(_) => (None, "reversed"),
        Where::Nowhere => (None, "nowhere"),
    };
    findings.place(
        ("order", Problem),
        Some(OrderPlace { from_id: stretch.first, to_id: stretch.last, offset }),
        message,
        &next,
        json!({ "words": stretch.judged, "nats": stretch.nats, "rows": name }),
    );
}

fn swap(view: &View, swap: &Swap, findings: &mut Findings) -> Result<()> {
    let [a, b] = swap.ids;
    for (id, row) in [(a, b), (b, a)] {
        let offset = Some(row as i64 - id as i64);
        findings.place(
            ("order", Problem),
            Some(OrderPlace { from_id: id, to_id: id, offset }),
            format!(
                "token {} has its row at {} ({:.0} nats)",
                named(view, id)?,
                named(view, row)?,
                swap.nats
            ),
            &format!("rows have changed places: move row {row} to {id}"),
            json!({ "nats": swap.nats, "rows": "swapped" }),
        );
    }
    Ok(())
}

/// Findings about rows here and there.
fn singles(view: &View, order: &Order, findings: &mut Findings) -> Result<()> {
    let finite = |id: &u64| view.table.row(*id).is_ok_and(|row| row.iter().all(|x| x.is_finite()));
    let blank: Vec<u64> = order.blank.iter().copied().filter(finite).collect();
    let untrained: Vec<u64> = order.untrained.iter().map(|it| it.id).collect();
    for (kind, severity, ids, what, next) in [
        (
            "copied",
            Problem,
            &order.copies,
            "has the row of another, value for value, which suits the other better",
            "rows were written over others: take these from the original",
        ),
        (
            "shared",
            Problem,
            &order.equal,
            "has the row of another, value for value, which suits neither",
            "chance makes no rows equal: take these from the original",
        ),
        (
            "mean_row",
            Problem,
            &blank,
            "has the mean of all rows for a row",
            "ordinary words should have rows: look at these in the original",
        ),
        (
            "drawn",
            Note,
            &order.redrawn,
            "has a row like a random draw",
            "their rows were initialised anew, or training hardly touched them",
        ),
        (
            "under_trained",
            Note,
            &untrained,
            "has a row like those of tokens that no text has",
            "training hardly touched these, least the first: don't use them in prompts",
        ),
    ] {
        let Some(count @ 1..) = Some(ids.len() as u64) else { continue };
        let first: Vec<String> =
            ids.iter().take(NAMED).map(|id| named(view, *id)).collect::<Result<_>>()?;
        let more = if ids.len() > NAMED { ", ..." } else { "" };
        let mut listed: Vec<u64> = ids.iter().copied().take(MOST_IDS).collect();
        listed.sort_unstable();
        let what = if count > 1 { what.replacen("has", "have", 1) } else { what.to_owned() };
        findings.add(
            (kind, severity),
            format!("{} {what}: {}{more}", counted(count, "ordinary token"), first.join(", ")),
            next,
            json!({ "tokens": count, "ids": listed }),
        );
    }
    Ok(())
}
