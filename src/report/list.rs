//! Answers with a head and many items, which are written as they are found.

use anyhow::Result;
use serde::Serialize;

use super::markdown::Markdown;
use super::page::{Grid, Page};
use super::reader::Turn;
use super::records::{Column, Records};

/// The head of a list. It knows how the items look in each form.
pub trait List: Serialize + Sized + Sync {
    type Item: Serialize;

    /// The JSON field with the items; it comes after the fields of the head.
    const ITEMS: &'static str;

    /// Where the notes are shown.
    const NOTES: Notes = Notes::Last;

    /// Whether the table is printed item by item, or all items at the end.
    const LINE_BY_LINE: bool = false;

    /// Whether a person at a terminal reads the table page by page.
    const PAGED: bool = false;

    fn columns(&self) -> Vec<Column<'_>>;

    /// Writes the records of an item, usually one.
    fn records(&self, item: &Self::Item, out: &mut dyn Records) -> Result<()>;

    /// Prints all items, if the table is not printed item by item.
    fn table(&self, items: &[Self::Item], page: &mut Page) -> Result<()> {
        let mut grid = Grid::new(&self.columns());
        items.iter().try_for_each(|item| self.records(item, &mut grid))?;
        grid.print(page)
    }

    /// Prints the part above the items, if the table is printed item by item.
    fn table_head(&self, _: &mut Page) -> Result<()> {
        Ok(())
    }

    /// Prints item number `nth`, counted from 0, if the table is printed item by item.
    fn table_item(&self, _nth: usize, _: &Self::Item, _: &mut Page) -> Result<()> {
        Ok(())
    }

    /// Prints the part below the items, if the table is printed item by item.
    fn table_end(&self, _: &mut Page) -> Result<()> {
        Ok(())
    }

    /// Prints the part above the items in Markdown.
    fn markdown_head(&self, page: &mut Page) -> Result<()> {
        Markdown::new(page).header(&self.columns())
    }

    /// Prints item number `nth`, counted from 0, in Markdown.
    fn markdown_item(&self, _nth: usize, item: &Self::Item, page: &mut Page) -> Result<()> {
        self.records(item, &mut Markdown::new(page))
    }
}

/// Where a list shows its notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notes {
    /// After the last item, in JSON as `notes`. Csv, tsv, jsonl and npy have no
    /// place for them: there they go to standard error.
    Last,
    /// Head and items print their own. Csv, tsv, jsonl and npy have no place for
    /// them: there they go to standard error.
    Within,
    /// On standard error in every form.
    Aside,
    /// In JSON as `notes` if there are any, otherwise on standard error.
    InJson,
}

/// Items that any thread can find by their number.
pub struct Items<'a, T> {
    pub n: u64,
    /// The number of threads that find and format them. The output does not depend on it.
    pub threads: usize,
    /// How many items a thread formats before they are written.
    pub per_block: u64,
    /// Finds item number `nth`, counted from 0.
    pub item: &'a (dyn Fn(u64) -> Result<T> + Sync),
}

/// Receives a list while it is found: the head, each item, the end.
pub trait Sink<L: List> {
    /// Receives the head, before the first item.
    fn head(&mut self, head: L) -> Result<()>;

    fn item(&mut self, item: L::Item) -> Result<()>;

    /// Receives many items.
    fn items(&mut self, items: &Items<L::Item>) -> Result<()> {
        (0..items.n).try_for_each(|nth| self.item((items.item)(nth)?))
    }

    /// Flushes the output, because the next item takes a while.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    /// Flushes the output and shows that `done` of `total` items are done.
    fn progress(&mut self, done: u64, total: u64) -> Result<()> {
        let _ = (done, total);
        self.flush()
    }

    /// Whether a person reads the list at a terminal, page by page.
    fn is_read(&self) -> bool {
        false
    }

    /// What the reader said at the end of a page of the last item. If the reader said
    /// nothing and `asks` is set, waits for the reader.
    fn turn(&mut self, asks: bool) -> Result<Turn> {
        let _ = asks;
        Ok(Turn::On)
    }

    /// Shows a question and waits for a line; `None` if nobody answers.
    fn ask(&mut self, question: &str) -> Result<Option<String>> {
        let _ = question;
        Ok(None)
    }

    /// Shows a reader a paragraph.
    fn say(&mut self, text: &str) -> Result<()> {
        let _ = text;
        Ok(())
    }

    /// Receives the notes, after the last item.
    fn end(&mut self, notes: Vec<String>) -> Result<()>;
}
