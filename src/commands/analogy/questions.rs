//! A file of questions, as word2vec has them: four words a line, and lines `: name`
//! between the sections.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::text::quoted;

/// At most this many bytes are read.
const MAX_FILE: u64 = 1 << 26;

/// Questions of one kind.
#[derive(Debug, PartialEq)]
pub(super) struct Section {
    pub name: String,
    pub questions: Vec<[String; 4]>,
}

/// The sections of a file.
pub(super) fn read(path: &Path) -> Result<Vec<Section>> {
    let name = || path.display().to_string();
    let length = std::fs::metadata(path).with_context(name)?.len();
    ensure!(length <= MAX_FILE, "{} is larger than {} MiB", name(), MAX_FILE >> 20);
    parse(&std::fs::read_to_string(path).with_context(name)?).with_context(name)
}

fn parse(text: &str) -> Result<Vec<Section>> {
    let mut sections: Vec<Section> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix(':') {
            sections.push(Section { name: name.trim().to_owned(), questions: Vec::new() });
            continue;
        }
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let Ok(question) = <[String; 4]>::try_from(words) else {
            bail!("line {}: {} is no question of four words", i + 1, quoted(line, 48));
        };
        if sections.is_empty() {
            sections.push(Section { name: "questions".to_owned(), questions: Vec::new() });
        }
        sections.last_mut().context("a section")?.questions.push(question);
    }
    ensure!(sections.iter().any(|it| !it.questions.is_empty()), "the file has no questions");
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_questions_of_four_words() {
        let sections = parse(": gender\nman king woman queen\n\n# a comment\n: none\n").unwrap();
        assert_eq!(sections.len(), 2);
        assert_eq!(sections[0].questions, [["man", "king", "woman", "queen"].map(str::to_owned)]);
        assert_eq!(parse("a b c d").unwrap()[0].name, "questions");
        let error = parse("a b c").unwrap_err().to_string();
        assert_eq!(error, "line 1: \"a b c\" is no question of four words");
        assert!(parse(": only\n").is_err());
    }
}
