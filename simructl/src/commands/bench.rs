// SPDX-License-Identifier: GPL-2.0-only

//! `simructl bench`: measures what the flavors cost, and how they behave.

use std::path::Path;

use crate::cli::Bench;
use crate::commands::dry_run;
use crate::destination::Claims;
use crate::documents::{Documents, Written, rescue};
use crate::output;
use crate::progress::Progress;
use crate::signals;
use simrupt::failure::Failure;
use simrupt::knobs::Knobs;
use simrupt::module::{Module, is_loaded};
use simrupt::sysroot::{Sysroot, input_name, open_or_stdin, read_whole};
use simrupt_bench::cpu::online;
use simrupt_bench::environment;
use simrupt_bench::job::Job;
use simrupt_bench::lock::Lock;
use simrupt_bench::outlook::outlook;
use simrupt_bench::overrides::Overrides;
use simrupt_bench::plan::{Plan, counted, told};
use simrupt_bench::priority;
use simrupt_bench::report;
use simrupt_bench::results::{Environment, Results};
use simrupt_bench::rig::{Rig, WHAT};
use simrupt_bench::saved;
use simrupt_bench::session::{self, Outcome};

/// The preset if the command line names no job.
const DEFAULT_PRESET: &str = "quick";

pub(crate) fn run(sysroot: &Sysroot, bench: &Bench) -> Result<(), Failure> {
    let job = job(bench)?;
    if bench.dry_run {
        return dry_run::run(sysroot, bench, &job);
    }
    let module = Module::find(sysroot, WHAT)?;
    module.line_directory(0, WHAT)?;
    module.must_be_writable(WHAT)?;
    let knobs = Knobs::of(&module)?;
    let plan = plan(sysroot, &job)?;
    let mut rig = Rig::new(&module, &knobs, plan.placement.clone());
    rig.check(&plan)?;
    let environment = environment::look(sysroot);
    if bench.strict {
        refuse(&environment)?;
    }
    let documents = Documents::open(&bench.outputs, inputs(bench, &job), None)?;

    // From here on the machine is changed.
    let _lock = Lock::take(sysroot)?;
    let stop = signals::stop()?;
    // If it is not permitted, as in some containers, the bench runs without it.
    let _ = priority::raise();
    if let Some(recovered) = saved::recover(&module, &knobs)? {
        output::note(&recovered);
    }
    for sentence in outlook(&plan, environment.repeats()) {
        output::note(&sentence);
    }
    let visits = counted(plan.visit_count() as usize, "visit");
    output::note(&format!("{visits}, which take about {}", told(plan.time())));
    let mut progress = Progress::new();
    let outcome = session::run(&mut rig, &plan, environment, &stop, &mut progress)?;
    drop(progress);
    let Outcome {
        mut results,
        failure,
    } = outcome;
    results.label.clone_from(&bench.outputs.label);
    let incomplete = (!results.complete).then(|| {
        let why = match failure {
            None => "it was stopped; what was finished is above, and in the files asked for",
            Some(_) => "what was finished is above, and in the files asked for",
        };
        Failure::new("the bench is not complete", why)
    });
    let failures = tell(&results, documents).into_iter();
    Failure::all(failure.into_iter().chain(failures).chain(incomplete)).map_or(Ok(()), Err)
}

/// Writes the documents, prints the tables, and returns all failures. The results are kept somewhere in any case.
fn tell(results: &Results, documents: Documents) -> Vec<Failure> {
    let has_tables = !documents.take_stdout();
    let Written {
        has_json,
        mut failures,
    } = documents.write(results);
    if has_tables {
        failures.extend(output::copy(report::table(results).as_bytes()).err());
    }
    if !failures.is_empty() && !has_json {
        match rescue(results) {
            Ok(path) => {
                let what = format!("the results are kept in {}", path.display());
                let why = "an output that was asked for could not be written";
                let remedy = format!("simructl report {}", path.display());
                output::warning(&Failure::new(what, why).remedy(remedy));
            }
            Err(failure) => failures.push(failure),
        }
    }
    failures
}

/// The job of the command line, checked.
fn job(bench: &Bench) -> Result<Job, Failure> {
    let overrides = Overrides::from(&bench.overrides);
    let Some(path) = &bench.job else {
        let name = bench.preset.as_deref().unwrap_or(DEFAULT_PRESET);
        // The presets are valid, so the options are at fault.
        let job = Job::preset(name)?.override_by(&overrides)?;
        return job.checked().map_err(Failure::usage);
    };
    let name = input_name(path);
    let text = open_or_stdin(path).and_then(read_whole);
    let text = text.map_err(|error| Failure::file("read", Path::new(&name), None, &error))?;
    let named = |failure: Failure| failure.at(&name);
    let job = Job::parse(&text, &name)?;
    job.override_by(&overrides)?.checked().map_err(named)
}

/// The files that the bench reads.
pub(super) fn inputs(bench: &Bench, job: &Job) -> Claims {
    let replay = job.replay.as_deref();
    Claims::inputs(bench.job.as_deref().into_iter().chain(replay))
}

/// The plan of a job for this machine, and for the module if it is loaded.
pub(super) fn plan(sysroot: &Sysroot, job: &Job) -> Result<Plan, Failure> {
    let lines = match is_loaded(sysroot) {
        true => Module::find(sysroot, WHAT)?.lines().len(),
        false => usize::MAX,
    };
    let lines = u32::try_from(lines).unwrap_or(u32::MAX);
    Plan::of(job, &online(sysroot), lines)
}

/// Refuses to measure at grade D, for `--strict`.
pub(super) fn refuse(environment: &Environment) -> Result<(), Failure> {
    match environment.grade.as_str() {
        "D" => Err(Failure::new(
            "the figures would be of grade D",
            environment.reasons.join("; "),
        )
        .remedy("another machine or kernel, or without --strict")),
        _ => Ok(()),
    }
}
