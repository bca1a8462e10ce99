// SPDX-License-Identifier: GPL-2.0-only

//! Level-triggered lines: `irq_type=level`.

use simrupt_vm_tests::{Line, Simrupt, enough, eventually, flavors, move_irq};
use std::fs;

/// The flow of a line in /proc/interrupts.
fn flow(line: Line) -> String {
    let table = fs::read_to_string("/proc/interrupts").unwrap();
    let number = format!("{}:", line.irq());
    let row = table
        .lines()
        .find(|row| row.trim_start().starts_with(&number));
    row.expect("the line has a row").to_owned()
}

/// Asserts that all events of a line at rest have gone through the bottom half.
fn assert_none_lost(line: Line) {
    line.silence();
    let stats = line.stats();
    assert_eq!(stats["events"], stats["drained"] + stats["overrun"]);
    assert_eq!(stats["overrun"], 0);
    assert!(stats["events"] > 0);
}

#[test]
fn every_flavor_serves_a_level() {
    let module = Simrupt::load("rate_hz=5000 run=always irq_type=level");
    let line = module.line(0);
    assert!(flow(line).contains("-level"), "{}", flow(line));
    for flavor in flavors() {
        line.set("workqueue", flavor);
        line.wait_for("drained", 200);
        let stats = line.stats();
        assert_eq!(stats["spurious"], 0, "{flavor}");
        module.verify();
    }
    assert_none_lost(line);
}

#[test]
fn a_level_goes_where_the_affinity_says() {
    let module = Simrupt::load("rate_hz=5000 run=always irq_type=level cpu=0");
    let line = module.line(0);
    for cpu in [1, 0, 1] {
        move_irq(line.irq(), cpu);
        line.wait_for("drained", 200);
    }
    assert_none_lost(line);
    module.verify();
}

#[test]
fn the_type_changes_under_traffic() {
    let module = Simrupt::load(&format!("rate_hz={} run=always", enough(20_000)));
    let line = module.line(0);
    assert!(flow(line).contains("-edge"), "{}", flow(line));
    for flavor in ["none", "bh", "irq-thread", "unbound"] {
        line.set("workqueue", flavor);
        for (irq_type, cpu) in [("level", 1), ("edge", 1), ("level", 0), ("edge", 0)].repeat(5) {
            line.set("irq_type", irq_type);
            move_irq(line.irq(), cpu);
            line.wait_for("drained", 50);
            assert!(flow(line).contains(&format!("-{irq_type}")));
        }
    }
    assert_none_lost(line);
    module.verify();
}

#[test]
fn a_line_that_is_up_interrupts_when_it_is_unmasked() {
    let module = Simrupt::load("rate_hz=5000 run=always");
    let line = module.line(0);
    // The type may change while it waits, too.
    for (before, after) in [
        ("level", "level"),
        ("level", "edge"),
        ("edge", "level"),
        ("edge", "edge"),
    ] {
        line.set("rate_hz", "5000");
        line.set("irq_type", before);
        line.wait_for("drained", 10);
        line.set("masked", "1");
        line.wait_for("in_ring", 50);
        line.set("rate_hz", "0");
        let handled = line.stat("handled");
        line.set("irq_type", after);
        assert_eq!(line.stat("handled"), handled);
        line.set("masked", "0");
        eventually("all is delivered", || line.stat("in_ring") == 0);
        assert_eq!(line.stat("handled"), handled + 1, "{before} {after}");
        module.verify();
    }
}

#[test]
fn a_driver_that_comes_back_finds_the_line_down() {
    let module = Simrupt::load("rate_hz=5000 run=always irq_type=level");
    let line = module.line(0);
    for _ in 0..3 {
        line.wait_for("drained", 10);
        line.set("masked", "1");
        line.wait_for("in_ring", 10);
        line.unbind();
        line.set("rate_hz", "0");
        line.bind();
        line.set("masked", "0");
        let stats = line.stats();
        assert_eq!([stats["spurious"], stats["handled"]], [0, 0], "{stats:?}");
        line.set("rate_hz", "5000");
        line.wait_for("drained", 10);
        assert!(flow(line).contains("-level"));
        module.verify();
    }
}
