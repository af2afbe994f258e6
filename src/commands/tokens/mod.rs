//! `tokens`: lists the tokens of the vocabulary that match.

mod answer;

use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use regex::Regex;
use serde::Serialize;

use super::{Opener, Reads, Request};
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::report::{Answer, Cell, Column, Float, Form, Page, Printer, Records, Sink, TokenText};
use crate::similarity::norm;
use crate::text::{clip, grouped, quoted, quoted_bytes, visible};
use crate::vocab::{Token, TokenType, Vocab};

pub use answer::{TokenAnswer, TokensHead};

pub struct TokensRequest {
    pub model: PathBuf,
    pub pattern: Pattern,
    pub token_type: Option<TokenType>,
    pub range: Option<Range<u64>>,
    /// Adds the norm of each token's row.
    pub norm: bool,
    /// What to sort by; tokens without it come last.
    pub sort: Sort,
    /// The largest first.
    pub reverse: bool,
    /// Prints only the number of tokens.
    pub count: bool,
}

/// What a list of tokens is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Id,
    Norm,
    Score,
    /// The number of characters. A byte that is not UTF-8 counts as one.
    Length,
}

pub enum Pattern {
    Anything,
    /// Texts that contain this.
    Holds(String),
    Is(String),
    /// Texts that match this regular expression.
    Matches(String),
}

impl Request for TokensRequest {
    fn reads(&self) -> Reads {
        let norms = self.norm || self.sort == Sort::Norm;
        if norms { Reads::table(TOKEN_EMBEDDING) } else { Reads::Header }
    }

    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
        if self.count {
            let mut count = Count::default();
            self.run(open, &mut count)?;
            return out.answer(&count);
        }
        self.run(open, &mut out.list())
    }
}

impl TokensRequest {
    /// Gives the matching tokens to a sink, in the order that is asked for.
    pub fn run(&self, open: Opener, sink: &mut dyn Sink<TokensHead>) -> Result<()> {
        let matches = self.pattern.test()?;
        let model = open(&self.model)?;
        let name = || self.model.display().to_string();
        let vocab = Vocab::open(&model).with_context(name)?;
        let wanted = self.token_type.map(TokenType::name);
        if wanted.is_some() && !vocab.has_types() {
            return Err(anyhow!("the file has no token types: leave out --type").context(name()));
        }
        let norms = self.norm || self.sort == Sort::Norm;
        let table = norms.then(|| Table::open(&model, TOKEN_EMBEDDING)).transpose();
        let table = table.with_context(name)?;
        let (scores, ranks) = (vocab.scores()?, vocab.merge_ranks()?);
        let range = self.range.clone().unwrap_or(0..u64::MAX);
        vocab.check().with_context(name)?;

        if self.sort == Sort::Score && scores.is_none() {
            return Err(anyhow!("the file has no scores to sort by").context(name()));
        }

        sink.head(TokensHead {
            model: name(),
            n_tokens: vocab.len(),
            scores: scores.is_some(),
            merges: ranks.is_some(),
            norms,
            lengths: self.sort == Sort::Length,
        })?;
        let (mut matched, mut rowless) = (0_u64, 0_u64);
        let norm_of = |id: u64| -> Result<Option<f64>> {
            let table = table.as_ref().filter(|table| id < table.rows_present());
            Ok(table.map(|table| table.row(id)).transpose()?.map(|row| norm(&row)))
        };
        let score_of = |id: u64| -> Result<Option<f32>> {
            Ok(scores.as_ref().map(|scores| scores.of(id)).transpose()?.flatten())
        };
        let answer = |id: u64, stored: &[u8], norm: Option<f64>| -> Result<TokenAnswer> {
            let token = TokenText::from(Token::from(vocab.read(id, stored)?.into_owned()));
            let length = (self.sort == Sort::Length).then(|| length(&token.bytes()));
            Ok(TokenAnswer {
                id,
                token,
                token_type: vocab.token_type(id)?.map(TokenType::name),
                score: score_of(id)?.map(Float),
                merge_rank: ranks.as_ref().and_then(|ranks| ranks.of(stored)),
                norm: norm.map(Float),
                length,
            })
        };
        // Only what is needed to sort is kept: numbers, not texts.
        let mut sorted: Vec<(f64, u64, Option<f64>)> = Vec::new();
        vocab.each_stored(|id, stored| -> Result<bool> {
            if id >= range.end {
                return Ok(false);
            }
            if id < range.start {
                return Ok(true);
            }
            let text = vocab.read(id, stored)?;
            if !matches(&text) {
                return Ok(true);
            }
            if wanted.is_some() && vocab.token_type(id)?.map(TokenType::name) != wanted {
                return Ok(true);
            }
            let norm = norm_of(id)?;
            matched += 1;
            rowless += u64::from(norms && norm.is_none());
            let key = match self.sort {
                Sort::Id if !self.reverse => {
                    sink.item(answer(id, stored, norm)?)?;
                    return Ok(true);
                }
                Sort::Id => Some(id as f64),
                Sort::Norm => norm,
                Sort::Score => score_of(id)?.map(f64::from),
                Sort::Length => Some(length(&text) as f64),
            };
            let key = key.map_or(f64::NAN, |key| if self.reverse { -key } else { key });
            sorted.push((key, id, norm));
            Ok(true)
        })?;
        // Every NaN goes last.
        sorted.sort_by(|a, b| {
            let by_key = a.0.is_nan().cmp(&b.0.is_nan()).then(a.0.total_cmp(&b.0));
            by_key.then(a.1.cmp(&b.1))
        });
        for (_, id, norm) in sorted {
            if let Some(stored) = vocab.stored(id)? {
                sink.item(answer(id, &stored, norm)?)?;
            }
        }
        let mut notes = Vec::new();
        if matched == 0 {
            let n = grouped(vocab.len().into());
            let hint = hint(self.pattern.text(), &vocab);
            notes.push(format!("none of the {n} tokens matches{hint}"));
        }
        if rowless > 0 {
            let of = format!("{rowless} of {matched} tokens");
            notes.push(format!("{of} have no row in the file, so no norm"));
        }
        sink.end(notes)
    }
}

/// The number of characters of a token.
fn length(text: &[u8]) -> u64 {
    String::from_utf8_lossy(text).chars().count() as u64
}

/// What a pattern should be that is of IDs or in the file's own spelling, for a note.
fn hint(pattern: &str, vocab: &Vocab) -> String {
    let is_number = |part: &str| part.parse::<u64>().is_ok();
    if pattern.split_once("..").is_some_and(|(from, to)| is_number(from) && is_number(to)) {
        return format!(": for token IDs, write --range {}", clip(pattern, 64));
    }
    if pattern.split(',').all(is_number) {
        return format!(": for token IDs, write --ids {}", clip(pattern, 64));
    }
    let read = vocab.reading(pattern).map(|read| quoted_bytes(&read, 64));
    match (pattern.strip_prefix("##"), read) {
        (Some(rest), _) if !rest.is_empty() => {
            format!(": here pieces of words have no ##; write '{}'", clip(&visible(rest), 64))
        }
        _ if pattern.contains(['▁', 'Ġ']) => {
            ": here a space is a space, not the sign for one".to_owned()
        }
        (_, Some(read)) => format!(": that is the file's sign for {read}"),
        _ => String::new(),
    }
}

/// The number of tokens that match.
#[derive(Default, Serialize)]
pub struct Count {
    pub n_tokens: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Sink<TokensHead> for Count {
    fn head(&mut self, _: TokensHead) -> Result<()> {
        Ok(())
    }

    fn item(&mut self, _: TokenAnswer) -> Result<()> {
        self.n_tokens += 1;
        Ok(())
    }

    fn end(&mut self, notes: Vec<String>) -> Result<()> {
        self.notes = notes;
        Ok(())
    }
}

impl Answer for Count {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        out.header(&[Column::of("#n_tokens")])?;
        out.record(&[Cell::Number(self.n_tokens)])
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        Ok(writeln!(page, "{}", self.n_tokens)?)
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    /// A script that reads the number wants nothing else.
    fn tells_notes(&self, form: Form) -> bool {
        form == Form::Json
    }
}

type Test<'a> = Box<dyn Fn(&[u8]) -> bool + 'a>;

impl Pattern {
    fn text(&self) -> &str {
        match self {
            Self::Anything => "",
            Self::Holds(text) | Self::Is(text) | Self::Matches(text) => text,
        }
    }

    fn test(&self) -> Result<Test<'_>> {
        Ok(match self {
            Self::Anything => Box::new(|_| true),
            Self::Holds(part) => {
                Box::new(move |text| String::from_utf8_lossy(text).contains(part.as_str()))
            }
            Self::Is(all) => Box::new(move |text| all.as_bytes() == text),
            Self::Matches(text) => {
                let regex = regex(text)?;
                Box::new(move |text| regex.is_match(&String::from_utf8_lossy(text)))
            }
        })
    }
}

fn regex(text: &str) -> Result<Regex> {
    Regex::new(text).map_err(|error| {
        // The crate draws the position over several lines; the last has the reason.
        let drawn = error.to_string();
        let what = drawn.lines().last().unwrap_or_default().trim_start_matches("error: ");
        anyhow!("invalid regular expression {}: {what}", quoted(text, 64))
    })
}
