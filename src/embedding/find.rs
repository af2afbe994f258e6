//! When the table is not there: what the file seems to be, and what it has.

use anyhow::Error;

use super::TOKEN_EMBEDDING;
use crate::gguf::Gguf;
use crate::text;

/// As many tensor names as one message lists.
const LISTED: usize = 8;

/// The error for a tensor that the file does not have.
pub(super) fn absent(gguf: &Gguf, name: &str) -> Error {
    match describe(gguf, name) {
        Ok(message) => Error::msg(message),
        Err(error) => error.into(),
    }
}

fn describe(gguf: &Gguf, name: &str) -> Result<String, crate::gguf::Error> {
    let mut matrices = Vec::new();
    let mut nearest: Option<String> = None;
    for tensor in gguf.tensors() {
        let tensor = tensor?;
        // Closest of all so far: the winner meets each newcomer.
        nearest = text::nearest(name, nearest.as_deref().into_iter().chain([&*tensor.name]))
            .map(str::to_owned);
        if tensor.matrix().is_some() {
            matrices.push(tensor.name);
            matrices.truncate(10_000);
        }
    }

    let mut message = format!("no tensor is named \"{name}\"");
    if let Some(nearest) = nearest {
        message += &format!("; did you mean \"{nearest}\"?");
        return Ok(message);
    }
    if name == TOKEN_EMBEDDING
        && let Some(kind) = kind(gguf)?
    {
        message += &format!("; this file seems to be {kind}");
    }
    // A reader wants tables, not the weights of each layer, if there are any.
    let is_layer = |name: &&String| name.starts_with("blk.") || name.contains(".blk.");
    let tables: Vec<_> = matrices.iter().filter(|name| !is_layer(name)).collect();
    let (shown, total) = match tables.len() {
        0 => (matrices.iter().collect(), matrices.len()),
        n => (tables, n),
    };
    message += &match total {
        0 => "; it has no two-dimensional tensor".to_owned(),
        _ => {
            let names: Vec<_> = shown.iter().take(LISTED).map(|name| name.as_str()).collect();
            let more = match total - names.len() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!("; two-dimensional tensors (--tensor NAME): {}{more}", names.join(", "))
        }
    };
    Ok(message)
}

/// What a file without an embedding table seems to be, with its article.
fn kind(gguf: &Gguf) -> Result<Option<&'static str>, crate::gguf::Error> {
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
        return Ok(Some("one part of a split model (the table is in another part)"));
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
