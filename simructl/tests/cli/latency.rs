// SPDX-License-Identifier: GPL-2.0-only

//! `simructl latency`.

use crate::fake::{Fake, LATENCY, debugfs};

#[test]
fn each_stage_has_its_percentiles() {
    let fake = Fake::with_lines(2);
    fake.write(
        &debugfs(1, "latency"),
        "stage due_irq count 0 sum_ns 0 overflow 0 max_ns 0 max_time_ns 0 max_cpu 0\n",
    );
    fake.check("latency", "latency");
    fake.check("latency-json", "latency --json --line 0");
    fake.check("latency-none-json", "latency --json --line 1");
}

#[test]
fn an_unbound_line_does_not_hide_the_others() {
    let fake = Fake::with_lines(2);
    fake.unbind(0);
    fake.check("latency-unbound", "latency");
    fake.check("latency-unbound-json", "latency --line 0 --json");
}

#[test]
fn invalid_text_is_an_error() {
    let fake = Fake::with_lines(1);
    fake.write(&debugfs(0, "latency"), &LATENCY.replace("4096", "many"));
    fake.check("latency-odd", "latency");
    fake.remove(&debugfs(0, "latency"));
    fake.check("latency-missing", "latency");
}

#[test]
fn without_debugfs_there_are_no_histograms() {
    Fake::with_lines(1)
        .without_debugfs()
        .check("no-debugfs-latency", "latency");
}
