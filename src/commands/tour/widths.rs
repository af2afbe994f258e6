//! Step 8: tables of the same tokens at other widths.

use super::*;

/// The widths of two well-known models, from their `config.json`
/// (openai-community/gpt2, meta-llama/Meta-Llama-3-70B).
const KNOWN: [(&str, u64); 2] = [("GPT-2", 768), ("Llama 3 70B", 8192)];

pub(super) fn take(tour: &Tour, step: &mut TourStep) -> Result<()> {
    step.claim = "How many numbers a token gets is chosen, before training, by whoever makes the \
                  model. Nothing in the text says it.";
    let (n_vocab, d_model) = (tour.table().n_vocab(), tour.d_model());
    let format = tour.table().format();
    let own = [("half", d_model / 2), ("this table", d_model), ("double", d_model * 2)];
    let mut widths: Vec<_> = own.into_iter().chain(KNOWN).filter(|(_, d)| *d > 0).collect();
    widths.sort_by_key(|(_, d_model)| *d_model);
    let (narrowest, widest) = (widths[0].1, widths[widths.len() - 1].1);
    let widest_by = widest as f64 / narrowest as f64;
    // The standard deviation of the cosine of two random directions.
    let by_chance = |width: u64| 1.0 / (width as f64).sqrt();
    let stored = |width| format.row_bytes(width).map(|row| u128::from(row) * u128::from(n_vocab));
    let rows = widths.iter().map(|&(name, width)| {
        let parameters = u128::from(n_vocab) * u128::from(width);
        let bytes = stored(width);
        let shown = bytes.map_or(Value::from("-"), Value::from);
        let times = width as f64 / d_model as f64;
        row![name, width, parameters, parameters * 2, bytes, shown, times, by_chance(width)]
    });
    let block_len = format.block_len;
    values!(step, n_vocab, type = format.name, block_len, widest_by);
    step.table(
        "choices",
        &[
            ("name", "whose", Word),
            ("d_model", "d_model", Id),
            ("parameters", "parameters", Count),
            ("f16_bytes", "bytes as F16", Count),
            ("bytes", "", Count),
            ("", &format!("as {}", format.name), Count),
            ("times_as_many", "", Real),
            ("chance_cosine", "by chance", Cosine),
        ],
        rows,
    );

    step.show(format!(
        "The price grows in step: every further column costs {}, one for each token.",
        counted(n_vocab, "parameter")
    ));
    let [narrow_cosine, wide_cosine] = [narrowest, widest].map(|width| cosine(by_chance(width)));
    let [narrow, wide] = [narrowest, widest].map(|width| grouped(width.into()));
    step.show(format!(
        "What chance does shrinks slowly: two random rows have a cosine of about ±{narrow_cosine} \
         at width {narrow}, and of ±{wide_cosine} at {wide}, {} times as wide. (The nearest of many \
         goes several times further: step 5.)",
        factor(widest_by)
    ));
    let (example_rows, example_width) = (128_000_u64, 4096_u64);
    let example_f16_bytes = example_rows * example_width * 2;
    values!(step, example_rows, example_width, example_f16_bytes);
    let [rows, width, bytes] =
        [example_rows, example_width, example_f16_bytes].map(|n| grouped(n.into()));
    step.show(format!(
        "To keep in mind: {rows} tokens at d_model {width} take {bytes} bytes in F16, about 1 GB."
    ));
    if widths.iter().any(|(_, width)| stored(*width).is_none()) {
        step.note(format!(
            "{format} stores whole blocks of {block_len} values, so not rows of every width"
        ));
    }
    Ok(())
}
