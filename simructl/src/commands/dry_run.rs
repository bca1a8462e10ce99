// SPDX-License-Identifier: GPL-2.0-only

//! `simructl bench --dry-run`: makes all checks that a run makes before it begins, and prints its plan.

use serde_json::{Value, json};

use crate::cli::Bench;
use crate::commands::bench::{inputs, plan, refuse};
use crate::documents::Documents;
use crate::output;
use simrupt::failure::Failure;
use simrupt::knobs::Knobs;
use simrupt::module::{Module, is_loaded};
use simrupt::sysroot::Sysroot;
use simrupt_bench::environment;
use simrupt_bench::job::Job;
use simrupt_bench::outlook::outlook;
use simrupt_bench::plan::Plan;
use simrupt_bench::rig::{Rig, WHAT};

/// Prints the plan of a job: in words, or as JSON if the run would write its JSON to standard output.
pub(super) fn run(sysroot: &Sysroot, bench: &Bench, job: &Job) -> Result<(), Failure> {
    let plan = plan(sysroot, job)?;
    check_module(sysroot, &plan)?;
    if bench.strict {
        refuse(&environment::look(sysroot))?;
    }
    let outputs = Documents::check(&bench.outputs, inputs(bench, job), None)?;
    let outlook = outlook(&plan, false);
    match outputs.has_json_on_stdout() {
        true => output::print_json(&document(&plan, &outlook)),
        false => output::print(&format!("{}{}\n", plan.text(), outlook.join("\n"))),
    }
}

/// Checks that the module supports the plan, if there is a module and it can be asked. The plan may be for another
/// machine, and a dry run needs no privilege.
fn check_module(sysroot: &Sysroot, plan: &Plan) -> Result<(), Failure> {
    if !is_loaded(sysroot) {
        return Ok(());
    }
    let module = Module::find(sysroot, WHAT)?;
    if module.line_directory(0, WHAT).is_err() {
        return Ok(());
    }
    module.must_be_writable(WHAT)?;
    let knobs = Knobs::of(&module)?;
    Rig::new(&module, &knobs, plan.placement.clone()).check(plan)
}

/// The plan as a document, with the differences that `compare` will be able to find.
fn document(plan: &Plan, outlook: &[String]) -> Value {
    let cells = plan
        .cells
        .iter()
        .map(|cell| json!({ "setting": cell.setting, "plan": cell.effort.document() }));
    let knees = plan.knees.iter().map(|knee| {
        json!({
            "setting": knee.setting,
            "min_hz": knee.min_hz(),
            "max_hz": knee.max_hz,
            "p99_limit_ns": knee.p99_limit.as_nanos() as u64,
            "duration_s": knee.duration.as_secs_f64(),
        })
    });
    json!({
        "plan": plan.document(),
        "cells": cells.collect::<Vec<_>>(),
        "knees": knees.collect::<Vec<_>>(),
        "time_s": plan.time().as_secs_f64(),
        "outlook": outlook,
    })
}
