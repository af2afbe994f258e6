//! Step 7: the same ID at two positions.

use super::*;

/// The positions of the token.
const POSITIONS: [u64; 2] = [0, 2];

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "The same token twice is the same row twice. Whatever makes the two differ comes \
                  later.";
    let word = tour.examples.word;
    let token = tour.token(word)?;
    let (a, b) = (tour.table().row(word)?, tour.table().row(word)?);
    let entering = tour
        .entering(&a, POSITIONS[0])
        .and_then(|first| Ok((first, tour.entering(&b, POSITIONS[1])?)));
    if let Err(why) = &entering {
        step.note(format!("what enters the first block can't be told: {why}"));
    }
    let entering = entering.ok();
    let same = identical(&a, &b);
    let identical_as_input = entering.as_ref().map(|(first, second)| identical(first, second));
    let cosine_as_input = entering.as_ref().and_then(|(first, second)| direction_of(first, second));
    let (d_model, [p, q]) = (tour.d_model(), POSITIONS);
    values!(step, ids = [word, tour.examples.third, word], token = &token, positions = POSITIONS);
    values!(step, d_model, identical = same, identical_as_input, cosine_as_input);
    step.table(
        "",
        &[
            ("", &format!("positions {p} and {q}"), Word),
            ("", "values the same", Count),
            ("", "of", Count),
            ("", "cosine", Cosine),
        ],
        [
            row!["the rows", same, d_model, Value::Null],
            row!["what enters the first block", identical_as_input, d_model, cosine_as_input],
        ],
    );

    let of_all = |n: u64| format!("{} of {} values", grouped(n.into()), grouped(d_model.into()));
    step.show(format!(
        "{} stands at positions {p} and {q}. The two rows agree in {}, bit for bit: a lookup knows \
         the token, and nothing of where it stands.",
        name(&token),
        of_all(same)
    ));
    step.show(match (&tour.input, identical_as_input) {
        (Ok(input), Some(same)) if input.depends_on_position() => format!(
            "This architecture adds a vector for the position before the first block: there the \
             two agree in {}{}. From then on they are two.",
            of_all(same),
            cosine_as_input.map_or_else(String::new, |cosine_as_input| format!(
                ", at a cosine of {}",
                cosine(cosine_as_input)
            ))
        ),
        (_, Some(same)) => format!(
            "What enters the first block agrees in {} too. Inside, they part: attention (or \
             recurrence) lets each token see its own surroundings, by position, and after the \
             first block each row has taken in something else.",
            of_all(same)
        ),
        (_, None) => "Inside, attention (or recurrence) lets each token see its own surroundings, \
                      by position: there, at the latest, the two part."
            .to_owned(),
    });
    Ok(())
}

/// The number of values that have the same bits in both rows.
fn identical(a: &[f32], b: &[f32]) -> u64 {
    a.iter().zip(b).filter(|(a, b)| a.to_bits() == b.to_bits()).count() as u64
}
