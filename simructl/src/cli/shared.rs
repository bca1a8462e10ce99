// SPDX-License-Identifier: GPL-2.0-only

//! The options that several commands share, and which command takes which of them. The help, the completions and the
//! manual page of a command name no others.

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, ValueHint, value_parser};

use simrupt::failure::Failure;
use simrupt::lines::Lines;
use simrupt::sysroot::Sysroot;

/// The heading of these options in all help texts.
const HEADING: &str = "Common options";

/// The options that a command may share with others. They may also precede the command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options (each command's help lists those that it takes)")]
pub(crate) struct Options {
    /// Use the lines LIST: numbers and ranges such as 0,2-3, or all
    #[arg(long, value_name = "LIST|all")]
    pub(crate) line: Option<Lines>,

    /// Print JSON, and messages on standard error as JSON too
    #[arg(long)]
    pub(crate) json: bool,

    /// Look for /sys, /proc and /dev below DIR [default: /]
    #[arg(long, value_name = "DIR", default_value = "/", hide_default_value = true, value_hint = ValueHint::DirPath)]
    sysroot: PathBuf,
}

/// The names of these options.
const LINE: &str = "line";
const JSON: &str = "json";
const SYSROOT: &str = "sysroot";

impl Options {
    pub(crate) fn sysroot(&self) -> Sysroot {
        Sysroot::new(self.sysroot.clone())
    }

    /// The selected lines, where the default is all.
    pub(crate) fn lines(&self) -> &Lines {
        self.line.as_ref().unwrap_or(&Lines::All)
    }

    /// The selected line, for a command that takes one line at a time. `done` is the past participle of what `command`
    /// does.
    pub(crate) fn one_line(&self, command: &str, done: &str) -> Result<u32, Failure> {
        match &self.line {
            None => Ok(0),
            Some(Lines::Listed(lines)) if lines.len() == 1 => Ok(lines[0]),
            Some(lines) => {
                let why = format!("one line is {done} at a time");
                let remedy = format!("simructl {command} --line N for each of them");
                Err(Failure::new(format!("--line {lines}"), why)
                    .remedy(remedy)
                    .usage())
            }
        }
    }

    /// Takes over the options after the command, which override those before it.
    pub(super) fn adopt(&mut self, behind: &ArgMatches) {
        if let Ok(Some(lines)) = behind.try_get_one::<Lines>(LINE) {
            self.line = Some(lines.clone());
        }
        // Some commands have a --json of their own, which takes a file.
        if let Ok(Some(true)) = behind.try_get_one::<bool>(JSON) {
            self.json = true;
        }
        if let Ok(Some(sysroot)) = behind.try_get_one::<PathBuf>(SYSROOT) {
            self.sysroot.clone_from(sysroot);
        }
    }
}

/// Whether a command takes `--line`, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line {
    /// It does not.
    No,
    /// One line at a time, line 0 by default.
    One,
    /// Several, all by default.
    Several,
}

/// Whether a command takes `--json`, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Json {
    /// It does not, or has a `--json` of its own.
    No,
    /// One document.
    One,
    /// A document for each sample, event or the like.
    Rows,
    /// As `Rows`, but only with this option.
    RowsWith(&'static str),
    /// One document, or with `--watch` one for each sample, but not with these options.
    Without(&'static [&'static str]),
}

/// What a command takes: `--line`, `--json` and whether `--sysroot`.
fn takes(command: &str) -> (Line, Json, bool) {
    match command {
        "completions" | "man" | "schema" | "help" => (Line::No, Json::No, false),
        // They read files only, not the kernel.
        "report" => (Line::No, Json::No, false),
        "compare" => (Line::No, Json::One, false),
        // They can change the running kernel only.
        "load" | "unload" => (Line::No, Json::One, false),
        "knobs" => (Line::No, Json::One, true),
        "bench" => (Line::No, Json::No, true),
        "irqs" | "softirqs" => (
            Line::No,
            Json::Without(&[
                "csv",
                "pairs",
                "metrics",
                "no_zeros",
                "sum",
                "columns",
                "transpose",
            ]),
            true,
        ),
        "handlers" => (Line::No, Json::Without(&["csv", "metrics"]), true),
        "record" => (Line::One, Json::No, true),
        "read" => (Line::One, Json::RowsWith("follow"), true),
        "explain" => (Line::One, Json::One, true),
        "trace" => (Line::Several, Json::Rows, true),
        "dump" | "top" | "replay" => (Line::Several, Json::No, true),
        _ => (Line::Several, Json::One, true),
    }
}

/// Adds to a command the shared options that it takes.
pub(super) fn add(command: clap::Command) -> clap::Command {
    let (line, json, sysroot) = takes(command.get_name());
    let option = |id: &'static str| Arg::new(id).long(id).help_heading(HEADING);
    let lines = option(LINE)
        .value_parser(value_parser!(Lines))
        .value_hint(ValueHint::Other);
    let line = match line {
        Line::No => None,
        Line::One => Some(lines.value_name("N").help("Use line N [default: 0]")),
        Line::Several => Some(
            lines
                .value_name("LIST|all")
                .help("Use the lines LIST only: numbers and ranges such as 0,2-3 [default: all]"),
        ),
    };
    let flag = option(JSON).action(ArgAction::SetTrue);
    let json = match json {
        Json::No => None,
        Json::One => {
            Some(flag.help("Print one JSON document; messages on standard error are JSON too"))
        }
        Json::Rows => Some(flag.help(ROWS)),
        Json::RowsWith(other) => Some(flag.help(ROWS).requires(other)),
        Json::Without(others) => Some(
            flag.help(
                "Print one JSON document for each sample; messages on standard error are JSON too",
            )
            .conflicts_with_all(others),
        ),
    };
    let sysroot = sysroot.then(|| {
        option(SYSROOT)
            .value_name("DIR")
            .value_parser(value_parser!(PathBuf))
            .value_hint(ValueHint::DirPath)
            .help("Look for /sys, /proc and /dev below DIR [default: /]")
    });
    command.args(line.into_iter().chain(json).chain(sysroot))
}

const ROWS: &str = "Print one JSON document per row; messages on standard error are JSON too";

/// A shared option that precedes the command but that the command does not take, if there is one.
pub(super) fn misplaced<'a>(
    matches: &'a ArgMatches,
    all: &clap::Command,
) -> Option<(&'static str, &'a str)> {
    let name = matches.subcommand_name()?;
    let command = all.find_subcommand(name)?;
    let is_given = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let given = [LINE, JSON, SYSROOT].into_iter().filter(is_given);
    let meaningless = |id: &&'static str| !is_taken(command, id);
    given.filter(meaningless).map(|id| (id, name)).next()
}

/// Whether a command takes an option as a shared one, rather than as its own.
fn is_taken(command: &clap::Command, id: &str) -> bool {
    let mut options = command.get_arguments();
    options.any(|one| one.get_id() == id && one.get_help_heading() == Some(HEADING))
}

/// Whether the command has a `--json` that takes a file.
pub(super) fn has_json_of_its_own(command: &clap::Command) -> bool {
    command.get_arguments().any(|one| one.get_id() == JSON) && !is_taken(command, JSON)
}

/// The shared option after a command that does not take it, if that is the error.
pub(super) fn unknown(error: &clap::Error) -> Option<&'static str> {
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(typed))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    else {
        return None;
    };
    let typed = typed.strip_prefix("--")?;
    [LINE, JSON, SYSROOT].into_iter().find(|id| *id == typed)
}
