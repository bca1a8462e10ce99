// SPDX-License-Identifier: GPL-2.0-only

//! The tests as KTAP, which kernel developers' tools read: `Documentation/dev-tools/ktap.rst` of the kernel.

use simrupt::ktap::{Ktap, Outcome};

use crate::log::{self, Suite};

/// All suites, each a test with subtests.
pub(crate) fn document(suites: &[Suite]) -> String {
    let mut all = Ktap::default();
    for suite in suites {
        let mut tests = Ktap::default();
        for test in &suite.tests {
            if let log::Outcome::Failed(output) = &test.outcome {
                output.lines().for_each(|row| tests.diagnostic(row));
            }
            tests.test(&test.name, outcome(&test.outcome));
        }
        let is_good = suite.contradiction().is_none() && suite.closing.is_some_and(|one| one.is_ok);
        let outcome = if is_good {
            Outcome::Pass
        } else {
            Outcome::Fail
        };
        all.suite(&suite.name, &tests, outcome);
    }
    all.text()
}

fn outcome(of: &log::Outcome) -> Outcome {
    match of {
        log::Outcome::Passed => Outcome::Pass,
        log::Outcome::Failed(_) => Outcome::Fail,
        log::Outcome::Skipped(reason) => Outcome::Skip(reason.clone()),
        log::Outcome::Ignored => Outcome::Skip("ignored".to_owned()),
        log::Outcome::Unfinished => Outcome::Timeout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::suites;

    #[test]
    fn each_test_has_a_line_and_each_suite_one_after_its_own() {
        let text = "running 3 tests\ntest a ... ok\ntest b ... FAILED\ntest c ... skipped: no tracer\nok\n\
                    failures:\n---- b stdout ----\nleft: 1\nright: 2\n\n\
                    test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let expected = "KTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: vm\n  1..3\n  ok 1 a\n  # left: 1\n  # right: 2\n  \
                        not ok 2 b\n  ok 3 c # SKIP no tracer\nnot ok 1 vm\n";
        assert_eq!(document(&suites("vm", text)), expected);
    }
}
