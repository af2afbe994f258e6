//! Tests the test writer. gguf-rs-lib reads valid files back unchanged, and wrong numbers
//! are in the right bytes. Every test of a broken file depends on this.

use crate::support::{F32, Gguf, Value, f32_bytes, raw, text};
use gguf_rs_lib::format::{metadata::MetadataArray, types::GGUFValueType as T};
use gguf_rs_lib::prelude::{GGUFFileReader, MetadataValue as M};
use std::io::Cursor;

fn read(file: Gguf) -> GGUFFileReader<Cursor<Vec<u8>>> {
    GGUFFileReader::new(Cursor::new(file.build())).unwrap()
}

#[test]
fn every_value_type_reads_back() {
    let nested = Value::Array(9, vec![vec![1u8, 2].into(), vec![3u8].into()]);
    let reader = read(
        Gguf::new()
            .kv("a", 1u8)
            .kv("b", -2i8)
            .kv("c", 3u16)
            .kv("d", -4i16)
            .kv("e", 5u32)
            .kv("f", -6i32)
            .kv("g", 7.5f32)
            .kv("h", true)
            .kv("i", "nine")
            .kv("j", nested)
            .kv("k", u64::MAX)
            .kv("l", i64::MIN)
            .kv("m", 12.5f64)
            .kv("n", raw(4, 14u32.to_le_bytes()))
            .kv("o", Vec::<String>::new()),
    );
    let array = |of, items| M::Array(Box::new(MetadataArray::new(of, items).unwrap()));
    let pair = array(T::U8, vec![M::U8(1), M::U8(2)]);
    let single = array(T::U8, vec![M::U8(3)]);
    let expected = [
        ("a", M::U8(1)),
        ("b", M::I8(-2)),
        ("c", M::U16(3)),
        ("d", M::I16(-4)),
        ("e", M::U32(5)),
        ("f", M::I32(-6)),
        ("g", M::F32(7.5)),
        ("h", M::Bool(true)),
        ("i", M::String("nine".into())),
        ("j", array(T::Array, vec![pair, single])),
        ("k", M::U64(u64::MAX)),
        ("l", M::I64(i64::MIN)),
        ("m", M::F64(12.5)),
        ("n", M::U32(14)),
        ("o", array(T::String, vec![])),
    ];
    let metadata = reader.metadata();
    for (key, value) in expected {
        assert_eq!(metadata.get(key), Some(&value), "{key}");
    }
}

#[test]
fn tensors_lie_where_the_header_says() {
    let data = |x| f32_bytes(&[x; 3]);
    for alignment in [8, 16, 32, 64, 4096] {
        let mut reader = read(
            Gguf::new()
                .alignment(alignment)
                .tensor("last", &[3], F32, data(1.0))
                .placed_at(3 * 4096)
                .tensor("first", &[3, 1, 1, 1], F32, data(2.0))
                .placed_at(0)
                .tensor("end", &[3], F32, data(3.0))
                .trailing(*b"more"),
        );
        for (name, x) in [("last", 1.0), ("first", 2.0), ("end", 3.0)] {
            let read = reader.load_tensor_data(name).unwrap().unwrap();
            assert_eq!(read.as_slice(), data(x), "{name} at {alignment}");
        }
    }
}

#[test]
fn wrong_values_are_written_as_given() {
    let file = || Gguf::new().kv(b"\xff", text(b"\xfe")).kv(b"\xff", 1u8);
    let plain = file().build();
    let head = b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0";
    let pairs = b"\x01\0\0\0\0\0\0\0\xff\x08\0\0\0\x01\0\0\0\0\0\0\0\xfe\
                  \x01\0\0\0\0\0\0\0\xff\0\0\0\0\x01";
    assert!(plain.starts_with(&[&head[..], pairs].concat()));
    assert_eq!(plain.len(), 64);

    let counts = file().version(7).tensor_count(8).kv_count(9).build();
    assert_eq!(counts[4], 7);
    assert_eq!(counts[8..16], 8u64.to_le_bytes());
    assert_eq!(counts[16..24], 9u64.to_le_bytes());
    assert_eq!(counts[24..], plain[24..]);

    let tensor = Gguf::new().tensor("", &[], 250, []).claims_offset(u64::MAX);
    assert_eq!(tensor.build()[32..48], *b"\0\0\0\0\xfa\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff");

    let big = file().kv("n", vec![0x1234u16]).big_endian().build();
    let tail = b"\0\0\0\0\0\0\0\x01n\0\0\0\x09\0\0\0\x02\0\0\0\0\0\0\0\x01\x12\x34";
    assert!(big.starts_with(b"GGUF\0\0\0\x03"));
    assert_eq!(big[60..][..tail.len()], *tail);

    assert_eq!(file().truncate(10).build(), plain[..10]);
    assert_eq!(std::fs::read(file().write().path()).unwrap(), plain);
}
