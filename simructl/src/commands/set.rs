// SPDX-License-Identifier: GPL-2.0-only

//! `simructl set` and its short forms: changes knobs, all of them or none.

use crate::cli::Options;
use crate::commands::changed::report;
use crate::commands::knobs_of;
use simrupt::changes::{apply, plan, refused};
use simrupt::failure::Failure;
use simrupt::files::table::Knob;
use simrupt::files::value;
use simrupt::lines::Assignment;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;
use simrupt::text::word;

pub(crate) fn run(
    sysroot: &Sysroot,
    options: &Options,
    settings: &[Assignment],
) -> Result<(), Failure> {
    let module = Module::find(sysroot, &format!("cannot set {}", settings[0].knob))?;
    let lines = module.select(options.lines())?;
    let knobs = knobs_of(&module)?;

    let mut wanted = Vec::new();
    for (at, setting) in settings.iter().enumerate() {
        if settings[..at].iter().any(|one| one.knob == setting.knob) {
            return Err(
                Failure::new(format!("knob `{}`", setting.knob), "it is given twice")
                    .remedy("one value for all lines, or a list with one for each")
                    .usage(),
            );
        }
        let knob = knobs.find(&setting.knob)?;
        wanted.push((knob, checked_values(knob, setting, lines.len())?));
    }
    let mut changes = Vec::new();
    for (knob, values) in wanted {
        changes.extend(plan(&knobs, &module, knob, &lines, values)?);
    }
    apply(&changes)?;
    report(&changes, options.json)
}

/// The value for each line, after all of them are checked.
fn checked_values(knob: &Knob, setting: &Assignment, lines: usize) -> Result<Vec<String>, Failure> {
    if !knob.live {
        return Err(Failure::new(
            format!("cannot set {}", knob.name),
            "it is fixed when the module is loaded",
        )
        .remedy(format!(
            "simructl unload, then simructl load {}={}",
            setting.knob, setting.value
        )));
    }
    let values = value::list(&setting.value);
    for value in &values {
        if let Err(why) = knob.check(value) {
            return Err(refused(knob, value, &why));
        }
    }
    value::spread(&values, lines).ok_or_else(|| {
        Failure::new(
            format!("cannot set {} to {}", knob.name, word(&setting.value)),
            format!(
                "{} values are too many for the lines meant: {lines}",
                values.len()
            ),
        )
        .remedy("one value for all lines, or a list with one for each")
    })
}
