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
use simrupt::files::table::Knob;
use simrupt::knobs::Knobs;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;
use simrupt::target::{Elsewhere, Target};

pub(crate) fn run(sysroot: &Sysroot, options: &Options, file: &Path) -> Result<(), Failure> {
    Claims::input(file).stdout()?;
    let module = Module::find(sysroot, "cannot apply the profile")?;
    let knobs = knobs_of(&module)?;
    let target = Target::of(file, &knobs, &module, options.lines())?;
    if let Some(one) = target.elsewhere.first() {
        return Err(out_of_reach(&module, &knobs, &target, one)?);
    }
    apply(&target.changes)?;
    match target.changes.is_empty() && !options.json {
        true => output::print("nothing to change\n"),
        false => report(&target.changes, options.json),
    }
}

/// Refuses a profile that needs other load-time knobs: only loading the module anew could set them.
fn out_of_reach(
    module: &Module<'_>,
    knobs: &Knobs,
    target: &Target<'_>,
    one: &Elsewhere<'_>,
) -> Result<Failure, Failure> {
    let Elsewhere { knob, wanted, .. } = one;
    let name = &knob.name;
    let (of, load) = match (one.line, &one.now) {
        (Some(line), None) => return Ok(module.no_line(line).at(&one.place)),
        (Some(line), Some(_)) => {
            let values = values_of_lines(module, knobs, target, knob)?;
            let lines = module.lines().len();
            (
                format!("line{line}: "),
                format!("lines={lines} {name}={values}"),
            )
        }
        (None, _) => (String::new(), format!("{name}={wanted}")),
    };
    let now = one.now.as_deref().unwrap_or("-");
    let why = "it is fixed when the module is loaded";
    let failure = Failure::new(format!("{of}{name} is {now}, not {wanted}"), why);
    let remedy = format!("simructl unload, then simructl load {load}, then simructl apply");
    Ok(failure.remedy(remedy).at(&one.place))
}

/// The values of a knob for all lines once the profile is in force, in the module's form.
fn values_of_lines(
    module: &Module<'_>,
    knobs: &Knobs,
    target: &Target<'_>,
    knob: &Knob,
) -> Result<String, Failure> {
    let value = |line| {
        let wanted = target
            .elsewhere
            .iter()
            .find(|one| (one.line, one.knob) == (Some(line), knob));
        match wanted {
            Some(one) => Ok(one.wanted.clone()),
            None => knobs.value(knob, line),
        }
    };
    let values = module.lines().iter().map(|&line| value(line));
    let values: Vec<String> = values.collect::<Result<_, Failure>>()?;
    Ok(values.join(","))
}
