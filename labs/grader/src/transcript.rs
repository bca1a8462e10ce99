// SPDX-License-Identifier: GPL-2.0-only

//! Parses the output of a machine, and finds the output of each case of each job. Pure.
//!
//! `guest.sh` prints marks, `begin JOB RUN` and `end JOB RUN HOW`, to its output and to the kernel's console, so that
//! both can be cut at them. A run without an end mark is the one during which the machine went down.

use std::collections::BTreeMap;

use simrupt_runner::console::message;

use crate::lab::Ends;

/// The beginning of a mark in the output.
const OUTPUT_MARK: &str = "@lab ";
/// The beginning of a mark on the console.
const CONSOLE_MARK: &str = "lab: ";

/// The number of a job in its machine, and of the case whose commands ran.
pub(crate) type RunId = (usize, usize);

/// The results of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Run {
    /// What its commands printed.
    pub(crate) output: String,
    /// The console's lines during the run, without times.
    pub(crate) console: String,
    pub(crate) end: End,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum End {
    /// It never began.
    #[default]
    NotRun,
    /// The last command's status.
    Exit(u8),
    /// The commands did not end within the limit, or the machine fell silent.
    Hang,
    /// The kernel panicked, or the machine went down.
    Panic,
}

impl End {
    /// Whether this is the end that `lab.toml` names.
    pub(crate) fn is(self, wanted: Ends) -> bool {
        matches!(
            (self, wanted),
            (Self::Exit(_), Ends::Exit)
                | (Self::Hang, Ends::Hang)
                | (Self::Panic, Ends::Panic)
                | (Self::Exit(_) | Self::Hang | Self::Panic, Ends::Any)
        )
    }
}

/// How the machine itself ended, as `run-vm` judges it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MachineEnd {
    /// It was switched off when its work was done.
    Off,
    Hang,
    Panic,
    /// It did not start, or did not boot: the reason is for the user of the host.
    Failed(String),
}

impl MachineEnd {
    /// The end that `run-vm`'s exit status means; kernel reports in the log are normal for labs.
    pub(crate) fn of_status(status: Option<i32>) -> Self {
        match status {
            Some(0 | 1 | 6) => Self::Off,
            Some(3) => Self::Panic,
            Some(4) => Self::Hang,
            Some(5) => Self::Failed("the machine did not boot".to_owned()),
            Some(other) => Self::Failed(format!("run-vm ended with status {other}")),
            None => Self::Failed("run-vm was ended by a signal".to_owned()),
        }
    }
}

/// The runs of a machine.
pub(crate) fn runs(output: &str, console: &str, machine: &MachineEnd) -> BTreeMap<RunId, Run> {
    let mut runs: BTreeMap<RunId, Run> = BTreeMap::new();
    let cut_off = match machine {
        MachineEnd::Hang => End::Hang,
        _ => End::Panic,
    };
    let of_machine = output
        .lines()
        .map(|line| line.trim_end_matches('\r'))
        .take_while(|line| !is_of_run_vm(line));
    for (id, part) in parts(of_machine, |line| mark(line, OUTPUT_MARK)) {
        let run = runs.entry(id).or_default();
        run.end = part.end.unwrap_or(cut_off);
        run.output = part.text;
    }
    let messages = console.lines().map(message);
    for (id, part) in parts(messages, |line| mark(line, CONSOLE_MARK)) {
        let run = runs.entry(id).or_insert_with(|| Run {
            end: cut_off,
            ..Run::default()
        });
        run.console = part.text;
    }
    runs
}

/// Whether run-vm itself has printed a line after the machine was off: an excerpt of the console, or its verdict.
fn is_of_run_vm(line: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    line.starts_with("verdict: ")
        || line
            .strip_prefix("console:")
            .and_then(|rest| rest.split_once(": "))
            .is_some_and(|(number, _)| is_number(number))
}

struct Part {
    text: String,
    end: Option<End>,
}

enum Mark {
    Begin(RunId),
    End(RunId, End),
}

fn mark(line: &str, beginning: &str) -> Option<Mark> {
    let mut words = line.strip_prefix(beginning)?.split(' ');
    let verb = words.next()?;
    let id = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    match (verb, words.next(), words.next()) {
        ("begin", None, None) => Some(Mark::Begin(id)),
        ("end", Some("hang"), None) => Some(Mark::End(id, End::Hang)),
        ("end", Some(status), None) => Some(Mark::End(id, End::Exit(status.parse().ok()?))),
        _ => None,
    }
}

fn parts<'t>(
    lines: impl Iterator<Item = &'t str>,
    mark: impl Fn(&str) -> Option<Mark>,
) -> Vec<(RunId, Part)> {
    let mut parts: Vec<(RunId, Part)> = Vec::new();
    let mut open: Option<(RunId, Vec<&str>)> = None;
    let close = |lines: Vec<&str>, end| Part {
        text: lines.join("\n"),
        end,
    };
    for line in lines {
        match (mark(line), &mut open) {
            (Some(Mark::Begin(id)), _) => {
                if let Some((id, lines)) = open.replace((id, Vec::new())) {
                    parts.push((id, close(lines, None)));
                }
            }
            (Some(Mark::End(id, end)), Some((begun, _))) if *begun == id => {
                if let Some((id, lines)) = open.take() {
                    parts.push((id, close(lines, Some(end))));
                }
            }
            (Some(Mark::End(..)), _) | (None, None) => {}
            (None, Some((_, lines))) => lines.push(line),
        }
    }
    parts.extend(open.map(|(id, lines)| (id, close(lines, None))));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str =
        "VM: emulation\n@lab begin 0 0\ncount=3\n\n@lab end 0 0 0\n@lab begin 0 2\nno end\n";
    const CONSOLE: &str = "[    0.1] booted\n[    1.200000] lab: begin 0 0\n[    1.2] small: loaded\n\
                           [    1.3] lab: end 0 0 0\n[    1.4][    T1] lab: begin 0 2\n[    1.5] Kernel panic - not syncing\n";

    #[test]
    fn output_and_console_are_cut_at_the_marks() {
        let runs = runs(OUTPUT, CONSOLE, &MachineEnd::Panic);
        assert_eq!(runs.len(), 2);
        let first = &runs[&(0, 0)];
        assert_eq!(
            (first.output.trim(), first.console.as_str()),
            ("count=3", "small: loaded")
        );
        assert_eq!(first.end, End::Exit(0));
        let last = &runs[&(0, 2)];
        assert_eq!(last.end, End::Panic);
        assert!(last.console.contains("not syncing"));
    }

    #[test]
    fn a_run_without_an_end_is_where_the_machine_stopped() {
        for (machine, end) in [
            (MachineEnd::Hang, End::Hang),
            (MachineEnd::Panic, End::Panic),
            // Powered off by the learner's own code.
            (MachineEnd::Off, End::Panic),
        ] {
            assert_eq!(runs(OUTPUT, "", &machine)[&(0, 2)].end, end);
        }
    }

    #[test]
    fn the_output_of_run_vm_is_not_the_output_of_a_run() {
        let output = "@lab begin 0 0\nconsole: on\nconsole:12: [    1.2] BUG: x\nverdict: PANIC\n";
        let run = &runs(output, "", &MachineEnd::Panic)[&(0, 0)];
        assert_eq!(run.output, "console: on");
    }

    #[test]
    fn a_run_that_only_the_console_tells_of_ended_with_the_machine() {
        let runs = runs("", CONSOLE, &MachineEnd::Panic);
        assert_eq!(runs[&(0, 2)].end, End::Panic);
    }

    #[test]
    fn a_limit_that_was_reached_is_a_hang() {
        let output = "@lab begin 3 1\n@lab end 3 1 hang\n";
        assert_eq!(runs(output, "", &MachineEnd::Off)[&(3, 1)].end, End::Hang);
    }

    #[test]
    fn text_that_only_looks_like_a_mark_is_not_one() {
        let output = "@lab begin 0 0\n@lab begins\n@lab end 0 1 0\nx\n@lab end 0 0 7\n";
        let run = &runs(output, "", &MachineEnd::Off)[&(0, 0)];
        assert_eq!(
            (run.output.as_str(), run.end),
            ("@lab begins\nx", End::Exit(7))
        );
    }

    #[test]
    fn the_status_of_run_vm_tells_how_the_machine_ended() {
        let of = |status| MachineEnd::of_status(Some(status));
        assert_eq!([of(0), of(6)], [MachineEnd::Off, MachineEnd::Off]);
        assert_eq!([of(3), of(4)], [MachineEnd::Panic, MachineEnd::Hang]);
        assert!(matches!(of(5), MachineEnd::Failed(why) if why.contains("boot")));
    }
}
