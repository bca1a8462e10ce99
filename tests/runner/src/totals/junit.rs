// SPDX-License-Identifier: GPL-2.0-only

//! The tests as JUnit's XML, which services for continuous integration read.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::log::{Outcome, Suite};

/// All suites. libtest does not report how long a test took, so the document has no times.
pub(crate) fn document(suites: &[Suite]) -> Result<String, String> {
    let mut report = Report::new("simrupt");
    for suite in suites {
        let mut of_suite = TestSuite::new(&suite.name);
        for test in &suite.tests {
            let mut case = TestCase::new(&test.name, status(&test.outcome));
            case.set_classname(&suite.name);
            of_suite.add_test_case(case);
        }
        if let Some(told) = suite.contradiction() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(told);
            of_suite.add_test_case(TestCase::new("the program's end", status));
        }
        report.add_test_suite(of_suite);
    }
    report.to_string().map_err(|error| error.to_string())
}

fn status(outcome: &Outcome) -> TestCaseStatus {
    match outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed(output) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_description(output);
            status
        }
        Outcome::Skipped(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason);
            status
        }
        Outcome::Ignored => TestCaseStatus::skipped(),
        Outcome::Unfinished => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message("the log ends before the test does");
            status
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::suites;

    #[test]
    fn the_document_has_each_test_with_its_end() {
        let text = "running 3 tests\ntest a ... ok\ntest b ... FAILED\ntest c ... skipped: no <tracer>\nok\n\
                    failures:\n---- b stdout ----\nleft: 1\n\n\
                    test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let xml = document(&suites("vm", text)).unwrap();
        let read = Report::deserialize_from_str(&xml).unwrap();
        assert_eq!((read.tests, read.failures, read.errors), (3, 1, 0));
        let suite = &read.test_suites[0];
        assert_eq!(suite.disabled, 1);
        assert!(
            xml.contains("no &lt;tracer&gt;") && xml.contains("left: 1"),
            "{xml}"
        );
    }

    #[test]
    fn a_program_that_died_is_an_error() {
        let xml = document(&suites("vm", "running 1 test\ntest a ... ")).unwrap();
        let read = Report::deserialize_from_str(&xml).unwrap();
        assert_eq!((read.tests, read.errors), (2, 2));
    }
}
