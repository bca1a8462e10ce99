// SPDX-License-Identifier: GPL-2.0-only

//! From the runs of a lab to points, faults and explanations. Pure.

use std::collections::BTreeMap;

use simrupt_runner::console::findings;

use crate::answers::{Answers, same};
use crate::lab::{Case, Ends, Explanation, Lab, Prediction};
use crate::transcript::{End, Run};

/// The runs of a job, by the number of the case that has the commands.
pub(crate) type Runs = BTreeMap<usize, Run>;

/// The kernel's line before a warning or a bug.
pub(crate) const CUT_HERE: &str = "[ cut here ]";

/// What was seen of a lab.
#[derive(Debug)]
pub(crate) enum Seen {
    /// The build failed: its messages.
    BuildFailed(String),
    Ran(Runs),
}

/// A lab's outcome.
#[derive(Debug)]
pub(crate) struct Grade {
    pub(crate) predictions: Vec<Predicted>,
    pub(crate) cases: Vec<Judged>,
    /// The explanations that apply.
    pub(crate) explanations: Vec<Explained>,
    /// The messages of a build that failed.
    pub(crate) build_messages: Option<String>,
}

/// An explanation that applies.
#[derive(Debug)]
pub(crate) struct Explained {
    /// Its number in the lab.
    pub(crate) at: usize,
    /// The failed cases that judge a run to which it applies, by their numbers in the lab.
    pub(crate) failed: Vec<usize>,
}

/// A prediction and its outcome.
#[derive(Debug)]
pub(crate) struct Predicted {
    pub(crate) answer: String,
    /// `None` while its case fails.
    pub(crate) outcome: Option<String>,
    pub(crate) points: u32,
}

/// A case and its faults.
#[derive(Debug)]
pub(crate) struct Judged {
    /// Empty if the case has passed.
    pub(crate) faults: Vec<String>,
    pub(crate) points: u32,
    pub(crate) run: Run,
}

impl Judged {
    pub(crate) fn has_passed(&self) -> bool {
        self.faults.is_empty()
    }
}

impl Grade {
    pub(crate) fn points(&self) -> u32 {
        self.predictions.iter().map(|one| one.points).sum::<u32>()
            + self.cases.iter().map(|case| case.points).sum::<u32>()
    }

    /// Whether the explanation with this name applies.
    pub(crate) fn explains(&self, lab: &Lab, name: &str) -> bool {
        self.explanations
            .iter()
            .any(|one| lab.explanations[one.at].name == name)
    }
}

/// Judges the results of `lab`.
pub(crate) fn judge(lab: &Lab, answers: &Answers, seen: &Seen) -> Grade {
    let nothing = Runs::new();
    let (runs, build_messages) = match seen {
        Seen::BuildFailed(messages) => (&nothing, Some(messages.clone())),
        Seen::Ran(runs) => (runs, None),
    };
    let run_of = |index: usize| runs.get(&lab.run_of(index)).cloned().unwrap_or_default();
    let cases = lab.cases.iter().enumerate().map(|(index, case)| {
        let run = run_of(index);
        let faults = match build_messages {
            Some(_) => vec!["the files were not built".to_owned()],
            None => {
                // The pattern of a case that shows the outcome of a prediction may reveal it.
                let tells = lab.predictions.iter().any(|one| one.case == case.name);
                faults(case, &run, lab.machine.limit_s, tells)
            }
        };
        Judged {
            points: if faults.is_empty() { case.points } else { 0 },
            faults,
            run,
        }
    });
    let cases: Vec<Judged> = cases.collect();
    let predictions = lab.predictions.iter().map(|one| {
        let of_case = lab
            .cases
            .iter()
            .zip(&cases)
            .find(|(case, _)| case.name == one.case);
        // Files that are not right may show a different outcome.
        let run = of_case
            .filter(|(_, judged)| judged.has_passed())
            .map(|(_, judged)| &judged.run);
        predicted(one, answers, run)
    });
    let predictions = predictions.collect();
    let is_failed = |at: usize, run: usize| lab.run_of(at) == run && !cases[at].has_passed();
    let applies = |one: &Explanation| match &build_messages {
        Some(messages) => one
            .build
            .as_ref()
            .is_some_and(|pattern| pattern.is_in(messages))
            .then(Vec::new),
        None => {
            let explained = explained_runs(lab, one, runs);
            let is_explained = |&at: &usize| explained.iter().any(|&run| is_failed(at, run));
            (!explained.is_empty()).then(|| (0..cases.len()).filter(is_explained).collect())
        }
    };
    let explanations = lab.explanations.iter().enumerate();
    let explanations = explanations
        .filter_map(|(at, one)| applies(one).map(|failed| Explained { at, failed }))
        .collect();
    Grade {
        predictions,
        cases,
        explanations,
        build_messages,
    }
}

/// The runs to which an explanation applies, by the number of the case that has the commands.
fn explained_runs(lab: &Lab, one: &Explanation, runs: &Runs) -> Vec<usize> {
    let is_there = |name: &String| lab.cases.iter().position(|case| case.name == *name);
    let in_case = one.case.as_ref().and_then(is_there);
    let wanted = in_case.map(|at| lab.run_of(at));
    runs.iter()
        .filter(|&(&at, run)| wanted.is_none_or(|wanted| wanted == at) && explains_run(one, run))
        .map(|(&at, _)| at)
        .collect()
}

fn explains_run(one: &Explanation, run: &Run) -> bool {
    one.build.is_none()
        && one
            .output
            .as_ref()
            .is_none_or(|pattern| pattern.is_in(&run.output))
        && one
            .console
            .as_ref()
            .is_none_or(|pattern| pattern.is_in(&run.console))
        && one.ends.is_none_or(|ends| run.end.is(ends))
}

fn predicted(one: &Prediction, answers: &Answers, run: Option<&Run>) -> Predicted {
    let texts = run.map(|run| [&run.output, &run.console]);
    let outcome = texts
        .into_iter()
        .flatten()
        .find_map(|text| one.shows.group_in(text));
    let answer = answers.to(one).to_owned();
    let is_right = outcome.is_some_and(|outcome| same(&answer, outcome));
    Predicted {
        answer,
        outcome: outcome.map(str::to_owned),
        points: if is_right { one.points } else { 0 },
    }
}

/// The faults of a run by the checks of a case. If `tells`, its patterns may reveal the outcome of a prediction.
fn faults(case: &Case, run: &Run, limit_s: u32, tells: bool) -> Vec<String> {
    if run.end == End::NotRun {
        return vec!["it was not run: the machine was gone".to_owned()];
    }
    let mut faults = Vec::new();
    match (run.end, case.ends) {
        (End::Exit(status), Ends::Exit) if status != case.exit => {
            faults.push(format!(
                "the last command's exit status is {status}, not {}",
                case.exit
            ));
        }
        (end, wanted) if !end.is(wanted) => faults.push(told(end, limit_s)),
        _ => {}
    }
    let quoted = |pattern: &str| match tells {
        true => "(the pattern stays in lab.toml: it may give a prediction away)".to_owned(),
        false => pattern.to_owned(),
    };
    if let Some(expected) = &case.expect {
        if expected.trim() != run.output.trim() {
            faults.push(format!("the output should be: {}", quoted(expected.trim())));
        }
    }
    for (what, patterns, text) in [
        ("output", &case.output, &run.output),
        ("console", &case.console, &run.console),
    ] {
        let lacking = patterns.0.iter().filter(|pattern| !pattern.is_in(text));
        let mut told: Vec<String> = lacking
            .map(|pattern| {
                let pattern = quoted(pattern.as_written());
                format!("the {what} has no match for: {pattern}")
            })
            .collect();
        told.dedup();
        faults.extend(told);
    }
    for pattern in &case.never.0 {
        if pattern.is_in(&run.output) || pattern.is_in(&run.console) {
            faults.push(format!(
                "the output or the console has what must not be there: {}",
                pattern.as_written()
            ));
        }
    }
    let reports = findings(&run.console);
    match &case.report {
        Some(pattern) if !pattern.is_in(&run.console) => {
            faults.push(format!(
                "the kernel did not report: {}",
                pattern.as_written()
            ));
        }
        // A panic reports itself, and for a hang the waiting tasks are shown.
        None if case.ends == Ends::Exit => {
            // Some lines of a report only announce others.
            let is_telling =
                |text: &str| !text.contains(CUT_HERE) && !text.starts_with("Call Trace:");
            let telling = reports.iter().find(|one| is_telling(&one.text));
            // A hang has been told already.
            let first = reports.first().filter(|_| faults.is_empty());
            faults.extend(
                telling
                    .or(first)
                    .map(|one| format!("the kernel reports: {}", one.text)),
            );
        }
        _ => {}
    }
    faults
}

fn told(end: End, limit_s: u32) -> String {
    match end {
        End::Exit(_) => "the commands came to their end".to_owned(),
        End::Hang => {
            format!("the commands did not come to their end, for {limit_s} s of the machine's time")
        }
        End::Panic => "the machine went down".to_owned(),
        End::NotRun => "it was not run".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tests::SMALL;

    fn lab(from: &str, to: &str) -> Lab {
        assert!(SMALL.contains(from));
        Lab::parse("07-small", &SMALL.replacen(from, to, 1)).unwrap()
    }

    fn plain() -> Lab {
        lab("", "")
    }

    fn ran(output: &str, console: &str, end: End) -> Seen {
        let run = Run {
            output: output.to_owned(),
            console: console.to_owned(),
            end,
        };
        Seen::Ran([(0, run)].into())
    }

    fn good() -> Seen {
        ran("count=3\n", "small: loaded", End::Exit(0))
    }

    fn answers(lab: &Lab, count: &str) -> Answers {
        let answers = Answers::default().with("count", count);
        assert_eq!(answers.open(lab).len(), 0);
        answers
    }

    #[test]
    fn a_right_prediction_and_good_runs_give_all_points() {
        let lab = plain();
        let grade = judge(&lab, &answers(&lab, "3"), &good());
        assert_eq!((grade.points(), lab.points), (5, 5));
        assert!(grade.explanations.is_empty());
    }

    #[test]
    fn a_wrong_prediction_costs_its_own_points_alone() {
        let lab = plain();
        let grade = judge(&lab, &answers(&lab, "4"), &good());
        assert_eq!(grade.points(), 4);
        assert_eq!(grade.predictions[0].outcome.as_deref(), Some("3"));
    }

    #[test]
    fn no_outcome_gives_no_points_for_any_prediction() {
        let lab = plain();
        let seen = ran("cat: No such file", "small: loaded", End::Exit(1));
        let grade = judge(&lab, &answers(&lab, "3"), &seen);
        assert_eq!(grade.points(), 0, "the second case judges the same run");
        assert_eq!(grade.predictions[0].outcome, None);
        assert!(grade.explains(&lab, "missing"));
    }

    #[test]
    fn each_check_of_a_case_can_fail() {
        let report = "WARNING: kernel/irq/manage.c:1234 at free_irq";
        for (from, to, seen, told) in [
            (
                "",
                "",
                ran("3", "", End::Exit(0)),
                "output has no match for: count=",
            ),
            ("", "", ran("count=3", "", End::Hang), "for 10 s"),
            ("", "", ran("count=3", "", End::Panic), "went down"),
            ("", "", ran("count=3", "", End::NotRun), "not run"),
            ("", "", ran("count=3", "", End::Exit(2)), "status is 2"),
            (
                "",
                "",
                ran("count=3", report, End::Exit(0)),
                "reports: WARNING: kernel",
            ),
            ("run =", "exit = 1\nrun =", good(), "is 0, not 1"),
            (
                "run =",
                "expect = 'count=4'\nrun =",
                good(),
                "should be: count=4",
            ),
            (
                "run =",
                "never = 'loaded'\nrun =",
                good(),
                "must not be there: loaded",
            ),
            (
                "run =",
                "report = 'nobody cared'\nrun =",
                good(),
                "did not report",
            ),
            (
                "run =",
                "ends = 'panic'\nrun =",
                good(),
                "came to their end",
            ),
            (
                "run =",
                "console = 'unloaded'\nrun =",
                good(),
                "console has no match",
            ),
        ] {
            let mut lab = lab(from, to);
            // No outcome could be revealed.
            lab.predictions[0].case = "second".to_owned();
            let grade = judge(&lab, &answers(&lab, "3"), &seen);
            assert_eq!(grade.cases[0].points, 0, "{to}");
            let faults = grade.cases[0].faults.join("\n");
            assert!(faults.contains(told), "{to}: {faults}");
        }
    }

    #[test]
    fn of_a_warning_the_line_that_tells_something_is_the_fault() {
        let report = "------------[ cut here ]------------\nWARNING: at timer_fn+0x119/0x160";
        let grade = judge(
            &plain(),
            &answers(&plain(), "3"),
            &ran("count=3", report, End::Exit(0)),
        );
        let faults = grade.cases[0].faults.join("\n");
        assert!(
            faults.contains("reports: WARNING: at") && !faults.contains("cut here"),
            "{faults}"
        );
    }

    #[test]
    fn of_a_hang_the_stacks_of_its_tasks_are_no_second_fault() {
        let seen = ran("count=3", "Call Trace:\n__schedule+0x52a", End::Hang);
        let grade = judge(&plain(), &answers(&plain(), "3"), &seen);
        let faults = grade.cases[0].faults.join("\n");
        assert!(
            faults.contains("for 10 s") && !faults.contains("reports"),
            "{faults}"
        );
    }

    #[test]
    fn an_explanation_knows_the_failed_cases_of_its_run() {
        let lab = plain();
        let seen = ran("cat: No such file", "small: loaded", End::Exit(1));
        let grade = judge(&lab, &answers(&lab, "3"), &seen);
        assert_eq!(grade.explanations[0].failed, [0, 1]);
    }

    #[test]
    fn a_case_that_shows_an_outcome_keeps_its_patterns() {
        let lab = lab("run =", "expect = 'count=3'\nrun =");
        let grade = judge(&lab, &answers(&lab, "3"), &ran("four", "", End::Exit(0)));
        let faults = grade.cases[0].faults.join("\n");
        assert!(
            !faults.contains("count=") && faults.contains("lab.toml"),
            "{faults}"
        );
    }

    #[test]
    fn an_expected_end_or_report_is_no_fault() {
        let lab_report = lab("run =", "report = 'nobody cared'\nrun =");
        let seen = ran(
            "count=3",
            "small: loaded\nirq 9: nobody cared",
            End::Exit(0),
        );
        let grade = judge(&lab_report, &answers(&lab_report, "3"), &seen);
        assert!(grade.cases[0].has_passed());
        let lab_panic = lab("run =", "ends = 'panic'\nrun =");
        let seen = ran("count=3", "Kernel panic - not syncing: x", End::Panic);
        let grade = judge(&lab_panic, &answers(&lab_panic, "3"), &seen);
        assert!(grade.cases[0].has_passed(), "{:?}", grade.cases[0].faults);
    }

    #[test]
    fn a_case_may_end_in_any_way() {
        let lab = lab("run =", "ends = 'any'\nconsole = 'bad'\nrun =");
        let passes = |console: &str, end| {
            let grade = judge(&lab, &answers(&lab, "3"), &ran("count=3", console, end));
            grade.cases[0].has_passed()
        };
        for end in [End::Exit(0), End::Panic, End::Hang] {
            assert!(passes("bad: scheduling", end), "{end:?}");
            assert!(!passes("quiet", end), "{end:?}");
        }
        assert!(!passes("bad: scheduling", End::NotRun));
    }

    #[test]
    fn a_build_error_is_explained_by_its_own_patterns() {
        let lab = lab("output = \"No such file\"", "build = \"No rule to make\"");
        let seen = Seen::BuildFailed("make: No rule to make target 'a.o'".to_owned());
        let grade = judge(&lab, &answers(&lab, "3"), &seen);
        assert_eq!(grade.points(), 0);
        assert!(grade.explains(&lab, "missing"));
        let other = Seen::BuildFailed("error: x".to_owned());
        assert!(!judge(&lab, &answers(&lab, "3"), &other).explains(&lab, "missing"));
    }

    #[test]
    fn all_patterns_of_an_explanation_must_match() {
        let lab = lab(
            "output = \"No such file\"",
            "ends = \"panic\"\nconsole = \"BUG\"\ncase = \"second\"",
        );
        for (console, end, applies) in [
            ("BUG", End::Panic, true),
            ("BUG", End::Exit(0), false),
            ("", End::Panic, false),
        ] {
            let grade = judge(&lab, &answers(&lab, "3"), &ran("", console, end));
            assert_eq!(grade.explains(&lab, "missing"), applies);
        }
    }
}
