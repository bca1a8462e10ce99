// SPDX-License-Identifier: GPL-2.0-only

//! The closed loop: as fast as the bottom half, and no faster.

use simrupt_vm_tests::{Line, Reader, Simrupt, enough, eventually, flavors};
use std::collections::BTreeMap;

/// Waits for `count` events, and asserts that nothing was lost on the way.
fn passes(line: Line, module: &Simrupt, count: u64) -> BTreeMap<String, u64> {
    let start = line.stat("events");
    eventually("events", || line.stat("events") >= start + count);
    let stats = line.stats();
    assert_eq!(stats["overrun"], 0);
    module.verify();
    stats
}

/// Lets the loop turn `count` times: with one event under way at most.
fn turns(line: Line, module: &Simrupt, count: u64) {
    let stats = passes(line, module, count);
    assert!(stats["in_ring"] <= 1, "{stats:?}");
}

#[test]
pub(crate) fn every_flavor_closes_the_loop() {
    let module = Simrupt::load("pattern=closed fifo_size=65536 rate_hz=1");
    let line = module.line(0);
    let reader = Reader::start(line, 65536);
    for flavor in flavors() {
        line.set("workqueue", flavor);
        // A flavor without a later run is driven by the timer.
        turns(
            line,
            &module,
            if flavor == "none" { 50 } else { enough(2000) },
        );
    }
    line.silence();
    let read = reader.stop().len() as u64;
    module.verify();
    let stats = line.stats();
    assert_eq!(stats["read"], read);
    // One event, one interrupt, one run.
    assert_eq!(stats["raised"], stats["events"]);
    for stage in ["device", "top_half", "bottom_half"] {
        assert_eq!(line.contexts(stage)[3], 0, "{stage}");
    }
}

#[test]
fn a_burst_is_one_turn() {
    let module = Simrupt::load("pattern=closed burst=64 rate_hz=1 workqueue=bh run=always");
    let line = module.line(0);
    eventually("the loop turns", || line.stat("runs") >= 100);
    line.silence();
    let stats = line.stats();
    assert_eq!(stats["events"], 64 * stats["raised"]);
    module.verify();
}

#[test]
fn lines_turn_on_the_cpus_of_their_interrupts() {
    let module = Simrupt::load("lines=2 pattern=closed rate_hz=1 run=always workqueue=bound");
    for cpu in 0..2 {
        let line = module.line(cpu);
        simrupt_vm_tests::move_irq(line.irq(), cpu);
        line.set("reset", "1");
        turns(line, &module, enough(500));
    }
    for line in [module.line(0), module.line(1)] {
        line.silence();
    }
    module.verify();
}

#[test]
fn the_loop_stops_at_rate_zero_and_goes_on_from_there() {
    let module = Simrupt::load("pattern=closed rate_hz=1 run=always");
    let line = module.line(0);
    turns(line, &module, 100);
    line.silence();
    let events = line.stat("events");
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert_eq!(line.stat("events"), events);
    line.set("rate_hz", "1");
    turns(line, &module, 100);
    line.set("masked", "1");
    line.set("masked", "0");
    turns(line, &module, 100);
    line.set("reset", "1");
    turns(line, &module, 100);
    line.set("pattern", "periodic");
    line.set("rate_hz", "1000");
    // A timer may be late here. Then all events that have come due are in the ring together.
    passes(line, &module, 20);
}
