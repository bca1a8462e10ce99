// SPDX-License-Identifier: GPL-2.0-only

//! The simulated cost of a run of the bottom half: `work_us`, `work_sleep_us` and `work_bytes`.

use nix::errno::Errno;
use simrupt_vm_tests::{Line, Simrupt, eventually, flavors, meminfo, move_irq};
use std::{
    fs,
    time::{Duration, Instant},
};

const MS: u64 = 1_000_000;

/// The longest run of the bottom half, after some events.
fn longest_run_ns(line: Line, runs: u64) -> u64 {
    line.set("reset", "1");
    line.set("rate_hz", "100");
    line.wait_for("runs", runs);
    line.silence();
    line.stage("bh_run").figure("max_ns")
}

/// Starts a run that goes on for seconds.
fn begin_a_long_run(line: Line) {
    let runs = line.stat("runs");
    line.set("rate_hz", "1000");
    eventually("a run has begun", || line.stat("runs") > runs);
    line.set("rate_hz", "0");
}

#[test]
fn a_run_in_a_thread_is_busy_for_as_long_as_it_should_be() {
    let module = Simrupt::load("rate_hz=0 run=always cpu=0");
    let line = module.line(0);
    for flavor in ["bound", "unbound", "irq-thread"] {
        line.set("workqueue", flavor);
        line.set("work_us", "150000");
        let longest_ns = longest_run_ns(line, 2);
        // On a kernel that threads interrupts, the run of `irq-thread` is that of an interrupt.
        let least_ns = match flavor {
            "irq-thread" => 50 * MS,
            _ => 150 * MS,
        };
        assert!(
            (least_ns..400 * MS).contains(&longest_ns),
            "{flavor}: {longest_ns}"
        );
        line.set("work_us", "0");
    }
    module.verify();
}

/// Bound queues share the workers of a CPU, which run one item at a time. The kernel lets the next item start if an
/// item has kept the CPU busy for too long.
#[test]
fn a_long_run_of_a_bound_queue_delays_others_until_the_kernel_notices() {
    let threshold = "/sys/module/workqueue/parameters/cpu_intensive_thresh_us";
    let threshold = fs::read_to_string(threshold).expect("the kernel has it");
    let threshold_us: u64 = threshold.trim_end().parse().expect("a number");
    let work_us = 3 * threshold_us + 300_000;
    let module = Simrupt::load("lines=2 rate_hz=0 run=always workqueue=bound cpu=0");
    let [long, short] = [0, 1].map(|index| module.line(index));
    for line in [long, short] {
        move_irq(line.irq(), 0);
    }
    short.set("rate_hz", "1000");
    short.wait_for("drained", 20);
    short.set("reset", "1");
    long.set("work_us", &work_us.to_string());
    begin_a_long_run(long);
    short.wait_for("drained", 20);
    long.set("work_us", "0");
    long.silence();
    short.silence();
    let waited_us = short.stage("irq_bh").figure("max_ns") / 1000;
    assert!(
        (threshold_us / 2..work_us * 2 / 3).contains(&waited_us),
        "{waited_us} of {work_us}, {threshold_us}"
    );
    module.verify();
}

#[test]
fn a_run_in_an_interrupt_or_a_softirq_is_busy_for_50_ms_at_most() {
    let module = Simrupt::load("rate_hz=0 run=always work_us=5000000");
    let line = module.line(0);
    for flavor in ["bh", "bh-highpri", "tasklet", "none"] {
        line.set("workqueue", flavor);
        let longest_ns = longest_run_ns(line, 2);
        assert!(
            (50 * MS..80 * MS).contains(&longest_ns),
            "{flavor}: {longest_ns}"
        );
    }
    // A stall is a part of the same run.
    line.set("fault_us", "30000000");
    line.set("fault", "stall");
    let longest_ns = longest_run_ns(line, 2);
    assert!((50 * MS..80 * MS).contains(&longest_ns), "{longest_ns}");
    module.verify();
}

#[test]
fn a_long_run_ends_when_it_is_made_shorter_and_with_its_driver() {
    let module = Simrupt::load("rate_hz=0 run=always workqueue=bound work_us=5000000");
    let line = module.line(0);
    begin_a_long_run(line);
    let start = Instant::now();
    line.set("work_us", "1000");
    line.silence();
    line.set("workqueue", "unbound");
    assert!(start.elapsed() < Duration::from_secs(1));
    module.verify();

    line.set("work_us", "5000000");
    begin_a_long_run(line);
    let start = Instant::now();
    line.unbind();
    assert!(start.elapsed() < Duration::from_secs(1));
    line.bind();
    assert_eq!(line.get("work_us"), "5000000");
    begin_a_long_run(line);
    let start = Instant::now();
    drop(module);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_run_sleeps_for_as_long_as_it_should_and_leaves_its_cpu_to_others() {
    let module = Simrupt::load("rate_hz=0 run=always cpu=0 work_sleep_us=30000");
    let line = module.line(0);
    for flavor in [
        "bound",
        "highpri",
        "cpu-intensive",
        "unbound",
        "ordered",
        "irq-thread",
    ] {
        line.set("workqueue", flavor);
        let longest_ns = longest_run_ns(line, 3);
        assert!(
            (30 * MS..100 * MS).contains(&longest_ns),
            "{flavor}: {longest_ns}"
        );
        // Time asleep is not charged.
        assert_eq!(line.stat("throttled"), 0, "{flavor}");
        assert_eq!(line.contexts("bottom_half")[3], 0, "{flavor}");
    }
    module.verify();
}

#[test]
fn a_run_is_busy_first_and_sleeps_then() {
    let module = Simrupt::load("rate_hz=0 run=always work_us=20000 work_sleep_us=20000");
    let line = module.line(0);
    let longest_ns = longest_run_ns(line, 2);
    assert!((40 * MS..100 * MS).contains(&longest_ns), "{longest_ns}");
    module.verify();
}

#[test]
fn a_sleep_ends_when_it_is_made_shorter_and_with_its_driver() {
    let module = Simrupt::load("rate_hz=0 run=always workqueue=bound work_sleep_us=5000000");
    let line = module.line(0);
    begin_a_long_run(line);
    assert_eq!(line.try_set("work_bytes", "64"), Err(Errno::ETIMEDOUT));
    assert_eq!(line.get("work_bytes"), "0");
    let start = Instant::now();
    line.set("work_sleep_us", "0");
    line.silence();
    line.set("workqueue", "bh");
    assert!(start.elapsed() < Duration::from_secs(1));
    module.verify();

    line.set("workqueue", "bound");
    line.set("work_sleep_us", "5000000");
    begin_a_long_run(line);
    let start = Instant::now();
    line.unbind();
    assert!(start.elapsed() < Duration::from_secs(1));
    line.bind();
    begin_a_long_run(line);
    let start = Instant::now();
    drop(module);
    assert!(start.elapsed() < Duration::from_secs(1));
}

/// A machine that counts instructions has no caches, but it counts the instructions that touch memory.
#[test]
fn memory_that_a_run_touches_is_a_part_of_its_cost() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    for flavor in flavors() {
        line.set("workqueue", flavor);
        let mean_ns = |bytes: &str| {
            line.set("work_bytes", bytes);
            longest_run_ns(line, 10);
            let stage = line.stage("bh_run");
            stage.figure("sum_ns") / stage.figure("count")
        };
        let [none, some, all] = ["0", "65536", "16777216"].map(mean_ns);
        // A word of every 64 bytes, by at least one instruction.
        assert!(some >= none + 1024, "{flavor}: {none} {some}");
        assert!(all >= none + 100 * 1024, "{flavor}: {none} {all}");
        assert!(all < 80 * MS, "{flavor}: {all}");
        line.set("work_bytes", "0");
    }
    module.verify();
}

#[test]
fn memory_is_given_back_and_more_than_there_is_is_refused() {
    const KIB: i64 = 16_384;
    let module = Simrupt::load("lines=64");
    let before = meminfo("VmallocUsed");
    let mut taken = 0_i64;
    for index in 0..64 {
        let line = module.line(index);
        match line.try_set("work_bytes", "16777216") {
            Ok(()) => taken += 1,
            Err(why) => {
                assert_eq!(why, Errno::ENOMEM);
                assert_eq!(line.get("work_bytes"), "0");
                break;
            }
        }
    }
    assert!(taken > 1, "{taken}");
    let used = meminfo("VmallocUsed") - before;
    assert!(used >= taken * KIB, "{taken}: {used}");
    module.set_parameter("work_bytes", b"0").unwrap();
    eventually("it is free again", || meminfo("VmallocUsed") < before + KIB);
    line_with_memory_comes_and_goes(module.line(0), KIB);
    module.verify();
}

/// The memory belongs to the driver: it is freed and allocated with it.
fn line_with_memory_comes_and_goes(line: Line, kib: i64) {
    line.set("work_bytes", "16777216");
    let with = meminfo("VmallocUsed");
    line.unbind();
    eventually("it is free", || meminfo("VmallocUsed") + kib / 2 < with);
    line.bind();
    assert_eq!(line.get("work_bytes"), "16777216");
    assert!(meminfo("VmallocUsed") + kib / 2 >= with);
}
