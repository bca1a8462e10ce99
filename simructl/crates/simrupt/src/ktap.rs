// SPDX-License-Identifier: GPL-2.0-only

//! Test results as KTAP, version 1: the kernel's own format, which its tools and its CI systems read. See
//! `Documentation/dev-tools/ktap.rst` in the kernel's sources.

use crate::text::in_one_row;

/// The first line.
const VERSION: &str = "KTAP version 1";

/// Tests that have run, in their order.
///
/// ```
/// use simrupt::ktap::{Ktap, Outcome};
///
/// let mut ktap = Ktap::default();
/// ktap.test("line0-events", Outcome::Pass);
/// ktap.diagnostic("drained 98 != read 97 (97)");
/// ktap.test("line0-drained", Outcome::Fail);
/// ktap.test("line1", Outcome::Skip("its driver is unbound".to_string()));
/// assert_eq!(
///     ktap.text(),
///     "KTAP version 1\n1..3\nok 1 line0-events\n# drained 98 != read 97 (97)\nnot ok 2 line0-drained\n\
///      ok 3 line1 # SKIP its driver is unbound\n"
/// );
/// ```
#[derive(Debug, Default)]
pub struct Ktap {
    body: String,
    count: usize,
}

/// The outcome of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has passed.
    Pass,
    /// It has failed.
    Fail,
    /// It could not be run, for this reason.
    Skip(String),
    /// It did not end in time.
    Timeout,
}

impl Ktap {
    /// Adds a line for people, about the next test.
    pub fn diagnostic(&mut self, text: &str) {
        self.body += &format!("# {}\n", in_one_row(text));
    }

    /// Adds a test. In its name, `#` is replaced, since it begins a directive.
    pub fn test(&mut self, name: &str, outcome: Outcome) {
        self.count += 1;
        let name = plain(name);
        let number = self.count;
        self.body += &match outcome {
            Outcome::Pass => format!("ok {number} {name}\n"),
            Outcome::Fail => format!("not ok {number} {name}\n"),
            Outcome::Skip(why) => format!("ok {number} {name} # SKIP {}\n", in_one_row(&why)),
            Outcome::Timeout => format!("not ok {number} {name} # TIMEOUT\n"),
        };
    }

    /// Adds a test that consists of other tests, which precede it and are indented.
    ///
    /// ```
    /// use simrupt::ktap::{Ktap, Outcome};
    ///
    /// let mut sums = Ktap::default();
    /// sums.test("events", Outcome::Pass);
    /// let mut ktap = Ktap::default();
    /// ktap.suite("line0", &sums, Outcome::Pass);
    /// assert_eq!(
    ///     ktap.text(),
    ///     "KTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: line0\n  1..1\n  ok 1 events\nok 1 line0\n"
    /// );
    /// ```
    pub fn suite(&mut self, name: &str, tests: &Self, outcome: Outcome) {
        let (version, count) = (VERSION, tests.count);
        let head = format!("{version}\n# Subtest: {}\n1..{count}\n", plain(name));
        for row in head.lines().chain(tests.body.lines()) {
            self.body += &format!("  {row}\n");
        }
        self.test(name, outcome);
    }

    /// The whole text: the version, the number of tests, and the tests.
    pub fn text(&self) -> String {
        format!("{VERSION}\n1..{}\n{}", self.count, self.body)
    }
}

/// A name in one row, without the character that begins a directive.
fn plain(name: &str) -> String {
    in_one_row(name).replace('#', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_and_no_reason_makes_a_line_or_a_directive_of_its_own() {
        let mut ktap = Ktap::default();
        ktap.diagnostic("a\nnot ok 1 b");
        ktap.test("a # SKIP\nok 7 b", Outcome::Fail);
        ktap.test("c", Outcome::Skip("d\ne".to_string()));
        assert_eq!(
            ktap.text(),
            "KTAP version 1\n1..2\n# a\\nnot ok 1 b\nnot ok 1 a - SKIP\\nok 7 b\nok 2 c # SKIP d\\ne\n"
        );
    }

    #[test]
    fn no_test_is_a_plan_of_none() {
        assert_eq!(Ktap::default().text(), "KTAP version 1\n1..0\n");
    }
}
