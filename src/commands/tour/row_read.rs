//! Step 2: three IDs to a `[3, d_model]` matrix, byte ranges and all.

use anyhow::Result;

use super::say::decimal;
use super::{Taken, Tour};
use crate::answer::{Float, Measured, RowPlace, RowRead};
use crate::rows::Rows;
use crate::text::grouped;

/// As many values of a row as are shown.
const SHOWN: usize = 3;

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let table = tour.table();
    let (row_bytes, table_bytes) = (table.row_bytes() as u64, table.bytes());
    let ids = tour.words.three();
    let rows = ids.map(|id| {
        let values = table.row(id)?;
        let first_byte = table.offset() + id * row_bytes;
        Ok(RowPlace {
            token: tour.token(id)?,
            first_byte,
            last_byte: first_byte + (row_bytes - 1),
            first_values: values.into_iter().take(SHOWN).map(Float).collect(),
        })
    });
    let rows = rows.into_iter().collect::<Result<Vec<_>>>()?;
    // The same row twice is read once.
    let distinct = std::collections::BTreeSet::from(ids).len() as u64;
    let bytes_read = row_bytes * distinct;
    let measured = RowRead {
        shape: [ids.len() as u64, tour.d_model()],
        table_offset: table.offset(),
        rows,
        row_bytes,
        bytes_read,
        table_bytes,
        percent_read: Float(100.0 * bytes_read as f64 / table_bytes as f64),
    };
    let decoded = match table.format().name {
        "F32" => "They are f32 already, so the bytes are the vector".to_owned(),
        format => format!("Decoded from {format} to f32, they are the vector"),
    };
    let shows = vec![
        format!(
            "Every row has {} bytes, so row i begins at byte {} + i x {} of the file: no search, \
             one multiplication. {decoded}.",
            grouped(row_bytes.into()),
            grouped(table.offset().into()),
            grouped(row_bytes.into()),
        ),
        format!(
            "Three IDs in, a [{}, {}] matrix out. {} of the table's {} bytes were read: {} %.",
            measured.shape[0],
            measured.shape[1],
            grouped(bytes_read.into()),
            grouped(table_bytes.into()),
            percent(measured.percent_read.0)
        ),
    ];
    Ok(Taken {
        claim: "To look a token up is to read its row. The ID says which one, and that is all it \
                does.",
        measured: Measured::RowRead(measured),
        shows,
        notes: Vec::new(),
    })
}

/// Enough decimals for two digits.
pub(super) fn percent(value: f64) -> String {
    let decimals = if value > 0.0 { (1.0 - value.log10().floor()).clamp(0.0, 15.0) } else { 0.0 };
    decimal(value, decimals as usize)
}
