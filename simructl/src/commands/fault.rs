// SPDX-License-Identifier: GPL-2.0-only

//! `simructl fault`: sets faults with their rules, ends them, shows them.

use serde_json::{Value, json};

use crate::cli::{Fault, FaultAction, Options};
use crate::commands::knobs_of;
use crate::output;
use simrupt::changes::{apply, plan, refused};
use simrupt::failure::Failure;
use simrupt::files::value;
use simrupt::knobs::Knobs;
use simrupt::layout::columns;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;

/// The knob of the kind.
const KIND: &str = "fault";
/// The value of that knob without a fault.
const NONE: &str = "none";
/// The knobs of its rules.
const RULES: [&str; 4] = [
    "fault_every",
    "fault_probability_ppm",
    "fault_times",
    "fault_us",
];

/// The fault of one line, as it is shown.
struct Row {
    line: u32,
    kind: String,
    /// The values of [`RULES`].
    rules: [String; RULES.len()],
    /// How often the fault has happened since the counters were reset.
    happened: Option<u64>,
}

pub(crate) fn run(sysroot: &Sysroot, options: &Options, fault: &Fault) -> Result<(), Failure> {
    let what = match fault.action {
        FaultAction::Set => "cannot set a fault",
        FaultAction::Off => "cannot end a fault",
        FaultAction::List => "cannot show the faults",
    };
    if let Some(odd) = fault.odd() {
        let why = "it is for `fault set` alone";
        return Err(Failure::new(odd, why)
            .remedy("simructl fault set KIND, with the options that it takes")
            .usage());
    }
    let module = Module::find(sysroot, what)?;
    let lines = module.select(options.lines())?;
    let knobs = knobs_of(&module)?;
    let settings = match (fault.action, &fault.kind) {
        (FaultAction::List, _) => Vec::new(),
        (FaultAction::Set, Some(kind)) => {
            // The rules return to their defaults with the kind, once all of them are in force.
            let mut settings = vec![(KIND, NONE.to_string())];
            settings.extend(RULES.into_iter().zip(fault.rules()));
            settings.push((KIND, kind.clone()));
            settings
        }
        _ => vec![(KIND, NONE.to_string())],
    };
    let mut changes = Vec::new();
    for (name, value) in settings {
        let knob = knobs.find(name)?;
        knob.check(&value)
            .map_err(|why| refused(knob, &value, &why))?;
        let values = vec![value; lines.len()];
        changes.extend(plan(&knobs, &module, knob, &lines, values)?);
    }
    apply(&changes)?;
    let rows = lines.iter().map(|line| Row::of(&module, &knobs, *line));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    if options.json {
        let lines: Vec<Value> = rows.iter().map(Row::document).collect();
        return output::print_json(&json!({ "lines": lines }));
    }
    let mut table = vec![
        [
            "line",
            "fault",
            "every",
            "probability",
            "times",
            "us",
            "happened",
        ]
        .map(String::from),
    ];
    table.extend(rows.iter().map(Row::cells));
    output::print(&columns("", &table))
}

impl Row {
    fn of(module: &Module<'_>, knobs: &Knobs, line: u32) -> Result<Self, Failure> {
        let knob = |name: &str| knobs.value(knobs.find(name)?, line);
        let kind = knob(KIND)?;
        let counters = match module.debugfs() {
            Some(_) => module.counters(line, "cannot show the faults")?,
            None => None,
        };
        let counter = format!("fault_{}", kind.replace('-', "_"));
        let [every, probability, times, us] = RULES.map(knob);
        Ok(Self {
            line,
            rules: [every?, probability?, times?, us?],
            happened: counters.and_then(|counters| counters.stats.get(&counter)),
            kind,
        })
    }

    fn cells(&self) -> [String; 7] {
        let [every, probability, times, us] = self.rules.clone();
        let times = match times.as_str() {
            "-1" => "any".to_string(),
            _ => times,
        };
        let happened = self.happened.map(|happened| happened.to_string());
        [
            format!("line{}", self.line),
            self.kind.clone(),
            every,
            percent(&probability).unwrap_or(probability),
            times,
            us,
            happened.unwrap_or_else(|| "-".to_string()),
        ]
    }

    fn document(&self) -> Value {
        let [every, probability, times, us] = self.rules.each_ref().map(|rule| value::json(rule));
        json!({
            "line": self.line,
            "fault": self.kind,
            "every": every,
            "probability_ppm": probability,
            "times": times,
            "us": us,
            "happened": self.happened,
        })
    }
}

/// Parts per million as a percentage, without zeros at its end.
fn percent(ppm: &str) -> Option<String> {
    let ppm: u64 = ppm.parse().ok()?;
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    Some(format!("{text}%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_per_million_are_told_as_a_percentage() {
        for (ppm, text) in [
            ("1", "0.0001%"),
            ("10000", "1%"),
            ("125000", "12.5%"),
            ("1000000", "100%"),
        ] {
            assert_eq!(percent(ppm).unwrap(), text);
        }
        assert_eq!(percent("?"), None);
    }
}
