// SPDX-License-Identifier: GPL-2.0-only

//! `simructl verify`.

use crate::fake::{Fake, debugfs};
use crate::ktap;

#[test]
fn sums_that_hold_are_exit_code_0() {
    let fake = Fake::with_lines(2);
    fake.check("verify", "verify");
    fake.check("verify-json", "verify --json --line 0");
}

#[test]
fn sums_that_do_not_hold_are_exit_code_3_with_the_figures() {
    let fake = Fake::with_lines(2);
    fake.set_counters(1, &[("read", 67), ("scheduled", 91)]);
    fake.check("verify-broken-sums", "verify");
    fake.check("verify-broken-sums-json", "verify --json");
    fake.check("verify-other-line", "verify --line 0");
}

#[test]
fn a_stage_in_a_wrong_context_is_exit_code_3() {
    let fake = Fake::with_lines(1);
    fake.write(
        &debugfs(0, "contexts"),
        "stage hardirq softirq task wrong\nbottom_half 0 5 93 5\n",
    );
    fake.check("verify-wrong-context", "verify");
}

#[test]
fn a_missing_counter_is_an_error() {
    let fake = Fake::with_lines(1);
    fake.write(&debugfs(0, "stats"), "events 0\noverrun 0\n");
    fake.check("verify-missing-counter", "verify");
}

#[test]
fn a_line_that_cannot_be_checked_is_a_failure() {
    let fake = Fake::with_lines(2);
    fake.unbind(0);
    fake.check("verify-unbound", "verify");
    fake.check("verify-unbound-json", "verify --json");
}

#[test]
fn ktap_has_a_test_for_each_sum_and_stage_of_each_line() {
    let fake = Fake::with_lines(3);
    fake.set_counters(1, &[("read", 67)]);
    fake.write(
        &debugfs(1, "contexts"),
        "stage hardirq softirq task wrong\nbottom_half 0 5 93 5\n",
    );
    fake.unbind(2);
    fake.check("verify-ktap", "verify --ktap");
    fake.check("verify-ktap-json", "verify --ktap --json");
    let run = fake.command("verify --ktap").output().unwrap();
    let tests = ktap::parse(&String::from_utf8(run.stdout).unwrap()).unwrap();
    let failed = tests.iter().filter(|test| !test.passed);
    let failed: Vec<&str> = failed.map(|test| test.name.as_str()).collect();
    assert_eq!(failed, ["line1-drained", "line1-context-bottom_half"]);
    let skipped: Vec<_> = tests
        .iter()
        .filter_map(|test| test.reason.as_deref())
        .collect();
    assert_eq!(skipped, ["its driver is unbound"]);
}
