// SPDX-License-Identifier: GPL-2.0-only

//! A CPU that the lines do not use is left alone, as an isolated CPU needs to be.

use simrupt_vm_tests::{Simrupt, eventually, move_irq, stay_on_cpu};
use std::fs;

const TRACING: &str = "/sys/kernel/tracing";

/// The kernel's tracepoint for calls of one CPU by another, enabled until this is dropped.
struct Calls;

impl Calls {
    fn watch() -> Self {
        set("trace", "");
        set("events/csd/csd_queue_cpu/enable", "1");
        Self
    }

    /// The module's calls of this CPU.
    fn of_cpu(cpu: usize) -> Vec<String> {
        let trace = fs::read_to_string(format!("{TRACING}/trace")).unwrap();
        let cpu = format!("csd_queue_cpu: cpu={cpu} ");
        let is_ours = |line: &&str| line.contains(&cpu) && line.contains("[simrupt]");
        trace.lines().filter(is_ours).map(str::to_owned).collect()
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        set("events/csd/csd_queue_cpu/enable", "0");
    }
}

fn set(file: &str, text: &str) {
    let path = format!("{TRACING}/{file}");
    fs::write(&path, text).unwrap_or_else(|error| panic!("{path}: {error}"));
}

#[test]
fn a_change_of_a_knob_interrupts_no_cpu_that_it_is_not_about() {
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always workqueue=bh cpu=0");
    let lines = [module.line(0), module.line(1)];
    stay_on_cpu(0);
    for line in lines {
        move_irq(line.irq(), 0);
        line.set("cpu", "0");
    }
    eventually("traffic is under way", || lines[0].stat("runs") > 20);
    let _calls = Calls::watch();
    for line in lines {
        for (knob, value) in [
            ("cpu_limit_pct", "10"),
            ("cpu_limit_pct", "60"),
            ("rate_hz", "500"),
            ("workqueue", "tasklet"),
            ("fifo_size", "64"),
            ("stress", "softirq"),
            ("stress", "none"),
            ("reset", "1"),
        ] {
            line.set(knob, value);
        }
        line.unbind();
        line.bind();
    }
    // Choosing a CPU for a timer that is not set does not use that CPU.
    lines[1].set("run", "open");
    for cpu in ["1", "0"] {
        lines[1].set("cpu", cpu);
    }
    assert_eq!(Calls::of_cpu(1), [""; 0]);
    // The test is able to see calls.
    lines[0].set("cpu", "1");
    assert_ne!(Calls::of_cpu(1), [""; 0]);
    module.verify();
}
