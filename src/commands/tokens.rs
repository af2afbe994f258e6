//! `tokens`: the vocabulary, and those of it that match.

use anyhow::{Context, Result, anyhow};
use regex::Regex;

use super::Opener;
use crate::answer::{Float, TokenAnswer, TokenSink, TokenText, TokensReport, VocabInfo};
use crate::cli;
use crate::embedding::{TOKEN_EMBEDDING, Table};
use crate::similarity::norm;
use crate::text::{grouped, quoted};
use crate::vocab::{Token, Vocab};

/// Gives the tokens that match to a sink; returns what a reader should know
/// besides.
pub(super) fn run(
    args: &cli::Tokens,
    open: Opener,
    sink: &mut dyn TokenSink,
) -> Result<Vec<String>> {
    let pattern = Pattern::of(args)?;
    let model = open(&args.path)?;
    let name = || args.path.display().to_string();
    let gguf = model.metadata().with_context(name)?;
    let vocab = Vocab::open(gguf)?.map_err(anyhow::Error::msg).with_context(name)?;
    let wanted = args.token_type.map(type_name);
    if wanted.is_some() && !vocab.has_types() {
        return Err(anyhow!("the file does not say which types its tokens have").context(name()));
    }
    let table = args.norm.then(|| Table::of_model(&model, TOKEN_EMBEDDING)).transpose();
    let table = table.with_context(name)?;
    let (scores, ranks) = (vocab.scores()?, vocab.merge_ranks()?);
    let range = args.range.clone().unwrap_or(0..u64::MAX);
    vocab.check().with_context(name)?;

    sink.begin(&VocabInfo {
        model: name(),
        n_tokens: vocab.len(),
        scores: scores.is_some(),
        merges: ranks.is_some(),
        norms: args.norm,
    })?;
    let (mut matched, mut rowless) = (0_u64, 0_u64);
    vocab.each(|id, text| {
        if id >= range.end {
            return Ok(false);
        }
        if id < range.start || !pattern.matches(text) {
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
        rowless += u64::from(args.norm && row.is_none());
        sink.token(TokenAnswer {
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
    sink.end()?;

    let mut notes = Vec::new();
    if matched == 0 {
        let sign = args.pattern.as_deref().is_some_and(|pattern| pattern.contains(['▁', 'Ġ']));
        let spaces = if sign { ": here a space is a space, not the sign for one" } else { "" };
        notes.push(format!("none of the {} tokens matches{spaces}", grouped(vocab.len().into())));
    }
    if rowless > 0 {
        notes.push(format!("{rowless} of {matched} tokens have no row in the file, so no norm"));
    }
    Ok(notes)
}

/// The same as a value.
pub(super) fn collect(args: &cli::Tokens, open: Opener) -> Result<TokensReport> {
    let mut kept = Kept(None, Vec::new());
    let notes = run(args, open, &mut kept)?;
    let Kept(vocab, tokens) = kept;
    Ok(TokensReport { vocab: vocab.context("no vocabulary")?, tokens, notes })
}

/// A sink that keeps everything.
struct Kept(Option<VocabInfo>, Vec<TokenAnswer>);

impl TokenSink for Kept {
    fn begin(&mut self, vocab: &VocabInfo) -> Result<()> {
        self.0 = Some(vocab.clone());
        Ok(())
    }

    fn token(&mut self, token: TokenAnswer) -> Result<()> {
        self.1.push(token);
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        Ok(())
    }
}

/// What a token's text has to be.
enum Pattern<'a> {
    Anything,
    Holds(&'a str),
    Is(&'a str),
    Matches(Regex),
}

impl<'a> Pattern<'a> {
    fn of(args: &'a cli::Tokens) -> Result<Self> {
        Ok(match args.pattern.as_deref() {
            None => Self::Anything,
            Some(text) if args.exact => Self::Is(text),
            Some(text) if args.regex => Self::Matches(regex(text)?),
            Some(text) => Self::Holds(text),
        })
    }

    fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Anything => true,
            Self::Holds(part) => String::from_utf8_lossy(text).contains(part),
            Self::Is(all) => all.as_bytes() == text,
            Self::Matches(regex) => regex.is_match(&String::from_utf8_lossy(text)),
        }
    }
}

fn regex(text: &str) -> Result<Regex> {
    Regex::new(text).map_err(|error| {
        // The crate draws the place over several lines and says what last.
        let drawn = error.to_string();
        let what = drawn.lines().last().unwrap_or_default().trim_start_matches("error: ");
        anyhow!("the regular expression {} is not one: {what}", quoted(text, 64))
    })
}

fn type_name(token_type: cli::TokenType) -> &'static str {
    use crate::vocab::TokenType as Type;
    match token_type {
        cli::TokenType::Normal => Type::Normal,
        cli::TokenType::Control => Type::Control,
        cli::TokenType::User => Type::UserDefined,
        cli::TokenType::Unused => Type::Unused,
        cli::TokenType::Byte => Type::Byte,
        cli::TokenType::Unknown => Type::Unknown,
    }
    .name()
}
