// SPDX-License-Identifier: GPL-2.0-only

//! What `--help` says.

use std::process::{Command, Stdio};

use crate::fake::{compare, transcript};

fn check(golden: &str, arguments: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simructl"));
    command
        .args(arguments.split_whitespace())
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    compare(golden, &transcript(arguments, &mut command));
}

#[test]
fn the_top_level_help_gives_the_exit_codes() {
    check("help", "--help");
}

/// What a command prints, which must go well.
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
    let names = names.map(String::from).filter(|name| name != "help");
    names.collect()
}

#[test]
fn every_command_has_help_with_an_example() {
    let commands = commands();
    assert!(commands.len() > 25, "{commands:?}");
    for command in commands {
        let help = printed(&[&command, "--help"]);
        assert!(help.contains("\nExample"), "{help}");
        check(&format!("help-{command}"), &format!("{command} --help"));
    }
}

/// The options that a help text lists, each with the heading that it stands under.
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

/// The options that all commands could have, with a value that each of them takes.
const COMMON: [&[&str]; 3] = [&["--line", "0"], &["--json"], &["--sysroot", "/"]];

#[test]
fn each_command_lists_its_own_options_first_and_no_others_than_it_takes() {
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
            // Those of their own have another meaning.
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
