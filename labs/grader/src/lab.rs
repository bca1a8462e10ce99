// SPDX-License-Identifier: GPL-2.0-only

//! A lab, as its `lab.toml` describes it. `labs/README.md` explains the form to authors of labs.
//!
//! `toml` reads these types; [`check`](crate::check) checks the rules that a type cannot express.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use simrupt::failure::Failure;

use crate::check;
use crate::pattern::{OneOrMore, Pattern};

/// A lab.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lab {
    /// The name of its folder, such as `05-contexts`.
    #[serde(skip)]
    pub(crate) name: String,
    /// Its folder.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
    pub(crate) title: String,
    pub(crate) question: String,
    pub(crate) language: Language,
    pub(crate) kernel: Kernel,
    /// The points of all cases and predictions together.
    pub(crate) points: u32,
    /// From a gentle one to one that nearly reveals the solution.
    pub(crate) hints: [String; 2],
    #[serde(default)]
    pub(crate) machine: Machine,
    /// Whether the skeleton compiles; if not, the lab begins with its build error.
    #[serde(default = "yes")]
    pub(crate) skeleton_builds: bool,
    #[serde(default, rename = "prediction")]
    pub(crate) predictions: Vec<Prediction>,
    #[serde(rename = "case")]
    pub(crate) cases: Vec<Case>,
    #[serde(default, rename = "explanation")]
    pub(crate) explanations: Vec<Explanation>,
    #[serde(default, rename = "mistake")]
    pub(crate) mistakes: Vec<Mistake>,
}

fn yes() -> bool {
    true
}

/// The language of the learner's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Language {
    C,
    Rust,
}

/// The kernel that a lab runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kernel {
    /// Debian's.
    Stock,
    /// The kernel of `make test-debug`, with lockdep, KASAN and other checks.
    Debug,
}

impl Kernel {
    /// The word for it in `lab.toml` and in the names of folders.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Debug => "debug",
        }
    }
}

/// The machine that a lab runs in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Machine {
    /// It has `simrupt.ko` in /root, and `simructl`.
    pub(crate) simrupt: bool,
    /// No other lab shares the boot: for labs that leave a mark on the kernel, such as a lockdep report.
    pub(crate) alone: bool,
    pub(crate) cpus: u32,
    /// Words for the kernel's command line.
    pub(crate) kernel_args: Vec<String>,
    /// How long one case may take, in seconds of the machine's own virtual time.
    pub(crate) limit_s: u32,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            simrupt: false,
            alone: false,
            cpus: 2,
            kernel_args: Vec::new(),
            limit_s: 10,
        }
    }
}

/// A question whose answer the learner writes down before the run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prediction {
    /// The key in `answers.toml`.
    pub(crate) name: String,
    pub(crate) ask: String,
    /// The words to choose from; without them, any text is accepted.
    #[serde(default)]
    pub(crate) one_of: Vec<String>,
    pub(crate) points: u32,
    /// The case whose output or console has the outcome.
    pub(crate) case: String,
    /// The outcome: the one group of this pattern.
    pub(crate) shows: Pattern,
    /// Why the outcome is as it is.
    pub(crate) why: String,
    /// Remarks on wrong answers.
    #[serde(default)]
    pub(crate) remarks: BTreeMap<String, String>,
}

/// Commands for the machine, and how their outcome is judged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) points: u32,
    /// Shell commands; without them the case judges the run of the previous case.
    pub(crate) run: Option<String>,
    /// It starts a new machine, because of the effects of the previous case on the kernel.
    #[serde(default)]
    pub(crate) fresh: bool,
    /// The whole output, ignoring blanks at both ends.
    pub(crate) expect: Option<String>,
    /// Patterns that the output must match.
    #[serde(default)]
    pub(crate) output: OneOrMore,
    /// Patterns that the console must match while the case runs.
    #[serde(default)]
    pub(crate) console: OneOrMore,
    /// Patterns that neither output nor console may match.
    #[serde(default)]
    pub(crate) never: OneOrMore,
    /// A pattern of the kernel's report that must be on the console. Without it there must be no report.
    pub(crate) report: Option<Pattern>,
    /// How the run ends.
    #[serde(default)]
    pub(crate) ends: Ends,
    /// The exit status of the last command.
    #[serde(default)]
    pub(crate) exit: u8,
    /// For the learner: what to do if the case fails.
    pub(crate) todo: String,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ends {
    /// The commands come to their end.
    #[default]
    Exit,
    /// The kernel panics.
    Panic,
    /// The commands do not come to their end within the limit.
    Hang,
    /// One way or the other: what the kernel does after such an error is chance.
    Any,
}

/// The explanation of a known outcome or mistake: shown if all its patterns match.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explanation {
    pub(crate) name: String,
    /// A pattern of the build's messages.
    pub(crate) build: Option<Pattern>,
    /// A pattern of what the commands of a case printed.
    pub(crate) output: Option<Pattern>,
    /// A pattern of the console while a case ran.
    pub(crate) console: Option<Pattern>,
    /// How a run ended.
    pub(crate) ends: Option<Ends>,
    /// Only in this case.
    pub(crate) case: Option<String>,
    pub(crate) says: String,
}

/// A mistake that `make labs` makes in the solution, to check that it is explained.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mistake {
    pub(crate) name: String,
    /// A file of the solution; `from`, which must appear in it once, becomes `to`.
    pub(crate) file: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// The explanation that must be shown; without it, the `todo` of each case in `fails`.
    pub(crate) explained_by: Option<String>,
    /// The cases that must fail.
    #[serde(default)]
    pub(crate) fails: Vec<String>,
}

impl Lab {
    /// Reads and checks the lab in `folder`.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let file = folder.join("lab.toml");
        let cannot = |why: String| Failure::new(format!("cannot use {}", file.display()), why);
        let text = fs::read_to_string(&file).map_err(|error| cannot(error.to_string()))?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let mut lab = Self::parse(&name, &text)
            .map_err(|why| cannot(why).remedy("the form is in labs/README.md"))?;
        lab.folder = folder.to_owned();
        Ok(lab)
    }

    /// The lab that `text` describes.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut lab: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        lab.name = name.to_owned();
        check::check(&lab)?;
        Ok(lab)
    }

    /// `05` of `05-contexts`.
    pub(crate) fn number(&self) -> &str {
        self.name.split('-').next().unwrap_or(&self.name)
    }

    /// The folder of the solution.
    pub(crate) fn solution(&self) -> PathBuf {
        self.folder.join("solution")
    }

    /// The folder of the skeleton.
    pub(crate) fn skeleton(&self) -> PathBuf {
        self.folder.join("skeleton")
    }

    /// The index of the case whose run case `index` judges.
    pub(crate) fn run_of(&self, index: usize) -> usize {
        let with_commands = |index: &usize| self.cases[*index].run.is_some();
        (0..=index).rev().find(with_commands).unwrap_or(index)
    }
}

/// All labs in `folder`, in the order of their names.
pub(crate) fn all(folder: &Path) -> Result<Vec<Lab>, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(
            format!("cannot list {}", folder.display()),
            error.to_string(),
        )
    };
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.join("lab.toml").exists() {
            folders.push(path);
        }
    }
    folders.sort();
    folders.iter().map(|folder| Lab::read(folder)).collect()
}

/// The lab with this number, with or without a leading zero, or with this name.
pub(crate) fn find<'a>(labs: &'a [Lab], wanted: &str) -> Result<&'a Lab, Failure> {
    let number = |text: &str| text.parse::<u32>().ok();
    labs.iter()
        .find(|lab| {
            lab.name == wanted || number(wanted).is_some_and(|n| number(lab.number()) == Some(n))
        })
        .ok_or_else(|| {
            let numbers: Vec<&str> = labs.iter().map(Lab::number).collect();
            Failure::new(
                format!("there is no lab '{wanted}'"),
                "no folder of labs/ has that number or name",
            )
            .remedy(format!("LAB=N, N being {}", numbers.join(", ")))
            .usage()
        })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small lab without errors.
    pub(crate) const SMALL: &str = r#"
title = "Small"
question = "Is it?"
language = "C"
kernel = "stock"
points = 5
hints = ["look", "look there"]

[[prediction]]
name = "count"
ask = "How many?"
points = 1
case = "first"
shows = 'count=(\d+)'
why = "There are three."
[prediction.remarks]
"4" = "That is the number of places."

[[case]]
name = "first"
points = 3
run = "cat /proc/small"
output = 'count=\d+'
todo = "Print the count: TODO 1."

[[case]]
name = "second"
points = 1
console = ["small: loaded"]
todo = "Say that you are there: TODO 2."

[[explanation]]
name = "missing"
output = "No such file"
says = "Nothing made the file."

[[mistake]]
name = "silent"
file = "small.c"
from = "pr_info"
to = "pr_debug"
fails = ["second"]
"#;

    #[test]
    fn a_lab_is_found_by_number_or_name() {
        let labs = [Lab::parse("07-small", SMALL).unwrap()];
        for wanted in ["7", "07", "07-small"] {
            assert_eq!(find(&labs, wanted).unwrap().name, "07-small");
        }
        let failure = find(&labs, "70").unwrap_err().to_string();
        assert!(
            failure.contains("'70'") && failure.contains("07"),
            "{failure}"
        );
    }

    #[test]
    fn a_case_without_commands_judges_the_run_before_it() {
        let lab = Lab::parse("07-small", SMALL).unwrap();
        assert_eq!([lab.run_of(0), lab.run_of(1)], [0, 0]);
    }
}
