//! How a lookup looks: the IDs, the table, the bytes that are read, the matrix.

use std::collections::HashSet;
use std::io::Write;

use anyhow::{Context, Result};

use super::answer::{LookupHead, LookupRow};
use crate::commands::text::answer as text;
use crate::report::glyphs::{cells, extent, strip};
use crate::report::markdown::{Markdown, code};
use crate::report::number::{decimal_size, exact, grouped, percent, rounded};
use crate::report::{
    Cell, Column, Fitted, Grid, Items, List, Page, Printer, Records, Sink, TOKEN_WIDTH, lines, npy,
};
use crate::text::{clip, harmless, visible, width};

/// A line of Markdown has this many first and this many last values of a row.
const MARKDOWN_VALUES: (usize, usize) = (5, 2);

impl List for LookupHead {
    type Item = LookupRow;

    const ITEMS: &'static str = "rows";

    fn columns(&self) -> Vec<Column<'_>> {
        self.columns_of(&self.dimensions())
    }

    fn records(&self, row: &LookupRow, out: &mut dyn Records) -> Result<()> {
        record(row, &self.dimensions(), out)
    }

    fn markdown_head(&self, page: &mut Page) -> Result<()> {
        let (table, [n, d_model]) = (&self.table, self.shape);
        let [model, tensor] = [&self.model, &table.tensor].map(|text| code(&visible(text)));
        let shape = format!("[{}, {}]", table.n_vocab, table.d_model);
        writeln!(page, "{n} of the rows {shape} of {tensor} ({}) in {model}:", table.format)?;
        writeln!(page, "a matrix [{n}, {d_model}].\n")?;
        for step in self.steps.iter().flatten() {
            writeln!(page, "- {}: {}", step.step.replace('_', " "), code(&harmless(&step.text)))?;
        }
        if self.steps.as_ref().is_some_and(|steps| !steps.is_empty()) {
            writeln!(page)?;
        }
        Markdown::new(page).header(&self.columns_of(&self.markdown_dimensions()))
    }

    fn markdown_item(&self, _: usize, row: &LookupRow, page: &mut Page) -> Result<()> {
        let mut out = Markdown::new(page).exact(self.values.is_some());
        record(row, &self.markdown_dimensions(), &mut out)
    }
}

impl LookupHead {
    fn d_model(&self) -> usize {
        self.shape[1] as usize
    }

    /// The dimensions whose values are written.
    fn dimensions(&self) -> Vec<Option<usize>> {
        let n = self.d_model().min(self.values.unwrap_or(usize::MAX));
        (0..n).map(Some).collect()
    }

    /// The dimensions in a line of Markdown. `None` is a gap.
    fn markdown_dimensions(&self) -> Vec<Option<usize>> {
        let (d_model, (first, last)) = (self.d_model(), MARKDOWN_VALUES);
        if self.values.is_some() || d_model <= first + last + 1 {
            return self.dimensions();
        }
        (0..first).map(Some).chain([None]).chain((d_model - last..d_model).map(Some)).collect()
    }

    fn columns_of(&self, dimensions: &[Option<usize>]) -> Vec<Column<'static>> {
        let mut columns = ["#position", "#id", "token", "#norm"].map(Column::of).to_vec();
        columns.extend(dimensions.iter().map(|dimension| match dimension {
            Some(dimension) => Column { name: format!("v{dimension}").into(), is_number: true },
            None => Column::text("…"),
        }));
        columns
    }
}

fn record(row: &LookupRow, dimensions: &[Option<usize>], out: &mut dyn Records) -> Result<()> {
    let LookupRow { position, id, token, norm, values, .. } = row;
    let mut cells =
        vec![Cell::Number(*position), Cell::Number(*id), Cell::Token(token), Cell::Wide(*norm)];
    let value = |at: usize| values.get(at).map_or(Cell::Nothing, |value| Cell::Value(*value));
    cells.extend(dimensions.iter().map(|at| at.map_or(Cell::Word("…"), value)));
    out.record(&cells)
}

pub(super) struct Matrix<'p, 'w>(pub &'p mut Printer<'w>);

impl Sink<LookupHead> for Matrix<'_, '_> {
    fn head(&mut self, head: LookupHead) -> Result<()> {
        npy::header(head.shape, self.0.out())
    }

    fn item(&mut self, row: LookupRow) -> Result<()> {
        let mut bytes = Vec::new();
        matrix_row(&row, &mut bytes);
        Ok(self.0.out().write_all(&bytes)?)
    }

    fn items(&mut self, rows: &Items<LookupRow>) -> Result<()> {
        self.0.blocks(rows, |_, row, bytes| {
            matrix_row(row, bytes);
            Ok(())
        })
    }

    fn end(&mut self, notes: Vec<String>) -> Result<()> {
        self.0.notes.extend(notes);
        Ok(())
    }
}

fn matrix_row(row: &LookupRow, bytes: &mut Vec<u8>) {
    npy::values(row.values.iter().map(|value| value.0), bytes);
}

/// Prints the table for a person. The columns are fitted on the first rows, and the
/// others are printed as they come, so that no more rows are in memory.
pub(super) struct Trace<'p, 'w> {
    printer: &'p mut Printer<'w>,
    head: Option<LookupHead>,
    /// The first rows.
    first: Vec<LookupRow>,
    layout: Option<Layout>,
    n: u64,
    /// The positions that repeat another one, and that one.
    repeats: Vec<[u64; 2]>,
}

/// The columns are fitted on at most this many rows.
const FITTED: usize = 1000;

/// They have about this many values, but there are always enough rows for the strips.
const FITTED_VALUES: usize = 1 << 20;

impl<'p, 'w> Trace<'p, 'w> {
    pub(super) fn new(printer: &'p mut Printer<'w>) -> Self {
        Self { printer, head: None, first: Vec::new(), layout: None, n: 0, repeats: Vec::new() }
    }

    /// Prints the steps, and the rows so far.
    fn begin(&mut self) -> Result<()> {
        let head = self.head.as_ref().context("rows before their head")?;
        let mut page = self.printer.page();
        if !page.is_quiet() {
            trace(head, &self.first, &mut page)?;
            writeln!(page)?;
        }
        self.layout = Some(match head.values {
            None => matrix(head, &self.first, &mut page)?,
            Some(n) => {
                for (nth, row) in self.first.iter().enumerate() {
                    listed(nth as u64, row, n, &mut page)?;
                }
                Layout::List(n)
            }
        });
        Ok(())
    }
}

impl Sink<LookupHead> for Trace<'_, '_> {
    fn head(&mut self, head: LookupHead) -> Result<()> {
        self.head = Some(head);
        Ok(())
    }

    fn item(&mut self, row: LookupRow) -> Result<()> {
        self.repeats.extend(row.repeats.map(|first| [row.position, first]));
        let nth = self.n;
        self.n += 1;
        match &self.layout {
            None => {
                let most = (FITTED_VALUES / row.values.len()).clamp(STRIPS, FITTED);
                self.first.push(row);
                if self.first.len() < most { Ok(()) } else { self.begin() }
            }
            Some(Layout::List(n)) => listed(nth, &row, *n, &mut self.printer.page()),
            Some(Layout::Grid(shown, fitted)) => {
                let line = fitted.line(shown.cells(&row));
                Ok(writeln!(self.printer.page(), "{line}")?)
            }
        }
    }

    fn end(&mut self, notes: Vec<String>) -> Result<()> {
        if self.layout.is_none() {
            self.begin()?;
        }
        let mut page = self.printer.page();
        if let (Some(head), Some(Layout::Grid(shown, _))) = (&self.head, &self.layout) {
            page.explain(&shown.hidden())?;
            strips(head, &self.first, self.n, &mut page)?;
        }
        for [position, first] in &self.repeats {
            page.paragraph(&format!("position {position} repeats position {first}: the same row"))?;
        }
        page.notes(&notes)
    }
}

/// How the rows of a table are printed.
enum Layout {
    /// A line each, with the first and the last values.
    Grid(Shown, Fitted),
    /// Each with as many values on several lines.
    List(usize),
}

/// Which values of a row have a column.
struct Shown {
    head: usize,
    tail: usize,
    d_model: usize,
}

impl Shown {
    /// The values, with one `middle` for those without a column.
    fn values(&self, middle: &str, show: impl Fn(usize) -> String) -> Vec<String> {
        let &Self { head, tail, d_model } = self;
        let mut cells: Vec<String> = (0..head).map(&show).collect();
        cells.extend((head + tail < d_model).then(|| middle.to_owned()));
        cells.extend((d_model - tail..d_model).map(show));
        cells
    }

    fn cells(&self, row: &LookupRow) -> Vec<String> {
        let mut cells = named(row).to_vec();
        cells.extend(self.values("…", |i| rounded(row.values[i].0.into())));
        cells
    }

    fn hidden(&self) -> String {
        match self.d_model - self.head - self.tail {
            0 => "values are rounded: --full prints every digit".to_owned(),
            hidden => format!(
                "values are rounded, {hidden} of {} not shown: --full prints all of them",
                self.d_model
            ),
        }
    }
}

fn named(row: &LookupRow) -> [String; 4] {
    let [position, id] = [row.position, row.id].map(|n| n.to_string());
    [position, id, row.token.quoted(TOKEN_WIDTH), rounded(row.norm.0)]
}

/// Prints the steps of the lookup, each with its shape.
fn trace(list: &LookupHead, rows: &[LookupRow], page: &mut Page) -> Result<()> {
    let (table, [n, d_model]) = (&list.table, list.shape);
    let (n_vocab, width) = (table.n_vocab, table.d_model);
    let shapes = [format!("[{n}]"), format!("[{n_vocab}, {width}]"), format!("[{n}, {d_model}]")];
    let shape_width = shapes.iter().map(String::len).max().unwrap_or(0);
    let columns = page.width().saturating_sub(11 + shape_width + 2).max(20);
    let [ids_shape, table_shape, matrix_shape] = &shapes;
    let mut say = |name: &str, shape: &str, text: &str| {
        for (i, line) in lines(text, columns).iter().enumerate() {
            let below = if name == "matrix" { "" } else { DOWN };
            let (name, shape) = if i == 0 { (name, shape) } else { (below, "") };
            writeln!(page, "{}", format!("{name:<11}{shape:<shape_width$}  {line}").trim_end())?;
        }
        anyhow::Ok(())
    };

    if let Some(input) = &list.text {
        let tokens = rows.iter().take(100).map(|row| row.token.quoted(TOKEN_WIDTH));
        let shown: Vec<_> = tokens.collect();
        say("text", "", &text::shown(input, columns))?;
        say(DOWN, "", &format!("{}, read by the model's own tokenizer", text::size(input)))?;
        say(ARROW, "", "")?;
        say("tokens", ids_shape, &clip(&shown.join(" "), columns))?;
        text::added(input).map_or(Ok(()), |added| say(DOWN, "", &added))?;
        say(ARROW, "", "")?;
    }

    let ids: Vec<_> = list.ids.iter().take(100).map(u64::to_string).collect();
    say("token IDs", ids_shape, &clip(&ids.join(", "), columns))?;
    say(DOWN, "", "each ID names one row of the table: a label, not a quantity")?;
    say(ARROW, "", "")?;
    let (rows_of, values) = (grouped(n_vocab), grouped(width));
    say("table", table_shape, &format!("{rows_of} rows (n_vocab) of {values} values (d_model)"))?;
    let (tensor, format, bytes) = (visible(&table.tensor), table.format, grouped(table.bytes));
    let (size, offset) = (decimal_size(table.bytes), grouped(table.offset));
    let order = match table.is_fastest_first {
        true => format!(" (GGUF stores the shape fastest first, [{width}, {n_vocab}])"),
        false => String::new(),
    };
    let stored =
        format!("{tensor}, {format}: {bytes} bytes ({size}) from byte {offset} of the file{order}");
    say(DOWN, "", &stored)?;
    let read = match list.ids.iter().collect::<HashSet<_>>().len() as u64 {
        1 => "1 row is".to_owned(),
        distinct => format!("{} rows are", grouped(distinct)),
    };
    let (read_bytes, share) = (list.bytes_read, list.bytes_read as f64 / table.bytes as f64);
    let decoded = match format {
        "F32" => "; looked up, nothing is computed".to_owned(),
        format => format!(", and decoded from {format} to f32"),
    };
    let (read_bytes, share) = (grouped(read_bytes), percent(share));
    say(DOWN, "", &format!("{read} read: {read_bytes} of {bytes} bytes ({share}){decoded}"))?;
    for step in list.steps.iter().flatten() {
        say(ARROW, "", "")?;
        say(&step.step.replace('_', " "), "", &harmless(&step.text))?;
    }
    say(ARROW, "", "")?;
    let start = if list.steps.is_some() {
        "one row a position, as the first block receives it"
    } else {
        "one row a position: where the model's mathematics starts"
    };
    say("matrix", matrix_shape, start)
}

const DOWN: &str = "    │";
const ARROW: &str = "    ▼";

/// Prints the matrix with the first and last values of each row, as many as fit.
/// Returns how further rows are printed.
fn matrix(list: &LookupHead, rows: &[LookupRow], page: &mut Page) -> Result<Layout> {
    let mut header = ["#position", "#ID", "token", "#norm"].map(Column::of).to_vec();
    // The largest numbers may be in rows that come later.
    let largest = (list.ids.len() > rows.len()).then(|| {
        let start = rows.first().map_or(0, |row| row.position);
        let id = list.ids.iter().max().copied().unwrap_or_default();
        [(start + list.ids.len() as u64 - 1).to_string(), id.to_string()]
    });
    let mut grid = Grid::new(&header);
    rows.iter().for_each(|row| grid.row(named(row)));
    if let Some(largest) = &largest {
        grid.measure(largest);
    }
    let used = 1 + grid.lines().next().map_or(0, |line| width(&line));
    let d_model = list.shape[1] as usize;
    let value_width = 2 + rows
        .iter()
        .flat_map(|row| row.values.iter().take(8).chain(row.values.iter().rev().take(8)))
        .map(|value| rounded(value.0.into()).len())
        .max()
        .unwrap_or(0)
        .max(format!("[{d_model}]").len());
    let fit = page.width().saturating_sub(used) / value_width;
    let (head, tail) = if d_model <= fit {
        (d_model, 0)
    } else {
        // The ellipsis takes the room of one column.
        let shown = fit.saturating_sub(1).clamp(2, 16);
        (shown - shown / 2, shown / 2)
    };
    let shown = Shown { head, tail, d_model };

    let names = shown.values("", |i| format!("[{i}]"));
    header.extend(names.iter().map(|name| Column::number(name)));
    let mut grid = Grid::new(&header);
    rows.iter().for_each(|row| grid.row(shown.cells(row)));
    if let Some(largest) = &largest {
        grid.measure(largest);
    }
    grid.print(page)?;
    Ok(Layout::Grid(shown, grid.fitted()))
}

/// At most this many rows get a strip of marks.
const STRIPS: usize = 40;

/// Prints the first of `n` rows as marks, one above the other, so that common patterns
/// stand out.
fn strips(list: &LookupHead, rows: &[LookupRow], n: u64, page: &mut Page) -> Result<()> {
    const LABEL: usize = 14;
    let rows = &rows[..rows.len().min(STRIPS)];
    let tokens: Vec<_> = rows.iter().map(|row| row.token.quoted(LABEL)).collect();
    let label = tokens.iter().map(|token| width(token)).max().unwrap_or(0);
    let d_model = list.shape[1] as usize;
    let columns = d_model.min(page.width() - 1 - label - 2);
    let strips: Vec<_> = rows.iter().map(|row| cells(&row.values, columns)).collect();
    let extent = extent(strips.iter().flatten());
    if extent == 0.0 {
        return Ok(());
    }
    writeln!(page)?;
    let painter = page.painter();
    for (cells, token) in strips.iter().zip(&tokens) {
        let strip = strip(cells, extent, &painter);
        writeln!(page, " {token}{:1$}  {strip}", "", label - width(token))?;
    }
    if n > rows.len() as u64 {
        writeln!(page, " … {} rows more", n - rows.len() as u64)?;
    }
    let each = match d_model.div_ceil(columns) {
        1 => "a cell is a value".to_owned(),
        n => format!("a cell is the farthest from 0 of up to {n} values"),
    };
    let extent = rounded(extent.into());
    let line = format!(
        "low is below 0, high above: ▁ is -{extent} or less, █ is {extent} or more; {each}"
    );
    page.explain(&line)
}

/// Prints the first `n` values of row number `nth` with every digit, as many per line as
/// fit.
fn listed(nth: u64, row: &LookupRow, n: usize, page: &mut Page) -> Result<()> {
    if nth > 0 {
        writeln!(page)?;
    }
    let LookupRow { position, id, norm, .. } = row;
    let token = row.token.quoted(TOKEN_WIDTH);
    writeln!(page, "position {position}, ID {id}, {token}, norm {}", rounded(norm.0))?;
    let shown: Vec<String> = row.values.iter().take(n).map(|value| exact(value.0)).collect();
    let cell = 2 + shown.iter().map(String::len).max().unwrap_or(0);
    let label = format!("[{}]", shown.len()).len();
    let per_line = ((page.width() - label) / cell).max(1);
    // Round numbers of values per line are easier to count.
    let per_line = [64, 32, 16, 8, 4, 2, 1].into_iter().find(|n| *n <= per_line).unwrap_or(1);
    for (line, values) in shown.chunks(per_line).enumerate() {
        write!(page, "{:>label$}", format!("[{}]", line * per_line))?;
        for value in values {
            write!(page, "{value:>cell$}")?;
        }
        writeln!(page)?;
    }
    if shown.len() < row.values.len() {
        writeln!(page, "{:label$}  … {} more", "", row.values.len() - shown.len())?;
    }
    Ok(())
}
