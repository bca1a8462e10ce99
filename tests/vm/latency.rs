// SPDX-License-Identifier: GPL-2.0-only

//! Latency histograms and resets: the values that are counted, and that neither loses anything.

use nix::{errno::Errno, unistd::gettid};
use simrupt::files::latency::{Latency, Stage};
use simrupt_vm_tests::{Line, Reader, Simrupt, decode, enough, eventually, skip};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::Path,
};

/// The histograms by stage, after a check of their consistency.
fn latency(line: Line) -> BTreeMap<String, Stage> {
    let Latency(stages) = line.latency();
    for stage in &stages {
        let counted: u64 = stage.buckets().map(|[.., count]| count).sum();
        let count = stage.figure("count");
        assert_eq!(counted + stage.figure("overflow"), count, "{stage:?}");
        for [low, high, count] in stage.buckets() {
            assert!(low <= high && count > 0);
            assert!((high - low) as f64 <= low as f64 / 64.0);
        }
    }
    let named = stages.into_iter().map(|stage| (stage.name.clone(), stage));
    named.collect()
}

fn count(line: Line, stage: &str) -> u64 {
    latency(line)[stage].figure("count")
}

#[test]
fn every_stage_counts_what_passes_it() {
    for flavor in ["bh", "unbound"] {
        let module = Simrupt::load(&format!("rate_hz=5000 workqueue={flavor}"));
        let line = module.line(0);
        let reader = Reader::start(line, 4096);
        eventually("events were read", || line.stat("read") >= 1000);
        // While the line runs, a snapshot is consistent: `latency` checks that.
        latency(line);
        line.silence();
        reader.stop();
        let stats = line.stats();
        let stages = latency(line);
        assert_eq!(stages["due_irq"].figure("count"), stats["events"]);
        assert_eq!(stages["irq_bh"].figure("count"), stats["drained"]);
        assert_eq!(stages["bh_run"].figure("count"), stats["runs"]);
        assert_eq!(stages["due_read"].figure("count"), stats["read"]);
        for (name, stage) in &stages {
            let [low, high, _] = stage.buckets().last().unwrap();
            assert!(
                (low..=high).contains(&stage.figure("max_ns")),
                "{name}: {stage:?}"
            );
            assert!(stage.figure("max_cpu") < 2 && stage.figure("max_time_ns") > 0);
            assert!(stage.figure("sum_ns") >= stage.figure("max_ns"));
        }
        // An event is read after it passed the earlier stages.
        assert!(stages["due_read"].figure("sum_ns") > stages["due_irq"].figure("sum_ns"));
        module.verify();
    }
}

#[test]
fn a_run_takes_at_least_its_simulated_cost() {
    let module = Simrupt::load("rate_hz=100 run=always work_us=1000");
    let line = module.line(0);
    eventually("it ran", || line.stat("runs") >= 20);
    line.silence();
    let stages = latency(line);
    let [_, high, _] = stages["bh_run"].buckets().next().unwrap();
    assert!(high >= 1_000_000, "{stages:?}");
}

#[test]
fn a_reset_zeroes_counters_and_histograms_together() {
    let module = Simrupt::load("rate_hz=5000 run=always lines=2");
    let line = module.line(0);
    eventually("events arrive", || line.stat("drained") >= 500);
    line.silence();
    let queued = line.stat("queued");
    let other_before = module.line(1).stat("raised");
    line.set("reset", "1");
    let stats = line.stats();
    for (name, value) in &stats {
        let expected = match name.as_str() {
            // Records that are still queued count as new.
            "events" | "drained" | "queued" => queued,
            // The bottom half runs once more, in case something has arrived in the meantime.
            "runs" => (*value).min(1),
            // A limit that is in force stays in force.
            "coalesce_events_now" => 4096,
            _ => 0,
        };
        assert_eq!(*value, expected, "{name}");
    }
    for stage in ["due_irq", "irq_bh", "due_read"] {
        assert_eq!(count(line, stage), 0);
        assert_eq!(latency(line)[stage].figure("max_ns"), 0);
    }
    assert_eq!(line.contexts("top_half"), [0, 0, 0, 0]);
    module.verify();
    let other = module.line(1).stat("raised");
    assert!(
        other >= other_before && other_before > 0,
        "the other line was reset, too: {other}"
    );
}

#[test]
fn resets_under_traffic_lose_nothing() {
    // Room for seconds of events, so that a late reader loses nothing.
    let module = Simrupt::load("rate_hz=5000 format=record fifo_size=65536");
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    for round in 0..enough(100) {
        line.set("rate_hz", "5000");
        line.wait_for("events", 20);
        line.set("reset", "1");
        if round % 10 == 0 {
            module.verify();
        }
        line.silence();
        eventually("all is read", || line.stat("queued") == 0);
        // An event that a reader has just got counts either before the reset or after it, not twice.
        assert_eq!(count(line, "due_read"), line.stat("read"), "round {round}");
    }
    line.silence();
    let records = decode(&reader.stop());
    module.verify();
    for (seq, record) in (0..).zip(&records) {
        assert_eq!(record.seq, seq);
    }
    let stats = line.stats();
    assert_eq!(stats["events"], stats["read"]);
    assert_eq!(count(line, "due_read"), stats["read"]);
}

#[test]
fn only_a_one_resets() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = module.line(0);
    eventually("events arrive", || line.stat("drained") >= 50);
    for value in ["0", "2", "\n", " ", "1 1", "yes", "-1", "11"] {
        assert_eq!(
            line.try_set("reset", value),
            Err(Errno::EINVAL),
            "{value:?}"
        );
    }
    assert!(line.stat("events") >= 50);
    line.set("reset", " 1\n");
    let unreadable = fs::read_to_string(line.path("reset")).unwrap_err();
    assert_eq!(unreadable.raw_os_error(), Some(Errno::EACCES as i32));
}

/// The list of probes.
const PROBES: &str = "/sys/kernel/tracing/kprobe_events";

/// A probe on a function of the kernel, which counts the calls by this thread; dropping it removes the probe.
struct Probe(String);

impl Probe {
    fn on(function: &str) -> Self {
        let probe = Self(format!("simrupt_test_{function}"));
        Self::tell(&format!("p:{} {function}", probe.0));
        probe.set("filter", &format!("common_pid == {}", gettid()));
        probe
    }

    /// Appends a line to the list of probes.
    fn tell(line: &str) {
        let mut file = File::options().append(true).open(PROBES).unwrap();
        let result = file.write_all(line.as_bytes());
        result.unwrap_or_else(|error| panic!("{PROBES}: {line}: {error}"));
    }

    fn set(&self, file: &str, value: &str) {
        let path = format!("/sys/kernel/tracing/events/kprobes/{}/{file}", self.0);
        fs::write(&path, value).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// How often the function was called during `act`.
    fn calls(&self, act: impl FnOnce()) -> usize {
        const TRACE: &str = "/sys/kernel/tracing/trace";
        fs::write(TRACE, "").unwrap();
        self.set("enable", "1");
        act();
        self.set("enable", "0");
        let trace = fs::read_to_string(TRACE).unwrap();
        trace.lines().filter(|line| line.contains(&self.0)).count()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        Self::tell(&format!("-:{}", self.0));
    }
}

/// While a histogram is written, no knob can be changed.
#[test]
fn a_histogram_is_written_once_for_each_time_it_is_read() {
    if !Path::new(PROBES).exists() {
        return skip("this kernel was built without kprobes");
    }
    let module = Simrupt::load("rate_hz=20000 pattern=poisson workqueue=unbound");
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    let text = || fs::read_to_string(line.path("latency")).unwrap();
    eventually("the file is long", || text().len() > 16 * 1024);
    // The kernel crate writes each line by one call.
    let probe = Probe::on("seq_printf");
    for _ in 0..10 {
        let mut lines = 0;
        let calls = probe.calls(|| lines = text().lines().count());
        assert_eq!(calls, lines);
    }
    drop(probe);
    line.silence();
    reader.stop();
    module.verify();
}
