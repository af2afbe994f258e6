//! How strongly each row attracts which others.
//!
//! A row gives its nearest rows weights that fall with their rank r = 0, 1, ...: in
//! proportion to 1 / (r + 3). Cosines of different rows say less: near a frequent word the
//! space is crowded. Two rows attract each other by the mean of what each gives the other.

use super::Graph;

/// Ranks from which weights are counted: the first neighbour's weight is six times that
/// of the fifteenth.
const FIRST: usize = 3;

/// For each row the rows that attract it, ascending.
pub(super) struct Attraction {
    starts: Vec<usize>,
    ids: Vec<u32>,
    weights: Vec<f32>,
}

impl Attraction {
    pub fn of(graph: &Graph) -> Self {
        let (n, k) = (graph.n(), graph.k);
        let total: f64 = (0..k).map(|rank| 1.0 / (rank + FIRST) as f64).sum();
        let given: Vec<f32> =
            (0..k).map(|rank| (0.5 / total / (rank + FIRST) as f64) as f32).collect();

        // What each row gets, in the order of the givers.
        let mut starts = vec![0; n + 1];
        graph.ids.iter().for_each(|id| starts[*id as usize + 1] += 1);
        (0..n).for_each(|row| starts[row + 1] += starts[row]);
        let (mut next, mut got) = (starts.clone(), vec![(0, 0.0); graph.ids.len()]);
        for row in 0..n {
            for (id, weight) in graph.nearest(row).iter().zip(&given) {
                let next = &mut next[*id as usize];
                got[*next] = (row as u32, *weight);
                *next += 1;
            }
        }
        drop(next);

        let mut all = Self { starts: vec![0], ids: Vec::new(), weights: Vec::new() };
        let mut gives = Vec::with_capacity(k);
        for row in 0..n {
            gives.clear();
            gives.extend(graph.nearest(row).iter().copied().zip(given.iter().copied()));
            gives.sort_unstable_by_key(|(id, _)| *id);
            let (mut gives, mut gets) =
                (gives.iter().peekable(), got[starts[row]..starts[row + 1]].iter().peekable());
            loop {
                let (id, weight) = match (gives.peek(), gets.peek()) {
                    (Some(a), Some(b)) if a.0 == b.0 => (a.0, a.1 + b.1),
                    (Some(a), Some(b)) => **if a.0 < b.0 { a } else { b },
                    (Some(one), None) | (None, Some(one)) => **one,
                    (None, None) => break,
                };
                gives.next_if(|(other, _)| *other == id);
                gets.next_if(|(other, _)| *other == id);
                all.ids.push(id);
                all.weights.push(weight);
            }
            all.starts.push(all.ids.len());
        }
        all
    }

    /// The rows that attract a row, and how strongly. The weights of all pairs have the
    /// sum n.
    pub fn on(&self, row: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let own = self.starts[row]..self.starts[row + 1];
        self.ids[own.clone()].iter().copied().zip(self.weights[own].iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rows_attract_each_other_alike() {
        let graph = Graph { k: 2, ids: vec![1, 2, 0, 2, 1, 3, 2, 1], scores: vec![0.0; 8] };
        let attraction = Attraction::of(&graph);
        let on = |row| attraction.on(row).collect::<Vec<_>>();
        let ids = |row| on(row).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(
            [ids(0), ids(1), ids(2), ids(3)],
            [vec![1, 2], vec![0, 2, 3], vec![0, 1, 3], vec![1, 2]]
        );
        let all = (0..4_u32).flat_map(|row| on(row as usize).into_iter().map(move |it| (row, it)));
        for (row, (id, weight)) in all.clone() {
            assert!(on(id as usize).contains(&(row, weight)));
        }
        assert!((all.map(|(_, (_, weight))| weight).sum::<f32>() - 4.0).abs() < 1e-6);
    }
}
