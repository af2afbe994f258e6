//! A tiny GGUF writer for tests and fixtures.
//!
//! It writes valid and invalid files alike: duplicate keys, strings that are not
//! UTF-8, unknown type IDs, wrong counts and offsets. gguf-rs-lib's writer (rightly)
//! refuses all of these, and it keeps metadata in a `HashMap`, so the order changes
//! with each run. `tests/all/writer.rs` reads valid files back with gguf-rs-lib.
//!
//! ```ignore
//! let bytes = Gguf::new()
//!     .kv("general.architecture", "llama")
//!     .vocab("llama", &["a", "b"])
//!     .table(F32, 2, 2, f32_bytes(&[1.0, 2.0, 3.0, 4.0]))
//!     .build();
//! ```
//!
//! The layout, all little-endian unless [`Gguf::big_endian`]:
//!
//! ```text
//! "GGUF" | version u32 | tensor count u64 | kv count u64
//! each kv:     key string | type u32 | value        string: length u64, bytes
//! each tensor: name string | rank u32 | dims u64... | type u32 | offset u64
//! zeros up to the alignment; the data starts here, and offsets count from here
//! each tensor's data, followed by zeros up to the alignment
//! ```

use gguf_rs_lib::format::types::GGUFValueType;
use std::io::Write;

/// The ggml type ID of 32-bit floats.
pub const F32: u32 = 0;

/// A metadata value to write. `into()` makes it from numbers, `bool`, `&str`, and
/// `Vec`s of these.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number or bool: its type ID and its bytes, little-endian.
    Scalar(u32, Vec<u8>),
    /// A string of any bytes.
    Text(Vec<u8>),
    /// The declared element type ID, then the elements. Elements are written without
    /// their own type IDs, so they may be of another type.
    Array(u32, Vec<Value>),
    /// A type ID, and bytes that are copied unchanged.
    Raw(u32, Vec<u8>),
}

impl Value {
    fn type_id(&self) -> u32 {
        match self {
            Self::Scalar(id, _) | Self::Raw(id, _) => *id,
            Self::Text(_) => GGUFValueType::String as u32,
            Self::Array(..) => GGUFValueType::Array as u32,
        }
    }

    fn write(&self, out: &mut Out) {
        match self {
            Self::Scalar(_, bytes) => out.number(bytes),
            Self::Text(bytes) => out.string(bytes),
            Self::Array(element_type, items) => {
                out.u32(*element_type);
                out.u64(items.len() as u64);
                items.iter().for_each(|item| item.write(out));
            }
            Self::Raw(_, bytes) => out.bytes.extend(bytes),
        }
    }
}

/// A value of `type_id` with exactly these bytes.
pub fn raw(type_id: u32, bytes: impl Into<Vec<u8>>) -> Value {
    Value::Raw(type_id, bytes.into())
}

/// A string that may be invalid UTF-8.
pub fn text(bytes: impl AsRef<[u8]>) -> Value {
    Value::Text(bytes.as_ref().to_vec())
}

/// Types whose `Vec` becomes an array. The trait gives the element type even for an
/// empty array.
pub trait Element: Into<Value> {
    /// The type ID of one element.
    const TYPE: GGUFValueType;
}

macro_rules! values {
    ($($rust:ty => $gguf:ident, $value:ident => $make:expr;)*) => {$(
        impl Element for $rust {
            const TYPE: GGUFValueType = GGUFValueType::$gguf;
        }
        impl From<$rust> for Value {
            fn from($value: $rust) -> Self {
                $make
            }
        }
    )*};
    (numbers: $($rust:ty => $gguf:ident),*) => {
        values! {$(
            $rust => $gguf,
            n => Value::Scalar(GGUFValueType::$gguf as u32, n.to_le_bytes().to_vec());
        )*}
    };
}

values! { numbers:
    u8 => U8, i8 => I8, u16 => U16, i16 => I16, u32 => U32, i32 => I32,
    f32 => F32, u64 => U64, i64 => I64, f64 => F64
}
values! {
    bool => Bool, b => Value::Scalar(GGUFValueType::Bool as u32, vec![b.into()]);
    &str => String, s => text(s);
    String => String, s => text(s);
}

impl<T: Element> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Value::Array(T::TYPE as u32, items.into_iter().map(Into::into).collect())
    }
}

struct Tensor {
    name: Vec<u8>,
    dims: Vec<u64>,
    type_id: u32,
    data: Vec<u8>,
    /// The offset of the data; by default right after the previous tensor.
    place: Option<usize>,
    /// The offset in the header; by default the true one.
    claim: Option<u64>,
}

/// Builds a GGUF file. Calls chain: every method returns the builder, except the last two.
pub struct Gguf {
    version: u32,
    alignment: usize,
    big_endian: bool,
    metadata: Vec<(Vec<u8>, Value)>,
    tensors: Vec<Tensor>,
    tensor_count: Option<u64>,
    kv_count: Option<u64>,
    trailing: Vec<u8>,
    truncate: Option<usize>,
}

impl Gguf {
    /// An empty file: version 3, little-endian, alignment 32.
    pub fn new() -> Self {
        Self {
            version: 3,
            alignment: 32,
            big_endian: false,
            metadata: Vec::new(),
            tensors: Vec::new(),
            tensor_count: None,
            kv_count: None,
            trailing: Vec::new(),
            truncate: None,
        }
    }

    /// Declares this version. The layout stays that of 2 and 3.
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// Writes all numbers in the header and the metadata big-endian. Tensor data stays
    /// as given.
    pub fn big_endian(mut self) -> Self {
        self.big_endian = true;
        self
    }

    /// Aligns the data, and declares it in `general.alignment`. (To declare a wrong
    /// alignment, write the key with [`Gguf::kv`].)
    pub fn alignment(mut self, alignment: u32) -> Self {
        self.alignment = alignment as usize;
        self.kv("general.alignment", alignment)
    }

    /// Adds a metadata pair. Order and duplicates are kept.
    pub fn kv(mut self, key: impl AsRef<[u8]>, value: impl Into<Value>) -> Self {
        self.metadata.push((key.as_ref().to_vec(), value.into()));
        self
    }

    /// Adds a tensor with any rank and any data. Dims are fastest first
    /// (`[d_model, n_vocab]`). The length of the data is not checked.
    pub fn tensor(
        mut self,
        name: impl AsRef<[u8]>,
        dims: &[u64],
        type_id: u32,
        data: impl Into<Vec<u8>>,
    ) -> Self {
        self.tensors.push(Tensor {
            name: name.as_ref().to_vec(),
            dims: dims.to_vec(),
            type_id,
            data: data.into(),
            place: None,
            claim: None,
        });
        self
    }

    /// Puts the last tensor's data at this offset of the data section. It may leave a
    /// gap, overlap another tensor, or change the order of tensors.
    pub fn placed_at(mut self, offset: usize) -> Self {
        self.last_tensor().place = Some(offset);
        self
    }

    /// Declares this offset for the last tensor in the header, true or not.
    pub fn claims_offset(mut self, offset: u64) -> Self {
        self.last_tensor().claim = Some(offset);
        self
    }

    fn last_tensor(&mut self) -> &mut Tensor {
        self.tensors.last_mut().expect("a tensor comes first")
    }

    /// Declares this number of tensors, true or not.
    pub fn tensor_count(mut self, count: u64) -> Self {
        self.tensor_count = Some(count);
        self
    }

    /// Declares this number of metadata pairs, true or not.
    pub fn kv_count(mut self, count: u64) -> Self {
        self.kv_count = Some(count);
        self
    }

    /// Adds bytes after the end.
    pub fn trailing(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.trailing = bytes.into();
        self
    }

    /// Keeps only the first `len` bytes of the file.
    pub fn truncate(mut self, len: usize) -> Self {
        self.truncate = Some(len);
        self
    }

    /// Adds `tokenizer.ggml.model` and `.tokens`.
    pub fn vocab(self, model: &str, tokens: &[&str]) -> Self {
        self.kv("tokenizer.ggml.model", model).kv("tokenizer.ggml.tokens", tokens.to_vec())
    }

    /// Adds `token_embd.weight`, `n_vocab` rows of `d_model` values.
    pub fn table(self, type_id: u32, d_model: u64, n_vocab: u64, data: impl Into<Vec<u8>>) -> Self {
        self.tensor("token_embd.weight", &[d_model, n_vocab], type_id, data)
    }

    /// The file's bytes.
    pub fn build(self) -> Vec<u8> {
        let mut data = Vec::new();
        let mut out = Out { bytes: b"GGUF".to_vec(), big_endian: self.big_endian };
        out.u32(self.version);
        out.u64(self.tensor_count.unwrap_or(self.tensors.len() as u64));
        out.u64(self.kv_count.unwrap_or(self.metadata.len() as u64));
        for (key, value) in &self.metadata {
            out.string(key);
            out.u32(value.type_id());
            value.write(&mut out);
        }
        for tensor in &self.tensors {
            let start = tensor.place.unwrap_or(data.len());
            let end = start + tensor.data.len();
            data.resize(data.len().max(end.next_multiple_of(self.alignment)), 0);
            data[start..end].copy_from_slice(&tensor.data);

            out.string(&tensor.name);
            out.u32(tensor.dims.len() as u32);
            tensor.dims.iter().for_each(|&dim| out.u64(dim));
            out.u32(tensor.type_id);
            out.u64(tensor.claim.unwrap_or(start as u64));
        }
        let mut file = out.bytes;
        file.resize(file.len().next_multiple_of(self.alignment), 0);
        file.extend(data);
        file.extend(self.trailing);
        file.truncate(self.truncate.unwrap_or(usize::MAX));
        file
    }

    /// Writes [`Gguf::build`] to a temporary file, which is deleted on drop.
    pub fn write(self) -> tempfile::NamedTempFile {
        temp_file(&self.build())
    }
}

/// Writes bytes to a temporary file with the suffix `.gguf`, which is deleted on drop.
pub fn temp_file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".gguf").tempfile().expect("a temporary file");
    file.write_all(bytes).expect("the bytes fit on the disk");
    file
}

/// The bytes of an F32 tensor.
pub fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Small tables that no training makes: rows with NaN, infinity or zeros, equal ones, ones
/// of extreme size, of one value, and a single row. Their tokens are a, b, c, d.
pub fn odd_tables() -> Vec<tempfile::NamedTempFile> {
    let mixed =
        vec![f32::INFINITY, 1.0, 2.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, f32::MAX, -f32::MAX, 1.0];
    let tables = [
        (vec![f32::NAN; 12], 3),
        (vec![0.0; 12], 3),
        (vec![1.0; 12], 3),
        (mixed, 3),
        (vec![f32::INFINITY; 12], 3),
        (vec![f32::MAX; 12], 3),
        (vec![f32::MIN_POSITIVE; 12], 3),
        (vec![1.0, -2.0, 3.0, 4.0], 1),
        (vec![1.0, 2.0], 1),
        (vec![1.0, 2.0, 3.0, -1.0, 2.0, 0.0], 3),
        (vec![1.0, 2.0, 3.0], 3),
        (vec![5.0], 1),
    ];
    let file = |(values, width): (Vec<f32>, usize)| {
        let n = values.len() / width;
        let model = Gguf::new().vocab("llama", &["a", "b", "c", "d"][..n]);
        model.table(F32, width as u64, n as u64, f32_bytes(&values)).write()
    };
    tables.into_iter().map(file).collect()
}

/// The output bytes. Only this type knows the byte order.
struct Out {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Out {
    /// Appends a number of any width, given as little-endian bytes.
    fn number(&mut self, le: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend(le);
        if self.big_endian {
            self.bytes[start..].reverse();
        }
    }

    fn u32(&mut self, n: u32) {
        self.number(&n.to_le_bytes());
    }

    fn u64(&mut self, n: u64) {
        self.number(&n.to_le_bytes());
    }

    fn string(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.bytes.extend(bytes);
    }
}

/// A `tokenizer.ggml.precompiled_charsmap` that replaces an `A` with a text.
pub fn charsmap(with: &[u8]) -> Vec<u8> {
    // Units of a double array: the root, whose children are at its offset (1) XOR
    // their byte; the child `A`, which has a value; and that value, a position among
    // the texts.
    let mut units = [0_u32; 128];
    let a = 1 ^ u32::from(b'A');
    units[0] = 1 << 10;
    units[a as usize] = (a ^ 4) << 10 | 1 << 8 | u32::from(b'A');
    units[4] = 1 << 31;
    let mut bytes = (units.len() as u32 * 4).to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes.extend(with);
    bytes.push(0);
    bytes
}

/// A `tokenizer.ggml.precompiled_charsmap` that replaces an `A` with an `a`, and
/// leads along a row of so many `A`s in the search for a longer one.
pub fn deep_charsmap(length: usize) -> Vec<u8> {
    // As above; each `A` has children at a multiple of 256, and so another `A`.
    let letter = u32::from(b'A');
    let mut units = vec![0_u32; (length + 2) * 256];
    let mut base = 1;
    units[0] = base << 10;
    for at in 1..=length as u32 {
        let unit = base ^ letter;
        let next = at * 256;
        let offset = unit ^ next;
        units[unit as usize] = offset << 10 | letter;
        if at == 1 {
            units[unit as usize] |= 1 << 8;
            units[next as usize] = 1 << 31;
        }
        base = next;
    }
    let mut bytes = (units.len() as u32 * 4).to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes.extend(b"a\0");
    bytes
}
