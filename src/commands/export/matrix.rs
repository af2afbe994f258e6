//! Rows as a matrix, `.npy` or `.safetensors`, and the tokens beside it: line i of
//! `rows.jsonl` is about row i.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;

use super::{Chosen, Dtype, ExportRequest, Opener, Printer, provenance};
use crate::report::number::grouped;
use crate::report::safetensors::{self, Matrix};
use crate::report::{Form, json, npy};
use crate::threads;

pub(super) fn write(request: &ExportRequest, open: Opener, out: &mut Printer) -> Result<()> {
    let model = open(&request.model)?;
    let chosen = Chosen::new(request, &model)?;
    let (table, shape) = (&chosen.view.table, chosen.shape());
    let dtype = if out.form() == Form::Npy { Dtype::F32 } else { request.dtype };
    if out.form() == Form::Npy {
        npy::header(shape, out.out())?;
    } else {
        let mut metadata = provenance(request, &model, table)?;
        metadata.extend(out.beside.as_ref().map(|it| ("embcli.tokens".into(), it.name.clone())));
        let bytes = shape[0] * shape[1] * dtype.bytes();
        let matrix = Matrix { name: table.name(), dtype: dtype.name(), shape, bytes };
        safetensors::header(&matrix, &metadata, out.out())?;
    }
    let (has_beside, too_large) = (out.beside.is_some(), AtomicU64::new(0));
    let piece = |places: Range<u64>| {
        let values = chosen.values(places.clone())?;
        let (mut bytes, mut lines) = (Vec::with_capacity(values.len() * 4), Vec::new());
        too_large.fetch_add(dtype.append(&values, &mut bytes), Ordering::Relaxed);
        if has_beside {
            chosen.described(places, &values).try_for_each(|it| json::line(&it?, &mut lines))?;
        }
        Ok((bytes, lines))
    };
    threads::to_caller(&chosen.pieces(shape[0]), chosen.threads, piece, |(bytes, lines)| {
        out.out().write_all(&bytes)?;
        out.out().flush()?;
        if let Some(beside) = &mut out.beside {
            beside.out.write_all(&lines)?;
        }
        anyhow::Ok(())
    })?;
    out.notes.extend(chosen.view.notes);
    let tokens = match &out.beside {
        Some(beside) => format!("{} has the tokens: line i is about row i", beside.name),
        None => "the tokens are not written: they need a file beside, -o FILE".to_owned(),
    };
    out.notes.push(tokens);
    let too_large = too_large.into_inner();
    out.notes.extend((too_large > 0).then(|| {
        let (n, dtype) = (grouped(too_large), dtype.name());
        format!("{n} values are too large for {dtype} and became infinite: use --dtype F32")
    }));
    Ok(())
}
