// SPDX-License-Identifier: GPL-2.0-only

//! The command line: its grammar, and the text of `--help`.

mod arrivals;
mod bench;
mod command;
mod fault;
mod handlers;
mod help;
mod interrupts;
mod knobs;
mod outputs;
mod refusal;
mod shared;
mod values;

use std::env;

use clap::error::ErrorKind;
use clap::{Arg, CommandFactory, FromArgMatches, Parser};

pub(crate) use self::arrivals::{Record, Replay};
pub(crate) use self::bench::Bench;
pub(crate) use self::command::{Command, Compare, Explain, Read, Stats, Top, Trace};
pub(crate) use self::fault::{Fault, FaultAction};
pub(crate) use self::handlers::Handlers;
pub(crate) use self::interrupts::Interrupts;
pub(crate) use self::knobs::bash;
pub(crate) use self::outputs::Outputs;
pub(crate) use self::shared::Options;

/// Loads, tunes, reads and audits the simrupt kernel module.
///
/// simrupt simulates devices that raise real interrupts. Each of them is a line, numbered from 0, and is
/// read at /dev/simruptN.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  something failed: standard error says what, why, and what to try; or something differs (diff)
  2  the command line is wrong
  3  the sums of a line's counters do not hold (verify, bench), or something is worse (compare)
  4  there were too few rounds to tell whether something is worse (compare)

Examples:
  sudo simructl load lines=2 rate_hz=100,1000
  sudo simructl read --line 1 -n 20
  sudo simructl verify";

/// The whole command line: each command with the shared options that it takes.
///
/// `--json` is a flag of most commands, but takes a file name for some. clap's global options cannot do both.
///
/// A negative number is always taken as a value, so that the option can answer which numbers it takes.
pub(crate) fn command() -> clap::Command {
    let may_be_negative = |option: Arg| match option.get_action().takes_values() {
        true => option.allow_negative_numbers(true),
        false => option,
    };
    Cli::command()
        .after_help(format!("{}\n\n{EXIT_CODES}", help::topics()))
        .mut_args(may_be_negative)
        .mut_subcommands(|command| knobs::describe(shared::add(command)).mut_args(may_be_negative))
}

/// Parses the command line, or ends the program with a usage error or the help text.
pub(crate) fn parse() -> Cli {
    let words: Vec<_> = env::args_os().collect();
    let matches = command()
        .try_get_matches_from(&words)
        .or_else(
            |error| match refusal::with_negative_values(&error, &words) {
                Some(words) => command().try_get_matches_from(words),
                None => Err(error),
            },
        )
        .unwrap_or_else(|error| refusal::exit(error, &words));
    if let Some((option, name)) = shared::misplaced(&matches, &command()) {
        refusal::exit(meaningless(option, name), &words);
    }
    let mut cli =
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| refusal::exit(error, &words));
    if let Some((_, behind)) = matches.subcommand() {
        cli.options.adopt(behind);
    }
    cli
}

/// The error for an option that a command does not take.
fn meaningless(option: &str, name: &str) -> clap::Error {
    let message = format!("'{name}' does not take the option '--{option}'");
    let mut all = command();
    all.build();
    match all.find_subcommand_mut(name) {
        Some(command) => command.error(ErrorKind::ArgumentConflict, message),
        None => all.error(ErrorKind::ArgumentConflict, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn a_negative_number_is_a_value_of_every_option() {
        let all = command();
        let mut options = 0;
        for command in all.get_subcommands().chain([&all]) {
            for option in command.get_arguments() {
                let takes_values = option.get_action().takes_values();
                let (name, id) = (command.get_name(), option.get_id());
                let is_value = option.is_allow_negative_numbers_set();
                assert_eq!(is_value, takes_values, "{name} {id}");
                options += usize::from(takes_values);
            }
        }
        assert!(options > 100, "{options}");
    }
}
