// SPDX-License-Identifier: GPL-2.0-only

//! `simructl help`: explains a command or a topic, or lists all of them.

use crate::cli;
use crate::output;
use crate::terminal;
use crate::topics::{self, Topic};
use simrupt::failure::Failure;
use simrupt::nearest;

/// The width of a text that is not on a terminal, and the most of one that is.
const WIDTH: usize = 100;

pub(crate) fn run(name: Option<&str>) -> Result<(), Failure> {
    let command = cli::command();
    let Some(name) = name else {
        return output::print(&said(command, &[]));
    };
    if command.find_subcommand(name).is_some() {
        return output::print(&said(command, &[name]));
    }
    let topic = Topic::named(name).ok_or_else(|| unknown(name, &command, "no help"))?;
    let width = terminal::size().map_or(WIDTH, |(width, _)| width.min(WIDTH));
    output::print(&topic.text(width)?)
}

/// What `simructl WORDS --help` prints. To clap, that is an error like others.
fn said(command: clap::Command, words: &[&str]) -> String {
    let words = [&["simructl"], words, &["--help"]].concat();
    let outcome = command.try_get_matches_from(words);
    outcome.map_or_else(|help| help.render().to_string(), |_| String::new())
}

/// There is neither such a command nor such a topic, so there is not what was asked for.
pub(super) fn unknown(name: &str, command: &clap::Command, lacking: &str) -> Failure {
    let commands = command.get_subcommands().map(clap::Command::get_name);
    let names = commands.chain(topics::ALL.iter().map(|topic| topic.name));
    let what = format!("{lacking} on `{name}`");
    let failure = Failure::new(what, "there is no such command or topic")
        .remedy("simructl help lists all of them")
        .usage();
    match nearest(name, names) {
        Some(near) => failure.because(&format!("did you mean {near}?")),
        None => failure,
    }
}
