// SPDX-License-Identifier: GPL-2.0-only

//! A machine with one CPU. Anything that keeps this CPU from taking an interrupt delays the interrupt of its timer, and
//! virtual time passes for nothing else.

use simrupt_vm_tests::{Line, Reader, Simrupt, eventually, is_real_time, skip, watches_itself};
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

/// The longest that the events of another line may wait for the CPU, in nanoseconds: the longest section with
/// interrupts off. An emission ends after 45 µs, and the top half takes about as long for the emitted events; the other
/// line's own interrupt comes on top of it.
const LONGEST_NS: u64 = 105_000;

/// A rate whose due times are not in step with those of the bursts.
const WATCH_HZ: &str = "1999";

/// The tracepoints of the module, enabled until this is dropped.
struct Tracepoints;

impl Tracepoints {
    const ENABLE: &str = "/sys/kernel/tracing/events/simrupt/enable";

    fn on() -> Self {
        fs::write(Self::ENABLE, "1").unwrap();
        Self
    }
}

impl Drop for Tracepoints {
    fn drop(&mut self) {
        fs::write(Self::ENABLE, "0").unwrap();
        fs::write("/sys/kernel/tracing/trace", "").unwrap();
    }
}

/// The greatest time from an event's due time until it was raised, in nanoseconds.
fn latest_ns(line: Line) -> u64 {
    let text = fs::read_to_string(line.path("latency")).unwrap();
    let stage = text
        .lines()
        .find(|row| row.starts_with("stage due_irq "))
        .unwrap();
    let mut words = stage.split(' ').skip_while(|word| *word != "max_ns");
    words.nth(1).unwrap().parse().unwrap()
}

#[test]
fn interrupts_are_never_off_for_long() {
    if is_real_time() {
        return skip("the top half is a thread here, which waits for more than interrupts");
    }
    if watches_itself() {
        return skip("this kernel's own checks take most of the time");
    }
    // Early after the boot, timers still expire with the tick.
    eventually("timers of high resolution", || {
        let timers = fs::read_to_string("/proc/timer_list").unwrap();
        timers.contains("hres_active    : 1")
    });
    let module = Simrupt::load(
        "lines=2 rate_hz=0 pattern=burst,periodic burst=4096,1 fifo_size=65536 cpu_limit_pct=100",
    );
    let _tracepoints = Tracepoints::on();
    let [bursts, watch] = [0, 1].map(|index| module.line(index));
    // The top half of `none` also runs the bottom half, as long as there is something to do.
    for flavor in [
        "irq-thread",
        "tasklet",
        "kthread-worker",
        "bh",
        "bound",
        "unbound",
        "ordered",
        "none",
    ] {
        bursts.set("workqueue", flavor);
        watch.set("workqueue", "unbound");
        for line in [bursts, watch] {
            line.set("reset", "1");
        }
        let readers = [Reader::start(bursts, 1 << 16), Reader::start(watch, 4096)];
        let ends = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !ends.load(Relaxed) {
                    bursts.stats();
                }
            });
            watch.set("rate_hz", WATCH_HZ);
            bursts.set("rate_hz", "100000");
            eventually("many bursts", || {
                bursts.stat("events") > 40_000 && watch.stat("events") > 400
            });
            ends.store(true, Relaxed);
        });
        for line in [bursts, watch] {
            line.silence();
        }
        let _ = readers.map(Reader::stop);
        let latest_ns = latest_ns(watch);
        assert!(latest_ns <= LONGEST_NS, "{flavor}: {latest_ns} ns");
    }
    module.verify();
}
