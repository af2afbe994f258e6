//! The header of a safetensors file.
//!
//! ```text
//!  0          8                 8 + n
//! | n, u64   | n bytes of JSON | data                                            |
//!              {"name": {"dtype": "F32", "shape": [rows, columns],
//!                        "data_offsets": [begin, end]}, ...}
//! ```
//!
//! Offsets count from the start of the data. The rules are those of the safetensors
//! crate: at most 100,000,000 bytes of JSON, no name twice, data without holes and
//! overlaps, and texts alone in `__metadata__`. A file that is cut short is no error
//! here: its header is whole, and so are the first of its tensors.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use crate::model::{Error, Place};
use crate::source::Source;

/// The longest JSON of a header, in bytes.
const LONGEST: u64 = 100_000_000;

/// The name of the texts among the tensors.
const METADATA: &str = "__metadata__";

/// A header: its tensors in the order of their data.
#[derive(Debug)]
pub struct Header {
    /// The tensors, by where their data begins.
    pub tensors: Vec<Entry>,
    /// Texts about the file.
    pub metadata: BTreeMap<String, String>,
    /// The position of the data in the file.
    pub data_at: u64,
    /// The length that the file has if nothing is missing.
    pub whole_len: u64,
}

/// A tensor in a header.
#[derive(Debug)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The type, by its name in the format: `BF16`.
    pub dtype: String,
    /// The dimensions, slowest first: those of a table are `[n_vocab, d_model]`.
    pub shape: Vec<u64>,
    /// The first byte of its data and the one after the last, from the start of the data.
    pub range: [u64; 2],
}

impl Header {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// If it is cut short, breaks a rule of the format, or can't be read.
    pub fn read(source: &dyn Source) -> Result<Self, Error> {
        let json = json(source)?;
        let listed: Listed = serde_json::from_slice(&json).map_err(malformed)?;
        let data_at = 8 + json.len() as u64;
        let mut tensors = listed.tensors;
        tensors.sort_by_key(|tensor| tensor.range);
        let mut end = 0;
        for Entry { name, dtype, shape, range } in &tensors {
            let problem = |problem: String| Err(malformed(format!("tensor \"{name}\": {problem}")));
            if range[0] != end || range[1] < end {
                return problem(format!(
                    "its data is at {} to {}, but must begin at {end}, where the data before it ends",
                    range[0], range[1]
                ));
            }
            end = range[1];
            let n = shape.iter().try_fold(1_u64, |n, dim| n.checked_mul(*dim));
            let bits = bits(dtype).map(|bits| n.and_then(|n| n.checked_mul(bits)));
            if let Some(bits) = bits
                && bits != (range[1] - range[0]).checked_mul(8)
            {
                return problem(format!(
                    "its data has {} bytes, which are not those of {dtype} {shape:?}",
                    range[1] - range[0]
                ));
            }
        }
        let whole_len = data_at.checked_add(end);
        let whole_len = whole_len.ok_or_else(|| malformed("the data ends past 2^64 bytes"))?;
        Ok(Self { tensors, metadata: listed.metadata, data_at, whole_len })
    }

    /// The tensor with a name.
    pub fn tensor(&self, name: &str) -> Option<&Entry> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }
}

/// The bytes of the JSON.
fn json(source: &dyn Source) -> Result<Vec<u8>, Error> {
    let truncated = |need: u128| Error::Truncated { place: Place::Header, need, len: source.len() };
    if source.len() < 8 {
        return Err(truncated(8));
    }
    let mut len = [0; 8];
    source.read_exact_at(0, &mut len)?;
    let len = u64::from_le_bytes(len);
    if len > LONGEST {
        return Err(malformed(format!("its length is {len} bytes, but must be at most {LONGEST}")));
    }
    if source.len() - 8 < len {
        return Err(truncated(8 + u128::from(len)));
    }
    // `len` bytes exist, so the file's own size bounds what is allocated.
    let mut json = vec![0; len as usize];
    source.read_exact_at(8, &mut json)?;
    match json.first() {
        Some(b'{') => Ok(json),
        _ => Err(malformed("it does not begin with {")),
    }
}

fn malformed(problem: impl fmt::Display) -> Error {
    Error::Malformed { place: Place::Header, problem: problem.to_string() }
}

/// Bits of a value; `None` for a type that is not known.
fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "F8_E4M3FNUZ"
        | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" | "C64" => 64,
        _ => return None,
    })
}

/// The JSON as it lies, with every name once.
#[derive(Default)]
struct Listed {
    tensors: Vec<Entry>,
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Stated {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Listed;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listed, A::Error> {
                let mut listed = Listed::default();
                let mut names = std::collections::HashSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        return Err(de::Error::custom(format!("\"{name}\" is there twice")));
                    }
                    if name == METADATA {
                        listed.metadata = map.next_value()?;
                        continue;
                    }
                    let Stated { dtype, shape, data_offsets: range } = map.next_value()?;
                    listed.tensors.push(Entry { name, dtype, shape, range });
                }
                Ok(listed)
            }
        }

        deserializer.deserialize_map(Names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(json: &str, data: usize) -> Vec<u8> {
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend(json.as_bytes());
        bytes.extend(vec![0; data]);
        bytes
    }

    const TWO: &str = r#"{"__metadata__":{"format":"pt"},
        "b":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]},
        "a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}   "#;

    #[test]
    fn tensors_come_in_the_order_of_their_data() {
        let header = Header::read(&file(TWO, 12)).unwrap();
        let names: Vec<&str> = header.tensors.iter().map(|tensor| &*tensor.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(header.tensor("b").unwrap().shape, [1, 2]);
        assert_eq!(header.metadata["format"], "pt");
        assert_eq!(header.whole_len, file(TWO, 12).len() as u64);
        // The data may be cut short, or longer than it should be.
        assert_eq!(Header::read(&file(TWO, 5)).unwrap().whole_len, header.whole_len);
    }

    #[test]
    fn what_breaks_a_rule_is_refused() {
        let a = |rest: &str| format!(r#"{{"a":{{"dtype":"F32",{rest}}}}}"#);
        for (json, message) in [
            ("[]".to_owned(), "begin with {"),
            ("{".to_owned(), "EOF"),
            (a(r#""shape":[1],"data_offsets":[4,8]"#), "must begin at 0"),
            (a(r#""shape":[1],"data_offsets":[0,8]"#), "not those of F32 [1]"),
            (a(r#""shape":[1],"data_offsets":[8,4]"#), "must begin at 0"),
            (a(r#""shape":[4294967296,4294967296],"data_offsets":[0,4]"#), "not those"),
            (a(r#""shape":[-1],"data_offsets":[0,4]"#), "-1"),
            (r#"{"__metadata__":{"a":1}}"#.to_owned(), "string"),
            (
                r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},
                    "a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
                    .to_owned(),
                "\"a\" is there twice",
            ),
        ] {
            let error = Header::read(&file(&json, 64)).unwrap_err().to_string();
            assert!(error.contains(message), "{json}: {error}");
        }
    }

    #[test]
    fn lengths_that_are_not_there_are_not_allocated() {
        let mut bytes = file(TWO, 0);
        bytes[..8].copy_from_slice(&99_999_999_u64.to_le_bytes());
        assert!(matches!(Header::read(&bytes), Err(Error::Truncated { .. })));
        bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(Header::read(&bytes).unwrap_err().to_string().contains("at most 100000000"));
        assert!(Header::read(&vec![1; 7]).is_err());
    }
}
