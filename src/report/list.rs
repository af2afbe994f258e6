//! Answers that are a head and a list of items, which can be written one by one
//! as they are found.

use anyhow::Result;
use serde::Serialize;

use super::markdown::Markdown;
use super::page::{Grid, Page};
use super::records::{Column, Records};

/// The head of such an answer, which knows how its items look in each form.
pub trait List: Serialize + Sized {
    /// One of the items.
    type Item: Serialize;

    /// The field of JSON that the items are in, after those of the head.
    const ITEMS: &'static str;

    /// Where the notes are told.
    const NOTES: Notes = Notes::Last;

    /// Whether a table is printed line by line, as the items come.
    const LINE_BY_LINE: bool = false;

    /// The columns of the records.
    fn columns(&self) -> Vec<Column<'_>>;

    /// Writes the records of an item, usually one.
    fn records(&self, item: &Self::Item, out: &mut dyn Records) -> Result<()>;

    /// Prints all items for a person, where the table is not line by line.
    fn table(&self, items: &[Self::Item], page: &mut Page) -> Result<()> {
        let mut grid = Grid::new(&self.columns());
        items.iter().try_for_each(|item| self.records(item, &mut grid))?;
        grid.print(page)
    }

    /// Prints what stands above the items in a table that is line by line.
    fn table_head(&self, _: &mut Page) -> Result<()> {
        Ok(())
    }

    /// Prints one item of such a table.
    fn table_item(&self, _: &Self::Item, _: &mut Page) -> Result<()> {
        Ok(())
    }

    /// Prints what stands above the items in Markdown.
    fn markdown_head(&self, page: &mut Page) -> Result<()> {
        Markdown::new(page).header(&self.columns())
    }

    /// Prints item number `nth`, counted from 0, in Markdown.
    fn markdown_item(&self, _nth: usize, item: &Self::Item, page: &mut Page) -> Result<()> {
        self.records(item, &mut Markdown::new(page))
    }
}

/// Where a list tells its notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notes {
    /// After the last item, in JSON as `notes`; on standard error where a form
    /// has no place for them.
    Last,
    /// Head and items tell their own where a form has a place for them; on
    /// standard error elsewhere.
    Within,
    /// On standard error, whatever the form.
    Aside,
}

/// Takes a list as it is found: the head, the items, the end.
pub trait Sink<L: List> {
    /// The head comes first.
    fn head(&mut self, head: L) -> Result<()>;

    /// The next item.
    fn item(&mut self, item: L::Item) -> Result<()>;

    /// Lets out what is held back: the next item takes a while.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    /// The same, and says how far the work is.
    fn progress(&mut self, _done: u64, _total: u64) -> Result<()> {
        self.flush()
    }

    /// Whether the reader wants the next item: asked by a command whose items
    /// are read one at a time.
    fn goes_on(&mut self) -> Result<bool> {
        Ok(true)
    }

    /// After the last item, with what a reader should know besides.
    fn end(&mut self, notes: Vec<String>) -> Result<()>;
}

/// A list that is there as a whole: what a command gave to this sink.
#[derive(Clone, Debug)]
pub struct Listed<L: List> {
    /// What the items are about; `None` before the command has begun.
    pub head: Option<L>,
    /// The items in order.
    pub items: Vec<L::Item>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

impl<L: List> Default for Listed<L> {
    fn default() -> Self {
        Self { head: None, items: Vec::new(), notes: Vec::new() }
    }
}

impl<L: List> Listed<L> {
    /// Gives it to another sink.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn give(self, sink: &mut dyn Sink<L>) -> Result<()> {
        self.head.into_iter().try_for_each(|head| sink.head(head))?;
        self.items.into_iter().try_for_each(|item| sink.item(item))?;
        sink.end(self.notes)
    }
}

impl<L: List> Sink<L> for Listed<L> {
    fn head(&mut self, head: L) -> Result<()> {
        self.head = Some(head);
        Ok(())
    }

    fn item(&mut self, item: L::Item) -> Result<()> {
        self.items.push(item);
        Ok(())
    }

    fn end(&mut self, notes: Vec<String>) -> Result<()> {
        self.notes = notes;
        Ok(())
    }
}
