//! Compares an output head that is not tied with the embedding table of its file.

use anyhow::Result;
use serde_json::json;

use super::{Finding, Findings, OrderInfo, codes};
use crate::commands::model::View;
use crate::rows::{Reader, Rows as _};
use crate::similarity::{dot, norm};
use crate::stats::{Moments, is_usable, sample};

/// Tokens whose two rows are compared, and values of them at most.
const SAMPLE: u64 = 2048;
const VALUES: u64 = 1 << 22;

/// Offsets that are tried, to either side.
const FARTHEST: i64 = 8;

/// Standard errors by which an offset has to be better than chance.
const SURE: f64 = 6.0;

pub(super) fn check(
    views: [&View; 2],
    orders: [Option<OrderInfo>; 2],
    findings: &mut Findings,
) -> Result<()> {
    let unjudged = views.map(|view| findings.has(&codes::ORDER_UNJUDGED, view));
    let trained = orders.map(|order| order.is_some());
    if let Some(untrained) = (0..2).find(|i| unjudged[*i] && trained[1 - *i]) {
        let [of, other] = [views[untrained], views[1 - untrained]].map(|view| view.table.name());
        let message = format!(
            "the rows of {other} show how their tokens are spelled, those of {of} do not: {of} was \
             not trained"
        );
        let finding = Finding::of(&codes::HEAD_UNTRAINED, message).table(views[untrained]);
        findings.push(finding);
    } else if views.iter().all(|view| !findings.has(&codes::ORDER_SHIFT, view))
        && let Some((offset, cosines)) = shift(views)?
    {
        let [table, head] = views.map(|view| view.table.name());
        let message = format!(
            "the rows of {head} are like those of {table} at ID {offset:+}, not at their own"
        );
        let evidence = json!({ "offset": offset, "mean_cosines": cosines });
        findings.push(Finding::of(&codes::HEAD_SHIFT, message).evidence(evidence).table(views[1]));
    }
    Ok(())
}

/// The offset at which the rows of the head are like those of the table, if it is not
/// 0; and the mean cosine, of rows less their mean, at each offset.
fn shift(views: [&View; 2]) -> Result<Option<(i64, Vec<f64>)>> {
    let [table, head] = views.map(|view| &view.table);
    let n = table.rows_present().min(head.rows_present());
    if table.dim() != head.dim() || n < 64 {
        return Ok(None);
    }
    let mut readers = [table, head].map(|table| Reader::new(table));
    let ids = sample(n, SAMPLE.min(VALUES / table.dim() as u64), 29);
    let mut means = [vec![0.0_f32; table.dim()], vec![0.0; table.dim()]];
    for (reader, mean) in readers.iter_mut().zip(&mut means) {
        for id in &ids {
            let row = reader.read(*id..id + 1)?;
            mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / ids.len() as f32);
        }
    }
    let [mut in_table, mut in_head] = readers;
    let mut centred = |id: u64, which: usize| -> Result<Option<Vec<f32>>> {
        let row = if which == 0 { &mut in_table } else { &mut in_head }.read(id..id + 1)?;
        let row: Vec<f32> = row.iter().zip(&means[which]).map(|(x, mean)| x - mean).collect();
        Ok(is_usable(norm(&row)).then_some(row))
    };
    let mut moments = Vec::new();
    let offsets: Vec<i64> = (-FARTHEST..=FARTHEST).collect();
    let mut cosines = vec![Vec::new(); offsets.len()];
    for id in ids.iter().filter(|id| **id >= FARTHEST as u64 && **id + (FARTHEST as u64) < n) {
        let Some(head) = centred(*id, 1)? else { continue };
        for (offset, cosines) in offsets.iter().zip(&mut cosines) {
            if let Some(row) = centred(id.saturating_add_signed(*offset), 0)? {
                cosines.push(dot(&row, &head) / (norm(&row) * norm(&head)));
            }
        }
    }
    for cosines in &cosines {
        let Some(of) = Moments::of(cosines) else { return Ok(None) };
        moments.push(of);
    }
    let means: Vec<f64> = moments.iter().map(Moments::mean).collect();
    let best = (0..means.len()).max_by(|a, b| means[*a].total_cmp(&means[*b])).unwrap_or(0);
    let mut sorted = means.clone();
    sorted.sort_by(f64::total_cmp);
    // Most offsets are wrong, so their median is what chance gives.
    let chance = sorted[sorted.len() / 2];
    let own = means[FARTHEST as usize] - chance;
    let gain = means[best] - chance;
    let is_sure = gain > SURE * moments[best].error() && own < gain / 2.0;
    Ok((is_sure && offsets[best] != 0).then(|| (offsets[best], means)))
}
