//! Neighbour lists as edges: a line for each neighbour of each row.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::commands::neighbors::{NeighborsHead, QueryAnswer};
use crate::report::{Cell, Column, Float, List, Records, Sink};

/// What all edges have in common.
#[derive(Clone, Debug, Serialize)]
pub struct EdgesHead {
    pub model: String,
}

/// A row, and one of the rows nearest to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edge {
    pub model: String,
    pub id: u64,
    pub neighbor_id: u64,
    pub rank: u64,
    pub score: Float<f64>,
}

impl List for EdgesHead {
    type Item = Edge;

    const ITEMS: &'static str = "edges";

    fn columns(&self) -> Vec<Column<'_>> {
        ["model", "#id", "#neighbor_id", "#rank", "#score"].map(Column::of).to_vec()
    }

    fn records(&self, edge: &Edge, out: &mut dyn Records) -> Result<()> {
        let Edge { model, id, neighbor_id, rank, score } = edge;
        let [id, neighbor_id, rank] = [id, neighbor_id, rank].map(|n| Cell::Number(*n));
        out.record(&[Cell::text(model), id, neighbor_id, rank, Cell::Wide(*score)])
    }
}

/// Gives the neighbours of each query on as edges.
pub(super) struct ToEdges<'a> {
    out: &'a mut dyn Sink<EdgesHead>,
    model: Option<String>,
}

impl<'a> ToEdges<'a> {
    pub(super) fn new(out: &'a mut dyn Sink<EdgesHead>) -> Self {
        Self { out, model: None }
    }
}

impl Sink<NeighborsHead> for ToEdges<'_> {
    fn head(&mut self, head: NeighborsHead) -> Result<()> {
        self.model = Some(head.model.clone());
        self.out.head(EdgesHead { model: head.model })
    }

    fn item(&mut self, query: QueryAnswer) -> Result<()> {
        let model = self.model.as_ref().context("edges before their head")?;
        let id = query.id.context("a query without an ID")?;
        query.neighbors.into_iter().try_for_each(|neighbor| {
            self.out.item(Edge {
                model: model.clone(),
                id,
                neighbor_id: neighbor.id,
                rank: neighbor.rank,
                score: neighbor.score,
            })
        })
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<()> {
        self.out.progress(done, total)
    }

    fn end(&mut self, notes: Vec<String>) -> Result<()> {
        self.out.end(notes)
    }
}
