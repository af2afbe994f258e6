//! The figures of a tour's steps, as tables and drawings of text: what there is
//! to show, apart from how (see `table::tour` and `markdown`).

use super::number::{grouped, rounded};
use super::records::Column;
use crate::answer::{
    Chance, Float, Geometry, Labels, Measured, OneHotProduct, OneHots, PairSample, RowRead, Start,
    Storing, TourNeighbor, TourToken, Twice, Widths,
};
use crate::text::counted;

/// A part of a figure.
pub(crate) enum Figure {
    /// A table.
    Grid {
        columns: Vec<Column<'static>>,
        /// Cells, as they are shown.
        rows: Vec<Vec<String>>,
    },
    /// Lines that stand as they are.
    Drawing(Vec<String>),
    /// A sentence.
    Line(String),
}

/// The widest that a token is shown in a figure.
const TOKEN: usize = 16;

/// All figures of a step.
pub(crate) fn figures(measured: &Measured) -> Vec<Figure> {
    match measured {
        Measured::Labels(labels) => self::labels(labels),
        Measured::RowRead(read) => row_read(read),
        Measured::OneHotProduct(product) => one_hot_product(product),
        Measured::OneHots(one_hots) => self::one_hots(one_hots),
        Measured::Chance(chance) => self::chance(chance),
        Measured::Geometry(geometry) => self::geometry(geometry),
        Measured::Twice(twice) => self::twice(twice),
        Measured::Widths(widths) => self::widths(widths),
        Measured::Storing(storing) => self::storing(storing),
        Measured::Start(start) => self::start(start),
    }
}

fn grid<const N: usize>(
    columns: [Column; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Figure {
    Figure::Grid {
        columns: columns.into_iter().map(owned).collect(),
        rows: rows.into_iter().map(Vec::from).collect(),
    }
}

fn owned(column: Column) -> Column<'static> {
    Column { name: column.name.into_owned().into(), is_number: column.is_number }
}

fn named(token: &TourToken) -> String {
    match token.text.token {
        Some(_) => token.text.quoted(TOKEN),
        None => format!("row {}", token.id),
    }
}

fn cosine(Float(value): Float<f64>) -> String {
    format!("{:.3}", value + 0.0).replace("-0.000", "0.000")
}

fn microseconds(Float(value): Float<f64>) -> String {
    match value {
        v if v < 0.1 => format!("{v:.3}"),
        v if v < 10.0 => format!("{v:.2}"),
        v => grouped(v.round() as u64),
    }
}

fn labels(labels: &Labels) -> Vec<Figure> {
    let row = |what: &str, sample: &PairSample| {
        let of = |get: fn(&crate::answer::CosineSpread) -> Float<f64>| {
            sample.cosines.as_ref().map(|spread| cosine(get(spread))).unwrap_or_default()
        };
        [
            what.to_owned(),
            grouped(sample.pairs),
            of(|spread| spread.mean),
            of(|spread| spread.sd),
            of(|spread| spread.min),
            of(|spread| spread.max),
        ]
    };
    vec![grid(
        [
            Column::text("two rows"),
            Column::number("pairs"),
            Column::number("mean cosine"),
            Column::number("deviation"),
            Column::number("least"),
            Column::number("most"),
        ],
        [row("drawn by chance", &labels.random), row("side by side", &labels.adjacent)],
    )]
}

fn row_read(read: &RowRead) -> Vec<Figure> {
    let rows = read.rows.iter().map(|row| {
        let first: Vec<_> = row.first_values.iter().map(|value| rounded(value.0.into())).collect();
        let more = if read.shape[1] > first.len() as u64 { " ..." } else { "" };
        [
            named(&row.token),
            row.token.id.to_string(),
            grouped(row.first_byte),
            grouped(row.last_byte),
            first.join(" ") + more,
        ]
    });
    vec![grid(
        [
            Column::text("token"),
            Column::number("ID"),
            Column::number("first byte"),
            Column::number("last byte"),
            Column::text("its row"),
        ],
        rows,
    )]
}

fn one_hot_product(measured: &OneHotProduct) -> Vec<Figure> {
    let rows = [("lookup", &measured.lookup), ("product", &measured.product)];
    let rows = rows.map(|(way, cost)| {
        [
            way.to_owned(),
            grouped(cost.multiplications),
            grouped(cost.table_bytes),
            grouped(cost.input_bytes),
            microseconds(cost.microseconds),
        ]
    });
    vec![grid(
        [
            Column::text("way"),
            Column::number("multiplications"),
            Column::number("bytes of the table"),
            Column::number("bytes of input"),
            Column::number("microseconds"),
        ],
        rows,
    )]
}

fn one_hots(one_hots: &OneHots) -> Vec<Figure> {
    let rows = one_hots.pairs.iter().map(|pair| {
        [
            format!("{} and {}", named(&pair.a), named(&pair.b)),
            rounded(pair.one_hot_distance.0),
            cosine(pair.one_hot_cosine),
            rounded(pair.row_distance.0),
            cosine(pair.row_cosine),
        ]
    });
    vec![grid(
        [
            Column::text("two tokens"),
            Column::number("one-hots apart"),
            Column::number("cosine"),
            Column::number("rows apart"),
            Column::number("cosine"),
        ],
        rows,
    )]
}

/// The longest bar.
const BAR: usize = 26;

fn chance(chance: &Chance) -> Vec<Figure> {
    let mut figures = Vec::new();
    if !chance.learned_counts.is_empty() {
        figures.push(Figure::Drawing(histograms(chance)));
        figures.push(Figure::Line(format!(
            "(The longest bar is {}, and · is fewer than a block. In theory most random pairs lie \
             between the marks ±: 0 plus and minus one over the square root of d_model, {}.)",
            counted(longest(chance), "pair"),
            cosine(chance.theory_sd)
        )));
    }
    let cell = |neighbor: Option<&TourNeighbor>| {
        neighbor.map_or_else(Default::default, |of| (named(&of.token), cosine(of.cosine)))
    };
    let (here, there) = (&chance.learned_neighbors, &chance.random_neighbors);
    let rows = (0..here.len().max(there.len())).map(|i| {
        let (learned, random) = (cell(here.get(i)), cell(there.get(i)));
        [(i + 1).to_string(), learned.0, learned.1, random.0, random.1]
    });
    figures.push(Figure::Line(format!("Nearest to {}:", named(&chance.word))));
    figures.push(grid(
        [
            Column::number("rank"),
            Column::text("in this table"),
            Column::number("cosine"),
            Column::text("in the random one"),
            Column::number("cosine"),
        ],
        rows,
    ));
    figures
}

/// The most pairs in a bin.
fn longest(chance: &Chance) -> u64 {
    chance.learned_counts.iter().chain(&chance.random_counts).copied().max().unwrap_or(0)
}

/// Two histograms on one axis, which runs down: this table's to the left, the
/// random one's to the right. The bins of theory's deviation are marked.
fn histograms(chance: &Chance) -> Vec<String> {
    let most = longest(chance).max(1);
    let Float(sd) = chance.theory_sd;
    let marked =
        |edges: &[Float<f64>]| [sd, -sd].iter().any(|x| edges[0].0 <= *x && *x < edges[1].0);
    let bar = |count: u64| {
        let length = (count as f64 / most as f64 * BAR as f64).round() as usize;
        // What is there shows, however little it is.
        if count > 0 && length == 0 { "·".to_owned() } else { "█".repeat(length) }
    };
    let mut lines = vec![format!("{:<18}  {:<BAR$}  random rows", "cosine", "this table")];
    let bins = chance.edges.windows(2).zip(chance.learned_counts.iter().zip(&chance.random_counts));
    for (edges, (learned, random)) in bins {
        let mark = if marked(edges) { "±" } else { "" };
        let axis = format!("{:>6.2} to {:>6.2} {mark}", edges[0].0 + 0.0, edges[1].0 + 0.0);
        let line = format!("{axis:<18}  {:<BAR$}  {}", bar(*learned), bar(*random));
        lines.push(line.trim_end().to_owned());
    }
    lines
}

fn geometry(geometry: &Geometry) -> Vec<Figure> {
    let neighbors = geometry.neighbors.iter().map(|neighbor| {
        [
            neighbor.rank.to_string(),
            neighbor.token.id.to_string(),
            named(&neighbor.token),
            cosine(neighbor.cosine),
        ]
    });
    let coordinates = geometry.coordinates.iter().map(|coordinate| {
        [
            coordinate.dimension.to_string(),
            rounded(coordinate.word.0.into()),
            rounded(coordinate.alike.0.into()),
            rounded(coordinate.unlike.0.into()),
        ]
    });
    let shown = geometry.coordinates.len() as u64;
    let which = if shown < geometry.d_model {
        format!(
            "Coordinate by coordinate, the {shown} largest of {} in {}:",
            grouped(geometry.d_model),
            named(&geometry.word)
        )
    } else {
        format!("Coordinate by coordinate, all {shown}:")
    };
    vec![
        Figure::Line(format!("Nearest to {}:", named(&geometry.word))),
        grid(
            [
                Column::number("rank"),
                Column::number("ID"),
                Column::text("token"),
                Column::number("cosine"),
            ],
            neighbors,
        ),
        Figure::Line(which),
        grid(
            [
                Column::number("coordinate"),
                Column::number(&named(&geometry.word)),
                Column::number(&named(&geometry.alike)),
                Column::number(&named(&geometry.unlike)),
            ],
            coordinates,
        ),
    ]
}

fn twice(twice: &Twice) -> Vec<Figure> {
    let [p, q] = twice.positions;
    let rows = [
        ("the rows", Some(twice.identical), None),
        ("what enters the first block", twice.identical_as_input, twice.cosine_as_input),
    ];
    let rows = rows.map(|(what, same, angle)| {
        [
            what.to_owned(),
            same.map_or_else(String::new, grouped),
            grouped(twice.d_model),
            angle.map_or_else(String::new, cosine),
        ]
    });
    let heading = format!("positions {p} and {q}");
    vec![grid(
        [
            Column::text(&heading),
            Column::number("values the same"),
            Column::number("of"),
            Column::number("cosine"),
        ],
        rows,
    )]
}

fn widths(widths: &Widths) -> Vec<Figure> {
    let big = |n: u128| crate::text::grouped(n);
    let rows = widths.choices.iter().map(|choice| {
        [
            choice.name.to_owned(),
            choice.d_model.to_string(),
            big(choice.parameters),
            big(choice.f16_bytes),
            choice.bytes.map_or_else(|| "-".to_owned(), big),
            cosine(choice.chance_cosine),
        ]
    });
    let own = format!("as {}", widths.format);
    vec![grid(
        [
            Column::text("whose"),
            Column::number("d_model"),
            Column::number("parameters"),
            Column::number("bytes as F16"),
            Column::number(&own),
            Column::number("by chance"),
        ],
        rows,
    )]
}

fn storing(storing: &Storing) -> Vec<Figure> {
    let reads = storing.reads.iter().map(|read| {
        [
            grouped(read.rows),
            grouped(read.bytes),
            rounded(read.percent.0),
            microseconds(read.microseconds),
        ]
    });
    let precisions = storing.precisions.iter().map(|precision| {
        [
            precision.format.to_owned(),
            grouped(precision.row_bytes),
            grouped(precision.table_bytes),
            microseconds(precision.row_microseconds),
            microseconds(precision.thousand_microseconds),
            microseconds(precision.table_microseconds),
        ]
    });
    vec![
        Figure::Line(format!("This table, {}, as it is read:", storing.format)),
        grid(
            [
                Column::number("rows"),
                Column::number("bytes touched"),
                Column::number("% of the table"),
                Column::number("microseconds"),
            ],
            reads,
        ),
        Figure::Line("Decoding alone, at each precision, in microseconds:".to_owned()),
        grid(
            [
                Column::text("type"),
                Column::number("bytes a row"),
                Column::number("bytes stored"),
                Column::number("a row"),
                Column::number("a thousand"),
                Column::number("all, computed"),
            ],
            precisions,
        ),
    ]
}

fn start(start: &Start) -> Vec<Figure> {
    let mut figures: Vec<Figure> = start
        .steps
        .iter()
        .map(|step| Figure::Line(format!("{}: {}.", step.step.replace('_', " "), step.text)))
        .collect();
    let rows = start.rows.iter().map(|row| {
        [
            row.position.to_string(),
            row.token.id.to_string(),
            named(&row.token),
            rounded(row.norm.0),
            row.norm_as_input.map_or_else(String::new, |norm| rounded(norm.0)),
            row.cosine.map_or_else(String::new, cosine),
        ]
    });
    figures.push(grid(
        [
            Column::number("position"),
            Column::number("ID"),
            Column::text("token"),
            Column::number("norm of the row"),
            Column::number("as it enters"),
            Column::number("cosine"),
        ],
        rows,
    ));
    figures
}
