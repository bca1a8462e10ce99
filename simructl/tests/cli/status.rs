// SPDX-License-Identifier: GPL-2.0-only

//! `simructl status`.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use crate::fake::{Fake, debugfs};

#[test]
fn each_line_is_a_row() {
    let fake = Fake::with_lines(3);
    fake.write(&debugfs(1, "rate_hz"), "0\n");
    fake.write(&debugfs(2, "run"), "open [always]\n");
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
fn without_the_lines_parameter_the_lists_show_how_many_lines_there_are() {
    let fake = Fake::with_lines(2).without_debugfs();
    fake.remove("sys/module/simrupt/parameters/lines");
    fake.check("status-lists", "status");
}

#[test]
fn a_line_that_waits_for_cpu_time_is_told_from_one_that_once_did() {
    let fake = Fake::with_lines(2);
    fake.set_counters(0, &[("throttled", 7)]);
    fake.set_counters(1, &[("throttled", 7)]);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for count in 8.. {
                fake.set_counters(1, &[("throttled", count)]);
                if is_over.load(Relaxed) {
                    break;
                }
            }
        });
        fake.check("status-throttled", "status");
        is_over.store(true, Relaxed);
    });
}

#[test]
fn a_masked_line_says_so() {
    let fake = Fake::with_lines(1);
    let knobs = fake.read("sys/kernel/debug/simrupt/knobs");
    let masked = "masked\tu64\t0..1\t0\t-\tlive\t1 disables the interrupt line\n";
    fake.write("sys/kernel/debug/simrupt/knobs", &(knobs + masked));
    fake.write(&debugfs(0, "masked"), "1\n");
    fake.check("status-masked", "status");
}
