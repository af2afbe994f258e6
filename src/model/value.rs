//! Metadata values and their types.

/// The type of a metadata value, by its number in GGUF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ValueType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64,
}

/// The types in the order of their numbers, and their names.
const TYPES: [(ValueType, &str); 13] = [
    (ValueType::U8, "u8"),
    (ValueType::I8, "i8"),
    (ValueType::U16, "u16"),
    (ValueType::I16, "i16"),
    (ValueType::U32, "u32"),
    (ValueType::I32, "i32"),
    (ValueType::F32, "f32"),
    (ValueType::Bool, "bool"),
    (ValueType::String, "string"),
    (ValueType::Array, "array"),
    (ValueType::U64, "u64"),
    (ValueType::I64, "i64"),
    (ValueType::F64, "f64"),
];

impl ValueType {
    /// The type with a number.
    pub fn from_id(id: u32) -> Option<Self> {
        TYPES.get(id as usize).map(|(value_type, _)| *value_type)
    }

    /// Its name: `u32`, `string`.
    pub fn name(self) -> &'static str {
        TYPES[self as usize].1
    }

    /// The size of a value in bytes; `None` for strings and arrays.
    pub fn size(self) -> Option<u64> {
        match self {
            Self::U8 | Self::I8 | Self::Bool => Some(1),
            Self::U16 | Self::I16 => Some(2),
            Self::U32 | Self::I32 | Self::F32 => Some(4),
            Self::U64 | Self::I64 | Self::F64 => Some(8),
            Self::String | Self::Array => None,
        }
    }

    /// Whether values are floating-point numbers.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// Whether values are whole numbers.
    pub fn is_integer(self) -> bool {
        self.size().is_some() && !self.is_float() && self != Self::Bool
    }
}

/// A metadata value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number of an unsigned type.
    Unsigned(u64),
    /// A whole number of a signed type.
    Signed(i64),
    /// A single-precision number.
    F32(f32),
    /// A double-precision number.
    F64(f64),
    /// A flag.
    Bool(bool),
    /// A text.
    Text(String),
    /// A list. Its elements are not read here.
    Array,
}

impl Value {
    /// The value, if it is a whole number.
    pub fn integer(&self) -> Option<i128> {
        match *self {
            Self::Unsigned(n) => Some(n.into()),
            Self::Signed(n) => Some(n.into()),
            _ => None,
        }
    }

    /// The value, if it is a floating-point number.
    pub fn float(&self) -> Option<f64> {
        match *self {
            Self::F32(x) => Some(x.into()),
            Self::F64(x) => Some(x),
            _ => None,
        }
    }

    /// Decodes a number from its little-endian bytes. `None` if the type has
    /// another size, and for a flag that is neither 0 nor 1.
    pub fn of_number(element: ValueType, bytes: &[u8]) -> Option<Self> {
        let mut wide = [0; 8];
        wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
        let (bits, size) = (u64::from_le_bytes(wide), element.size()?);
        if size != bytes.len() as u64 {
            return None;
        }
        let above = 64 - 8 * size;
        Some(match element {
            ValueType::F32 => Self::F32(f32::from_bits(bits as u32)),
            ValueType::F64 => Self::F64(f64::from_bits(bits)),
            ValueType::Bool if bits < 2 => Self::Bool(bits == 1),
            ValueType::Bool => return None,
            ValueType::U8 | ValueType::U16 | ValueType::U32 | ValueType::U64 => {
                Self::Unsigned(bits)
            }
            _ => Self::Signed((bits << above).cast_signed() >> above),
        })
    }
}
