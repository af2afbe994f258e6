//! Writes answers: whole answers, and lists item by item.
//!
//! Only whole lines reach the output of a list. When the program is stopped, the
//! output so far can be used and continued.

use std::io::{self, Write};
use std::ops::Range;

use anyhow::{Context, Result, bail};

use super::Form;
use super::answer::Answer;
use super::delimited::Delimited;
use super::json;
use super::list::{Items, List, Notes, Sink};
use super::markdown;
use super::page::{Page, Style, lines};
use super::progress::Progress;
use super::reader::{Reader, Turn};
use super::records::Records;
use crate::threads::{self, Pieces};

pub struct Printer<'w> {
    form: Form,
    style: Style,
    out: &'w mut dyn Write,
    reader: Option<&'w mut dyn Reader>,
    /// The exit code that the answer asks for.
    pub exit_code: u8,
    /// The notes that the form has no place for.
    pub notes: Vec<String>,
    /// A second file, for a form that has no place for the tokens.
    pub beside: Option<Beside<'w>>,
}

/// A file beside the answer.
pub struct Beside<'w> {
    /// Its name, without the folder.
    pub name: String,
    pub out: &'w mut dyn Write,
}

impl<'w> Printer<'w> {
    /// Writes to `out`, which should be buffered.
    pub fn new(form: Form, style: Style, out: &'w mut dyn Write) -> Self {
        Self { form, style, out, reader: None, exit_code: 0, notes: Vec::new(), beside: None }
    }

    /// Lets a person read tables page by page, where a command has pages.
    pub fn read_by(self, reader: &'w mut dyn Reader) -> Self {
        Self { reader: Some(reader), ..self }
    }

    /// The form, for a command that writes one by itself.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The output, for a command that writes a form by itself.
    pub fn out(&mut self) -> &mut dyn Write {
        &mut *self.out
    }

    /// The output as a page, for a command that prints its table by itself.
    pub(crate) fn page(&mut self) -> Page<'_> {
        Page::new(self.style, &mut *self.out)
    }

    /// Writes text for another program, which has only one form.
    pub fn text(&mut self, text: &str) -> Result<()> {
        Ok(self.out.write_all(text.as_bytes())?)
    }

    pub fn answer(&mut self, answer: &impl Answer) -> Result<()> {
        self.exit_code = answer.exit_code();
        let mut notes = answer.notes();
        if self.style.quiet && self.form != Form::Json {
            notes = &[];
        }
        if !answer.tells_notes(self.form) {
            self.notes.extend_from_slice(std::mem::take(&mut notes));
        }
        let mut page = Page::new(self.style, &mut *self.out);
        match self.form {
            Form::Table => answer.table(&mut page).and_then(|()| page.notes(notes)),
            Form::Json => json::line(answer, &mut page),
            Form::Jsonl => answer.lines(&mut page),
            Form::Csv | Form::Tsv => {
                let mut out = Delimited::new(self.form, &mut page);
                answer.records(&mut out)?;
                out.flush()
            }
            Form::Md => answer.markdown(&mut page).and_then(|()| markdown::notes(notes, &mut page)),
            _ => bail!(NO_WRITER),
        }
    }

    /// Writes items in their order. `write` appends item number `nth` to a buffer; several
    /// threads call it.
    pub(crate) fn blocks<T>(
        &mut self,
        items: &Items<T>,
        write: impl Fn(u64, &T, &mut Vec<u8>) -> Result<()> + Sync,
    ) -> Result<()> {
        let block = |nths: Range<u64>| {
            let mut bytes = Vec::new();
            nths.into_iter().try_for_each(|nth| write(nth, &(items.item)(nth)?, &mut bytes))?;
            Ok(bytes)
        };
        let pieces = Pieces::new(items.n, items.per_block);
        threads::to_caller(&pieces, items.threads, block, |bytes| {
            self.out.write_all(&bytes)?;
            Ok(self.out.flush()?)
        })
    }

    pub fn list<L: List>(&mut self) -> ListPrinter<'_, 'w, L> {
        let (lines, kept, progress) = (Vec::new(), Vec::new(), Progress::new("rows"));
        let (on_screen, turned) = (0, None);
        ListPrinter { printer: self, head: None, lines, kept, n: 0, progress, on_screen, turned }
    }
}

/// A command that has this form writes it by itself.
const NO_WRITER: &str = "this command does not write that form";

/// At most this many bytes of lines are buffered.
const HELD: usize = 1 << 16;

pub struct ListPrinter<'p, 'w, L: List> {
    printer: &'p mut Printer<'w>,
    head: Option<L>,
    /// Whole lines that are not written yet.
    lines: Vec<u8>,
    /// The items of a table that is printed at the end.
    kept: Vec<L::Item>,
    n: usize,
    progress: Progress,
    /// The lines on the screen since the reader last turned the page.
    on_screen: usize,
    /// What the reader said, if that was not to go on.
    turned: Option<Turn>,
}

impl<L: List> ListPrinter<'_, '_, L> {
    /// Writes the lines page by page. If the reader wants something else, drops the rest.
    fn write_pages(&mut self) -> Result<()> {
        let lines = std::mem::take(&mut self.lines);
        let mut rest = &lines[..];
        while self.turned.is_none() && !rest.is_empty() {
            // The last line of the screen is the prompt's.
            let height = self.printer.reader.as_ref().map_or(usize::MAX, |reader| reader.height());
            let room = height.saturating_sub(1 + self.on_screen);
            if room == 0 && self.on_screen > 0 {
                self.turned = Some(self.wait()?).filter(|turn| *turn != Turn::On);
                continue;
            }
            let (page, after) = page(rest, room, height / 2);
            self.on_screen += page.split(|byte| *byte == b'\n').count() - 1;
            self.printer.out.write_all(page)?;
            rest = after;
            if !rest.is_empty() {
                self.turned = Some(self.wait()?).filter(|turn| *turn != Turn::On);
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
        }
        Ok(self.printer.out.flush()?)
    }

    fn wait(&mut self) -> Result<Turn> {
        self.on_screen = 0;
        let Printer { reader, out, .. } = &mut *self.printer;
        reader.as_mut().map_or(Ok(Turn::On), |reader| reader.turn(out))
    }
}

/// Splits lines after at most `room` of them, which is at least one. A page ends before an
/// empty line if that leaves it at least `enough` lines.
fn page(lines: &[u8], room: usize, enough: usize) -> (&[u8], &[u8]) {
    let ends =
        || lines.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let Some(full) = ends().nth(room.max(1) - 1).filter(|end| *end < lines.len()) else {
        return (lines, &[]);
    };
    let ends: Vec<usize> = ends().take_while(|end| *end <= full).collect();
    let is_before_empty = |(n, end): &(usize, &usize)| *n >= enough && lines[**end] == b'\n';
    let last = (1..).zip(&ends).filter(is_before_empty).last();
    lines.split_at(last.map_or(full, |(_, end)| *end))
}

impl<L: List> Sink<L> for ListPrinter<'_, '_, L> {
    fn head(&mut self, head: L) -> Result<()> {
        let mut page = Page::new(self.printer.style, &mut self.lines);
        match self.printer.form {
            Form::Table => head.table_head(&mut page)?,
            Form::Json => {
                let out = &mut *self.printer.out;
                json::value(&head, &mut Spill { lines: &mut self.lines, out })?;
                // Without the brace: the items follow.
                self.lines.pop();
                write!(self.lines, ",\"{}\":[", L::ITEMS)?;
            }
            Form::Jsonl => {}
            Form::Csv | Form::Tsv => {
                let mut out = Delimited::new(self.printer.form, &mut self.lines);
                out.header(&head.columns()).and_then(|()| out.flush())?;
            }
            Form::Md => head.markdown_head(&mut page)?,
            _ => bail!(NO_WRITER),
        }
        self.head = Some(head);
        Ok(())
    }

    fn item(&mut self, item: L::Item) -> Result<()> {
        let head = self.head.as_ref().context("an item before its head")?;
        let (form, style) = (self.printer.form, self.printer.style);
        match form {
            Form::Table if !L::LINE_BY_LINE => self.kept.push(item),
            _ => write_item(head, form, style, self.n, &item, &mut self.lines)?,
        }
        self.n += 1;
        if self.lines.len() < HELD { Ok(()) } else { self.flush() }
    }

    fn items(&mut self, items: &Items<L::Item>) -> Result<()> {
        let (form, style) = (self.printer.form, self.printer.style);
        if form == Form::Table && !L::LINE_BY_LINE {
            return (0..items.n).try_for_each(|nth| self.item((items.item)(nth)?));
        }
        self.flush()?;
        let head = self.head.as_ref().context("items before their head")?;
        let before = self.n;
        self.n += items.n as usize;
        self.printer.blocks(items, |nth, item, bytes| {
            write_item(head, form, style, before + nth as usize, item, bytes)
        })
    }

    fn flush(&mut self) -> Result<()> {
        if self.is_read() {
            return self.write_pages();
        }
        self.printer.out.write_all(&self.lines)?;
        self.lines.clear();
        Ok(self.printer.out.flush()?)
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<()> {
        self.flush()?;
        self.progress.at(done, total);
        Ok(())
    }

    fn is_read(&self) -> bool {
        L::PAGED && self.printer.form == Form::Table && self.printer.reader.is_some()
    }

    fn turn(&mut self, asks: bool) -> Result<Turn> {
        self.flush()?;
        match self.turned.take() {
            Some(turn) => Ok(turn),
            None if asks && self.is_read() => self.wait(),
            None => Ok(Turn::On),
        }
    }

    fn ask(&mut self, question: &str) -> Result<Option<String>> {
        self.say(question)?;
        let Printer { reader, out, .. } = &mut *self.printer;
        // Whoever types has read what is on the screen.
        self.on_screen = 0;
        reader.as_mut().map_or(Ok(None), |reader| reader.line(out))
    }

    fn say(&mut self, text: &str) -> Result<()> {
        let mut page = Page::new(self.printer.style, &mut self.lines);
        writeln!(page)?;
        let width = page.width();
        lines(text, width).iter().try_for_each(|line| writeln!(page, "{line}"))?;
        self.flush()
    }

    fn end(&mut self, notes: Vec<String>) -> Result<()> {
        let is_quiet = self.printer.style.quiet && self.printer.form != Form::Json;
        let notes = if is_quiet { Vec::new() } else { notes };
        let head = self.head.as_ref().context("an end before its head")?;
        let mut page = Page::new(self.printer.style, &mut self.lines);
        let has_place = matches!(self.printer.form, Form::Table | Form::Json | Form::Md);
        let (here, aside) = match L::NOTES {
            Notes::Last if has_place => (notes, Vec::new()),
            Notes::Within if has_place => (Vec::new(), Vec::new()),
            Notes::InJson if self.printer.form == Form::Json => (notes, Vec::new()),
            _ => (Vec::new(), notes),
        };
        match self.printer.form {
            Form::Table if L::LINE_BY_LINE => {
                head.table_end(&mut page).and_then(|()| page.notes(&here))?;
            }
            Form::Table => head.table(&self.kept, &mut page).and_then(|()| page.notes(&here))?,
            Form::Json => {
                self.lines.push(b']');
                if L::NOTES == Notes::Last || !here.is_empty() {
                    self.lines.extend(b",\"notes\":");
                    json::value(&here, &mut self.lines)?;
                }
                self.lines.extend(b"}\n");
            }
            Form::Md => markdown::notes(&here, &mut page)?,
            _ => {}
        }
        self.printer.notes.extend(aside);
        self.flush()
    }
}

/// Keeps what is written in `lines`, but no more than `HELD`: a head may be long. At least
/// the last byte stays there.
struct Spill<'l> {
    lines: &'l mut Vec<u8>,
    out: &'l mut dyn Write,
}

impl Write for Spill<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines.extend_from_slice(bytes);
        if self.lines.len() > HELD {
            let last = self.lines.pop();
            self.out.write_all(self.lines)?;
            self.lines.clear();
            self.lines.extend(last);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes item number `nth` of a list; in a table if that is printed item by item.
fn write_item<L: List>(
    head: &L,
    form: Form,
    style: Style,
    nth: usize,
    item: &L::Item,
    out: &mut Vec<u8>,
) -> Result<()> {
    match form {
        Form::Json => {
            out.extend((nth > 0).then_some(b','));
            json::value(item, out)
        }
        Form::Jsonl => json::line(item, out),
        Form::Csv | Form::Tsv => {
            let mut out = Delimited::new(form, out);
            head.records(item, &mut out).and_then(|()| out.flush())
        }
        Form::Md => head.markdown_item(nth, item, &mut Page::new(style, out)),
        Form::Table => head.table_item(nth, item, &mut Page::new(style, out)),
        _ => bail!(NO_WRITER),
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::super::{Cell, Column, TokenText};
    use super::*;

    /// An answer that has records and nothing else.
    #[derive(Clone, Serialize)]
    struct Sample {
        name: &'static str,
    }

    fn header() -> [Column<'static>; 3] {
        [Column::number("id"), Column::text("token"), Column::number("n")]
    }

    fn line(id: u64, out: &mut dyn Records) -> Result<()> {
        let token = TokenText { token: Some(" a".to_owned()), token_hex: None };
        out.record(&[Cell::Number(id), Cell::Token(&token), Cell::Count(1000)])
    }

    impl Answer for Sample {
        fn records(&self, out: &mut dyn Records) -> Result<()> {
            out.header(&header())?;
            line(7, out)
        }
    }

    impl List for Sample {
        type Item = u64;

        const ITEMS: &'static str = "ids";

        fn columns(&self) -> Vec<Column<'_>> {
            header().into()
        }

        fn records(&self, id: &u64, out: &mut dyn Records) -> Result<()> {
            line(*id, out)
        }
    }

    const STYLE: Style = Style { width: 80, color: false, quiet: false };

    fn printed(form: Form, print: impl FnOnce(&mut Printer) -> Result<()>) -> String {
        let mut bytes = Vec::new();
        print(&mut Printer::new(form, STYLE, &mut bytes)).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn records_alone_give_every_usual_form() {
        for (form, whole, list) in [
            (Form::Table, " id  token      n\n──────────────────\n  7  \" a\"   1,000\n", None),
            (
                Form::Json,
                "{\"name\":\"few\"}\n",
                Some("{\"name\":\"few\",\"ids\":[7],\"notes\":[]}\n"),
            ),
            (Form::Jsonl, "{\"id\":7,\"token\":\" a\",\"n\":1000}\n", Some("7\n")),
            (Form::Csv, "id,token,n\n7, a,1000\n", None),
            (Form::Tsv, "id\ttoken\tn\n7\t a\t1000\n", None),
            (Form::Md, "| id | token | n |\n|--:|---|--:|\n| 7 | `\" a\"` | 1,000 |\n", None),
        ] {
            assert_eq!(printed(form, |out| out.answer(&Sample { name: "few" })), whole, "{form:?}");
            let given = printed(form, |out| {
                let mut list = out.list();
                list.head(Sample { name: "few" })?;
                list.item(7)?;
                list.end(Vec::new())
            });
            assert_eq!(given, list.unwrap_or(whole), "{form:?}");
        }
    }

    #[test]
    fn what_is_not_flushed_is_not_written() {
        let mut bytes = Vec::new();
        let mut printer = Printer::new(Form::Csv, STYLE, &mut bytes);
        let mut list = printer.list();
        list.head(Sample { name: "few" }).unwrap();
        list.flush().unwrap();
        list.item(7).unwrap();
        drop(list);
        assert_eq!(bytes, b"id,token,n\n");
    }

    #[test]
    fn notes_go_where_there_is_a_place_for_them() {
        for (form, here) in [(Form::Json, true), (Form::Table, true), (Form::Csv, false)] {
            let mut bytes = Vec::new();
            let mut printer = Printer::new(form, STYLE, &mut bytes);
            let list = &mut printer.list();
            list.head(Sample { name: "few" }).and_then(|()| list.end(vec!["odd".into()])).unwrap();
            assert_eq!(printer.notes.is_empty(), here);
            assert_eq!(String::from_utf8(bytes).unwrap().contains("odd"), here);
        }
    }
}
