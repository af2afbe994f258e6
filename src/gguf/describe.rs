//! The description of a model in GGUF files: which key holds which fact.

use super::{Array, Entry, Files, Gguf, kind};
use crate::model::{
    Description, Error, Fact, Numbers, Role, SpecialToken, Spelling, Strings, Tensor, TokenList,
    Value, ValueType,
};

const TOKENIZER: &str = "tokenizer.ggml.";

const TOKEN_ID: &str = "_token_id";

const TOKENS: &str = "tokenizer.ggml.tokens";
const TYPES: &str = "tokenizer.ggml.token_type";
const SCORES: &str = "tokenizer.ggml.scores";
const MERGES: &str = "tokenizer.ggml.merges";
const CHARSMAP: &str = "tokenizer.ggml.precompiled_charsmap";

/// A key: its whole name, or the part after the architecture's name.
enum Key {
    Whole(&'static str),
    OfArchitecture(&'static str),
}

fn key_of(fact: Fact) -> Key {
    use Key::{OfArchitecture, Whole};
    match fact {
        Fact::Architecture => Whole("general.architecture"),
        Fact::Name => Whole("general.name"),
        Fact::ContextLength => OfArchitecture("context_length"),
        Fact::EmbeddingLength => OfArchitecture("embedding_length"),
        Fact::FeaturesLength => OfArchitecture("features_length"),
        Fact::VocabSize => OfArchitecture("vocab_size"),
        Fact::PerLayerLength => OfArchitecture("embedding_length_per_layer_input"),
        Fact::PoolingType => OfArchitecture("pooling_type"),
        Fact::EmbeddingScale => OfArchitecture("embedding_scale"),
        Fact::LayerNormEpsilon => OfArchitecture("attention.layer_norm_epsilon"),
        Fact::RmsNormEpsilon => OfArchitecture("attention.layer_norm_rms_epsilon"),
        Fact::Tokenizer => Whole("tokenizer.ggml.model"),
        Fact::PreTokenizer => Whole("tokenizer.ggml.pre"),
        Fact::ChatTemplate => Whole("tokenizer.chat_template"),
        Fact::AddBos => Whole("tokenizer.ggml.add_bos_token"),
        Fact::AddEos => Whole("tokenizer.ggml.add_eos_token"),
        Fact::AddSpacePrefix => Whole("tokenizer.ggml.add_space_prefix"),
        Fact::RemoveExtraWhitespaces => Whole("tokenizer.ggml.remove_extra_whitespaces"),
        Fact::Lowercase => Whole("tokenizer.ggml.normalizer.lowercase"),
        Fact::StripAccents => Whole("tokenizer.ggml.normalizer.strip_accents"),
    }
}

fn keys_of(role: Role) -> &'static [&'static str] {
    match role {
        Role::Bos => &["tokenizer.ggml.bos_token_id"],
        Role::Eos => &["tokenizer.ggml.eos_token_id"],
        Role::Unknown => &["tokenizer.ggml.unknown_token_id"],
        // GGUF's own spelling.
        Role::Separator => &["tokenizer.ggml.seperator_token_id"],
        Role::EndOfTurn => &["tokenizer.ggml.eot_token_id"],
        Role::EndOfMessage => &["tokenizer.ggml.eom_token_id"],
        Role::FillPrefix => &["tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id"],
        Role::FillSuffix => &["tokenizer.ggml.fim_suf_token_id", "tokenizer.ggml.suffix_token_id"],
        Role::FillMiddle => &["tokenizer.ggml.fim_mid_token_id", "tokenizer.ggml.middle_token_id"],
        Role::FillPad => &["tokenizer.ggml.fim_pad_token_id"],
        Role::FillRepository => &["tokenizer.ggml.fim_rep_token_id"],
        Role::FillSeparator => &["tokenizer.ggml.fim_sep_token_id"],
    }
}

pub fn is_tokenizer_key(key: &str) -> bool {
    key.starts_with(TOKENIZER)
}

impl Files {
    /// The key of a fact; `None` if it needs an architecture that is not stated.
    fn full_key(&self, fact: Fact) -> Result<Option<String>, Error> {
        Ok(match key_of(fact) {
            Key::Whole(key) => Some(key.to_owned()),
            Key::OfArchitecture(key) => {
                self.text(Fact::Architecture)?.map(|arch| format!("{arch}.{key}"))
            }
        })
    }

    /// The entry that states a fact, and its file.
    fn stated(&self, fact: Fact) -> Result<Option<(&Gguf, Entry)>, Error> {
        let gguf = self.metadata()?;
        let Some(key) = self.full_key(fact)? else { return Ok(None) };
        Ok(gguf.entry(&key)?.map(|entry| (gguf, entry)))
    }
}

impl Gguf {
    pub fn file_type(&self) -> Result<Option<u64>, Error> {
        self.integer("general.file_type")
    }

    /// The value of `general.basename`: the name of the model without its version.
    pub fn basename(&self) -> Result<Option<String>, Error> {
        self.text("general.basename")
    }

    /// The token that a metadata entry gives a role; `None` for other entries and
    /// for one that can't be read.
    fn special_token(&self, entry: &Entry) -> Option<SpecialToken> {
        let key = std::str::from_utf8(&entry.key).ok()?;
        let name = key.strip_prefix(TOKENIZER)?.strip_suffix(TOKEN_ID)?.to_owned();
        let id = self.decode(entry).ok()?.integer();
        Some(SpecialToken { name, key: key.to_owned(), id })
    }
}

impl Description for Files {
    fn text(&self, fact: Fact) -> Result<Option<String>, Error> {
        match self.full_key(fact)? {
            Some(key) => self.metadata()?.text(&key),
            None => Ok(None),
        }
    }

    fn whole(&self, fact: Fact) -> Result<Option<u64>, Error> {
        match self.full_key(fact)? {
            Some(key) => self.metadata()?.integer(&key),
            None => Ok(None),
        }
    }

    fn real(&self, fact: Fact) -> Result<Option<f32>, Error> {
        let Some((gguf, entry)) = self.stated(fact)? else { return Ok(None) };
        match gguf.decode(&entry)? {
            Value::F32(value) => Ok(Some(value)),
            _ => {
                let (key, found) = (self.key(fact), entry.value_type.name());
                Err(Error::Unfit(format!("{key} is of type {found}, but must be f32")))
            }
        }
    }

    fn flag(&self, fact: Fact) -> Result<Option<bool>, Error> {
        match self.stated(fact)? {
            Some((gguf, entry)) if entry.value_type == ValueType::Bool => {
                Ok(Some(gguf.decode(&entry)? == Value::Bool(true)))
            }
            _ => Ok(None),
        }
    }

    fn key(&self, fact: Fact) -> String {
        match (self.full_key(fact), key_of(fact)) {
            (Ok(Some(key)), _) => key,
            (_, Key::Whole(key) | Key::OfArchitecture(key)) => key.to_owned(),
        }
    }

    fn special(&self, role: Role) -> Result<Vec<u64>, Error> {
        let gguf = self.metadata()?;
        let ids = keys_of(role).iter().map(|key| gguf.integer(key));
        Ok(ids.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    fn special_tokens(&self) -> Box<dyn Iterator<Item = Result<SpecialToken, Error>> + '_> {
        let gguf = match self.metadata() {
            Ok(gguf) => gguf,
            Err(error) => return Box::new(std::iter::once(Err(error))),
        };
        Box::new(gguf.entries().filter_map(|entry| match entry {
            Ok(entry) => gguf.special_token(&entry).map(Ok),
            Err(error) => Some(Err(error)),
        }))
    }

    fn tokens(&self) -> Result<TokenList, Error> {
        let gguf = self.metadata()?;
        let none = |reason: &str| Error::NoVocabulary(reason.to_owned());
        let texts = match gguf.array(TOKENS)? {
            Some(Array::Strings(texts)) => texts,
            Some(_) => return Err(none("tokenizer.ggml.tokens is not an array of strings")),
            None => {
                return Err(none(match gguf.entry(TOKENS)? {
                    None => "the file has no vocabulary (no tokenizer.ggml.tokens)",
                    Some(_) => "tokenizer.ggml.tokens is not an array",
                }));
            }
        };
        let [family, pre] = [Fact::Tokenizer, Fact::PreTokenizer].map(|fact| self.text(fact));
        let spelling = Spelling::of(family?.as_deref(), pre?.as_deref());
        Ok(TokenList { texts, spelling, types: numbers(gguf, TYPES)? })
    }

    fn scores(&self) -> Result<Option<Numbers>, Error> {
        numbers(self.metadata()?, SCORES)
    }

    fn merges(&self) -> Result<Option<Strings>, Error> {
        let gguf = self.metadata()?;
        match gguf.array(MERGES)? {
            Some(Array::Strings(merges)) => Ok(Some(merges)),
            None if gguf.entry(MERGES)?.is_none() => Ok(None),
            _ => Err(Error::Unfit(format!("{MERGES} is not an array of strings"))),
        }
    }

    fn charsmap(&self) -> Result<Option<Numbers>, Error> {
        let gguf = self.metadata()?;
        let Some(entry) = gguf.entry(CHARSMAP)? else { return Ok(None) };
        let name = entry.value_type.name();
        if entry.value_type != ValueType::Array {
            return Err(Error::Unfit(format!("{CHARSMAP}: it is of type {name}, not an array")));
        }
        let array = gguf.array_of(&entry)?;
        match (array.element_type(), array) {
            (ValueType::U8 | ValueType::I8, Array::Numbers(bytes)) => Ok(Some(bytes)),
            (other, _) => Err(Error::Unfit(format!(
                "{CHARSMAP}: it is an array of {}, not of bytes",
                other.name()
            ))),
        }
    }

    fn tensor(&self, name: &str) -> Result<Option<Tensor>, Error> {
        self.find_tensor(name)
    }

    fn tensors(&self) -> Result<Box<dyn Iterator<Item = Result<Tensor, Error>> + '_>, Error> {
        Ok(Box::new(self.all_tensors()?))
    }

    fn kind(&self) -> Result<Option<&'static str>, Error> {
        kind::kind(self.metadata()?)
    }

    fn file_count(&self) -> u64 {
        self.shard_count()
    }

    fn file_len(&self) -> u64 {
        self.len()
    }

    fn missing(&self) -> Vec<String> {
        self.missing_names()
    }
}

/// The numbers that a key holds. An array of another type gives an empty list of
/// that type. A value that is no array counts as absent.
fn numbers(gguf: &Gguf, key: &str) -> Result<Option<Numbers>, Error> {
    Ok(gguf.array(key)?.map(|array| match array {
        Array::Numbers(numbers) => numbers,
        other => Numbers::none(other.element_type(), key),
    }))
}
