// SPDX-License-Identifier: GPL-2.0-only

//! `simructl stats`.

use crate::fake::{Fake, debugfs};

#[test]
fn counters_and_contexts_of_every_line_are_shown() {
    let fake = Fake::with_lines(2);
    fake.set_counters(1, &[("events", 123_456)]);
    fake.check("stats", "stats");
}

#[test]
fn one_line_is_one_json_document() {
    Fake::with_lines(2).check("stats-json", "stats --line 1 --json");
}

#[test]
fn counters_of_a_newer_module_are_shown_too() {
    let fake = Fake::with_lines(1);
    let stats = fake.read(&debugfs(0, "stats")) + "novel 7\n";
    fake.write(&debugfs(0, "stats"), &stats);
    fake.check("stats-newer", "stats");
}

#[test]
fn without_its_own_file_the_irq_is_looked_up_by_name() {
    let fake = Fake::with_lines(1);
    fake.remove(&debugfs(0, "irq"));
    fake.write(
        "proc/interrupts",
        "  CPU0  CPU1\n 31:  5  0  simrupt  0-simrupt  simrupt0\n",
    );
    fake.check("stats-irq-by-name", "stats");
}

#[test]
fn an_unbound_line_does_not_hide_the_others() {
    let fake = Fake::with_lines(2);
    fake.unbind(0);
    fake.check("stats-unbound", "stats");
    fake.check("stats-unbound-json", "stats --json");
}

#[test]
fn invalid_text_is_an_error() {
    let fake = Fake::with_lines(1);
    fake.write(&debugfs(0, "contexts"), "stage hardirq wrong\ndevice 1\n");
    fake.check("stats-odd-contexts", "stats");
    fake.write(&debugfs(0, "stats"), "events many\n");
    fake.check("stats-odd", "stats");
    fake.remove(&debugfs(0, "stats"));
    fake.check("stats-missing", "stats");
}
