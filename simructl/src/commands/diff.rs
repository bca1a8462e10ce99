// SPDX-License-Identifier: GPL-2.0-only

//! `simructl diff`: shows where a profile differs from the knobs in force.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::Options;
use crate::commands::knobs_of;
use crate::destination::Claims;
use crate::output;
use simrupt::failure::Failure;
use simrupt::files::table::Knob;
use simrupt::files::value;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;
use simrupt::target::Target;

/// A knob whose value differs from the profile.
struct Difference<'a> {
    line: Option<u32>,
    knob: &'a Knob,
    now: Option<&'a str>,
    wanted: &'a str,
}

pub(crate) fn run(sysroot: &Sysroot, options: &Options, file: &Path) -> Result<(), Failure> {
    Claims::input(file).stdout()?;
    let module = Module::find(sysroot, "cannot compare the profile")?;
    let knobs = knobs_of(&module)?;
    let target = Target::of(file, &knobs, &module, options.lines())?;
    let elsewhere = target.elsewhere.iter().map(|one| Difference {
        line: one.line,
        knob: one.knob,
        now: one.now.as_deref(),
        wanted: &one.wanted,
    });
    let changes = target.changes.iter().map(|change| Difference {
        line: change.file.line,
        knob: change.knob,
        now: Some(&change.old),
        wanted: &change.new,
    });
    let differences: Vec<Difference<'_>> = elsewhere.chain(changes).collect();
    if options.json {
        let documents: Vec<Value> = differences.iter().map(Difference::document).collect();
        let same = documents.is_empty();
        output::print_json(&json!({ "same": same, "differences": documents }))?;
    } else {
        output::print(&differences.iter().map(Difference::text).collect::<String>())?;
    }
    match differences.len() {
        0 => Ok(()),
        count => {
            let noun = if count == 1 {
                "value differs"
            } else {
                "values differ"
            };
            let what = format!("{} is not in force", target.name);
            Err(Failure::new(what, format!("{count} {noun}"))
                .remedy(format!("simructl apply {}", file.display())))
        }
    }
}

impl Difference<'_> {
    fn text(&self) -> String {
        let name = &self.knob.name;
        let of = match self.line {
            Some(line) => format!("line{line} "),
            None => String::new(),
        };
        format!(
            "{of}{name} {} -> {}\n",
            self.now.unwrap_or("-"),
            self.wanted
        )
    }

    fn document(&self) -> Value {
        json!({
            "line": self.line,
            "knob": self.knob.name,
            "now": self.now.map(value::json),
            "profile": value::json(self.wanted),
        })
    }
}
