//! `man`: the help as a page for man(1), by clap_mangen.

use std::io::Write;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::{Cli, ManArgs};
use crate::commands::{Opener, Request};
use crate::report::{Form, Printer};

impl Request for ManArgs {
    fn forms(&self) -> &'static [Form] {
        &[]
    }

    fn answer(&self, _: Opener, out: &mut Printer) -> Result<()> {
        out.text(&page(self)?)
    }
}

fn page(args: &ManArgs) -> Result<String> {
    let mut all = Cli::command().disable_help_subcommand(true);
    all.build();
    let mut page = Vec::new();
    match args.command.as_deref() {
        None => everything(&all, &mut page)?,
        Some(name) => {
            let command = all.find_subcommand(name).with_context(|| {
                let names: Vec<_> = all.get_subcommands().map(Command::get_name).collect();
                format!("unknown command {name}: the commands are {}", names.join(", "))
            })?;
            let man = Man::new(command.clone());
            man.render_title(&mut page)?;
            man.render_name_section(&mut page)?;
            usage(&man, &mut page)?;
            examples(command, &mut page)?;
        }
    }
    Ok(String::from_utf8(page)?)
}

fn usage(page: &Man, mut out: &mut Vec<u8>) -> Result<()> {
    page.render_synopsis_section(&mut out)?;
    page.render_description_section(&mut out)?;
    Ok(page.render_options_section(&mut out)?)
}

fn everything(all: &Command, out: &mut Vec<u8>) -> Result<()> {
    let page = Man::new(all.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    usage(&page, out)?;
    examples(all, out)?;
    for command in all.get_subcommands().filter(|command| !command.is_hide_set()) {
        Roff::new().control("SH", [command.get_name().to_uppercase().as_str()]).to_writer(out)?;
        // The options of every command are listed above.
        let own = command.clone().mut_args(|arg| {
            let is_said = arg.is_global_set() || arg.get_id() == "help";
            arg.hide(is_said)
        });
        let mut section = Vec::new();
        usage(&Man::new(own), &mut section)?;
        examples(command, &mut section)?;
        let section = String::from_utf8(section)?;
        // The sections of a command's page become subsections here.
        for line in section.lines() {
            let line =
                line.strip_prefix(".SH ").map_or(line.to_owned(), |rest| format!(".SS {rest}"));
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// The text after a command's help, with its line breaks.
fn examples(command: &Command, out: &mut Vec<u8>) -> Result<()> {
    let Some(text) = command.get_after_long_help().or_else(|| command.get_after_help()) else {
        return Ok(());
    };
    let text = text.to_string();
    let text = text.strip_prefix("Examples:\n").unwrap_or(&text);
    let mut page = Roff::new();
    page.control("SH", ["EXAMPLES"]).control("nf", []);
    for line in text.lines() {
        page.text([roman(line)]);
    }
    Ok(page.control("fi", []).to_writer(out)?)
}
