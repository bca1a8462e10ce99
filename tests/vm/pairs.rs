// SPDX-License-Identifier: GPL-2.0-only

//! Pairs of knobs: values that a line cannot have together are refused at load and live, and all others work.

use nix::errno::Errno;
use simrupt_core::{
    knobs::{Flavor, Knob, Values},
    pairs::SHAPE,
};
use simrupt_vm_tests::{
    Line, Simrupt, eventually, lacking_flavors, lacks, log_lines, simructl, try_load,
};
use std::{fs, sync::Barrier, thread};

/// A flavor that must not sleep.
const RESTLESS: &str = "bh";

#[test]
fn a_load_with_a_refused_pair_fails_and_says_why() {
    for parameters in [
        "work_sleep_us=5 workqueue=none",
        "lines=2 workqueue=bound,tasklet work_sleep_us=5",
        "lines=3 workqueue=bh work_sleep_us=0,0,7",
    ] {
        let before = log_lines("cannot be combined with").len();
        assert_eq!(try_load(parameters), Err(Errno::EINVAL), "{parameters}");
        let said = log_lines("cannot be combined with");
        assert_eq!(said.len(), before + 1, "{said:?}");
        let said = &said[before];
        for part in ["work_sleep_us=", "workqueue=", "must not sleep"] {
            assert!(said.contains(part), "{said}");
        }
    }
    let module = Simrupt::load("lines=2 workqueue=bound,tasklet work_sleep_us=5,0");
    module.verify();
}

#[test]
fn a_write_that_would_make_a_refused_pair_changes_nothing() {
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always workqueue=bound,bh");
    let [sleepy, restless] = [module.line(0), module.line(1)];
    let flavors = || module.parameter("workqueue");
    let sleeps = || module.parameter("work_sleep_us");
    assert_eq!(restless.try_set("work_sleep_us", "5"), Err(Errno::EBUSY));
    assert_eq!(sleeps(), "0,0\n");
    // One of the lines refuses it, so neither gets it.
    assert_eq!(
        module.set_parameter("work_sleep_us", b"5"),
        Err(Errno::EBUSY)
    );
    assert_eq!(
        module.set_parameter("work_sleep_us", b"0,7"),
        Err(Errno::EBUSY)
    );
    assert_eq!(sleeps(), "0,0\n");
    // A text that is not a value has another error.
    assert_eq!(restless.try_set("work_sleep_us", "x"), Err(Errno::EINVAL));
    assert_eq!(
        restless.try_set("work_sleep_us", "5000001"),
        Err(Errno::ERANGE)
    );
    module.set_parameter("work_sleep_us", b"5,0").unwrap();
    for flavor in Flavor::ALL.iter().filter(|flavor| !flavor.may_sleep()) {
        let outcome = sleepy.try_set("workqueue", flavor.name());
        assert_eq!(outcome, Err(Errno::EBUSY), "{flavor:?}");
        let outcome = module.set_parameter("workqueue", flavor.name().as_bytes());
        assert_eq!(outcome, Err(Errno::EBUSY), "{flavor:?}");
    }
    assert_eq!((flavors(), sleeps()), ("bound,bh\n".into(), "5,0\n".into()));
    // It is the same without a driver.
    sleepy.unbind();
    assert_eq!(sleepy.try_set("workqueue", "bh"), Err(Errno::EBUSY));
    sleepy.set("work_sleep_us", "0");
    sleepy.set("workqueue", "bh");
    assert_eq!(sleepy.try_set("work_sleep_us", "5"), Err(Errno::EBUSY));
    sleepy.bind();
    sleepy.wait_for("drained", 10);
    let message = log_lines("cannot be combined with").pop().unwrap();
    assert!(message.contains("line "), "{message}");
    module.verify();
}

#[test]
fn two_writers_cannot_make_a_refused_pair_together() {
    let module = Simrupt::load("rate_hz=2000 run=always workqueue=bound");
    let line = module.line(0);
    let barrier = Barrier::new(2);
    for round in 0..200 {
        let write = |knob, value| {
            barrier.wait();
            line.try_set(knob, value)
        };
        let outcomes = thread::scope(|scope| {
            let one = scope.spawn(|| write("workqueue", RESTLESS));
            let other = scope.spawn(|| write("work_sleep_us", "100"));
            [one.join().unwrap(), other.join().unwrap()]
        });
        let (flavor, sleep) = (line.get("workqueue"), line.get("work_sleep_us"));
        match outcomes {
            [Ok(()), Err(Errno::EBUSY)] => assert_eq!((&*flavor, &*sleep), (RESTLESS, "0")),
            [Err(Errno::EBUSY), Ok(())] => assert_eq!((&*flavor, &*sleep), ("bound", "100")),
            _ => panic!("round {round}: {outcomes:?}, {flavor} {sleep}"),
        }
        line.set("work_sleep_us", "0");
        line.set("workqueue", "bound");
    }
    line.silence();
    module.verify();
}

/// Runs simructl, which must succeed; returns its output.
fn told(args: &[&str]) -> String {
    let output = simructl(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs simructl, which must fail; returns its message.
fn failed(args: &[&str]) -> String {
    let output = simructl(args);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn simructl_names_the_obstacle_and_finds_the_order() {
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always workqueue=bound,bh");
    let state = || {
        let parameters = ["workqueue", "work_sleep_us"].map(|name| module.parameter(name));
        parameters.map(|text| text.trim_end().to_owned())
    };
    let message = failed(&["--line", "1", "set", "work_sleep_us=5"]);
    for part in [
        "work_sleep_us to 5",
        "line 1 has workqueue=bh",
        "must not sleep",
        "try: workqueue=bound",
    ] {
        assert!(message.contains(part), "{message}");
    }
    // Line 0 would take it.
    let message = failed(&["set", "work_sleep_us=5"]);
    assert!(
        message.contains("what was already written is undone"),
        "{message}"
    );
    assert_eq!(state(), ["bound,bh", "0,0"]);
    let message = failed(&["set", "work_sleep_us=5", "workqueue=none"]);
    assert!(message.contains("must not sleep"), "{message}");
    assert_eq!(state(), ["bound,bh", "0,0"]);
    // There and back, in any order of the settings.
    for (settings, then) in [
        (
            ["work_sleep_us=5", "workqueue=bound"],
            ["bound,bound", "5,5"],
        ),
        (["workqueue=bh", "work_sleep_us=0"], ["bh,bh", "0,0"]),
        (
            ["workqueue=ordered", "work_sleep_us=7"],
            ["ordered,ordered", "7,7"],
        ),
        (["work_sleep_us=0", "workqueue=none"], ["none,none", "0,0"]),
    ] {
        told(&["set", settings[0], settings[1]]);
        assert_eq!(state(), then);
    }

    let [sleepy, restless] = [
        "workqueue = \"bound\"\nwork_sleep_us = 5\n",
        "work_sleep_us = 0\nworkqueue = \"bh\"\n",
    ];
    for (name, text) in [
        ("one.toml", format!("[line0]\n{sleepy}[line1]\n{restless}")),
        (
            "other.toml",
            format!("[line0]\n{restless}[line1]\n{sleepy}"),
        ),
    ] {
        fs::write(format!("/tmp/{name}"), text).unwrap();
    }
    for (name, then) in [
        ("one", ["bound,bh", "5,0"]),
        ("other", ["bh,bound", "0,5"]),
        ("one", ["bound,bh", "5,0"]),
    ] {
        told(&["apply", &format!("/tmp/{name}.toml")]);
        assert_eq!(state(), then);
        told(&["reset"]);
        assert_eq!(state(), then);
    }
    fs::write(
        "/tmp/bad.toml",
        "[all]\nworkqueue = \"tasklet\"\nwork_sleep_us = 9\n",
    )
    .unwrap();
    let message = failed(&["apply", "/tmp/bad.toml"]);
    assert!(message.contains("must not sleep"), "{message}");
    assert_eq!(state(), ["bound,bh", "5,0"]);
    module.verify();
    drop(module);
    let message = failed(&["load", "workqueue=bh", "work_sleep_us=5"]);
    assert!(
        message.contains("workqueue=bh cannot be combined with work_sleep_us=5: ")
            && message.contains("try: work_sleep_us=0"),
        "{message}"
    );
}

/// A profile that shortens runs of seconds is put in force without waiting for them.
#[test]
fn a_profile_shortens_long_runs_first() {
    let module = Simrupt::load("rate_hz=1000 run=always workqueue=bound work_sleep_us=5000000");
    let line = module.line(0);
    line.wait_for("runs", 1);
    told(&["set", "fifo_size=64", "workqueue=none", "work_sleep_us=0"]);
    assert_eq!(line.get("workqueue"), "none");
    line.wait_for("drained", 10);
    module.verify();
}

/// All choices, and some numbers that represent the others.
fn values(knob: Knob) -> &'static [&'static str] {
    match (knob, knob.spec().values) {
        (_, Values::Choice(names)) => names,
        (Knob::RateHz, _) => &["0", "1000", "20000"],
        (Knob::JitterPct, _) => &["0", "50", "100"],
        (Knob::Burst, _) => &["1", "3", "64"],
        (Knob::ReplayLoop, _) => &["0", "1"],
        (Knob::CoalesceUs, _) => &["0", "300"],
        (Knob::CoalesceEvents, _) => &["1", "4", "4096"],
        (Knob::CoalesceAdaptive, _) => &["0", "1"],
        (Knob::WorkUs | Knob::WorkSleepUs, _) => &["0", "50", "1000"],
        (Knob::PollBudget, _) => &["0", "1", "64"],
        (Knob::WorkBytes, _) => &["0", "64", "65536"],
        _ => panic!("{knob:?} has no values here"),
    }
}

/// Asserts that events come, unless the device is off.
fn events_pass(line: Line, about: &str) {
    if line.get("rate_hz") == "0" {
        return;
    }
    let drained = line.stat("drained");
    eventually(&format!("events pass with {about}"), || {
        line.stat("drained") >= drained + 3
    });
}

#[test]
fn all_pairs_of_values_work_together_or_are_refused_by_the_table() {
    let module = Simrupt::load("rate_hz=4000 run=always");
    let line = module.line(0);
    line.set("schedule", &"200000\n".repeat(500));
    let (mut accepted, mut refused) = (0, 0);
    let lacking = lacking_flavors();
    // Those that are fixed at load have tests of their own.
    let knobs = SHAPE.iter().filter(|knob| knob.spec().live);
    let knobs: Vec<_> = knobs.collect();
    for (at, a) in knobs.iter().enumerate() {
        for b in &knobs[at + 1..] {
            let [a_name, b_name] = [a, b].map(|knob| knob.spec().name);
            let before = [a_name, b_name].map(|name| line.get(name));
            for a_value in values(**a) {
                for b_value in values(**b) {
                    if lacks(a_name, a_value) || lacks(b_name, b_value) {
                        continue;
                    }
                    let about = format!("{a_name}={a_value} {b_name}={b_value}");
                    line.set(a_name, a_value);
                    if line.refuses(b_name, b_value) {
                        assert_eq!(line.try_set(b_name, b_value), Err(Errno::EBUSY), "{about}");
                        assert_eq!(line.get(b_name), before[1], "{about}");
                        refused += 1;
                    } else {
                        line.set(b_name, b_value);
                        accepted += 1;
                    }
                    assert_eq!(line.get(a_name), *a_value, "{about}");
                    events_pass(line, &about);
                    line.set(b_name, &before[1]);
                    line.set(a_name, &before[0]);
                }
            }
            module.verify();
        }
    }
    // Each flavor that must not sleep, with each sleep.
    let restless = Flavor::ALL.iter().filter(|flavor| !flavor.may_sleep());
    let restless = restless.filter(|flavor| !lacking.contains(&flavor.name()));
    assert_eq!(refused, restless.count() * 2);
    assert!(accepted > 500, "{accepted}");
    assert_eq!(line.contexts("bottom_half")[3], 0);
    line.silence();
    module.verify();
}
