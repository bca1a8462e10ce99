// SPDX-License-Identifier: GPL-2.0-only

//! Parses libtest's output: suites, their tests, and the outcome of each.

use std::collections::BTreeMap;

/// A test program's run.
#[derive(Debug, PartialEq)]
pub(crate) struct Suite {
    /// The name of its log, and of its source file if cargo named it.
    pub(crate) name: String,
    pub(crate) tests: Vec<Test>,
    /// The counts of its closing line; `None` if it died before that.
    pub(crate) closing: Option<Closing>,
}

/// A test, and its outcome.
#[derive(Debug, PartialEq)]
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
}

/// The outcome of a test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    /// With its output.
    Failed(String),
    /// It could not run, for this reason.
    Skipped(String),
    /// Marked as ignored in the source.
    Ignored,
    /// The log ends before the test does.
    Unfinished,
}

/// The counts of `test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 276 filtered out; finished in 39.18s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Closing {
    pub(crate) is_ok: bool,
    /// Includes those that were skipped, which pass in libtest.
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
    pub(crate) measured: usize,
    pub(crate) filtered_out: usize,
}

/// The suites of a log. A log without suites counts as one that never ended.
pub(crate) fn suites(log_name: &str, text: &str) -> Vec<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut program = String::new();
    let mut open: Option<Suite> = None;
    let mut rows = text.lines().peekable();
    while let Some(row) = rows.next() {
        if let Some(name) = program_of(row) {
            program = name;
        } else if row.starts_with("running ") {
            suites.extend(open.replace(Suite::new(log_name, &program)));
        } else if let Some((name, rest)) = row.strip_prefix("test ").and_then(test_of) {
            let suite = open.get_or_insert_with(|| Suite::new(log_name, &program));
            let outcome = Outcome::of(rest, &mut rows);
            let name = name.to_owned();
            suite.tests.push(Test { name, outcome });
        } else if let Some(name) = output_of(row) {
            let mut output = Vec::new();
            while let Some(row) = rows.next_if(|row| !ends_output(row)) {
                output.push(row);
            }
            if let Some(suite) = &mut open {
                suite.add_output(name, output.join("\n").trim());
            }
        } else if let Some(closing) = Closing::of(row) {
            let mut suite = open
                .take()
                .unwrap_or_else(|| Suite::new(log_name, &program));
            suite.closing = Some(closing);
            suites.push(suite);
        }
    }
    suites.extend(open);
    if suites.is_empty() {
        suites.push(Suite::new(log_name, ""));
    }
    suites
}

impl Suite {
    fn new(log_name: &str, program: &str) -> Self {
        let name = match program {
            "" => log_name.to_owned(),
            program => format!("{log_name}: {program}"),
        };
        Self {
            name,
            tests: Vec::new(),
            closing: None,
        }
    }

    fn add_output(&mut self, name: &str, output: &str) {
        let failed = self.tests.iter_mut().find(|test| test.name == name);
        if let Some(Outcome::Failed(text)) = failed.map(|test| &mut test.outcome) {
            *text = output.to_owned();
        }
    }

    /// The contradiction between its closing line and its tests; `None` if they agree.
    pub(crate) fn contradiction(&self) -> Option<String> {
        let Some(closing) = self.closing else {
            return Some(format!("no totals in {}", self.name));
        };
        let counts = self.counts();
        let count = |kind: &str| counts.get(kind).copied().unwrap_or(0);
        let listed = [
            count("passed") + count("skipped"),
            count("failed") + count("unfinished"),
            count("ignored"),
        ];
        let told = [closing.passed, closing.failed, closing.ignored];
        (listed != told).then(|| {
            format!(
                "{}: its closing line counts {told:?} passed, failed and ignored tests, but lists {listed:?}",
                self.name
            )
        })
    }

    /// The number of tests with each kind of outcome.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for test in &self.tests {
            *counts.entry(test.outcome.kind()).or_default() += 1;
        }
        counts
    }
}

impl Outcome {
    /// The outcome after `test NAME ... `, or in the rows after it if the test itself has printed.
    fn of<'a>(rest: &str, rows: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Self {
        if let Some(reason) = rest.strip_prefix("skipped: ") {
            return Self::Skipped(reason.to_owned());
        }
        if let Some(outcome) = Self::of_word(rest) {
            return outcome;
        }
        // With one thread the name is printed before the test runs.
        while let Some(row) = rows.next_if(|row| !row.starts_with("test ")) {
            if let Some(outcome) = Self::of_word(row) {
                return outcome;
            }
        }
        Self::Unfinished
    }

    fn of_word(text: &str) -> Option<Self> {
        match text.trim_end().split([',', ' ']).next()? {
            "ok" => Some(Self::Passed),
            "FAILED" => Some(Self::Failed(String::new())),
            "ignored" => Some(Self::Ignored),
            _ => None,
        }
    }

    /// The word for the outcome.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
            Self::Ignored => "ignored",
            Self::Unfinished => "unfinished",
        }
    }
}

impl Closing {
    fn of(row: &str) -> Option<Self> {
        let (verdict, counts) = row.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |name: &str| {
            let mut parts = counts.split("; ");
            let number = parts.find_map(|part| part.strip_suffix(name)?.trim_end().parse().ok());
            number.unwrap_or(0)
        };
        Some(Self {
            is_ok: verdict == "ok",
            passed: count("passed"),
            failed: count("failed"),
            ignored: count("ignored"),
            measured: count("measured"),
            filtered_out: count("filtered out"),
        })
    }
}

/// The source file that cargo names before it runs a program: `     Running tests/cli/main.rs (target/.../cli-27bb)`;
/// for a library's examples, the library.
fn program_of(row: &str) -> Option<String> {
    let row = row.trim_start();
    if let Some(library) = row.strip_prefix("Doc-tests ") {
        return Some(format!("examples of {library}"));
    }
    let (source, program) = row.strip_prefix("Running ")?.split_once(" (")?;
    let file = program.trim_end_matches(')').rsplit('/').next()?;
    let (program, _hash) = file.rsplit_once('-')?;
    let source = source.trim_start_matches("unittests ");
    Some(format!("{program}, {}", source.trim_start_matches("../")))
}

/// Name and outcome of `NAME ... OUTCOME`.
fn test_of(row: &str) -> Option<(&str, &str)> {
    let (name, rest) = row.split_once(" ...")?;
    Some((name.trim_end_matches(" - should panic"), rest.trim_start()))
}

/// The test whose output follows: `---- NAME stdout ----`.
fn output_of(row: &str) -> Option<&str> {
    row.strip_prefix("---- ")?.strip_suffix(" stdout ----")
}

fn ends_output(row: &str) -> bool {
    output_of(row).is_some() || row == "failures:" || row.starts_with("test result: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(text: &str) -> Vec<(String, Outcome)> {
        let tests = suites("log", text)
            .into_iter()
            .flat_map(|suite| suite.tests);
        tests.map(|test| (test.name, test.outcome)).collect()
    }

    #[test]
    fn each_end_of_a_test_is_told_apart() {
        let text = "running 6 tests\ntest a ... ok\ntest b - should panic ... ok\ntest c ... FAILED\n\
                    test d ... ignored, takes long\ntest e ... skipped: no such tracer\nok\n\
                    test src/lib.rs - f (line 3) ... ok\ntest g has been running for over 60 seconds\n\
                    failures:\n\n---- c stdout ----\nassertion failed\n  left: 1\n\nfailures:\n    c\n\n\
                    test result: FAILED. 4 passed; 1 failed; 1 ignored; 0 measured; 2 filtered out; finished in 1.2s\n";
        let reason = "no such tracer".to_owned();
        let told = "assertion failed\n  left: 1".to_owned();
        let expected = [
            ("a", Outcome::Passed),
            ("b", Outcome::Passed),
            ("c", Outcome::Failed(told)),
            ("d", Outcome::Ignored),
            ("e", Outcome::Skipped(reason)),
            ("src/lib.rs - f (line 3)", Outcome::Passed),
        ];
        let expected = expected.map(|(name, outcome)| (name.to_owned(), outcome));
        assert_eq!(outcomes(text), expected);
        let suite = &suites("log", text)[0];
        assert_eq!(suite.contradiction(), None);
        assert_eq!(suite.closing.unwrap().filtered_out, 2);
    }

    #[test]
    fn a_test_that_prints_before_its_outcome_has_it_all_the_same() {
        let text = "running 2 tests\ntest a ... something\nmore\nok\ntest b ... FAILED\n";
        let kinds: Vec<_> = outcomes(text).iter().map(|(_, one)| one.kind()).collect();
        assert_eq!(kinds, ["passed", "failed"]);
    }

    #[test]
    fn a_log_that_breaks_off_has_a_suite_that_never_ended() {
        for text in [
            "",
            "the kernel\n",
            "running 2 tests\ntest a ... ok\ntest b ... ",
        ] {
            let suites = suites("vm-tests.1", text);
            let told = suites[0].contradiction().unwrap();
            assert_eq!(
                (suites.len(), told.as_str()),
                (1, "no totals in vm-tests.1")
            );
        }
        let cut = outcomes("running 2 tests\ntest a ... ok\ntest b ... \n[panic]\n");
        assert_eq!(cut[1].1, Outcome::Unfinished);
    }

    #[test]
    fn programs_have_the_names_that_cargo_gives_them() {
        let text = "     Running unittests src/main.rs (build/debug/deps/run_vm-b5fc)\n\nrunning 0 tests\n\n\
                    test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                    \x20    Running ../../tests/core/loom.rs (build/debug/deps/loom-4592)\nrunning 1 test\ntest a ... ok\n\
                    test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                    \x20  Doc-tests simrupt\nrunning 0 tests\n";
        let suites = suites("host-tests", text);
        let names: Vec<_> = suites.iter().map(|suite| suite.name.as_str()).collect();
        let expected = [
            "host-tests: run_vm, src/main.rs",
            "host-tests: loom, tests/core/loom.rs",
            "host-tests: examples of simrupt",
        ];
        assert_eq!(names, expected);
        assert!(suites[2].contradiction().is_some());
    }

    #[test]
    fn a_closing_line_that_counts_other_tests_is_a_contradiction() {
        let text = "running 2 tests\ntest a ... ok\n\
                    test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let told = suites("log", text)[0].contradiction().unwrap();
        assert!(
            told.contains("[2, 0, 0]") && told.contains("[1, 0, 0]"),
            "{told}"
        );
    }
}
