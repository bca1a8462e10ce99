// SPDX-License-Identifier: GPL-2.0-only

//! What `help` and `man` take: the name of a command or of a topic.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, CommandFactory, Error};

use super::Cli;
use crate::topics;

/// The list of topics, below that of the commands.
pub(super) fn topics() -> String {
    format!("Topics:\n{}", topics::list().trim_end())
}

/// Takes any text, and tells shells which names there are.
#[derive(Debug, Clone)]
pub(super) struct Name;

/// The name of a command or of a topic.
pub(super) fn name() -> Name {
    Name
}

impl TypedValueParser for Name {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let commands = Cli::command();
        let commands = commands.get_subcommands();
        let mut values: Vec<_> = commands
            .map(|command| PossibleValue::new(command.get_name().to_string()))
            .collect();
        let topics = topics::ALL.iter();
        values.extend(topics.map(|topic| PossibleValue::new(topic.name).help(topic.about)));
        Some(Box::new(values.into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_topic_has_the_name_of_a_command() {
        let values: Vec<_> = Name.possible_values().unwrap().collect();
        let mut names: Vec<_> = values.iter().map(PossibleValue::get_name).collect();
        assert!(names.contains(&"set") && names.contains(&"glossary"));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), values.len());
    }
}
