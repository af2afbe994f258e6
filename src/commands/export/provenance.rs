//! Where exported rows come from.

use anyhow::Result;

use super::ExportRequest;
use crate::embedding::Table;
use crate::model::{Fact, Model};

/// Keys and texts for a file's metadata. The first tells who wrote the file.
pub(super) fn provenance(
    request: &ExportRequest,
    model: &Model,
    table: &Table,
) -> Result<Vec<(String, String)>> {
    let shape = format!("[{}, {}]", table.n_vocab(), table.d_model());
    let facts = [
        ("version", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ("model", Some(request.model.display().to_string())),
        ("name", model.text(Fact::Name)?),
        ("architecture", model.text(Fact::Architecture)?),
        ("tensor", Some(table.name().to_owned())),
        ("type", Some(table.format().name.to_owned())),
        ("shape", Some(shape)),
    ];
    let named = |(key, text): (&str, Option<String>)| Some((format!("embcli.{key}"), text?));
    Ok(facts.into_iter().filter_map(named).collect())
}
