// SPDX-License-Identifier: GPL-2.0-only

//! `simructl fault` and `simructl recover`, and the other places where an active fault is shown.

use crate::fake::{Fake, debugfs, parameter};

/// The knobs of faults, as the module describes them.
const KNOBS: &str = "\
fault\tenum\tnone|lost|late|spurious|storm|stuck|unhandled|stall|dropped-wakeup\tnone\t-\tlive\twhat goes wrong on purpose\n\
fault_every\tu64\t1..1000000\t1\tchances\tlive\tof so many chances, the last is considered\n\
fault_probability_ppm\tu64\t1..1000000\t1000000\tppm\tlive\thow likely a fault is\n\
fault_times\ti64\t-1..1000000\t-1\tfaults\tlive\thow many faults happen at most\n\
fault_us\tu64\t1..30000000\t1000\tus\tlive\tdelay or length of a fault\n";

/// The knobs with their defaults.
const DEFAULTS: [(&str, &str); 5] = [
    ("fault", "none"),
    ("fault_every", "1"),
    ("fault_probability_ppm", "1000000"),
    ("fault_times", "-1"),
    ("fault_us", "1000"),
];

/// A module with this many lines that supports faults.
fn fake(lines: usize) -> Fake {
    let fake = Fake::with_lines(lines);
    let knobs = fake.read("sys/kernel/debug/simrupt/knobs");
    fake.write("sys/kernel/debug/simrupt/knobs", &(knobs + KNOBS));
    for (knob, value) in DEFAULTS {
        let list = vec![value; lines].join(",");
        fake.write(&parameter(knob), &format!("{list}\n"));
        for line in 0..lines {
            fake.write(&debugfs(line, knob), &format!("{value}\n"));
        }
    }
    for line in 0..lines {
        fake.write(&debugfs(line, "recover"), "");
    }
    fake
}

/// The values of the knobs of a line.
fn values(fake: &Fake, line: usize) -> [String; 5] {
    DEFAULTS.map(|(knob, _)| fake.read(&debugfs(line, knob)).trim_end().to_string())
}

#[test]
fn a_fault_is_set_with_all_of_its_rules() {
    let fake = fake(2);
    fake.set_counters(0, &[("fault_lost", 3)]);
    fake.check("fault-none", "fault");
    fake.check(
        "fault-set",
        "fault set lost --every 10 --probability 12.5% --times 7 --line 0",
    );
    assert_eq!(values(&fake, 0), ["lost", "10", "125000", "7", "1000"]);
    assert_eq!(values(&fake, 1), ["none", "1", "1000000", "-1", "1000"]);
    // The next fault does not take over the rules of the previous one.
    fake.check("fault-set-json", "fault set late --us 3000 --json");
    for line in 0..2 {
        assert_eq!(values(&fake, line), ["late", "1", "1000000", "-1", "3000"]);
    }
}

#[test]
fn a_fault_is_ended_and_its_rules_stay() {
    let fake = fake(2);
    fake.command("fault set storm --times -1 --us 5")
        .status()
        .unwrap();
    fake.check("fault-off", "fault off --line 1");
    assert_eq!(values(&fake, 0)[0], "storm");
    assert_eq!(values(&fake, 1), ["none", "1", "1000000", "-1", "5"]);
}

#[test]
fn an_active_fault_is_shown() {
    let fake = fake(2);
    fake.command("fault set dropped-wakeup --line 1")
        .status()
        .unwrap();
    fake.check("fault-status", "status");
    fake.check("fault-stats", "stats --line 1");
    let run = fake.command("stats --json").output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(document["lines"][0]["fault"], serde_json::Value::Null);
    assert_eq!(document["lines"][1]["fault"], "dropped-wakeup");
    let run = fake.command("top --once --width 100").output().unwrap();
    let screen = String::from_utf8(run.stdout).unwrap();
    assert!(screen.contains("fault dropped-wakeup"), "{screen}");
}

#[test]
fn without_debugfs_there_are_the_parameters() {
    let fake = fake(2).without_debugfs();
    fake.check("fault-parameters", "fault set stuck --line 1");
    assert_eq!(fake.read(&parameter("fault")), "none,stuck\n");
    fake.check("fault-parameters-status", "status --line 1");
}

#[test]
fn bad_rules_change_nothing() {
    let fake = fake(1);
    fake.check("fault-kind", "fault set los");
    fake.check("fault-every", "fault set lost --every 0");
    fake.check("fault-times", "fault set lost --times -2");
    fake.check("fault-us", "fault set late --us 30000001");
    fake.check("fault-probability", "fault set lost --probability 0");
    fake.check("fault-no-kind", "fault set");
    fake.check("fault-off-kind", "fault off lost");
    fake.check("fault-list-every", "fault list --every 3");
    fake.check("fault-no-line", "fault off --line 1");
    assert_eq!(values(&fake, 0), DEFAULTS.map(|(_, value)| value));
}

#[test]
fn a_module_without_faults_is_an_error() {
    Fake::with_lines(1).check("fault-unknown", "fault set lost");
}

#[test]
fn lines_are_recovered() {
    let fake = fake(3);
    fake.remove(&debugfs(1, "recover"));
    fake.check("recover-json", "recover --line 2 --json");
    fake.check("recover", "recover");
    assert_eq!(fake.read(&debugfs(0, "recover")), "1\n");
    assert_eq!(fake.read(&debugfs(2, "recover")), "1\n");
    fake.without_debugfs()
        .check("recover-no-debugfs", "recover");
}
