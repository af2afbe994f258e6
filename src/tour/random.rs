//! Random numbers that are the same on every run, and a table of them.

use std::ops::Range;
use std::sync::LazyLock;

use anyhow::Result;

use crate::similarity::Rows;

/// Steele, Lea and Flood's generator, 64 bits of state:
/// <https://prng.di.unimi.it/splitmix64.c>.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// A generator whose numbers depend on the seed alone.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number below `n`, which is not 0: the high half of a product
    /// (its bias, `n / 2^64`, is nothing here).
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// A number from 0 up to 1, 1 not included.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number of the standard normal distribution.
    ///
    /// Marsaglia and Tsang's ziggurat (2000): the area under the bell curve is
    /// cut into [`LAYERS`] layers of equal size. A point that falls into the
    /// rectangle within its layer, as 99 of 100 do, costs one multiplication.
    pub fn normal(&mut self) -> f64 {
        let Ziggurat { x: edges, y: heights } = &*ZIGGURAT;
        loop {
            let bits = self.bits();
            let layer = bits as usize % LAYERS;
            // The upper 53 bits, signed: from -1 up to 1.
            let unit = (bits as i64 >> 11) as f64 / (1_u64 << 52) as f64;
            let x = unit * edges[layer];
            if x.abs() < edges[layer + 1] {
                return x;
            }
            if layer == 0 {
                return self.tail().copysign(x);
            }
            let y = heights[layer] + self.unit() * (heights[layer + 1] - heights[layer]);
            if y < bell(x) {
                return x;
            }
        }
    }

    /// A number of the normal distribution beyond [`EDGE`] (Marsaglia, 1964).
    fn tail(&mut self) -> f64 {
        loop {
            let x = -(1.0 - self.unit()).ln() / EDGE;
            let y = -(1.0 - self.unit()).ln();
            if 2.0 * y > x * x {
                return EDGE + x;
            }
        }
    }
}

/// The layers of the ziggurat.
const LAYERS: usize = 256;

/// Where the lowest of 256 layers ends and the tail begins.
const EDGE: f64 = 3.654_152_885_361_009;

/// The area of a layer.
const AREA: f64 = 0.004_928_673_233_992_336;

/// The layers' edges from the outermost inwards, and the curve's height there.
struct Ziggurat {
    x: [f64; LAYERS + 1],
    y: [f64; LAYERS + 1],
}

static ZIGGURAT: LazyLock<Ziggurat> = LazyLock::new(|| {
    let mut x = [0.0; LAYERS + 1];
    // As wide as makes a rectangle of the lowest layer, tail and all.
    (x[0], x[1]) = (AREA / bell(EDGE), EDGE);
    for i in 2..LAYERS {
        x[i] = (-2.0 * (AREA / x[i - 1] + bell(x[i - 1])).ln()).sqrt();
    }
    Ziggurat { x, y: x.map(bell) }
});

fn bell(x: f64) -> f64 {
    (-x * x / 2.0).exp()
}

/// A table of any shape filled from a seeded normal distribution, and no larger
/// in memory than its seed: what is "stored" of a row is its ID, and decoding
/// it makes the row anew.
#[derive(Clone, Debug)]
pub struct RandomRows {
    /// What every value depends on, with its place.
    pub seed: u64,
    /// Rows.
    pub n_rows: u64,
    /// Values in a row.
    pub dim: usize,
}

impl RandomRows {
    /// Fills `values` with the row of an ID.
    pub fn row(&self, id: u64, values: &mut [f32]) {
        // One step of the generator sets rows apart that are side by side.
        let mut random = SplitMix64::new(SplitMix64::new(self.seed ^ id).bits());
        values.iter_mut().for_each(|value| *value = random.normal() as f32);
    }
}

impl Rows for RandomRows {
    fn n_rows(&self) -> u64 {
        self.n_rows
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn row_bytes(&self) -> usize {
        size_of::<u64>()
    }

    fn read(&self, rows: Range<u64>, stored: &mut Vec<u8>) -> Result<()> {
        stored.clear();
        stored.extend(rows.flat_map(u64::to_le_bytes));
        Ok(())
    }

    fn decode(&self, stored: &[u8], values: &mut [f32]) {
        let (ids, _) = stored.as_chunks();
        for (id, row) in ids.iter().zip(values.chunks_exact_mut(self.dim)) {
            self.row(u64::from_le_bytes(*id), row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the reference implementation under seed 1234567.
    #[test]
    fn the_generator_is_the_published_one() {
        let mut random = SplitMix64::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| random.bits()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn the_normal_is_normal() {
        let mut random = SplitMix64::new(7);
        let n = 400_000;
        let values: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let moment = |power| values.iter().map(|x| x.powi(power)).sum::<f64>() / f64::from(n);
        // Each within five of its own standard errors.
        let error = |variance: f64| 5.0 * (variance / f64::from(n)).sqrt();
        assert!(moment(1).abs() < error(1.0), "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < error(2.0), "{}", moment(2));
        assert!(moment(3).abs() < error(15.0), "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < error(96.0), "{}", moment(4));
        // Shares beyond 1, 2, 3 and into the tail, from tables of the normal.
        for (beyond, share) in
            [(1.0, 0.317_311), (2.0, 0.045_500), (3.0, 0.002_700), (EDGE, 2.58e-4)]
        {
            let found = values.iter().filter(|x| x.abs() > beyond).count() as f64 / f64::from(n);
            assert!((found - share).abs() < error(share), "{found} beyond {beyond}");
        }
    }

    #[test]
    fn a_row_is_the_same_however_it_is_read() {
        let table = RandomRows { seed: 3, n_rows: 10, dim: 5 };
        let (mut stored, mut values) = (Vec::new(), vec![0.0; 15]);
        table.read(4..7, &mut stored).unwrap();
        table.decode(&stored, &mut values);
        let mut row = [0.0; 5];
        table.row(5, &mut row);
        assert_eq!(values[5..10], row);
        assert_ne!(values[..5], row);
    }
}
