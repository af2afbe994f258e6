//! The answer of `map`: where each row lies in the plane, and which rows are near it in
//! the table.

use std::collections::HashSet;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::kinds::{Kind, Script};
use crate::commands::TableInfo;
use crate::commands::frame::Frame;
use crate::map::Graph;
use crate::report::{Float, TokenText};

#[derive(Clone, Debug, Serialize)]
pub struct MapReport {
    pub model: String,
    pub table: TableInfo,
    /// `tsne` or `pca`.
    pub method: &'static str,
    /// What was done to every row.
    pub frame: Frame,
    /// The share of the nearest rows that are among the nearest points of the map.
    /// `None` if no nearest rows were looked for.
    pub kept: Option<Kept>,
    /// The share of the variance that the two axes have, of `pca`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance: Option<Float<f64>>,
    /// The IDs of the tokens of a text, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<u64>,
    /// The IDs of the tokens that pictures name. Empty: pictures choose some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<u64>,
    pub points: Points,
    pub notes: Vec<String>,
}

impl MapReport {
    /// The points that are to have a name, each once: those of the text first.
    pub(super) fn named(&self) -> Vec<usize> {
        let mut seen = HashSet::new();
        let ids = self.path.iter().chain(&self.labels);
        ids.filter_map(|id| self.points.at(*id)).filter(|at| seen.insert(*at)).collect()
    }
}

/// How well a map keeps neighbours.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Kept {
    /// How many nearest rows and points are compared.
    pub nearest: u64,
    pub share: Float<f64>,
}

/// The points of a map, in the order of their IDs, one column after the other.
#[derive(Clone, Debug, Default)]
pub struct Points {
    pub ids: Vec<u64>,
    pub tokens: Vec<TokenText>,
    pub types: Vec<Option<&'static str>>,
    pub kinds: Vec<Kind>,
    pub(super) scripts: Vec<Script>,
    pub norms: Vec<f32>,
    /// How near each row, less the mean row, is to those of unused tokens: a cosine.
    /// `None` for the mean row. Empty if their direction is not known.
    pub untrained: Vec<Option<f32>>,
    pub places: Vec<[f32; 2]>,
    /// How many nearest rows each point has.
    pub k: usize,
    /// The places in this list of each point's nearest rows, nearest first. `u32::MAX`
    /// stands where there are fewer.
    pub near: Vec<u32>,
    pub cosines: Vec<f32>,
}

impl Points {
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The place of an ID in the list.
    pub fn at(&self, id: u64) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }

    /// The nearest rows of a point with their cosines, nearest first.
    pub fn nearest(&self, at: usize) -> impl Iterator<Item = (usize, f32)> {
        let some = at * self.k..((at + 1) * self.k).min(self.near.len());
        let near = self.near.get(some.clone()).unwrap_or_default();
        let cosines = self.cosines.get(some).unwrap_or_default();
        near.iter()
            .zip(cosines)
            .take_while(|(near, _)| **near != u32::MAX)
            .map(|(n, c)| (*n as usize, *c))
    }

    /// Keeps the first `k` nearest rows of each point.
    pub(super) fn hold(&mut self, graph: &Graph, k: usize) {
        self.k = k.min(graph.k);
        if self.k > 0 {
            self.near = graph.ids.chunks(graph.k).flat_map(|row| &row[..self.k]).copied().collect();
            self.cosines =
                graph.scores.chunks(graph.k).flat_map(|row| &row[..self.k]).copied().collect();
        }
    }

    pub(super) fn untrained(&self, at: usize) -> Option<f32> {
        self.untrained.get(at).copied().flatten()
    }

    pub(super) fn script(&self, at: usize) -> &'static str {
        self.scripts[at].name()
    }
}

/// A point of JSON.
#[derive(Serialize)]
struct Point<'a> {
    id: u64,
    #[serde(flatten)]
    token: &'a TokenText,
    #[serde(rename = "type")]
    token_type: Option<&'static str>,
    kind: &'static str,
    script: &'static str,
    norm: Float<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    untrained: Option<Float<f32>>,
    x: Float<f32>,
    y: Float<f32>,
    nearest: Vec<Near>,
}

#[derive(Serialize)]
struct Near {
    id: u64,
    cosine: Float<f32>,
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(Some(self.len()))?;
        for at in 0..self.len() {
            let [x, y] = self.places[at].map(Float);
            let near =
                |(near, cosine): (usize, f32)| Near { id: self.ids[near], cosine: Float(cosine) };
            all.serialize_element(&Point {
                id: self.ids[at],
                token: &self.tokens[at],
                token_type: self.types[at],
                kind: self.kinds[at].name(),
                script: self.script(at),
                norm: Float(self.norms[at]),
                untrained: self.untrained(at).map(Float),
                x,
                y,
                nearest: self.nearest(at).map(near).collect(),
            })?;
        }
        all.end()
    }
}
