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
use crate::marker::Run;
use crate::outcome::{Outcome, run_of};
use crate::page::Page;
use crate::pages::MadeAnew;
use crate::plan::Boot;
use crate::report::Report;
use crate::said::{Printed, Said};

/// How often a machine runs at most, if something drifts in it.
const MOST_RUNS: usize = 3;

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
    let tells = |boot: &Boot, ran: &Ran| println!("{}", report::machine(&pages, boot, ran));
    let all: Vec<_> = boots.iter().collect();
    let ran = machines::run(&args.script, &all, tells)?;
    let mut runs: Vec<Vec<Ran>> = ran.into_iter().map(|ran| vec![ran]).collect();
    // Which of two CPUs is first is chance now and then. Real drift drifts again.
    for _ in 1..MOST_RUNS {
        let again: Vec<usize> = (0..boots.len())
            .filter(|&index| {
                args.update == Update::None && drifts(&pages, &boots[index].0, &runs[index])
            })
            .collect();
        if again.is_empty() {
            break;
        }
        println!("once more, where something else was printed:");
        let these: Vec<_> = again.iter().map(|&index| &boots[index]).collect();
        let ran = machines::run(&args.script, &these, tells)?;
        for (index, ran) in again.into_iter().zip(ran) {
            runs[index].push(ran);
        }
    }

    let mut report = Report::default();
    for page in &pages {
        report.count_elsewhere(page);
    }
    let mut made_anew: Vec<MadeAnew> = pages.iter().map(|_| Vec::new()).collect();
    for ((boot, folder), runs) in boots.iter().zip(&runs) {
        judge(&pages, boot, runs, args.update, &mut report, &mut made_anew);
        for ran in runs.iter().filter(|ran| ran.status != Some(0)) {
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

/// What became of a transcript in a run of its machine.
struct Judged<'a> {
    page: usize,
    transcript: usize,
    run: &'a Run,
    printed: Vec<Printed>,
    outcome: Outcome,
}

/// What became of all transcripts in a run of their machine, in their order.
fn judged<'a>(pages: &'a [Page], boot: &Boot, ran: &Ran) -> Vec<Judged<'a>> {
    let said = Said::parse(&ran.text);
    let mut all = Vec::new();
    for (index, session) in boot.sessions.iter().enumerate() {
        let page = &pages[session.page];
        let numbers = guest::step_numbers(page, &session.transcripts);
        for (&transcript, steps) in session.transcripts.iter().zip(numbers) {
            let Some(run) = run_of(&page.transcripts[transcript]) else {
                continue;
            };
            let printed = said.steps(guest::number(index), steps);
            all.push(Judged {
                page: session.page,
                transcript,
                run,
                outcome: outcome::judge(page, &page.transcripts[transcript], run, &printed),
                printed,
            });
        }
    }
    all
}

/// Whether a transcript drifted in each run of its machine.
fn drifts(pages: &[Page], boot: &Boot, runs: &[Ran]) -> bool {
    let all: Vec<_> = runs.iter().map(|ran| judged(pages, boot, ran)).collect();
    let Some(first) = all.first() else {
        return false;
    };
    (0..first.len()).any(|index| {
        all.iter()
            .all(|run| matches!(run[index].outcome, Outcome::Drifted(_)))
    })
}

/// Compares all transcripts of a machine. A page is right that shows what one of the runs printed.
fn judge(
    pages: &[Page],
    boot: &Boot,
    runs: &[Ran],
    update: Update,
    report: &mut Report,
    made_anew: &mut [MadeAnew],
) {
    let mut all: Vec<_> = runs.iter().map(|ran| judged(pages, boot, ran)).collect();
    let Some(last) = all.pop() else {
        return;
    };
    for (index, judged) in last.into_iter().enumerate() {
        let page = &pages[judged.page];
        let transcript = &page.transcripts[judged.transcript];
        if all
            .iter()
            .any(|earlier| earlier[index].outcome == Outcome::Same)
        {
            report.is_same();
            continue;
        }
        let is_wanted = match (&judged.outcome, update) {
            (Outcome::Failed(_), _) | (_, Update::None) => false,
            (Outcome::Same, Update::Drifted) => false,
            (Outcome::Drifted(_), Update::Drifted) | (_, Update::All) => true,
        };
        let made =
            is_wanted.then(|| outcome::made_anew(page, transcript, judged.run, &judged.printed));
        match made {
            Some(Ok(body)) => {
                if body != page.lines[transcript.body.clone()] {
                    made_anew[judged.page].push((judged.transcript, body));
                }
                report.is_same();
            }
            Some(Err(why)) => report.amiss(
                page,
                transcript,
                "cannot be rewritten",
                &[format!("    {why}")],
            ),
            None => match judged.outcome {
                Outcome::Same => report.is_same(),
                Outcome::Drifted(rows) => {
                    report.amiss(page, transcript, "something else is printed today", &rows);
                }
                Outcome::Failed(rows) => report.amiss(page, transcript, "it failed", &rows),
            },
        }
    }
    for ran in runs {
        let said = Said::parse(&ran.text);
        for (index, session) in boot.sessions.iter().enumerate() {
            if let Some(what) = said.left(guest::number(index)) {
                report.left(&pages[session.page], what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A run of the only session of a page, with one step.
    fn ran(printed: &str) -> Ran {
        Ran {
            text: format!("@docs begin 1 0\n{printed}\n\n@docs end 1 0 0\n"),
            status: Some(0),
            time: Duration::ZERO,
        }
    }

    fn page_and_boot() -> (Page, Boot) {
        let text = "<!-- transcript: new -->\n```\n$ which\nCPU0\n```\n";
        let (page, faults) = Page::parse("a.md", text);
        assert_eq!(faults, []);
        let boot = plan::boots(plan::sessions(0, &page).unwrap()).remove(0);
        (page, boot)
    }

    fn is_good(runs: &[&str]) -> bool {
        let (page, boot) = page_and_boot();
        let runs: Vec<Ran> = runs.iter().map(|printed| ran(printed)).collect();
        let (mut report, mut made) = (Report::default(), vec![Vec::new()]);
        judge(&[page], &boot, &runs, Update::None, &mut report, &mut made);
        assert_eq!(made, [Vec::new()]);
        report.is_good()
    }

    #[test]
    fn a_page_is_right_that_shows_what_one_of_the_runs_printed() {
        assert!(is_good(&["CPU0"]));
        assert!(is_good(&["CPU1", "CPU0"]));
        assert!(!is_good(&["CPU1"]));
        assert!(!is_good(&["CPU1", "CPU1"]));
    }

    #[test]
    fn a_machine_runs_again_until_a_run_prints_what_the_page_shows() {
        let (page, boot) = page_and_boot();
        let pages = [page];
        let again = |runs: &[&str]| {
            let runs: Vec<Ran> = runs.iter().map(|printed| ran(printed)).collect();
            drifts(&pages, &boot, &runs)
        };
        assert!(again(&["CPU1"]));
        assert!(again(&["CPU1", "CPU2"]));
        assert!(!again(&["CPU0"]));
        assert!(!again(&["CPU1", "CPU0"]));
    }
}
