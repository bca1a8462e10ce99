// SPDX-License-Identifier: GPL-2.0-only

//! `simructl reset` and `simructl recover`: makes the module act on lines, by writing 1 to a file of each.

use serde_json::json;

use crate::cli::Options;
use crate::output;
use simrupt::failure::Failure;
use simrupt::module::Module;
use simrupt::sysroot::{Sysroot, write_value};

/// A file of a line that acts when 1 is written to it.
pub(crate) struct Button {
    /// Its name, which is also that of the command.
    file: &'static str,
    /// The text of the failure.
    what: &'static str,
    /// The outcome, in one word.
    done: &'static str,
}

/// Starts the counters and the histograms at 0 again.
pub(crate) const RESET: Button = Button {
    file: "reset",
    what: "cannot reset the counters",
    done: "reset",
};

/// Ends the fault, and repairs its effects.
pub(crate) const RECOVER: Button = Button {
    file: "recover",
    what: "cannot recover the line",
    done: "recovered",
};

pub(crate) fn run(sysroot: &Sysroot, options: &Options, button: &Button) -> Result<(), Failure> {
    let Button { file, what, done } = *button;
    let module = Module::find(sysroot, what)?;
    module.must_be_writable(what)?;
    let mut pressed = Vec::new();
    // A failure of one line does not stop the others.
    let mut failed = None;
    for line in module.select(options.lines())? {
        let path = module.line_directory(line, what)?.join(file);
        match write_value(&path, "1") {
            Ok(()) => pressed.push(line),
            Err(error) => {
                let failure = Failure::file("write", &path, Some(line), &error);
                failed = failed.or(Some(failure));
            }
        }
    }
    if options.json {
        output::print_json(&json!({ done: pressed }))?;
    } else {
        let text = pressed.iter().fold(String::new(), |text, line| {
            text + &format!("line{line} {done}\n")
        });
        output::print(&text)?;
    }
    failed.map_or(Ok(()), Err)
}
