//! Step 10: what enters the first block, and three questions.

use super::*;
use crate::commands::model;
use crate::input::Input;
use crate::tour::RandomRows;

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "A row is where a token starts, not what it is. From the first block on it is a \
                  hidden state, and changes with its company.";
    let ids = tour.examples.three();
    // An unknown architecture is already among the steps.
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
        // The text of the step `nothing` says that the rows enter as they are.
        step.line(match of.name {
            "nothing" => format!("{}.", of.text),
            name => format!("{}: {}.", name.replace('_', " "), of.text),
        });
    }
    step.table(
        "steps",
        &["step", "from", "value", "text"].map(|name| (name, "", Word)),
        steps.iter().map(|of| {
            row![of.name, &*of.from, of.value.map_or(Value::Absent, Value::from), &*of.text]
        }),
    );
    let shape = [ids.len(), tour.table().d_model()];
    values!(step, shape);
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
    let d_model = tour.table().d_model();
    let made = QUIZ.map(|ids| look_up(ids, d_model));
    let (questions, answers) = (questions(d_model), answers(&made));
    let names = ["question", "tokens", "d_model", "shape", "values", "distinct_rows", "answer"];
    let rows = questions.iter().zip(QUIZ).zip(made.iter().zip(&answers));
    let rows = rows.map(|((question, ids), (made, answer))| {
        let Matrix { shape, values, distinct_rows } = made;
        row![&**question, ids.len(), d_model, *shape, *values, *distinct_rows, &**answer]
    });
    step.table("quiz", &names.map(|name| (name, "", Word)), rows);

    let serves = match tour.architecture()? {
        Some(architecture) if model::is_encoder(&architecture) => {
            "what the model makes of it there"
        }
        _ => "what may come next",
    };
    let word = name(&tour.token(ids[1])?);
    step.show(format!(
        "A {shape:?} matrix enters the first block. Each block adds to every row what it makes of \
         the rows it may look at. After the last, the row that began as {word} stands for {word} \
         in this place: for {serves}, and no more for {word} alone."
    ));
    for ((question, answer), numbers) in questions.into_iter().zip(answers).zip(numbers(&made)) {
        step.quiz.push(TourQuestion { question, answer, numbers });
    }
    Ok(())
}

/// Asks a reader the questions, one by one.
pub(super) fn ask(quiz: &[TourQuestion], sink: &mut dyn Sink<TourHead>) -> Result<Turn> {
    sink.say("Three questions: type an answer and Enter, or only Enter to see it (q ends).")?;
    for of in quiz {
        let Some(reply) = sink.ask(&of.question)? else { return Ok(Turn::End) };
        if reply.eq_ignore_ascii_case("q") {
            return Ok(Turn::End);
        }
        sink.say(&of.verdict(&reply))?;
    }
    Ok(Turn::On)
}

impl TourQuestion {
    /// The answer, and whether the reply has the same numbers, if it has any.
    fn verdict(&self, reply: &str) -> String {
        let numbers = reply.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        let numbers: Vec<Option<u64>> = numbers.map(|part| part.parse().ok()).collect();
        let verdict = match &*numbers {
            [] => "",
            of if of.iter().copied().eq(self.numbers.iter().copied().map(Some)) => "Right. ",
            _ => "Not quite. ",
        };
        format!("{verdict}{}", self.answer)
    }
}

/// The IDs of three lookups.
const QUIZ: [&[u64]; 3] = [&[11, 7, 5, 3, 2], &[7, 7], &[2, 3, 5]];

/// The questions about them, for the width of the table at hand.
fn questions(d_model: usize) -> [String; 3] {
    let d_model = grouped(d_model as u128);
    [
        format!("5 tokens, and this table's d_model of {d_model}: what comes out of the lookup?"),
        "One ID twice: how many different rows?".to_owned(),
        "3 tokens of this table: how many values?".to_owned(),
    ]
}

struct Matrix {
    shape: [usize; 2],
    values: usize,
    distinct_rows: usize,
}

/// Looks IDs up in a table of random rows.
fn look_up(ids: &[u64], dim: usize) -> Matrix {
    let table = RandomRows { seed: SEED, n_rows: 12, dim };
    let row = |id: &u64| table.row(*id).into_iter().map(f32::to_bits).collect::<Vec<u32>>();
    let mut rows: Vec<_> = ids.iter().map(row).collect();
    let (n, values) = (rows.len(), rows.iter().flatten().count());
    rows.sort();
    rows.dedup();
    Matrix { shape: [n, values / n], values, distinct_rows: rows.len() }
}

fn answers([a, b, c]: &[Matrix; 3]) -> [String; 3] {
    [
        format!("A matrix {:?}: a row a token.", a.shape),
        format!("{}: the same row twice.", b.distinct_rows),
        format!("{:?}: {}.", c.shape, counted(c.values as u64, "value")),
    ]
}

/// The numbers of the answers.
fn numbers([a, b, c]: &[Matrix; 3]) -> [Vec<u64>; 3] {
    [a.shape.map(|n| n as u64).into(), vec![b.distinct_rows as u64], vec![c.values as u64]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_right_by_its_numbers() {
        let [numbers, ..] = numbers(&QUIZ.map(|ids| look_up(ids, 768)));
        let (question, answer) = (String::new(), "A matrix [5, 768].".to_owned());
        let of = TourQuestion { question, answer, numbers };
        for (reply, verdict) in [
            ("5 x 768", "Right. A matrix [5, 768]."),
            ("[5,768]", "Right. A matrix [5, 768]."),
            ("768 x 5", "Not quite. A matrix [5, 768]."),
            ("99999999999999999999", "Not quite. A matrix [5, 768]."),
            ("a matrix", "A matrix [5, 768]."),
            ("", "A matrix [5, 768]."),
        ] {
            assert_eq!(of.verdict(reply), verdict, "{reply}");
        }
    }

    #[test]
    fn the_three_questions() {
        let made = QUIZ.map(|ids| look_up(ids, 4));
        assert_eq!((made[0].shape, made[1].shape), ([5, 4], [2, 4]));
        assert_eq!((made[1].distinct_rows, made[2].values), (1, 12));
        assert_eq!(
            answers(&made),
            ["A matrix [5, 4]: a row a token.", "1: the same row twice.", "[3, 4]: 12 values."]
        );
    }
}
