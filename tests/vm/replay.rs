// SPDX-License-Identifier: GPL-2.0-only

//! Arrivals in files: `simructl record` has each interrupt, and leaves nothing behind.

use nix::sys::signal::Signal;
use simrupt::arrivals::Arrivals;
use simrupt_vm_tests::{Simrupt, action_counts, end, eventually, simructl, start_simructl};
use std::{fs, path::Path, process::Output};

const INSTANCES: &str = "/sys/kernel/tracing/instances";
const FILE: &str = "/tmp/test.arrivals";

/// What a command printed, which must have gone well.
#[track_caller]
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn arrivals(path: &str) -> Arrivals {
    Arrivals::read(Path::new(path)).unwrap_or_else(|failure| panic!("{failure}"))
}

fn assert_no_instance() {
    let names = fs::read_dir(INSTANCES).expect("tracefs is mounted");
    let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.find(|name| name.starts_with("simructl-")), None);
}

#[test]
fn a_recording_has_each_interrupt_and_their_gaps() {
    let module = Simrupt::load("lines=2 rate_hz=0 run=always");
    let [line, other] = [0, 1].map(|index| module.line(index));
    let irq = line.irq().to_string();
    let child = start_simructl(&["record", "--irq", &irq, "--out", FILE]);
    let on = format!("{INSTANCES}/simructl-{}/tracing_on", child.id());
    let event = format!(
        "{INSTANCES}/simructl-{}/events/irq/irq_handler_entry/enable",
        child.id()
    );
    eventually("it records", || {
        let is = |path: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == "1");
        is(&event) && is(&on)
    });
    let before: u64 = action_counts("simrupt0").iter().sum();
    // Only one of them is recorded.
    other.set("rate_hz", "3000");
    line.set("rate_hz", "1000");
    line.wait_for("handled", 500);
    line.silence();
    other.silence();
    let count = action_counts("simrupt0").iter().sum::<u64>() - before;
    let output = end(child, Signal::SIGINT);
    let text = printed(&output);
    let begin = format!("irq {irq} (simrupt0): {count} arrivals in ");
    assert!(text.starts_with(&begin), "{text}");
    let recorded = arrivals(FILE);
    assert_eq!(recorded.gaps_ns.len() as u64, count);
    let about = |key: &str| {
        let mut rows = recorded.about.iter();
        rows.find(|(one, _)| one == key)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(
        about("source"),
        Some(format!("irq {irq} (simrupt0)").as_str())
    );
    assert!(about("kernel").is_some() && about("recorded").is_some());
    assert_eq!(recorded.lost(), 0);
    // The mean does not depend on how late single interrupts were.
    let rest = &recorded.gaps_ns[1..];
    let mean_ns = rest.iter().sum::<u64>() / rest.len() as u64;
    assert!((990_000..=1_010_000).contains(&mean_ns), "{mean_ns}");
    assert_no_instance();
}

#[test]
fn a_recording_ends_by_itself_and_nothing_is_written_without_an_arrival() {
    let module = Simrupt::load("rate_hz=2000 run=always");
    let line = module.line(0);
    let output = simructl(&["record", "-n", "100", "--out", FILE]);
    let text = printed(&output);
    assert!(text.contains("(simrupt0): 100 arrivals in "), "{text}");
    assert_eq!(arrivals(FILE).gaps_ns.len(), 100);
    let output = simructl(&["record", "--for", "0.25", "--out", "-"]);
    let recorded = Arrivals::parse(output.stdout.as_slice(), "stdout").unwrap();
    let count = recorded.gaps_ns.len();
    assert!((300..=700).contains(&count), "{count}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains(&format!("(simrupt0): {count} arrivals in ")),
        "{told}"
    );

    line.silence();
    let before = fs::read_to_string(FILE).unwrap();
    let output = simructl(&["record", "--for", "50ms", "--out", FILE]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("it did not come within 0.0"), "{told}");
    assert_eq!(fs::read_to_string(FILE).unwrap(), before);
    assert_no_instance();
}
