// SPDX-License-Identifier: GPL-2.0-only

//! `simructl record`: its requirements of the kernel, and the command lines that it refuses. `simructl replay`: the
//! files that it writes, and that a failure writes nothing.

use std::fs;
use std::os::unix::fs::symlink;

use crate::fake::{Fake, KNOBS, debugfs};

#[test]
fn an_interrupt_that_cannot_be_recorded_is_an_error() {
    let fake = Fake::unloaded();
    fake.check("record-not-there", "record --irq 26 --out new");
    fake.write("sys/kernel/irq/26/actions", "\n");
    fake.check("record-no-handler", "record --irq 26 --out new");
    fake.write("sys/kernel/irq/26/actions", "eth0\n");
    fake.check("record-not-mounted", "record --irq 26 --out new");
    fs::create_dir_all(fake.path("sys/kernel/tracing/instances")).unwrap();
    fake.check("record-no-event", "record --irq 26 --out new");
    fake.check("record-unloaded", "record --out new");
    assert!(!fake.path("new").exists());
}

#[test]
fn a_line_of_the_module_has_its_interrupt() {
    let fake = Fake::with_lines(2);
    fake.check("record-no-line", "record --line 2 --out new");
    fake.check("record-lines", "record --line 0-1 --out new");
    // Its interrupt is found, so the next missing thing is reported.
    fake.check("record-line", "record --line 1 --out new");
}

#[test]
fn invalid_options_are_refused() {
    let fake = Fake::with_lines(1);
    for (golden, arguments) in [
        ("both", "record --irq 26 --line 0 --out new"),
        ("irq", "record --irq eth0 --out new"),
        ("negative", "record --irq -1 --out new"),
        ("out", "record --irq 26"),
        ("count", "record --irq 26 -n 1048577 --out new"),
        ("for", "record --irq 26 --for 0 --out new"),
        ("nowhere", "record --irq 26 --out no/such/file"),
    ] {
        fake.check(&format!("record-usage-{golden}"), arguments);
    }
}

/// A module with this many lines and the knobs of a replay; line 1 has `schedule`, if it exists.
fn with_replay(lines: usize) -> Fake {
    let fake = Fake::with_lines(lines);
    let knobs = "pattern\tenum\tperiodic|replay\tperiodic\t-\tlive\thow due times are spread\n\
                 replay_loop\tu64\t0..1\t0\t-\tlive\twhether it begins again\n";
    fake.write("sys/kernel/debug/simrupt/knobs", &format!("{KNOBS}{knobs}"));
    for line in 0..lines {
        fake.write(&debugfs(line, "pattern"), "[periodic] replay\n");
        fake.write(&debugfs(line, "replay_loop"), "0\n");
        let old = if line == 1 { "9\n" } else { "" };
        fake.write(&debugfs(line, "schedule"), old);
    }
    fake.write(
        "good",
        "# simrupt arrivals 1\n# arrivals: 4\n1000000\n0\n500000\n500001\n",
    );
    fake
}

#[test]
fn a_replay_writes_gaps_and_knobs() {
    let fake = with_replay(2);
    fake.check("replay", "replay good");
    for line in 0..2 {
        let gaps = "1000000\n0\n500000\n500001\n";
        assert_eq!(fake.read(&debugfs(line, "schedule")), gaps);
        assert_eq!(fake.read(&debugfs(line, "pattern")), "replay\n");
        assert_eq!(fake.read(&debugfs(line, "replay_loop")), "0\n");
        assert_eq!(fake.read(&debugfs(line, "rate_hz")), "2000\n");
    }
    fake.check("replay-loop", "replay good --line 1 --speed 2 --loop");
    let gaps = "500000\n0\n250000\n250001\n";
    assert_eq!(fake.read(&debugfs(1, "schedule")), gaps);
    assert_eq!(fake.read(&debugfs(1, "replay_loop")), "1\n");
    assert_eq!(fake.read(&debugfs(0, "replay_loop")), "0\n");
}

#[test]
fn losses_of_a_recording_are_reported_at_the_replay() {
    let fake = with_replay(1);
    fake.write("lossy", "# simrupt arrivals 1\n# lost: 12\n1000000\n");
    fake.check("replay-lost", "replay lossy");
}

#[test]
fn arrivals_that_cannot_be_replayed_are_refused_and_change_nothing() {
    let fake = with_replay(2);
    for (name, text) in [
        ("empty", "# simrupt arrivals 1\n"),
        ("odd", "1000\n10 us\n"),
        ("times", "1732860000000000000\n"),
        ("cut", "# simrupt arrivals 1\n# arrivals: 3\n1000\n"),
        ("newer", "# simrupt arrivals 2\n1000\n"),
        ("fast", "5\n5\n"),
        ("json", "{\"gaps\": [1]}\n"),
    ] {
        fake.write(name, text);
        fake.check(&format!("replay-{name}"), &format!("replay {name} --loop"));
    }
    fake.check("replay-no-file", "replay nowhere");
    fake.check("replay-no-line", "replay good --line 2");
    fake.check("replay-usage-speed", "replay good --speed 0");
    fake.check("replay-usage-none", "replay");
    // Line 1 fails after line 0 was written.
    fake.remove(&debugfs(1, "pattern"));
    symlink("/dev/full", fake.path(&debugfs(1, "pattern"))).unwrap();
    fake.check("replay-undone", "replay good");
    for (line, old) in [(0, "#\n"), (1, "9\n")] {
        assert_eq!(fake.read(&debugfs(line, "schedule")), old);
        assert_eq!(fake.read(&debugfs(line, "rate_hz")), "10\n");
        assert_eq!(fake.read(&debugfs(line, "replay_loop")), "0\n");
    }
    assert!(fake.read(&debugfs(0, "pattern")).contains("periodic"));
}

#[test]
fn a_module_without_replay_is_an_error() {
    let fake = Fake::with_lines(1);
    fake.write("good", "1000\n");
    fake.check("replay-older", "replay good");
    let fake = Fake::unloaded();
    fake.write("good", "1000\n");
    fake.check("replay-unloaded", "replay good");
}
