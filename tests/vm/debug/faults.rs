// SPDX-License-Identifier: GPL-2.0-only

//! Allocations that fail, one after the other: the caller fails with an error and changes nothing, or goes on without
//! the memory. `tests/lab/init` searches for leaks after all tests.

use super::sweep::{Countdown, step};
use nix::{errno::Errno, unistd};
use simrupt_vm_tests::{DRIVER, KNOBS, Line, Simrupt, eventually, flavors, lacks, try_load};
use std::{
    fs::{self, File},
    io::{Read, Write},
    path::Path,
};

/// Reports in the kernel's log how many allocations there were, of which each or every few failed.
fn report(what: &str, allocations: usize) {
    fs::write(
        "/dev/kmsg",
        format!("fault injection: {what}: {allocations}"),
    )
    .unwrap();
}

/// Opens a file to write to it later.
fn writable(path: &str) -> File {
    let file = File::options().write(true).open(path);
    file.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// For each knob, a value that differs from the one that it is loaded with.
fn other(knob: &str) -> &'static str {
    match knob {
        "rate_hz" => "2000",
        "pattern" => "poisson",
        "jitter_pct" => "50",
        "burst" => "2",
        "replay_loop" => "1",
        "coalesce_us" => "100",
        "coalesce_events" => "8",
        "coalesce_adaptive" if lacks(knob, "1") => "0",
        "coalesce_adaptive" => "1",
        "irq_type" => "level",
        "workqueue" => "bh",
        "poll_budget" => "8",
        "fifo_size" => "65536",
        "fifo_policy" => "drop",
        "format" => "record",
        "cpu" => "1",
        "cpu_limit_pct" => "60",
        "work_us" => "10",
        "work_sleep_us" => "10",
        "work_bytes" => "100000",
        "stress" => "softirq",
        "stress_us" => "10",
        "stress_hz" => "100",
        "fault" => "late",
        "fault_every" => "2",
        "fault_probability_ppm" => "500000",
        "fault_times" => "7",
        "fault_us" => "100",
        "masked" => "1",
        "run" => "open",
        _ => panic!("{knob} has no value here"),
    }
}

/// Sets a knob through a file, with each allocation failing in turn, and then sets it back.
fn sweep_knob(countdown: &Countdown, line: Line, knob: &str, path: &str, value: &str) -> usize {
    let before = line.get(knob);
    countdown.sweep(
        {
            let file = writable(path);
            move || unistd::write(&file, value.as_bytes())
        },
        |result| match result {
            Ok(_) => {
                assert_eq!(line.get(knob), value);
                line.set(knob, &before);
            }
            Err(error) => {
                assert_eq!(error, Errno::ENOMEM, "{knob}={value}");
                assert_eq!(line.get(knob), before, "{knob}={value}");
            }
        },
    )
}

#[test]
fn every_allocation_of_a_change_may_fail() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = module.line(0);
    let countdown = Countdown::new();
    let mut allocations = 0;
    for knob in KNOBS {
        let value = other(knob);
        let parameter = format!("/sys/module/simrupt/parameters/{knob}");
        for path in [line.path(knob), parameter] {
            allocations += sweep_knob(&countdown, line, knob, &path, value);
        }
    }
    // To every flavor, through one interface, because the other one has the same path.
    for flavor in flavors() {
        let path = line.path("workqueue");
        line.set(
            "workqueue",
            if flavor == "tasklet" {
                "none"
            } else {
                "tasklet"
            },
        );
        allocations += sweep_knob(&countdown, line, "workqueue", &path, flavor);
    }
    line.set("workqueue", "unbound");
    report("changes of knobs", allocations);
    // Each change has at least three: for the written text, and for the change itself.
    assert!(allocations >= 100, "{allocations}");
    let drained = line.stat("drained");
    eventually("events arrive as before", || {
        line.stat("drained") > drained + 10
    });
    module.verify();
}

#[test]
fn every_allocation_of_a_user_may_fail() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = module.line(0);
    let countdown = Countdown::new();
    let mut allocations = 0;
    let device = line.device();
    let clean = |error: &std::io::Error, what: &str| {
        let errno = Errno::from_raw(error.raw_os_error().unwrap());
        assert!(
            matches!(errno, Errno::ENOMEM | Errno::ENFILE),
            "{what}: {errno}"
        );
    };
    allocations += countdown.sweep(
        || File::open(&device),
        |result| match result {
            Ok(mut file) => file.read_exact(&mut [0; 3]).expect("it can be read"),
            Err(error) => clean(&error, "open"),
        },
    );
    line.set("schedule", "1\n2\n");
    for name in [
        "stats",
        "contexts",
        "latency",
        "costs",
        "irq",
        "rate_hz",
        "workqueue",
        "schedule",
    ] {
        let path = line.path(name);
        let mut text = String::with_capacity(1 << 16);
        allocations += countdown.sweep(
            || {
                text.clear();
                let length = File::open(&path)?.read_to_string(&mut text)?;
                Ok(length)
            },
            |result: std::io::Result<usize>| match result {
                Ok(length) => assert!(length > 0, "{name} is empty"),
                Err(error) => clean(&error, name),
            },
        );
    }
    let schedule = line.path("schedule");
    let shown = || fs::read_to_string(&schedule).unwrap();
    // So many that memory for them is allocated in several steps.
    let (old, new) = ("5\n".repeat(3), "6\n".repeat(2000));
    line.set("schedule", &old);
    let before = allocations;
    allocations += countdown.sweep(
        || {
            File::options()
                .write(true)
                .open(&schedule)?
                .write_all(new.as_bytes())
        },
        |result: std::io::Result<()>| match result {
            Ok(()) => {
                assert!(shown() == new, "it was written, and is not in force");
                line.set("schedule", &old);
            }
            Err(error) => {
                clean(&error, "schedule");
                assert_eq!(shown(), old);
            }
        },
    );
    // The open file, the text and its place, and the memory for the gaps.
    assert!(allocations - before >= 5, "{allocations}");
    let reset = writable(&line.path("reset"));
    allocations += countdown.sweep(
        || unistd::write(&reset, b"1"),
        |result| assert!(matches!(result, Ok(1) | Err(Errno::ENOMEM)), "{result:?}"),
    );
    report("opening, reading, resetting", allocations);
    assert!(allocations >= 20, "{allocations}");
    drop(reset);
    module.verify();
}

/// Asserts that a bound line is complete.
fn assert_complete(line: Line) {
    for name in ["stats", "contexts", "latency", "irq"] {
        fs::read_to_string(line.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert!(Path::new(&line.path("reset")).exists());
    assert_eq!(line.knobs().len(), KNOBS.len());
    line.open().read_exact(&mut [0; 3]).expect("it can be read");
}

#[test]
fn every_allocation_of_binding_may_fail() {
    let module = Simrupt::load("rate_hz=1000");
    let line = module.line(0);
    let countdown = Countdown::new();
    let (bind, unbind) = (
        writable(&format!("{DRIVER}/bind")),
        writable(&format!("{DRIVER}/unbind")),
    );
    let name = b"simrupt.0";
    for flavor in ["unbound", "bh"] {
        line.set("workqueue", flavor);
        unistd::write(&unbind, name).unwrap();
        let allocations = countdown.sweep(
            || unistd::write(&bind, name),
            |result| match result {
                Ok(_) => {
                    assert_complete(line);
                    unistd::write(&unbind, name).expect("it is bound");
                }
                Err(error) => {
                    assert_eq!(error, Errno::ENOMEM, "{flavor}");
                    assert!(!Path::new(&line.device()).exists());
                    let stats = fs::read_to_string(line.path("stats"));
                    assert_eq!(
                        stats.unwrap_err().raw_os_error(),
                        Some(Errno::ENODEV as i32)
                    );
                }
            },
        );
        report(&format!("binding, {flavor}"), allocations);
        assert!(allocations >= 20, "{allocations}");
        unistd::write(&bind, name).expect("it can be bound");
        module.verify();
    }
}

#[test]
fn every_allocation_of_loading_may_fail() {
    let countdown = Countdown::new();
    // Before the module's init runs, the kernel makes the allocations; init refuses this as its first action.
    let before_init = countdown.count(|| {
        assert_eq!(try_load("lines=1 rate_hz=1,2"), Err(Errno::EINVAL));
    });
    // Each step takes a load, and most of the allocations belong to binding, which has its own sweep.
    let allocations = countdown.sweep_every(
        before_init - 30,
        step(9, 45),
        || try_load("lines=1 rate_hz=1000"),
        |result| match result {
            Ok(()) => {
                let module = Simrupt::adopt();
                assert_complete(module.line(0));
                module.verify();
            }
            Err(error) => {
                // The driver core does not report the lack of memory: it returns EINVAL for the folder of a module's
                // drivers, and nothing at all before it calls the driver, which gives ENODEV.
                let expected = [Errno::ENOMEM, Errno::EINVAL, Errno::ENODEV];
                assert!(expected.contains(&error), "{error}");
                assert!(!Path::new("/sys/module/simrupt").exists());
            }
        },
    );
    report("loading", allocations);
    assert!(allocations >= 400, "{allocations}");
}
