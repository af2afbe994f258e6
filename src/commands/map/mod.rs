//! `map`: every token as a point, so that rows that are near are near points.

mod answer;
mod braille;
mod groups;
mod kinds;
mod labels;
mod letters;
mod looks;
mod pack;
mod page;
mod picture;
mod png;
mod svg;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};

use super::frame::{Frame, Framed};
use super::text::{TextToRead, Tokenized};
use super::{NamedTokens, Opener, Reads, Request, model};
use crate::check::spelling::{Spellings, Untouched};
use crate::map::{Chosen, Graph, Point, kept, pca, tsne};
use crate::named::named;
use crate::report::{Float, Form, Printer, Progress, TokenText};
use crate::rows::Reader;
use crate::similarity::norm;
use crate::text::counted;
use crate::threads;
use crate::vocab::{Token, TokenType};

pub use answer::*;
use kinds::{Kind, Script};
use picture::Picture;

named! {
    /// How rows are laid out.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Layout {
        /// t-SNE from the exact nearest rows.
        Tsne = "tsne",
        /// Two principal directions.
        Pca = "pca",
    }
}

pub struct MapRequest {
    pub model: PathBuf,
    pub tensor: String,
    /// The tokens to lay out; all of the table if there are none.
    pub tokens: NamedTokens,
    pub layout: Layout,
    /// How many nearest rows of each token the answer holds.
    /// `None`: ten, or as many as fit in a page.
    pub neighbors: Option<usize>,
    /// A text whose tokens are joined by a line.
    pub text: Option<TextToRead>,
    /// The tokens that pictures name.
    pub labels: NamedTokens,
    /// The width of a picture, in pixels.
    pub width: u32,
    /// What is done to every row before.
    pub frame: Frame,
    /// The number of threads. `None`: the number of cores.
    pub threads: Option<usize>,
}

/// t-SNE looks at so many nearest rows.
const NEAR: usize = 15;

/// How many nearest rows of each token an answer holds, if nothing else is asked.
const USUAL: usize = 10;

/// At most this many tokens: the page numbers them with 21 bits.
const MOST_POINTS: usize = 1 << 21;

impl Request for MapRequest {
    fn reads(&self) -> Reads {
        Reads::table(&self.tensor)
    }

    fn forms(&self) -> &'static [Form] {
        Form::OF_MAP
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        let mut report = self.run(open)?;
        match out.form() {
            Form::Html => self.write_page(&mut report, out.out())?,
            form @ (Form::Svg | Form::Png) => {
                let picture = Picture::new(&report, self.width);
                match form {
                    Form::Svg => svg::write(&picture, &report.title(), out.out())?,
                    _ => png::write(&picture, out.out())?,
                }
                report.notes.extend(picture.notes);
            }
            _ => return out.answer(&report),
        }
        out.notes.extend(report.notes);
        Ok(())
    }
}

impl MapRequest {
    /// Writes the map as a page. Adds a note if that leaves something out.
    pub fn write_page(&self, report: &mut MapReport, out: &mut dyn Write) -> Result<()> {
        let held = page::write(report, self.neighbors.is_none(), out)?;
        if held < report.points.k {
            report.notes.push(format!(
                "the page holds {held} nearest of each token, so that it has at most 5 MB: \
                 --neighbors {} makes it larger",
                report.points.k
            ));
        }
        Ok(())
    }

    pub fn run(&self, open: Opener) -> Result<MapReport> {
        let name = || self.model.display().to_string();
        let model = open(&self.model)?;
        let mut view = model::View::new(&model, &self.model, &self.tensor)?;
        let threads = self.threads.unwrap_or_else(threads::available);
        let some = match self.tokens.is_empty() {
            true => None,
            false => Some(self.tokens.ids(&mut view)?),
        };
        let labels = match self.labels.is_empty() {
            true => Vec::new(),
            false => self.labels.ids(&mut view)?,
        };
        let path = self.path(&mut view)?;
        let present = view.table.rows_present();
        ensure!(present > 0, "{}: the file has no complete row of the table", name());
        let mut notes = view.notes.clone();
        let framed = Framed::new(self.frame, &view.table, threads)?;
        notes.extend(framed.note(self.frame));
        let chosen = match &some {
            Some(ids) => Chosen::some(framed.rows(), &[&**ids, &path, &labels].concat(), threads),
            None => Chosen::all(framed.rows(), present, threads),
        };
        let chosen = chosen.with_context(name)?;
        ensure!(
            chosen.ids().len() <= MOST_POINTS,
            "{}: {} are more than a map can show (at most {MOST_POINTS}): name some tokens, or a \
             range such as 0..1000000",
            name(),
            counted(chosen.ids().len() as u64, "row")
        );
        if present < view.table.n_vocab() && some.is_none() {
            notes.push(format!(
                "only rows 0 to {} of {} are in the file (an incomplete download?): the others \
                 are not on the map",
                present - 1,
                view.table.n_vocab()
            ));
        }
        let out = chosen.left_out();
        if out.zero + out.not_finite > 0 {
            notes.push(format!(
                "{} without a direction not on the map: {} of zeros, {} with NaN or infinity",
                counted(out.zero + out.not_finite, "row"),
                out.zero,
                out.not_finite
            ));
        }
        let mut points = self.points(&view, &chosen)?;
        points.untrained = untrained(&view, &points.ids, threads).with_context(name)?;
        // Two directions are found at once, and comparing all rows is not.
        let usual = if self.layout == Layout::Pca { 0 } else { USUAL };
        let held = self.neighbors.unwrap_or(usual);
        let Laid { graph, places, variance } = lay_out(&chosen, self.layout, held, threads)?;
        points.places = places;
        points.hold(&graph, held);
        let kept = kept(&graph, &points.places, threads);
        let kept = (kept.nearest > 0)
            .then_some(Kept { nearest: kept.nearest as u64, share: Float(kept.share) });
        let known = |ids: Vec<u64>| ids.into_iter().filter(|id| points.at(*id).is_some()).collect();
        let (path, labels) = (known(path), known(labels));
        Ok(MapReport {
            model: name(),
            table: view.info(),
            method: self.layout.name(),
            frame: self.frame,
            kept,
            variance: (self.layout == Layout::Pca).then(|| Float(variance.iter().sum::<f64>())),
            path,
            labels,
            points,
            notes,
        })
    }

    /// The rows of the tokens of the text.
    fn path(&self, view: &mut model::View) -> Result<Vec<u64>> {
        let Some(text) = &self.text else { return Ok(Vec::new()) };
        let vocab =
            view.labels().map_err(|reason| anyhow!("--text needs a vocabulary: {reason}"))?;
        let Tokenized { ids, notes, .. } = text.tokenize(vocab.model(), text.read()?)?;
        let rows: Vec<u64> =
            ids.into_iter().map(|id| view.row_of(id.into())).collect::<Result<_>>()?;
        rows.iter().try_for_each(|id| view.table.check_id(*id))?;
        view.notes.extend(notes);
        Ok(rows)
    }

    /// What is known of each row but its place.
    fn points(&self, view: &model::View, chosen: &Chosen) -> Result<Points> {
        let ids: Vec<u64> = chosen.ids().iter().map(|id| u64::from(*id)).collect();
        let tokens = tokens(view, &ids)?;
        let mut points = Points::default();
        let vocab = view.vocab().ok();
        let mut reader = Reader::new(chosen);
        for (at, token) in (0..).zip(&tokens) {
            let kind_of = |id| vocab.map(|vocab| vocab.token_type(id)).transpose();
            let token_type: Option<TokenType> = kind_of(ids[at as usize])?.flatten();
            points.types.push(token_type.map(|it| it.name()));
            points.kinds.push(Kind::of(token, token_type));
            points.scripts.push(Script::of(token));
            points.norms.push(norm(reader.read(at..at + 1)?) as f32);
        }
        Ok(Points { ids, tokens, ..points })
    }
}

/// How near each of these rows, as stored, is to those of unused tokens. Empty if there
/// are too few unused tokens, or their rows are not alike.
fn untrained(view: &model::View, ids: &[u64], threads: usize) -> Result<Vec<Option<f32>>> {
    let Ok(vocab) = view.vocab() else { return Ok(Vec::new()) };
    let tokens = Spellings::of(vocab, view.table.rows_present())?;
    let Some(untouched) = Untouched::of(&view.table, &tokens, threads)? else {
        return Ok(Vec::new());
    };
    let (mut reader, mut point) = (Reader::new(&view.table), Vec::new());
    let cosine = |id: &u64| Ok(untouched.cosine(reader.read(*id..*id + 1)?, &mut point));
    ids.iter().map(cosine).collect()
}

/// Rows in the plane.
pub(in crate::commands) struct Laid {
    /// At least as many nearest rows of each as are asked for.
    pub graph: Graph,
    pub places: Vec<Point>,
    /// The shares of the variance along the two principal directions.
    pub variance: [f64; 2],
}

/// Lays rows out. Shows the progress of what takes minutes.
pub(in crate::commands) fn lay_out(
    rows: &Chosen,
    layout: Layout,
    k: usize,
    threads: usize,
) -> Result<Laid> {
    // Before the rows are compared, because it may fail.
    let flat = pca(rows, threads)?;
    let k = if layout == Layout::Tsne { NEAR.max(k) } else { k };
    let mut bar = Progress::new("rows compared");
    let graph = Graph::of(rows, k, threads, &mut |done, all| bar.at(done, all))?;
    drop(bar);
    let places = match layout {
        Layout::Pca => flat.at,
        Layout::Tsne => {
            let mut bar = Progress::new("steps of the layout");
            tsne(&graph, &flat.at, threads, &mut |done, all| bar.at(done, all))
        }
    };
    Ok(Laid { graph, places, variance: flat.variance })
}

/// The tokens of some rows, in ascending order. One pass over the vocabulary.
fn tokens(view: &model::View, rows: &[u64]) -> Result<Vec<TokenText>> {
    let Ok(vocab) = view.vocab() else {
        return rows.iter().map(|row| view.token(*row)).collect();
    };
    let mut tokens = vec![TokenText::default(); rows.len()];
    let mut next = 0;
    vocab.each(|id, text| -> Result<bool> {
        if rows.get(next) == Some(&id) {
            tokens[next] = Token::from(text.to_vec()).into();
            next += 1;
        }
        Ok(next < rows.len())
    })?;
    Ok(tokens)
}

/// The least and the largest coordinates.
fn extent(places: &[Point]) -> [Point; 2] {
    let fold = |start: f32, pick: fn(f32, f32) -> f32| {
        [0, 1].map(|axis| places.iter().map(|place| place[axis]).fold(start, pick))
    };
    match places {
        [] => [[0.0; 2]; 2],
        _ => [fold(f32::INFINITY, f32::min), fold(f32::NEG_INFINITY, f32::max)],
    }
}
