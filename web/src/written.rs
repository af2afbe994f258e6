//! Answers as texts. The program's own printer knows every form, which would double the
//! download.

use anyhow::{Context, Result};
use embcli::report::{List, Notes, Page, Sink, Style};
use serde::Serialize;

/// An answer as JSON.
pub fn json(answer: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(answer)?)
}

/// A list as JSON: the fields of the head, the items, the notes.
#[derive(Default)]
pub struct Json {
    text: Vec<u8>,
    n: u64,
}

impl Json {
    pub fn text(self) -> Result<String> {
        Ok(String::from_utf8(self.text)?)
    }
}

impl<L: List> Sink<L> for Json {
    fn head(&mut self, head: L) -> Result<()> {
        serde_json::to_writer(&mut self.text, &head)?;
        // Without the brace: the items follow.
        self.text.pop();
        self.text.extend(format!(",\"{}\":[", L::ITEMS).as_bytes());
        Ok(())
    }

    fn item(&mut self, item: L::Item) -> Result<()> {
        self.text.extend((self.n > 0).then_some(b','));
        self.n += 1;
        Ok(serde_json::to_writer(&mut self.text, &item)?)
    }

    fn end(&mut self, notes: Vec<String>) -> Result<()> {
        self.text.push(b']');
        if L::NOTES == Notes::Last || !notes.is_empty() {
            self.text.extend(b",\"notes\":");
            serde_json::to_writer(&mut self.text, &notes)?;
        }
        self.text.push(b'}');
        Ok(())
    }
}

/// The items of a list as Markdown, without what is above them.
pub struct Markdown<L> {
    head: Option<L>,
    text: Vec<u8>,
    n: usize,
}

impl<L> Default for Markdown<L> {
    fn default() -> Self {
        Self { head: None, text: Vec::new(), n: 0 }
    }
}

impl<L> Markdown<L> {
    pub fn text(self) -> Result<String> {
        Ok(String::from_utf8(self.text)?)
    }
}

impl<L: List> Sink<L> for Markdown<L> {
    fn head(&mut self, head: L) -> Result<()> {
        self.head = Some(head);
        Ok(())
    }

    fn item(&mut self, item: L::Item) -> Result<()> {
        let head = self.head.as_ref().context("an item before its head")?;
        // Only tables have a width.
        let style = Style { width: 100, color: false, quiet: false };
        let mut page = Page::new(style, &mut self.text);
        head.markdown_item(self.n, &item, &mut page)?;
        self.n += 1;
        Ok(())
    }

    fn end(&mut self, _: Vec<String>) -> Result<()> {
        Ok(())
    }
}
