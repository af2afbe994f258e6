//! An array in the metadata. Its elements are decoded on demand.

use std::sync::Arc;

use super::{Entry, Gguf, index};
use crate::model::{Error, Numbers, Place, Strings, ValueType};

/// A metadata array whose elements are not decoded yet.
#[derive(Clone, Debug)]
pub enum Array {
    Strings(Strings),
    Numbers(Numbers),
    /// An array of this many arrays. They are not read.
    Nested(u64),
}

impl Array {
    pub(super) fn new(gguf: &Gguf, entry: &Entry) -> Result<Self, Error> {
        let key = index::quotable(&entry.key);
        let (element, count, at) = index::array_at(gguf.header(), entry.span.start)
            .map_err(|stop| stop.at(Place::Value { key: key.clone() }, gguf.file_len()))?;
        let header = Arc::clone(&gguf.header);
        Ok(match element {
            ValueType::String => {
                let marks = gguf.marks(entry.index);
                Self::Strings(Strings::new(header, at..entry.span.end, count, marks, key.into()))
            }
            ValueType::Array => Self::Nested(count),
            _ => Self::Numbers(Numbers::new(header, at, count, element, key.into())),
        })
    }

    pub fn element_type(&self) -> ValueType {
        match self {
            Self::Strings(_) => ValueType::String,
            Self::Numbers(numbers) => numbers.element(),
            Self::Nested(_) => ValueType::Array,
        }
    }

    pub fn len(&self) -> u64 {
        match self {
            Self::Strings(strings) => strings.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Nested(count) => *count,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
