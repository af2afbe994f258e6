//! What `config.json` says of a model.

use serde_json::Value as Json;

use super::names;
use crate::model::{Error, Fact, Role, SpecialToken};

/// The fields of `config.json`.
#[derive(Debug)]
pub struct Config(Json);

/// The fields that may state a fact, the usual one first.
fn fields(fact: Fact) -> &'static [&'static str] {
    match fact {
        Fact::Architecture => &["model_type"],
        Fact::Name => &["_name_or_path"],
        Fact::ContextLength => &["max_position_embeddings", "n_positions", "seq_length"],
        Fact::EmbeddingLength => &["hidden_size", "n_embd", "d_model", "dim"],
        Fact::VocabSize => &["vocab_size", "padded_vocab_size"],
        Fact::PerLayerLength => &["hidden_size_per_layer_input"],
        Fact::EmbeddingScale => &["embedding_multiplier"],
        Fact::LayerNormEpsilon => &["layer_norm_eps", "layer_norm_epsilon"],
        Fact::RmsNormEpsilon => &["rms_norm_eps"],
        _ => &[],
    }
}

/// The name of a fact, for messages.
pub(super) fn key(fact: Fact) -> String {
    fields(fact).first().map_or_else(|| format!("{fact:?}"), |name| (*name).to_owned())
}

impl Config {
    /// Parses the file, if there is one.
    pub(super) fn of(json: Option<&[u8]>) -> Result<Self, Error> {
        let Some(json) = json else { return Ok(Self(Json::Null)) };
        let parsed = serde_json::from_slice(json);
        parsed.map(Self).map_err(|error| Error::Unfit(format!("config.json: {error}")))
    }

    /// A field, or the field of the part for texts.
    fn field(&self, name: &str) -> Option<&Json> {
        let text = self.0.get("text_config");
        text.and_then(|config| config.get(name)).or_else(|| self.0.get(name))
    }

    fn first(&self, fact: Fact) -> impl Iterator<Item = &Json> {
        fields(fact).iter().filter_map(|name| self.field(name))
    }

    pub(super) fn text(&self, fact: Fact) -> Option<String> {
        let text = self.first(fact).find_map(Json::as_str)?;
        Some(match fact {
            Fact::Architecture => names::architecture(text).to_owned(),
            _ => text.to_owned(),
        })
    }

    pub(super) fn whole(&self, fact: Fact) -> Option<u64> {
        self.first(fact).find_map(Json::as_u64)
    }

    pub(super) fn real(&self, fact: Fact) -> Option<f32> {
        self.first(fact).find_map(|value| Some(value.as_f64()? as f32))
    }

    /// Whether the output head is the embedding table, if the file says so.
    pub fn is_tied(&self) -> Option<bool> {
        self.field("tie_word_embeddings").and_then(Json::as_bool)
    }

    /// The factor that llama.cpp's converter multiplies the table with, for the models
    /// where it does.
    pub fn factor(&self) -> Option<f32> {
        let name = match self.text(Fact::Architecture)?.as_str() {
            "falcon-h1" => "embedding_multiplier",
            "jais" if self.field("embeddings_scale").is_some() => "embeddings_scale",
            "jais" => "mup_embeddings_scale",
            _ => return None,
        };
        Some(self.field(name)?.as_f64()? as f32)
    }

    pub(super) fn special(&self, role: Role) -> Vec<u64> {
        let field = match role {
            Role::Bos => "bos_token_id",
            Role::Eos => "eos_token_id",
            _ => return Vec::new(),
        };
        match self.field(field) {
            Some(Json::Array(ids)) => ids.iter().filter_map(Json::as_u64).collect(),
            Some(id) => id.as_u64().into_iter().collect(),
            None => Vec::new(),
        }
    }

    pub(super) fn special_tokens(&self) -> impl Iterator<Item = SpecialToken> {
        ["bos", "eos", "pad", "sep"].into_iter().filter_map(|name| {
            let key = format!("{name}_token_id");
            let id = match self.field(&key)? {
                Json::Array(ids) => ids.first()?.as_i64()?,
                id => id.as_i64()?,
            };
            Some(SpecialToken { name: name.to_owned(), key, id: Some(id.into()) })
        })
    }

    /// The fields and their values, in the order of their names. A field of a part has
    /// the names of both, `text_config.hidden_size`.
    pub fn fields(&self) -> Vec<(String, &Json)> {
        let mut fields = Vec::new();
        collect("", &self.0, &mut fields);
        fields
    }
}

fn collect<'a>(before: &str, value: &'a Json, fields: &mut Vec<(String, &'a Json)>) {
    let Json::Object(parts) = value else { return };
    for (name, value) in parts {
        let name = format!("{before}{name}");
        match value {
            Json::Object(_) => collect(&format!("{name}."), value, fields),
            _ => fields.push((name, value)),
        }
    }
}
