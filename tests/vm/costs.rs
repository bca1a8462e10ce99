// SPDX-License-Identifier: GPL-2.0-only

//! The module's figures for the cost of measuring, and of the kernel's part of deferring work.

use simrupt::files::stats::Stats;
use simrupt_core::knobs::Flavor;
use simrupt_vm_tests::{Simrupt, flavors};
use std::{
    collections::BTreeMap,
    fs, thread,
    time::{Duration, Instant},
};

#[test]
fn the_costs_of_a_timestamp_and_of_an_empty_work_item_are_measured() {
    let module = Simrupt::load("");
    let line = module.line(0);
    for flavor in flavors() {
        line.set("workqueue", flavor);
        let text = fs::read_to_string(line.path("costs")).unwrap();
        // Like counters, it consists of names and numbers.
        let costs = Stats::parse(&text).unwrap();
        let costs: BTreeMap<&str, u64> = costs.iter().collect();
        let timestamp_ns = costs["timestamps_ns"] / costs["timestamps"];
        assert!((1..10_000).contains(&timestamp_ns), "{flavor}: {text}");
        // The flavors before `none` are workqueues.
        let place = |flavor| Flavor::NAMES.iter().position(|name| *name == flavor);
        let is_queue = place(flavor) < place("none");
        assert_eq!(costs["empty_runs"] != 0, is_queue, "{flavor}");
        if is_queue {
            let empty_ns = costs["empty_runs_ns"] / costs["empty_runs"];
            assert!((100..1_000_000).contains(&empty_ns), "{flavor}: {text}");
        }
    }
    module.verify();
}

/// Each of the empty work items is queued behind a bottom half that takes long.
#[test]
fn while_costs_are_measured_the_line_can_be_changed_and_read() {
    let module =
        Simrupt::load("lines=2 rate_hz=90 run=always workqueue=bh work_us=10000 cpu_limit_pct=95");
    let line = module.line(0);
    let begun = Instant::now();
    let measuring = thread::spawn(move || {
        let text = fs::read_to_string(line.path("costs")).unwrap();
        (text, begun.elapsed())
    });
    let mut longest = Duration::ZERO;
    let mut rate_hz = 90;
    while !measuring.is_finished() {
        let begun = Instant::now();
        rate_hz = if rate_hz == 90 { 80 } else { 90 };
        line.set("rate_hz", &rate_hz.to_string());
        line.stats();
        longest = longest.max(begun.elapsed());
    }
    let (text, took) = measuring.join().unwrap();
    assert!(
        longest < Duration::from_millis(500),
        "{longest:?} of {took:?}"
    );
    // The bound is a second, plus the last item's run.
    assert!(took < Duration::from_secs(3), "{took:?}: {text}");
    module.verify();
}
