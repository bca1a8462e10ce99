// SPDX-License-Identifier: GPL-2.0-only

//! The module's use of memory, and that it frees all of it.

use simrupt_vm_tests::{
    Context, Line, Reader, Simrupt, eventually, flavors, is_brief, meminfo, watches_itself,
};
use std::{env, fs};

/// The memory that the kernel has allocated for itself, in KiB: slab and vmalloc.
fn kernel_kib() -> i64 {
    meminfo("Slab") + meminfo("VmallocUsed")
}

/// A value in KiB, after a wait for memory that is freed late.
fn settled(of: impl Fn() -> i64) -> i64 {
    fs::write("/proc/sys/vm/drop_caches", "3").unwrap();
    let mut last = of();
    eventually("memory settles", || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let now = of();
        std::mem::replace(&mut last, now) == now
    });
    last
}

fn free_kib() -> i64 {
    settled(|| meminfo("MemFree"))
}

#[test]
fn a_default_line_takes_less_than_512_kib() {
    let before = free_kib();
    let module = Simrupt::load("lines=1");
    let one = before - free_kib();
    drop(module);
    let before = free_kib();
    let module = Simrupt::load("lines=64");
    let all = before - free_kib();
    drop(module);
    println!("1 line: {one} KiB, 64 lines: {all} KiB");
    // A kernel that checks its memory takes more for each allocation. Where interrupts have threads, each of a line's two
    // threads takes a stack.
    let most = match Context::of_top_half() {
        _ if watches_itself() => 1024,
        Context::Hardirq => 512,
        _ => 576,
    };
    assert!((all - one) / 63 < most, "64 lines: {all} KiB");
    assert!(all < 64 * most, "64 lines: {all} KiB");
}

#[test]
fn a_large_fifo_costs_what_its_records_cost() {
    let module = Simrupt::load("");
    let line = module.line(0);
    let before = settled(|| meminfo("VmallocUsed"));
    line.set("fifo_size", "1048576");
    let large = settled(|| meminfo("VmallocUsed")) - before;
    // Instead of the default's 160 KiB.
    let records = (1_048_576 - 4096) * 40 / 1024;
    // On a kernel that checks its memory, other allocations come and go, too.
    let others = if watches_itself() { 1024 } else { 0 };
    let expected = records - others..records + 1024;
    assert!(expected.contains(&large), "{large} KiB");
    line.set("fifo_size", "4096");
    let after = settled(|| meminfo("VmallocUsed"));
    assert!(
        (after - before).abs() <= 256,
        "{before} KiB, then {after} KiB"
    );
}

fn queue_some(line: Line) {
    eventually("records are queued", || line.stat("queued") >= 200);
}

#[test]
fn resizing_from_the_least_to_the_most_and_back_keeps_the_newest() {
    let module = Simrupt::load("rate_hz=5000 run=always fifo_size=16");
    let line = module.line(0);
    line.set("fifo_size", "1048576");
    queue_some(line);
    line.silence();
    let events = line.stat("events");
    let queued = line.stat("queued");
    line.set("fifo_size", "524288");
    line.set("fifo_size", "1048576");
    assert_eq!(line.stat("queued"), queued);
    line.set("fifo_size", "16");
    let stats = line.stats();
    assert_eq!((stats["queued"], stats["flushed"]), (16, queued - 16));
    let mut bytes = vec![0; 100];
    let count = std::io::Read::read(&mut line.open_nonblock(), &mut bytes).unwrap();
    let newest = (events - 16..events).map(|seq| (0x20 + seq % 95) as u8);
    assert_eq!(bytes[..count], newest.collect::<Vec<u8>>());
    module.verify();
}

#[test]
fn a_fifo_without_memory_for_it_changes_nothing() {
    // 40 MiB each, and too many of them for the memory.
    let lines = usize::try_from(meminfo("MemAvailable") / (40 << 10)).unwrap() + 1;
    assert!(lines <= 64, "too much memory for this test");
    let module = Simrupt::load(&format!("lines={lines} rate_hz=100 run=always"));
    let knobs = || -> Vec<_> { (0..lines).map(|line| module.line(line).knobs()).collect() };
    let before = knobs();
    let result = module.set_parameter("fifo_size", b"1048576");
    assert_eq!(result, Err(nix::errno::Errno::ENOMEM));
    let after = knobs();
    assert_eq!(before, after);
    module.verify();
}

/// How often the module is loaded and unloaded: RELOADS in the environment. By default at least once with each flavor.
fn reloads() -> usize {
    let given = env::var("RELOADS").ok();
    let by_default = if is_brief() { 20 } else { 40 };
    given.map_or(by_default, |count| {
        count.parse().expect("RELOADS is a number")
    })
}

#[test]
fn reloads_under_traffic_give_all_memory_back() {
    let flavors = flavors();
    let cycle = |round: usize| {
        let flavor = flavors[round % flavors.len()];
        let module = Simrupt::load(&format!(
            "lines=2 rate_hz=2000 run=always workqueue={flavor}"
        ));
        let reader = Reader::start(module.line(0), 64);
        eventually("events arrive", || {
            (0..2).all(|line| module.line(line).stat("drained") >= 20)
        });
        reader.stop();
        if round % 10 == 0 {
            module.verify();
        }
        // Dropping it here unloads it, while both lines are running.
    };
    // Memory that the kernel keeps for later is allocated by the first few.
    (0..10).for_each(cycle);
    let before = settled(kernel_kib);
    (0..reloads()).for_each(cycle);
    let after = settled(kernel_kib);
    // A single leaked line would be over 400 KiB in each cycle. A kernel that checks its memory delays freeing some of
    // it, until there is enough.
    let most = if watches_itself() { 4096 } else { 1024 };
    assert!(after - before < most, "{before} KiB, then {after} KiB");
}
