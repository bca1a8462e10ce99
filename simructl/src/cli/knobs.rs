// SPDX-License-Identifier: GPL-2.0-only

//! The knobs in help texts and completions, for which no loaded module can be asked.
//!
//! They are the knobs of the module of the same version. They are only offered, not required: a newer module may have
//! more knobs.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};

use simrupt::layout::columns;
use simrupt::lines::Assignment;
use simrupt_core::knobs::{Fault, Flavor, Spec, TABLE, Values};

/// How wide the values of a knob may be in a help text.
const WIDTH: usize = 60;

/// Whether a knob can be set by a command.
fn is_taken(spec: &&Spec, command: &str) -> bool {
    command == "load" || spec.live
}

/// Adds the list of knobs to the long help of a command that sets them.
pub(super) fn describe(command: Command) -> Command {
    let name = command.get_name().to_string();
    if !matches!(name.as_str(), "load" | "set") {
        return command;
    }
    let example = command.get_after_help().map(ToString::to_string);
    let mut text = "Knobs (simructl knobs says what they mean):\n".to_string();
    text += &list(TABLE.iter().filter(|spec| is_taken(spec, &name)));
    text += &format!("\n{}", example.unwrap_or_default());
    command.after_long_help(text)
}

/// The values that each knob takes, in rows.
fn list<'a>(specs: impl Iterator<Item = &'a Spec>) -> String {
    let mut rows = vec![["name", "values", "default"].map(String::from).to_vec()];
    for spec in specs {
        let mut values = values(spec).into_iter();
        let first = values.next().unwrap_or_default();
        rows.push(vec![spec.name.to_string(), first, spec.default.to_string()]);
        rows.extend(values.map(|more| vec![String::new(), more]));
    }
    columns("  ", &rows)
}

/// The values that a knob takes, in rows of at most [`WIDTH`] characters.
fn values(spec: &Spec) -> Vec<String> {
    let Values::Choice(names) = spec.values else {
        let unit = if spec.unit == "-" { "" } else { spec.unit };
        return vec![format!("{} {unit}", spec.values).trim_end().to_string()];
    };
    let mut rows = vec![String::new()];
    for (at, name) in names.iter().enumerate() {
        let comma = if at + 1 < names.len() { "," } else { "" };
        let word = format!("{name}{comma}");
        match rows.last_mut() {
            Some(row) if row.is_empty() => row.push_str(&word),
            Some(row) if row.len() + 1 + word.len() <= WIDTH => row.push_str(&format!(" {word}")),
            _ => rows.push(word),
        }
    }
    rows
}

/// The words that a shell can complete.
#[derive(Debug, Clone, Copy)]
enum Words {
    Names,
    Flavors,
    Faults,
    Settings,
    LoadSettings,
}

impl Words {
    fn all(self) -> Vec<String> {
        match self {
            Self::Names => TABLE.iter().map(|spec| spec.name.to_string()).collect(),
            Self::Flavors => Flavor::NAMES.iter().map(ToString::to_string).collect(),
            // Every fault except `none`.
            Self::Faults => Fault::NAMES
                .iter()
                .skip(1)
                .map(ToString::to_string)
                .collect(),
            Self::Settings => settings("set"),
            Self::LoadSettings => settings("load"),
        }
    }
}

/// `KNOB=VALUE` for each choice, and `KNOB=` for numbers.
fn settings(command: &str) -> Vec<String> {
    let specs = TABLE.iter().filter(|spec| is_taken(spec, command));
    let each = specs.flat_map(|spec| {
        let values: &[&str] = match spec.values {
            Values::Choice(names) => names,
            _ => &[""],
        };
        let one = |value: &&str| format!("{}={value}", spec.name);
        values.iter().map(one).collect::<Vec<_>>()
    });
    each.collect()
}

/// A bash function that completes `KNOB=VALUE`, to be appended to the script that clap makes.
///
/// Bash ends a word at `=`, which that script does not handle, and the script completes only the first word after a
/// command.
pub(crate) fn bash() -> String {
    let mut choices = String::new();
    for spec in TABLE {
        if let Values::Choice(names) = spec.values {
            let names = names.join(" ");
            choices += &format!("            {}) words=\"{names}\" ;;\n", spec.name);
        }
    }
    let words = |command| {
        let specs = TABLE.iter().filter(|spec| is_taken(spec, command));
        let words: Vec<String> = specs.map(|spec| format!("{}=", spec.name)).collect();
        words.join(" ")
    };
    BASH.replace("@CHOICES@", &choices)
        .replace("@SET@", &words("set"))
        .replace("@LOAD@", &words("load"))
}

const BASH: &str = r#"
_simructl_or_knobs() {
    local cur="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" knob="" words="" word
    if [[ $cur == "=" ]]; then
        knob="$before" cur=""
    elif [[ $before == "=" ]]; then
        knob="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    if [[ -n $knob && $knob != -* ]]; then
        case "$knob" in
@CHOICES@        esac
        COMPREPLY=( $(compgen -W "$words" -- "$cur") )
        return 0
    fi
    if [[ $cur != -* && $before != --* ]]; then
        for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
            case "$word" in
                set) words="@SET@" ;;
                load) words="@LOAD@" ;;
                *) continue ;;
            esac
            COMPREPLY=( $(compgen -W "$words" -- "$cur") )
            compopt -o nospace 2> /dev/null
            return 0
        done
    fi
    _simructl "$@"
}
complete -F _simructl_or_knobs -o bashdefault -o default simructl
"#;

/// Takes any text, and tells shells which texts are valid.
#[derive(Debug, Clone)]
pub(super) struct Text(Words);

/// The name of a knob.
pub(super) fn name() -> Text {
    Text(Words::Names)
}

/// The name of a flavor.
pub(super) fn flavor() -> Text {
    Text(Words::Flavors)
}

impl TypedValueParser for Text {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.all().into_iter().map(PossibleValue::new)))
    }
}

/// The kind of a fault.
pub(super) fn fault() -> Text {
    Text(Words::Faults)
}

/// Takes `KNOB=VALUE`, and tells shells which are valid.
#[derive(Debug, Clone)]
pub(super) struct Setting(Words);

/// A knob that can be set while the module runs, and its value.
pub(super) fn setting() -> Setting {
    Setting(Words::Settings)
}

/// A knob that can be set when the module is loaded, and its value.
pub(super) fn load_setting() -> Setting {
    Setting(Words::LoadSettings)
}

impl TypedValueParser for Setting {
    type Value = Assignment;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Assignment, Error> {
        let parser = StringValueParser::new().try_map(|text| text.parse::<Assignment>());
        parser.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.all().into_iter().map(PossibleValue::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_knob_is_in_the_help_of_load_and_every_live_one_in_that_of_set() {
        let help = |name: &str| {
            let command = Command::new(name.to_string()).after_help("Example:");
            let described = describe(command);
            described.get_after_long_help().unwrap().to_string()
        };
        let [load, set] = ["load", "set"].map(help);
        for spec in TABLE {
            let row = format!("\n  {} ", spec.name);
            assert!(load.contains(&row), "{load}");
            assert_eq!(set.contains(&row), spec.live, "{set}");
            if let Values::Choice(names) = spec.values {
                let help = if spec.live { &set } else { &load };
                assert!(names.iter().all(|name| help.contains(name)), "{help}");
            }
        }
        assert!(load.ends_with("\n\nExample:"), "{load}");
        assert!(load.lines().all(|row| row.len() <= 100), "{load}");
    }

    #[test]
    fn a_setting_is_offered_for_each_choice() {
        let settings = settings("set");
        for setting in ["workqueue=unbound-highpri", "rate_hz=", "run=always"] {
            assert!(settings.iter().any(|one| one == setting), "{settings:?}");
        }
        assert!(!settings.iter().any(|one| one == "lines="));
        assert!(super::settings("load").iter().any(|one| one == "lines="));
    }
}
