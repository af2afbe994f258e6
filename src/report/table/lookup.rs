//! A lookup from top to bottom: the IDs, the table, what is read, the matrix.

use std::collections::HashSet;
use std::io::Write;

use anyhow::Result;
use comfy_table::Cell;

use super::super::Style;
use super::super::number::{decimal_size, exact, grouped, percent, rounded};
use super::super::words::quoted;
use super::glyphs::{Painter, cells, extent, strip};
use super::{TOKEN_WIDTH, align_right, grid, lines, notes, paragraph, print, text};
use crate::answer::{LookupReport, LookupRow, TextInput};
use crate::text::{clip, harmless, visible, width};

pub(super) fn write(report: &LookupReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    trace(report, style, out)?;
    writeln!(out)?;
    match style.values {
        None => matrix(report, style, out)?,
        Some(n) => listing(report, n, style, out)?,
    }
    for row in &report.rows {
        if let Some(first) = row.repeats {
            let line = format!("position {} repeats position {first}: the same row", row.position);
            paragraph(&line, style, out)?;
        }
    }
    notes(&report.notes, style, out)
}

/// What happens, step by step, each with its shape.
fn trace(report: &LookupReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    let table = &report.table;
    let [n, d_model] = report.shape;
    let shapes = [
        format!("[{n}]"),
        format!("[{}, {}]", table.n_vocab, table.d_model),
        format!("[{n}, {d_model}]"),
    ];
    let shape_width = shapes.iter().map(String::len).max().unwrap_or(0);
    let columns = style.width.saturating_sub(11 + shape_width + 2).max(20);
    let ids: Vec<_> = report.ids.iter().take(100).map(u64::to_string).collect();
    let distinct = report.ids.iter().collect::<HashSet<_>>().len() as u64;
    let shape = format!(
        "{} rows (n_vocab) of {} values (d_model)",
        grouped(table.n_vocab),
        grouped(table.d_model)
    );
    let stored = format!(
        "{}, {}: {} bytes ({}) from byte {} of the file (GGUF stores the shape fastest first, \
         [{}, {}])",
        visible(&table.tensor),
        table.format,
        grouped(table.bytes),
        decimal_size(table.bytes),
        grouped(table.offset),
        table.d_model,
        table.n_vocab
    );
    let read = format!(
        "{} read: {} of {} bytes ({}){}",
        if distinct == 1 {
            "1 row is".to_owned()
        } else {
            format!("{} rows are", grouped(distinct))
        },
        grouped(report.bytes_read),
        grouped(table.bytes),
        percent(report.bytes_read as f64 / table.bytes as f64),
        match table.format {
            "F32" => "; looked up, nothing is computed".to_owned(),
            format => format!(", and decoded from {format} to f32"),
        }
    );
    let [ids_shape, table_shape, matrix_shape] = &shapes;
    let ids = ids.join(", ");
    let ids = clip(&ids, columns);
    let start = if report.steps.is_some() {
        "one row a position, as the first block receives it"
    } else {
        "one row a position: where the model's mathematics starts"
    };
    let text = report.text.as_ref().map(|input| TextSteps::of(report, input, columns));
    let mut steps: Vec<(&str, &str, &str)> = Vec::new();
    if let Some(TextSteps { text, size, tokens, added }) = &text {
        steps.extend([("text", "", &**text), (DOWN, "", size), (ARROW, "", "")]);
        steps.push(("tokens", ids_shape, tokens));
        steps.extend(added.iter().map(|added| (DOWN, "", &**added)));
        steps.push((ARROW, "", ""));
    }
    let lookup: [(&str, &str, &str); 6] = [
        ("token IDs", ids_shape, &ids),
        (DOWN, "", "each ID names one row of the table: a label, not a quantity"),
        (ARROW, "", ""),
        ("table", table_shape, &shape),
        (DOWN, "", &stored),
        (DOWN, "", &read),
    ];
    steps.extend(lookup);
    let done: Vec<(String, String)> = report
        .steps
        .iter()
        .flatten()
        .map(|step| (step.step.replace('_', " "), harmless(&step.text).into_owned()))
        .collect();
    for (name, text) in &done {
        steps.extend([(ARROW, "", ""), (name, "", text)]);
    }
    steps.extend([(ARROW, "", ""), ("matrix", matrix_shape, start)]);
    for (name, shape, text) in steps {
        for (i, line) in lines(text, columns).iter().enumerate() {
            let below = if name == "matrix" { "" } else { DOWN };
            let (name, shape) = if i == 0 { (name, shape) } else { (below, "") };
            writeln!(out, "{}", format!("{name:<11}{shape:<shape_width$}  {line}").trim_end())?;
        }
    }
    Ok(())
}

/// How a text becomes IDs.
struct TextSteps {
    text: String,
    size: String,
    /// The first of them, each in quotes.
    tokens: String,
    added: Option<String>,
}

impl TextSteps {
    fn of(report: &LookupReport, input: &TextInput, columns: usize) -> Self {
        let tokens: Vec<_> = report.rows.iter().map(|row| &row.token).collect();
        let shown: Vec<_> =
            tokens.iter().take(100).map(|token| quoted(token, TOKEN_WIDTH)).collect();
        Self {
            text: text::shown(input, columns),
            size: format!("{}, read by the model's own tokenizer", text::size(input)),
            tokens: clip(&shown.join(" "), columns).into_owned(),
            added: text::added(input, &tokens),
        }
    }
}

const DOWN: &str = "    │";
const ARROW: &str = "    ▼";

/// The matrix with the first and last values of each row, as many as fit.
fn matrix(report: &LookupReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    let tokens: Vec<String> =
        report.rows.iter().map(|row| quoted(&row.token, TOKEN_WIDTH)).collect();
    let norms: Vec<String> = report.rows.iter().map(|row| rounded(row.norm.0)).collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let used = 2 * 4
        + 1
        + "position".len()
        + widest(&mut report.rows.iter().map(|row| row.id.to_string().len())).max(2)
        + widest(&mut tokens.iter().map(|token| width(token))).max("token".len())
        + widest(&mut norms.iter().map(String::len)).max("norm".len());
    let d_model = report.shape[1] as usize;
    let value_width = 2 + report
        .rows
        .iter()
        .flat_map(|row| row.values.iter().take(8).chain(row.values.iter().rev().take(8)))
        .map(|value| rounded(value.0.into()).len())
        .max()
        .unwrap_or(0)
        .max(format!("[{d_model}]").len());
    let fit = style.width.saturating_sub(used) / value_width;
    let (head, tail) = if d_model <= fit {
        (d_model, 0)
    } else {
        // One column's room goes to the ellipsis.
        let shown = fit.saturating_sub(1).clamp(2, 16);
        (shown - shown / 2, shown / 2)
    };

    let columns = |middle: &str, show: &mut dyn FnMut(usize) -> String| {
        let mut cells: Vec<String> = (0..head).map(&mut *show).collect();
        if head + tail < d_model {
            cells.push(middle.to_owned());
        }
        cells.extend((d_model - tail..d_model).map(show));
        cells
    };
    let header = ["position", "ID", "token", "norm"].map(str::to_owned).into_iter();
    let header: Vec<_> = header.chain(columns("", &mut |i| format!("[{i}]"))).collect();
    let mut table = grid(&header);
    for ((row, token), norm) in report.rows.iter().zip(&tokens).zip(&norms) {
        let cells = [row.position.to_string(), row.id.to_string(), token.clone(), norm.clone()];
        let values = columns("…", &mut |i| rounded(row.values[i].0.into()));
        table.add_row(cells.into_iter().chain(values).map(Cell::new));
    }
    align_right(&mut table, (0..header.len()).filter(|column| *column != 2));
    print(&table, out)?;
    let hidden = d_model - head - tail;
    let line = if hidden > 0 {
        format!("values are rounded, {hidden} of {d_model} not shown: --full prints all of them")
    } else {
        "values are rounded: --full prints every digit".to_owned()
    };
    paragraph(&line, style, out)?;
    strips(report, style, out)
}

/// As many rows as have a strip each.
const STRIPS: usize = 40;

/// The rows as marks, one above the other, so that what they share stands out.
fn strips(report: &LookupReport, style: &Style, out: &mut dyn Write) -> Result<()> {
    const LABEL: usize = 14;
    let rows = &report.rows[..report.rows.len().min(STRIPS)];
    let tokens: Vec<_> = rows.iter().map(|row| quoted(&row.token, LABEL)).collect();
    let label = tokens.iter().map(|token| width(token)).max().unwrap_or(0);
    let d_model = report.shape[1] as usize;
    let columns = d_model.min(style.width - 1 - label - 2);
    let strips: Vec<_> = rows.iter().map(|row| cells(&row.values, columns)).collect();
    let extent = extent(strips.iter().flatten());
    if extent == 0.0 {
        return Ok(());
    }
    writeln!(out)?;
    let painter = Painter { color: style.color };
    for (cells, token) in strips.iter().zip(&tokens) {
        let strip = strip(cells, extent, &painter);
        writeln!(out, " {token}{:1$}  {strip}", "", label - width(token))?;
    }
    if rows.len() < report.rows.len() {
        writeln!(out, " … {} rows more", report.rows.len() - rows.len())?;
    }
    let each = match d_model.div_ceil(columns) {
        1 => "a cell is a value".to_owned(),
        n => format!("a cell is the farthest from 0 of up to {n} values"),
    };
    let extent = rounded(extent.into());
    let line = format!(
        "low is below 0, high above: ▁ is -{extent} or less, █ is {extent} or more; {each}"
    );
    paragraph(&line, style, out)
}

/// The first `n` values of each row with every digit, as many a line as fit.
fn listing(report: &LookupReport, n: usize, style: &Style, out: &mut dyn Write) -> Result<()> {
    for (i, row) in report.rows.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        let LookupRow { position, id, norm, .. } = row;
        let token = quoted(&row.token, TOKEN_WIDTH);
        writeln!(out, "position {position}, ID {id}, {token}, norm {}", rounded(norm.0))?;
        let shown: Vec<String> = row.values.iter().take(n).map(|value| exact(value.0)).collect();
        let cell = 2 + shown.iter().map(String::len).max().unwrap_or(0);
        let label = format!("[{}]", shown.len()).len();
        let per_line = ((style.width - label) / cell).max(1);
        // Round numbers of values a line are easier to count along.
        let per_line = [64, 32, 16, 8, 4, 2, 1].into_iter().find(|n| *n <= per_line).unwrap_or(1);
        for (line, values) in shown.chunks(per_line).enumerate() {
            write!(out, "{:>label$}", format!("[{}]", line * per_line))?;
            for value in values {
                write!(out, "{value:>cell$}")?;
            }
            writeln!(out)?;
        }
        if shown.len() < row.values.len() {
            writeln!(out, "{:label$}  … {} more", "", row.values.len() - shown.len())?;
        }
    }
    Ok(())
}
