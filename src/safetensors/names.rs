//! How checkpoints name the tensors that every model has.

/// Prefixes of the parts of larger models.
const PREFIXES: [&str; 11] = [
    "",
    "language_model.",
    "model.language_model.",
    "model.",
    "transformer.",
    "bert.",
    "roberta.",
    "distilbert.",
    "electra.",
    "mpnet.",
    "talker.",
];

/// Names of the embedding table, without `.weight`: those of llama.cpp's converter
/// (`gguf-py/gguf/tensor_mapping.py`), the most specific first.
const TABLE: [&str; 26] = [
    "model.embed_tokens",
    "gpt_neox.embed_in",
    "transformer.wte",
    "transformer.word_embeddings",
    "embeddings.word_embeddings",
    "embeddings.tok_embeddings",
    "tok_embeddings",
    "transformer.embd.wte",
    "model.tok_embeddings",
    "model.embedding",
    "backbone.embedding",
    "backbone.embeddings",
    "transformer.in_out_embed",
    "embedding.word_embeddings",
    "transformer.token_embeddings",
    "rwkv.embeddings",
    "model.embeddings",
    "model.word_embeddings",
    "model.transformer.wte",
    "model.embed",
    "word_embeddings",
    "decoder.embed_tokens",
    "shared",
    "encoder.embed_tokens",
    "embed_tokens",
    "wte",
];

/// llama.cpp's name of the output head.
pub const HEAD: &str = "output.weight";

/// Names of the head, without `.weight`.
const HEADS: [&str; 6] = [
    "lm_head",
    "embed_out",
    "output",
    "output_layer",
    "lm_head.linear",
    "word_embeddings_for_head",
];

/// The names that a checkpoint may have for a tensor of llama.cpp, the likeliest first.
pub(super) fn of(tensor: &str) -> impl Iterator<Item = String> {
    let names: &[&str] = match tensor {
        "token_embd.weight" => &TABLE,
        HEAD => &HEADS,
        _ => &[],
    };
    names.iter().flat_map(|name| PREFIXES.map(|prefix| format!("{prefix}{name}.weight")))
}

/// llama.cpp's name for an architecture, from `model_type` in `config.json`. Most are
/// the same.
pub(super) fn architecture(model_type: &str) -> &str {
    match model_type {
        "gemma3_text" => "gemma3",
        "gpt_neox" => "gptneox",
        "gpt_bigcode" => "starcoder",
        "roberta" | "xlm-roberta" | "distilbert" => "bert",
        "mistral" | "mixtral" => "llama",
        "falcon_h1" => "falcon-h1",
        "nomic_bert" => "nomic-bert",
        "modernbert" => "modern-bert",
        "qwen2_moe" => "qwen2moe",
        "qwen3_moe" => "qwen3moe",
        "umt5" | "mt5" => "t5",
        other => other,
    }
}
