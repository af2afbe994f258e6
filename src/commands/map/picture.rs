//! What a picture of a map shows, before it is drawn: dots, a path, labels, a legend.

use super::answer::{MapReport, Points};
use super::groups::Groups;
use super::kinds::Kind;
use super::labels::{Area, place};
use crate::report::number::grouped;
use crate::text::{clip, visible, width};

/// The size of a letter at the least width, which a bitmap has too.
const COLUMN: f32 = 7.0;
const LINE: f32 = 14.0;

/// Letters grow with pictures that are wider than this.
const USUAL: f32 = 1200.0;

/// At most this many labels, and the columns of one.
const MOST_LABELS: usize = 500;
const LABEL_COLUMNS: usize = 24;

/// Without chosen labels, a picture has one in each cell of a grid with so many columns.
const CELLS: usize = 7;

#[derive(Debug)]
pub(super) struct Picture {
    pub size: [f32; 2],
    /// How many times larger than usual letters are.
    pub scale: f32,
    pub column: f32,
    pub line: f32,
    pub radius: f32,
    /// The dots of each group.
    pub dots: Vec<(&'static str, Vec<[f32; 2]>)>,
    /// The corners of a path.
    pub path: Vec<[f32; 2]>,
    pub labels: Vec<Label>,
    /// Texts with the place of their left end and middle.
    pub texts: Vec<([f32; 2], String)>,
    pub notes: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Label {
    pub id: u64,
    pub text: String,
    pub area: Area,
    pub point: [f32; 2],
}

impl Picture {
    pub(super) fn new(report: &MapReport, wide: u32) -> Self {
        let points = &report.points;
        let size = [wide as f32, (wide as f32 * 0.75).round()];
        let scale = (size[0] / USUAL).floor().max(1.0);
        let (column, line) = (COLUMN * scale, LINE * scale);
        let (head, foot) = (2.0 * line, 2.0 * line);
        let edge = (size[1] - head - foot).min(size[0] - 22.0 * column).max(line);
        let plot = Area { x: column, y: head, width: edge, height: edge };
        let place_of = fitted(points, plot, line);
        let groups = Groups::of(points);
        let mut dots: Vec<_> =
            groups.groups.iter().map(|group| (group.colour[0], Vec::new())).collect();
        for (at, place) in place_of.iter().enumerate() {
            dots[groups.of[at] as usize].1.push(*place);
        }
        let path = report.path.iter().filter_map(|id| points.at(*id)).map(|at| place_of[at]);
        let radius = (0.3 * edge / (points.len().max(1) as f32).sqrt()).clamp(0.6, 4.0);
        let mut picture = Self {
            size,
            scale,
            column,
            line,
            radius,
            dots,
            path: path.collect(),
            labels: Vec::new(),
            texts: Vec::new(),
            notes: Vec::new(),
        };
        picture.label(report, &place_of, plot);
        picture.write(report, &groups, plot);
        picture
    }

    fn label(&mut self, report: &MapReport, places: &[[f32; 2]], plot: Area) {
        let points = &report.points;
        let mut named = report.named();
        let is_chosen = !named.is_empty();
        if !is_chosen {
            named = landmarks(points, places, plot);
        }
        named.truncate(MOST_LABELS);
        let texts: Vec<String> = named
            .iter()
            .map(|at| clip(&points.tokens[*at].quoted(LABEL_COLUMNS), LABEL_COLUMNS).into_owned())
            .collect();
        let sizes: Vec<_> = named
            .iter()
            .zip(&texts)
            .map(|(at, text)| (places[*at], [(width(text) as f32 + 0.6) * self.column, self.line]))
            .collect();
        let placed = place(&sizes, Area { width: self.size[0] - plot.x, ..plot });
        let dropped = placed.iter().filter(|area| area.is_none()).count();
        if dropped > 0 && is_chosen {
            let labels = crate::text::counted(dropped as u64, "label");
            self.notes.push(format!("{labels} found no room on the picture: try a larger --width"));
        }
        let all = named.into_iter().zip(texts).zip(placed);
        self.labels = all
            .filter_map(|((at, text), area)| {
                Some(Label { id: points.ids[at], text, area: area?, point: places[at] })
            })
            .collect();
    }

    fn write(&mut self, report: &MapReport, groups: &Groups, plot: Area) {
        let columns = |wide: f32| (wide / self.column) as usize;
        let title = clip(&report.title(), columns(self.size[0]) - 2).into_owned();
        let truth = clip(&report.truth(), columns(self.size[0]) - 2).into_owned();
        self.texts.push(([self.column, self.line], title));
        self.texts.push(([self.column, self.size[1] - self.line], truth));
        let left = plot.x + plot.width + 4.0 * self.column;
        let room = columns(self.size[0] - left);
        let last = ((plot.height / self.line / 1.3) as usize).saturating_sub(1);
        for (nth, group) in groups.groups.iter().enumerate().take(last) {
            let y = plot.y + self.line * (1.0 + 1.3 * nth as f32);
            self.dots.push((group.colour[0], vec![[left - 1.5 * self.column, y]]));
            let text = format!("{} {}", group.name, grouped(group.count));
            self.texts.push(([left, y], clip(&text, room).into_owned()));
        }
    }
}

/// The places of all points on the picture, with equal scales in both directions.
fn fitted(points: &Points, plot: Area, margin: f32) -> Vec<[f32; 2]> {
    let [least, most] = super::extent(&points.places);
    let span = (most[0] - least[0]).max(most[1] - least[1]);
    let zoom = if span > 0.0 { (plot.width - 2.0 * margin).max(1.0) / span } else { 0.0 };
    let [x, y] = [plot.x + plot.width / 2.0, plot.y + plot.height / 2.0];
    let middle = [(least[0] + most[0]) / 2.0, (least[1] + most[1]) / 2.0];
    let fit = |[a, b]: &[f32; 2]| [x + (a - middle[0]) * zoom, y - (b - middle[1]) * zoom];
    points.places.iter().map(fit).collect()
}

/// Common words all over the map: in each cell of a grid, the word with the lowest ID.
fn landmarks(points: &Points, places: &[[f32; 2]], plot: Area) -> Vec<usize> {
    let mut found = vec![None; CELLS * CELLS];
    for (at, place) in places.iter().enumerate() {
        let text = points.tokens[at].token.as_deref().unwrap_or_default();
        if points.kinds[at] != Kind::Word || text.trim().chars().count() < 3 && text.is_ascii() {
            continue;
        }
        let cell = |from: f32, wide: f32| ((from / wide * CELLS as f32) as usize).min(CELLS - 1);
        let (column, row) =
            (cell(place[0] - plot.x, plot.width), cell(place[1] - plot.y, plot.height));
        found[row * CELLS + column].get_or_insert(at);
    }
    found.into_iter().flatten().collect()
}

impl MapReport {
    /// What the map is of, in one line.
    pub(super) fn title(&self) -> String {
        let method = if self.method == "pca" { "PCA" } else { "t-SNE" };
        format!(
            "{}: {} rows of {} values by {method}{}",
            visible(self.name()),
            grouped(self.points.len() as u64),
            grouped(self.table.d_model),
            self.frame.told()
        )
    }

    /// The model without the folders before a file, which are nobody's business where a
    /// picture is shown.
    fn name(&self) -> &str {
        let path = std::path::Path::new(&self.model);
        let is_file = path.is_absolute() || path.extension().is_some();
        path.file_name().filter(|_| is_file).and_then(|name| name.to_str()).unwrap_or(&self.model)
    }

    /// What one may believe of the map, in one line.
    pub(super) fn truth(&self) -> String {
        self.truths().join(" ")
    }

    /// The same as sentences.
    pub(super) fn truths(&self) -> Vec<String> {
        let mut said = Vec::new();
        if let Some(kept) = self.kept {
            let share = 100.0 * kept.share.0;
            let digits = if share < 9.95 { 1 } else { 0 };
            said.push(format!(
                "{share:.digits$} % of the {} nearest rows are among the {} nearest points.",
                kept.nearest, kept.nearest
            ));
        }
        if let Some(variance) = self.variance {
            said.push(format!("The axes hold {:.1} % of the variance.", 100.0 * variance.0));
        }
        said.push("Order across the whole map means little.".to_owned());
        said
    }
}
