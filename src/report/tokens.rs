//! Tokens as they come, a line each, in every form.

use std::io::Write;

use anyhow::{Result, bail};

use super::delimited::Delimited;
use super::markdown::{self, Markdown};
use super::records::{token_line, tokens_header};
use super::table;
use super::words::quoted;
use super::{Format, Style, json};
use crate::answer::{TokenAnswer, TokenSink, TokensReport, VocabInfo};

/// Writes tokens to `out` in a form.
pub struct Tokens<W> {
    format: Format,
    width: usize,
    out: W,
    vocab: Option<VocabInfo>,
    any: bool,
}

impl<W: Write> Tokens<W> {
    /// A writer to `out`, which should be buffered.
    pub fn new(format: Format, style: &Style, out: W) -> Self {
        Self { format, width: style.fitted().width, out, vocab: None, any: false }
    }

    /// Columns before the token: ID, type, score, rank of the merge, norm.
    fn columns(&self, cells: [&str; 5]) -> String {
        let [id, token_type, score, merge, norm] = cells;
        let vocab = self.vocab.as_ref();
        let last = vocab.map_or(0, |vocab| vocab.n_tokens.saturating_sub(1));
        let width = last.to_string().len().max(2);
        let mut line = format!(" {id:>width$}  {token_type:<7}");
        if vocab.is_some_and(|vocab| vocab.scores) {
            line += &format!("  {score:>10}");
        }
        if vocab.is_some_and(|vocab| vocab.merges) {
            line += &format!("  {merge:>10}");
        }
        if vocab.is_some_and(|vocab| vocab.norms) {
            line += &format!("  {norm:>8}");
        }
        line + "  "
    }

    fn row(&mut self, token: &TokenAnswer) -> Result<()> {
        let score = token.score.map(|score| super::number::exact(score.0)).unwrap_or_default();
        let norm = token.norm.map(|norm| super::number::rounded(norm.0)).unwrap_or_default();
        let [id, merge] = [Some(token.id), token.merge_rank]
            .map(|number| number.map(|number| number.to_string()).unwrap_or_default());
        let token_type = token.token_type.unwrap_or("-");
        let numbers = self.columns([&id, token_type, &score, &merge, &norm]);
        // At least a token of a few letters, however narrow the terminal.
        let left = self.width.saturating_sub(numbers.len()).max(8);
        writeln!(self.out, "{numbers}{}", quoted(&token.token, left))?;
        Ok(())
    }
}

impl<W: Write> TokenSink for Tokens<W> {
    fn begin(&mut self, vocab: &VocabInfo) -> Result<()> {
        self.vocab = Some(vocab.clone());
        match self.format {
            Format::Table => {
                let header = self.columns(["ID", "type", "score", "merge rank", "norm"]) + "token";
                let line = "─".repeat((header.len() - 5 + table::TOKEN_WIDTH).min(self.width));
                writeln!(self.out, "{header}\n{line}").map_err(Into::into)
            }
            Format::Json => (|| {
                let VocabInfo { model, n_tokens, .. } = vocab;
                self.out.write_all(b"{\"model\":")?;
                json::value(model, &mut self.out)?;
                write!(self.out, ",\"n_tokens\":{n_tokens},\"tokens\":[")?;
                Ok(())
            })(),
            Format::Jsonl => Ok(()),
            Format::Csv => {
                Delimited::few(b',', &mut self.out).line(|out| tokens_header(vocab, out))
            }
            Format::Tsv => {
                Delimited::few(b'\t', &mut self.out).line(|out| tokens_header(vocab, out))
            }
            Format::Md => markdown::tokens_header(vocab, &mut self.out),
            Format::Npy => bail!("npy holds the matrix of a lookup only"),
        }
    }

    fn token(&mut self, token: TokenAnswer) -> Result<()> {
        let first = !std::mem::replace(&mut self.any, true);
        match (self.format, &self.vocab) {
            (Format::Table, _) => self.row(&token),
            (Format::Json, _) if first => json::value(&token, &mut self.out),
            (Format::Json, _) => self
                .out
                .write_all(b",")
                .map_err(Into::into)
                .and_then(|()| json::value(&token, &mut self.out)),
            (Format::Jsonl, _) => json::line(&token, &mut self.out),
            (Format::Csv, Some(vocab)) => {
                Delimited::few(b',', &mut self.out).line(|out| token_line(&token, vocab, out))
            }
            (Format::Tsv, Some(vocab)) => {
                Delimited::few(b'\t', &mut self.out).line(|out| token_line(&token, vocab, out))
            }
            (Format::Md, Some(vocab)) => {
                token_line(&token, vocab, &mut Markdown::new(&mut self.out))
            }
            (Format::Csv | Format::Tsv | Format::Md | Format::Npy, _) => Ok(()),
        }
    }

    fn end(&mut self) -> Result<()> {
        if self.format == Format::Json {
            writeln!(self.out, "]}}")?;
        }
        Ok(self.out.flush()?)
    }
}

/// Writes tokens that are all there.
pub(super) fn write(
    report: &TokensReport,
    format: Format,
    style: &Style,
    out: &mut dyn Write,
) -> Result<()> {
    let mut tokens = Tokens::new(format, style, out);
    tokens.begin(&report.vocab)?;
    report.tokens.iter().try_for_each(|token| tokens.token(token.clone()))?;
    tokens.end()
}
