// SPDX-License-Identifier: GPL-2.0-only

//! Suspend-to-idle and resume, in the middle of traffic.
//!
//! CLOCK_MONOTONIC stops while the machine sleeps, and the schedule with it: nothing comes due then, and
//! nothing has to be made up for afterwards.

use simrupt_vm_tests::{FLAVORS, Line, Reader, Simrupt, eventually, settle};
use std::fs;

const ALARM: &str = "/sys/class/rtc/rtc0/wakealarm";

/// Suspends the machine to idle, until its clock wakes it some seconds later.
fn suspend() {
    let slept = || {
        let text = fs::read_to_string("/sys/power/suspend_stats/success").unwrap();
        text.trim_end().parse::<u64>().unwrap()
    };
    let before = slept();
    fs::write(ALARM, "0").unwrap();
    fs::write(ALARM, "+2").unwrap();
    fs::write("/sys/power/state", "freeze").expect("the machine can be suspended");
    assert_eq!(slept(), before + 1);
}

fn wait_for_events(line: Line, count: u64) {
    let start = line.stat("drained");
    eventually("events arrive", || line.stat("drained") >= start + count);
}

fn sleeps_in_the_middle(params: &str) {
    let module = Simrupt::load(&format!("format=record {params}"));
    let line = module.line(0);
    let reader = Reader::start(line, 64 * 1024);
    for _ in 0..2 {
        wait_for_events(line, 50);
        let before = line.stat("events");
        suspend();
        // At this rate two seconds of catching up would be 2000 events at once.
        let meanwhile = line.stat("events") - before;
        assert!(meanwhile < 1000, "{params}: {meanwhile} events");
        wait_for_events(line, 50);
    }
    settle(&module, line, reader);
}

#[test]
fn a_line_sleeps_with_the_machine_on_every_flavor() {
    for flavor in FLAVORS {
        sleeps_in_the_middle(&format!("rate_hz=1000 workqueue={flavor}"));
    }
}
