//! `info`: describes a file from its header alone.

mod answer;
mod checkpoint;
mod facts;
mod fillers;
mod gguf;
mod keys;
mod looks;
mod tensors;
mod tokenizer;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{Opener, Reads, Request, model};
use crate::gguf::{Files, file_type_name, is_known_architecture};
use crate::model::{Error, Fact, Model};
use crate::quant::Format;
use crate::report::Printer;
use crate::safetensors::Checkpoint;
use crate::text::{clip, counted, visible};
use tensors::Tally;

pub use answer::*;

pub struct InfoRequest {
    pub model: PathBuf,
    /// Lists the metadata instead.
    pub keys: bool,
    /// Lists the tensors instead.
    pub tensors: bool,
    /// Also checks a GGUF file with gguf-rs-lib's strict reader.
    pub strict: bool,
}

impl Request for InfoRequest {
    fn reads(&self) -> Reads {
        Reads::Header
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        out.answer(&self.run(open)?)
    }
}

impl InfoRequest {
    pub fn run(&self, open: Opener) -> Result<InfoReport> {
        let model = open(&self.model)?;
        of_model(&model, self).with_context(|| self.model.display().to_string())
    }
}

/// What the header of a format tells in its own way.
struct Header {
    /// The model, or its first part if the metadata can't be read.
    said: Model,
    tally: Tally,
    has_tokenizer: bool,
    format: &'static str,
    file_type: Option<u64>,
    basename: Option<String>,
    n_keys: u64,
    version: Option<u32>,
    alignment: Option<u64>,
    bytes: u64,
    strict: Option<StrictVerdict>,
    keys: Option<Vec<KeyInfo>>,
}

fn of_model(model: &Model, request: &InfoRequest) -> Result<InfoReport> {
    let mut oddities = Oddities::default();
    let missing_parts = model.missing();
    let header = match (model.as_format::<Files>(), model.as_format::<Checkpoint>()) {
        (Some(files), _) => gguf::header(files, model, request, &mut oddities)?,
        (_, Some(checkpoint)) => checkpoint::header(checkpoint, model, request, &mut oddities)?,
        _ => bail!("neither a GGUF file nor a checkpoint"),
    };
    let Header { said, tally, .. } = header;
    let architecture = oddities.unless(said.text(Fact::Architecture));
    let whole = |fact| said.whole(fact).transpose();
    let tokenizer = match header.has_tokenizer {
        true => Some(tokenizer::of(&said, &mut oddities)?),
        false => None,
    };
    let context_length = oddities.unless(said.whole(Fact::ContextLength));
    let file_bytes = model.file_len();
    let table = tally.table.map(|tensor| InfoTable {
        share: tensor
            .bytes
            .map(|bytes| bytes as f64 / file_bytes as f64)
            .filter(|share| *share <= 1.0),
        parameter_share: share_of_parameters(&tensor, tally.parameters),
        tensor,
    });
    if let Some([rows, columns]) = table.as_ref().and_then(|t| t.tensor.shape.first_chunk()) {
        let tokens = tokenizer.as_ref().and_then(|tokenizer| tokenizer.n_tokens);
        let shape = [*rows, *columns];
        if model::is_transposed(&said, shape, tokens).is_ok_and(|it| it) {
            oddities.add(model::transposed(shape));
        } else {
            oddities.extend(tokens.and_then(|tokens| model::mismatch(&said, *rows, tokens)));
            let is_known = architecture.as_deref().is_some_and(is_known_architecture);
            let width = model::width(&said);
            if let Some(Ok(length)) = whole(width)
                && length != *columns
                && is_known
            {
                let key = said.key(width);
                let key = key.rsplit('.').next().unwrap_or(&key);
                oddities.add(format!("{key} says {length}, the table has rows of {columns}"));
            }
        }
    }
    if let (Some(Ok(size)), Some(tokens)) =
        (whole(Fact::VocabSize), tokenizer.as_ref().and_then(|it| it.n_tokens))
        && size != tokens
    {
        oddities.add(format!("vocab_size says {size}, the vocabulary has {tokens} tokens"));
    }

    let seems = match &table {
        None => said.kind()?,
        Some(_) => None,
    };
    let is_encoder = architecture.as_deref().is_some_and(model::is_encoder);
    let output_head = match (&tally.output, &table) {
        (Some(_), _) => OutputKind::Separate,
        (None, _) if !missing_parts.is_empty() || model::may_lack_parts(&said) => {
            OutputKind::Unknown
        }
        (None, Some(_)) if !is_encoder => OutputKind::Tied,
        (None, _) => OutputKind::None,
    };
    let pooling = oddities.unless(said.whole(Fact::PoolingType));
    let name = oddities.unless(said.text(Fact::Name));
    let file_type = header.file_type;
    oddities.extend(file_type.and_then(|id| unmet(id, &tally.types)));
    Ok(InfoReport {
        model: request.model.display().to_string(),
        name: name.or(header.basename),
        architecture,
        seems,
        parameters: tally.parameters,
        n_tensors: tally.n_tensors,
        n_keys: header.n_keys,
        file_type: file_type.map(|id| FileType { id, name: file_type_name(id) }),
        types: tally.types,
        table,
        output_head,
        output: tally.output,
        other_tables: tally.others,
        n_other_tables: tally.n_others,
        tokenizer,
        is_embedding_model: is_encoder || pooling.is_some_and(|pooling| pooling > 0),
        context_length,
        file_bytes,
        format: header.format,
        version: header.version,
        alignment: header.alignment,
        header_bytes: header.bytes,
        parts: model.file_count(),
        missing_parts,
        strict: header.strict,
        keys: header.keys,
        tensors: request.tensors.then(|| tensors::list(model, &mut oddities)).transpose()?,
        oddities: oddities.finish(),
    })
}

/// The share of a table in all parameters.
fn share_of_parameters(tensor: &InfoTensor, parameters: u64) -> Option<f64> {
    let own = tensor.shape.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))?;
    (parameters > 0).then(|| own as f64 / parameters as f64)
}

/// The oddity of a `general.file_type` whose type no tensor has, or that says F32 beside
/// quantised tensors.
fn unmet(id: u64, types: &[TypeShare]) -> Option<String> {
    let name = file_type_name(id)?;
    if id == 0 {
        let is_coarse = |share: &&TypeShare| {
            Format::from_name(&share.format).is_some_and(|it| !it.is_float() && !it.is_integer())
        };
        let share = types.iter().find(is_coarse)?;
        let n = counted(share.tensors, "tensor");
        return Some(format!("general.file_type 0 says {name}, and {n} of {}", share.format));
    }
    let (_, mix) = name.split_once(' ')?;
    // A mix is named after the type of most tensors: Q4_K_M.
    let size = ["_S", "_M", "_L"].into_iter().find_map(|size| mix.strip_suffix(size));
    let format = Format::from_name(size.unwrap_or(mix))?;
    let is_met = types.iter().any(|share| share.format == format.name);
    (!is_met && !types.is_empty())
        .then(|| format!("general.file_type {id} says {name}, and no tensor is {}", format.name))
}

/// At most this many metadata keys or tensors are listed. Real files have some hundred,
/// but a file can have millions.
const LISTED: usize = 10_000;

/// The oddity of a list that is not complete.
fn unlisted(count: u64, what: &str) -> Option<String> {
    let all = count <= LISTED as u64;
    (!all).then(|| format!("of {count} {what}, the first {LISTED} are listed"))
}

/// At most this many oddities are listed. A file can have millions.
const TOLD: usize = 50;

/// A list of oddities without duplicates.
#[derive(Default)]
struct Oddities {
    told: Vec<String>,
    more: u64,
}

impl Oddities {
    fn add(&mut self, oddity: String) {
        if self.told.contains(&oddity) {
        } else if self.told.len() < TOLD {
            self.told.push(oddity);
        } else {
            self.more += 1;
        }
    }

    fn extend(&mut self, oddity: Option<String>) {
        oddity.into_iter().for_each(|oddity| self.add(oddity));
    }

    /// The value that was read. An error becomes an oddity.
    fn unless<T>(&mut self, read: Result<Option<T>, Error>) -> Option<T> {
        read.unwrap_or_else(|error| {
            self.add(error.to_string());
            None
        })
    }

    fn finish(mut self) -> Vec<String> {
        if self.more > 0 {
            self.told.push(format!("and {} more of the kind", self.more));
        }
        self.told
    }
}

/// A name from the file, made safe and short for a sentence.
fn shown(name: &str) -> String {
    clip(&visible(name), 64).into_owned()
}
