// SPDX-License-Identifier: GPL-2.0-only

//! `check-transcripts`: runs the transcripts of the documentation in test machines, and compares what is printed with
//! what the pages show; it can rewrite the pages.
//!
//! Called by `tests/lab/docs` on the host. [`page`] finds transcripts by their [`marker`]; [`plan`] shares them out to
//! machines, which [`guest`] writes files for and [`machines`] boots; [`said`] cuts their output, [`outcome`] compares.

mod align;
mod args;
mod guest;
mod machines;
mod marker;
mod numbers;
mod outcome;
mod page;
mod pages;
mod plan;
mod report;
mod said;

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Parser;
use simrupt::failure::Failure;

use crate::args::{Args, Update};
use crate::machines::Ran;
use crate::outcome::{Outcome, run_of};
use crate::page::Page;
use crate::pages::MadeAnew;
use crate::plan::Boot;
use crate::report::Report;
use crate::said::Said;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is well.
fn run(args: &Args) -> Result<bool, Failure> {
    let (pages, mut faults) = pages::read(&args.checkout, &args.pages)?;
    let mut sessions = Vec::new();
    for (index, page) in pages.iter().enumerate() {
        match plan::sessions(index, page) {
            Ok(of_page) => sessions.extend(of_page),
            Err(fault) => faults.push(pages::told(&page.path, &fault)),
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    if !faults.is_empty() || args.only_markers {
        return Ok(faults.is_empty());
    }
    let mut boots = Vec::new();
    let _ = std::fs::remove_dir_all(&args.build);
    for (index, boot) in plan::boots(sessions).into_iter().enumerate() {
        let folder = args.build.join(format!("{:02}", index + 1));
        guest::write(&folder, &args.checkout, &pages, &boot)?;
        boots.push((boot, folder));
    }
    let images: BTreeSet<_> = boots.iter().map(|(boot, _)| boot.image).collect();
    for image in images {
        machines::prepare(&args.script, image)?;
    }
    let ran = machines::run(&args.script, &boots, |boot, ran| {
        println!("{}", report::machine(&pages, boot, ran));
    })?;

    let mut report = Report::default();
    for page in &pages {
        report.count_elsewhere(page);
    }
    let mut made_anew: Vec<MadeAnew> = pages.iter().map(|_| Vec::new()).collect();
    for ((boot, folder), ran) in boots.iter().zip(&ran) {
        judge(&pages, boot, ran, args.update, &mut report, &mut made_anew);
        if ran.status != Some(0) {
            report.machine_failed(&pages, boot, ran, &folder.with_extension("console"));
        }
    }
    for (page, blocks) in pages.iter().zip(made_anew) {
        if !blocks.is_empty() {
            report.updated(page, blocks.len());
            pages::write(&args.checkout, page, blocks)?;
        }
    }
    print!("{report}");
    Ok(report.is_good())
}

/// Compares all transcripts of a machine.
fn judge(
    pages: &[Page],
    boot: &Boot,
    ran: &Ran,
    update: Update,
    report: &mut Report,
    made_anew: &mut [MadeAnew],
) {
    let said = Said::parse(&ran.text);
    for (index, session) in boot.sessions.iter().enumerate() {
        let number = guest::number(index);
        let page = &pages[session.page];
        let numbers = guest::step_numbers(page, &session.transcripts);
        for (&transcript_index, steps) in session.transcripts.iter().zip(numbers) {
            let transcript = &page.transcripts[transcript_index];
            let Some(run) = run_of(transcript) else {
                continue;
            };
            let printed = said.steps(number, steps);
            let outcome = outcome::judge(page, transcript, run, &printed);
            let is_wanted = match (&outcome, update) {
                (Outcome::Failed(_), _) | (_, Update::None) => false,
                (Outcome::Same, Update::Drifted) => false,
                (Outcome::Drifted(_), Update::Drifted) | (_, Update::All) => true,
            };
            let made = is_wanted.then(|| outcome::made_anew(page, transcript, run, &printed));
            match made {
                Some(Ok(body)) => {
                    if body != page.lines[transcript.body.clone()] {
                        made_anew[session.page].push((transcript_index, body));
                    }
                    report.is_same();
                }
                Some(Err(why)) => report.amiss(
                    page,
                    transcript,
                    "cannot be rewritten",
                    &[format!("    {why}")],
                ),
                None => match outcome {
                    Outcome::Same => report.is_same(),
                    Outcome::Drifted(rows) => {
                        report.amiss(page, transcript, "something else is printed today", &rows)
                    }
                    Outcome::Failed(rows) => report.amiss(page, transcript, "it failed", &rows),
                },
            }
        }
        if let Some(what) = said.left(number) {
            report.left(page, what);
        }
    }
}
