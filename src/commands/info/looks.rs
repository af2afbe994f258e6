//! How `info` looks: facts on one screen, or keys or tensors with one line each.

use std::io::Write;

use anyhow::Result;

use super::answer::{
    AddedTokens, Fillers, InfoReport, InfoTable, InfoTensor, KeyValue, OutputKind, TokenizerInfo,
    TokensOfType,
};
use super::facts::{facts, shape, shown};
use crate::report::number::{decimal_size, grouped, percent};
use crate::report::{Answer, Cell, Column, Page, Records, TOKEN_WIDTH, json};
use crate::text::{clip, counted, harmless, visible};

/// The column where facts begin, after the longest label.
const LABEL: usize = "other tables".len() + 2;

/// The screen shows at most this many oddities.
const TOLD: usize = 8;

impl Answer for InfoReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        if let Some(keys) = &self.keys {
            out.header(&["key", "type", "value"].map(Column::of))?;
            keys.iter().try_for_each(|key| {
                let [name, kind] = [&key.key, &key.value_type].map(Cell::text);
                out.record(&[name, kind, Cell::shown(shown(key))])
            })
        } else if let Some(tensors) = &self.tensors {
            out.header(&["name", "type", "shape", "#bytes"].map(Column::of))?;
            tensors.iter().try_for_each(|tensor| {
                let [name, kind] = [&tensor.name, &tensor.format].map(Cell::text);
                let shape = Cell::text(shape(&tensor.shape));
                out.record(&[name, kind, shape, Cell::count(tensor.bytes)])
            })
        } else {
            out.header(&["key", "value"].map(Column::of))?;
            facts(self, &mut |key, value| out.record(&[Cell::Word(key), Cell::shown(value)]))
        }
    }

    fn lines(&self, out: &mut dyn Write) -> Result<()> {
        match (&self.keys, &self.tensors) {
            (Some(keys), _) => json::lines(keys, out),
            (_, Some(tensors)) => json::lines(tensors, out),
            _ => json::line(self, out),
        }
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        match (&self.keys, &self.tensors) {
            (Some(keys), _) => {
                for key in keys {
                    // The text of an array begins with its type.
                    let typed = match key.value {
                        KeyValue::List(_) => String::new(),
                        _ => format!("{}  ", key.value_type),
                    };
                    let line = format!("{}  {typed}{}", visible(&key.key), shown(key));
                    writeln!(page, "{}", clip(&line, page.width()))?;
                }
                more(keys.len(), self.n_keys, page)?;
            }
            (_, Some(tensors)) => {
                tensor_list(tensors, page)?;
                more(tensors.len(), self.n_tensors, page)?;
            }
            _ => screen(self, page)?,
        }
        let strict = self.strict.as_ref().map(|strict| match &strict.problem {
            None => "gguf-rs-lib's strict reader takes the file".to_owned(),
            Some(problem) => format!("gguf-rs-lib's strict reader objects: {}", harmless(problem)),
        });
        strict.map_or(Ok(()), |strict| page.labelled(LABEL, "strict", &strict))
    }
}

/// Prints a note if the list is not complete.
fn more(listed: usize, all: u64, page: &mut Page) -> Result<()> {
    match all.saturating_sub(listed as u64) {
        0 => Ok(()),
        more => Ok(writeln!(page, "... and {} more", grouped(more))?),
    }
}

fn tensor_list(tensors: &[InfoTensor], page: &mut Page) -> Result<()> {
    let half = page.width() / 2;
    let rows = tensors.iter().map(|tensor| {
        let name = clip(&visible(&tensor.name), half).into_owned();
        let shape = clip(&shape(&tensor.shape), 24).into_owned();
        let bytes = tensor.bytes.map_or_else(|| "?".to_owned(), grouped);
        [name, tensor.format.clone(), shape, bytes]
    });
    page.grid(&["tensor", "type", "shape", "#bytes"].map(Column::of), rows)
}

fn screen(report: &InfoReport, page: &mut Page) -> Result<()> {
    let parameters = grouped(report.parameters);
    let file_type = report.file_type.as_ref().map(|file_type| {
        let name = file_type.name.unwrap_or("not a number that llama.cpp knows");
        format!("{name} (general.file_type {})", file_type.id)
    });
    let has_head = report.table.is_some() || report.output.is_some();
    let tokenizer = report.tokenizer.as_ref();
    let kind = tokenizer.map(|tokenizer| kind(tokenizer, report.table.as_ref()));
    let special = tokenizer.map(special).filter(|special| !special.is_empty());
    let context = report.context_length.map(|length| format!("{} tokens", grouped(length)));
    let explains = report.is_embedding_model && !page.is_quiet();
    let facts = [
        ("name", Some(text_or_none(report.name.as_deref(), "(none given)"))),
        ("architecture", Some(text_or_none(report.architecture.as_deref(), "(none given)"))),
        ("parameters", Some(format!("{parameters} in {}", counted(report.n_tensors, "tensor")))),
        ("file type", file_type),
        ("stored as", (!report.types.is_empty()).then(|| types(report))),
        ("table", Some(table(report))),
        ("output head", has_head.then(|| head(report))),
        ("other tables", (report.n_other_tables > 0).then(|| others(report))),
        ("tokenizer", Some(kind.unwrap_or_else(|| "none".to_owned()))),
        ("tokens", tokenizer.and_then(tokens)),
        ("special", special),
        ("context", context),
        ("embeddings", explains.then(|| OF_TEXTS.to_owned())),
        ("file", Some(file(report))),
    ];
    for (label, fact) in facts {
        fact.map_or(Ok(()), |fact| page.labelled(LABEL, label, &fact))?;
    }
    let mut odd = ["odd"].into_iter();
    let mut say = |text: &str| page.labelled(LABEL, odd.next().unwrap_or_default(), text);
    report.oddities.iter().take(TOLD).try_for_each(|oddity| say(&harmless(oddity)))?;
    match report.oddities.len().saturating_sub(TOLD) {
        0 => Ok(()),
        more => say(&format!("and {more} more (--format json has them)")),
    }
}

/// What people look for in the table of an embedding model.
const OF_TEXTS: &str = "a row is not the embedding of a text: the model computes that from all of \
                        the text's tokens";

fn text_or_none(text: Option<&str>, none: &str) -> String {
    text.map_or_else(|| none.to_owned(), |text| clip(&visible(text), 120).into_owned())
}

fn types(report: &InfoReport) -> String {
    let each = report.types.iter().map(|share| {
        let size = share.bytes.map_or_else(|| "size unknown".to_owned(), decimal_size);
        format!("{} ({}, {size})", share.format, counted(share.tensors, "tensor"))
    });
    each.collect::<Vec<_>>().join(", ")
}

fn table(report: &InfoReport) -> String {
    let Some(table) = &report.table else {
        return match report.seems {
            Some(kind) => format!("none: this seems to be {kind}"),
            None => "none: no tensor is named token_embd.weight".to_owned(),
        };
    };
    let tensor = &table.tensor;
    let size = tensor.bytes.map_or_else(
        || "size unknown".to_owned(),
        |bytes| {
            let of_file = match table.share {
                Some(share) => format!("{} of the file", percent(share)),
                None => "more than the file, which is cut short".to_owned(),
            };
            let of_all = table.parameter_share.map_or_else(String::new, |share| {
                format!(", {} of the parameters", percent(share))
            });
            format!("{} bytes ({}), {of_file}{of_all}", grouped(bytes), decimal_size(bytes))
        },
    );
    format!("{} {}, {}: {size}", shape(&tensor.shape), tensor.format, visible(&tensor.name))
}

fn head(report: &InfoReport) -> String {
    match (report.output_head, &report.output) {
        (_, Some(output)) => format!("separate: {}", tensor(output)),
        (OutputKind::Tied, _) => "tied: the same table is used again".to_owned(),
        (OutputKind::Unknown, _) => "unknown: it may be in a part that is missing".to_owned(),
        _ => "none: an encoder".to_owned(),
    }
}

fn tensor(tensor: &InfoTensor) -> String {
    let size = tensor.bytes.map_or_else(String::new, |n| format!(", {}", decimal_size(n)));
    let name = visible(&tensor.name);
    format!("{} {} {}{size}", clip(&name, 64), shape(&tensor.shape), tensor.format)
}

fn others(report: &InfoReport) -> String {
    let named: Vec<String> = report.other_tables.iter().map(tensor).collect();
    let named = named.join("; ");
    match report.n_other_tables.saturating_sub(report.other_tables.len() as u64) {
        0 => named,
        more => format!("{named}; and {more} more (--tensors)"),
    }
}

fn kind(tokenizer: &TokenizerInfo, table: Option<&InfoTable>) -> String {
    let mut text = text_or_none(tokenizer.model.as_deref(), "(no model named)");
    if let Some(pre) = &tokenizer.pre {
        text += &format!(", pre-tokenizer {}", clip(&visible(pre), 40));
    }
    text += &match tokenizer.n_tokens {
        Some(n) => format!(", {}", counted(n, "token")),
        None => ", no list of tokens".to_owned(),
    };
    let rows = table.and_then(|table| table.tensor.shape.first().copied());
    if rows.is_some() && rows == tokenizer.n_tokens {
        text += " (one for each row)";
    }
    text += &adds(tokenizer);
    text
}

/// What goes around a text: `, adds bos`.
fn adds(tokenizer: &TokenizerInfo) -> String {
    let stated = [(tokenizer.add_bos, "bos"), (tokenizer.add_eos, "eos")];
    let Some(AddedTokens { front, behind, is_default }) = &tokenizer.adds else {
        let stated = stated.iter().filter(|(adds, _)| *adds == Some(true));
        return stated.map(|(_, name)| format!(", adds {name}")).collect();
    };
    let added: Vec<&str> = [front, behind].into_iter().flatten().map(String::as_str).collect();
    let added = if added.is_empty() { "no bos".to_owned() } else { added.join(" and ") };
    format!(", adds {added}{}", if *is_default { " (the default: no key says so)" } else { "" })
}

/// How many tokens are of each type.
fn tokens(tokenizer: &TokenizerInfo) -> Option<String> {
    let of = |TokensOfType { token_type, tokens }: &TokensOfType| {
        let name = match *token_type {
            "normal" => "ordinary",
            "user" => "user-defined",
            "none" => "of no type",
            other => other,
        };
        format!("{} {name}", grouped(*tokens))
    };
    let mut each: Vec<String> = tokenizer.types.iter().map(of).collect();
    if let Some(Fillers { from_id, to_id }) = tokenizer.fillers {
        let n = to_id - from_id + 1;
        each.push(match n {
            1 => format!("1 filler [PAD{to_id}]"),
            _ => format!("{} fillers [PAD{from_id}] to [PAD{to_id}]", grouped(n)),
        });
    }
    (!each.is_empty()).then(|| each.join(", "))
}

fn special(tokenizer: &TokenizerInfo) -> String {
    let each = tokenizer.special.iter().map(|token| {
        let name = visible(&token.name);
        format!("{} {} {}", clip(&name, 24), token.id, token.token.quoted(TOKEN_WIDTH))
    });
    each.collect::<Vec<_>>().join(", ")
}

fn file(report: &InfoReport) -> String {
    let mut text = format!(
        "{} bytes ({}), {}{}, {}, header {}",
        grouped(report.file_bytes),
        decimal_size(report.file_bytes),
        report.format,
        report.version.map_or_else(String::new, |version| format!(" version {version}")),
        match report.version {
            Some(_) => counted(report.n_keys, "key"),
            None => format!("config.json of {}", counted(report.n_keys, "field")),
        },
        decimal_size(report.header_bytes),
    );
    if let Some(alignment) = report.alignment {
        text += &format!(", alignment {alignment}");
    }
    if report.parts > 1 {
        text += &format!(", split in {}", report.parts);
    }
    if let [first, more @ ..] = &report.missing_parts[..] {
        let and = if more.is_empty() { "" } else { " and others" };
        text += &format!(" ({}{and} not there)", visible(first));
    }
    text
}
