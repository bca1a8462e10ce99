// SPDX-License-Identifier: GPL-2.0-only

//! `simructl knobs`: lists the knobs, as the loaded module describes them, or as the module of the same version does.

use serde_json::{Value, json};

use crate::cli::Options;
use crate::commands::knobs_of;
use crate::output;
use simrupt::failure::Failure;
use simrupt::files::table::{Knob, Values};
use simrupt::files::value;
use simrupt::knobs::built_in;
use simrupt::layout::columns;
use simrupt::module::{Module, is_loaded};
use simrupt::sysroot::Sysroot;

const HEADER: [&str; 6] = ["name", "values", "default", "unit", "when", "meaning"];
/// Choices that are longer than this many characters continue in the next row.
const WIDTH: usize = 32;

pub(crate) fn run(sysroot: &Sysroot, options: &Options) -> Result<(), Failure> {
    let is_loaded = is_loaded(sysroot);
    let knobs: Vec<Knob> = match is_loaded {
        true => {
            let module = Module::find(sysroot, "cannot list the knobs")?;
            knobs_of(&module)?.iter().cloned().collect()
        }
        false => {
            let why = "these are the knobs of the module of the same version as simructl";
            let what = "the module is not loaded";
            output::warning(&Failure::new(what, why).remedy("simructl load"));
            built_in()
        }
    };
    if options.json {
        let knobs: Vec<Value> = knobs.iter().map(document).collect();
        return output::print_json(&json!({ "loaded": is_loaded, "knobs": knobs }));
    }
    let mut table = vec![HEADER.map(String::from).to_vec()];
    table.extend(knobs.iter().flat_map(rows));
    output::print(&columns("", &table))
}

/// The rows of a knob: one, and more of them when its choices are many.
fn rows(knob: &Knob) -> Vec<Vec<String>> {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_string());
    let mut values = match &knob.values {
        Values::Range(low, high) => vec![format!("{low}..{high}")],
        Values::Choices(choices) => wrapped(choices),
        Values::Unknown => vec!["-".to_string()],
    }
    .into_iter();
    let first = vec![
        knob.name.clone(),
        values.next().unwrap_or_default(),
        shown(&knob.default),
        shown(&knob.unit),
        when(knob).to_string(),
        shown(&knob.help),
    ];
    let more = values.map(|values| vec![String::new(), values]);
    [first].into_iter().chain(more).collect()
}

/// Choices in rows of at most [`WIDTH`] characters, unless a single choice is longer.
fn wrapped(choices: &[String]) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for choice in choices {
        match rows.last_mut() {
            Some(row) if row.len() + ", ".len() + choice.len() <= WIDTH => {
                row.push_str(", ");
                row.push_str(choice);
            }
            last => {
                last.into_iter().for_each(|row| row.push(','));
                rows.push(choice.clone());
            }
        }
    }
    rows
}

fn when(knob: &Knob) -> &'static str {
    match knob.live {
        true => "live",
        false => "load",
    }
}

fn document(knob: &Knob) -> Value {
    json!({
        "name": knob.name,
        "type": knob.kind,
        "values": match &knob.values {
            Values::Range(low, high) => json!({
                "min": value::json(&low.to_string()),
                "max": value::json(&high.to_string()),
            }),
            Values::Choices(choices) => json!(choices),
            Values::Unknown => Value::Null,
        },
        "default": knob.default.as_deref().map(value::json),
        "unit": knob.unit,
        "when": when(knob),
        "scope": if knob.per_line { "line" } else { "module" },
        "help": knob.help,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_choices_take_several_rows() {
        let long = "x".repeat(40);
        let choices = ["bound", "unbound", "bh", "ordered", "highpri", &long];
        assert_eq!(
            wrapped(&choices.map(String::from)),
            ["bound, unbound, bh, ordered,", "highpri,", &long]
        );
        assert!(wrapped(&[]).is_empty());
    }
}
