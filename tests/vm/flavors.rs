// SPDX-License-Identifier: GPL-2.0-only

//! Each flavor of workqueue: where it runs, and that nothing is lost on it.

use simrupt_vm_tests::{Reader, Simrupt, eventually};
use std::path::Path;

/// A second at 5,000 events/s with a reader: contexts right, books balanced, nothing lost.
fn runs_in(flavor: &str, softirq: bool) {
    let module = Simrupt::load(&format!("workqueue={flavor} rate_hz=5000"));
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    eventually("a second's events were read", || line.stat("read") >= 5000);
    module.verify();
    line.silence();
    let read = reader.stop();
    module.verify();

    let stats = line.stats();
    assert_eq!(stats["read"], read.len() as u64);
    assert_eq!(stats["events"], stats["read"]);
    assert_eq!(stats["raised"], stats["handled"] + stats["coalesced"]);
    assert_eq!(line.contexts("device")[1..], [0, 0, 0]);
    assert_eq!(line.contexts("top_half")[1..], [0, 0, 0]);
    let [hardirq, in_softirq, in_task, wrong] = line.contexts("bottom_half");
    assert_eq!((hardirq, wrong), (0, 0));
    assert_eq!(in_softirq + in_task, stats["runs"]);
    assert_eq!(if softirq { in_task } else { in_softirq }, 0);
    // Every character follows the one before.
    let next = |byte: u8| if byte == 0x7e { 0x20 } else { byte + 1 };
    assert!(read.windows(2).all(|pair| pair[1] == next(pair[0])));

    // Flavors that the kernel lets users tune have a folder in sysfs.
    let folder = format!("/sys/devices/virtual/workqueue/simrupt0-{flavor}");
    assert_eq!(Path::new(&folder).exists(), !softirq);
}

#[test]
fn bound_runs_in_task_context() {
    runs_in("bound", false);
}

#[test]
fn unbound_runs_in_task_context() {
    runs_in("unbound", false);
}

#[test]
fn bh_runs_in_softirq_context() {
    runs_in("bh", true);
}

#[test]
fn highpri_runs_in_task_context() {
    runs_in("highpri", false);
}

#[test]
fn unbound_highpri_runs_in_task_context() {
    runs_in("unbound-highpri", false);
}

#[test]
fn bh_highpri_runs_in_softirq_context() {
    runs_in("bh-highpri", true);
}

#[test]
fn cpu_intensive_runs_in_task_context() {
    runs_in("cpu-intensive", false);
}

#[test]
fn ordered_runs_in_task_context() {
    runs_in("ordered", false);
}
