//! The groups of points that have a colour each: by script, by kind, by type, or by how
//! near their rows are to those of unused tokens.

use super::answer::Points;

/// A colour on a light background, and one on a dark background.
pub(super) type Colour = [&'static str; 2];

/// The colours of the largest groups, largest first.
const COLOURS: [Colour; 12] = [
    ["#3566c9", "#7aa2ff"],
    ["#c2410c", "#ff9466"],
    ["#15803d", "#5fd38d"],
    ["#7c3aed", "#b79cff"],
    ["#a87900", "#f2cc60"],
    ["#0e7490", "#5cc8e0"],
    ["#be185d", "#ff85b8"],
    ["#4d7c0f", "#a8d65c"],
    ["#7f4f24", "#e0a080"],
    ["#0f766e", "#5ad1c0"],
    ["#a21caf", "#e58cf0"],
    ["#b91c1c", "#ff7b7b"],
];

/// Cosines with the rows of unused tokens, from low to high, and their colours.
const UNTRAINED: [(&str, f32, Colour); 6] = [
    ("below 0", 0.0, ["#9db7d5", "#3d5a80"]),
    ("0 to 0.2", 0.2, ["#6f9bd1", "#4f7fc0"]),
    ("0.2 to 0.4", 0.4, ["#3f7f93", "#56b3c4"]),
    ("0.4 to 0.6", 0.6, ["#a87900", "#f2cc60"]),
    ("0.6 to 0.8", 0.8, ["#c2410c", "#ff9466"]),
    ("0.8 to 1", f32::INFINITY, ["#b91c1c", "#ff5c5c"]),
];

/// The colour of all other groups.
const GREY: Colour = ["#6b7280", "#9aa3b2"];

#[derive(Debug)]
pub(super) struct Group {
    pub name: &'static str,
    pub count: u64,
    pub colour: Colour,
}

/// The groups of all points, largest first.
#[derive(Debug)]
pub(super) struct Groups {
    /// `script`, `kind`, `type` or `under-trained`.
    pub by: &'static str,
    pub groups: Vec<Group>,
    /// The group of each point.
    pub of: Vec<u8>,
}

impl Groups {
    pub(super) fn by_script(points: &Points) -> Self {
        Self::new("script", (0..points.len()).map(|at| points.script(at)))
    }

    pub(super) fn by_kind(points: &Points) -> Self {
        Self::new("kind", points.kinds.iter().map(|kind| kind.name()))
    }

    pub(super) fn by_type(points: &Points) -> Self {
        Self::new("type", points.types.iter().map(|name| name.unwrap_or("none")))
    }

    /// By the cosine of a point's row with the rows of unused tokens, from low to high.
    /// `None` where these are not known.
    pub(super) fn by_untrained(points: &Points) -> Option<Self> {
        if points.untrained.is_empty() {
            return None;
        }
        let part = |score: &Option<f32>| match score {
            Some(score) => UNTRAINED.iter().position(|(_, end, _)| score < end).unwrap_or(0),
            None => UNTRAINED.len(),
        };
        let of: Vec<u8> = points.untrained.iter().map(|score| part(score) as u8).collect();
        let names = UNTRAINED.iter().map(|(name, _, colour)| (*name, *colour));
        let groups = names.chain([("none", GREY)]).zip(0u8..).map(|((name, colour), group)| {
            let count = of.iter().filter(|it| **it == group).count() as u64;
            Group { name, count, colour }
        });
        Some(Self { by: "under-trained", groups: groups.collect(), of })
    }

    /// By script, unless nearly all points are of one.
    pub(super) fn of(points: &Points) -> Self {
        let scripts = Self::by_script(points);
        let largest = scripts.groups.first().map_or(0, |group| group.count);
        if largest * 10 > points.len() as u64 * 7 { Self::by_kind(points) } else { scripts }
    }

    fn new(by: &'static str, names: impl Iterator<Item = &'static str> + Clone) -> Self {
        let mut counts: Vec<(&str, u64)> = Vec::new();
        for name in names.clone() {
            match counts.iter_mut().find(|(other, _)| *other == name) {
                Some((_, count)) => *count += 1,
                None => counts.push((name, 1)),
            }
        }
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let place = |name| counts.iter().position(|(other, _)| *other == name).unwrap_or(0) as u8;
        let of = names.map(place).collect();
        let mut colours = COLOURS.iter();
        let groups = counts.iter().map(|&(name, count)| {
            let is_rest = matches!(name, "other" | "no letters" | "none");
            let colour = if is_rest { GREY } else { *colours.next().unwrap_or(&GREY) };
            Group { name, count, colour }
        });
        Self { by, groups: groups.collect(), of }
    }
}
