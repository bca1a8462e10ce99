// SPDX-License-Identifier: GPL-2.0-only

//! Timers that expire only with the tick, as on machines without a high-resolution clock: `highres=off`.

use simrupt_vm_tests::Simrupt;
use std::fs;

#[test]
fn an_expiry_of_the_timer_is_one_callback() {
    let timers = fs::read_to_string("/proc/timer_list").unwrap();
    assert!(!timers.contains("hres_active    : 1"), "{timers}");
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = module.line(0);
    line.wait_for("raised", 100);
    line.silence();
    // With one expiry the device emits everything that has come due since the last tick. A callback that finds nothing
    // due is counted, and raises nothing.
    let [callbacks, ..] = line.contexts("device");
    let raised = line.stat("raised");
    assert!(callbacks <= raised + 5, "{callbacks} for {raised}");
    assert!(line.stat("events") > raised);
    module.verify();
}
