// SPDX-License-Identifier: GPL-2.0-only

//! Interrupt coalescing: `coalesce_us` and `coalesce_events`.

use simrupt_core::abi::Record;
use simrupt_vm_tests::{Line, Simrupt, eventually, read_records};
use std::time::{Duration, Instant};

const PERIOD_NS: u64 = 100_000;

/// Records of a line with a period of [`PERIOD_NS`], in groups that share an interrupt. The groups at both ends may be
/// incomplete, and are left out.
fn groups(line: Line, count: usize) -> Vec<Vec<Record>> {
    let mut file = line.open();
    let records = read_records(&mut file, count);
    drop(file);
    let groups = records.chunk_by(|a, b| a.irq_ns == b.irq_ns);
    let mut groups: Vec<_> = groups.map(<[Record]>::to_vec).collect();
    groups.pop();
    groups.remove(0);
    groups
}

/// Asserts that at least nine of ten groups have this many events; the others allow for a CPU that had to wait for its
/// turn.
fn assert_mostly(groups: &[Vec<Record>], size: usize) {
    let right = groups.iter().filter(|group| group.len() == size).count();
    assert!(
        right * 10 >= groups.len() * 9,
        "{right} of {} groups have {size} events",
        groups.len()
    );
}

/// Asserts that each group's interrupt came `limit_ns` after its first event: never before, and mostly within a fifth
/// of a period, which a kernel that checks itself needs.
fn assert_at(groups: &[Vec<Record>], limit_ns: impl Fn(&[Record]) -> u64) {
    let late_ns = groups.iter().map(|group| {
        let irq_ns = group[0].irq_ns;
        irq_ns.checked_sub(limit_ns(group)).unwrap_or_else(|| {
            panic!("an interrupt at {irq_ns} ns, too early: {group:?}");
        })
    });
    let mut late_ns: Vec<_> = late_ns.collect();
    late_ns.sort_unstable();
    assert!(late_ns[late_ns.len() / 2] < PERIOD_NS / 5, "{late_ns:?}");
}

#[test]
fn the_oldest_event_waits_for_as_long_as_it_may() {
    let module = Simrupt::load("rate_hz=10000 format=record coalesce_us=250");
    let line = module.line(0);
    let groups = groups(line, 1500);
    assert_mostly(&groups, 3);
    assert_at(&groups, |group| group[0].due_ns + 250_000);
    line.silence();
    let stats = line.stats();
    assert_eq!(stats["coalesced_by_count"], 0);
    // The last one may have been for events that a stopping device delivers.
    let by_time = stats["coalesced_by_time"];
    assert!(
        (stats["raised"] - 1..=stats["raised"]).contains(&by_time),
        "{stats:?}"
    );
    module.verify();
}

#[test]
fn as_many_events_as_may_wait_end_the_wait() {
    let module = Simrupt::load("rate_hz=10000 format=record coalesce_us=100000 coalesce_events=4");
    let line = module.line(0);
    let groups = groups(line, 2000);
    assert_mostly(&groups, 4);
    assert_at(&groups, |group| group[3].due_ns);
    line.silence();
    let stats = line.stats();
    assert_eq!(stats["coalesced_by_time"], 0);
    assert!(
        stats["coalesced_by_count"] >= stats["raised"] - 1,
        "{stats:?}"
    );
    module.verify();
}

#[test]
fn by_default_no_event_waits() {
    let module = Simrupt::load("rate_hz=10000 format=record");
    let line = module.line(0);
    assert_mostly(&groups(line, 1000), 1);
    let stats = line.stats();
    assert_eq!(stats["coalesced_by_time"] + stats["coalesced_by_count"], 0);
    module.verify();
}

#[test]
fn a_device_that_stops_delivers_the_waiting_events() {
    let module = Simrupt::load("rate_hz=1000 coalesce_us=1000000");
    let line = module.line(0);
    let file = line.open();
    let begin = Instant::now();
    eventually("some events wait", || line.stat("in_ring") >= 10);
    assert_eq!(line.stat("raised"), 0);
    drop(file);
    eventually("they are delivered", || line.stat("in_ring") == 0);
    assert!(begin.elapsed() < Duration::from_secs(1));
    assert_eq!(line.stat("raised"), 1);
    module.verify();
}

#[test]
fn events_that_wait_keep_their_deadline_when_the_rate_is_0() {
    let module = Simrupt::load("rate_hz=1000 coalesce_us=300000 run=always format=record");
    let line = module.line(0);
    eventually("some events wait", || line.stat("in_ring") >= 10);
    line.silence();
    let stats = line.stats();
    assert_eq!([stats["raised"], stats["coalesced_by_time"]], [1, 1]);
    let first = &read_records(&mut line.open(), 1)[0];
    assert!(first.irq_ns - first.due_ns >= 300_000_000, "{first:?}");
    module.verify();
}

#[test]
fn shorter_limits_hold_at_once() {
    let module = Simrupt::load("rate_hz=1000 coalesce_us=1000000 run=always");
    let line = module.line(0);
    for (knob, value) in [("coalesce_events", "5"), ("coalesce_us", "0")] {
        line.set("coalesce_events", "4096");
        line.set("coalesce_us", "1000000");
        eventually("some events wait", || line.stat("in_ring") >= 10);
        let raised = line.stat("raised");
        line.set("rate_hz", "0");
        line.set(knob, value);
        let begin = Instant::now();
        eventually("they are delivered", || line.stat("in_ring") == 0);
        assert!(begin.elapsed() < Duration::from_millis(500), "{knob}");
        assert_eq!(line.stat("raised"), raised + 1, "{knob}");
        line.set("rate_hz", "1000");
    }
    module.verify();
}

#[test]
fn a_closed_loop_does_not_wait() {
    let module = Simrupt::load("pattern=closed burst=2 coalesce_us=1000000");
    let line = module.line(0);
    let begin = Instant::now();
    let file = line.open();
    line.wait_for("events", 200);
    assert!(begin.elapsed() < Duration::from_secs(1));
    drop(file);
    module.verify();
}

#[test]
fn unbinding_the_driver_removes_the_waiting_events() {
    // Binding takes a few milliseconds on a kernel that checks itself.
    let module = Simrupt::load("rate_hz=100 coalesce_us=1000000 run=always");
    let line = module.line(0);
    for _ in 0..3 {
        eventually("some events wait", || line.stat("in_ring") >= 5);
        line.unbind();
        line.bind();
        assert!(line.stat("events") < 5);
        module.verify();
    }
}

#[test]
fn a_loop_that_is_closed_under_traffic_delivers_the_waiting_events() {
    let module = Simrupt::load("rate_hz=1000 coalesce_us=1000000 run=always");
    let line = module.line(0);
    for _ in 0..3 {
        line.set("pattern", "periodic");
        eventually("some events wait", || line.stat("in_ring") >= 5);
        line.set("pattern", "closed");
        line.wait_for("drained", 200);
        module.verify();
    }
}
