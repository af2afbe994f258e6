//! `models`: lists the models on this machine, described by their headers.

mod answer;

use anyhow::{Context, Result};

use super::model::type_name;
use super::{Opener, Request};
use crate::embedding::TOKEN_EMBEDDING;
use crate::model::{Fact, Model};
use crate::report::Printer;
use crate::store::{Found, Location, Root, Stores};
use crate::text::grouped;
use crate::threads::{self, Pieces};

pub use answer::{ModelInfo, ModelsReport, PlaceInfo};

pub struct ModelsRequest {
    pub stores: Stores,
}

impl Request for ModelsRequest {
    fn answer(&self, _: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&list(&self.stores)?)
    }
}

pub fn list(stores: &Stores) -> Result<ModelsReport> {
    let (found, mut notes) = stores.list();
    let (opened, others) = found.split_at(found.len().min(MOST_OPENED));
    if !others.is_empty() {
        notes.push(format!(
            "more than {MOST_OPENED} models: for {} only the name is listed",
            grouped(others.len() as u128)
        ));
    }
    let mut models = describe_all(opened)?;
    models.extend(others.iter().map(named));
    let place = |Root { store, path }| PlaceInfo {
        store: store.title(),
        path: stores.shown(&path),
        found: path.is_dir(),
    };
    Ok(ModelsReport { models, places: stores.roots().into_iter().map(place).collect(), notes })
}

/// At most this many models are opened. The others are listed by name only.
const MOST_OPENED: usize = 4_000;

/// Describes models on all cores. Keeps their order.
fn describe_all(found: &[Found]) -> Result<Vec<ModelInfo>> {
    let pieces = Pieces::new(found.len() as u64, 16);
    let parts = threads::each(pieces.threads(threads::available()), || {
        let mut described = Vec::new();
        while let Some(piece) = pieces.next() {
            let piece = piece.start as usize..piece.end as usize;
            described.extend(piece.map(|at| (at, describe(&found[at]))));
        }
        Ok::<_, anyhow::Error>(described)
    })?;
    let mut all: Vec<(usize, ModelInfo)> = parts.into_iter().flatten().collect();
    all.sort_unstable_by_key(|&(at, _)| at);
    Ok(all.into_iter().map(|(_, info)| info).collect())
}

/// Describes one model. An error becomes part of the description.
fn describe(found: &Found) -> ModelInfo {
    let mut info = named(found);
    if let Err(error) = look(found, &mut info) {
        info.problem = Some(format!("{error:#}"));
    }
    info
}

/// A model by name only, without opening it.
fn named(found: &Found) -> ModelInfo {
    let (name, store) = (found.name.clone(), found.store.title());
    ModelInfo { name, store, ..ModelInfo::default() }
}

fn look(found: &Found, info: &mut ModelInfo) -> Result<()> {
    let location = found.locate()?;
    if let Location::File(path) = &location {
        info.path = Some(path.display().to_string());
    }
    let model = location.open()?;
    info.bytes = Some(model.file_len());
    info.architecture = model.text(Fact::Architecture)?;
    table(&model, info)
}

fn table(model: &Model, info: &mut ModelInfo) -> Result<()> {
    let Some(tensor) = model.tensor(TOKEN_EMBEDDING)? else {
        info.problem = Some(match model.kind()? {
            Some(kind) => format!("no embedding table: {kind}"),
            None => "no embedding table".to_owned(),
        });
        return Ok(());
    };
    let [columns, rows] = tensor.matrix().context("the embedding table is no matrix")?;
    info.shape = Some([rows, columns]);
    info.format = Some(type_name(&tensor));
    Ok(())
}
