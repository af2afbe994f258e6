//! Compares the vocabularies of two files: texts, types, scores, special tokens, and
//! how texts are split.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use anyhow::Result;
use serde_json::json;

use super::{Finding, Findings, codes};
use crate::check::compare::Matching;
use crate::model::{Error, Fact, Strings};
use crate::report::TokenText;
use crate::text::{counted, grouped, visible};
use crate::vocab::{TokenType, Vocab};

/// Columns for the text of a token.
const TEXT: usize = 24;

/// Compares two vocabularies where no rows can be: every token with the one of the
/// same ID.
pub(super) fn alone(one: &Vocab, other: &Vocab, findings: &mut Findings) -> Result<()> {
    let matching = Matching::by_text((one, u64::MAX), (other, u64::MAX))?;
    let n = one.len().min(other.len());
    if one.len() != other.len() {
        let message = format!(
            "this file has {}, the other {}",
            counted(one.len(), "token"),
            grouped(other.len().into())
        );
        let evidence = json!({ "tokens": one.len(), "other_tokens": other.len() });
        findings.push(Finding::of(&codes::OTHER_SIZE, message).evidence(evidence));
    }
    let moved = matching.moved().map(|[id, _]| *id);
    let mut differ: Vec<u32> = moved.chain(matching.added.iter().copied()).collect();
    differ.retain(|id| u64::from(*id) < n);
    differ.sort_unstable();
    if let Some(first) = differ.first() {
        let message = format!(
            "{} of the {} that both have are other tokens, from {} on ({} in the other)",
            grouped(differ.len() as u128),
            counted(n, "ID"),
            told(one, *first)?,
            told(other, *first)?
        );
        let ids = differ.iter().map(|id| u64::from(*id));
        let finding = Finding::of(&codes::OTHER_TEXT, message).tokens(Some(one), None, ids)?;
        findings.push(match 2 * differ.len() as u64 > n {
            true => finding
                .next("these are two vocabularies, so no ID of one means the same in the other"),
            false => finding.noted().next("the two files give other IDs for one text"),
        });
    }
    beside([one, other], &matching, false, findings)
}

/// Reports IDs whose rows stayed and whose texts did not. A converter spells no ordinary
/// token anew.
pub(super) fn texts(
    vocabs: [&Vocab; 2],
    ids: &[u32],
    is_copy: bool,
    findings: &mut Findings,
) -> Result<()> {
    let text = |vocab: &Vocab, id: u32| Ok::<_, Error>(TokenText::from(vocab.token(id.into())?));
    let mut elsewhere = HashMap::new();
    for id in ids {
        elsewhere.insert(text(vocabs[1], *id)?.exact().into_owned(), *id);
    }
    let [mut exchanged, mut respelled, mut renamed] = [const { Vec::new() }; 3];
    for id in ids {
        let is_anothers = elsewhere.contains_key(&*text(vocabs[0], *id)?.exact());
        let is_ordinary = || {
            let kind = vocabs[1].token_type(u64::from(*id))?;
            Ok::<_, Error>(matches!(kind, None | Some(TokenType::Normal | TokenType::Byte)))
        };
        match () {
            () if is_anothers => exchanged.push(*id),
            () if is_copy && is_ordinary()? => respelled.push(*id),
            () => renamed.push(*id),
        }
    }
    for (ids, what, is_problem) in [
        (exchanged, "the text of another token in the other file, and its own row", true),
        (respelled, "another text in the original, and the same row", true),
        (renamed, "another text in the other file", false),
    ] {
        let Some(first) = ids.first() else { continue };
        let n = counted(ids.len() as u64, "ID");
        let has = if ids.len() == 1 { "has" } else { "have" };
        let message = format!("{n} {has} {what} ({} there)", told(vocabs[1], *first)?);
        let finding = Finding::of(&codes::OTHER_TEXT, message).tokens(
            Some(vocabs[0]),
            None,
            ids.iter().map(|id| u64::from(*id)),
        )?;
        let renamed = "usual where reserved tokens get names; else look at these";
        findings.push(if is_problem { finding } else { finding.noted().next(renamed) });
    }
    Ok(())
}

/// Reports what differs beside the texts: types, scores, special tokens, and how
/// texts are split.
pub(super) fn beside(
    [one, other]: [&Vocab; 2],
    matching: &Matching,
    is_copy: bool,
    findings: &mut Findings,
) -> Result<()> {
    let scores = (one.scores()?, other.scores()?);
    let (mut types, mut scored) = (Vec::new(), Vec::new());
    let mut first_types = None;
    for [id, there] in matching.pairs.iter().map(|pair| pair.map(u64::from)) {
        let of_type = (one.token_type(id)?, other.token_type(there)?);
        if of_type.0 != of_type.1 && one.has_types() && other.has_types() {
            types.push(id);
            first_types = first_types.or(Some(of_type));
        }
        if let (Some(scores), Some(others)) = &scores {
            let [a, b] = [scores.of(id)?, others.of(there)?];
            if a.map(f32::to_bits) != b.map(f32::to_bits) {
                scored.push(id);
            }
        }
    }
    if let Some((here, there)) = first_types {
        let name = |it: Option<_>| it.map_or("unknown", crate::vocab::TokenType::name);
        let message = format!(
            "{} of another type in the other file, the first {} here and {} there",
            counted(types.len() as u64, "token"),
            name(here),
            name(there)
        );
        findings.push(Finding::of(&codes::OTHER_TYPE, message).tokens(Some(one), None, types)?);
    }
    if !scored.is_empty() {
        let n = counted(scored.len() as u64, "token");
        let message = format!("{n} with a different score in the other file");
        findings.push(Finding::of(&codes::OTHER_SCORE, message).tokens(Some(one), None, scored)?);
    }
    special([one, other], is_copy, findings)?;
    // A checkpoint says in another way how texts are split.
    if is_copy { Ok(()) } else { splitting([one, other], findings) }
}

/// Reports roles that other tokens have. A converter finds more of them than
/// `config.json` has.
fn special([one, other]: [&Vocab; 2], is_copy: bool, findings: &mut Findings) -> Result<()> {
    let roles = |vocab: &Vocab| -> Result<Vec<(String, Option<i128>)>> {
        let tokens = vocab.model().special_tokens().take(256);
        tokens.map(|token| token.map(|it| (it.name, it.id)).map_err(Into::into)).collect()
    };
    let (here, there) = (roles(one)?, roles(other)?);
    let id_of = |roles: &[(String, Option<i128>)], name: &str| {
        roles.iter().find(|role| role.0 == name).and_then(|role| role.1)
    };
    let mut names: Vec<&String> = here.iter().chain(&there).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    let named = |vocab: &Vocab, id: Option<i128>| -> Result<String> {
        Ok(match id.and_then(|id| u32::try_from(id).ok()) {
            Some(id) => told(vocab, id)?,
            None => "none".to_owned(),
        })
    };
    let mut differ = Vec::new();
    for name in names {
        let [a, b] = [id_of(&here, name), id_of(&there, name)];
        if a != b && !(is_copy && (a.is_none() || b.is_none())) {
            let (a, b) = (named(one, a)?, named(other, b)?);
            differ.push(format!("{} is {a}, in the other {b}", visible(name)));
        }
    }
    if !differ.is_empty() {
        let n = differ.len();
        differ.truncate(8);
        let finding = Finding::of(&codes::OTHER_SPECIAL, differ.join("; "));
        findings.push(finding.evidence(json!({ "roles": n })));
    }
    Ok(())
}

/// Reports other merges, another tokenizer or another pre-tokenizer.
fn splitting([one, other]: [&Vocab; 2], findings: &mut Findings) -> Result<()> {
    for fact in [Fact::Tokenizer, Fact::PreTokenizer] {
        let [here, there] = [one.model().text(fact)?, other.model().text(fact)?];
        if here != there {
            let said = |it: Option<String>| {
                it.map_or("nothing".to_owned(), |it| crate::text::quoted(&it, 48))
            };
            let key = one.model().key(fact);
            let message =
                format!("{} is {}, in the other {}", visible(&key), said(here), said(there));
            findings.push(Finding::of(&codes::OTHER_TOKENIZER, message));
        }
    }
    let merges = |vocab: &Vocab| match vocab.model().merges() {
        Ok(merges) => merges.map(|merges| hashes(&merges)).transpose(),
        Err(Error::Unfit(_)) => Ok(None),
        Err(error) => Err(error),
    };
    let (here, there) = (merges(one)?.unwrap_or_default(), merges(other)?.unwrap_or_default());
    if here != there {
        let first = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
        let [a, b] = [&here, &there].map(|it| grouped(it.len() as u128));
        let message =
            format!("{a} merges here, {b} in the other; merge {first} is the first that differs");
        let evidence = json!({ "merges": here.len(), "other_merges": there.len(), "first": first });
        findings.push(Finding::of(&codes::OTHER_TOKENIZER, message).evidence(evidence));
    }
    Ok(())
}

/// The hashes of some texts; the first million are enough.
fn hashes(texts: &Strings) -> Result<Vec<u64>, Error> {
    let mut hashes = Vec::new();
    texts.each(|_, text| {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hashes.push(hasher.finish());
        Ok::<_, Error>(hashes.len() < 1 << 20)
    })?;
    Ok(hashes)
}

/// The ID and the text of a token, for a sentence.
fn told(vocab: &Vocab, id: u32) -> Result<String> {
    let text = TokenText::from(vocab.token(id.into())?);
    Ok(format!("{id} {}", text.named(TEXT)))
}
