// SPDX-License-Identifier: GPL-2.0-only

//! `simructl man`: manual pages, made from the command line's own description and from the topics.

use std::fs;
use std::iter;
use std::path::Path;

use clap_mangen::Man;

use super::help;
use crate::cli;
use crate::output;
use crate::topics::{self, Topic};
use simrupt::failure::{Failure, describe};

pub(crate) fn run(name: Option<&str>, directory: Option<&Path>) -> Result<(), Failure> {
    let mut command = cli::command();
    // Only a built command knows the shared options and the full names of subcommands.
    command.build();
    if let Some(directory) = directory {
        return write_all(&command, directory);
    }
    let page = match name {
        None => text(&command)?,
        Some(name) => match (command.find_subcommand(name), Topic::named(name)) {
            (Some(command), _) => text(command)?,
            (None, Some(topic)) => topic.manual()?,
            (None, None) => return Err(help::unknown(name, &command, "no manual page")),
        },
    };
    output::offer(&page).map(|_| ())
}

/// The page of a command, in the format of `man`.
fn text(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    Man::new(command.clone())
        .source(concat!("simructl ", env!("CARGO_PKG_VERSION")))
        .render(&mut text)
        .map_err(|error| Failure::new("cannot make the manual page", describe(&error)))?;
    Ok(text)
}

/// Writes the pages of simructl, of each of its commands and of each topic.
fn write_all(command: &clap::Command, directory: &Path) -> Result<(), Failure> {
    let write = |section: u8, name: &str, page: Vec<u8>| {
        let folder = directory.join(format!("man{section}"));
        let unwritable = |path: &Path| {
            let path = path.to_path_buf();
            move |error| Failure::file("write", &path, None, &error)
        };
        fs::create_dir_all(&folder).map_err(unwritable(&folder))?;
        let path = folder.join(format!("{name}.{section}"));
        fs::write(&path, page).map_err(unwritable(&path))
    };
    for page in iter::once(command).chain(command.get_subcommands()) {
        let name = page.get_display_name().unwrap_or(page.get_name());
        write(1, name, text(page)?)?;
    }
    for topic in &topics::ALL {
        write(7, &format!("simructl-{}", topic.name), topic.manual()?)?;
    }
    Ok(())
}
