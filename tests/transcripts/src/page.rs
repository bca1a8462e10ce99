// SPDX-License-Identifier: GPL-2.0-only

//! Finds the transcripts of a page: its fenced blocks, each with the marker above it. Pure.

use crate::marker::{self, Content, Marker, OPENING};

/// A page of the documentation.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its path within the checkout.
    pub(crate) path: String,
    pub(crate) lines: Vec<String>,
    pub(crate) transcripts: Vec<Transcript>,
}

/// A fenced block that is a transcript.
#[derive(Debug)]
pub(crate) struct Transcript {
    /// Index of the line with the fence that opens the block.
    pub(crate) fence: usize,
    /// Indices of its lines: from the first to behind the last.
    pub(crate) body: std::ops::Range<usize>,
    pub(crate) marker: Marker,
    /// Its commands, if they run in the test machine.
    pub(crate) steps: Vec<Step>,
}

/// A command of a transcript, and what the page shows of its output.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) command: String,
    /// Indices of the command's lines.
    pub(crate) command_lines: std::ops::Range<usize>,
    /// Indices of its output's lines, which follow.
    pub(crate) output_lines: std::ops::Range<usize>,
    pub(crate) is_compared: bool,
}

/// Something amiss in a page, with the number of its line.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// Before a command, alone on a line's beginning. A block has the one that it begins with.
const PROMPTS: [&str; 2] = ["$ ", "# "];
/// Before the further lines of a command that takes several.
const FURTHER: &str = "> ";

impl Page {
    /// Reads a page, and says what is amiss in it.
    pub(crate) fn parse(path: &str, text: &str) -> (Self, Vec<Fault>) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut page = Self {
            path: path.to_owned(),
            lines: Vec::new(),
            transcripts: Vec::new(),
        };
        let mut faults = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let Some(fence) = Fence::parse(&lines[at]) else {
                at += 1;
                continue;
            };
            let length = lines[at + 1..]
                .iter()
                .position(|line| fence.is_closed_by(line));
            let Some(length) = length else {
                faults.push(fault(at, "the block does not end"));
                break;
            };
            let body = at + 1..at + 1 + length;
            match transcript(&lines, at, &fence, body.clone()) {
                Ok(Some(transcript)) => page.transcripts.push(transcript),
                Ok(None) => {}
                Err(what) => faults.push(fault(at, &what)),
            }
            at = body.end + 1;
        }
        page.lines = lines;
        (page, faults)
    }
}

fn fault(index: usize, what: &str) -> Fault {
    Fault {
        line: index + 1,
        what: what.to_owned(),
    }
}

/// The line that opens a block.
struct Fence<'a> {
    marks: &'a str,
    language: &'a str,
}

impl<'a> Fence<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let text = line.trim_start();
        let language = text.trim_start_matches('`');
        let marks = &text[..text.len() - language.len()];
        (marks.len() >= 3 && !language.contains('`')).then(|| Self {
            marks,
            language: language.trim(),
        })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim();
        text.len() >= self.marks.len() && text.chars().all(|character| character == '`')
    }
}

/// The transcript with this fence; nothing where the block is code.
fn transcript(
    lines: &[String],
    fence_at: usize,
    fence: &Fence<'_>,
    body: std::ops::Range<usize>,
) -> Result<Option<Transcript>, String> {
    let Some(marker) = marker_above(lines, fence_at)? else {
        let has_prompt = lines[body]
            .first()
            .is_some_and(|line| line.starts_with(PROMPTS[0]));
        return match (fence.language, has_prompt) {
            ("" | "console", _) | (_, true) => Err(
                "a transcript must say how it is made, in a comment <!-- transcript: … --> on the line above; code must \
                 name its language, text if it has none"
                    .to_owned(),
            ),
            _ => Ok(None),
        };
    };
    let steps = match &marker {
        Marker::Run(run) => steps(lines, body.clone(), &run.content)?,
        Marker::MadeBy(_) | Marker::NotRun(_) => Vec::new(),
    };
    Ok(Some(Transcript {
        fence: fence_at,
        body,
        marker,
        steps,
    }))
}

/// The marker in the comments that end on the line above a block.
fn marker_above(lines: &[String], fence_at: usize) -> Result<Option<Marker>, String> {
    let mut end = fence_at;
    while end > 0 && lines[end - 1].trim_end().ends_with("-->") {
        let begin = lines[..end]
            .iter()
            .rposition(|line| line.trim_start().starts_with("<!--"));
        let Some(begin) = begin else {
            return Ok(None);
        };
        if lines[begin].trim_start().starts_with(OPENING) {
            let comment: Vec<&str> = lines[begin..end].iter().map(String::as_str).collect();
            return marker::parse(&comment).map(Some);
        }
        end = begin;
    }
    Ok(None)
}

fn steps(
    lines: &[String],
    body: std::ops::Range<usize>,
    content: &Content,
) -> Result<Vec<Step>, String> {
    let whole = |command: String, is_compared| Step {
        command,
        command_lines: body.start..body.start,
        output_lines: body.clone(),
        is_compared,
    };
    match content {
        Content::OutputOf(command) => return Ok(vec![whole(command.clone(), true)]),
        Content::Commands => return Ok(vec![whole(lines[body.clone()].join("\n"), false)]),
        Content::Session => {}
    }
    let prompt = PROMPTS
        .into_iter()
        .find(|prompt| lines[body.clone()].first().is_some_and(|line| line.starts_with(prompt)))
        .ok_or(
            "the first line has no prompt, '$ ' or '# ': the marker must have commands, for commands alone, or \
             shows=\"COMMAND\", for the output of a command",
        )?;
    let mut steps: Vec<Step> = Vec::new();
    for index in body {
        let line = &lines[index];
        let command = line.strip_prefix(prompt);
        match steps.last_mut() {
            Some(step) if command.is_none() => {
                let further = line.strip_prefix(FURTHER);
                match further {
                    Some(further) if step.output_lines.is_empty() => {
                        step.command.push('\n');
                        step.command.push_str(further);
                        step.command_lines.end = index + 1;
                        step.output_lines = index + 1..index + 1;
                    }
                    _ => step.output_lines.end = index + 1,
                }
            }
            _ => steps.push(Step {
                command: command.unwrap_or_default().to_owned(),
                command_lines: index..index + 1,
                output_lines: index + 1..index + 1,
                is_compared: true,
            }),
        }
    }
    Ok(steps)
}

/// The prompt that a block's first line has.
pub(crate) fn prompt_of(first_line: &str) -> Option<&'static str> {
    PROMPTS
        .into_iter()
        .find(|prompt| first_line.starts_with(prompt))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str) -> Page {
        let (page, faults) = Page::parse("a.md", text);
        assert_eq!(faults, []);
        page
    }

    fn faults(text: &str) -> Vec<Fault> {
        Page::parse("a.md", text).1
    }

    #[test]
    fn a_block_with_a_language_is_code() {
        let page = good("```sh\nmake # builds\n```\n\n````c\n```\n````\n");
        assert!(page.transcripts.is_empty());
    }

    #[test]
    fn a_transcript_without_a_marker_is_a_fault() {
        for text in [
            "```\n$ ls\n```\n",
            "```\nevents 5\n```\n",
            "```sh\n$ ls\n```\n",
        ] {
            let faults = faults(&format!("text\n\n{text}"));
            assert_eq!(faults.len(), 1, "{text}");
            assert_eq!(faults[0].line, 3);
        }
    }

    #[test]
    fn a_block_without_an_end_is_a_fault() {
        assert_eq!(faults("```\n$ ls\n")[0].what, "the block does not end");
    }

    #[test]
    fn a_marker_that_makes_no_sense_is_a_fault_of_its_block() {
        let faults = faults("<!-- transcript: sideways -->\n```\n$ ls\n```\n");
        assert_eq!(faults[0].line, 2);
        assert!(faults[0].what.contains("'sideways'"));
    }

    #[test]
    fn each_command_has_the_output_that_follows() {
        let page = good(
            "<!-- transcript: new -->\n```\n# first\nout 1\n$ not a command\n# for i in 1; do\n>   true\n> done\n\
             > output\n# last\n```\n",
        );
        let transcript = &page.transcripts[0];
        assert_eq!((transcript.fence, transcript.body.clone()), (1, 2..10));
        let [first, second, last] = &transcript.steps[..] else {
            panic!("{transcript:?}");
        };
        assert_eq!(
            (first.command.as_str(), first.output_lines.clone()),
            ("first", 3..5)
        );
        assert_eq!(second.command, "for i in 1; do\n  true\ndone\noutput");
        assert_eq!(second.command_lines, 5..9);
        assert!(last.output_lines.is_empty());
    }

    #[test]
    fn the_marker_may_stand_above_other_comments() {
        let page =
            good("<!-- transcript: made by make x -->\n<!-- screen: begin -->\n```\nx\n```\n");
        assert_eq!(
            page.transcripts[0].marker,
            Marker::MadeBy("make x".to_owned())
        );
    }

    #[test]
    fn a_marker_may_take_several_lines() {
        let page = good("<!-- transcript: new\ninsmod x\n-->\n```\n$ ls\n```\n");
        let Marker::Run(run) = &page.transcripts[0].marker else {
            panic!();
        };
        assert_eq!(run.set_up, ["insmod x"]);
    }

    #[test]
    fn a_block_may_be_the_output_alone_or_commands_alone() {
        let page = good("<!-- transcript: shows=\"cat x\" -->\n```\n1\n2\n```\n");
        let step = &page.transcripts[0].steps[0];
        assert_eq!(
            (step.command.as_str(), step.output_lines.clone()),
            ("cat x", 2..4)
        );
        let page = good("<!-- transcript: commands -->\n```sh\nrmmod x\nls\n```\n");
        let step = &page.transcripts[0].steps[0];
        assert_eq!(step.command, "rmmod x\nls");
        assert!(!step.is_compared);
    }

    #[test]
    fn output_without_a_command_is_a_fault() {
        let faults = faults("<!-- transcript: new -->\n```\nevents 5\n```\n");
        assert!(faults[0].what.contains("no prompt"));
    }
}
