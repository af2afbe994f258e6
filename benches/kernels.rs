//! Measures each inner loop at each level of this processor, in bytes (or
//! operations) per second, and the memory floor in the same run.
//!
//!     cargo bench --bench kernels
//!
//! `floor` sums the bytes of a buffer far larger than the caches, as fast as one
//! core can read them from memory. No scan of the same size can be faster. The other
//! loops run on a piece that is in the cache, as in a scan. If a loop is faster than
//! the floor, the scan is bound by memory.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use embcli::cpu::Level;
use embcli::quant::{Estimate, FORMATS, Format};
use embcli::similarity::Metric;
use embcli::similarity::kernel::{self, PANEL};

/// The row width of the real model, gemma-3-270m.
const DIM: usize = 640;

/// The nearest width that is a multiple of 256.
const WIDE: usize = 768;

/// Rows in one piece: 256 KiB in Q8_0.
const ROWS: usize = 384;

fn main() {
    println!("this processor's level: {}", Level::detect().name());
    divan::main();
}

fn levels() -> Vec<&'static str> {
    Level::available().into_iter().map(Level::name).collect()
}

/// The types that have an estimator, at each level.
fn estimators() -> Vec<String> {
    let formats = FORMATS.iter().filter(|format| format.estimator().is_some());
    formats.flat_map(|it| levels().into_iter().map(move |level| format!("{it} {level}"))).collect()
}

fn level(name: &str) -> Level {
    Level::available().into_iter().find(|level| level.name() == name).expect("one of levels()")
}

/// Bytes without a pattern.
fn noise(n: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(n).collect()
}

fn floats(n: usize) -> Vec<f32> {
    noise(n).into_iter().map(|byte| f32::from(byte.cast_signed()) / 64.0).collect()
}

/// Reads memory. It needs one addition per vector, and so many are independent that
/// only memory limits the speed.
#[divan::bench(sample_count = 20)]
fn floor(bencher: Bencher) {
    let bytes = vec![1_u64; 178_257_920 / 8];
    bencher.counter(BytesCount::of_slice(&bytes)).bench(|| {
        let mut sums = [0_u64; 32];
        for chunk in black_box(&bytes).as_chunks::<32>().0 {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum = sum.wrapping_add(*value);
            }
        }
        sums
    });
}

/// One query against stored rows, by type and level.
#[divan::bench(args = estimators())]
fn estimate_stored(bencher: Bencher, name: &str) {
    let (format, name) = name.split_once(' ').expect("a type and a level");
    let format = Format::from_name(format).expect("one of estimators()");
    let estimator = format.estimator().expect("only types with one are listed");
    // Every byte is the same, so that every scale is an ordinary number.
    let rows = vec![0x21; ROWS * format.row_bytes(WIDE as u64).expect("whole blocks") as usize];
    let (coded, level) = (estimator.code(&floats(WIDE)), level(name));
    let mut out = vec![Estimate::default(); ROWS];
    bencher.counter(BytesCount::of_slice(&rows)).bench_local(|| {
        estimator.estimate(level, &rows, &coded, black_box(&mut out));
    });
}

/// One query against decoded rows.
#[divan::bench(args = levels())]
fn estimate(bencher: Bencher, name: &str) {
    let (rows, query, level) = (floats(100 * DIM), floats(DIM), level(name));
    bencher.counter(BytesCount::of_slice(&rows)).bench(|| {
        for row in rows.chunks_exact(DIM) {
            black_box(kernel::estimate(level, row, &query));
        }
    });
}

/// The exact score, which is computed only for candidates.
#[divan::bench(args = levels())]
fn score(bencher: Bencher, name: &str) {
    let (rows, query, level) = (floats(100 * DIM), floats(DIM), level(name));
    bencher.counter(BytesCount::of_slice(&rows)).bench(|| {
        for row in rows.chunks_exact(DIM) {
            black_box(kernel::score(level, Metric::Cosine, (&query, 1.0), (row, 1.0)));
        }
    });
}

/// Many queries against coded rows. One item is a multiplication and an addition.
#[divan::bench(args = levels())]
fn products(bencher: Bencher, name: &str) {
    const QUERIES: usize = 32;
    let (panel, level) = (noise(PANEL * DIM), level(name));
    let limit = kernel::query_limit(level);
    let queries: Vec<i8> =
        noise(QUERIES * DIM).into_iter().map(|byte| byte.cast_signed() % limit).collect();
    let mut out = [[0; PANEL]; QUERIES];
    bencher
        .counter(ItemsCount::new(PANEL * QUERIES * DIM))
        .bench_local(|| kernel::products(level, &panel, &queries, black_box(&mut out)));
}

/// Encoding decoded rows and filling panels with them, which a pass does once.
#[divan::bench(args = levels())]
fn encode(bencher: Bencher, name: &str) {
    let (rows, level) = (floats(96 * DIM), level(name));
    let (mut codes, mut panel) = (vec![0; DIM], vec![0; PANEL * DIM]);
    bencher.counter(BytesCount::of_slice(&rows)).bench_local(|| {
        for (i, row) in rows.chunks_exact(DIM).enumerate() {
            black_box(kernel::norm(level, row));
            black_box(kernel::encode(level, row, 127, &mut codes));
            kernel::fill_panel(level, &mut panel, i % PANEL, black_box(&codes));
        }
    });
}

/// The decoder of every format, in bytes of output.
#[divan::bench(args = FORMATS.iter().flat_map(|f| levels().into_iter().map(move |l| format!("{f} {l}"))))]
fn decode(bencher: Bencher, what: &str) {
    let (format, name) = what.split_once(' ').expect("as written above");
    let (format, level) = (Format::from_name(format).expect("of FORMATS"), level(name));
    let n = (1 << 16) / format.block_len;
    let (bytes, mut out) = (noise(n * format.block_bytes), vec![0.0; n * format.block_len]);
    bencher
        .counter(BytesCount::of_slice(&out))
        .bench_local(|| format.decode_at(level, &bytes, black_box(&mut out)));
}
