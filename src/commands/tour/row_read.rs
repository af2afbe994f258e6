//! Step 2: three IDs give a `[3, d_model]` matrix, read from three byte ranges.

use std::collections::BTreeSet;

use super::*;

const SHOWN: usize = 3;

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "To look a token up is to read its row. The ID says which one, and that is all it \
                  does.";
    let table = tour.table();
    let (row_bytes, table_bytes, d_model) =
        (table.row_bytes() as u64, table.bytes(), tour.d_model());
    let ids = tour.examples.three();
    let mut rows = Vec::new();
    for id in ids {
        let mut values = table.row(id)?;
        values.truncate(SHOWN);
        let shown: Vec<_> = values.iter().map(|value| rounded((*value).into())).collect();
        let more = if d_model > SHOWN as u64 { " ..." } else { "" };
        let first = table.offset() + id * row_bytes;
        let last = first + (row_bytes - 1);
        let (token, row) = (tour.token(id)?, shown.join(" ") + more);
        rows.push(row![&token, id, &token, first, last, &*values, row]);
    }
    // The same row twice is read once.
    let bytes_read = row_bytes * BTreeSet::from(ids).len() as u64;
    let percent_read = 100.0 * bytes_read as f64 / table_bytes as f64;
    values!(step, shape = [ids.len(), table.d_model()], table_offset = table.offset());
    step.table(
        "rows",
        &[
            ("", "token", Token),
            ("id", "ID", Id),
            ("token", "", Token),
            ("first_byte", "first byte", Count),
            ("last_byte", "last byte", Count),
            ("first_values", "", Word),
            ("", "its row", Word),
        ],
        rows,
    );
    values!(step, row_bytes, bytes_read, table_bytes, percent_read);

    let decoded = match table.format().name {
        "F32" => "They are f32 already, so the bytes are the vector".to_owned(),
        format => format!("Decoded from {format} to f32, they are the vector"),
    };
    let bytes = grouped(row_bytes.into());
    step.show(format!(
        "Every row has {bytes} bytes, so row i begins at byte {} + i x {bytes} of the file: no \
         search, one multiplication. {decoded}.",
        grouped(table.offset().into()),
    ));
    step.show(format!(
        "Three IDs in, a [{}, {d_model}] matrix out. {} of the table's {} bytes were read: {} %.",
        ids.len(),
        grouped(bytes_read.into()),
        grouped(table_bytes.into()),
        percent(percent_read)
    ));
    shifted(tour, step)
}

/// Says what a vocabulary in another order than the rows would do.
fn shifted(tour: &Tour, step: &mut TourStep) -> Result<()> {
    let word = tour.examples.word;
    let Some(beside) = [word + 1, word.wrapping_sub(1)].into_iter().find(|id| *id < tour.present)
    else {
        return Ok(());
    };
    let (token, other) = (tour.token(word)?, tour.token(beside)?);
    let shifted_cosine = direction_of(&tour.table().row(word)?, &tour.table().row(beside)?);
    values!(step, shifted = &other, shifted_cosine);
    let [word, other] = [&token, &other].map(name);
    let angle = shifted_cosine.map(|angle| format!(", at a cosine of {}", cosine(angle)));
    step.show(format!(
        "A row does not say whose it is. If the vocabulary were one place off, {word} would get \
         the row of {other}{}, every later token a wrong row too, and no error would say so. {} \
         looks for that.",
        angle.unwrap_or_default(),
        tour.call("check", &[], "")?
    ));
    Ok(())
}

/// A percentage with two digits that are not zero.
fn percent(value: f64) -> String {
    let decimals = if value > 0.0 { (1.0 - value.log10().floor()).clamp(0.0, 15.0) } else { 0.0 };
    decimal(value, decimals as usize)
}
