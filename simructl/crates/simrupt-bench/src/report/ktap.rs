// SPDX-License-Identifier: GPL-2.0-only

//! The report as KTAP: a test for each cell, which passes if all of its rounds were run.

use simrupt::ktap::{Ktap, Outcome};

use super::case::{cell_name, knee_name, measurement};
use super::is_finished;
use super::metric::{KNEE, MAIN, Metric};
use crate::results::{Cell, Knee, Results};

/// All cells and all highest rates. A highest rate is skipped if it was not found because even the lowest rate did not
/// pass.
pub fn ktap(results: &Results) -> String {
    let mut ktap = Ktap::default();
    ktap.diagnostic(&format!("grade {}", results.environment.grade));
    for sentence in results
        .environment
        .reasons
        .iter()
        .chain(&results.foreign_changes)
    {
        ktap.diagnostic(sentence);
    }
    let outcome = |rounds, planned| match is_finished(results, rounds, planned) {
        true => Outcome::Pass,
        false => Outcome::Fail,
    };
    for cell in &results.cells {
        figures(&mut ktap, cell);
        ktap.test(
            &cell_name(&cell.setting),
            outcome(cell.rounds.len(), cell.planned_rounds(&results.plan)),
        );
    }
    for knee in &results.knees {
        let name = knee_name(knee);
        match found(knee) {
            Some(rate) => {
                ktap.diagnostic(&format!("{KNEE} {}", measurement(Metric(KNEE), rate)));
                ktap.test(&name, outcome(knee.rates_hz.len(), results.plan.rounds));
            }
            None => ktap.test(
                &name,
                Outcome::Skip(format!("not even {} Hz passed", knee.min_hz)),
            ),
        }
    }
    ktap.text()
}

/// The median of the rates that were found, unless that is a round without one.
fn found(knee: &Knee) -> Option<f64> {
    let rate = knee.rate_hz.as_ref()?.median;
    (rate > 0.0).then_some(rate)
}

fn figures(ktap: &mut Ktap, cell: &Cell) {
    for name in MAIN {
        if let Some(estimate) = cell.metrics.get(name) {
            let value = measurement(Metric(name), estimate.median);
            ktap.diagnostic(&format!("{name} {value}"));
        }
    }
    for flag in &cell.flags {
        ktap.diagnostic(flag);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn cells_pass_fail_and_are_skipped() {
        let mut results = sample::results();
        results.complete = false;
        results.cells[0].rounds.pop();
        results.knees[0].rate_hz.as_mut().unwrap().median = 0.0;
        let text = ktap(&results);
        let tests = results.cells.len() + results.knees.len();
        assert!(
            text.starts_with(&format!("KTAP version 1\n1..{tests}\n# grade B\n")),
            "{text}"
        );
        assert!(text.contains("\nnot ok 1 none-1000hz\n"), "{text}");
        assert_eq!(text.matches("\nnot ok ").count(), 1);
        assert_eq!(
            text.matches(" # SKIP not even 1000 Hz passed\n").count(),
            1,
            "{text}"
        );
    }
}
