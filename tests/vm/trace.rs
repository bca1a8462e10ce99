// SPDX-License-Identifier: GPL-2.0-only

//! `simructl trace`: each event's way, hop by hop, and nothing left behind.

use nix::sys::signal::Signal;
use serde_json::Value;
use simrupt_vm_tests::{
    Context, Reader, Simrupt, end, eventually, flavors, simructl, start_simructl,
};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Child, Output},
};

const INSTANCES: &str = "/sys/kernel/tracing/instances";

/// The trace instances of simructl.
fn instances() -> Vec<String> {
    let names = fs::read_dir(INSTANCES).expect("tracefs is mounted");
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("simructl-")).collect()
}

/// What a trace has printed, a document a row.
fn documents(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let documents = text.lines().map(|row| serde_json::from_str(row).unwrap());
    documents.collect()
}

/// The names of the hops of a journey.
fn hops(journey: &Value) -> Vec<&str> {
    let hops = journey["hops"].as_array().unwrap();
    hops.iter()
        .map(|hop| hop["hop"].as_str().unwrap())
        .collect()
}

fn hop<'a>(journey: &'a Value, name: &str) -> &'a Value {
    let mut hops = journey["hops"].as_array().unwrap().iter();
    hops.find(|hop| hop["hop"] == name)
        .unwrap_or_else(|| panic!("no {name}: {journey}"))
}

#[test]
fn each_event_comes_by_every_hop_on_every_flavor() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = module.line(0);
    let reader = Reader::start(line, 64);
    for flavor in flavors() {
        line.set("workqueue", flavor);
        let journeys = documents(&simructl(&["trace", "-n", "20", "--json"]));
        assert_eq!(journeys.len(), 20);
        for journey in &journeys {
            assert_eq!(journey["whole"], true, "{journey}");
            let names: BTreeSet<_> = hops(journey).into_iter().collect();
            for name in ["emit", "irq", "queue", "run", "done", "wake", "read"] {
                assert!(names.contains(name), "{flavor}: {journey}");
            }
            let times = journey["hops"].as_array().unwrap().iter();
            let times: Vec<_> = times.map(|hop| hop["ns"].as_u64().unwrap()).collect();
            assert!(times.is_sorted(), "{journey}");
            assert!(journey["due_ns"].as_u64().unwrap() <= times[0], "{journey}");
            assert_eq!(hop(journey, "emit")["context"], "hardirq");
            assert_eq!(hop(journey, "read")["context"], "task");
            assert_eq!(hop(journey, "run")["detail"], flavor);
        }
        if flavor == "bound" {
            assert_eq!(hop(&journeys[0], "run")["context"], "task");
        }
        if flavor == "bh" && Context::of_top_half() == Context::Hardirq {
            assert_eq!(hop(&journeys[0], "run")["context"], "softirq");
        }
        assert_eq!(instances(), [""; 0]);
    }
    reader.stop();
    module.verify();
}

#[test]
fn one_line_is_traced_when_one_is_meant() {
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always");
    let readers = [0, 1].map(|line| Reader::start(module.line(line), 64));
    let journeys = documents(&simructl(&["trace", "--line", "1", "-n", "10", "--json"]));
    assert_eq!(journeys.len(), 10);
    assert!(journeys.iter().all(|journey| journey["line"] == 1));
    for reader in readers {
        reader.stop();
    }
}

#[test]
fn losses_and_knobs_are_told() {
    let module = Simrupt::load("rate_hz=0 run=always fifo_size=16 fifo_policy=drop");
    let child = traced(&["--json"]);
    let line = module.line(0);
    line.set("rate_hz", "1000");
    line.wait_for("dropped", 10);
    line.set("rate_hz", "0");
    let output = end(child, Signal::SIGTERM);
    let documents = documents(&output);
    let lost = documents.iter().filter(|journey| {
        let is_lost = journey["whole"] == true;
        is_lost && hop(journey, "lost")["detail"] == "dropped"
    });
    assert!(lost.count() >= 10, "{output:?}");
    let mut rates = documents
        .iter()
        .filter(|document| document["knob"] == "rate_hz");
    assert_eq!(rates.next().unwrap()["value"], 1000);
    assert_eq!(rates.next().unwrap()["value"], 0);
    // What nobody has read is shown as it is, in the end.
    for journey in documents.iter().rev().take(16) {
        assert_eq!(journey["whole"], false, "{journey}");
        assert_eq!(hops(journey).last(), Some(&"wake"), "{journey}");
    }
}

/// A trace without an end, once it has begun.
fn traced(options: &[&str]) -> Child {
    let child = start_simructl(&[&["trace"], options].concat());
    let enable = format!("{INSTANCES}/simructl-{}/events/simrupt/enable", child.id());
    eventually("the trace has begun", || {
        fs::read_to_string(&enable).is_ok_and(|text| text.trim() == "1")
    });
    child
}

#[test]
fn ctrl_c_ends_it_in_good_order() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let reader = Reader::start(module.line(0), 64);
    let child = traced(&[]);
    let read = module.line(0).stat("read");
    eventually("events are traced", || {
        module.line(0).stat("read") > read + 20
    });
    let output = end(child, Signal::SIGINT);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("     since due"), "{text}");
    assert!(text.matches("line 0 event ").count() >= 20, "{text}");
    assert_eq!(instances(), [""; 0]);
    reader.stop();
}

#[test]
fn what_a_killed_trace_has_left_the_next_one_removes() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let child = traced(&[]);
    let id = child.id();
    end(child, Signal::SIGKILL);
    assert_eq!(instances(), [format!("simructl-{id}")]);
    // A trace of somebody else's that is still at work is left alone.
    let other = traced(&[]);
    let mine = format!("simructl-{}", other.id());
    assert_eq!(instances(), [mine]);
    assert!(simructl(&["trace", "--for", "50ms"]).status.success());
    assert_eq!(instances().len(), 1);
    assert!(end(other, Signal::SIGINT).status.success());
    assert_eq!(instances(), [""; 0]);
    drop(module);
}

#[test]
fn what_is_kept_tells_the_same_again() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let reader = Reader::start(module.line(0), 64);
    let [raw, diagram] = ["/tmp/trace.txt", "/tmp/trace.pftrace"];
    let options = ["trace", "--for", "100ms", "--json", "--out", raw];
    let live = simructl(&options);
    reader.stop();
    assert!(documents(&live).len() >= 20);
    drop(module);
    // Without the module, too.
    let again = simructl(&["trace", "--from", raw, "--json", "--perfetto", diagram]);
    assert_eq!(documents(&live), documents(&again));
    assert!(fs::metadata(Path::new(diagram)).unwrap().len() > 1000);
}

#[test]
fn a_silent_trace_says_what_is_missing() {
    let module = Simrupt::load("lines=2 rate_hz=200,0");
    let output = simructl(&["trace", "--for", "3s"]);
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{output:?}"
    );
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        told,
        "simructl: no event to show yet: line 1: rate_hz is 0; line 0: nobody has its device open\n  \
         try: simructl set rate_hz=100 --line 1\n"
    );
    // With a reader that does not read.
    let device = module.line(0).open();
    let output = simructl(&["trace", "--for", "3s", "--line", "0", "--json"]);
    drop(device);
    let told: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(told["why"], "line 0: nobody reads its device");
    assert_eq!(told["code"], 0);
    // With one that does, there is nothing to say.
    let reader = Reader::start(module.line(0), 64);
    let output = simructl(&["trace", "--for", "2s", "--line", "0-1"]);
    assert!(
        output.stderr.is_empty() && !output.stdout.is_empty(),
        "{output:?}"
    );
    reader.stop();
}

#[test]
fn the_trace_itself_can_go_to_standard_output() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let reader = Reader::start(module.line(0), 64);
    let output = simructl(&["trace", "--for", "200ms", "--out", "-"]);
    reader.stop();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(" simrupt_emit: line=0 "), "{text}");
    assert!(!text.contains("since due"), "{text}");
}

#[test]
fn without_the_module_it_says_so() {
    let output = simructl(&["trace"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("the module is not loaded"), "{told}");
}

#[test]
fn one_event_is_explained_as_it_happens() {
    let module = Simrupt::load("lines=2 rate_hz=500");
    let line = module.line(1);
    let of_top_half = match Context::of_top_half() {
        Context::Hardirq => "hardirq",
        Context::Softirq | Context::Task => "task",
    };
    for (flavor, context) in [
        ("bh", "softirq"),
        ("unbound", "task"),
        ("irq-thread", "task"),
        ("none", of_top_half),
    ] {
        line.set("workqueue", flavor);
        let output = simructl(&["explain", "--line", "1", "--json"]);
        assert!(output.status.success(), "{output:?}");
        let lesson: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&lesson["line"], &lesson["whole"]),
            (&1.into(), &true.into())
        );
        assert_eq!(
            hop(&lesson, "run")["context"],
            context,
            "{flavor}: {lesson}"
        );
        let steps = lesson["steps"].as_array().unwrap();
        let read = steps.last().unwrap();
        assert_eq!(read["hop"], "read");
        assert!(
            read["text"].as_str().unwrap().contains("simructl-"),
            "{read}"
        );
    }
    let text = String::from_utf8(simructl(&["explain"]).stdout).unwrap();
    assert!(
        text.contains("Top half") && text.contains("may not: sleep"),
        "{text}"
    );
    // An event that a poll has found has no interrupt of its own; its story is whole all the same.
    for name in ["bh", "unbound"] {
        line.set("workqueue", name);
        line.set("poll_budget", "1");
        line.set("work_us", "2500");
        let output = simructl(&["explain", "--line", "1", "--json"]);
        assert!(output.status.success(), "{output:?}");
        let lesson: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(lesson["whole"], true, "{name}: {lesson}");
        line.set("work_us", "0");
        line.set("poll_budget", "0");
    }
    assert!(instances().is_empty());
    // Without an event it says so, and leaves nothing behind.
    line.set("rate_hz", "0");
    let output = simructl(&["explain", "--line", "1", "--patience", "500ms"]);
    assert_eq!(output.status.code(), Some(1));
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(why.contains("in 500ms; rate_hz is 0"), "{why}");
    assert!(instances().is_empty());
    // After a second it says what is missing, and goes on.
    line.set("rate_hz", "500");
    line.set("masked", "1");
    let output = simructl(&["explain", "--line", "1", "--patience", "3s"]);
    line.set("masked", "0");
    assert_eq!(output.status.code(), Some(1));
    let why = String::from_utf8(output.stderr).unwrap();
    let begin = "simructl: no event to explain yet: line 1: its interrupt is masked\n  \
                 try: simructl set masked=0 --line 1\n";
    assert!(why.starts_with(begin), "{why}");
    assert!(why.contains("in 3s; its interrupt is masked"), "{why}");
}
