// SPDX-License-Identifier: GPL-2.0-only

//! Suspend and resume in the middle of traffic, by the kernel's own test of it: tasks are frozen, devices and their
//! interrupts suspended, and after a second everything is resumed. An emulated machine lacks a device that wakes it
//! from a real suspend-to-idle: the alarm of its clock raises no interrupt there. Debian's cloud kernel cannot test
//! suspend.

use simrupt_vm_tests::{Reader, Simrupt, lacking_flavors, settle, skip};
use std::{fs, path::Path};

/// The step up to which the kernel goes before it resumes: interrupts are suspended by then.
const LEVEL: (&str, &str) = ("/sys/power/pm_test", "platform");

/// How many seconds it stays there.
const DELAY: (&str, &str) = ("/sys/module/suspend/parameters/pm_test_delay", "1");

fn suspend() {
    let slept = || {
        let text = fs::read_to_string("/sys/power/suspend_stats/success").unwrap();
        text.trim_end().parse::<u64>().unwrap()
    };
    let before = slept();
    for (file, value) in [LEVEL, DELAY] {
        fs::write(file, value).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
    fs::write("/sys/power/state", "freeze").expect("the machine can be suspended");
    assert_eq!(slept(), before + 1);
}

#[test]
fn a_line_goes_on_after_a_suspend_and_its_sums_hold() {
    let (level, _) = LEVEL;
    if !Path::new(level).exists() {
        return skip("this kernel was built without its test of suspend");
    }
    let mut flavors = vec![
        "unbound",
        "bh",
        "none",
        "irq-thread",
        "tasklet",
        "kthread-worker",
        "irq-poll",
        "napi",
        "napi-threaded",
    ];
    flavors.retain(|flavor| !lacking_flavors().contains(flavor));
    for flavor in flavors {
        let module = Simrupt::load(&format!("format=record rate_hz=1000 workqueue={flavor}"));
        let line = module.line(0);
        let reader = Reader::start(line, 64 * 1024);
        line.wait_for("drained", 50);
        let coalesced = line.stat("coalesced");
        suspend();
        // Everything that came due while interrupts were suspended is one edge.
        let waited = line.stat("coalesced") - coalesced;
        assert!(waited >= 500, "{flavor}: {waited}");
        line.wait_for("drained", 50);
        settle(&module, line, reader);
    }
}
