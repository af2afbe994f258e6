//! `models`: what can be named, from the header of each.

mod answer;
mod looks;

use anyhow::{Context, Result};

use super::{Opener, Request};
use crate::embedding::TOKEN_EMBEDDING;
use crate::model::{Fact, Model};
use crate::report::Printer;
use crate::store::{Found, Location, Root, Stores};

pub use answer::{ModelInfo, ModelsReport, PlaceInfo};

/// Asks for the models that can be named.
#[derive(Clone, Debug)]
pub struct ModelsRequest {
    /// Where they are looked for.
    pub stores: Stores,
}

impl Request for ModelsRequest {
    fn answer(&self, _: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&list(&self.stores))
    }
}

/// The models of some stores.
pub fn list(stores: &Stores) -> ModelsReport {
    let (found, notes) = stores.list();
    let place = |Root { store, path }| PlaceInfo {
        store: store.title(),
        path: stores.shown(&path),
        found: path.is_dir(),
    };
    ModelsReport {
        models: found.into_iter().map(describe).collect(),
        places: stores.roots().into_iter().map(place).collect(),
        notes,
    }
}

/// One model; whatever is wrong with it is part of the description.
fn describe(found: Found) -> ModelInfo {
    let mut info = ModelInfo {
        name: found.name.clone(),
        store: found.store.title(),
        path: None,
        bytes: None,
        architecture: None,
        shape: None,
        format: None,
        problem: None,
    };
    if let Err(error) = look(&found, &mut info) {
        info.problem = Some(format!("{error:#}"));
    }
    info
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
    info.format = Some(match &tensor.format {
        Ok(format) => format.name.to_owned(),
        Err(error) => format!("type {}", error.id()),
    });
    Ok(())
}
