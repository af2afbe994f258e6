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
    /// Gives the matching tokens to a sink, in the order of their IDs.
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

        sink.head(TokensHead {
            model: name(),
            n_tokens: vocab.len(),
            scores: scores.is_some(),
            merges: ranks.is_some(),
            norms: self.norm,
        })?;
        let (mut matched, mut rowless) = (0_u64, 0_u64);
        vocab.each(|id, text| -> Result<bool> {
            if id >= range.end {
                return Ok(false);
            }
            if id < range.start || !matches(text) {
                return Ok(true);
            }
            let token_type = vocab.token_type(id)?.map(|token_type| token_type.name());
            if wanted.is_some() && token_type != wanted {
                return Ok(true);
            }
            let row = match &table {
                Some(table) if id < table.rows_present() => Some(table.row(id)?),
                _ => None,
            };
            matched += 1;
            rowless += u64::from(self.norm && row.is_none());
            sink.item(TokenAnswer {
                id,
                token: TokenText::from(Token::from(text.to_vec())),
                token_type,
                score: match &scores {
                    Some(scores) => scores.of(id)?.map(Float),
                    None => None,
                },
                merge_rank: match &ranks {
                    Some(ranks) => ranks.of(id)?,
                    None => None,
                },
                norm: row.map(|row| Float(norm(&row))),
            })?;
            Ok(true)
        })?;
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
