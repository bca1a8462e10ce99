// SPDX-License-Identifier: GPL-2.0-only

//! What the module measures of itself, against what the kernel's own tracepoints see of it.

use simrupt_vm_tests::{Line, Simrupt, eventually};
use std::{collections::HashMap, fs};

const TRACING: &str = "/sys/kernel/tracing";

fn tracing(file: &str, text: &str) {
    let path = format!("{TRACING}/{file}");
    fs::write(&path, format!("{text}\n")).unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// The workqueue tracepoints, on until this goes.
struct Tracing;

const EVENTS: [&str; 2] = ["workqueue_queue_work", "workqueue_execute_start"];

impl Tracing {
    fn start() -> Self {
        tracing("trace_clock", "mono");
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

/// The time of a line of the trace, in microseconds: `... 12.345678: workqueue_...`.
fn time_us(line: &str) -> u64 {
    let (before, _) = line.split_once(": workqueue_").expect("an event");
    let time = before.rsplit(' ').next().unwrap();
    time.replace('.', "").parse().unwrap()
}

/// The mean time from queue_work() to the start of the run of the items on `queue`.
///
/// A trace shows whole microseconds. At [`RATE_HZ`], events come at all parts of a microsecond alike,
/// so that what is cut off at both ends of a wait makes no difference to the mean of many.
fn mean_wait_ns(queue: &str) -> u64 {
    let trace = fs::read_to_string(format!("{TRACING}/trace")).unwrap();
    let mut queued = HashMap::new();
    let mut waits_us = Vec::new();
    for line in trace.lines().filter(|line| !line.starts_with('#')) {
        if line.contains("workqueue_queue_work:") {
            if line.contains(&format!("workqueue={queue} ")) {
                queued.insert(field(line, "work struct="), time_us(line));
            }
        } else if let Some(from_us) = queued.remove(field(line, "work struct ")) {
            waits_us.push(time_us(line) - from_us);
        }
    }
    let count = waits_us.len() as u64;
    assert!(count >= 900, "{count} of 1000 items: {trace}");
    waits_us.iter().sum::<u64>() * 1000 / count
}

/// The mean of a stage.
fn mean_ns(line: Line, stage: &str) -> u64 {
    let text = fs::read_to_string(line.path("latency")).unwrap();
    let rows = text.lines().map(|row| row.split(' ').collect::<Vec<_>>());
    let row = rows.into_iter().find(|row| row[..2] == ["stage", stage]);
    let row = row.unwrap_or_else(|| panic!("no {stage} in {text}"));
    let number = |name| {
        let at = row.iter().position(|word| *word == name).unwrap();
        row[at + 1].parse::<u64>().unwrap()
    };
    number("sum_ns") / number("count")
}

/// About a thousand events a second, a period that is no whole number of microseconds apart.
const RATE_HZ: &str = "997";

/// Lets 1000 events pass, and returns the mean from interrupt to work.
fn thousand_events(line: Line) -> u64 {
    line.set("rate_hz", RATE_HZ);
    line.set("reset", "1");
    eventually("events arrive", || line.stat("runs") >= 1000);
    line.silence();
    mean_ns(line, "irq_bh")
}

/// What tracing costs shows in what the module measures: before the first tracepoint's time, and after
/// the second one's. So the module is asked without tracing and with it, and the tracepoints' figure
/// has to agree with what lies in the middle: within 10 %, or within 500 ns, for the way begins some
/// 400 instructions before queue_work() comes to its tracepoint, which is more than a tenth of what it
/// takes to a softirq.
#[test]
fn the_way_from_interrupt_to_work_is_as_long_as_the_tracepoints_say() {
    for flavor in ["bound", "unbound", "highpri", "ordered", "bh"] {
        let module = Simrupt::load(&format!("workqueue={flavor} trigger=always"));
        let line = module.line(0);
        let unseen_ns = thousand_events(line);
        let tracing = Tracing::start();
        let seen_ns = thousand_events(line);
        let traced_ns = mean_wait_ns(&format!("simrupt0-{flavor}"));
        drop(tracing);
        let measured_ns = unseen_ns.midpoint(seen_ns);
        let tolerance_ns = (measured_ns / 10).max(500);
        assert!(
            traced_ns.abs_diff(measured_ns) <= tolerance_ns,
            "{flavor}: traced {traced_ns}, measured {unseen_ns} unseen, {seen_ns} seen"
        );
        module.verify();
    }
}
