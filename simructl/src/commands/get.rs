// SPDX-License-Identifier: GPL-2.0-only

//! `simructl get`: shows knobs.

use serde_json::{Map, Value, json};

use crate::cli::Options;
use crate::commands::knobs_of;
use crate::output;
use simrupt::failure::Failure;
use simrupt::files::table::Knob;
use simrupt::files::value;
use simrupt::lines::Lines;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;

pub(crate) fn run(sysroot: &Sysroot, options: &Options, name: Option<&str>) -> Result<(), Failure> {
    let module = Module::find(sysroot, "cannot show knobs")?;
    let lines = module.select(options.lines())?;
    let knobs = knobs_of(&module)?;
    let named = name.map(|name| knobs.find(name)).transpose()?;
    let wanted = |knob: &&Knob| named.is_none_or(|named| named == *knob);

    // For one line, only its own knobs are shown, not those that all lines share.
    let mut shared = Vec::new();
    for knob in knobs.iter().filter(wanted).filter(|knob| !knob.per_line) {
        if named.is_some() || *options.lines() == Lines::All {
            shared.push((knob, knobs.module_value(knob)?));
        }
    }
    let mut own = Vec::new();
    for &line in &lines {
        let mut values = Vec::new();
        for knob in knobs.iter().filter(wanted).filter(|knob| knob.per_line) {
            values.push((knob, knobs.value(knob, line)?));
        }
        own.push((line, values));
    }

    if options.json {
        return output::print_json(&json!({
            "module": object(&shared),
            "lines": own.iter().map(|(line, values)| {
                json!({ "line": line, "knobs": object(values) })
            }).collect::<Vec<_>>(),
        }));
    }
    let mut rows = Vec::new();
    for (knob, value) in &shared {
        rows.push(("module".to_string(), knob, value));
    }
    for (line, values) in &own {
        for (knob, value) in values {
            rows.push((format!("line{line}"), knob, value));
        }
    }
    let text = match (rows.as_slice(), named) {
        ([(_, _, value)], Some(_)) => format!("{value}\n"),
        _ => rows.iter().fold(String::new(), |text, (of, knob, value)| {
            text + &format!("{of} {} {value}\n", knob.name)
        }),
    };
    output::print(&text)
}

fn object(values: &[(&Knob, String)]) -> Map<String, Value> {
    values
        .iter()
        .map(|(knob, value)| (knob.name.clone(), value::json(value)))
        .collect()
}
