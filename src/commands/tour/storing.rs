//! Step 9: bytes touched, bytes stored, and time.

use anyhow::{Context, Result};

use super::{SEED, Taken, Tour, clock};
use crate::answer::{Float, Measured, Storing, TimedPrecision, TimedRead, Unstorable};
use crate::quant::Format;
use crate::rows::{Pass, RowRun, Rows};
use crate::stats::SplitMix64;
use crate::text::{counted, grouped};

/// Precisions that are timed, where rows of this width can be stored so.
const PRECISIONS: [&str; 8] = ["F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_0", "Q4_K", "Q4_0"];

/// Rows of the middle read.
const THOUSAND: u64 = 1000;

/// As many values are decoded for one time: of the widest rows, fewer.
const VALUES: u64 = 1 << 24;

/// Rows wider than any model's are not decoded a thousand times over.
const MAX_WIDTH: u64 = 1 << 16;

/// As many made-up bytes as are held at a time.
const MADE_UP: usize = 1 << 22;

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let table = tour.table();
    let mut random = SplitMix64::new(SEED);
    let ids: Vec<u64> = (0..THOUSAND).map(|_| random.below(tour.present)).collect();
    // Once before, so that errors show and the pages are there.
    ids.iter().try_for_each(|&id| table.row(id).map(drop))?;
    let read = |ids: &[u64], runs| {
        clock::median(runs, || {
            for &id in ids {
                let _ = std::hint::black_box(table.row(id));
            }
        })
    };
    let (batch, runs) = (clock::batch(tour.d_model()), runs(tour));
    let row = read(&vec![tour.words.word; batch], runs) / batch as f64;
    let thousand = read(&ids, runs);
    let (all, whole) = clock::once(|| {
        let each = |sum: &mut f32, run: RowRun| run.rows().for_each(|(_, row)| *sum += row[0]);
        Pass::new(table, tour.present, tour.threads).fold(|| 0.0_f32, each)
    });
    let threads = all?.len() as u64;
    let timed = |rows: u64, microseconds: f64| {
        let bytes = (rows * table.row_bytes() as u64).min(table.bytes());
        TimedRead {
            rows,
            bytes,
            percent: Float(100.0 * bytes as f64 / table.bytes() as f64),
            microseconds: Float(microseconds),
        }
    };
    let reads = vec![timed(1, row), timed(THOUSAND, thousand), timed(tour.present, whole)];
    let formats = formats(tour)?;
    let stores = |format: &&'static Format| format.row_bytes(tour.d_model()).is_some();
    let (storable, not): (Vec<_>, Vec<_>) = formats.into_iter().partition(stores);
    let unstorable: Vec<_> = not
        .into_iter()
        .map(|format| Unstorable { format: format.name, block_len: format.block_len as u64 })
        .collect();
    let mut notes = Vec::new();
    if !unstorable.is_empty() {
        let types = unstorable
            .iter()
            .map(|Unstorable { format, block_len }| format!("{format} (blocks of {block_len})"));
        let types = types.collect::<Vec<_>>().join(", ");
        notes.push(format!("rows of {} values can't be stored as {types}", tour.d_model()));
    }
    let precisions = if tour.d_model() <= MAX_WIDTH {
        storable.into_iter().filter_map(|format| decoded(tour, format)).collect()
    } else {
        notes.push("rows this wide are not timed at other precisions".to_owned());
        Vec::new()
    };
    let measured = Storing {
        format: table.format().name,
        reads,
        table_bytes: table.bytes(),
        threads,
        precisions,
        unstorable,
    };
    let shows = vec![
        format!(
            "A token touches {} bytes, and {} have to be kept ready for it. A prompt of a thousand \
             tokens reads a thousand rows, whatever n_vocab is: the table is paid for in memory, \
             and hardly at all in time.",
            grouped(table.row_bytes() as u128),
            grouped(table.bytes().into())
        ),
        format!(
            "Times are of this machine, now: medians, with the file in the system's cache; the \
             whole table once, on {}, in large pieces, which cost less a row than single rows do. \
             In the second table, rows of made-up bits are only decoded, on one thread, whatever \
             the type; the whole table at that pace is computed.",
            counted(measured.threads, "thread")
        ),
    ];
    Ok(Taken {
        claim: "The table costs memory, not arithmetic: all of it is stored, and of all of it a \
                token touches one row.",
        measured: Measured::Storing(measured),
        shows,
        notes,
    })
}

/// Runs that a median is taken of.
fn runs(tour: &Tour) -> usize {
    (10 * VALUES / (THOUSAND * tour.d_model())).clamp(1, 11) as usize
}

/// The precisions to time, the table's own among them, the largest first.
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

/// Decodes made-up rows of one type: none where it can't store them.
fn decoded(tour: &Tour, format: &'static Format) -> Option<TimedPrecision> {
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
    Some(TimedPrecision {
        format: format.name,
        row_bytes,
        table_bytes,
        row_microseconds: Float(row),
        thousand_microseconds: Float(thousand),
        table_microseconds: Float(thousand * n_vocab as f64 / THOUSAND as f64),
    })
}
