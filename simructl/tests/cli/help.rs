// SPDX-License-Identifier: GPL-2.0-only

//! The output of `--help`.

use std::process::{Command, Stdio};

use crate::fake::{Fake, compare, transcript};

fn check(golden: &str, arguments: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simructl"));
    command
        .args(arguments.split_whitespace())
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    compare(golden, &transcript(arguments, &mut command));
}

#[test]
fn the_top_level_help_gives_the_topics_and_the_exit_codes() {
    check("help", "--help");
    assert_eq!(printed(&["help"]), printed(&["--help"]));
}

#[test]
fn help_on_a_command_is_what_the_command_says_of_itself() {
    for command in commands() {
        let help = printed(&["help", &command]);
        assert_eq!(help, printed(&[&command, "--help"]), "{command}");
    }
}

/// The topics that the help lists.
fn topics() -> Vec<String> {
    let help = printed(&["help"]);
    let (_, rest) = help.split_once("Topics:\n").unwrap();
    let rows = rest.lines().take_while(|row| !row.is_empty());
    let names = rows.filter_map(|row| row.split_whitespace().next());
    names.map(String::from).collect()
}

#[test]
fn every_topic_is_explained_from_its_page() {
    let topics = topics();
    assert!(topics.len() > 6, "{topics:?}");
    for topic in &topics {
        let text = printed(&["help", topic]);
        assert!(text.lines().count() > 8, "{text}");
    }
    // One that is short, whole; of the others, a sentence of their pages.
    check("help-topic", "help exit-codes");
    for (topic, words) in [
        ("glossary", "GLOSSARY For everybody"),
        ("flavors", "WQ_UNBOUND | WQ_HIGHPRI"),
        ("faults", "irq N: nobody cared"),
        ("counters", "drained = dropped + overwritten"),
        ("virtual-time", "one nanosecond for each instruction"),
        ("measuring", "[[matrix]] mode ="),
    ] {
        // Wherever its lines end.
        let text = printed(&["help", topic]);
        let text: Vec<&str> = text.split_whitespace().collect();
        assert!(text.join(" ").contains(words), "{topic}");
    }
}

#[test]
fn a_topic_that_is_not_there_is_answered_with_the_nearest() {
    check("help-near", "help glosary");
    check("help-far", "help purple");
}

/// The output of a command, which must succeed.
fn printed(arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_simructl"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(run.status.success(), "{arguments:?}: {run:?}");
    String::from_utf8(run.stdout).unwrap()
}

/// All commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = printed(&["--help"]);
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    let rows = rest.lines().take_while(|row| !row.is_empty());
    let names = rows.filter(|row| !row.starts_with("   "));
    let names = names.filter_map(|row| row.split_whitespace().next());
    names.map(String::from).collect()
}

/// The arguments of each simructl in the examples of a help text, which are lines for a shell.
fn examples(help: &str) -> Vec<String> {
    let (_, section) = help.split_once("\nExample").unwrap_or_default();
    let mut lines: Vec<String> = Vec::new();
    for line in section.lines().skip(1) {
        match lines.last_mut() {
            // The rest of a wrapped line.
            Some(last) if !line.contains("simructl ") => *last += line,
            _ => lines.push(line.to_owned()),
        }
    }
    let of_the_shell = ["|", "||", "&&", ";", ">"];
    let runs = lines
        .iter()
        .flat_map(|line| line.split("simructl ").skip(1));
    let arguments = runs.map(|run| {
        let words = run.split_whitespace();
        let words = words.take_while(|word| !of_the_shell.contains(word));
        words.collect::<Vec<_>>().join(" ")
    });
    arguments.collect()
}

/// The parser's message for an invalid command line. Without the module and the kernel's files, every command ends at
/// once; those that do not read these files are only asked for their help.
fn refusal(arguments: &str) -> Option<String> {
    let command = arguments.split(' ').next().unwrap();
    let nothing = Fake::unloaded();
    let output = match printed(&[command, "--help"]).contains("--sysroot") {
        true => nothing.command(arguments).output(),
        false => Command::new(env!("CARGO_BIN_EXE_simructl"))
            .args(arguments.split_whitespace())
            .arg("--help")
            .output(),
    };
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    said.starts_with("error: ").then_some(said)
}

#[test]
fn every_command_has_help_with_an_example_that_it_takes() {
    let commands = commands();
    assert!(commands.len() > 25, "{commands:?}");
    for command in commands {
        let help = printed(&[&command, "--help"]);
        let examples = examples(&help);
        let is_of_command = |example: &String| example.split(' ').next() == Some(&command);
        assert!(examples.iter().any(is_of_command), "{help}");
        for example in examples {
            assert_eq!(refusal(&example), None, "{example}");
        }
        check(&format!("help-{command}"), &format!("{command} --help"));
    }
    for mistake in ["set --rate=1", "man --rate=1"] {
        assert!(refusal(mistake).is_some(), "{mistake}");
    }
}

/// The options in a help text, each with its heading.
fn options(help: &str) -> Vec<(&str, &str)> {
    let mut heading = "";
    let mut options = Vec::new();
    for row in help.lines() {
        let text = row.trim_start();
        if row.ends_with(':') && text == row {
            heading = row;
        }
        let words = text.split([' ', ',']);
        let named = words.take(3).find(|word| word.starts_with("--"));
        if let (true, Some(name)) = (text.starts_with('-'), named) {
            options.push((heading, name));
        }
    }
    options
}

/// The shared options, with a value that each of them takes.
const COMMON: [&[&str]; 3] = [&["--line", "0"], &["--json"], &["--sysroot", "/"]];

#[test]
fn each_command_lists_its_own_options_first_and_only_options_that_it_takes() {
    let script = printed(&["completions", "bash"]);
    for command in commands() {
        let help = printed(&[&command, "--help"]);
        let options = options(&help);
        assert!(options.contains(&("Options:", "--help")), "{help}");
        let common: Vec<_> = options
            .iter()
            .filter(|(heading, _)| *heading == "Common options:")
            .collect();
        assert!(options.ends_with(&common.iter().map(|one| **one).collect::<Vec<_>>()));
        for words in COMMON {
            let is_listed = common.iter().any(|(_, name)| *name == words[0]);
            // A command's own options of these names have another meaning.
            let is_own = options
                .iter()
                .any(|(heading, name)| *name == words[0] && *heading != "Common options:");
            let value: &[&str] = if is_own { &["x"] } else { &[] };
            let typed = [&[command.as_str()], words, value, &["--help"]].concat();
            let run = Command::new(env!("CARGO_BIN_EXE_simructl"))
                .args(&typed)
                .output();
            let is_taken = run.unwrap().status.success();
            assert_eq!(is_taken, is_listed || is_own, "{typed:?}");
            let page = printed(&["man", &command]);
            let in_page = page.contains(&format!("\\fB{}\\fR", words[0].replace('-', "\\-")));
            assert_eq!(in_page, is_taken, "{typed:?}");
            let name = format!(
                "simructl__subcmd__{})\n",
                command.replace('-', "__subcmd__")
            );
            let name = match script.contains(&name) {
                true => name,
                false => format!("simructl__subcmd__{command})\n"),
            };
            let (_, block) = script
                .split_once(&format!("        {name}"))
                .expect(&command);
            let opts = block.lines().next().unwrap();
            let offers = opts.split([' ', '"']).any(|word| word == words[0]);
            assert_eq!(offers, is_taken, "{typed:?}: {opts}");
        }
    }
}
