//! Comma-separated values: a header, then a line a row.
//!
//! Numbers have every digit, as in JSON. Text is made visible first: a token
//! that holds a line end must not end a line of the file.

use std::io::Write;

use csv::{ErrorKind, Result, Writer};

use crate::answer::{
    Answer, Float, FootprintReport, InfoReport, LookupReport, NeighborsReport, QueryAnswer,
    TokenAnswer, TokenText, VocabInfo, special,
};
use crate::text::visible;

use super::info::{facts, shape, shown};

/// Writes an answer as CSV.
pub(super) fn write(answer: &Answer, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut out = Writer::from_writer(out);
    match answer {
        Answer::Lookup(report) => lookup(report, &mut out),
        Answer::Neighbors(report) => neighbors(report, &mut out),
        Answer::Footprint(report) => footprint(report, &mut out),
        Answer::Tokens(_) => Ok(()),
        Answer::Info(report) => info(report, &mut out),
    }
    .map_err(as_io)?;
    out.flush()?;
    Ok(())
}

/// The error as an `io::Error`, as csv's own hides which one it was.
fn as_io(error: csv::Error) -> anyhow::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => anyhow::Error::from(error),
        other => anyhow::anyhow!("{other:?}"),
    }
}

type Out<'a> = Writer<&'a mut dyn Write>;

fn lookup(report: &LookupReport, out: &mut Out) -> Result<()> {
    for name in ["position", "id", "token", "norm"] {
        out.write_field(name)?;
    }
    for dimension in 0..report.shape[1] {
        out.write_field(format!("v{dimension}"))?;
    }
    out.write_record(None::<&[u8]>)?;
    for row in &report.rows {
        out.write_field(row.position.to_string())?;
        out.write_field(row.id.to_string())?;
        out.write_field(token(&row.token))?;
        out.write_field(wide(row.norm))?;
        for value in &row.values {
            out.write_field(value.digits())?;
        }
        out.write_record(None::<&[u8]>)?;
    }
    Ok(())
}

fn neighbors(report: &NeighborsReport, out: &mut Out) -> Result<()> {
    out.write_record(header(report.metric))?;
    report.queries.iter().try_for_each(|query| neighbors_of(query, out))
}

fn header(metric: &str) -> [&str; 6] {
    ["query_id", "query_token", "rank", "id", "token", metric]
}

fn neighbors_of(query: &QueryAnswer, out: &mut Out) -> Result<()> {
    for neighbor in &query.neighbors {
        out.write_record([
            &query.id.to_string(),
            &token(&query.token),
            &neighbor.rank.to_string(),
            &neighbor.id.to_string(),
            &token(&neighbor.token),
            &wide(neighbor.score),
        ])?;
    }
    Ok(())
}

/// Writes the header of a stream of queries.
pub(super) fn neighbors_header(metric: &str, out: &mut dyn Write) -> Result<()> {
    Writer::from_writer(out).write_record(header(metric))
}

/// Writes the lines of one query.
pub(super) fn query(query: &QueryAnswer, out: &mut dyn Write) -> Result<()> {
    neighbors_of(query, &mut Writer::from_writer(out))
}

fn footprint(report: &FootprintReport, out: &mut Out) -> Result<()> {
    out.write_record(["n_vocab", "d_model", "type", "bits_per_weight", "bytes", "storable"])?;
    for cost in report.tables() {
        for precision in &cost.footprint.precisions {
            out.write_record([
                &cost.footprint.n_vocab.to_string(),
                &cost.footprint.d_model.to_string(),
                precision.format,
                &precision.bits_per_weight.to_string(),
                &precision.bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
                &precision.storable.to_string(),
            ])?;
        }
    }
    Ok(())
}

/// Writes the header of a list of tokens.
pub(super) fn tokens_header(vocab: &VocabInfo, out: &mut dyn Write) -> anyhow::Result<()> {
    let names = ["id", "token", "type"].into_iter();
    let names = names.chain(vocab.scores.then_some("score")).chain(vocab.norms.then_some("norm"));
    record(names.map(str::to_owned), out)
}

/// Writes one line of a list of tokens.
pub(super) fn token_line(
    answer: &TokenAnswer,
    vocab: &VocabInfo,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let TokenAnswer { id, token_type, score, norm, .. } = answer;
    let fields = [id.to_string(), token(&answer.token), token_type.unwrap_or_default().to_owned()];
    let score = vocab.scores.then(|| score.map(Float::<f32>::digits).unwrap_or_default());
    let norm = vocab.norms.then(|| norm.map(wide).unwrap_or_default());
    record(fields.into_iter().chain(score).chain(norm), out)
}

fn record(fields: impl Iterator<Item = String>, out: &mut dyn Write) -> anyhow::Result<()> {
    // A buffer for each line, so a small one.
    let mut out = csv::WriterBuilder::new().buffer_capacity(256).from_writer(out);
    out.write_record(fields.collect::<Vec<_>>()).map_err(as_io)?;
    out.flush()?;
    Ok(())
}

fn info(report: &InfoReport, out: &mut Out) -> Result<()> {
    if let Some(keys) = &report.keys {
        out.write_record(["key", "type", "value"])?;
        for key in keys {
            out.write_record([&*visible(&key.key), &key.value_type, &shown(key)])?;
        }
    } else if let Some(tensors) = &report.tensors {
        out.write_record(["name", "type", "shape", "bytes"])?;
        for tensor in tensors {
            out.write_record([
                &*visible(&tensor.name),
                &tensor.format,
                &shape(&tensor.shape),
                &tensor.bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
            ])?;
        }
    } else {
        out.write_record(["key", "value"])?;
        for (key, value) in facts(report) {
            out.write_record([key, &value])?;
        }
    }
    Ok(())
}

fn token(token: &TokenText) -> String {
    visible(token.token.as_deref().unwrap_or_default()).into_owned()
}

fn wide(Float(value): Float<f64>) -> String {
    if value.is_finite() { value.to_string() } else { special(value).to_owned() }
}
