// SPDX-License-Identifier: GPL-2.0-only

//! `simructl reset`.

use crate::fake::{Fake, debugfs};

#[test]
fn every_line_is_reset() {
    let fake = Fake::with_lines(2);
    fake.check("reset", "reset");
    assert_eq!(fake.read(&debugfs(0, "reset")), "1\n");
    assert_eq!(fake.read(&debugfs(1, "reset")), "1\n");
}

#[test]
fn one_line_is_reset_and_the_other_is_not() {
    let fake = Fake::with_lines(2);
    fake.check("reset-line-json", "reset --line 1 --json");
    assert_eq!(fake.read(&debugfs(0, "reset")), "");
    assert_eq!(fake.read(&debugfs(1, "reset")), "1\n");
}

#[test]
fn a_line_that_cannot_be_reset_does_not_stop_the_others() {
    let fake = Fake::with_lines(3);
    fake.remove(&debugfs(1, "reset"));
    fake.check("reset-missing", "reset");
    assert_eq!(fake.read(&debugfs(2, "reset")), "1\n");
}

#[test]
fn without_debugfs_there_is_nothing_to_reset() {
    Fake::with_lines(1)
        .without_debugfs()
        .check("no-debugfs-reset", "reset");
}
