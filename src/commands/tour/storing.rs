//! Step 9: bytes touched, bytes stored, and time.

use super::*;
use crate::quant::Format;
use crate::rows::{Pass, RowRun};
use crate::stats::SplitMix64;

/// The types that are timed, if they can store rows of this width.
const PRECISIONS: [&str; 8] = ["F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_0", "Q4_K", "Q4_0"];

/// The rows of the second read.
const THOUSAND: u64 = 1000;

/// A median has fewer runs if it would decode over ten times these values.
const VALUES: u64 = 1 << 24;

/// Wider rows are not timed at other types. No model has them.
const MAX_WIDTH: u64 = 1 << 16;

/// At most this many made-up bytes are in memory.
const MADE_UP: usize = 1 << 22;

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "The table costs memory, not arithmetic: all of it is stored, and of all of it a \
                  token touches one row.";
    let table = tour.table();
    let mut random = SplitMix64::new(SEED);
    let ids: Vec<u64> = (0..THOUSAND).map(|_| random.below(tour.present)).collect();
    // The first read reports errors and brings the pages into memory.
    ids.iter().try_for_each(|&id| table.row(id).map(drop))?;
    let read = |ids: &[u64], runs| {
        clock::median(runs, || {
            for &id in ids {
                let _ = std::hint::black_box(table.row(id));
            }
        })
    };
    let (batch, runs) = (clock::batch(tour.d_model()), runs(tour));
    let row = read(&vec![tour.examples.word; batch], runs) / batch as f64;
    let thousand = read(&ids, runs);
    let (all, whole) = clock::once(|| {
        let each = |sum: &mut f32, run: RowRun| run.rows().for_each(|(_, row)| *sum += row[0]);
        Pass::new(table, tour.present, tour.threads).fold(|| 0.0_f32, each)
    });
    let threads = all?.len() as u64;
    step.value("type", table.format().name);
    step.line(format!("This table, {}, as it is read:", table.format().name));
    step.table(
        "reads",
        &[
            ("rows", "rows", Count),
            ("bytes", "bytes touched", Count),
            ("percent", "% of the table", Real),
            ("microseconds", "microseconds", Time),
        ],
        [(1, row), (THOUSAND, thousand), (tour.present, whole)].map(|(rows, time)| {
            let bytes = (rows * table.row_bytes() as u64).min(table.bytes());
            row![rows, bytes, 100.0 * bytes as f64 / table.bytes() as f64, time]
        }),
    );
    let whole_row_microseconds = whole / tour.present as f64;
    values!(step, table_bytes = table.bytes(), threads, whole_row_microseconds);

    let stores = |format: &&'static Format| format.row_bytes(tour.d_model()).is_some();
    let (storable, not): (Vec<_>, Vec<_>) = formats(tour)?.into_iter().partition(stores);
    let is_timed = tour.d_model() <= MAX_WIDTH;
    let timed = storable.into_iter().filter(|_| is_timed);
    step.line("Decoding alone, at each precision, in microseconds:".to_owned());
    step.table(
        "precisions",
        &[
            ("type", "type", Word),
            ("row_bytes", "bytes a row", Count),
            ("table_bytes", "bytes stored", Count),
            ("row_microseconds", "a row", Time),
            ("thousand_microseconds", "a thousand", Time),
            ("table_microseconds", "all, computed", Time),
        ],
        timed.filter_map(|format| decoded(tour, format)),
    );
    step.table(
        "unstorable",
        &[("type", "", Word), ("block_len", "", Id)],
        not.iter().map(|format| row![format.name, format.block_len]),
    );

    step.show(format!(
        "A token touches {} bytes, and {} have to be kept ready for it. A prompt of a thousand \
         tokens reads a thousand rows, whatever n_vocab is: the table is paid for in memory, and \
         hardly at all in time.",
        grouped((table.row_bytes() as u64).into()),
        grouped(table.bytes().into())
    ));
    step.show(format!(
        "Times are of this machine, now: medians, with the file in the system's cache; the whole \
         table once, on {} and in large pieces, at {} microseconds a row. In the second table, \
         rows of made-up bits are only decoded, on one thread, whatever the type; the whole table \
         at that pace is computed.",
        counted(threads, "thread"),
        microseconds(whole_row_microseconds)
    ));
    if !not.is_empty() {
        let types = not.iter().map(|of| format!("{} (blocks of {})", of.name, of.block_len));
        let types = types.collect::<Vec<_>>().join(", ");
        step.note(format!("rows of {} values can't be stored as {types}", tour.d_model()));
    }
    if !is_timed {
        step.note("rows this wide are not timed at other precisions");
    }
    Ok(())
}

/// The number of runs for a median.
fn runs(tour: &Tour) -> usize {
    (10 * VALUES / (THOUSAND * tour.d_model())).clamp(1, 11) as usize
}

/// The types to time, with the table's own, the largest first.
fn formats(tour: &Tour) -> Result<Vec<&'static Format>> {
    let own = tour.table().format();
    let mut formats: Vec<&Format> = PRECISIONS
        .iter()
        .map(|name| Format::from_name(name).with_context(|| format!("ggml's {name}")))
        .collect::<Result<_>>()?;
    if !formats.iter().any(|format| format.name == own.name) {
        formats.push(own);
    }
    formats.sort_by(|a, b| b.bits_per_weight().total_cmp(&a.bits_per_weight()));
    Ok(formats)
}

/// The table row of a type: sizes, and times to decode made-up rows in memory.
/// `None` where the type can't store rows of this width.
fn decoded(tour: &Tour, format: &'static Format) -> Option<Vec<Value>> {
    let (n_vocab, d_model) = (tour.table().n_vocab(), tour.d_model());
    let row_bytes = format.row_bytes(d_model)?;
    let table_bytes = row_bytes.checked_mul(n_vocab)?;
    let size = usize::try_from(row_bytes).ok()?;
    let held = (MADE_UP / size).clamp(1, THOUSAND as usize);
    let mut random = SplitMix64::new(SEED);
    let stored: Vec<u8> = std::iter::repeat_with(|| random.bits().to_le_bytes())
        .take((held * size).div_ceil(8))
        .flatten()
        .collect();
    let mut values = vec![0.0; usize::try_from(d_model).ok()?];
    let mut decode = |rows: usize| {
        for row in stored[..held * size].chunks_exact(size).cycle().take(rows) {
            format.decode(row, &mut values);
            std::hint::black_box(&values);
        }
    };
    let (batch, runs) = (clock::batch(tour.d_model()), runs(tour));
    let row = clock::median(runs, || decode(batch)) / batch as f64;
    let thousand = clock::median(runs, || decode(THOUSAND as usize));
    let whole = thousand * n_vocab as f64 / THOUSAND as f64;
    Some(row![format.name, row_bytes, table_bytes, row, thousand, whole])
}
