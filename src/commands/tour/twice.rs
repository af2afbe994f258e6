//! Step 7: the same ID at two positions.

use anyhow::Result;

use super::say::{cosine, name};
use super::{Taken, Tour, identical};
use crate::answer::{Float, Measured, Twice};
use crate::similarity::{Metric, norm};
use crate::stats::is_usable;
use crate::text::grouped;

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let ids = vec![tour.words.word, tour.words.third, tour.words.word];
    let positions = [0, 2];
    let [a, b] = positions.map(|position| tour.table().row(ids[position as usize]));
    let (a, b) = (a?, b?);
    let mut notes = Vec::new();
    let entering = tour
        .entering(&a, positions[0])
        .and_then(|first| Ok((first, tour.entering(&b, positions[1])?)));
    if let Err(why) = &entering {
        notes.push(format!("what enters the first block can't be told: {why}"));
    }
    let entering = entering.ok();
    let measured = Twice {
        ids,
        token: tour.token(tour.words.word)?,
        positions,
        d_model: tour.d_model(),
        identical: identical(&a, &b),
        identical_as_input: entering.as_ref().map(|(first, second)| identical(first, second)),
        cosine_as_input: entering.as_ref().and_then(|(first, second)| cosine_of(first, second)),
    };
    let alike =
        |n: u64| format!("{} of {} values", grouped(n.into()), grouped(measured.d_model.into()));
    let [p, q] = measured.positions;
    let shows = vec![
        format!(
            "{} stands at positions {p} and {q}. The two rows agree in {}, bit for bit: a lookup \
             knows the token, and nothing of where it stands.",
            name(&measured.token),
            alike(measured.identical)
        ),
        match (&tour.input, measured.identical_as_input) {
            (Ok(input), Some(same)) if input.depends_on_position() => format!(
                "This architecture adds a vector for the position before the first block: there \
                 the two agree in {}{}. From then on they are two.",
                alike(same),
                match measured.cosine_as_input {
                    Some(Float(angle)) => format!(", at a cosine of {}", cosine(angle)),
                    None => String::new(),
                }
            ),
            (_, Some(same)) => format!(
                "What enters the first block agrees in {} too. Inside, they part: attention (or \
                 recurrence) lets each token see its own surroundings, by position, and after the \
                 first block each row has taken in something else.",
                alike(same)
            ),
            (_, None) => "Inside, attention (or recurrence) lets each token see its own \
                          surroundings, by position: there, at the latest, the two part."
                .to_owned(),
        },
    ];
    Ok(Taken {
        claim: "The same token twice is the same row twice. Whatever makes the two differ comes \
                later.",
        measured: Measured::Twice(measured),
        shows,
        notes,
    })
}

impl Tour<'_> {
    /// A row as it enters the first block, or why that can't be told.
    pub(super) fn entering(&self, row: &[f32], position: u64) -> Result<Vec<f32>, String> {
        let input = self.input.as_ref().map_err(Clone::clone)?;
        if let Some(unknown) = input.steps.iter().find(|step| step.name == "unknown") {
            return Err(unknown.text.clone());
        }
        let mut values = row.to_vec();
        input.apply(&mut values, position).map_err(|error| format!("{error:#}"))?;
        Ok(values)
    }
}

/// The cosine of two rows; none where one has no direction.
pub(super) fn cosine_of(a: &[f32], b: &[f32]) -> Option<Float<f64>> {
    let (a, b) = ((a, norm(a)), (b, norm(b)));
    let score = Metric::Cosine.score(a, b);
    (is_usable(a.1) && is_usable(b.1)).then_some(Float(score))
}
