// SPDX-License-Identifier: GPL-2.0-only

//! `simructl reset`: starts the counters and the histograms of lines at 0 again.

use serde_json::json;

use crate::cli::Options;
use crate::output;
use simrupt::failure::Failure;
use simrupt::module::Module;
use simrupt::sysroot::{Sysroot, write_value};

const WHAT: &str = "cannot reset the counters";

pub(crate) fn run(sysroot: &Sysroot, options: &Options) -> Result<(), Failure> {
    let module = Module::find(sysroot, WHAT)?;
    module.must_be_writable(WHAT)?;
    let mut done = Vec::new();
    // A line that cannot be reset is no reason to leave the others.
    let mut failed = None;
    for line in module.select(options.lines())? {
        let path = module.line_directory(line, WHAT)?.join("reset");
        match write_value(&path, "1") {
            Ok(()) => done.push(line),
            Err(error) => {
                let failure = Failure::file("write", &path, Some(line), &error);
                failed = failed.or(Some(failure));
            }
        }
    }
    if options.json {
        output::print_json(&json!({ "reset": done }))?;
    } else {
        let text = done.iter().fold(String::new(), |text, line| {
            text + &format!("line{line} reset\n")
        });
        output::print(&text)?;
    }
    failed.map_or(Ok(()), Err)
}
