// SPDX-License-Identifier: GPL-2.0-only

//! `simructl dump`: writes the knobs in force as a profile.

use std::path::Path;

use crate::cli::Options;
use crate::commands::knobs_of;
use crate::destination::Claims;
use simrupt::failure::Failure;
use simrupt::files::table::Knob;
use simrupt::lines::Lines;
use simrupt::module::Module;
use simrupt::profile::section;
use simrupt::sysroot::Sysroot;

const HEAD: &str =
    "# Knobs of simrupt. simructl apply puts them in force, simructl diff compares.\n";

pub(crate) fn run(sysroot: &Sysroot, options: &Options, file: &Path) -> Result<(), Failure> {
    let module = Module::find(sysroot, "cannot dump the knobs")?;
    let lines = module.select(options.lines())?;
    let destination = Claims::default().output(file)?;
    let knobs = knobs_of(&module)?;

    let mut text = HEAD.to_string();
    // For one line, only its own knobs are written, not those that all lines share.
    if *options.lines() == Lines::All {
        text += "\n# Only when the module is loaded:\n";
        text += &with_values(knobs.iter().filter(|knob| !knob.per_line), |knob| {
            knobs.module_value(knob)
        })?;
    }
    for line in lines {
        let own = knobs.iter().filter(|knob| knob.per_line);
        let values = with_values(own, |knob| knobs.value(knob, line))?;
        text += &format!("\n[line{line}]\n{values}");
    }
    destination.open()?.write_text(&text)
}

/// Knobs with their values in force, as a part of a profile.
fn with_values<'a>(
    knobs: impl Iterator<Item = &'a Knob>,
    value: impl Fn(&Knob) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let values: Vec<(&Knob, String)> = knobs
        .map(|knob| Ok((knob, value(knob)?)))
        .collect::<Result<_, Failure>>()?;
    let values = values.iter().map(|(knob, value)| (*knob, value.as_str()));
    Ok(section(values))
}
