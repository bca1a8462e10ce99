// SPDX-License-Identifier: GPL-2.0-only

//! Changes under traffic: nothing is lost without being counted.

use nix::errno::Errno;
use simrupt_vm_tests::{
    Line, Reader, Simrupt, enough, eventually, flavors, go_before_others, stay_on_cpu,
};
use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Stops the traffic, and asserts that the reader got the number of events in the counters, and that the sums hold.
fn settle(module: &Simrupt, line: Line, reader: Reader) {
    line.silence();
    let read = reader.stop();
    module.verify();
    let stats = line.stats();
    assert_eq!(stats["read"], read.len() as u64);
    assert_eq!((stats["queued"], stats["in_ring"]), (0, 0));
    let lost = stats["overrun"] + stats["dropped"] + stats["overwritten"] + stats["flushed"];
    assert_eq!(stats["events"], stats["read"] + lost);
    for stage in ["device", "top_half", "bottom_half"] {
        assert_eq!(line.contexts(stage)[3], 0, "{stage}");
    }
}

#[test]
fn two_hundred_changes_of_rate_and_flavor_lose_nothing() {
    let module = Simrupt::load("rate_hz=1000");
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    let flavors = flavors();
    for round in 0..200 {
        line.set("rate_hz", if round % 2 == 0 { "1000" } else { "2000" });
        line.set("workqueue", flavors[round % flavors.len()]);
        line.wait_for("events", 10);
        if round % 20 == 0 {
            module.verify();
        }
    }
    settle(&module, line, reader);
    let stats = line.stats();
    assert_eq!(
        stats["events"], stats["read"],
        "something was lost: {stats:?}"
    );
}

#[test]
fn the_fifo_can_be_resized_under_traffic() {
    let module = Simrupt::load("rate_hz=2000");
    let line = module.line(0);
    let reader = Reader::start(line, 100);
    for round in 0..50 {
        line.set("fifo_size", ["16", "1048576", "100", "4096"][round % 4]);
        line.set("fifo_policy", ["drop", "overwrite"][round % 2]);
        line.wait_for("events", 10);
    }
    settle(&module, line, reader);
}

#[test]
fn a_smaller_fifo_keeps_the_newest_records() {
    let module = Simrupt::load("rate_hz=5000 run=always");
    let line = module.line(0);
    eventually("the fifo fills", || line.stat("queued") >= 500);
    line.silence();
    let before = line.stats();
    let (events, queued) = (before["events"], before["queued"]);
    line.set("fifo_size", "256");
    let stats = line.stats();
    assert_eq!((stats["queued"], stats["flushed"]), (256, queued - 256));
    line.set("fifo_size", "1048576");
    let mut bytes = vec![0; 1000];
    let count = std::io::Read::read(&mut line.open_nonblock(), &mut bytes).unwrap();
    let newest: Vec<u8> = (events - 256..events)
        .map(|seq| (0x20 + seq % 95) as u8)
        .collect();
    assert_eq!(bytes[..count], newest);
    module.verify();
}

#[test]
fn the_queues_name_follows_the_flavor() {
    let module = Simrupt::load("workqueue=bound");
    let exists = |flavor| {
        std::path::Path::new(&format!("/sys/devices/virtual/workqueue/simrupt0-{flavor}")).exists()
    };
    assert!(exists("bound"));
    module.line(0).set("workqueue", "ordered");
    assert!(exists("ordered") && !exists("bound"));
    // Setting the value in force is not a change.
    module.line(0).set("workqueue", "ordered");
    assert!(exists("ordered"));
}

#[test]
fn lines_do_not_disturb_each_other() {
    let module = Simrupt::load("lines=3 rate_hz=2000 run=always");
    let quiet = module.line(1);
    let reader = Reader::start(quiet, 4096);
    let flavors = flavors();
    for round in 0..flavors.len().max(enough(40) as usize) {
        module
            .line(0)
            .set("workqueue", flavors[round % flavors.len()]);
        module.line(2).set("rate_hz", ["0", "3000"][round % 2]);
        quiet.wait_for("events", 20);
    }
    settle(&module, quiet, reader);
    assert_eq!(quiet.stat("events"), quiet.stat("read"));
}

/// Nearly fills a fifo of 65,536 records.
fn fill(line: Line) {
    line.set("rate_hz", "1000000");
    eventually("the fifo fills", || line.stat("queued") >= 60_000);
    line.silence();
}

/// Resizes the fifo; returns how long that took.
fn resize(line: Line, size: &str) -> Duration {
    let start = Instant::now();
    line.set("fifo_size", size);
    start.elapsed()
}

/// While records move from the old memory to the new, no reader can have them. A reader with a higher priority on its
/// CPU runs in the middle of it, and reads until there is nothing left.
#[test]
fn a_reader_does_not_wait_busily_for_records_that_a_resize_moves() {
    const ROUNDS: u32 = 20;
    let module = Simrupt::load(
        "rate_hz=0 run=always pattern=burst burst=4096 fifo_size=65536 fifo_policy=drop",
    );
    let line = module.line(0);
    stay_on_cpu(0);
    fill(line);
    let alone = resize(line, "32768");
    let (starts, start) = mpsc::channel();
    let reader = thread::spawn(move || {
        stay_on_cpu(0);
        go_before_others();
        let file = line.open_nonblock();
        let mut bytes = [0; 4096];
        let mut longest = Duration::ZERO;
        while let Ok(delay) = start.recv() {
            thread::sleep(delay);
            loop {
                let begin = Instant::now();
                let result = nix::unistd::read(&file, &mut bytes);
                longest = longest.max(begin.elapsed());
                match result {
                    Ok(_) => {}
                    Err(Errno::EAGAIN) => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        longest
    });
    for round in 0..ROUNDS {
        line.set("fifo_size", "65536");
        fill(line);
        starts.send(alone * round / ROUNDS).unwrap();
        resize(line, "32768");
        module.verify();
    }
    drop(starts);
    let longest = reader.join().unwrap();
    // The kernel leaves ordinary threads a part of each second, in which the resize goes on.
    assert!(longest < Duration::from_millis(300), "{longest:?}");
}

/// A reader that waits for a record that a resize moves gets it.
#[test]
fn a_reader_that_waits_is_woken_by_the_end_of_a_resize() {
    let module = Simrupt::load(
        "rate_hz=0 run=always pattern=burst burst=4096 fifo_size=65536 fifo_policy=drop",
    );
    let line = module.line(0);
    let file = line.open();
    for _ in 0..5 {
        line.set("fifo_size", "65536");
        fill(line);
        let queued = line.stat("queued").min(32_768) as usize;
        let file = file.try_clone().unwrap();
        let reader = thread::spawn(move || {
            let mut bytes = vec![0; 65536];
            let mut count = 0;
            while count < queued {
                count += nix::unistd::read(&file, &mut bytes).unwrap();
            }
        });
        line.set("fifo_size", "32768");
        reader.join().unwrap();
        module.verify();
    }
}
