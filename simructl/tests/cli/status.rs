// SPDX-License-Identifier: GPL-2.0-only

//! `simructl status`.

use crate::fake::{Fake, debugfs};

#[test]
fn each_line_is_a_row() {
    let fake = Fake::with_lines(3);
    fake.write(&debugfs(1, "rate_hz"), "0\n");
    fake.write(&debugfs(2, "trigger"), "open [always]\n");
    fake.set_counters(2, &[("overrun", 3), ("dropped", 4), ("flushed", 5)]);
    fake.check("status", "status");
    fake.check("status-json", "status --json");
    fake.check("status-line", "status --line 1");
}

#[test]
fn an_unbound_line_has_a_row_too() {
    let fake = Fake::with_lines(2);
    fake.unbind(1);
    fake.remove(&debugfs(1, "rate_hz"));
    fake.check("status-unbound", "status");
}

#[test]
fn a_module_that_is_not_loaded_is_a_state() {
    let fake = Fake::unloaded();
    fake.check("status-unloaded", "status");
    fake.check("status-unloaded-json", "status --json");
}

#[test]
fn without_debugfs_the_counters_are_unknown() {
    let fake = Fake::with_lines(2).without_debugfs();
    fake.write(
        "proc/interrupts",
        "  CPU0  CPU1\n 31:  5  0  simrupt  0-simrupt  simrupt1\n",
    );
    fake.check("status-parameters", "status");
}

#[test]
fn without_the_lines_parameter_the_lists_tell_how_many_lines_there_are() {
    let fake = Fake::with_lines(2).without_debugfs();
    fake.remove("sys/module/simrupt/parameters/lines");
    fake.check("status-lists", "status");
}
