//! An open model.

use std::iter::repeat_n;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail, ensure};
use embcli::commands::check::CheckRequest;
use embcli::commands::stats::StatsRequest;
use embcli::commands::{self, NamedTokens, Reads, View};
use embcli::remote::{Access, Wire};
use embcli::report::TokenText;
use embcli::similarity::norm;
use embcli::store::{Environment, Store, is_address, toy};
use embcli::{Metric, Query, Search, TOKEN_EMBEDDING, Tokenizer, TokenizerOptions, nearest};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray2};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrow::Batches;
use crate::errors::{no_token, raised};
use crate::rows;
use crate::work::{Stoppable, work};

/// A model and its table. It is never changed, so that threads share it.
#[pyclass(frozen, module = "embcli._native")]
pub struct Model {
    /// Its name, the same from any working directory.
    #[pyo3(get)]
    name: String,
    #[pyo3(get)]
    fetch_table: bool,
    /// The tensor as it was asked for. Each format has its own name for it.
    #[pyo3(get)]
    asked: String,
    model: embcli::Model,
    view: Arc<View>,
    tokenizer: OnceLock<Tokenizer>,
    /// What fetches a model at an address.
    wire: Option<Arc<Wire>>,
}

/// At most this many queries share a pass, and at most this many of their values and
/// results are in memory.
const MAX_BATCH: usize = 1 << 13;
const MAX_VALUES: usize = 1 << 23;
const MAX_NEIGHBORS: usize = 1 << 20;

/// How neighbours are asked for.
struct How<'a> {
    k: usize,
    metric: &'a str,
    threads: Option<usize>,
    /// Whether a query without neighbours is an error.
    strict: bool,
}

/// IDs and scores, the nearest first, and the number of neighbours of each query.
type Found<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>, usize);

#[pymethods]
impl Model {
    /// Opens a model by its path, its name in a store, or its address.
    #[new]
    fn new(py: Python<'_>, name: PathBuf, tensor: String, fetch_table: bool) -> PyResult<Self> {
        work(py, |_| Self::open(&name, tensor, fetch_table))?.map_err(raised)
    }

    /// The name of the tensor.
    #[getter]
    fn tensor(&self) -> &str {
        self.view.table.name()
    }

    /// The number of rows, and of values in each.
    #[getter]
    fn shape(&self) -> (u64, usize) {
        (self.view.table.n_vocab(), self.view.table.d_model())
    }

    /// The type that the rows are stored in.
    #[getter]
    fn dtype(&self) -> &'static str {
        self.view.table.format().name
    }

    /// The stored size in bytes.
    #[getter]
    fn nbytes(&self) -> u64 {
        self.view.table.bytes()
    }

    /// What is unusual about the model, in words.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.view.notes.clone()
    }

    /// Decodes the rows of these IDs into an array.
    fn rows<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u64>,
        mut into: PyReadwriteArray2<'py, f32>,
    ) -> PyResult<()> {
        let (ids, values) = (ids.as_slice()?, into.as_slice_mut()?);
        let is_short = values.len() < FEW && self.wire.is_none();
        let mut read = move |stop: &AtomicBool| rows::read(&self.view.table, ids, values, stop);
        // A thread would take longer than a few rows do.
        let done = match is_short {
            true => py.detach(move || read(&AtomicBool::new(false))),
            false => work(py, read)?,
        };
        done.map_err(raised)
    }

    /// The IDs of the rows of tokens with these texts.
    fn ids<'py>(&self, py: Python<'py>, texts: Vec<String>) -> PyResult<Bound<'py, PyArray1<u64>>> {
        let ids = py.detach(|| self.ids_of(texts)).map_err(no_token)?;
        Ok(PyArray1::from_vec(py, ids))
    }

    /// The texts of the tokens of these rows; `None` for a row without a token.
    fn tokens(
        &self,
        py: Python<'_>,
        ids: PyReadonlyArray1<'_, u64>,
    ) -> PyResult<Vec<Option<String>>> {
        let ids = ids.as_slice()?;
        let text = |id: &u64| anyhow::Ok(self.token_of(*id)?.token);
        py.detach(|| ids.iter().map(text).collect::<Result<_>>()).map_err(raised)
    }

    /// The bytes of the token of a row; `None` for a row without a token.
    fn token_bytes<'py>(&self, py: Python<'py>, id: u64) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let token = py.detach(|| self.token_of(id)).map_err(raised)?;
        Ok(token.token.is_some().then(|| PyBytes::new(py, &token.bytes())))
    }

    /// The token IDs of a text.
    fn tokenize(
        &self,
        py: Python<'_>,
        text: &str,
        add_special: bool,
        parse_special: bool,
    ) -> PyResult<Vec<u64>> {
        let options = TokenizerOptions { add_special, parse_special };
        py.detach(|| anyhow::Ok(self.tokenizer()?.encode(text.as_bytes(), options)?))
            .map_err(raised)
    }

    /// The nearest rows of the rows of these IDs, without themselves.
    fn neighbors_of_ids<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u64>,
        k: usize,
        metric: &str,
        threads: Option<usize>,
        strict: bool,
    ) -> PyResult<Found<'py>> {
        let ids = ids.as_slice()?;
        let query = |i: usize, stop: &AtomicBool| {
            let mut values = vec![0.0; self.view.table.d_model()];
            rows::read(&self.view.table, &ids[i..=i], &mut values, stop)?;
            Ok((format!("row {}", ids[i]), Query::of_row(ids[i], values)))
        };
        self.neighbors(py, ids.len(), query, How { k, metric, threads, strict })
    }

    /// The nearest rows of these vectors.
    fn neighbors_of_vectors<'py>(
        &self,
        py: Python<'py>,
        vectors: PyReadonlyArray2<'py, f32>,
        k: usize,
        metric: &str,
        threads: Option<usize>,
        strict: bool,
    ) -> PyResult<Found<'py>> {
        let (values, dim) = (vectors.as_slice()?, self.view.table.d_model());
        let query = |i: usize, _: &AtomicBool| {
            let values = values[i * dim..][..dim].to_vec();
            Ok((format!("vector {i}"), Query { exclude: Vec::new(), values }))
        };
        self.neighbors(py, values.len() / dim, query, How { k, metric, threads, strict })
    }

    /// The answer of the program's `stats`, as JSON.
    fn stats(&self, py: Python<'_>, threads: Option<usize>) -> PyResult<String> {
        let request = StatsRequest {
            model: self.name.clone().into(),
            other: None,
            tensor: self.asked.clone(),
            threads,
        };
        let answer = |_: &AtomicBool| -> Result<String> {
            self.fetch_whole(std::slice::from_ref(&self.asked))?;
            let report = request.run(&|_| Ok(self.model.clone()))?;
            Ok(serde_json::to_string(&report)?)
        };
        work(py, answer)?.map_err(raised)
    }

    /// The answer of the program's `check`, as JSON.
    fn check(&self, py: Python<'_>, other: Option<PathBuf>, strict: bool) -> PyResult<String> {
        let request = CheckRequest {
            model: self.name.clone().into(),
            other,
            tensor: (self.asked != TOKEN_EMBEDDING).then(|| self.asked.clone()),
            strict,
            allow: Vec::new(),
        };
        let answer = |_: &AtomicBool| -> Result<String> {
            let reads = commands::Request::reads(&request);
            if let Reads::Tables(names) = &reads {
                self.fetch_whole(names)?;
            }
            let open = |name: &Path| match name == request.model {
                true => Ok(self.model.clone()),
                false => Ok(open(name, reads.clone(), self.fetch_table)?.0),
            };
            Ok(serde_json::to_string(&request.run(&open)?)?)
        };
        work(py, answer)?.map_err(raised)
    }

    /// A stream of rows for Arrow.
    fn batches(&self, start: u64, stop: u64, size: u64) -> PyResult<Batches> {
        self.fetch_whole(std::slice::from_ref(&self.asked)).map_err(raised)?;
        Ok(Batches::new(Arc::clone(&self.view), start..stop, size))
    }
}

/// Fewer values than this are read at once.
const FEW: usize = 1 << 18;

impl Model {
    fn open(name: &Path, tensor: String, fetch_table: bool) -> Result<Self> {
        let (model, wire) = open(name, Reads::Rows(tensor.clone()), fetch_table)?;
        let view = View::of(&model, &tensor).with_context(|| name.display().to_string())?;
        let name = lasting(name).display().to_string();
        let tokenizer = OnceLock::new();
        Ok(Self { name, fetch_table, asked: tensor, model, view: Arc::new(view), tokenizer, wire })
    }

    /// Makes tables of a remote model local.
    fn fetch_whole(&self, tensors: &[String]) -> Result<()> {
        match &self.wire {
            Some(wire) => wire.keep_tables(&self.model, tensors),
            None => Ok(()),
        }
    }

    fn ids_of(&self, texts: Vec<String>) -> Result<Vec<u64>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let tokens = NamedTokens { texts, ..NamedTokens::default() };
        // Its notes on texts stay its own.
        tokens.ids(&mut View::of(&self.model, &self.asked)?)
    }

    fn token_of(&self, id: u64) -> Result<TokenText> {
        self.view.table.check_id(id)?;
        self.view.token(id)
    }

    fn tokenizer(&self) -> Result<&Tokenizer> {
        if let Some(tokenizer) = self.tokenizer.get() {
            return Ok(tokenizer);
        }
        let opened = Tokenizer::open(&self.model).with_context(|| self.name.clone())?;
        Ok(self.tokenizer.get_or_init(|| opened))
    }

    /// The nearest rows of `n` queries, in batches.
    fn neighbors<'py>(
        &self,
        py: Python<'py>,
        n: usize,
        query: impl Fn(usize, &AtomicBool) -> Result<(String, Query)> + Sync,
        how: How<'_>,
    ) -> PyResult<Found<'py>> {
        let How { k, metric, threads, strict } = how;
        let table = &self.view.table;
        let batch =
            MAX_BATCH.min(MAX_VALUES / table.d_model()).min(MAX_NEIGHBORS / k.max(1)).max(1);
        let find = |stop: &AtomicBool| -> Result<_> {
            let mut search = Search { metric: named(metric)?, k, ..Search::default() };
            search.threads = threads.unwrap_or(search.threads);
            self.fetch_whole(std::slice::from_ref(&self.asked))?;
            // A list for each query; an empty one for a query that has no neighbours.
            let mut lists = Vec::new();
            for first in (0..n).step_by(batch) {
                let (mut queries, mut asked) = (Vec::new(), Vec::new());
                for i in first..n.min(first + batch) {
                    let (what, query) = query(i, stop)?;
                    match check_query(&what, &query.values, search.metric) {
                        Ok(()) => {
                            asked.push(lists.len());
                            queries.push(query);
                        }
                        Err(error) if strict => return Err(error),
                        Err(_) => {}
                    }
                    lists.push(Vec::new());
                }
                if queries.is_empty() {
                    continue;
                }
                let rows = Stoppable { table, stop };
                let found = nearest(&rows, table.rows_present(), &queries, &search)?;
                for (at, list) in asked.into_iter().zip(found.neighbors) {
                    lists[at] = list;
                }
            }
            let longest = lists.iter().map(Vec::len).max();
            let width = longest.unwrap_or(k);
            let (mut ids, mut scores) = (Vec::new(), Vec::new());
            for list in lists {
                let padding = width - list.len();
                ids.extend(list.iter().map(|it| it.id as i64));
                scores.extend(list.iter().map(|it| it.score));
                ids.extend(repeat_n(-1, padding));
                scores.extend(repeat_n(f64::NAN, padding));
            }
            Ok((ids, scores, width))
        };
        let (ids, scores, found) = work(py, find)?.map_err(raised)?;
        Ok((PyArray1::from_vec(py, ids), PyArray1::from_vec(py, scores), found))
    }
}

/// Opens a model, and tells what fetches it if it is at an address.
fn open(
    name: &Path,
    reads: Reads,
    fetch_table: bool,
) -> Result<(embcli::Model, Option<Arc<Wire>>)> {
    if !is_address(name) {
        return Ok((commands::open(name)?, None));
    }
    let access = Access { fetch_table, ..Access::of(&Environment::of_process()) };
    let wire = Wire::new(access, reads)?;
    let model = wire.open(name).with_context(|| name.display().to_string())?;
    Ok((model, Some(wire)))
}

/// The name by which a worker in another directory opens the same model.
fn lasting(name: &Path) -> PathBuf {
    let is_of_store = |text| toy::named(text).is_some() || Store::of_name(text).is_some();
    if is_address(name) || name.to_str().is_some_and(is_of_store) || !name.exists() {
        return name.to_owned();
    }
    std::path::absolute(name).unwrap_or_else(|_| name.to_owned())
}

fn named(metric: &str) -> Result<Metric> {
    let found = Metric::ALL.iter().find(|it| it.name() == metric);
    let Some(found) = found else {
        let names: Vec<_> = Metric::ALL.iter().map(|it| it.name()).collect();
        bail!("no metric is called \"{metric}\": use {}", names.join(", "));
    };
    Ok(*found)
}

/// Checks that a vector can have neighbours.
fn check_query(what: &str, values: &[f32], metric: Metric) -> Result<()> {
    let norm = norm(values);
    ensure!(norm.is_finite(), "{what} holds NaN or infinity, so it has no neighbors");
    ensure!(
        norm > 0.0 || metric == Metric::L2,
        "{what} is all zeros, so it has no direction: use metric=\"l2\""
    );
    Ok(())
}
