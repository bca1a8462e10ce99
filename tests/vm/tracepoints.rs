// SPDX-License-Identifier: GPL-2.0-only

//! The module's own measurements, compared with the kernel's tracepoints.

use simrupt_vm_tests::{Line, Offline, Simrupt, eventually, skip, watches_itself};
use std::{collections::HashMap, fs};

const TRACING: &str = "/sys/kernel/tracing";

/// The trace clock that counts ticks of the processor's counter. The other clocks are shown in whole microseconds.
const CLOCK: &str = "x86-tsc";

fn tracing(file: &str, text: &str) {
    let path = format!("{TRACING}/{file}");
    fs::write(&path, format!("{text}\n")).unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// The workqueue tracepoints, enabled until this is dropped.
struct Tracing;

const EVENTS: [&str; 2] = ["workqueue_queue_work", "workqueue_execute_start"];

impl Tracing {
    fn start() -> Self {
        tracing("trace_clock", CLOCK);
        tracing("buffer_size_kb", "4096");
        tracing("trace", "");
        for event in EVENTS {
            tracing(&format!("events/workqueue/{event}/enable"), "1");
        }
        Self
    }
}

impl Drop for Tracing {
    fn drop(&mut self) {
        for event in EVENTS {
            tracing(&format!("events/workqueue/{event}/enable"), "0");
        }
        tracing("trace_clock", "local");
    }
}

/// The word after `name` in a line of the trace.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) = line.split_once(name).expect("the field");
    rest.split([' ', ':']).next().unwrap()
}

/// The time of a line of the trace, in ticks: `... 123456: workqueue_...`.
fn ticks(line: &str) -> u64 {
    let (before, _) = line.split_once(": workqueue_").expect("an event");
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// The median time from queue_work() to the start of the run, for the items on `queue`, which are queued every
/// `period_ns`.
fn median_wait_ns(queue: &str, period_ns: u64) -> u64 {
    let trace = fs::read_to_string(format!("{TRACING}/trace")).unwrap();
    let mut queued = HashMap::new();
    let (mut times, mut waits) = (Vec::new(), Vec::new());
    for line in trace.lines().filter(|line| !line.starts_with('#')) {
        if line.contains("workqueue_queue_work:") {
            if line.contains(&format!("workqueue={queue} ")) {
                queued.insert(field(line, "work struct="), ticks(line));
                times.push(ticks(line));
            }
        } else if let Some(from) = queued.remove(field(line, "work struct ")) {
            waits.push(ticks(line) - from);
        }
    }
    assert!(waits.len() >= 900, "{} of 1000 items: {trace}", waits.len());
    let period = median(times.windows(2).map(|pair| pair[1] - pair[0]).collect());
    median(waits) * period_ns / period
}

/// The least and the greatest value of the bucket that contains the median of a stage.
fn median_ns(line: Line, stage: &str) -> (u64, u64) {
    let stage = line.stage(stage);
    let mut seen = 0;
    let median = stage.buckets().find(|[.., count]| {
        seen += count;
        2 * seen >= stage.figure("count")
    });
    let [low, high, _] = median.unwrap_or_else(|| panic!("no median in {stage:?}"));
    (low, high)
}

/// Lets 1000 events pass, and returns the bounds of the median from interrupt to work.
fn thousand_events(line: Line) -> (u64, u64) {
    line.set("rate_hz", "1000");
    line.set("reset", "1");
    eventually("events arrive", || line.stat("runs") >= 1000);
    line.silence();
    median_ns(line, "irq_bh")
}

/// The module's figures include the cost of tracing, before the first tracepoint's time and after the second one's. So
/// the module is asked without tracing and with it, and the tracepoints' figure must be between the two. The tolerance
/// is 10 %, or 500 ns, because the module's time begins some 400 instructions before queue_work() reaches its
/// tracepoint, which is more than a tenth of the time to a softirq. On a kernel with all checks it may be a fifth.
///
/// With one CPU: with two, an unbound item's wait has two lengths, depending on the CPU that it runs on.
#[test]
fn the_time_from_interrupt_to_work_agrees_with_the_tracepoints() {
    let clocks = fs::read_to_string(format!("{TRACING}/trace_clock")).unwrap();
    if !clocks.contains(CLOCK) {
        return skip("no trace clock of this architecture tells less than microseconds");
    }
    let _alone = Offline::take(1);
    for flavor in ["bound", "unbound", "highpri", "ordered", "bh"] {
        let module = Simrupt::load(&format!("workqueue={flavor} run=always"));
        let line = module.line(0);
        let (unseen_ns, _) = thousand_events(line);
        let tracing = Tracing::start();
        let (_, seen_ns) = thousand_events(line);
        let traced_ns = median_wait_ns(&format!("simrupt0-{flavor}"), 1_000_000);
        drop(tracing);
        let part = if watches_itself() { 5 } else { 10 };
        let tolerance_ns = (unseen_ns / part).max(500);
        let bounds_ns = unseen_ns.saturating_sub(tolerance_ns)..=seen_ns + tolerance_ns;
        assert!(
            bounds_ns.contains(&traced_ns),
            "{flavor}: traced {traced_ns}, measured {unseen_ns} unseen, {seen_ns} seen"
        );
        module.verify();
    }
}
