//! Metadata values, decoded by gguf-rs-lib.

use gguf_rs_lib::format::metadata::MetadataValue;
use gguf_rs_lib::format::types::GGUFValueType;

use crate::model::{Value, ValueType};

/// Decodes a value from its bytes. Arrays are not decoded.
pub(super) fn decode(mut bytes: &[u8], value_type: ValueType) -> Result<Value, String> {
    if value_type == ValueType::Array {
        return Ok(Value::Array);
    }
    let value = GGUFValueType::from_u32(value_type as u32)
        .and_then(|value_type| MetadataValue::read_from(&mut bytes, value_type))
        .map_err(|error| error.to_string())?;
    Ok(match value {
        MetadataValue::F32(x) => Value::F32(x),
        MetadataValue::F64(x) => Value::F64(x),
        MetadataValue::Bool(flag) => Value::Bool(flag),
        MetadataValue::String(text) => Value::Text(text),
        value => match (value.as_u64(), value.as_i64()) {
            (Some(n), _) => Value::Unsigned(n),
            (_, Some(n)) => Value::Signed(n),
            (None, None) => Value::Array,
        },
    })
}
