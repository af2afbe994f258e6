//! Step 10: what enters the first block, and three questions.

use anyhow::Result;

use super::say::name;
use super::twice::cosine_of;
use super::{SEED, Taken, Tour};
use crate::answer::{Answered, Float, InputStep, Measured, Start, StartRow};
use crate::commands::model;
use crate::input::Input;
use crate::similarity::norm;
use crate::text::{counted, grouped};
use crate::tour::RandomRows;

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let ids = tour.words.three();
    let mut notes = Vec::new();
    let mut rows = Vec::new();
    for (position, id) in (0..).zip(ids) {
        let row = tour.table().row(id)?;
        let entering = tour.entering(&row, position);
        // What is not known is among the steps.
        let is_unknown = tour.input.as_ref().is_ok_and(Input::is_unknown);
        if let Err(why) = &entering
            && !is_unknown
        {
            let note = format!("what enters the first block can't be told: {why}");
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        let entering = entering.ok();
        rows.push(StartRow {
            position,
            token: tour.token(id)?,
            norm: Float(norm(&row)),
            norm_as_input: entering.as_ref().map(|entering| Float(norm(entering))),
            cosine: entering.as_ref().and_then(|entering| cosine_of(&row, entering)),
        });
    }
    let steps: Vec<InputStep> = match &tour.input {
        Ok(input) => input.steps.iter().map(InputStep::from).collect(),
        Err(_) => Vec::new(),
    };
    let serves = match tour.architecture()? {
        Some(architecture) if model::is_encoder(&architecture) => {
            "what the model makes of it there"
        }
        _ => "what may come next",
    };
    let word = name(&tour.token(ids[1])?);
    let quiz = quiz();
    let mut shows = vec![format!(
        "A [{}, {}] matrix enters the first block. Each block adds to every row what it makes of \
         the rows it may look at. After the last, the row that began as {word} stands for {word} \
         in this place: for {serves}, and no more for {word} alone.",
        ids.len(),
        tour.d_model(),
    )];
    shows.push("Three questions, answered by computing:".to_owned());
    shows.extend(quiz.iter().map(|asked| format!("{} {}", asked.question, asked.answer)));
    let measured = Start { steps, shape: [ids.len() as u64, tour.d_model()], rows, quiz };
    Ok(Taken {
        claim: "A row is where a token starts, not what it is. From the first block on it is a \
                hidden state, and changes with its company.",
        measured: Measured::Start(measured),
        shows,
        notes,
    })
}

/// Three questions, answered by looking rows up in tables made for them.
fn quiz() -> Vec<Answered> {
    let shape = |n: &Answered| format!("[{}, {}]", n.shape[0], n.shape[1]);
    let mut quiz = vec![
        ask("5 tokens at d_model 768: what comes out of the lookup?", &[11, 7, 5, 3, 2], 768),
        ask("One ID twice: how many different rows?", &[7, 7], 768),
        ask("3 tokens at d_model 4: how many values?", &[2, 3, 5], 4),
    ];
    quiz[0].answer = format!("A matrix {}: a row a token.", shape(&quiz[0]));
    quiz[1].answer = format!("{}: the same row twice.", quiz[1].distinct_rows);
    quiz[2].answer = format!("{}: {}.", shape(&quiz[2]), counted(quiz[2].values, "value"));
    quiz
}

/// Looks some IDs up in a table of random rows, and counts what comes out.
fn ask(question: &'static str, ids: &[u64], d_model: usize) -> Answered {
    let table = RandomRows { seed: SEED, n_rows: 12, dim: d_model };
    let matrix: Vec<Vec<u32>> = ids
        .iter()
        .map(|&id| {
            let mut row = vec![0.0; table.dim];
            table.row(id, &mut row);
            row.into_iter().map(f32::to_bits).collect()
        })
        .collect();
    let values = matrix.iter().flatten().count() as u64;
    let mut distinct: Vec<_> = matrix.iter().collect();
    distinct.sort();
    distinct.dedup();
    Answered {
        question,
        tokens: ids.len() as u64,
        d_model: d_model as u64,
        shape: [matrix.len() as u64, values / matrix.len() as u64],
        values,
        distinct_rows: distinct.len() as u64,
        answer: grouped(values.into()),
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
