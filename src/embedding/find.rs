//! When the table is not there: what the file seems to be, and what it has.

use anyhow::Error;

use super::TOKEN_EMBEDDING;
use crate::gguf::Gguf;
use crate::text;

/// As many tensor names as one message lists, and as many columns of each.
const LISTED: usize = 8;
const COLUMNS: usize = 64;

/// As many tensors as are compared with a misspelt name: a courtesy to people,
/// which a file of a million names shall not make a burden.
const COMPARED: usize = 10_000;

/// The error for a tensor that no file of a model has.
pub(super) fn absent(files: &[&Gguf], name: &str) -> Error {
    match describe(files, name) {
        Ok(message) => Error::msg(message),
        Err(error) => error.into(),
    }
}

/// Names of one kind: how many there are, and the first few.
#[derive(Default)]
struct Names {
    first: Vec<String>,
    total: usize,
}

impl Names {
    fn add(&mut self, name: &str) {
        self.total += 1;
        if self.first.len() < LISTED {
            self.first.push(shown(name));
        }
    }
}

fn shown(name: &str) -> String {
    text::clip(&text::visible(name), COLUMNS).into_owned()
}

fn describe(files: &[&Gguf], name: &str) -> Result<String, crate::gguf::Error> {
    let mut tables = Names::default();
    let mut layers = Names::default();
    let mut nearest: Option<String> = None;
    for (i, tensor) in files.iter().flat_map(|gguf| gguf.tensors()).enumerate() {
        let tensor = tensor?;
        if i < COMPARED {
            // Closest of all so far: the winner meets each newcomer.
            let so_far = nearest.as_deref().into_iter();
            nearest = text::nearest(name, so_far.chain([&*tensor.name])).map(str::to_owned);
        }
        if tensor.matrix().is_some() {
            // A reader wants tables, not the weights of each layer.
            let is_layer = tensor.name.starts_with("blk.") || tensor.name.contains(".blk.");
            if is_layer { &mut layers } else { &mut tables }.add(&tensor.name);
        }
    }

    let mut message = format!("no tensor is named \"{name}\"");
    if let Some(nearest) = nearest {
        message += &format!("; did you mean \"{}\"?", shown(&nearest));
        return Ok(message);
    }
    if name == TOKEN_EMBEDDING
        && let [gguf] = files
        && let Some(kind) = kind(gguf)?
    {
        message += &format!("; this file seems to be {kind}");
    }
    let names = if tables.total > 0 { tables } else { layers };
    message += &match names.total {
        0 if files.iter().all(|gguf| gguf.tensor_count() == 0) => {
            "; embcli info and embcli tokens read what it has".to_owned()
        }
        0 => "; it has no two-dimensional tensor".to_owned(),
        total => {
            let more = match total - names.first.len() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let listed = names.first.join(", ");
            format!("; two-dimensional tensors (--tensor NAME): {listed}{more}")
        }
    };
    Ok(message)
}

/// What a file without an embedding table seems to be, with its article.
pub(crate) fn kind(gguf: &Gguf) -> Result<Option<&'static str>, crate::gguf::Error> {
    let architecture = gguf.text("general.architecture")?;
    let kind = match gguf.text("general.type")?.as_deref() {
        Some("adapter") => Some("a LoRA adapter (name the base model)"),
        Some("mmproj") => Some("a multimodal projector (name the language model)"),
        Some("imatrix") => Some("an importance matrix"),
        _ => match architecture.as_deref() {
            Some("clip") => Some("a multimodal projector (name the language model)"),
            Some("controlvector") => Some("a control vector"),
            Some("imatrix") => Some("an importance matrix"),
            Some(
                "flux" | "sd1" | "sd2" | "sd3" | "sdxl" | "wan" | "ltxv" | "hyvid" | "lumina2"
                | "qwen_image" | "hidream" | "cosmos" | "aura" | "pig",
            ) => Some("a diffusion model"),
            Some("eagle3") => Some("a draft model (name the model it drafts for)"),
            _ => None,
        },
    };
    if kind.is_some() {
        return Ok(kind);
    }
    if gguf.integer("split.count")?.is_some_and(|count| count > 1) {
        return Ok(Some(
            "one part of a split model (the table is in another; \
             parts are found where they are named like model-00001-of-00005.gguf)",
        ));
    }
    if gguf.tensor_count() == 0 {
        return Ok(Some(match gguf.entry("tokenizer.ggml.tokens")? {
            Some(_) => "vocabulary only (no tensors)",
            None => "metadata only (no tensors)",
        }));
    }
    for tensor in gguf.tensors().take(1000) {
        let name = tensor?.name;
        let kind = match () {
            () if name.ends_with(".lora_a") || name.ends_with(".lora_b") => {
                "a LoRA adapter (name the base model)"
            }
            () if name.starts_with("v.") || name.starts_with("mm.") => {
                "a multimodal projector (name the language model)"
            }
            () if name.starts_with("direction.") => "a control vector",
            () if name.ends_with(".in_sum2") => "an importance matrix",
            () if name.starts_with("model.diffusion_model.")
                || name.starts_with("double_blocks.") =>
            {
                "a diffusion model"
            }
            () => continue,
        };
        return Ok(Some(kind));
    }
    Ok(None)
}
