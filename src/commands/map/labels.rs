//! Places labels beside their points so that no two overlap.

/// A rectangle: left, top, width, height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

impl Area {
    fn meets(&self, other: &Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    fn is_inside(&self, other: &Self) -> bool {
        self.x >= other.x
            && self.y >= other.y
            && self.x + self.width <= other.x + other.width
            && self.y + self.height <= other.y + other.height
    }

    fn around([x, y]: [f32; 2], radius: f32) -> Self {
        Self { x: x - radius, y: y - radius, width: 2.0 * radius, height: 2.0 * radius }
    }
}

/// The directions in which a label may lie, the best first.
const DIRECTIONS: [[f32; 2]; 8] = [
    [1.0, 0.0],
    [-1.0, 0.0],
    [0.7, -0.7],
    [0.7, 0.7],
    [-0.7, -0.7],
    [-0.7, 0.7],
    [0.0, -1.0],
    [0.0, 1.0],
];

/// How far from its point a label may lie, in heights of a line.
const DISTANCES: [f32; 7] = [0.4, 0.8, 1.5, 2.4, 3.5, 5.0, 7.0];

/// Where each label lies, or `None` if there is no room for it. Labels come in the order
/// of their weight: a point, and the width and height of its text.
pub(super) fn place(labels: &[([f32; 2], [f32; 2])], within: Area) -> Vec<Option<Area>> {
    let mut placed: Vec<Option<Area>> = Vec::with_capacity(labels.len());
    for (own, &(point, [width, height])) in labels.iter().enumerate() {
        let is_free = |area: &Area| {
            let others = labels.iter().enumerate().filter(|(at, _)| *at != own);
            area.is_inside(&within)
                && !placed.iter().flatten().any(|other| other.meets(area))
                && !others.map(|(_, (point, _))| Area::around(*point, 2.0)).any(|o| o.meets(area))
        };
        let mut areas = DISTANCES.iter().flat_map(|far| {
            DIRECTIONS.iter().map(move |[dx, dy]| Area {
                // The nearest edge or corner of the label is this far from the point.
                x: point[0] + dx * far * height
                    - (1.0 - dx.signum() * dx.abs().ceil()) / 2.0 * width,
                y: point[1] + dy * far * height
                    - (1.0 - dy.signum() * dy.abs().ceil()) / 2.0 * height,
                width,
                height,
            })
        });
        placed.push(areas.find(is_free));
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: Area = Area { x: 0.0, y: 0.0, width: 400.0, height: 400.0 };

    #[test]
    fn labels_do_not_overlap_and_stay_inside() {
        let mut random = crate::stats::SplitMix64::new(7);
        let mut random = |below: u64| random.below(below) as f32;
        let labels: Vec<_> =
            (0..80).map(|_| ([random(400), random(400)], [10.0 + random(60), 13.0])).collect();
        let placed: Vec<Area> = place(&labels, CANVAS).into_iter().flatten().collect();
        assert!(placed.len() > 40, "{}", placed.len());
        for (at, area) in placed.iter().enumerate() {
            assert!(area.is_inside(&CANVAS));
            assert!(!placed[..at].iter().any(|other| other.meets(area)));
        }
    }

    #[test]
    fn a_lone_label_stands_right_of_its_point() {
        let placed = place(&[([100.0, 100.0], [50.0, 10.0])], CANVAS);
        assert_eq!(placed, [Some(Area { x: 104.0, y: 95.0, width: 50.0, height: 10.0 })]);
        let wide = place(&[([100.0, 100.0], [500.0, 10.0])], CANVAS);
        assert_eq!(wide, [None]);
    }

    #[test]
    fn labels_of_one_point_find_room_around_it() {
        let labels = [([200.0, 200.0], [30.0, 10.0]); 8];
        assert!(place(&labels, CANVAS).iter().all(Option::is_some));
    }
}
