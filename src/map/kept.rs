//! How many of the nearest rows are near points: what a map says of its table.

use super::{Graph, Point};
use crate::threads;

/// The nearest that are compared.
const NEAREST: usize = 10;

/// A leaf of the tree has at most so many points.
const LEAF: usize = 8;

/// What a map keeps of a graph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kept {
    /// The share of each row's `nearest` rows that are among the `nearest` points, over all
    /// rows.
    pub share: f64,
    /// Ten, or what the graph has.
    pub nearest: usize,
}

/// Counts what a map keeps. Of two points that are equally far, the one of the lower row is
/// taken. A row without others keeps all of its neighbours.
///
/// # Panics
/// When there is not one place for each row that has neighbours.
pub fn kept(graph: &Graph, at: &[Point], threads: usize) -> Kept {
    let nearest = NEAREST.min(graph.k);
    if nearest == 0 {
        return Kept { share: 1.0, nearest };
    }
    assert_eq!(graph.n(), at.len());
    const CHUNK: usize = 1024;
    let tree = Tree::new(at);
    let mut counts = vec![0_u64; at.len().div_ceil(CHUNK)];
    threads::share(threads, counts.iter_mut().enumerate(), Vec::new, |found, (chunk, count)| {
        for row in chunk * CHUNK..at.len().min((chunk + 1) * CHUNK) {
            tree.nearest(row, nearest, found);
            let is_found = |id: &&u32| found.iter().any(|(_, found)| found == *id);
            *count += graph.nearest(row)[..nearest].iter().filter(is_found).count() as u64;
        }
    });
    let all = at.len() * nearest;
    Kept { share: counts.iter().sum::<u64>() as f64 / all as f64, nearest }
}

/// Points in a k-d tree: each node is cut in halves of equal size across its longer side.
struct Tree<'a> {
    at: &'a [Point],
    /// Rows, so that each node has a range of them.
    order: Vec<u32>,
    /// The root, and the halves of node i at 2 i + 1 and 2 i + 2.
    nodes: Vec<Node>,
}

#[derive(Clone, Copy)]
struct Node {
    low: Point,
    high: Point,
    /// The lowest row.
    first: u32,
}

impl<'a> Tree<'a> {
    fn new(at: &'a [Point]) -> Self {
        let mut tree = Self { at, order: (0..at.len() as u32).collect(), nodes: Vec::new() };
        tree.build(0, 0, at.len());
        tree
    }

    fn build(&mut self, node: usize, start: usize, end: usize) {
        let rows = &mut self.order[start..end];
        let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
        for row in &*rows {
            for axis in 0..2 {
                low[axis] = low[axis].min(self.at[*row as usize][axis]);
                high[axis] = high[axis].max(self.at[*row as usize][axis]);
            }
        }
        let first = rows.iter().copied().min().unwrap_or(0);
        if self.nodes.len() <= node {
            self.nodes.resize(node + 1, Node { low, high, first });
        }
        self.nodes[node] = Node { low, high, first };
        if rows.len() > LEAF {
            let axis = usize::from(high[1] - low[1] > high[0] - low[0]);
            let at = self.at;
            let place = |row: u32| at[row as usize][axis];
            let middle = rows.len() / 2;
            rows.select_nth_unstable_by(middle, |a, b| {
                place(*a).total_cmp(&place(*b)).then(a.cmp(b))
            });
            self.build(2 * node + 1, start, start + middle);
            self.build(2 * node + 2, start + middle, end);
        }
    }

    /// The `k` nearest of a row, as their squared distances and rows, nearest first.
    fn nearest(&self, row: usize, k: usize, found: &mut Vec<(f32, u32)>) {
        found.clear();
        self.visit(0, 0, self.at.len(), row, k, found);
    }

    fn visit(
        &self,
        node: usize,
        start: usize,
        end: usize,
        row: usize,
        k: usize,
        found: &mut Vec<(f32, u32)>,
    ) {
        if self.is_too_far(node, row, k, found) {
            return;
        }
        if end - start > LEAF {
            let middle = start + (end - start) / 2;
            let halves = [(2 * node + 1, start, middle), (2 * node + 2, middle, end)];
            let [near, far] = halves.map(|(node, ..)| self.least(node, row));
            let order = if far < near { [1, 0] } else { [0, 1] };
            for (node, start, end) in order.map(|i| halves[i]) {
                self.visit(node, start, end, row, k, found);
            }
            return;
        }
        for other in self.order[start..end].iter().filter(|other| **other as usize != row) {
            let candidate = (apart(self.at[row], self.at[*other as usize]), *other);
            let place = found.partition_point(|found| *found < candidate);
            if place < k {
                found.truncate(k - 1);
                found.insert(place, candidate);
            }
        }
    }

    /// Whether no point of a node can be among the nearest.
    fn is_too_far(&self, node: usize, row: usize, k: usize, found: &[(f32, u32)]) -> bool {
        found.len() == k && self.least(node, row) > found[k - 1]
    }

    /// No point of a node is nearer than this.
    fn least(&self, node: usize, row: usize) -> (f32, u32) {
        let Node { low, high, first } = self.nodes[node];
        let at = self.at[row];
        let inside = std::array::from_fn(|axis| at[axis].max(low[axis]).min(high[axis]));
        (apart(at, inside), first)
    }
}

/// The squared distance of two points.
fn apart(a: Point, b: Point) -> f32 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix64;

    #[test]
    fn the_tree_finds_what_a_scan_finds() {
        let mut random = SplitMix64::new(9);
        // Half of the points share few places.
        let at: Vec<Point> = (0..700)
            .map(|i| {
                if i % 2 == 0 {
                    [random.below(4) as f32, 1.0]
                } else {
                    [random.unit() as f32 * 4.0, random.unit() as f32 * 2.0]
                }
            })
            .collect();
        let tree = Tree::new(&at);
        let mut found = Vec::new();
        for row in 0..at.len() {
            for k in [1, 10] {
                tree.nearest(row, k, &mut found);
                let others = (0..at.len()).filter(|other| *other != row);
                let mut all: Vec<_> =
                    others.map(|id| (apart(at[row], at[id]), id as u32)).collect();
                all.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap());
                assert_eq!(found, all[..k]);
            }
        }
    }

    #[test]
    fn points_in_one_place_take_no_long_search() {
        let n = 200_000_u32;
        let at = vec![[1.0, 2.0]; n as usize];
        let ids = (0..n).map(|row| u32::from(row == 0)).collect();
        let graph = Graph { k: 1, ids, scores: vec![1.0; n as usize] };
        assert_eq!(kept(&graph, &at, 2), Kept { share: 1.0, nearest: 1 });
    }

    #[test]
    fn a_line_is_kept() {
        let n = 50_u32;
        let ids = (0..n)
            .flat_map(|row| {
                if row == 0 {
                    [1, 2]
                } else if row == n - 1 {
                    [n - 2, n - 3]
                } else {
                    [row - 1, row + 1]
                }
            })
            .collect();
        let graph = Graph { k: 2, ids, scores: vec![0.5; 2 * n as usize] };
        let at: Vec<Point> = (0..n).map(|row| [row as f32, 0.0]).collect();
        assert_eq!(kept(&graph, &at, 1), Kept { share: 1.0, nearest: 2 });
        let backwards: Vec<Point> = (0..n).map(|row| [(row * 17 % n) as f32, 0.0]).collect();
        assert_eq!(kept(&graph, &backwards, 3).share, 0.0);
    }
}
