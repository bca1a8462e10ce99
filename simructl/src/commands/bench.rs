// SPDX-License-Identifier: GPL-2.0-only

//! `simructl bench`: measures what the flavors cost, and how they behave.

use std::fs::File;
use std::path::Path;

use crate::bench::cpu::online;
use crate::bench::environment;
use crate::bench::job::Job;
use crate::bench::lock::Lock;
use crate::bench::outputs::Documents;
use crate::bench::plan::Plan;
use crate::bench::priority;
use crate::bench::report;
use crate::bench::results::Environment;
use crate::bench::rig::{Rig, WHAT};
use crate::bench::saved;
use crate::bench::session;
use crate::cli::Bench;
use crate::failure::Failure;
use crate::knobs::Knobs;
use crate::module::{Module, is_loaded};
use crate::output;
use crate::stop::Stop;
use crate::sysroot::{Sysroot, read_whole};

/// The preset of a bench of which nothing is said.
const DEFAULT_PRESET: &str = "quick";

pub(crate) fn run(sysroot: &Sysroot, bench: &Bench) -> Result<(), Failure> {
    let job = job(bench)?;
    if bench.dry_run {
        return output::print(&plan(sysroot, &job)?.text());
    }
    let module = Module::find(sysroot, WHAT)?;
    module.line_directory(0, WHAT)?;
    module.must_be_writable(WHAT)?;
    let knobs = Knobs::quietly(&module)?;
    let plan = plan(sysroot, &job)?;
    let mut rig = Rig::new(&module, &knobs);
    rig.check(&plan)?;
    let environment = environment::look(sysroot);
    if bench.strict {
        refuse(&environment)?;
    }
    let documents = Documents::open(&bench.outputs)?;

    // From here on, things change.
    let _lock = Lock::take(sysroot)?;
    let stop = Stop::on_signal()?;
    // Where it may not, as in some containers, it has to do without.
    let _ = priority::raise();
    saved::recover(&module, &knobs)?;
    let results = session::run(&mut rig, &plan, environment, &stop)?;
    if !documents.take_stdout() {
        output::print(&report::table(&results))?;
    }
    let complete = results.complete;
    documents.write(&results)?;
    match complete {
        true => Ok(()),
        false => Err(Failure::new(
            "the bench is not complete",
            "it was stopped; what was finished is above, and in the files asked for",
        )),
    }
}

/// The job that was asked for, checked.
fn job(bench: &Bench) -> Result<Job, Failure> {
    let Some(path) = &bench.job else {
        let name = bench.preset.as_deref().unwrap_or(DEFAULT_PRESET);
        // The presets are fine: it is the options that are not.
        let job = Job::preset(name)?.override_by(&bench.overrides)?;
        return job.checked().map_err(Failure::usage);
    };
    let text = File::open(path).and_then(read_whole);
    let text = text.map_err(|error| Failure::file("read", path, None, &error))?;
    let named = |failure: Failure| failure.at(&path.display().to_string());
    let job = Job::parse(&text, &name_of(path))?;
    job.override_by(&bench.overrides)?.checked().map_err(named)
}

fn name_of(path: &Path) -> String {
    path.display().to_string()
}

/// The plan of a job, with as many lines for `cpus` as there are both of CPUs and, where the module is
/// loaded, of lines.
fn plan(sysroot: &Sysroot, job: &Job) -> Result<Plan, Failure> {
    let mut cpus = online(sysroot).len() as u32;
    if is_loaded(sysroot) {
        let lines = Module::find(sysroot, WHAT)?.lines().len() as u32;
        cpus = cpus.min(lines.max(1));
    }
    Ok(Plan::of(job, cpus))
}

/// Figures that nobody could believe are not made, if so asked.
fn refuse(environment: &Environment) -> Result<(), Failure> {
    match environment.grade.as_str() {
        "D" => Err(Failure::new(
            "the figures would be of grade D",
            environment.reasons.join("; "),
        )
        .remedy("another machine or kernel; or without --strict")),
        _ => Ok(()),
    }
}
