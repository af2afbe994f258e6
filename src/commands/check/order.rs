//! Reports the findings about the order of the rows.

use anyhow::Result;
use serde_json::json;

use super::codes::{self, Code};
use super::finding::{MOST_IDS, named};
use super::{Finding, Findings, OrderInfo, OrderPlace};
use crate::check::Swapped;
use crate::check::spelling::{self, Copied, Order, OrderVerdict, Spellings, Stretch, Swap, Where};
use crate::commands::model::View;
use crate::report::Float;
use crate::text::{counted, grouped};
use crate::threads;

/// At most this many stretches, and this many swaps, are reported one by one.
const MOST_STRETCHES: usize = 12;
const MOST_SWAPS: usize = 30;

/// Seed of the folds.
const SEED: u64 = 1;

/// Judges the order. `outside` are the rows far outside, ascending: what they do not
/// fit is no matter of order.
pub(super) fn check(
    view: &View,
    outside: &[u64],
    findings: &mut Findings,
) -> Result<Option<OrderInfo>> {
    // `sizes` has reported the missing vocabulary.
    let Ok(vocab) = view.vocab() else { return Ok(None) };
    let tokens = Spellings::of(vocab, view.table.rows_present())?;
    let mut order = spelling::judge(&view.table, &tokens, SEED, threads::available())?;
    if shows_nothing(&order)
        && let Some(swapped) = Swapped::of(&view.table)
        && let swapped = spelling::judge(&swapped, &tokens, SEED, threads::available())?
        && !shows_nothing(&swapped)
    {
        let message = format!(
            "with the bytes of each value reversed, {} show how they are spelled; as stored, none \
             do",
            counted(swapped.judged as u64, "row")
        );
        let evidence = json!({ "judged": swapped.judged, "sum_r2": swapped.sum_r2 });
        let finding = Finding::of(&codes::ROWS_BYTE_ORDER, message).evidence(evidence);
        findings.push(finding.table(view));
        return Ok(None);
    }
    match order.verdict {
        OrderVerdict::TooFew | OrderVerdict::NotLearned => {
            unjudged(view, &order, findings);
            return Ok(None);
        }
        OrderVerdict::InOrder | OrderVerdict::Broken => {}
    }
    let is_outside = |id: &u64| outside.binary_search(id).is_ok();
    order.swaps.retain(|swap| !swap.ids.iter().any(is_outside));
    let n_stretches = order.stretches.len();
    order.stretches.retain(|it| {
        let n = (it.first..=it.last).filter(is_outside).count() as u64;
        it.rows != Where::Nowhere || 10 * n < 9 * (it.last - it.first + 1)
    });
    if order.stretches.len() < n_stretches {
        // Rows side by side that no longer fit their tokens: training did not do that.
        findings.raise(&codes::ROWS_OUTLIER, view);
    }
    let told = told(&order.stretches);
    for stretch in &told {
        self::stretch(view, stretch, findings)?;
    }
    if told.len() < order.stretches.len() {
        let more = (order.stretches.len() - told.len()) as u64;
        let message = format!("{} more of the kind, each with fewer tokens", counted(more, "run"));
        let evidence = json!({ "stretches": order.stretches.len() });
        findings.push(Finding::of(&codes::ORDER_MORE, message).table(view).evidence(evidence));
    }
    for swap in order.swaps.iter().take(MOST_SWAPS) {
        self::swap(view, swap, findings)?;
    }
    if let Some(more @ 1..) = order.swaps.len().checked_sub(MOST_SWAPS) {
        let more = counted(more as u64, "pair of tokens");
        let ids = order.swaps[MOST_SWAPS..].iter().flat_map(|swap| swap.ids);
        findings.push(
            Finding::of(&codes::ORDER_MORE, format!("{more} more have each other's rows"))
                .next("too many to put back by hand: convert again")
                .rows(view, None, ids)?
                .evidence(json!({ "swaps": order.swaps.len() })),
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

/// Whether no row shows how its token is spelled.
fn shows_nothing(order: &Order) -> bool {
    match order.verdict {
        OrderVerdict::InOrder => false,
        OrderVerdict::TooFew | OrderVerdict::NotLearned => true,
        OrderVerdict::Broken => {
            matches!(&*order.stretches, [one] if one.rows == Where::Nowhere && one.first == 0)
        }
    }
}

fn unjudged(view: &View, order: &Order, findings: &mut Findings) {
    let judged = counted(order.judged as u64, "ordinary word");
    let (message, next) = match order.verdict {
        OrderVerdict::NotLearned => (
            format!(
                "the order of the rows can't be judged: they show nothing of how {judged} are \
                 spelled, and their values are independent of each other: the table seems random"
            ),
            "nothing, if the table was never trained",
        ),
        _ => (
            format!("the order of the rows can't be judged: {judged} are too few to tell"),
            codes::ORDER_UNJUDGED.remedy,
        ),
    };
    let evidence = json!({ "judged": order.judged, "sum_r2": order.sum_r2 });
    let finding = Finding::of(&codes::ORDER_UNJUDGED, message).next(next);
    findings.push(finding.table(view).evidence(evidence));
}

/// The stretches to tell one by one, ascending: the longest.
fn told(stretches: &[Stretch]) -> Vec<&Stretch> {
    let mut told: Vec<&Stretch> = stretches.iter().collect();
    told.sort_by_key(|stretch| std::cmp::Reverse(stretch.judged));
    told.truncate(MOST_STRETCHES);
    told.sort_by_key(|stretch| stretch.first);
    told
}

fn stretch(view: &View, stretch: &Stretch, findings: &mut Findings) -> Result<()> {
    let Stretch { first, last, .. } = *stretch;
    let tokens = format!("tokens {} to {}", named(view, first)?, named(view, last)?);
    let words = counted(stretch.judged, "word");
    let [seen_from, seen_to] = stretch.seen;
    let mut unseen = String::new();
    for (is_unseen, from, to) in [
        (first < seen_from, first, seen_from.saturating_sub(1)),
        (seen_to < last, seen_to + 1, last),
    ] {
        if is_unseen {
            unseen += &format!("; of {from} to {to} nothing is seen");
        }
    }
    let evidence = format!("({words}, {} nats{unseen})", grouped(stretch.nats.round() as u128));
    let (code, message, name) = match stretch.rows {
        Where::Offset(offset) => (
            &codes::ORDER_SHIFT,
            format!("{tokens} do not fit their own rows but those at ID {offset:+} {evidence}"),
            "offset",
        ),
        Where::Exchanged => (
            &codes::ORDER_EXCHANGED,
            format!(
                "{tokens} have each the row of their neighbor: even and odd rows are exchanged \
                 {evidence}"
            ),
            "exchanged",
        ),
        Where::Reversed(sum) => (
            &codes::ORDER_REVERSED,
            format!(
                "{tokens} have rows in reverse order: token and row add up to {sum} {evidence}"
            ),
            "reversed",
        ),
        Where::Nowhere if stretch.nats == 0.0 => (
            &codes::ORDER_PERMUTED,
            format!("{tokens} show nothing of how they are spelled, at no offset ({words})"),
            "nowhere",
        ),
        Where::Nowhere => (
            &codes::ORDER_PERMUTED,
            format!("{tokens} do not fit their rows at any offset {evidence}"),
            "nowhere",
        ),
    };
    let mut finding = Finding::of(code, message);
    let mut offset = None;
    if let Where::Offset(by) = stretch.rows {
        offset = Some(by);
        finding = finding.next(format!(
            "the rows of these tokens lie {} too {}: convert again, or move them",
            grouped(by.unsigned_abs().into()),
            if by > 0 { "high" } else { "low" }
        ));
    }
    findings.push(
        finding
            .evidence(json!({
                "words": stretch.judged,
                "nats": stretch.nats,
                "rows": name,
                "seen": stretch.seen,
            }))
            .place(view, OrderPlace { from_id: first, to_id: last, offset })?,
    );
    Ok(())
}

fn swap(view: &View, swap: &Swap, findings: &mut Findings) -> Result<()> {
    let [a, b] = swap.ids;
    for (id, row) in [(a, b), (b, a)] {
        let offset = Some(row as i64 - id as i64);
        let message = format!(
            "token {} has its row at {} ({:.0} nats)",
            named(view, id)?,
            named(view, row)?,
            swap.nats
        );
        findings.push(
            Finding::of(&codes::ORDER_SWAPPED, message)
                .next(format!("rows have changed places: move row {row} to {id}"))
                .evidence(json!({ "nats": swap.nats, "rows": "swapped" }))
                .place(view, OrderPlace { from_id: id, to_id: id, offset })?,
        );
    }
    Ok(())
}

/// Findings about rows here and there.
fn singles(view: &View, order: &Order, findings: &mut Findings) -> Result<()> {
    let finite = |id: &u64| view.table.row(*id).is_ok_and(|row| row.iter().all(|x| x.is_finite()));
    let blank: Vec<u64> = order.blank.iter().copied().filter(finite).collect();
    let untrained: Vec<u64> = order.untrained.iter().map(|it| it.id).collect();
    copies(view, &order.copies, findings)?;
    let about: [(&Code, &[u64], &str); 3] = [
        (&codes::ROWS_MEAN, &blank, "has a row equal to the mean of all rows"),
        (&codes::ROWS_DRAWN, &order.redrawn, "has a row like a random draw"),
        (&codes::TOKENS_UNTRAINED, &untrained, "has a row like those of unused tokens"),
    ];
    for (code, ids, what) in about {
        let Some(count @ 1..) = Some(ids.len() as u64) else { continue };
        let what = if count > 1 { what.replacen("has", "have", 1) } else { what.to_owned() };
        let message = format!("{} {what}", counted(count, "ordinary token"));
        findings.push(Finding::of(code, message).rows(view, None, ids.iter().copied())?);
    }
    Ok(())
}

/// Tokens with the rows of others.
fn copies(view: &View, copies: &[Copied], findings: &mut Findings) -> Result<()> {
    let Some(first) = copies.first() else { return Ok(()) };
    let of = named(view, first.of)?;
    let message = match copies.len() as u64 {
        1 => format!(
            "an ordinary token has the row of {of}, value for value, which suits that better"
        ),
        n => format!(
            "{} have the rows of others, value for value, which suit those better (the first has \
             that of {of})",
            counted(n, "ordinary token")
        ),
    };
    let of: Vec<u64> = copies.iter().map(|it| it.of).take(MOST_IDS).collect();
    let finding = Finding::of(&codes::ROWS_COPIED, message).evidence(json!({ "of": of }));
    findings.push(finding.rows(view, None, copies.iter().map(|it| it.id))?);
    findings.lead(&codes::ROWS_DUPLICATE, view, "rows.copied tells which of them are copies");
    Ok(())
}
