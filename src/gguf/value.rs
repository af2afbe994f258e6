//! Metadata values, decoded by gguf-rs-lib.

use gguf_rs_lib::format::metadata::MetadataValue;
use gguf_rs_lib::format::types::GGUFValueType;

use crate::model::{Value, ValueType};

/// The type that a number in a file stands for.
pub(super) fn type_of_id(id: u32) -> Option<ValueType> {
    Some(match GGUFValueType::from_u32(id).ok()? {
        GGUFValueType::U8 => ValueType::U8,
        GGUFValueType::I8 => ValueType::I8,
        GGUFValueType::U16 => ValueType::U16,
        GGUFValueType::I16 => ValueType::I16,
        GGUFValueType::U32 => ValueType::U32,
        GGUFValueType::I32 => ValueType::I32,
        GGUFValueType::U64 => ValueType::U64,
        GGUFValueType::I64 => ValueType::I64,
        GGUFValueType::F32 => ValueType::F32,
        GGUFValueType::F64 => ValueType::F64,
        GGUFValueType::Bool => ValueType::Bool,
        GGUFValueType::String => ValueType::String,
        GGUFValueType::Array => ValueType::Array,
    })
}

/// A value from its bytes; arrays are not decoded.
pub(super) fn decode(mut bytes: &[u8], value_type: ValueType) -> Result<Value, String> {
    let lib_type = match value_type {
        ValueType::U8 => GGUFValueType::U8,
        ValueType::I8 => GGUFValueType::I8,
        ValueType::U16 => GGUFValueType::U16,
        ValueType::I16 => GGUFValueType::I16,
        ValueType::U32 => GGUFValueType::U32,
        ValueType::I32 => GGUFValueType::I32,
        ValueType::U64 => GGUFValueType::U64,
        ValueType::I64 => GGUFValueType::I64,
        ValueType::F32 => GGUFValueType::F32,
        ValueType::F64 => GGUFValueType::F64,
        ValueType::Bool => GGUFValueType::Bool,
        ValueType::String => GGUFValueType::String,
        ValueType::Array => return Ok(Value::Array),
    };
    let value = MetadataValue::read_from(&mut bytes, lib_type).map_err(|e| e.to_string())?;
    Ok(match value {
        MetadataValue::U8(n) => Value::Unsigned(n.into()),
        MetadataValue::U16(n) => Value::Unsigned(n.into()),
        MetadataValue::U32(n) => Value::Unsigned(n.into()),
        MetadataValue::U64(n) => Value::Unsigned(n),
        MetadataValue::I8(n) => Value::Signed(n.into()),
        MetadataValue::I16(n) => Value::Signed(n.into()),
        MetadataValue::I32(n) => Value::Signed(n.into()),
        MetadataValue::I64(n) => Value::Signed(n),
        MetadataValue::F32(x) => Value::F32(x),
        MetadataValue::F64(x) => Value::F64(x),
        MetadataValue::Bool(flag) => Value::Bool(flag),
        MetadataValue::String(text) => Value::Text(text),
        MetadataValue::Array(_) => Value::Array,
    })
}
