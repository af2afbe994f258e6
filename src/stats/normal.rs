//! Random numbers of the normal distribution.

use std::sync::LazyLock;

use super::SplitMix64;

const LAYERS: usize = 256;

/// Where the lowest of 256 layers ends and the tail begins.
const EDGE: f64 = 3.654_152_885_361_009;

const AREA: f64 = 0.004_928_673_233_992_336;

/// The edges of the layers, the outermost first, and the curve at each.
struct Ziggurat {
    x: [f64; LAYERS + 1],
    y: [f64; LAYERS + 1],
}

static ZIGGURAT: LazyLock<Ziggurat> = LazyLock::new(|| {
    let mut x = [0.0; LAYERS + 1];
    // The lowest layer counts as a rectangle of the same area, tail included.
    (x[0], x[1]) = (AREA / bell(EDGE), EDGE);
    for i in 2..LAYERS {
        x[i] = (-2.0 * (AREA / x[i - 1] + bell(x[i - 1])).ln()).sqrt();
    }
    Ziggurat { x, y: x.map(bell) }
});

/// The bell curve with height 1.
fn bell(x: f64) -> f64 {
    (-x * x / 2.0).exp()
}

/// The upper 53 bits, signed: from -1 up to 1.
fn unit(bits: u64) -> f64 {
    (bits as i64 >> 11) as f64 / (1_u64 << 52) as f64
}

impl SplitMix64 {
    /// A number of the standard normal distribution.
    ///
    /// Marsaglia and Tsang's ziggurat ("The ziggurat method for generating
    /// random variables", 2000): the area under the bell curve is cut into 256
    /// layers of equal size. In 99 of 100 cases the point falls into the
    /// rectangle within its layer, and costs one multiplication.
    pub fn normal(&mut self) -> f64 {
        self.normal_of(&ZIGGURAT)
    }

    /// Fills a row with numbers of the standard normal distribution, the same as as many
    /// calls of [`normal`](Self::normal) give.
    pub fn normals(&mut self, values: &mut [f32]) {
        let ziggurat = &*ZIGGURAT;
        values.iter_mut().for_each(|value| *value = self.normal_of(ziggurat) as f32);
    }

    #[inline(always)]
    fn normal_of(&mut self, ziggurat: &Ziggurat) -> f64 {
        let bits = self.bits();
        let layer = bits as usize % LAYERS;
        let x = unit(bits) * ziggurat.x[layer];
        // The rest is out of the way of the numbers that need no more.
        if x.abs() < ziggurat.x[layer + 1] { x } else { self.beside(ziggurat, layer, x) }
    }

    /// The number for a point that is not in the rectangle within its layer.
    #[cold]
    fn beside(&mut self, ziggurat: &Ziggurat, mut layer: usize, mut x: f64) -> f64 {
        let Ziggurat { x: edges, y: heights } = ziggurat;
        loop {
            if layer == 0 {
                return self.tail().copysign(x);
            }
            let y = heights[layer] + self.unit() * (heights[layer + 1] - heights[layer]);
            if y < bell(x) {
                return x;
            }
            let bits = self.bits();
            layer = bits as usize % LAYERS;
            x = unit(bits) * edges[layer];
            if x.abs() < edges[layer + 1] {
                return x;
            }
        }
    }

    /// A number of the normal distribution beyond [`EDGE`] (Marsaglia,
    /// "Generating a variable from the tail of the normal distribution", 1964).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_are_those_of_the_normal_distribution() {
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
        for (beyond, share) in [
            (1.0, 0.317_310_508),
            (2.0, 0.045_500_264),
            (3.0, 0.002_699_796),
            (EDGE, 0.000_258_033),
        ] {
            let found = values.iter().filter(|x| x.abs() > beyond).count() as f64 / f64::from(n);
            assert!((found - share).abs() < error(share), "{found} beyond {beyond}");
        }
    }
    #[test]
    fn a_row_has_the_numbers_of_single_calls() {
        let mut values = [0.0; 5000];
        let mut rows = SplitMix64::new(9);
        let mut single = rows.clone();
        rows.normals(&mut values);
        assert!(values.iter().all(|value| *value == single.normal() as f32));
        assert_eq!(rows.bits(), single.bits());
    }
}
