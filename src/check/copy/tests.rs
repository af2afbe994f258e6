use super::*;

/// Rows of values without structure, which repeat from run to run.
fn values(rows: usize, dim: usize) -> Vec<f32> {
    let unit = |i: u64| crate::stats::mix(i) as f32 / u64::MAX as f32 - 0.5;
    (0..(rows * dim) as u64).map(|i| unit(2 * i) + unit(2 * i + 1)).collect()
}

fn f32_table(shape: [u64; 2], values: &[f32]) -> Table {
    Table::in_memory("F32", shape, values.iter().flat_map(|x| x.to_le_bytes()).collect())
}

fn quantised(format: &str, values: &[f32]) -> Vec<u8> {
    let format = Format::from_name(format).unwrap();
    let mut out = vec![0; values.len() / format.block_len * format.block_bytes];
    format.quantiser().unwrap().quantise(values, &mut out);
    out
}

fn pairs(n: u32) -> Vec<[u32; 2]> {
    (0..n).map(|id| [id; 2]).collect()
}

const SHAPE: [u64; 2] = [40, 256];

fn compare(format: &str, values: &[f32], stored: Vec<u8>) -> Copied {
    let copy = Table::in_memory(format, SHAPE, stored);
    copied(&copy, &f32_table(SHAPE, values), &pairs(40), Some(2.0), 2).unwrap().unwrap()
}

const TYPES: [&str; 17] = [
    "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "MXFP4", "TQ1_0", "TQ2_0", "Q2_K",
    "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS",
];

#[test]
fn each_way_of_each_type_is_told() {
    let values = values(40, 256);
    for format in TYPES {
        for way in Way::all(Some(2.0)) {
            let mut through = values.clone();
            way.apply(&mut through);
            let found = compare(format, &values, quantised(format, &through));
            assert_eq!((found.exact, found.near.len()), (40, 0), "{format} {way:?}");
            // A float type is its own way.
            let is_own = way.through == Some(format) && found.way.through.is_none();
            assert!(found.way == way || is_own, "{format} {way:?} {:?}", found.way);
        }
    }
}

#[test]
fn exchanged_rows_and_changed_bytes_are_told() {
    let values = values(40, 256);
    for format in TYPES {
        let mut stored = quantised(format, &values);
        let row = stored.len() / 40;
        let (a, b) = stored.split_at_mut(20 * row);
        a[3 * row..4 * row].swap_with_slice(&mut b[5 * row..6 * row]);
        let found = compare(format, &values, stored);
        let mut odd: Vec<_> = found.different.iter().map(|it| (it.ids[0], it.is_of)).collect();
        odd.sort_unstable();
        assert_eq!(odd, [(3, Some(25)), (25, Some(3))], "{format}");
        assert_eq!(found.exact, 38);

        // No bit of a quant can be another. Some of a scale can: a single such row among
        // many is told too, by `check`.
        let (values, format) = (&values[..256], Format::from_name(format).unwrap());
        let made = quantised(format.name, values);
        for bit in 0..8 * made.len() {
            let mut stored = made.clone();
            stored[bit / 8] ^= 1 << (bit % 8);
            let found = near::relation(format, values, &stored, &made);
            assert_ne!(found, Relation::Exact);
            if near::is_quant(format, bit / 8) {
                assert_eq!(found, Relation::Different, "{format}, bit {bit}");
            }
        }
    }
}

/// Rows by a build of ggml that fuses products and sums, and by an importance matrix.
#[test]
fn rows_of_other_quantisers_are_near() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quantise");
    let read = |name: String| std::fs::read(folder.join(&name)).expect(&name);
    let original = Table::in_memory("F32", [48, 768], read("rows.f32".to_owned()));
    // The rest are made for the edges of a quantiser.
    let real = pairs(32);
    let compare = |format: &str, how: &str| {
        let stored = read(format!("otherwise/{format}.{how}"));
        let copy = Table::in_memory(format, [48, 768], stored);
        copied(&copy, &original, &real, None, 1).unwrap().unwrap()
    };
    for (format, how, exact) in [
        ("Q4_K", "fused", 30),
        ("Q6_K", "fused", 32),
        ("Q4_0", "weighted", 0),
        ("Q4_K", "weighted", 0),
        ("Q6_K", "weighted", 0),
        ("IQ4_NL", "fused", 30),
        ("IQ4_XS", "fused", 32),
        ("IQ4_NL", "weighted", 0),
        ("IQ4_XS", "weighted", 0),
    ] {
        let found = compare(format, how);
        assert_eq!(found.different, [], "{format} {how}");
        assert_eq!(found.exact, exact, "{format} {how}");
        assert_eq!(found.exact + found.tied + found.near.len() as u64, 32);
    }
}

#[test]
fn types_without_a_quantiser_are_not_judged() {
    let copy = Table::in_memory("IQ2_S", [1, 256], vec![0; 82]);
    let original = f32_table([1, 256], &values(1, 256));
    assert!(copied(&copy, &original, &pairs(1), None, 1).unwrap().is_none());
}
