//! The vocabulary of a checkpoint: `tokenizer.json`, `vocab.json` or `vocab.txt`.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::model::{
    Error, Numbers, Role, STRIDE, Spelling, Strings, TokenList, TokenType, ValueType,
};

/// The largest ID that is believed: IDs need not be side by side, and each that is
/// missing becomes a token.
const LARGEST_ID: u64 = 1 << 24;

/// A vocabulary, and how it splits texts.
#[derive(Debug)]
pub(super) struct Vocabulary {
    pub list: TokenList,
    /// `bert`, llama.cpp's name, for WordPiece; else the type of `tokenizer.json`. No
    /// other family is run from a checkpoint.
    pub family: Option<String>,
    pub lowercase: Option<bool>,
    pub strip_accents: Option<bool>,
    roles: Vec<(Role, u64)>,
}

impl Vocabulary {
    /// The token of a role.
    pub fn role(&self, role: Role) -> Option<u64> {
        self.roles.iter().find(|(of, _)| *of == role).map(|(_, id)| *id)
    }
}

#[derive(Deserialize)]
struct Tokenizer {
    model: Stated,
    #[serde(default)]
    added_tokens: Vec<Added>,
    #[serde(default)]
    decoder: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    normalizer: Value,
}

#[derive(Deserialize)]
struct Stated {
    #[serde(default, rename = "type")]
    family: Option<String>,
    vocab: Pairs,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    unk_id: Option<u64>,
    #[serde(default)]
    unk_token: Option<String>,
}

#[derive(Deserialize)]
struct Added {
    id: u64,
    content: String,
    #[serde(default)]
    special: bool,
}

/// Texts with their IDs, from an object of IDs or an array of texts with their scores.
struct Pairs(Vec<(String, u64)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of token IDs, or an array of texts with scores")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some((text, _)) = list.next_element::<(String, f64)>()? {
                    pairs.push((text, pairs.len() as u64));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// The vocabulary of `tokenizer.json`.
pub(super) fn of_tokenizer(json: &[u8]) -> Result<Vocabulary, Error> {
    let tokenizer: Tokenizer = serde_json::from_slice(json)
        .map_err(|error| Error::NoVocabulary(format!("tokenizer.json: {error}")))?;
    let Tokenizer { model, added_tokens, decoder, pre_tokenizer, normalizer } = tokenizer;
    let is_byte_level = [&decoder, &pre_tokenizer].iter().any(|part| has_type(part, "ByteLevel"));
    let is_word_piece = model.family.as_deref() == Some("WordPiece");
    let mut roles = Vec::new();
    let mut tokens: HashMap<u64, (String, TokenType)> = HashMap::new();
    for (text, id) in model.vocab.0 {
        let kind = match () {
            () if model.unk_id == Some(id) => TokenType::Unknown,
            () if model.byte_fallback && is_byte(&text) => TokenType::Byte,
            () => TokenType::Normal,
        };
        if is_word_piece {
            let is_unknown = model.unk_token.as_ref() == Some(&text);
            let unknown = is_unknown.then_some(Role::Unknown);
            roles.extend(unknown.or(role_of(&text)).map(|role| (role, id)));
        }
        tokens.insert(id, (text, kind));
    }
    for Added { id, content, special } in added_tokens {
        let kind = if special { TokenType::Control } else { TokenType::UserDefined };
        tokens.insert(id, (content, kind));
    }
    if is_word_piece {
        tokens.values_mut().for_each(|(text, kind)| *text = phantom(text, *kind));
    }
    let spelling = if is_byte_level { Spelling::ByteLevel } else { Spelling::Underscores };
    let lowercase = flag(&normalizer, "lowercase");
    Ok(Vocabulary {
        family: if is_word_piece { Some("bert".to_owned()) } else { model.family },
        lowercase: lowercase.or(is_word_piece.then_some(false)),
        // Where nothing is said, accents go with capitals.
        strip_accents: flag(&normalizer, "strip_accents").or(lowercase),
        roles,
        ..list(tokens, spelling, "tokenizer.json")?
    })
}

/// The vocabulary of `vocab.json` and `added_tokens.json`: byte pairs, as of GPT-2.
pub(super) fn of_ids(json: &[u8], added: Option<&[u8]>) -> Result<Vocabulary, Error> {
    let mut tokens = HashMap::new();
    for (json, file, kind) in [
        (Some(json), "vocab.json", TokenType::Normal),
        (added, "added_tokens.json", TokenType::UserDefined),
    ] {
        let Some(json) = json else { continue };
        let Pairs(pairs) = serde_json::from_slice(json)
            .map_err(|error| Error::NoVocabulary(format!("{file}: {error}")))?;
        tokens.extend(pairs.into_iter().map(|(text, id)| (id, (text, kind))));
    }
    let vocabulary = list(tokens, Spelling::ByteLevel, "vocab.json")?;
    Ok(Vocabulary { family: Some("BPE".to_owned()), ..vocabulary })
}

/// The vocabulary of `vocab.txt`, the file of WordPiece: one token a line.
pub(super) fn of_lines(text: &str) -> Result<Vocabulary, Error> {
    let mut roles = Vec::new();
    let mut tokens = HashMap::new();
    for (id, line) in text.lines().enumerate() {
        let id = id as u64;
        roles.extend(role_of(line).map(|role| (role, id)));
        let is_special = role_of(line).is_some() || matches!(line, "[PAD]" | "[MASK]");
        let kind = if is_special { TokenType::Control } else { TokenType::Normal };
        tokens.insert(id, (phantom(line, kind), kind));
    }
    let vocabulary = list(tokens, Spelling::Underscores, "vocab.txt")?;
    Ok(Vocabulary { family: Some("bert".to_owned()), roles, ..vocabulary })
}

/// The role of a token of WordPiece.
fn role_of(text: &str) -> Option<Role> {
    Some(match text {
        "[CLS]" => Role::Bos,
        "[SEP]" => Role::Separator,
        "[UNK]" => Role::Unknown,
        _ => return None,
    })
}

/// A flag of a part of a tokenizer, or of one inside it.
fn flag(part: &Value, name: &str) -> Option<bool> {
    match part {
        Value::Object(fields) => match fields.get(name) {
            Some(flag) => flag.as_bool(),
            // `Lowercase` is a part of its own.
            None if name == "lowercase" && fields.get("type")? == "Lowercase" => Some(true),
            None => fields.values().find_map(|inner| flag(inner, name)),
        },
        Value::Array(parts) => parts.iter().find_map(|inner| flag(inner, name)),
        _ => None,
    }
}

/// Whether a part of a tokenizer, or one inside it, has a type.
fn has_type(part: &Value, name: &str) -> bool {
    match part {
        Value::Object(fields) => {
            fields.get("type").is_some_and(|of| of == name)
                || fields.values().any(|inner| has_type(inner, name))
        }
        Value::Array(parts) => parts.iter().any(|inner| has_type(inner, name)),
        _ => false,
    }
}

/// Whether a text is `<0x0A>`.
fn is_byte(text: &str) -> bool {
    let digits = text.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    digits.is_some_and(|digits| digits.len() == 2 && u8::from_str_radix(digits, 16).is_ok())
}

/// WordPiece as llama.cpp's converter writes it: a token that begins a word has an
/// underscore, and the others have none.
fn phantom(text: &str, kind: TokenType) -> String {
    match text.strip_prefix("##") {
        _ if kind == TokenType::Control => text.to_owned(),
        Some(rest) => rest.to_owned(),
        None => format!("\u{2581}{text}"),
    }
}

/// Tokens by ID, as a list that is stored like one of GGUF. An ID without a token gets
/// the text that llama.cpp's converter gives it.
pub(super) fn list(
    mut tokens: HashMap<u64, (String, TokenType)>,
    spelling: Spelling,
    file: &str,
) -> Result<Vocabulary, Error> {
    let n = tokens.keys().max().map_or(0, |id| id.saturating_add(1));
    if n > LARGEST_ID {
        let problem = format!("{file}: token ID {} is larger than {LARGEST_ID}", n - 1);
        return Err(Error::NoVocabulary(problem));
    }
    let (mut texts, mut types, mut marks) = (Vec::<u8>::new(), Vec::new(), Vec::new());
    for id in 0..n {
        let missing = || (format!("[PAD{id}]"), TokenType::Unused);
        let (text, kind) = tokens.remove(&id).unwrap_or_else(missing);
        if id > 0 && id % STRIDE == 0 {
            let at = u32::try_from(texts.len());
            marks.push(at.map_err(|_| Error::NoVocabulary(format!("{file} is too long")))?);
        }
        texts.extend((text.len() as u64).to_le_bytes());
        texts.extend(text.bytes());
        types.extend((kind as i32 + 1).to_le_bytes());
    }
    let (end, key): (_, Arc<str>) = (texts.len() as u64, file.into());
    let list = TokenList {
        texts: Strings::new(Arc::new(texts), 0..end, n, marks.into(), Arc::clone(&key)),
        spelling,
        types: Some(Numbers::new(Arc::new(types), 0, n, ValueType::I32, key)),
    };
    Ok(Vocabulary { list, family: None, lowercase: None, strip_accents: None, roles: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &TokenList) -> Vec<String> {
        (0..list.texts.len())
            .map(|id| String::from_utf8(list.texts.get(id).unwrap().unwrap()).unwrap())
            .collect()
    }

    #[test]
    fn families_of_tokenizer_json() {
        let bpe = br#"{"model":{"type":"BPE","vocab":{"a":0,"b":1,"<0x0A>":3},"merges":[],
            "byte_fallback":true},"added_tokens":[{"id":4,"content":"<s>","special":true},
            {"id":5,"content":"<tool>","special":false}],
            "decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"}]}}"#;
        let list = of_tokenizer(bpe).unwrap().list;
        assert_eq!(texts(&list), ["a", "b", "[PAD2]", "<0x0A>", "<s>", "<tool>"]);
        assert_eq!(list.spelling, Spelling::Underscores);
        let types = list.types.unwrap().bytes().unwrap();
        let types: Vec<i32> =
            types.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect();
        assert_eq!(types, [1, 1, 5, 6, 3, 4]);
        let unigram = br#"{"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["x",-1.5]]},
            "pre_tokenizer":null}"#;
        assert_eq!(texts(&of_tokenizer(unigram).unwrap().list), ["<unk>", "x"]);
        let pieces = br###"{"model":{"type":"WordPiece","vocab":{"[CLS]":0,"cat":1,"##s":2}},
            "added_tokens":[{"id":0,"content":"[CLS]","special":true}],
            "pre_tokenizer":{"type":"BertPreTokenizer"}}"###;
        assert_eq!(texts(&of_tokenizer(pieces).unwrap().list), ["[CLS]", "\u{2581}cat", "s"]);
        let bytes = br#"{"model":{"type":"BPE","vocab":{"a":0}},"decoder":{"type":"ByteLevel"}}"#;
        assert_eq!(of_tokenizer(bytes).unwrap().list.spelling, Spelling::ByteLevel);
    }

    #[test]
    fn ids_that_are_absurd_are_refused() {
        let json = br#"{"model":{"vocab":{"a":18446744073709551615}}}"#;
        assert!(of_tokenizer(json).unwrap_err().to_string().contains("larger than"));
        assert!(of_tokenizer(b"{}").is_err());
        assert_eq!(
            texts(&of_lines("[PAD]\ncat\n##s\n").unwrap().list),
            ["[PAD]", "\u{2581}cat", "s"]
        );
    }
}
