//! Step 10: what enters the first block, and three questions.

use anyhow::Result;

use super::TourStep;
use super::figures::Kind::{Cosine, Id, Real, Token, Word};
use super::figures::Value;
use super::say::name;
use super::shared::{SEED, Tour, direction_of};
use crate::commands::model;
use crate::input::Input;
use crate::similarity::norm;
use crate::text::counted;
use crate::tour::RandomRows;

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "A row is where a token starts, not what it is. From the first block on it is a \
                  hidden state, and changes with its company.";
    let ids = tour.words.three();
    // What is not known is among the steps.
    let is_unknown = tour.input.as_ref().is_ok_and(Input::is_unknown);
    let mut rows = Vec::new();
    for (position, id) in (0_u64..).zip(ids) {
        let row = tour.table().row(id)?;
        let entering = tour.entering(&row, position);
        if let Err(why) = &entering
            && !is_unknown
        {
            let note = format!("what enters the first block can't be told: {why}");
            if !step.notes.contains(&note) {
                step.note(note);
            }
        }
        let entering = entering.ok();
        let norm_as_input = entering.as_deref().map(norm);
        let angle = entering.as_deref().and_then(|entering| direction_of(&row, entering));
        rows.push(row![position, id, tour.token(id)?, norm(&row), norm_as_input, angle]);
    }
    let steps = tour.input.as_ref().map_or(&[][..], |input| &input.steps);
    for of in steps {
        step.line(format!("{}: {}.", of.name.replace('_', " "), of.text));
    }
    step.table(
        "steps",
        &["step", "from", "value", "text"].map(|name| (name, "", Word)),
        steps.iter().map(|of| {
            row![of.name, &*of.from, of.value.map_or(Value::Absent, Value::from), &*of.text]
        }),
    );
    step.value("shape", [ids.len() as u64, tour.d_model()]);
    step.table(
        "rows",
        &[
            ("position", "position", Id),
            ("id", "ID", Id),
            ("token", "token", Token),
            ("norm", "norm of the row", Real),
            ("norm_as_input", "as it enters", Real),
            ("cosine", "cosine", Cosine),
        ],
        rows,
    );
    let quiz = quiz();
    step.table(
        "quiz",
        &["question", "tokens", "d_model", "shape", "values", "distinct_rows", "answer"]
            .map(|name| (name, "", Word)),
        quiz.iter().map(|asked| {
            let Asked { question, tokens, d_model, shape, values, distinct_rows, answer } = asked;
            row![*question, *tokens, *d_model, *shape, *values, *distinct_rows, &**answer]
        }),
    );

    let serves = match tour.architecture()? {
        Some(architecture) if model::is_encoder(&architecture) => {
            "what the model makes of it there"
        }
        _ => "what may come next",
    };
    let word = name(&tour.token(ids[1])?);
    step.show(format!(
        "A [{}, {}] matrix enters the first block. Each block adds to every row what it makes of \
         the rows it may look at. After the last, the row that began as {word} stands for {word} \
         in this place: for {serves}, and no more for {word} alone.",
        ids.len(),
        tour.d_model(),
    ));
    step.show("Three questions, answered by computing:");
    quiz.iter().for_each(|asked| step.show(format!("{} {}", asked.question, asked.answer)));
    Ok(())
}

/// A question, and what came out of a lookup in a table made for it.
struct Asked {
    question: &'static str,
    tokens: u64,
    d_model: u64,
    shape: [u64; 2],
    values: u64,
    distinct_rows: u64,
    answer: String,
}

/// Three questions, answered by looking rows up.
fn quiz() -> [Asked; 3] {
    let mut quiz = [
        ask("5 tokens at d_model 768: what comes out of the lookup?", &[11, 7, 5, 3, 2], 768),
        ask("One ID twice: how many different rows?", &[7, 7], 768),
        ask("3 tokens at d_model 4: how many values?", &[2, 3, 5], 4),
    ];
    quiz[0].answer = format!("A matrix {:?}: a row a token.", quiz[0].shape);
    quiz[1].answer = format!("{}: the same row twice.", quiz[1].distinct_rows);
    quiz[2].answer = format!("{:?}: {}.", quiz[2].shape, counted(quiz[2].values, "value"));
    quiz
}

/// Looks some IDs up in a table of random rows, and counts what comes out.
fn ask(question: &'static str, ids: &[u64], dim: usize) -> Asked {
    let table = RandomRows { seed: SEED, n_rows: 12, dim };
    let look_up = |id: &u64| {
        let mut row = vec![0.0; dim];
        table.row(*id, &mut row);
        row.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
    };
    let mut matrix: Vec<_> = ids.iter().map(look_up).collect();
    let (n, values) = (matrix.len() as u64, matrix.iter().flatten().count() as u64);
    matrix.sort();
    matrix.dedup();
    Asked {
        question,
        tokens: ids.len() as u64,
        d_model: dim as u64,
        shape: [n, values / n],
        values,
        distinct_rows: matrix.len() as u64,
        answer: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_questions() {
        let quiz = quiz();
        assert_eq!(quiz[0].shape, [5, 768]);
        assert_eq!((quiz[1].shape, quiz[1].distinct_rows), ([2, 768], 1));
        assert_eq!(quiz[2].values, 12);
        let answers: Vec<_> = quiz.iter().map(|asked| &*asked.answer).collect();
        assert_eq!(
            answers,
            ["A matrix [5, 768]: a row a token.", "1: the same row twice.", "[3, 4]: 12 values."]
        );
    }
}
