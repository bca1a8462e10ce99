// SPDX-License-Identifier: GPL-2.0-only

//! The command line: what is typed, and what `--help` says about it.

mod bench;
mod command;
mod handlers;
mod interrupts;
mod outputs;
mod values;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser};

pub(crate) use self::bench::Bench;
pub(crate) use self::command::{Command, Compare, Explain, Read, Stats, Top, Trace};
pub(crate) use self::handlers::Handlers;
pub(crate) use self::interrupts::Interrupts;
pub(crate) use self::outputs::Outputs;
use simrupt::failure::Failure;
use simrupt::lines::Lines;
use simrupt::sysroot::Sysroot;

/// Loads, tunes, reads and audits the simrupt kernel module.
///
/// simrupt simulates devices that raise real interrupts. Each of them is a line, numbered from 0, and is
/// read at /dev/simruptN.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  all went well
  1  something failed: stderr says what, why, and what to try; or something differs (diff)
  2  the command line makes no sense
  3  the books of a line do not balance (verify, bench), or something is worse (compare)

Example:
  sudo simructl load lines=2 rate_hz=100,1000
  sudo simructl read --line 1 -n 20
  sudo simructl verify";

/// Options that any command may carry.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Look for /sys, /proc and /dev below DIR [default: /]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "/",
        hide_default_value = true,
        global = true
    )]
    sysroot: PathBuf,

    /// Which line: its number, or all of them [default: all; read, explain: 0]
    #[arg(long, value_name = "N|all", global = true)]
    pub(crate) line: Option<Lines>,

    /// Print JSON: one document, or one per line where there is no end
    // Every command but those with a --json of their own gets it from `command`.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Options {
    pub(crate) fn sysroot(&self) -> Sysroot {
        Sysroot::new(self.sysroot.clone())
    }

    /// The lines meant, where the default is all.
    pub(crate) fn lines(&self) -> &Lines {
        self.line.as_ref().unwrap_or(&Lines::All)
    }

    /// The line meant by a command that takes one at a time: `done` to it by `command`.
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
}

/// The whole command line.
///
/// `--json` is an option of all commands, but for those to which it is the name of a file. That is more
/// than clap's global options can be, so the commands are given the options here.
pub(crate) fn command() -> clap::Command {
    let top = Cli::command();
    let options: Vec<clap::Arg> = top.get_arguments().cloned().collect();
    top.mut_subcommands(|sub| {
        let own: Vec<clap::Id> = sub
            .get_arguments()
            .map(|arg| arg.get_id().clone())
            .collect();
        let others = options.iter().filter(|arg| !own.contains(arg.get_id()));
        sub.args(others)
    })
}

/// The name of the option `--json`.
const JSON: &str = "json";

/// Whether it stands behind the command, where it is but a flag.
fn json_behind_the_command(matches: &ArgMatches) -> bool {
    let sub = matches.subcommand().map(|(_, sub)| sub);
    let flag = sub.and_then(|sub| sub.try_get_one::<bool>(JSON).ok().flatten());
    flag.copied().unwrap_or(false)
}

/// Parses the command line, or ends the program with a usage error or the help asked for.
pub(crate) fn parse() -> Cli {
    let matches = command().get_matches();
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    cli.options.json |= json_behind_the_command(&matches);
    let (name, takes_line, takes_json) = cli.command.traits();
    let conflict = |option: &str| {
        let message = format!("the argument '{option}' means nothing to '{name}'");
        command().error(ErrorKind::ArgumentConflict, message).exit()
    };
    if cli.options.line.is_some() && !takes_line {
        conflict("--line");
    }
    if cli.options.json && !takes_json {
        conflict("--json");
    }
    cli
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
