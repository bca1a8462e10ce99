// SPDX-License-Identifier: GPL-2.0-only

//! `simructl stats`: shows the counters of each line.

use serde_json::{Value, json};

use crate::cli::Options;
use crate::commands::lines::{Shown, show_lines};
use simrupt::failure::Failure;
use simrupt::layout::columns;
use simrupt::line::Counters;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;

const WHAT: &str = "cannot show the stats";

pub(crate) fn run(sysroot: &Sysroot, options: &Options) -> Result<(), Failure> {
    let module = Module::find(sysroot, WHAT)?;
    show_lines(&module, options, |line| {
        let irq = module.irq(line);
        let counters = module.counters(line, WHAT)?;
        Ok(Shown {
            is_bound: counters.is_some(),
            text: text(line, irq, module.fault(line).as_deref(), counters.as_ref()),
            document: document(&module, line, counters.as_ref()),
        })
    })
}

fn text(line: u32, irq: Option<u32>, fault: Option<&str>, counters: Option<&Counters>) -> String {
    let irq = irq.map_or_else(|| "-".to_string(), |irq| irq.to_string());
    let fault = fault.map_or_else(String::new, |fault| format!("  fault {fault}"));
    let Some(counters) = counters else {
        return format!("line{line}  irq {irq}{fault}  driver unbound\n");
    };
    let rows: Vec<[String; 2]> = counters
        .stats
        .iter()
        .map(|(name, value)| [name.to_string(), value.to_string()])
        .collect();
    format!(
        "line{line}  irq {irq}{fault}\n{}\n{}",
        columns("  ", &rows),
        counters.contexts.text("  ")
    )
}

pub(crate) fn document(module: &Module<'_>, line: u32, counters: Option<&Counters>) -> Value {
    json!({
        "line": line,
        "irq": module.irq(line),
        "fault": module.fault(line),
        "bound": counters.is_some(),
        "stats": counters.map(Counters::stats_json),
        "contexts": counters.map(Counters::contexts_json),
    })
}
