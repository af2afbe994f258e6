//! `analogy --test`: how many questions of a file a table answers.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, anyhow};

use super::answer::{SectionScore, TestReport};
use super::questions::{self, Section};
use super::{AnalogyRequest, sum};
use crate::commands::candidates::Candidates;
use crate::commands::frame::Framed;
use crate::commands::{Opener, model};
use crate::similarity::{Metric, Neighbor, Query, Search, norm};
use crate::stats::is_usable;
use crate::threads;

/// The answers that are looked at.
const FIRST: usize = 5;

/// At most this many query values are in memory at a time: 32 MiB.
const MAX_VALUES: usize = 1 << 23;
const MAX_BATCH: usize = 1 << 12;

/// A question whose words are tokens.
struct Question {
    section: usize,
    ids: [u64; 4],
}

impl AnalogyRequest {
    /// Answers the questions of a file.
    pub(super) fn test(&self, path: &Path, open: Opener) -> Result<TestReport> {
        let sections = questions::read(path)?;
        let model = open(&self.model)?;
        let view = model::View::new(&model, &self.model, &self.tensor)?;
        let tokens = tokens(&sections, &view)?;
        let threads = self.threads.unwrap_or_else(threads::available);
        let framed = Framed::new(self.frame, &view.table, threads)?;
        let present = view.table.rows_present();

        // Only rows that are there and have a direction.
        let mut rows: HashMap<u64, Vec<f32>> = HashMap::new();
        for id in tokens.values().copied().filter(|id| *id < present) {
            let row = framed.row(id)?;
            if is_usable(norm(&row)) {
                rows.insert(id, row);
            }
        }
        let mut scores: Vec<SectionScore> =
            sections.iter().map(|section| SectionScore::new(&section.name)).collect();
        let mut asked = Vec::new();
        for (section, score) in sections.iter().zip(&mut scores).enumerate() {
            let (Section { questions, .. }, score) = score;
            for question in questions {
                let ids = question.each_ref().map(|word| {
                    tokens.get(word.as_str()).copied().filter(|id| rows.contains_key(id))
                });
                match ids {
                    [Some(a), Some(b), Some(c), Some(d)] => {
                        score.questions += 1;
                        asked.push(Question { section, ids: [a, b, c, d] });
                    }
                    _ => score.skipped += 1,
                }
            }
        }
        let named: Vec<u64> = rows.keys().copied().collect();
        let candidates = Candidates::new(&self.filter, &view, &named)?;
        let search = Search { metric: Metric::Cosine, k: FIRST, threads };
        let batch = MAX_BATCH.min(MAX_VALUES / view.table.d_model()).max(1);

        let mut leaves_out = 0;
        let mut queries = Vec::new();
        for (i, question) in asked.iter().enumerate() {
            let [a, b, c, _] = question.ids;
            let exclude = candidates.with_variants(&[a, b, c])?;
            leaves_out = leaves_out.max(exclude.len());
            let values = sum([&rows[&a], &rows[&b], &rows[&c]]);
            queries.push(Query { exclude, values });
            if queries.len() == batch || i + 1 == asked.len() {
                let found = candidates.nearest(framed.rows(), present, &queries, &search)?;
                let first = i + 1 - queries.len();
                for (question, found) in asked[first..].iter().zip(found.neighbors) {
                    scores[question.section].add(place(&found, question.ids[3]));
                }
                queries.clear();
            }
        }

        // The baseline: what is nearest to C alone, and none of the three.
        let mut alone: Vec<u64> = asked.iter().map(|question| question.ids[2]).collect();
        alone.sort_unstable();
        alone.dedup();
        let mut nearest: HashMap<u64, Vec<Neighbor>> = HashMap::new();
        let wide = Search { k: FIRST + leaves_out, ..search };
        for some in alone.chunks(batch) {
            let query = |c: &u64| Query { exclude: Vec::new(), values: rows[c].clone() };
            let queries: Vec<Query> = some.iter().map(query).collect();
            let found = candidates.nearest(framed.rows(), present, &queries, &wide)?;
            nearest.extend(some.iter().copied().zip(found.neighbors));
        }
        for question in &asked {
            let [a, b, c, d] = question.ids;
            let exclude = candidates.with_variants(&[a, b, c])?;
            let mut found = nearest[&c].clone();
            found.retain(|it| !exclude.contains(&it.id));
            found.truncate(FIRST);
            scores[question.section].add_alone(place(&found, d));
        }
        scores.iter_mut().for_each(SectionScore::finish);
        let mut total = SectionScore::new("all");
        scores.iter().for_each(|score| total.count(score));
        total.finish();
        let mut notes = view.notes.clone();
        notes.extend(framed.note(self.frame));
        if total.skipped > 0 {
            notes.push(format!(
                "{} of {} questions have a word that is no token here, and were skipped",
                total.skipped,
                total.skipped + total.questions
            ));
        }
        Ok(TestReport {
            model: self.model.display().to_string(),
            table: view.info(),
            method: self.method.name(),
            frame: self.frame,
            questions: path.display().to_string(),
            variants: !self.filter.no_variants,
            sections: scores,
            total,
            notes,
        })
    }
}

/// Where a token is among the neighbours, from 0.
fn place(found: &[Neighbor], id: u64) -> Option<usize> {
    found.iter().position(|it| it.id == id)
}

/// The row of each word: of the token with a space before it, or without.
fn tokens<'a>(sections: &'a [Section], view: &model::View) -> Result<HashMap<&'a str, u64>> {
    let vocab = view.labels();
    let vocab = vocab.map_err(|reason| anyhow!("there are no texts to look for: {reason}"))?;
    let words = sections.iter().flat_map(|section| section.questions.as_flattened());
    // For each word the lowest ID with a space, and without.
    let mut found: HashMap<&[u8], [Option<u64>; 2]> =
        words.clone().map(|word| (word.as_bytes(), [None; 2])).collect();
    vocab.each(|id, text| -> Result<bool> {
        let (word, at) = match text.strip_prefix(b" ") {
            Some(word) => (word, 0),
            None => (text, 1),
        };
        if let Some(ids) = found.get_mut(word) {
            ids[at] = ids[at].or(Some(id));
        }
        Ok(true)
    })?;
    let row = |word: &'a String| {
        let [spaced, bare] = found[word.as_bytes()];
        Some((word.as_str(), view.row_of(spaced.or(bare)?).ok()?))
    };
    Ok(words.filter_map(row).collect())
}
