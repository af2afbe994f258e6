//! Step 8: tables of the same tokens at other widths.

use anyhow::Result;

use super::say::{cosine, factor};
use super::{Taken, Tour};
use crate::answer::{Float, Measured, WidthChoice, Widths};
use crate::text::{counted, grouped};

/// The widths of two models that many know, from their `config.json`
/// (openai-community/gpt2, meta-llama/Meta-Llama-3-70B).
const KNOWN: [(&str, u64); 2] = [("GPT-2", 768), ("Llama 3 70B", 8192)];

pub(super) fn take(tour: &Tour) -> Result<Taken> {
    let (n_vocab, d_model) = (tour.table().n_vocab(), tour.d_model());
    let format = tour.table().format();
    let own = [("half", d_model / 2), ("this table", d_model), ("double", d_model * 2)];
    let mut widths: Vec<_> = own.into_iter().chain(KNOWN).filter(|(_, d)| *d > 0).collect();
    widths.sort_by_key(|(_, d_model)| *d_model);
    let choice = |(name, width): (&'static str, u64)| {
        let parameters = u128::from(n_vocab) * u128::from(width);
        WidthChoice {
            name,
            d_model: width,
            parameters,
            f16_bytes: parameters * 2,
            bytes: format.row_bytes(width).map(|row| u128::from(row) * u128::from(n_vocab)),
            times_as_many: Float(width as f64 / d_model as f64),
            chance_cosine: Float(1.0 / (width as f64).sqrt()),
        }
    };
    let choices: Vec<WidthChoice> = widths.into_iter().map(choice).collect();
    let widest_by = match &choices[..] {
        [narrowest, .., widest] => widest.d_model as f64 / narrowest.d_model as f64,
        _ => 1.0,
    };
    let mut shows = vec![format!(
        "The price grows in step: every further column costs {}, one for each token.",
        counted(n_vocab, "parameter")
    )];
    if let [narrowest, .., widest] = &choices[..] {
        shows.push(format!(
            "What chance does shrinks slowly: two random rows have a cosine of about ±{} at width \
             {}, and of ±{} at {}, {} times as wide. (The nearest of many goes several times \
             further: step 5.)",
            cosine(narrowest.chance_cosine.0),
            grouped(narrowest.d_model.into()),
            cosine(widest.chance_cosine.0),
            grouped(widest.d_model.into()),
            factor(widest_by)
        ));
    }
    let unstorable = choices.iter().any(|choice| choice.bytes.is_none());
    let notes = unstorable.then(|| {
        format!(
            "{format} stores whole blocks of {} values, so not rows of every width",
            format.block_len
        )
    });
    Ok(Taken {
        claim: "How many numbers a token gets is chosen, before training, by whoever makes the \
                model. Nothing in the text says it.",
        measured: Measured::Widths(Widths {
            n_vocab,
            format: format.name,
            block_len: format.block_len as u64,
            widest_by: Float(widest_by),
            choices,
        }),
        shows,
        notes: notes.into_iter().collect(),
    })
}
