// SPDX-License-Identifier: GPL-2.0-only

//! Reads what a machine said, and finds in it what each step of each session printed. Pure.
//!
//! `guest.sh` and `session.sh` set marks on the output: `begin SESSION STEP`, `end SESSION STEP STATUS`, and `left
//! SESSION WHAT` for what cannot be taken away after a session.

use std::collections::BTreeMap;

/// How a line that is a mark begins.
const MARK: &str = "@docs ";

/// What a step printed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Printed {
    pub(crate) output: String,
    /// That of its last command; absent when it never ended.
    pub(crate) status: Option<i32>,
}

/// What a machine said.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    /// By the numbers of the session and the step.
    steps: BTreeMap<(usize, usize), Printed>,
    /// By the number of the session.
    left: BTreeMap<usize, String>,
}

impl Said {
    pub(crate) fn parse(text: &str) -> Self {
        let mut said = Self::default();
        let mut open: Option<((usize, usize), Vec<String>)> = None;
        for line in text.lines().map(|line| line.trim_end_matches('\r')) {
            let Some(words) = line.strip_prefix(MARK) else {
                if let Some((_, lines)) = &mut open {
                    lines.push(as_shown(line));
                }
                continue;
            };
            if let Some((id, lines)) = open.take() {
                said.close(id, lines, status_of(words, id), true);
            }
            let words: Vec<&str> = words.split(' ').collect();
            match words[..] {
                ["begin", session, step] => {
                    open = numbers(session, step).map(|id| (id, Vec::new()));
                }
                ["left", session, ..] => {
                    if let Ok(session) = session.parse() {
                        said.left.insert(session, words[2..].join(" "));
                    }
                }
                _ => {}
            }
        }
        if let Some((id, lines)) = open {
            said.close(id, lines, None, false);
        }
        said
    }

    fn close(
        &mut self,
        id: (usize, usize),
        mut lines: Vec<String>,
        status: Option<i32>,
        has_mark: bool,
    ) {
        // A mark has a line end before it, in case the output has none at its end.
        if has_mark && lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let output = lines
            .iter()
            .flat_map(|line| [line.as_ref(), "\n"])
            .collect();
        self.steps.insert(id, Printed { output, status });
    }

    /// What these steps of a session printed, as far as they were run.
    pub(crate) fn steps(&self, session: usize, steps: std::ops::Range<usize>) -> Vec<Printed> {
        steps
            .map_while(|step| self.steps.get(&(session, step)).cloned())
            .collect()
    }

    /// What could not be taken away after a session.
    pub(crate) fn left(&self, session: usize) -> Option<&str> {
        self.left.get(&session).map(String::as_str)
    }
}

fn numbers(session: &str, step: &str) -> Option<(usize, usize)> {
    Some((session.parse().ok()?, step.parse().ok()?))
}

/// The status in the mark that ends a step.
fn status_of(words: &str, id: (usize, usize)) -> Option<i32> {
    match words.split(' ').collect::<Vec<_>>()[..] {
        ["end", session, step, status] if numbers(session, step) == Some(id) => status.parse().ok(),
        _ => None,
    }
}

/// A line as a shell at a prompt prints it: a script names itself and its line where a shell does not.
fn as_shown(line: &str) -> String {
    let parts: Vec<&str> = line.splitn(4, ": ").collect();
    let is_shell = |name: &str| {
        let name = name.rsplit('/').next();
        matches!(name, Some("sh" | "bash" | "session.sh"))
    };
    let is_place = |text: &str| {
        let number = text.strip_prefix("line ");
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match parts[..] {
        [shell, place, ref message @ ..] if is_shell(shell) && is_place(place) => {
            format!("sh: {}", message.join(": "))
        }
        [shell, "eval", place, message] if is_shell(shell) && is_place(place) => {
            format!("sh: {message}")
        }
        [shell, command, place, message] if is_shell(shell) && is_place(place) => {
            format!("sh: {command}: {message}")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(output: &str, status: Option<i32>) -> Printed {
        Printed {
            output: output.to_owned(),
            status,
        }
    }

    #[test]
    fn each_step_has_what_came_between_its_marks() {
        let said = Said::parse(
            "VM: tcg\n@docs begin 01 000\none\ntwo\n\n@docs end 01 000 0\n@docs begin 01 001\n\n@docs end 01 001 3\n\
             @docs begin 02 000\nno end\n@docs end 02 000 0\nverdict: pass\n",
        );
        let first = [printed("one\ntwo\n", Some(0)), printed("", Some(3))];
        assert_eq!(said.steps(1, 0..5), first);
        assert_eq!(said.steps(1, 1..2), first[1..]);
        assert_eq!(said.steps(2, 0..1), [printed("no end\n", Some(0))]);
        assert_eq!(said.steps(3, 0..1), []);
    }

    #[test]
    fn an_empty_line_of_the_output_is_kept() {
        let said = Said::parse("@docs begin 01 000\na\n\n\n@docs end 01 000 0\n");
        assert_eq!(said.steps(1, 0..1), [printed("a\n\n", Some(0))]);
    }

    #[test]
    fn a_step_that_never_ended_has_no_status() {
        let said = Said::parse("@docs begin 01 000\nwaiting\n");
        assert_eq!(said.steps(1, 0..1), [printed("waiting\n", None)]);
        let said = Said::parse("@docs begin 01 000\nwaiting\n\n@docs begin 02 000\n");
        assert_eq!(said.steps(1, 0..1), [printed("waiting\n", None)]);
    }

    #[test]
    fn what_a_session_left_is_told() {
        let said = Said::parse("\n@docs left 02 simrupt is in use\n");
        assert_eq!(said.left(2), Some("simrupt is in use"));
        assert_eq!(said.left(1), None);
    }

    #[test]
    fn messages_of_the_shell_are_as_at_a_prompt() {
        assert_eq!(as_shown("sh: line 3: x: not found"), "sh: x: not found");
        assert_eq!(
            as_shown("/docs/session.sh: line 12: kill: x"),
            "sh: kill: x"
        );
        assert_eq!(as_shown("sh: write error: x"), "sh: write error: x");
        assert_eq!(as_shown("line: line 3: x"), "line: line 3: x");
        let of_busybox = [
            (
                "/docs/session.sh: eval: line 20: x: not found",
                "sh: x: not found",
            ),
            (
                "/docs/session.sh: cd: line 20: can't cd to x: y",
                "sh: cd: can't cd to x: y",
            ),
        ];
        for (line, shown) in of_busybox {
            assert_eq!(as_shown(line), shown);
        }
    }
}
