//! Metadata values and their types.

/// The type of a metadata value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ValueType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
    Bool,
    String,
    Array,
}

impl ValueType {
    /// Its name: `u32`, `string`.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Array => "array",
        }
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
    /// A list, which is not read here.
    Array,
}

impl Value {
    /// The whole number that it is.
    pub fn integer(&self) -> Option<i128> {
        match *self {
            Self::Unsigned(n) => Some(n.into()),
            Self::Signed(n) => Some(n.into()),
            _ => None,
        }
    }

    /// The floating-point number that it is.
    pub fn float(&self) -> Option<f64> {
        match *self {
            Self::F32(x) => Some(x.into()),
            Self::F64(x) => Some(x),
            _ => None,
        }
    }

    /// From a number's bytes, little-endian, of which there must be as many as the
    /// type has. `None` for strings and arrays, and for a flag that is neither 0
    /// nor 1.
    pub fn of_number(element: ValueType, bytes: &[u8]) -> Option<Self> {
        Some(match element {
            ValueType::U8 => Self::Unsigned(u8::from_le_bytes(bytes.try_into().ok()?).into()),
            ValueType::U16 => Self::Unsigned(u16::from_le_bytes(bytes.try_into().ok()?).into()),
            ValueType::U32 => Self::Unsigned(u32::from_le_bytes(bytes.try_into().ok()?).into()),
            ValueType::U64 => Self::Unsigned(u64::from_le_bytes(bytes.try_into().ok()?)),
            ValueType::I8 => Self::Signed(i8::from_le_bytes(bytes.try_into().ok()?).into()),
            ValueType::I16 => Self::Signed(i16::from_le_bytes(bytes.try_into().ok()?).into()),
            ValueType::I32 => Self::Signed(i32::from_le_bytes(bytes.try_into().ok()?).into()),
            ValueType::I64 => Self::Signed(i64::from_le_bytes(bytes.try_into().ok()?)),
            ValueType::F32 => Self::F32(f32::from_le_bytes(bytes.try_into().ok()?)),
            ValueType::F64 => Self::F64(f64::from_le_bytes(bytes.try_into().ok()?)),
            ValueType::Bool => match bytes {
                [0] => Self::Bool(false),
                [1] => Self::Bool(true),
                _ => return None,
            },
            ValueType::String | ValueType::Array => return None,
        })
    }
}
