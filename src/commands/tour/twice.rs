//! Step 7: the same ID at two positions.

use anyhow::Result;

use super::say::{cosine, name};
use super::{Taken, Tour, identical};
use crate::answer::{Float, Measured, Twice};
use crate::similarity::{Metric, norm};
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
    let (first, second) = entering.unwrap_or_else(|why| {
        notes.push(format!("what enters the first block can't be told: {why}; these are the rows"));
        (a.clone(), b.clone())
    });
    let measured = Twice {
        ids,
        token: tour.token(tour.words.word)?,
        positions,
        d_model: tour.d_model(),
        identical: identical(&a, &b),
        identical_as_input: identical(&first, &second),
        cosine_as_input: cosine_of(&first, &second),
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
        match (&tour.input, measured.cosine_as_input) {
            (Ok(input), Some(Float(angle))) if input.depends_on_position() => format!(
                "This architecture adds a vector for the position before the first block: there \
                 the two agree in {}, at a cosine of {}. From then on they are two.",
                alike(measured.identical_as_input),
                cosine(angle)
            ),
            (Ok(input), _) if input.is_unknown() => {
                "What this architecture does before its first block, embcli does not know. In \
                 every model, though, attention or recurrence lets each token see what stands \
                 around it, and that differs."
                    .to_owned()
            }
            _ => format!(
                "What enters the first block agrees in {} too. Inside, they part: attention (or \
                 recurrence) lets each token see its own surroundings, by position, and after the \
                 first block each row has taken in something else.",
                alike(measured.identical_as_input)
            ),
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
        let mut values = row.to_vec();
        input.apply(&mut values, position).map_err(|error| format!("{error:#}"))?;
        Ok(values)
    }
}

/// The cosine of two rows; none where one has no direction.
pub(super) fn cosine_of(a: &[f32], b: &[f32]) -> Option<Float<f64>> {
    let score = Metric::Cosine.score((a, norm(a)), (b, norm(b)));
    (super::is_usable(a) && super::is_usable(b)).then_some(Float(score))
}
