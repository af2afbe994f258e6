//! One finding, and the list of them.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::codes::Code;
use super::{Severity, Verdict};
use crate::commands::model::View;
use crate::report::{TokenText, UNBROKEN};
use crate::text::{grouped, harmless};
use crate::vocab::Vocab;

/// At most this many IDs of a finding are listed, and this many with their texts.
pub(super) const MOST_IDS: usize = 10_000;
const NAMED: usize = 10;

/// Columns for the text of a token in a sentence.
const TEXT: usize = 24;

/// One finding.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// A fixed word for what it is about. `docs/check.md` lists them.
    pub code: &'static str,
    pub severity: Severity,
    /// Whether `--allow` accepts it. It then does not count for the verdict.
    pub allowed: bool,
    /// The tensor it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tensor: Option<String>,
    pub message: String,
    pub next: String,
    #[serde(flatten)]
    pub place: Option<OrderPlace>,
    #[serde(flatten)]
    pub about: Option<About>,
    pub evidence: Value,
}

/// The rows or tokens that a finding is about.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// How many there are.
    pub n_ids: u64,
    /// Their IDs, ascending; at most 10,000.
    pub ids: Vec<u64>,
    /// The first ten with their texts: those that matter most first.
    pub tokens: Vec<NamedToken>,
}

/// A token with its ID.
#[derive(Clone, Debug, Serialize)]
pub struct NamedToken {
    pub id: u64,
    #[serde(flatten)]
    pub token: TokenText,
}

/// A range of tokens whose rows belong to other tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OrderPlace {
    pub from_id: u64,
    pub to_id: u64,
    /// Added to a token's ID, it gives the row that fits the token. `None` if no single
    /// offset fits.
    pub offset: Option<i64>,
}

impl Finding {
    /// A finding with the severity and the remedy of its code.
    pub(super) fn of(code: &Code, message: impl Into<String>) -> Self {
        Self {
            code: code.name,
            severity: code.severity,
            allowed: false,
            tensor: None,
            message: message.into(),
            next: code.remedy.to_owned(),
            place: None,
            about: None,
            evidence: json!({}),
        }
    }

    /// Matters no more than a note.
    pub(super) fn noted(self) -> Self {
        Self { severity: Severity::Note, ..self }
    }

    /// Is a problem, whatever it is elsewhere.
    pub(super) fn serious(self) -> Self {
        Self { severity: Severity::Problem, ..self }
    }

    pub(super) fn next(self, next: impl Into<String>) -> Self {
        Self { next: next.into(), ..self }
    }

    pub(super) fn evidence(self, evidence: Value) -> Self {
        Self { evidence, ..self }
    }

    /// Is about a table, or these rows of it: those that matter most first.
    pub(super) fn table(self, view: &View) -> Self {
        Self { tensor: Some(view.table.name().to_owned()), ..self }
    }

    /// Is about rows of a table, the most important ones first. `n` is how many there are if
    /// not all are given.
    pub(super) fn rows(
        self,
        view: &View,
        n: Option<u64>,
        ids: impl IntoIterator<Item = u64>,
    ) -> Result<Self> {
        self.table(view).tokens(view.vocab().ok(), n, ids)
    }

    /// Is about tokens.
    pub(super) fn tokens(
        self,
        vocab: Option<&Vocab>,
        n: Option<u64>,
        ids: impl IntoIterator<Item = u64>,
    ) -> Result<Self> {
        let mut ids = ids.into_iter();
        let mut listed: Vec<u64> = ids.by_ref().take(MOST_IDS).collect();
        let n_ids = n.unwrap_or_else(|| listed.len() as u64 + ids.count() as u64);
        let name = |&id: &u64| -> Result<NamedToken> {
            let token = vocab.map(|vocab| vocab.token(id)).transpose()?.flatten();
            Ok(NamedToken { id, token: token.into() })
        };
        let tokens = listed.iter().take(NAMED).map(name).collect::<Result<_>>()?;
        listed.sort_unstable();
        Ok(Self { about: Some(About { n_ids, ids: listed, tokens }), ..self })
    }

    /// Is about a range of tokens whose rows lie elsewhere.
    pub(super) fn place(self, view: &View, place: OrderPlace) -> Result<Self> {
        let n = place.to_id - place.from_id + 1;
        let finding = self.rows(view, Some(n), (place.from_id..=place.to_id).take(MOST_IDS))?;
        Ok(Self { place: Some(place), ..finding })
    }

    /// Its severity, or that it is accepted.
    pub fn label(&self) -> &'static str {
        if self.allowed { "allowed" } else { self.severity.name() }
    }

    /// The message, and the first tokens that it is about.
    pub fn sentence(&self) -> String {
        self.with_tokens(&self.message, |named| named)
    }

    /// The same for a page, where no line breaks within a token's text.
    pub(super) fn unbroken(&self) -> String {
        self.with_tokens(&harmless(&self.message), |named| named.replace(' ', UNBROKEN))
    }

    fn with_tokens(&self, message: &str, named: impl Fn(String) -> String) -> String {
        match &self.about {
            // The message names the ends of a range.
            Some(about) if self.place.is_none() && about.n_ids > 0 => {
                let tokens: Vec<String> =
                    about.tokens.iter().map(|token| named(token.named())).collect();
                let more = match about.n_ids - about.tokens.len() as u64 {
                    0 => String::new(),
                    more => format!(" and {} more", grouped(more.into())),
                };
                format!("{message}: {}{more}", tokens.join(", "))
            }
            _ => message.to_owned(),
        }
    }
}

impl NamedToken {
    /// The ID and the text, for a sentence.
    fn named(&self) -> String {
        match &self.token.token {
            Some(_) => format!("{} {}", self.id, self.token.named(TEXT)),
            None => self.id.to_string(),
        }
    }
}

/// The ID and the text of a token, for a sentence.
pub(super) fn named(view: &View, id: u64) -> Result<String> {
    Ok(NamedToken { id, token: view.token(id)? }.named())
}

/// The findings so far.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(super) fn append(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether there is a finding of this code about a table.
    pub(super) fn has(&self, code: &Code, view: &View) -> bool {
        let name = Some(view.table.name());
        self.0.iter().any(|it| it.code == code.name && it.tensor.as_deref() == name)
    }

    /// The finding of a code about a table is a problem after all.
    pub(super) fn raise(&mut self, code: &Code, view: &View) {
        self.of(code, view).for_each(|it| it.severity = Severity::Problem);
    }

    /// The finding of a code about a table has another remedy.
    pub(super) fn lead(&mut self, code: &Code, view: &View, next: &str) {
        self.of(code, view).for_each(|it| it.next = next.to_owned());
    }

    fn of<'a>(
        &'a mut self,
        code: &'a Code,
        view: &'a View,
    ) -> impl Iterator<Item = &'a mut Finding> {
        let is_one = |it: &&mut Finding| {
            it.code == code.name && it.tensor.as_deref() == Some(view.table.name())
        };
        self.0.iter_mut().filter(is_one)
    }

    /// Whether there is a finding of one of these codes.
    pub(super) fn any(&self, codes: &[&Code]) -> bool {
        self.0.iter().any(|it| codes.iter().any(|code| code.name == it.code))
    }

    /// Takes back findings of these codes about a table, which another one explains.
    pub(super) fn take_back(&mut self, codes: &[&Code], view: &View) {
        let name = Some(view.table.name());
        let is_one = |it: &Finding| codes.iter().any(|code| code.name == it.code);
        self.0.retain(|it| it.tensor.as_deref() != name || !is_one(it));
    }

    /// Takes back notes of a code about a table if at least half of their IDs are in
    /// another finding about it.
    pub(super) fn take_back_within(&mut self, code: &Code, within: &Code, view: &View) {
        let name = Some(view.table.name());
        let is_of =
            |it: &Finding, code: &Code| it.code == code.name && it.tensor.as_deref() == name;
        let of = |it: &Finding| it.about.as_ref().map_or(Vec::new(), |about| about.ids.clone());
        let known: Vec<u64> = self.0.iter().filter(|it| is_of(it, within)).flat_map(of).collect();
        self.0.retain(|it| {
            let ids = of(it);
            let n = ids.iter().filter(|id| known.binary_search(id).is_ok()).count();
            !is_of(it, code) || it.severity != Severity::Note || 2 * n < ids.len()
        });
    }

    /// All findings, the worst first, and the verdict of those that are not
    /// accepted.
    pub(super) fn finish(mut self, allow: &[&'static Code]) -> (Verdict, Vec<Finding>) {
        for finding in &mut self.0 {
            finding.allowed = allow.iter().any(|code| code.name == finding.code);
        }
        // The sort is stable: within a severity, findings keep the order of the checks.
        self.0.sort_by_key(|finding| (finding.allowed, finding.severity));
        let counted = self.0.iter().filter(|finding| !finding.allowed);
        let verdict = match counted.map(|finding| finding.severity).min() {
            Some(Severity::Problem) => Verdict::Problems,
            Some(Severity::Unknown) => Verdict::Unknown,
            Some(Severity::Note) | None => Verdict::Ok,
        };
        (verdict, self.0)
    }
}
