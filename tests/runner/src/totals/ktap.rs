// SPDX-License-Identifier: GPL-2.0-only

//! The tests as KTAP, which kernel developers' tools read: `Documentation/dev-tools/ktap.rst` of the kernel.

use crate::log::{Outcome, Suite};

/// All suites, each a test with subtests.
pub(crate) fn document(suites: &[Suite]) -> String {
    let mut text = format!("KTAP version 1\n1..{}\n", suites.len());
    for (index, suite) in suites.iter().enumerate() {
        let name = plain(&suite.name);
        text += &format!(
            "  KTAP version 1\n  # Subtest: {name}\n  1..{}\n",
            suite.tests.len()
        );
        for (index, test) in suite.tests.iter().enumerate() {
            let (result, directive, output) = match &test.outcome {
                Outcome::Passed => ("ok", String::new(), ""),
                Outcome::Failed(output) => ("not ok", String::new(), output.as_str()),
                Outcome::Skipped(reason) => ("ok", format!(" # SKIP {reason}"), ""),
                Outcome::Ignored => ("ok", " # SKIP ignored".to_owned(), ""),
                Outcome::Unfinished => ("not ok", " # TIMEOUT".to_owned(), ""),
            };
            for row in output.lines() {
                text += &format!("  # {row}\n");
            }
            let name = plain(&test.name);
            text += &format!("  {result} {} {name}{directive}\n", index + 1);
        }
        let is_good = suite.contradiction().is_none() && suite.closing.is_some_and(|one| one.is_ok);
        let result = if is_good { "ok" } else { "not ok" };
        text += &format!("{result} {} {name}\n", index + 1);
    }
    text
}

/// A name without the sign that begins a directive.
fn plain(name: &str) -> String {
    name.replace('#', "_")
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
