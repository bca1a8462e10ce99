// SPDX-License-Identifier: GPL-2.0-only

//! `simructl apply`: puts a profile in force, all of it or nothing.

use std::path::Path;

use crate::cli::Options;
use crate::commands::changed::report;
use crate::commands::knobs_of;
use crate::destination::Claims;
use crate::output;
use simrupt::changes::apply;
use simrupt::failure::Failure;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;
use simrupt::target::{Elsewhere, Target};

pub(crate) fn run(sysroot: &Sysroot, options: &Options, file: &Path) -> Result<(), Failure> {
    Claims::input(file).stdout()?;
    let module = Module::find(sysroot, "cannot apply the profile")?;
    let knobs = knobs_of(&module)?;
    let target = Target::of(file, &knobs, &module, options.lines())?;
    if let Some(one) = target.elsewhere.first() {
        return Err(out_of_reach(&module, one));
    }
    apply(&target.changes)?;
    match target.changes.is_empty() && !options.json {
        true => output::print("nothing to change\n"),
        false => report(&target.changes, options.json),
    }
}

/// Only loading the module anew would do.
fn out_of_reach(module: &Module<'_>, one: &Elsewhere<'_>) -> Failure {
    match one.line {
        Some(line) => module.no_line(line).at(&one.place),
        None => Failure::new(
            format!(
                "{} is {}, not {}",
                one.knob.name,
                one.now.as_deref().unwrap_or("-"),
                one.wanted
            ),
            "it is fixed when the module is loaded",
        )
        .remedy(format!(
            "simructl unload, then simructl load {}={}, then simructl apply",
            one.knob.name, one.wanted
        ))
        .at(&one.place),
    }
}
