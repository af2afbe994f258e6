//! Guesses what a file without an embedding table is: an adapter, a projector, ...

use super::Gguf;
use crate::model::Error;

/// What a file without an embedding table seems to be, with its article.
pub(super) fn kind(gguf: &Gguf) -> Result<Option<&'static str>, Error> {
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
