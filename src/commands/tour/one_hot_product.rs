//! Step 3: one-hot vectors times the table, and the lookup of the same rows.

use super::*;
use crate::tour::product;

/// A product that takes less than this many microseconds is timed again.
const SOON: f64 = 10_000.0;

/// The number of runs for a median.
const RUNS: usize = 11;

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "A one-hot vector (all 0, and a 1 at the token's ID) times the table is the \
                  token's row. A lookup is that product without the work.";
    let (table, ids) = (tour.table(), tour.examples.three());
    let (n, rows, d_model) = (ids.len() as u64, tour.present, tour.d_model());
    let looked_up = ids.into_iter().map(|id| table.row(id)).collect::<Result<Vec<_>, _>>()?;
    let batch = clock::batch(n * d_model);
    let lookups = clock::median(RUNS, || {
        for _ in 0..batch {
            // These rows were read above, so there is no error to report.
            let _ = std::hint::black_box(ids.map(|id| table.row(id)));
        }
    });
    let lookup_time = lookups / batch as f64;
    let multiply = || product(table, rows, &ids, tour.threads);
    let (multiplied, once) = clock::once(multiply);
    let multiplied = multiplied?;
    // The first run of a short product mostly starts threads.
    let product_time = if once < SOON {
        clock::median(RUNS, || drop(std::hint::black_box(multiply())))
    } else {
        once
    };

    let count = |is: fn(f32, f32) -> bool| {
        let pairs = looked_up.iter().flatten().zip(multiplied.rows.iter().flatten());
        pairs.filter(|(a, b)| is(**a, **b)).count() as u64
    };
    let values = count(|_, _| true);
    let identical = count(|a, b| a.to_bits() == b.to_bits());
    let zeros_of_other_sign = count(|a, b| a.to_bits() != b.to_bits() && a == b);
    let different = count(|a, b| a != b);
    let rows_left_out = multiplied.left_out;
    values!(step, ids = ids, rows, rows_left_out, d_model);
    values!(step, values, identical, zeros_of_other_sign, different);
    step.line(format!(
        "The one-hot vector of {}: {}",
        short(&tour.token(ids[1])?),
        drawn(ids[1], table.n_vocab())
    ));
    let (row_bytes, multiplications) = (table.row_bytes() as u64, multiplied.multiplications);
    step.table(
        "",
        &[
            ("", "way", Word),
            ("multiplications", "multiplications", Count),
            ("table_bytes", "bytes of the table", Count),
            // Vectors go in as f32; IDs have 4 bytes too.
            ("input_bytes", "bytes of input", Count),
            ("microseconds", "microseconds", Time),
        ],
        [
            row!["lookup", 0_u64, row_bytes * n, 4 * n, lookup_time],
            row!["product", multiplications, row_bytes * rows, 4 * n * rows, product_time],
        ],
    );
    let (times_as_long, threads) = (product_time / lookup_time, multiplied.threads as u64);
    values!(step, times_as_long, threads);

    let [all, same, zeros] = [values, identical, zeros_of_other_sign].map(|n| grouped(n.into()));
    let agree = if identical == values {
        format!("All {all} values came out the same, bit for bit.")
    } else if different == 0 {
        format!(
            "All {all} values came out equal, {same} of them bit for bit; the other {zeros} are \
             zeros whose minus sign a sum loses."
        )
    } else {
        format!("{same} of {all} values came out the same, bit for bit.")
    };
    step.show(format!(
        "{agree} They must: in each sum one term is 1 times a value, which is that value, and all \
         others are 0 times a value, which is 0. Adding 0 changes nothing, so nothing is ever \
         rounded, in whatever order."
    ));
    let decode = match table.format().name {
        "F32" | "F16" | "BF16" | "F64" => "",
        _ => " (Decoding the rows multiplies too, in both ways: by the scales of their blocks.)",
    };
    let (times, threads) = (factor(times_as_long), counted(threads, "thread"));
    step.show(format!(
        "The product took {times} times as long, on {threads}, to find out what the IDs had said \
         to begin with.{decode} Times are of this machine, now."
    ));
    let counts = [(rows_left_out, "row"), (zeros_of_other_sign, "value"), (different, "value")];
    let [left_out, zeros, differing] = counts.map(|(n, what)| counted(n, what));
    if rows_left_out > 0 {
        step.note(format!(
            "{left_out} with a NaN or an infinity had to be left out of the product: 0 times \
             infinity is NaN, and would spoil its column in every result. A lookup does not care"
        ));
    }
    if zeros_of_other_sign > 0 {
        step.note(format!(
            "{zeros} that a lookup gives as -0 came out as +0: a sum that begins at +0 can't \
             become -0. They are equal as numbers, and differ in one bit"
        ));
    }
    if different > 0 {
        step.note(format!(
            "{differing} differ, which the arithmetic rules out: please report this file"
        ));
    }
    Ok(())
}

/// A one-hot vector, with gaps where it has only zeros.
fn drawn(id: u64, n: u64) -> String {
    let around = id.saturating_sub(2)..=id + 2;
    let is_shown = |at: &u64| *at < 2 || around.contains(at) || *at + 1 == n;
    let near = around.clone().filter(|at| *at >= 2);
    let mut shown = String::from("[");
    let mut before = None;
    for at in (0..2).chain(near).chain([n.saturating_sub(1)]).filter(|at| *at < n && is_shown(at)) {
        match before {
            Some(last) if last >= at => continue,
            Some(last) if last + 1 < at => shown += " ...",
            _ => {}
        }
        shown += if before.is_some() { " " } else { "" };
        shown += if at == id { "1" } else { "0" };
        before = Some(at);
    }
    shown + "]"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_one_hot_vector_is_drawn_around_its_one() {
        assert_eq!(drawn(5, 100), "[0 0 ... 0 0 1 0 0 ... 0]");
        assert_eq!(drawn(0, 3), "[1 0 0]");
        assert_eq!(drawn(3, 4), "[0 0 0 1]");
        assert_eq!(drawn(0, 1), "[1]");
    }
}
