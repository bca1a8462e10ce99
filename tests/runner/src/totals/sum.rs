// SPDX-License-Identifier: GPL-2.0-only

//! The totals of a run, and whether the run was good.

use serde::Serialize;

use crate::log::{Outcome, Suite};

/// The tests that were left out, each with the reason.
#[derive(Debug, Default)]
pub(crate) struct LeftOut(Vec<(String, String)>);

impl LeftOut {
    /// Parses lines with a name, a tab and a reason each.
    pub(crate) fn parse(text: &str) -> Self {
        let rows = text.lines().filter_map(|row| row.split_once('\t'));
        let owned = rows.map(|(name, reason)| (name.to_owned(), reason.to_owned()));
        Self(owned.collect())
    }

    /// How many for each reason, in the order in which the reasons first occur.
    fn by_reason(&self) -> Vec<(&str, usize)> {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for (_, reason) in &self.0 {
            match counts.iter_mut().find(|(one, _)| one == reason) {
                Some((_, count)) => *count += 1,
                None => counts.push((reason, 1)),
            }
        }
        counts
    }
}

/// The totals of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Sum {
    /// Messages about single tests and suites.
    #[serde(skip)]
    remarks: Vec<String>,
    passed: usize,
    failed: usize,
    skipped: usize,
    left_out: usize,
    ignored: usize,
    measured: usize,
    filtered_out: usize,
    /// Whether there are errors other than failed tests.
    #[serde(skip)]
    is_amiss: bool,
}

impl Sum {
    /// The totals of these suites. Each word of `filter` must be in the name of a test.
    pub(crate) fn of(suites: &[Suite], left_out: &LeftOut, filter: &str) -> Self {
        let mut sum = Self {
            left_out: left_out.0.len(),
            ..Self::default()
        };
        for (reason, count) in left_out.by_reason() {
            sum.remarks.push(format!("left out: {reason}: {count}"));
        }
        for suite in suites {
            sum.add(suite);
        }
        let left_out = left_out.0.iter().map(|(name, _)| name);
        let listed = suites.iter().flat_map(|suite| &suite.tests);
        let names: Vec<&String> = listed.map(|test| &test.name).chain(left_out).collect();
        for word in filter.split_whitespace() {
            if !names.iter().any(|name| name.contains(word)) {
                sum.complain(format!("no test has '{word}' in its name"));
            }
        }
        if sum.passed + sum.failed + sum.skipped == 0 {
            sum.complain("no test ran".to_owned());
        }
        sum
    }

    fn add(&mut self, suite: &Suite) {
        for test in &suite.tests {
            match &test.outcome {
                Outcome::Passed => self.passed += 1,
                Outcome::Failed(_) => self.failed += 1,
                Outcome::Skipped(reason) => {
                    self.skipped += 1;
                    self.remarks
                        .push(format!("skipped: {}: {reason}", test.name));
                }
                Outcome::Ignored => self.ignored += 1,
                Outcome::Unfinished => self.complain(format!("not finished: {}", test.name)),
            }
        }
        if let Some(closing) = suite.closing {
            self.is_amiss |= !closing.is_ok;
            self.measured += closing.measured;
            // The machines that share the VM tests each filter out the tests of the others.
            if !suite.name.starts_with("vm-tests") {
                self.filtered_out += closing.filtered_out;
            }
        }
        if let Some(told) = suite.contradiction() {
            // A program that died counts as a failed test.
            self.failed += 1;
            self.complain(told);
        }
    }

    fn complain(&mut self, remark: String) {
        self.remarks.push(remark);
        self.is_amiss = true;
    }

    /// Whether all tests that should run passed.
    pub(crate) fn is_good(&self) -> bool {
        self.failed == 0 && !self.is_amiss
    }

    /// The messages, one per line, and the totals in libtest's form.
    pub(crate) fn text(&self, seconds: &str) -> String {
        let verdict = if self.is_good() { "ok" } else { "FAILED" };
        let mut text = String::new();
        for remark in &self.remarks {
            text.push_str(remark);
            text.push('\n');
        }
        text + &format!(
            "test result: {verdict}. {} passed; {} failed; {} skipped; {} left out; {} ignored; {} measured; \
             {} filtered out; finished in {seconds}s\n",
            self.passed,
            self.failed,
            self.skipped,
            self.left_out,
            self.ignored,
            self.measured,
            self.filtered_out
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::suites;

    const END: &str = "0 measured; 5 filtered out; finished in 0.00s";

    fn sum(log_name: &str, text: &str, left_out: &str, filter: &str) -> Sum {
        Sum::of(&suites(log_name, text), &LeftOut::parse(left_out), filter)
    }

    #[test]
    fn skipped_and_left_out_tests_did_not_pass() {
        let text = format!(
            "running 2 tests\ntest a ... ok\ntest b ... skipped: no tracer\nok\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; {END}\n"
        );
        let sum = sum("vm-tests.1", &text, "c\tno tags\nd\tno tags\n", "d");
        assert!(sum.is_good());
        let expected = "left out: no tags: 2\nskipped: b: no tracer\n\
                        test result: ok. 1 passed; 0 failed; 1 skipped; 2 left out; 0 ignored; 0 measured; \
                        0 filtered out; finished in 7.5s\n";
        assert_eq!(sum.text("7.5"), expected);
    }

    #[test]
    fn each_error_fails_the_run() {
        let good = format!(
            "running 1 test\ntest a ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored; {END}\n"
        );
        assert!(sum("log", &good, "", "").is_good());
        let failed = format!(
            "running 1 test\ntest a ... FAILED\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; {END}\n"
        );
        let none =
            format!("running 0 tests\ntest result: ok. 0 passed; 0 failed; 0 ignored; {END}\n");
        for (text, filter, remark) in [
            (failed.as_str(), "", "1 failed"),
            (good.as_str(), "b", "no test has 'b'"),
            (none.as_str(), "", "no test ran"),
            ("running 1 test\ntest a ... ", "", "no totals in log"),
            ("running 1 test\ntest a ... ", "", "not finished: a"),
        ] {
            let sum = sum("log", text, "", filter);
            assert!(!sum.is_good(), "{text}");
            assert!(sum.text("1").contains(remark), "{}", sum.text("1"));
        }
    }

    #[test]
    fn only_machines_that_share_tests_filter_out_each_others() {
        let text = format!(
            "running 1 test\ntest a ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored; {END}\n"
        );
        for (log_name, filtered) in [("host-tests", "5 filtered"), ("vm-tests.2", "0 filtered")] {
            let sum = sum(log_name, &text, "", "");
            assert!(sum.text("1").contains(filtered), "{}", sum.text("1"));
        }
    }
}
