// SPDX-License-Identifier: GPL-2.0-only

//! Invalid command lines: reported in clap's words, or with `--json` as a document like every failure.

use std::ffi::{OsStr, OsString};
use std::process;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::{command, meaningless, shared};
use crate::output;
use simrupt::failure::Failure;

/// Ends the program with clap's message, which may also be the help or the version.
pub(super) fn exit(error: clap::Error, words: &[OsString]) -> ! {
    let name = command_of(words).map(|at| words[at].to_string_lossy().into_owned());
    let error = match (shared::unknown(&error), &name) {
        (Some(option), Some(name)) => meaningless(option, name),
        _ => error,
    };
    let told = error.render().to_string();
    if !error.use_stderr() {
        // Help and version were asked for, so they are no error.
        process::exit(match output::print(&told) {
            Ok(()) => error.exit_code(),
            Err(failure) => {
                output::failure(&failure);
                output::code(failure.kind()).into()
            }
        });
    }
    if wants_json(words) {
        output::make_messages_json();
    }
    let failure = failure(&told, name.as_deref());
    output::refusal(told.trim_end(), &failure);
    process::exit(error.exit_code())
}

/// The words with `--for=-1s` instead of `--for -1s`, and `-- -5,10` instead of `-5,10`, if such a word is the cause of
/// the error. clap takes a minus before anything but a number for an option. As a value, it is refused with the reason.
pub(super) fn with_negative_values(
    error: &clap::Error,
    words: &[OsString],
) -> Option<Vec<OsString>> {
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(odd))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    else {
        return None;
    };
    let begins_a_number = |word: &str| {
        let digits = word.strip_prefix('-').unwrap_or_default();
        digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
    };
    if !begins_a_number(odd) {
        return None;
    }
    let mut joined: Vec<OsString> = Vec::new();
    let mut values = Vec::new();
    for word in words {
        let is_value = word.to_str().is_some_and(begins_a_number);
        match joined.last_mut() {
            Some(option) if is_value && takes_the_next(option) => {
                option.push("=");
                option.push(word);
            }
            _ if is_value => values.push(word.clone()),
            _ => joined.push(word.clone()),
        }
    }
    // Values that belong to no option come after all options.
    match joined.iter().any(|word| word == "--") {
        true => None,
        false if values.is_empty() => Some(joined),
        false => Some([joined, vec!["--".into()], values].concat()),
    }
}

/// Whether a word is an option that has no value of its own.
fn takes_the_next(word: &OsStr) -> bool {
    let word = word.to_string_lossy();
    word.starts_with('-') && word.len() > 1 && word != "--" && !word.contains('=')
}

/// The place of the command among the words.
fn command_of(words: &[OsString]) -> Option<usize> {
    let all = command();
    let is_command = |word: &OsStr| all.get_subcommands().any(|one| one.get_name() == word);
    let mut at = 1;
    while let Some(word) = words.get(at) {
        if is_command(word) {
            return Some(at);
        }
        // The next word is the value of these.
        at += if word == "--line" || word == "--sysroot" {
            2
        } else {
            1
        };
    }
    None
}

/// Whether the flag `--json` is among the words: before a command, or after one that takes it as a flag.
fn wants_json(words: &[OsString]) -> bool {
    let at = command_of(words).unwrap_or(words.len());
    let (front, behind) = words.split_at(at);
    let has = |words: &[OsString]| {
        let options = words.iter().take_while(|word| *word != "--");
        options.into_iter().any(|word| word == "--json")
    };
    let all = command();
    let takes_a_file = |name: &OsString| {
        let found = all.get_subcommands().find(|one| one.get_name() == name);
        found.is_some_and(shared::has_json_of_its_own)
    };
    has(front) || (has(behind) && !behind.first().is_some_and(takes_a_file))
}

/// clap's message, in the parts of a failure.
fn failure(told: &str, name: Option<&str>) -> Failure {
    let paragraphs = told.split("\n\n").map(|paragraph| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        words.join(" ")
    });
    let mut why = String::new();
    let mut tips = Vec::new();
    for paragraph in paragraphs {
        if let Some(message) = paragraph.strip_prefix("error: ") {
            why = message.to_string();
        } else if let Some(tip) = paragraph.strip_prefix("tip: ") {
            tips.push(tip.to_string());
        }
    }
    let help = match name {
        Some(name) => format!("simructl {name} --help"),
        None => "simructl --help".to_string(),
    };
    tips.push(help);
    Failure::new("the command line makes no sense", why)
        .remedy(tips.join("; "))
        .usage()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn json_is_wanted_where_it_is_a_flag() {
        for (text, wanted) in [
            ("simructl --json stat", true),
            ("simructl stats --json --line x", true),
            ("simructl --line stats --json bench", true),
            ("simructl --json bench --rounds x", true),
            ("simructl bench --json x --rounds y", false),
            ("simructl report --json", false),
            ("simructl set -- --json", false),
            ("simructl stats", false),
        ] {
            assert_eq!(wants_json(&words(text)), wanted, "{text}");
        }
    }

    #[test]
    fn a_value_may_begin_with_a_minus() {
        let joined = |text: &str| {
            let words = words(text);
            let error = command().try_get_matches_from(&words).unwrap_err();
            with_negative_values(&error, &words)
        };
        let expected = words("simructl bench --warm-up=-1s --rates=-1,5");
        assert_eq!(
            joined("simructl bench --warm-up -1s --rates -1,5"),
            Some(expected)
        );
        let expected = words("simructl set-rate --line 0 -- -5,10");
        assert_eq!(joined("simructl set-rate -5,10 --line 0"), Some(expected));
        for text in ["simructl bench -- -1s", "simructl bench -x"] {
            assert_eq!(joined(text), None, "{text}");
        }
    }

    #[test]
    fn what_clap_says_is_taken_apart() {
        let words = words("simructl stat");
        let error = command().try_get_matches_from(words).unwrap_err();
        let failure = failure(&error.render().to_string(), None);
        assert_eq!(failure.why(), "unrecognized subcommand 'stat'");
        let remedy = failure.advice().unwrap();
        assert!(remedy.contains("similar subcommand") && remedy.ends_with("simructl --help"));
    }
}
