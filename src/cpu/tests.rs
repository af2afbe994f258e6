//! The vectors of every level against the plain ones.

use super::plain::Plain;
use super::{Algorithm, Level, Vector, with_vectors};
use crate::stats::SplitMix64;

/// What every method gives, as plain numbers.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    whole: Vec<[i32; 32]>,
    floats: Vec<[u32; 16]>,
    total: Vec<f32>,
    doubles: Vec<[f64; 8]>,
}

struct All<'a> {
    random: SplitMix64,
    seen: &'a mut Seen,
}

impl Algorithm for All<'_> {
    #[inline(always)]
    fn run(mut self, v: impl Vector) {
        let random = &mut self.random;
        let mut bytes = || -> [u8; 32] { std::array::from_fn(|_| random.bits() as u8) };
        let (a, b, table) = (bytes(), bytes(), bytes());
        let table: [i8; 16] = std::array::from_fn(|i| table[i].cast_signed());
        let number = u32::from_le_bytes([a[0], b[0], a[1], b[1]]);
        let half = a.first_chunk().unwrap();
        let nibbles = v.nibbles(half);
        let mut all = vec![
            v.bytes(&a),
            nibbles,
            v.bits(number, b[2]),
            v.less(v.bytes(&a), b[3]),
            v.look_up(&table, nibbles),
        ];
        for shift in 0..8 {
            let mask = 0xff >> shift;
            all.push(v.field(v.bytes(&a), shift, mask));
            let high = v.field(v.bytes(&b), 0, mask);
            all.push(v.join(v.field(v.bytes(&a), 4, 15), high, shift));
        }
        let numbers: [i16; 32] = std::array::from_fn(|i| i16::from_le_bytes([a[i], b[i]]));
        let small: [i8; 16] = std::array::from_fn(|i| b[i].cast_signed() / 8);
        let scales = v.scales(&small);
        let mut words: Vec<_> = all.into_iter().map(|bytes| v.widen(bytes)).collect();
        words.push(v.words(&numbers));
        for place in 0..16 {
            for places in [[place, place], [place, place ^ 1]] {
                words.push(v.pair(scales, places));
                words.push(v.times(v.widen(v.bytes(&a)), v.pair(scales, places)));
            }
        }
        for words in &words {
            self.seen.whole.push(std::array::from_fn(|lane| {
                let one = v.words(&std::array::from_fn(|i| i16::from(i == lane)));
                let sums = v.add_products(v.none(), *words, one);
                v.total(v.add_scaled(v.no_totals(), sums, v.each(1.0))) as i32
            }));
        }
        // Whole numbers, so that no order of additions rounds.
        let twice = v.add_products(v.none(), words[0], words[1]);
        let twice = v.add_products(twice, words[0], words[1]);
        self.seen.total.push(v.count(twice) as f32);
        let quarter = v.product(v.each(0.5), v.each_f16(&[0x00, 0x38]));
        let totals = v.add_scaled(v.no_totals(), twice, quarter);
        self.seen.total.push(v.total(v.add_scaled(totals, twice, v.each(-2.0))));
        let floats: [f32; 16] = std::array::from_fn(|i| f32::from(numbers[i]));
        let half = v.each_f16(&[a[0], a[1]]);
        let all = [
            (v.floats(&floats), v.floats(&floats)),
            (v.widen_f16(&a), v.floats(&[1.0; 16])),
            (v.widen_bf16(&a), v.floats(&[1.0; 16])),
            (v.scaled(scales, v.each(0.5)), v.repeated(half)),
            (v.floats_of_bytes(a.repeat(2).first_chunk().unwrap()), v.floats(&[1.0; 16])),
            (v.to_floats(v.bytes(&a))[0], v.floats(&[1.0; 16])),
            (v.to_floats(v.bytes(&a))[1], v.floats(&[1.0; 16])),
        ];
        for (x, y) in all {
            self.seen.floats.push(std::array::from_fn(|lane| {
                let one = v.floats(&std::array::from_fn(|i| f32::from(u8::from(i == lane))));
                let zero = v.floats(&[0.0; 16]);
                let own = v.fused(zero, one, v.fused(zero, x, y));
                // A lane that is not finite makes all sums NaN.
                let sum = v.sum(own);
                if sum.is_nan() { f32::NAN.to_bits() } else { (sum + 0.0).to_bits() }
            }));
        }
        let separate = v.unfused(v.floats(&floats), v.floats(&floats), v.repeated(v.each(0.1)));
        self.seen.floats.push(v.stored_floats(separate).map(f32::to_bits));
        let twice = v.fused(v.floats(&floats), v.floats(&floats), v.repeated(v.each(2.0)));
        self.seen.doubles.extend(v.widen_floats(twice).map(|half| v.stored(half)));
        let doubles = v.doubles(&std::array::from_fn(|i| f64::from(floats[i])));
        let twice = v.fused_doubles(doubles, doubles, v.each_double(f64::from(b[5])));
        self.seen.doubles.push(v.stored(twice));
    }
}

#[test]
fn every_level_equals_the_plain_vectors() {
    for seed in 0..200 {
        let mut expected = Seen::default();
        All { random: SplitMix64::new(seed), seen: &mut expected }.run(Plain);
        for level in Level::available() {
            let mut seen = Seen::default();
            with_vectors(level, All { random: SplitMix64::new(seed), seen: &mut seen });
            assert_eq!(seen, expected, "{} differs", level.name());
        }
    }
}
