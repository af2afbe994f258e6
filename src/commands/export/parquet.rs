//! Rows and edges as Parquet.

use std::ops::Range;

use anyhow::{Context, Result};

use super::chosen::Described;
use super::{Chosen, Edge, EdgesHead, ExportRequest, Lists, Opener, Printer, ToEdges, provenance};
use crate::commands::map::{Layout, lay_out};
use crate::commands::model::View;
use crate::commands::neighbors::{NeighborsHead, QueryAnswer};
use crate::map::{self, Point};
use crate::report::parquet::{DoubleType, FloatType, Group, Int32Type, Int64Type, Sheet, Writer};
use crate::report::{Progress, Sink};
use crate::similarity::Metric;
use crate::threads;

/// The columns of a row.
const ROW: &str = "
    required int64 id;
    optional binary token (STRING);
    optional binary token_hex (STRING);
    optional binary type (STRING);
    required double norm;
    required group embedding (LIST) { repeated group list { required float element; } }";

/// The columns of embedding-atlas after them. A row without a direction has no place.
const ATLAS: &str = "
    optional float x;
    optional float y;
    required group neighbors {
        required group ids (LIST) { repeated group list { required int64 element; } }
        required group distances (LIST) { repeated group list { required double element; } }
    }";

const EDGE: &str = "
    required binary model (STRING);
    required int64 id;
    required int64 neighbor_id;
    required int32 rank;
    required double score;";

/// The rows of a row group.
const GROUP: u64 = 8192;

/// The edges of a row group: some megabytes.
const EDGES: usize = 1 << 17;

/// Writes the rows.
pub(super) fn rows(request: &ExportRequest, open: Opener, out: &mut Printer) -> Result<()> {
    let model = open(&request.model)?;
    let chosen = Chosen::new(request, &model)?;
    let metadata = provenance(request, &model, &chosen.view.table)?;
    let mut file = rows_writer(&format!("message rows {{{ROW}}}"), request, metadata, out)?;
    let [n, _] = chosen.shape();
    for start in (0..n).step_by(GROUP as usize) {
        file.group(|group| write_rows(&chosen, start..n.min(start + GROUP), group))?;
    }
    file.finish()?;
    out.notes.extend(chosen.view.notes);
    Ok(())
}

/// Writes the rows, each with its neighbours in a column.
pub(super) fn atlas(
    request: &ExportRequest,
    lists: &Lists,
    open: Opener,
    out: &mut Printer,
) -> Result<()> {
    let model = open(&request.model)?;
    let chosen = Chosen::new(request, &model)?;
    let mut metadata = provenance(request, &model, &chosen.view.table)?;
    metadata.push(("embcli.metric".into(), lists.metric.name().into()));
    let schema = format!("message rows {{{ROW}{ATLAS}}}");
    let places = places(&chosen)?;
    let file = rows_writer(&schema, request, metadata, out)?;
    let mut sink = Atlas {
        chosen: &chosen,
        places,
        metric: lists.metric,
        file,
        next: 0,
        lists: Vec::new(),
        progress: Progress::new("rows"),
        notes: Vec::new(),
    };
    request.lists(lists).run(open, &mut sink)?;
    let Atlas { file, notes, .. } = sink;
    file.finish()?;
    out.notes.extend(notes);
    Ok(())
}

/// Where `map` puts each row.
fn places(chosen: &Chosen) -> Result<Vec<Option<Point>>> {
    let (table, n, threads) = (&chosen.view.table, chosen.shape()[0], chosen.threads);
    let rows = map::Chosen::all(table, n, threads)?;
    let at = lay_out(&rows, Layout::Tsne, 0, threads)?.places;
    let mut places = vec![None; n as usize];
    rows.ids().iter().zip(at).for_each(|(id, at)| places[*id as usize] = Some(at));
    Ok(places)
}

/// Writes the neighbours of the rows as edges.
pub(super) fn edges(
    request: &ExportRequest,
    lists: &Lists,
    open: Opener,
    out: &mut Printer,
) -> Result<()> {
    let model = open(&request.model)?;
    let view = View::new(&model, &request.model, &request.tensor)?;
    let mut metadata = provenance(request, &model, &view.table)?;
    metadata.push(("embcli.metric".into(), lists.metric.name().into()));
    let sheet = Sheet {
        schema: &format!("message edges {{{EDGE}}}"),
        sorted: "id",
        floats: None,
        compress: request.compress,
        metadata,
    };
    let file = Writer::new(sheet, out.out())?;
    let mut edges =
        Edges { file, held: Vec::new(), progress: Progress::new("rows"), notes: Vec::new() };
    request.lists(lists).run(open, &mut ToEdges::new(&mut edges))?;
    let Edges { file, notes, .. } = edges;
    file.finish()?;
    out.notes.extend(notes);
    Ok(())
}

fn rows_writer<'o>(
    schema: &str,
    request: &ExportRequest,
    metadata: Vec<(String, String)>,
    out: &'o mut Printer,
) -> Result<Writer<'o>> {
    let sheet = Sheet {
        schema,
        sorted: "id",
        floats: Some("embedding.list.element"),
        compress: request.compress,
        metadata,
    };
    Writer::new(sheet, out.out())
}

/// Writes the columns of the rows in some places. The rows are decoded twice, because
/// their norms come before them: a row group may be larger than memory.
fn write_rows(chosen: &Chosen, places: Range<u64>, group: &mut Group) -> Result<()> {
    let (n, start) = (places.end - places.start, places.start);
    let absolute = |places: Range<u64>| start + places.start..start + places.end;
    let mut rows: Vec<Described> = Vec::new();
    let describe = |places| {
        let places = absolute(places);
        let values = chosen.values(places.clone())?;
        chosen.described(places, &values).collect::<Result<Vec<_>>>()
    };
    threads::to_caller(&chosen.pieces(n), chosen.threads, describe, |piece| {
        rows.extend(piece);
        anyhow::Ok(())
    })?;
    group.values::<Int64Type>(&rows.iter().map(|row| row.id as i64).collect::<Vec<_>>())?;
    group.texts(rows.iter().map(|row| row.token.token.as_deref()))?;
    group.texts(rows.iter().map(|row| row.token.token_hex.as_deref()))?;
    group.texts(rows.iter().map(|row| row.token_type))?;
    group.values::<DoubleType>(&rows.iter().map(|row| row.norm.0).collect::<Vec<_>>())?;
    drop(rows);
    let width = chosen.shape()[1] as usize;
    let values = |places| chosen.values(absolute(places));
    group.lists(|lists| {
        threads::to_caller(&chosen.pieces(n), chosen.threads, values, |values| {
            lists.add::<FloatType>(&values, std::iter::repeat_n(width, values.len() / width))
        })
    })
}

/// Writes a row group when the neighbours of its rows are there.
struct Atlas<'a> {
    chosen: &'a Chosen,
    places: Vec<Option<Point>>,
    metric: Metric,
    file: Writer<'a>,
    /// The place of the first row that is not written.
    next: u64,
    /// The IDs and the distances of the neighbours of the rows from there on.
    lists: Vec<Vec<(i64, f64)>>,
    progress: Progress,
    notes: Vec<String>,
}

impl Atlas<'_> {
    fn write(&mut self) -> Result<()> {
        let lists = std::mem::take(&mut self.lists);
        let rows = self.next..self.next + lists.len() as u64;
        self.next = rows.end;
        let places = &self.places[rows.start as usize..rows.end as usize];
        let lengths = || lists.iter().map(Vec::len);
        let ids: Vec<i64> = lists.iter().flatten().map(|(id, _)| *id).collect();
        let distances: Vec<f64> = lists.iter().flatten().map(|(_, distance)| *distance).collect();
        self.file.group(|group| {
            write_rows(self.chosen, rows, group)?;
            group.some::<FloatType>(places.iter().map(|place| place.map(|[x, _]| x)))?;
            group.some::<FloatType>(places.iter().map(|place| place.map(|[_, y]| y)))?;
            group.lists(|column| column.add::<Int64Type>(&ids, lengths()))?;
            group.lists(|column| column.add::<DoubleType>(&distances, lengths()))
        })
    }

    /// Rows that have no neighbours get empty lists.
    fn fill(&mut self, until: u64) -> Result<()> {
        while self.next + (self.lists.len() as u64) < until {
            self.push(Vec::new())?;
        }
        Ok(())
    }

    fn push(&mut self, list: Vec<(i64, f64)>) -> Result<()> {
        self.lists.push(list);
        if self.lists.len() as u64 == GROUP { self.write() } else { Ok(()) }
    }
}

impl Sink<NeighborsHead> for Atlas<'_> {
    fn head(&mut self, _: NeighborsHead) -> Result<()> {
        Ok(())
    }

    fn item(&mut self, query: QueryAnswer) -> Result<()> {
        let metric = self.metric;
        let distance = |score: f64| match metric {
            Metric::Cosine => 1.0 - score,
            Metric::Dot => -score,
            Metric::L2 => score,
        };
        self.fill(query.id.context("a query without an ID")?)?;
        let neighbors = query.neighbors.iter();
        self.push(neighbors.map(|it| (it.id as i64, distance(it.score.0))).collect())
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<()> {
        self.progress.at(done, total);
        Ok(())
    }

    fn end(&mut self, notes: Vec<String>) -> Result<()> {
        self.fill(self.chosen.shape()[0])?;
        if !self.lists.is_empty() {
            self.write()?;
        }
        self.notes = notes;
        Ok(())
    }
}

/// Writes a row group when enough edges are there.
struct Edges<'o> {
    file: Writer<'o>,
    held: Vec<Edge>,
    progress: Progress,
    notes: Vec<String>,
}

impl Edges<'_> {
    fn write(&mut self) -> Result<()> {
        let edges = std::mem::take(&mut self.held);
        let Some(Edge { model, .. }) = edges.first() else { return Ok(()) };
        let numbers = |of: fn(&Edge) -> u64| -> Vec<i64> {
            edges.iter().map(|edge| of(edge) as i64).collect()
        };
        let ranks: Vec<i32> = edges.iter().map(|edge| edge.rank as i32).collect();
        let scores: Vec<f64> = edges.iter().map(|edge| edge.score.0).collect();
        self.file.group(|group| {
            group.repeated(model, edges.len())?;
            group.values::<Int64Type>(&numbers(|edge| edge.id))?;
            group.values::<Int64Type>(&numbers(|edge| edge.neighbor_id))?;
            group.values::<Int32Type>(&ranks)?;
            group.values::<DoubleType>(&scores)
        })
    }
}

impl Sink<EdgesHead> for Edges<'_> {
    fn head(&mut self, _: EdgesHead) -> Result<()> {
        Ok(())
    }

    fn item(&mut self, edge: Edge) -> Result<()> {
        self.held.push(edge);
        if self.held.len() == EDGES { self.write() } else { Ok(()) }
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<()> {
        self.progress.at(done, total);
        Ok(())
    }

    fn end(&mut self, notes: Vec<String>) -> Result<()> {
        self.notes = notes;
        self.write()
    }
}
