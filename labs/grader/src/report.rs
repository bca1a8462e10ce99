// SPDX-License-Identifier: GPL-2.0-only

//! A grade as text for the learner. Pure.

use simrupt_runner::console::findings;

use crate::judge::{CUT_HERE, Explained, Grade, Judged, Predicted};
use crate::lab::{Lab, Prediction};
use crate::pattern::Pattern;

/// The most lines of a text that are shown.
const MOST_LINES: usize = 16;
/// How many lines of the kernel's report are shown at most: the stacks of two tasks.
const MOST_REPORT_LINES: usize = 32;
/// The last line of a report that is longer.
const MORE: &str = "... the rest of the report is in runs.txt";

/// The learner's report after a run. `command` runs the lab again.
pub(crate) fn text(lab: &Lab, grade: &Grade, command: &str) -> String {
    let mut text = format!("\nLab {}: {}\n", lab.number(), lab.title);
    if let Some(messages) = &grade.build_messages {
        text += "\nYour files were not built:\n";
        // Each make that called another one repeats the error.
        let is_told = |line: &&str| !(line.starts_with("make") && line.contains("] Error "));
        let told: Vec<&str> = messages.lines().filter(is_told).collect();
        text += &quoted(&told.join("\n"), MOST_LINES);
    } else {
        for (one, predicted) in lab.predictions.iter().zip(&grade.predictions) {
            text += &prediction(one, predicted);
        }
        text += &without_outcome(lab, grade);
        for index in 0..lab.cases.len() {
            text += &of_case(lab, grade, index);
        }
    }
    for one in &grade.explanations {
        text += &explanation(lab, one);
    }
    text + &format!("\n{}\n", closing(lab, grade, command))
}

/// The complete output of the runs, of which the report shows a part.
pub(crate) fn runs(lab: &Lab, grade: &Grade) -> String {
    let mut text = String::new();
    for index in (0..lab.cases.len()).filter(|&index| lab.run_of(index) == index) {
        let run = &grade.cases[index].run;
        text += &format!("==== case {}\n", lab.cases[index].name);
        text += &format!("---- output\n{}\n", run.output.trim_end());
        text += &format!("---- console\n{}\n\n", run.console.trim_end());
    }
    text
}

/// The last line: the points, and what to do next.
fn closing(lab: &Lab, grade: &Grade, command: &str) -> String {
    let (points, of) = (grade.points(), lab.points);
    let verdict = if points == of {
        format!("solved. `{command} SOLUTION=1` shows another way")
    } else if grade.cases.iter().all(Judged::has_passed) {
        let wrong = |one: &&Predicted| one.points == 0;
        let wrong = match grade.predictions.iter().filter(wrong).count() {
            1 => "a prediction was".to_owned(),
            many => format!("{many} predictions were"),
        };
        format!(
            "your files are right, and {wrong} not. Go on to another lab, or correct answers.toml"
        )
    } else {
        format!("not solved yet. `{command} HINT=1` helps")
    };
    format!("Points: {points} of {of}: {verdict}.")
}

fn prediction(one: &Prediction, predicted: &Predicted) -> String {
    let (name, answer) = (&one.name, &predicted.answer);
    let Some(outcome) = &predicted.outcome else {
        return String::new();
    };
    let mut text = format!(
        "\nPrediction {name}, {} of {}: {}\n    your prediction: {answer}    the outcome: {outcome}\n",
        predicted.points,
        one.points,
        indented(&one.ask)
    );
    if predicted.points == 0 {
        let remark = one
            .remarks
            .iter()
            .find(|(wrong, _)| crate::answers::same(wrong, answer));
        if let Some((_, remark)) = remark {
            text += &format!("    {}\n", indented(remark));
        }
    }
    text + &format!("    {}\n", indented(&one.why))
}

/// The predictions whose case has not passed.
fn without_outcome(lab: &Lab, grade: &Grade) -> String {
    let both = lab.predictions.iter().zip(&grade.predictions);
    let open: Vec<String> = both
        .filter(|(_, predicted)| predicted.outcome.is_none())
        .map(|(one, _)| format!("    {}, when case \"{}\" passes\n", one.name, one.case))
        .collect();
    match open.is_empty() {
        true => String::new(),
        false => format!("\nNo outcome yet of:\n{}", open.concat()),
    }
}

fn explanation(lab: &Lab, one: &Explained) -> String {
    let named = |&at: &usize| format!("\"{}\"", lab.cases[at].name);
    let of = match one.failed.as_slice() {
        [] => String::new(),
        [at] => format!(" of case {}", named(at)),
        many => format!(
            " of cases {}",
            many.iter().map(named).collect::<Vec<_>>().join(", ")
        ),
    };
    let says = indented(&lab.explanations[one.at].says);
    format!("\nExplanation{of}:\n    {says}\n")
}

fn of_case(lab: &Lab, grade: &Grade, index: usize) -> String {
    let (case, judged) = (&lab.cases[index], &grade.cases[index]);
    let verdict = if judged.has_passed() {
        "passed"
    } else {
        "FAILED"
    };
    let mut text = format!(
        "\nCase {}, {} of {}: {verdict}\n",
        case.name, judged.points, case.points
    );
    if !judged.has_passed() {
        for fault in &judged.faults {
            text += &format!("    {fault}\n");
        }
        text += &format!("    To do: {}\n", indented(&case.todo));
        // A run that several cases judge is shown once.
        let others = &grade.cases[..index];
        let is_shown = others
            .iter()
            .enumerate()
            .any(|(at, one)| !one.has_passed() && lab.run_of(at) == lab.run_of(index));
        if !is_shown {
            let console = &judged.run.console;
            text += &shown("output", &judged.run.output, MOST_LINES);
            text += &match report(console) {
                Some(report) => shown("console", &report, MOST_REPORT_LINES),
                None => shown("console", console, MOST_LINES),
            };
        }
        return text;
    }
    let output = matching(&judged.run.output, &case.output.0, None);
    let console = matching(&judged.run.console, &case.console.0, case.report.as_ref());
    text + &shown("output", &output, MOST_LINES) + &shown("console", &console, MOST_LINES)
}

/// The kernel's first report, if there is one: its beginning tells most. Registers and uncertain entries of a call trace
/// are left out.
fn report(console: &str) -> Option<String> {
    let reports = findings(console);
    let lines: Vec<&str> = console.lines().collect();
    let mut from = reports.first()?.line - 1;
    // A stack of a task that waits: the line before it says which.
    if from > 0 && lines[from - 1].starts_with("task:") {
        from -= 1;
    }
    let mut report: Vec<&str> = lines[from..].iter().copied().filter(is_telling).collect();
    if report.len() > MOST_REPORT_LINES {
        report.truncate(MOST_REPORT_LINES - 1);
        report.push(MORE);
    }
    Some(report.join("\n"))
}

/// Whether a line of a report tells a learner something.
fn is_telling(line: &&str) -> bool {
    const DUMPS: [&str; 18] = [
        "?", "Code:", "Modules", "RSP:", "RAX:", "RDX:", "RBP:", "R10:", "R13:", "FS:", "CS:",
        "CR2:", "DR0:", "DR3:", "PKRU:", "Tainted:", "<TASK>", "</TASK>",
    ];
    let first = line.split_whitespace().next();
    // The registers of a program, 0033 on x86, are not the kernel's.
    let is_of_program = line.starts_with("RIP: 0033:");
    !line.contains(CUT_HERE) && !is_of_program && first.is_some_and(|word| !DUMPS.contains(&word))
}

/// The lines of an output or a console that a check refers to.
fn matching(text: &str, patterns: &[Pattern], report: Option<&Pattern>) -> String {
    let is_wanted = |line: &&str| {
        patterns
            .iter()
            .chain(report)
            .any(|pattern| pattern.is_in(line))
    };
    text.lines()
        .filter(is_wanted)
        .collect::<Vec<_>>()
        .join("\n")
}

fn shown(what: &str, text: &str, most: usize) -> String {
    match text.trim().is_empty() {
        true => String::new(),
        false => format!("    {what}:\n{}", quoted(text, most)),
    }
}

/// The kernel's usual messages about modules that are not its own.
const USUAL: [&str; 2] = [
    "loading out-of-tree module taints kernel",
    "module verification failed: signature",
];

/// The last lines of a text, `most` of them, marked.
fn quoted(text: &str, most: usize) -> String {
    let is_shown =
        |line: &&str| !line.trim().is_empty() && !USUAL.iter().any(|usual| line.contains(usual));
    let lines: Vec<&str> = text.trim_end().lines().filter(is_shown).collect();
    let (left_out, kept) = lines.split_at(lines.len().saturating_sub(most));
    let mut quoted = String::new();
    if !left_out.is_empty() {
        quoted += &format!("    | ... {} lines before, in runs.txt\n", left_out.len());
    }
    kept.iter()
        .fold(quoted, |text, line| text + &format!("    | {line}\n"))
}

/// A text of several lines, indented for a list.
pub(crate) fn indented(text: &str) -> String {
    text.trim()
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;
    use crate::judge::{Seen, judge};
    use crate::lab::tests::SMALL;
    use crate::transcript::{End, Run};

    fn told(count: &str, output: &str, end: End) -> String {
        let lab = Lab::parse("07-small", SMALL).unwrap();
        let run = Run {
            output: output.to_owned(),
            console: "small: loaded\nother".to_owned(),
            end,
        };
        let answers = Answers::default().with("count", count);
        let grade = judge(&lab, &answers, &Seen::Ran([(0, run)].into()));
        text(&lab, &grade, "make lab LAB=07 WORK=/mine")
    }

    #[test]
    fn a_prediction_stands_beside_its_outcome() {
        let right = told("3", "count=3\nunasked", End::Exit(0));
        assert!(
            right.contains("your prediction: 3    the outcome: 3"),
            "{right}"
        );
        assert!(
            right.contains("There are three.") && right.contains("5 of 5: solved"),
            "{right}"
        );
        assert!(
            right.contains("| small: loaded\n") && !right.contains("| other"),
            "{right}"
        );
        assert!(
            right.contains("| count=3\n") && !right.contains("| unasked"),
            "{right}"
        );
        let wrong = told("4", "count=3", End::Exit(0));
        assert!(
            wrong.contains("the number of places")
                && wrong.contains("4 of 5: your files are right, and a prediction was not."),
            "{wrong}"
        );
    }

    #[test]
    fn a_failed_case_says_what_to_do_and_shows_its_run_once() {
        let text = told("3", "No such file", End::Exit(1));
        for part in [
            "To do: Print the count: TODO 1.",
            "To do: Say that",
            "No outcome yet of:\n    count, when case \"first\" passes\n",
            "Explanation of cases \"first\", \"second\":\n    Nothing made the file",
            "0 of 5: not solved yet. `make lab LAB=07 WORK=/mine HINT=1` helps.",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(text.matches("| No such file").count(), 1, "{text}");
    }

    #[test]
    fn all_output_is_kept_once() {
        let lab = Lab::parse("07-small", SMALL).unwrap();
        let run = Run {
            output: "count=3\n".to_owned(),
            console: "small: loaded".to_owned(),
            end: End::Exit(0),
        };
        let grade = judge(&lab, &Answers::default(), &Seen::Ran([(0, run)].into()));
        let expected = "==== case first\n---- output\ncount=3\n---- console\nsmall: loaded\n\n";
        assert_eq!(runs(&lab, &grade), expected);
    }

    #[test]
    fn a_report_is_shown_from_its_beginning() {
        let console = format!("before\nBUG: first: here\n{}", "further\n".repeat(40));
        let shown = report(&console).unwrap();
        assert!(shown.starts_with("BUG: first: here\nfurther"), "{shown}");
        assert!(shown.ends_with(MORE), "{shown}");
        assert_eq!(shown.lines().count(), MOST_REPORT_LINES);
        assert_eq!(report("a: b: c"), None);
    }

    #[test]
    fn of_a_report_registers_are_left_out() {
        let lines = [
            "------------[ cut here ]------------",
            "WARNING: at timer_fn+0x119/0x160 [ring], CPU#0: swapper/0/0",
            "RIP: 0010:timer_fn+0x119/0x160 [ring]",
            "RAX: 0000000000000000 RBX: ffffffffa0201360",
            "Call Trace:",
            "? timer_fn+0x132/0x160 [ring]",
            "call_timer_fn+0x1",
        ];
        let told = [lines[1], lines[2], lines[4], lines[6]].join("\n");
        assert_eq!(report(&lines.join("\n")), Some(told));
    }

    #[test]
    fn a_stack_begins_with_the_name_of_its_task() {
        let console =
            "other\ntask:insmod state:D\nCall Trace:\n<TASK>\nschedule+0x28\nRIP: 0033:0x4ce\n";
        let told = "task:insmod state:D\nCall Trace:\nschedule+0x28";
        assert_eq!(report(console).as_deref(), Some(told));
    }

    #[test]
    fn only_the_message_of_a_failed_build_is_shown() {
        let lab = Lab::parse("07-small", SMALL).unwrap();
        let messages =
            "make[3]: *** No rule to make target 'x.o'.  Stop.\nmake[2]: *** [M:1: x] Error 2\n";
        let seen = Seen::BuildFailed(messages.to_owned());
        let grade = judge(&lab, &Answers::default(), &seen);
        let text = text(&lab, &grade, "make lab LAB=07");
        assert!(text.contains("| make[3]: *** No rule"), "{text}");
        assert!(!text.contains("Error 2"), "{text}");
    }

    #[test]
    fn long_texts_are_cut_at_their_beginning() {
        let lines: Vec<String> = (0..40).map(|n| format!("line {n}")).collect();
        let text = quoted(&lines.join("\n"), MOST_LINES);
        assert!(
            text.starts_with("    | ... 24 lines before, in runs.txt\n    | line 24\n"),
            "{text}"
        );
    }
}
