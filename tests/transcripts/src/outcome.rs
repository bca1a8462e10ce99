// SPDX-License-Identifier: GPL-2.0-only

//! Compares what a page shows with what was printed, and makes the page's lines anew. Pure.

use crate::align::{Pair, align};
use crate::marker::{Marker, Run};
use crate::numbers::has_gap;
use crate::page::{Page, Step, Transcript, prompt_of};
use crate::said::Printed;

/// What became of a transcript.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// The page shows what was printed.
    Same,
    /// It does not: rows of a comparison, for people.
    Drifted(Vec<String>),
    /// It was not run to its end, or what it takes failed: rows for people.
    Failed(Vec<String>),
}

/// Compares a transcript with what its commands printed, in the order of its steps; what was printed by its set-up
/// comes first, if it has one.
pub(crate) fn judge(
    page: &Page,
    transcript: &Transcript,
    run: &Run,
    printed: &[Printed],
) -> Outcome {
    let set_up = usize::from(!run.set_up.is_empty());
    let steps = printed.get(set_up..).unwrap_or_default();
    if let Some(rows) = printed[..set_up.min(printed.len())]
        .iter()
        .find_map(|of| failure("the set-up", of))
    {
        return Outcome::Failed(rows);
    }
    let mut rows = Vec::new();
    let mut is_same = true;
    for (step, printed) in transcript.steps.iter().zip(steps) {
        let name = first_line(&step.command);
        if !step.is_compared {
            if let Some(rows) = failure("the commands", printed) {
                return Outcome::Failed(rows);
            }
            continue;
        }
        if printed.status.is_none() {
            return Outcome::Failed(failure(&format!("'{name}'"), printed).unwrap_or_default());
        }
        let pairs = pairs(page, step, run, printed);
        if pairs.iter().all(|pair| pair.is_right()) {
            continue;
        }
        is_same = false;
        rows.push(format!(
            "  at line {}: {name}",
            step.output_lines.start.max(1)
        ));
        let shown = &page.lines[step.output_lines.clone()];
        let lines = lines_of(printed);
        for pair in pairs {
            match pair {
                Pair::Same(at, _) | Pair::LeftOut(at) => rows.push(format!("      {}", shown[at])),
                Pair::Changed(old, new) => {
                    rows.push(format!("    - {}", shown[old]));
                    rows.push(format!("    + {}", lines[new]));
                }
                Pair::Gone(at) => rows.push(format!("    - {}", shown[at])),
                Pair::New(at) => rows.push(format!("    + {}", lines[at])),
                Pair::Hidden(_) => {}
            }
        }
    }
    if transcript.steps.len() > steps.len() {
        return Outcome::Failed(vec!["    it was not run".to_owned()]);
    }
    match is_same {
        true => Outcome::Same,
        false => Outcome::Drifted(rows),
    }
}

/// Rows about a step that must succeed and did not.
fn failure(what: &str, printed: &Printed) -> Option<Vec<String>> {
    let told = match printed.status {
        Some(0) => return None,
        Some(status) => format!("    {what} ended with status {status}; printed was:"),
        None => format!("    {what} did not end; printed was:"),
    };
    let mut rows = vec![told];
    rows.extend(printed.output.lines().map(|line| format!("    | {line}")));
    Some(rows)
}

fn first_line(command: &str) -> &str {
    command.lines().next().unwrap_or_default()
}

fn pairs(page: &Page, step: &Step, run: &Run, printed: &Printed) -> Vec<Pair> {
    let shown: Vec<&str> = page.lines[step.output_lines.clone()]
        .iter()
        .map(String::as_str)
        .collect();
    let lines = lines_of(printed);
    align(&shown, &lines, run.vary.of(&step.command), run.is_excerpt)
}

/// The lines that were printed: without blank ones at the beginning and the end, and with one where there are several.
fn lines_of(printed: &Printed) -> Vec<&str> {
    let is_blank = |line: &str| line.trim().is_empty();
    let mut lines: Vec<&str> = printed.output.lines().collect();
    lines.dedup_by(|line, before| is_blank(line) && is_blank(before));
    let begin = usize::from(lines.first().is_some_and(|line| is_blank(line)));
    let end = lines.len()
        - usize::from(lines.len() > begin && lines.last().is_some_and(|line| is_blank(line)));
    lines[begin..end].to_vec()
}

/// The lines of a transcript as they were printed now; what the page leaves out stays out.
pub(crate) fn made_anew(
    page: &Page,
    transcript: &Transcript,
    run: &Run,
    printed: &[Printed],
) -> Result<Vec<String>, String> {
    let set_up = usize::from(!run.set_up.is_empty());
    let mut made = Vec::new();
    let prompt = page.lines[transcript.body.clone()]
        .first()
        .and_then(|line| prompt_of(line));
    for (step, printed) in transcript.steps.iter().zip(&printed[set_up..]) {
        made.extend_from_slice(&page.lines[step.command_lines.clone()]);
        let shown = &page.lines[step.output_lines.clone()];
        if !step.is_compared {
            made.extend_from_slice(shown);
            continue;
        }
        let lines = lines_of(printed);
        for pair in pairs(page, step, run, printed) {
            let line = match pair {
                // A line that is shortened stays so.
                Pair::Same(at, _) if has_gap(&shown[at]) => shown[at].as_str(),
                Pair::Same(_, at) | Pair::Changed(_, at) | Pair::New(at) => lines[at].trim_end(),
                Pair::LeftOut(at) => shown[at].as_str(),
                Pair::Gone(_) | Pair::Hidden(_) => continue,
            };
            made.push(line.to_owned());
            let is_output = !matches!(pair, Pair::LeftOut(_));
            if is_output
                && !step.command_lines.is_empty()
                && prompt.is_some_and(|prompt| line.starts_with(prompt))
            {
                return Err(format!(
                    "'{line}' is output that looks like a command: begin the commands of the block with another prompt"
                ));
            }
        }
    }
    if made.iter().any(|line| line.trim_start().starts_with("```")) {
        return Err("the output has a fence in it".to_owned());
    }
    Ok(made)
}

/// How a transcript of the page runs, if it does.
pub(crate) fn run_of(transcript: &Transcript) -> Option<&Run> {
    match &transcript.marker {
        Marker::Run(run) => Some(run),
        Marker::MadeBy(_) | Marker::NotRun(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(marker: &str, body: &str) -> Page {
        let text = format!("<!-- transcript: {marker} -->\n```\n{body}\n```\n");
        let (page, faults) = Page::parse("a.md", &text);
        assert_eq!(faults, []);
        page
    }

    fn said(output: &str) -> Printed {
        Printed {
            output: output.to_owned(),
            status: Some(0),
        }
    }

    fn judged(page: &Page, printed: &[Printed]) -> Outcome {
        let transcript = &page.transcripts[0];
        judge(page, transcript, run_of(transcript).unwrap(), printed)
    }

    fn anew(page: &Page, printed: &[Printed]) -> Result<Vec<String>, String> {
        let transcript = &page.transcripts[0];
        made_anew(page, transcript, run_of(transcript).unwrap(), printed)
    }

    #[test]
    fn a_page_that_shows_what_was_printed_is_right() {
        let page = page(
            "new vary=\"count\"",
            "$ say\nhello\n$ count\n5 of them\n$ true",
        );
        let printed = [said("hello\n"), said("7 of them\n"), said("")];
        assert_eq!(judged(&page, &printed), Outcome::Same);
    }

    #[test]
    fn blank_lines_around_an_output_do_not_count() {
        let page = page("new", "$ say\na\n\nb\n$ nothing");
        let printed = [said("\n\na\n\n\nb\n\n"), said("\n")];
        assert_eq!(judged(&page, &printed), Outcome::Same);
    }

    #[test]
    fn an_excerpt_made_anew_stays_one() {
        let page = page("new excerpt", "$ say\na 1");
        let printed = [said("x\na 2\ny\n")];
        assert!(matches!(judged(&page, &printed), Outcome::Drifted(_)));
        assert_eq!(anew(&page, &printed).unwrap(), ["$ say", "a 2"]);
    }

    #[test]
    fn another_digit_is_drift_where_digits_may_not_vary() {
        let page = page("new", "$ count\n5 of them");
        let Outcome::Drifted(rows) = judged(&page, &[said("7 of them\n")]) else {
            panic!();
        };
        assert_eq!(
            rows,
            ["  at line 3: count", "    - 5 of them", "    + 7 of them"]
        );
    }

    #[test]
    fn output_that_the_page_lacks_is_drift() {
        let page = page("new vary=all", "$ count");
        assert!(matches!(judged(&page, &[said("7\n")]), Outcome::Drifted(_)));
    }

    #[test]
    fn a_set_up_that_fails_is_told_with_what_it_printed() {
        let (page, _) = Page::parse(
            "a.md",
            "<!-- transcript: new\nfalse\n-->\n```\n$ ls\nx\n```\n",
        );
        let broken = Printed {
            output: "no such thing\n".to_owned(),
            status: Some(1),
        };
        let Outcome::Failed(rows) = judged(&page, &[broken, said("x\n")]) else {
            panic!();
        };
        assert_eq!(rows[1], "    | no such thing");
        assert_eq!(judged(&page, &[said(""), said("x\n")]), Outcome::Same);
    }

    #[test]
    fn a_command_that_never_ended_or_began_is_a_failure() {
        let page = page("new", "$ ls\nx\n$ ls\ny");
        let hung = Printed {
            output: "x\n".to_owned(),
            status: None,
        };
        assert!(matches!(judged(&page, &[hung]), Outcome::Failed(_)));
        assert!(matches!(judged(&page, &[said("x\n")]), Outcome::Failed(_)));
        assert!(matches!(judged(&page, &[]), Outcome::Failed(_)));
    }

    #[test]
    fn commands_alone_must_succeed() {
        let page = page("new commands", "rmmod x\nls");
        assert_eq!(judged(&page, &[said("whatever")]), Outcome::Same);
        let failed = Printed {
            status: Some(1),
            ..said("")
        };
        assert!(matches!(judged(&page, &[failed]), Outcome::Failed(_)));
    }

    #[test]
    fn what_is_made_anew_keeps_commands_and_gaps() {
        let page = page(
            "new vary=all",
            "$ table\nname  count\n…\nlast 5\n$ say … it\na…\nold",
        );
        let printed = [said("name  count \nx\ny\nlast 77\n"), said("abc\nnew\n")];
        let expected = [
            "$ table",
            "name  count",
            "…",
            "last 77",
            "$ say … it",
            "a…",
            "new",
        ];
        assert_eq!(anew(&page, &printed).unwrap(), expected);
    }

    #[test]
    fn output_that_would_read_as_a_command_is_refused() {
        let page = page("new", "# metrics\nx 5");
        let error = anew(&page, &[said("# HELP x\nx 5\n")]).unwrap_err();
        assert!(error.contains("another prompt"), "{error}");
    }
}
