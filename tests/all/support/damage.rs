//! Small valid files with every part of the format, and ways to damage them.

use crate::support::{F32, Gguf as File, Value, f32_bytes};

/// Valid files that together have every part of the format.
pub fn files() -> Vec<Vec<u8>> {
    let q8_0 = |rows: usize| [&[0x00, 0x3C][..], &[5; 16], &[251; 16]].concat().repeat(rows);
    vec![
        // A table with two neighbours, and metadata of every type.
        File::new()
            .kv("general.architecture", "llama")
            .kv("u8", 1u8)
            .kv("i8", -1i8)
            .kv("u16", 1u16)
            .kv("i16", -1i16)
            .kv("u32", 1u32)
            .kv("i32", -1i32)
            .kv("f32", 1.0f32)
            .kv("bool", true)
            .kv("u64", 1u64)
            .kv("i64", -1i64)
            .kv("f64", 1.0f64)
            .kv("array", vec![1u32, 2, 3])
            .kv("arrays", Value::Array(9, vec![vec!["a"].into(), vec![1u8, 2].into()]))
            .vocab("llama", &["<unk>", "▁a", "b"])
            .kv("tokenizer.ggml.token_type", vec![2i32, 1, 1])
            .table(F32, 2, 3, f32_bytes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
            .tensor("output.weight", &[2, 3], F32, f32_bytes(&[1.0; 6]))
            .build(),
        // Blocks, another alignment, and byte-level tokens.
        File::new()
            .alignment(64)
            .vocab("gpt2", &["Ġa", "Ċ", "é", "<|end|>"])
            .kv("tokenizer.ggml.token_type", vec![1i32, 1, 6, 3])
            .table(8, 64, 4, q8_0(8))
            .build(),
        // Blocks of 256, escaped tokens, one part of a split model.
        File::new()
            .kv("split.no", 0u16)
            .kv("split.count", 3u16)
            .vocab("rwkv", &["\\x20a", "\\n"])
            .table(14, 256, 2, [0x3C; 420])
            .build(),
        // No vocabulary, no table.
        File::new()
            .kv("general.type", "adapter")
            .tensor("scalar", &[], F32, [0; 4])
            .tensor("blk.0.x.lora_a", &[4, 2], 1, [0; 16])
            .build(),
    ]
}

/// SplitMix64: tiny, and the same on every platform.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Numbers that break arithmetic, or that have a meaning in the format.
pub const INTERESTING: [u64; 20] = [
    0,
    1,
    2,
    3,
    4,
    8,
    9,
    12,
    13,
    32,
    255,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    1 << 60,
    (1 << 61) + 1,
    (1 << 63) - 1,
    1 << 63,
    u64::MAX,
];

/// Makes a damaged file from a seed: one to four mutations of one of the files. A
/// mutation may also append the end of another file.
pub fn damaged(seed: u64, files: &[Vec<u8>]) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = files[random.below(files.len())].clone();
    for _ in 0..1 + random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let number = random.of(&INTERESTING).to_le_bytes();
        let room = bytes.len() - at;
        match random.below(10) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.next() as u8,
            3 | 4 => bytes[at..at + room.min(4)].copy_from_slice(&number[..room.min(4)]),
            5 | 6 => bytes[at..at + room.min(8)].copy_from_slice(&number[..room.min(8)]),
            7 => bytes.truncate(at),
            8 => {
                let len = 1 + random.below(room.min(64));
                match random.below(2) {
                    0 => drop(bytes.drain(at..at + len)),
                    _ => bytes.extend_from_within(at..at + len),
                }
            }
            _ => {
                let other = &files[random.below(files.len())];
                let from = random.below(other.len());
                bytes.splice(at.., other[from..].iter().copied());
            }
        }
    }
    bytes
}
