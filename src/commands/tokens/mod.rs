//! `tokens`: lists the tokens of the vocabulary that match.

mod answer;

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use regex::Regex;

use super::{Opener, Request};
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::report::{Float, Printer, Sink, TokenText};
use crate::similarity::norm;
use crate::text::{grouped, quoted};
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
}

/// What a list of tokens is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Id,
    Norm,
    Score,
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
    fn answer(&self, open: Opener, out: &mut Printer) -> Result<()> {
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
        let table = self.norm.then(|| Table::open(&model, TOKEN_EMBEDDING)).transpose();
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
            norms: self.norm,
        })?;
        let (mut matched, mut rowless) = (0_u64, 0_u64);
        let norm_of = |id: u64| -> Result<Option<f64>> {
            let table = table.as_ref().filter(|table| id < table.rows_present());
            Ok(table.map(|table| table.row(id)).transpose()?.map(|row| norm(&row)))
        };
        let score_of = |id: u64| -> Result<Option<f32>> {
            Ok(scores.as_ref().map(|scores| scores.of(id)).transpose()?.flatten())
        };
        let answer = |id: u64, token: Token, norm: Option<f64>| -> Result<TokenAnswer> {
            Ok(TokenAnswer {
                id,
                token: TokenText::from(token),
                token_type: vocab.token_type(id)?.map(TokenType::name),
                score: score_of(id)?.map(Float),
                merge_rank: ranks.as_ref().map(|ranks| ranks.of(id)).transpose()?.flatten(),
                norm: norm.map(Float),
            })
        };
        // Only what is needed to sort is kept: numbers, not texts.
        let mut sorted: Vec<(f64, u64, Option<f64>)> = Vec::new();
        vocab.each(|id, text| -> Result<bool> {
            if id >= range.end {
                return Ok(false);
            }
            if id < range.start || !matches(text) {
                return Ok(true);
            }
            if wanted.is_some() && vocab.token_type(id)?.map(TokenType::name) != wanted {
                return Ok(true);
            }
            let norm = norm_of(id)?;
            matched += 1;
            rowless += u64::from(self.norm && norm.is_none());
            let key = match self.sort {
                Sort::Id if !self.reverse => {
                    sink.item(answer(id, Token::from(text.to_vec()), norm)?)?;
                    return Ok(true);
                }
                Sort::Id => Some(id as f64),
                Sort::Norm => norm,
                Sort::Score => score_of(id)?.map(f64::from),
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
            if let Some(token) = vocab.token(id)? {
                sink.item(answer(id, token, norm)?)?;
            }
        }
        let mut notes = Vec::new();
        if matched == 0 {
            let sign = self.pattern.text().contains(['▁', 'Ġ']);
            let spaces = if sign { ": here a space is a space, not the sign for one" } else { "" };
            let n = grouped(vocab.len().into());
            notes.push(format!("none of the {n} tokens matches{spaces}"));
        }
        if rowless > 0 {
            let of = format!("{rowless} of {matched} tokens");
            notes.push(format!("{of} have no row in the file, so no norm"));
        }
        sink.end(notes)
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
