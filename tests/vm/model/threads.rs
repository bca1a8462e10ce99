// SPDX-License-Identifier: GPL-2.0-only

//! Several threads use the module at once, under traffic. The order of their steps is unknown, so there is no model,
//! but many properties must hold in any order.
//!
//! `MODEL_SEED` selects the steps of each thread, `MODEL_STEPS` their number.

use super::{
    machine::{self, broken},
    number, say,
    state::spec,
    wanted_steps,
};
use fastrand::Rng;
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use simrupt::files::{stats::Stats, value};
use simrupt_core::{
    abi::{RECORD_SIZE, value_of},
    knobs::{Flavor, Knob},
};
use simrupt_vm_tests::{Line, Simrupt, decode, enough, eventually, lacks, simructl};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    os::fd::AsFd,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// The knobs that the writers change, and their values; the format stays the same, so that records can be recognized.
const KNOBS: [(Knob, &[&str]); 17] = [
    (Knob::RateHz, &["500", "2000", "3000"]),
    (Knob::Pattern, &["periodic", "uniform", "poisson", "burst"]),
    (Knob::JitterPct, &["0", "30", "100"]),
    (Knob::Burst, &["1", "3", "40"]),
    (Knob::CoalesceUs, &["0", "100", "1000"]),
    (Knob::CoalesceEvents, &["3", "4096"]),
    (Knob::CoalesceAdaptive, &["0", "1"]),
    (Knob::Workqueue, Flavor::NAMES),
    (Knob::FifoSize, &["16", "64", "100", "1000"]),
    (Knob::FifoPolicy, &["overwrite", "drop"]),
    (Knob::Cpu, &["-1", "0", "1"]),
    (Knob::WorkUs, &["0", "20"]),
    (Knob::WorkSleepUs, &["0", "100"]),
    (Knob::WorkBytes, &["0", "5000"]),
    (Knob::Masked, &["0", "1"]),
    (
        Knob::Stress,
        &["none", "irqs-off", "preempt-off", "softirq"],
    ),
    (
        Knob::Fault,
        &[
            "none",
            "lost",
            "late",
            "spurious",
            "storm",
            "stuck",
            "unhandled",
            "stall",
        ],
    ),
];

/// The records that a reader got from each of the files that it opened, one after the other.
type Streams = Vec<Vec<u64>>;

/// The last value that a writing thread has set for each knob.
type Last = BTreeMap<&'static str, i64>;

/// How a thread writes a knob of line 0.
type WriteKnob = fn(Line, &Simrupt, &str, &str) -> Result<(), Errno>;

const FACES: [WriteKnob; 3] = [
    |line, _, knob, value| line.try_set(knob, value),
    |_, module, knob, value| module.set_parameter(knob, value.as_bytes()),
    |_, _, knob, value| {
        let output = simructl(&["--line", "0", "set", &format!("{knob}={value}")]);
        let message = String::from_utf8_lossy(&output.stderr);
        let refusals = ["must not sleep", "does not go with another knob"];
        match output.status.success() {
            true => Ok(()),
            false if refusals.iter().any(|why| message.contains(why)) => Err(Errno::EBUSY),
            false => Err(Errno::EIO),
        }
    },
];

fn number_of(knob: Knob, text: &str) -> i64 {
    let spec = spec(knob, machine::cpus());
    let text = value::current(text);
    spec.parse(text)
        .unwrap_or_else(|_| panic!("{}: {text}", spec.name))
}

fn write(module: &Simrupt, face: WriteKnob, mut random: Rng, steps: u64) -> Last {
    let line = module.line(0);
    let mut last = Last::new();
    for _ in 0..steps {
        let (knob, values) = KNOBS[random.usize(..KNOBS.len())];
        let value = values[random.usize(..values.len())];
        let name = knob.spec().name;
        if lacks(name, value) {
            continue;
        }
        match face(line, module, name, value) {
            Ok(()) => _ = last.insert(name, number_of(knob, value)),
            // It depends on the value of the other knob at that moment.
            Err(Errno::EBUSY) if matches!(knob, Knob::Workqueue | Knob::WorkSleepUs) => {}
            Err(why) => panic!("{name}={value}: {why}"),
        }
    }
    last
}

/// Reads until told to stop, sometimes from a new file.
fn read(line: Line, mut random: Rng, stop: &AtomicBool) -> Streams {
    let mut streams = Streams::new();
    while !stop.load(Ordering::SeqCst) {
        let Ok(file) = nonblocking(line) else {
            // There is no driver at the moment.
            thread::yield_now();
            continue;
        };
        let mut numbers = Vec::new();
        for _ in 0..random.u8(1..40) {
            if !take(&file, random.usize(RECORD_SIZE..8000), &mut numbers) {
                break;
            }
            let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::from(2_u8)).expect("poll works");
        }
        streams.push(numbers);
    }
    streams
}

fn nonblocking(line: Line) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
    File::options()
        .read(true)
        .custom_flags(flags)
        .open(line.device())
}

/// Reads once; false if the line is gone.
fn take(file: &File, size: usize, numbers: &mut Vec<u64>) -> bool {
    let mut bytes = vec![0; size];
    match nix::unistd::read(file, &mut bytes) {
        Ok(count) => {
            for record in decode(&bytes[..count]) {
                assert_eq!(record.value, value_of(record.seq), "{record:?}");
                numbers.push(record.seq);
            }
            true
        }
        Err(Errno::EAGAIN) => true,
        Err(Errno::ENODEV) => false,
        Err(why) => panic!("read: {why}"),
    }
}

/// Reads everything, until told to stop: the sums hold in every snapshot.
fn watch(line: Line, mut random: Rng, stop: &AtomicBool) {
    let irq = line.irq();
    while !stop.load(Ordering::SeqCst) {
        if let Ok(text) = fs::read_to_string(line.path("stats")) {
            let stats = Stats::parse(&text).expect("counters");
            let stats = stats.iter().map(|(name, count)| (name.to_owned(), count));
            assert_eq!(broken(&stats.collect()), Vec::<String>::new(), "{text}");
        }
        for name in ["contexts", "latency", "knobs"] {
            // Without a driver there is nothing to see.
            let _ = fs::read(line.path(name));
        }
        let mask = format!("{:x}", random.u8(1..4));
        fs::write(format!("/proc/irq/{irq}/smp_affinity"), mask).expect("affinity can be set");
        thread::yield_now();
    }
}

/// Unbinds and binds the driver, and resets its counters.
fn disrupt(line: Line, mut random: Rng, steps: u64) {
    for _ in 0..steps {
        if random.bool() {
            line.try_set("reset", "1").expect("the line is bound");
        } else {
            line.unbind();
            assert_eq!(line.try_set("reset", "1"), Err(Errno::ENODEV));
            line.bind();
        }
    }
}

/// Runs all threads to their end, then waits until the line is at rest. Returns what its readers got; the last reader
/// emptied the fifo.
fn run(module: &Simrupt, with_disruptions: bool) -> Vec<Streams> {
    let line = module.line(0);
    let seed = number("MODEL_SEED", 1);
    let steps = (wanted_steps() / 200).max(enough(50));
    let random = |thread: u64| Rng::with_seed(seed.wrapping_mul(100).wrapping_add(thread));
    let stop = AtomicBool::new(false);
    let (last, mut streams) = thread::scope(|scope| {
        let readers = [0, 1].map(|id| {
            let (random, stop) = (random(id), &stop);
            scope.spawn(move || read(line, random, stop))
        });
        let watcher = scope.spawn(|| watch(line, random(2), &stop));
        let writers =
            [(3, 0, steps), (4, 1, steps), (5, 2, steps / 5 + 1)].map(|(id, face, steps)| {
                let random = random(id);
                scope.spawn(move || write(module, FACES[face], random, steps))
            });
        let disruptor = scope.spawn(|| {
            if with_disruptions {
                disrupt(line, random(6), steps / 5 + 1);
            }
        });
        let last = writers.map(|writer| writer.join());
        let disruptor = disruptor.join();
        // Before a thread's panic is passed on, because the other threads would go on without an end.
        stop.store(true, Ordering::SeqCst);
        disruptor.expect("the disruptor had no trouble");
        watcher.join().expect("the watcher had no trouble");
        let streams = readers.map(|reader| reader.join().expect("the reader had no trouble"));
        (
            last.map(|last| last.expect("the writer had no trouble")),
            streams.to_vec(),
        )
    });
    let some = streams.iter().flatten().any(|stream| stream.len() > 1);
    assert!(some, "no reader got two records");
    check_knobs(module, &last);
    // Of every line: another one may have the interrupt, too.
    let freed = simructl(&["set", "masked=0", "fault=none"]);
    assert!(freed.status.success(), "{freed:?}");
    line.set("stress", "none");
    line.set("recover", "1");
    line.silence();
    let file = line.open_nonblock();
    let mut rest = Vec::new();
    eventually("everything is read", || {
        take(&file, 1 << 20, &mut rest);
        line.stat("queued") == 0
    });
    streams.push(vec![rest]);
    say(&format!("model: threads, {steps} steps of each writer"));
    streams
}

/// Checks that no write was lost: each knob has the last value of one of the writers, through all interfaces. And no
/// two writers have made a pair of values that a line cannot have.
fn check_knobs(module: &Simrupt, last: &[Last]) {
    let [flavor, sleep] =
        [Knob::Workqueue, Knob::WorkSleepUs].map(|knob| module.line(0).get(knob.spec().name));
    assert!(
        !module.line(0).refuses("work_sleep_us", &sleep),
        "{flavor} {sleep}"
    );
    for (knob, _) in KNOBS {
        let name = knob.spec().name;
        let shown = number_of(knob, &module.line(0).get(name));
        let parameter = module.parameter(name);
        // A value for each line.
        let of_line = parameter.trim_end().split(',').next().unwrap_or_default();
        assert_eq!(number_of(knob, of_line), shown, "{name}");
        let written: Vec<i64> = last
            .iter()
            .filter_map(|last| last.get(name).copied())
            .collect();
        assert!(
            written.is_empty() || written.contains(&shown),
            "{name}: {shown}, not {written:?}"
        );
    }
}

fn assert_ascending(streams: &[Streams]) {
    for stream in streams.iter().flatten() {
        let ascending = stream.windows(2).all(|two| two[0] < two[1]);
        assert!(ascending, "a reader got records out of order: {stream:?}");
    }
}

const LOAD: &str = "run=always format=record rate_hz=2000 fifo_size=64";

#[test]
fn threads_at_once_lose_no_knob_and_no_record() {
    let module = Simrupt::load(LOAD);
    let streams = run(&module, false);
    assert_ascending(&streams);
    let stats = module.line(0).stats();
    let got: Vec<u64> = streams.iter().flatten().flatten().copied().collect();
    let different: BTreeSet<u64> = got.iter().copied().collect();
    assert_eq!(different.len(), got.len(), "a record was read twice");
    assert_eq!(got.len() as u64, stats["read"]);
    let lost = ["overrun", "dropped", "overwritten", "flushed"];
    let lost: u64 = lost.iter().map(|name| stats[*name]).sum();
    assert_eq!(stats["events"], stats["read"] + lost, "{stats:?}");
    assert!(different.last() < Some(&stats["events"]));
    for stage in ["device", "top_half", "bottom_half"] {
        assert_eq!(module.line(0).contexts(stage)[3], 0, "{stage}");
    }
    module.verify();
}

#[test]
fn threads_at_once_survive_unbinding_and_binding() {
    let module = Simrupt::load(LOAD);
    let streams = run(&module, true);
    assert_ascending(&streams);
    module.verify();
}

#[test]
fn threads_at_once_survive_that_another_line_has_the_interrupt_too() {
    let module = Simrupt::load(&format!("{LOAD} lines=2 shared=1"));
    let streams = run(&module, true);
    assert_ascending(&streams);
    let lines = [module.line(0), module.line(1)];
    for line in lines {
        for (knob, value) in [("masked", "0"), ("recover", "1"), ("rate_hz", "2000")] {
            line.set(knob, value);
        }
    }
    for line in lines {
        line.wait_for("handled", 20);
        assert_eq!(line.contexts("top_half")[3], 0);
    }
    module.verify();
}
