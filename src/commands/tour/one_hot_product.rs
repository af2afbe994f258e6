//! Step 3: one-hot vectors times the table, and the lookup of the same rows.

use anyhow::Result;

use super::say::factor;
use super::{Taken, Tour, clock};
use crate::answer::{Cost, Float, Measured, OneHotProduct};
use crate::rows::Rows;
use crate::text::{counted, grouped};
use crate::tour::product;

/// A product that is timed more than once, in microseconds.
const SOON: f64 = 10_000.0;

/// Runs of lookups that the median is taken of.
const RUNS: usize = 11;

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let table = tour.table();
    let ids = tour.words.three();
    let looked_up = ids.into_iter().map(|id| table.row(id)).collect::<Result<Vec<_>, _>>()?;
    let batch = clock::batch(ids.len() as u64 * tour.d_model());
    let lookups = clock::median(RUNS, || {
        for _ in 0..batch {
            // Read before, so there's no error to hide.
            let _ = std::hint::black_box(ids.map(|id| table.row(id)));
        }
    });
    let lookup_time = lookups / batch as f64;
    let multiply = || product(table, tour.present, &ids, tour.threads);
    let (multiplied, once) = clock::once(multiply);
    let multiplied = multiplied?;
    // What is over soon is mostly the start of threads, the first time.
    let product_time = if once < SOON {
        clock::median(RUNS, || drop(std::hint::black_box(multiply())))
    } else {
        once
    };

    let values = || looked_up.iter().flatten().zip(multiplied.rows.iter().flatten());
    let same_bits = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits();
    let measured = OneHotProduct {
        ids: ids.to_vec(),
        rows: tour.present,
        rows_left_out: multiplied.left_out,
        d_model: tour.d_model(),
        values: values().count() as u64,
        identical: values().filter(|pair| same_bits(*pair)).count() as u64,
        zeros_of_other_sign: values().filter(|pair| !same_bits(*pair) && pair.0 == pair.1).count()
            as u64,
        different: values().filter(|(a, b)| a != b).count() as u64,
        lookup: Cost {
            multiplications: 0,
            table_bytes: table.row_bytes() as u64 * ids.len() as u64,
            input_bytes: 4 * ids.len() as u64,
            microseconds: Float(lookup_time),
        },
        product: Cost {
            multiplications: multiplied.multiplications,
            table_bytes: table.row_bytes() as u64 * tour.present,
            input_bytes: 4 * ids.len() as u64 * tour.present,
            microseconds: Float(product_time),
        },
        times_as_long: Float(product_time / lookup_time),
        threads: multiplied.threads as u64,
    };
    Ok(Taken {
        claim: "A one-hot vector (all 0, and a 1 at the token's ID) times the table is the \
                token's row. A lookup is that product without the work.",
        shows: shows(&measured, table.format().name),
        notes: notes(&measured),
        measured: Measured::OneHotProduct(measured),
    })
}

fn shows(measured: &OneHotProduct, format: &str) -> Vec<String> {
    let [values, identical, zeros] =
        [measured.values, measured.identical, measured.zeros_of_other_sign]
            .map(|n| grouped(n.into()));
    let agree = if measured.identical == measured.values {
        format!("All {values} values came out the same, bit for bit.")
    } else if measured.different == 0 {
        format!(
            "All {values} values came out equal, {identical} of them bit for bit; the other {zeros} \
             are zeros whose minus sign a sum loses."
        )
    } else {
        format!("{identical} of {values} values came out the same, bit for bit.")
    };
    let decode = match format {
        "F32" | "F16" | "BF16" | "F64" => "",
        _ => " (Decoding the rows multiplies too, in both ways: by the scales of their blocks.)",
    };
    vec![
        format!(
            "{agree} They must: in each sum one term is 1 times a value, which is that value, \
             and all others are 0 times a value, which is 0. Adding 0 changes nothing, so nothing \
             is ever rounded, in whatever order."
        ),
        format!(
            "The product took {} times as long, on {}, to find out what the IDs had said to begin \
             with.{decode} Times are of this machine, now.",
            factor(measured.times_as_long.0),
            counted(measured.threads, "thread")
        ),
    ]
}

fn notes(measured: &OneHotProduct) -> Vec<String> {
    let mut notes = Vec::new();
    if measured.rows_left_out > 0 {
        notes.push(format!(
            "{} with a NaN or an infinity had to be left out of the product: 0 times infinity is \
             NaN, and would spoil its column in every result. A lookup does not care",
            counted(measured.rows_left_out, "row")
        ));
    }
    if measured.zeros_of_other_sign > 0 {
        notes.push(format!(
            "{} that a lookup gives as -0 came out as +0: a sum that begins at +0 can't become \
             -0. They are equal as numbers, and differ in one bit",
            counted(measured.zeros_of_other_sign, "value")
        ));
    }
    if measured.different > 0 {
        notes.push(format!(
            "{} differ, which the arithmetic rules out: please report this file",
            counted(measured.different, "value")
        ));
    }
    notes
}
