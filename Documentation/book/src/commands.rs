// SPDX-License-Identifier: GPL-2.0-only

//! The reference of simructl's commands: what each says with `--help`, as the golden transcripts have it. Tests of
//! simructl hold these to the command line's own description.

use std::fmt::Write;
use std::path::Path;

use crate::assemble::read;
use crate::generated::contents;

const GOLDEN: &str = "simructl/tests/golden";

/// A section for simructl itself, and for each of its commands in the order of the help.
pub(crate) fn all(checkout: &Path) -> Result<String, String> {
    let help = printed(checkout, "help")?;
    let titles: Vec<String> = names(&help)
        .iter()
        .map(|name| format!("simructl {name}"))
        .collect();
    let mut text = contents(titles.iter().map(String::as_str)) + &section("simructl", &help);
    for (name, title) in names(&help).iter().zip(&titles) {
        let help = printed(checkout, &format!("help-{name}"))?;
        text += &section(title, &help);
    }
    Ok(text)
}

/// The output in a golden transcript.
fn printed(checkout: &Path, name: &str) -> Result<String, String> {
    let text = read(checkout, Path::new(&format!("{GOLDEN}/{name}.txt")))?;
    let (command, rest) = text.split_once('\n').unwrap_or_default();
    let body = rest.trim_end().strip_suffix("--- exit code 0");
    match body.filter(|_| command.starts_with("$ simructl")) {
        Some(body) => Ok(body.trim_end().to_owned()),
        None => Err(format!(
            "{GOLDEN}/{name}.txt is no transcript of a help that was printed"
        )),
    }
}

/// The commands that a help lists, but for `help`, which describes the others.
pub(crate) fn names(help: &str) -> Vec<&str> {
    let (_, rest) = help.split_once("\nCommands:\n").unwrap_or_default();
    let rows = rest.lines().take_while(|row| !row.is_empty());
    let names = rows.filter(|row| !row.starts_with("   "));
    let names = names.filter_map(|row| row.split_whitespace().next());
    names.filter(|&name| name != "help").collect()
}

/// A heading, the summary as text, and the rest as it is printed.
fn section(title: &str, help: &str) -> String {
    let (summary, rest) = help.split_once("\n\n").unwrap_or((help, ""));
    let mut text = String::new();
    let summary = summary.trim_end_matches('.').replace('\n', " ");
    let _ = write!(
        text,
        "\n## {title}\n\n{}.\n\n```text\n{rest}\n```\n",
        escaped(&summary)
    );
    text
}

/// Plain text as markdown that shows it unchanged.
pub(crate) fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for one in text.chars() {
        if "\\`*_{}[]<>|#".contains(one) {
            result.push('\\');
        }
        result.push(one);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_of_the_list_and_not_the_rest_of_a_long_row() {
        let help = "About.\n\nCommands:\n  load  Load\n  irqs  Show\n          more of it\n  help  Print\n\nOptions:\n  -h\n";
        assert_eq!(names(help), ["load", "irqs"]);
    }

    #[test]
    fn a_section_has_the_summary_as_text_and_the_rest_as_printed() {
        let text = section("simructl get", "Show <a> knob\n\nUsage: simructl get");
        assert_eq!(
            text,
            "\n## simructl get\n\nShow \\<a\\> knob.\n\n```text\nUsage: simructl get\n```\n"
        );
    }

    #[test]
    fn every_command_has_a_section() {
        let text = all(&crate::truth::checkout()).unwrap();
        for command in ["load", "set-fifo-size", "fault", "man"] {
            assert!(
                text.contains(&format!("\n## simructl {command}\n")),
                "{command}"
            );
        }
    }
}
