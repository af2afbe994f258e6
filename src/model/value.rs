//! Metadata values and their types.

use crate::named::named;

named! {
    /// The type of a metadata value, in the order of the numbers in GGUF.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ValueType {
        U8 = "u8",
        I8 = "i8",
        U16 = "u16",
        I16 = "i16",
        U32 = "u32",
        I32 = "i32",
        F32 = "f32",
        Bool = "bool",
        String = "string",
        Array = "array",
        U64 = "u64",
        I64 = "i64",
        F64 = "f64",
    }
}

impl ValueType {
    pub fn from_id(id: u32) -> Option<Self> {
        Self::ALL.get(id as usize).copied()
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

    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    pub fn is_integer(self) -> bool {
        self.size().is_some() && !self.is_float() && self != Self::Bool
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Unsigned(u64),
    Signed(i64),
    F32(f32),
    F64(f64),
    Bool(bool),
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
