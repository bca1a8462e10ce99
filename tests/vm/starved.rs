// SPDX-License-Identifier: GPL-2.0-only

//! A line whose bottom half does not get a CPU, and the effect on others.

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use simrupt_vm_tests::{
    ABOVE_INTERRUPTS, Context, Hog, Simrupt, eventually, move_irq, simructl, start_simructl,
    stay_on_cpu,
};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// The CPU that is taken away.
const CPU: usize = 1;

/// Waits until a process is in a wait that only its end or a fatal signal can interrupt.
fn eventually_waits(pid: u32) {
    eventually("the change waits", || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit(") ").next().unwrap().starts_with('D')
    });
}

/// Lines 0 and 1. The bottom half of line 0 is requested, and cannot run before the hog ends.
fn starved() -> (Simrupt, Hog) {
    // The test itself, and programs that it starts, must not wait for the hog.
    stay_on_cpu(0);
    let module = Simrupt::load("lines=2 rate_hz=100 run=always workqueue=irq-thread,bh");
    let line = module.line(0);
    move_irq(line.irq(), CPU);
    let wanted = line.stat("handled") + 3;
    line.wait_for("handled", wanted);
    let hog = Hog::take(CPU, ABOVE_INTERRUPTS);
    // If the top half is a thread, it is starved as well.
    let goes_on = match Context::of_top_half() {
        Context::Task => "events",
        _ => "handled",
    };
    eventually("the bottom half is starved", || {
        let before = line.stats();
        thread::sleep(Duration::from_millis(30));
        let after = line.stats();
        after["runs"] == before["runs"] && after[goes_on] >= before[goes_on] + 2
    });
    (module, hog)
}

#[test]
fn it_delays_neither_changes_of_another_line_nor_reads() {
    let (module, hog) = starved();
    let change = start_simructl(&["set-wq", "unbound", "--line", "0"]);
    eventually_waits(change.id());
    // If it waited for the line, it would take seconds.
    let begun = Instant::now();
    let [line, other] = [0, 1].map(|index| module.line(index));
    assert!(other.stat("events") > 0 && line.stat("events") > 0);
    other.set("rate_hz", "200");
    other.set("workqueue", "bound");
    other.unbind();
    other.bind();
    assert!(
        fs::read_to_string(line.path("latency"))
            .unwrap()
            .contains("due_irq")
    );
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    drop(hog);
    assert!(change.wait_with_output().unwrap().status.success());
    assert_eq!(line.get("workqueue"), "unbound");
    module.verify();
}

#[test]
fn a_change_of_it_gives_up_and_says_which_line() {
    let (module, hog) = starved();
    let line = module.line(0);
    // At the same time, because a busy CPU is slow to emulate.
    let set_size = thread::spawn(move || line.try_set("fifo_size", "64"));
    let output = simructl(&["set-wq", "unbound", "--line", "0"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{output:?}");
    assert!(said.contains("line 0") || said.contains("line0"), "{said}");
    assert_eq!(set_size.join().unwrap(), Err(Errno::ETIMEDOUT));
    assert_eq!(line.get("workqueue"), "irq-thread");
    assert_ne!(line.get("fifo_size"), "64");
    drop(hog);
    let runs = line.stat("runs");
    line.wait_for("runs", runs + 1);
    line.set("workqueue", "unbound");
    module.verify();
}

#[test]
fn a_process_that_waits_for_it_can_be_killed() {
    let (module, hog) = starved();
    let change = start_simructl(&["set-wq", "unbound", "--line", "0"]);
    eventually_waits(change.id());
    let other = start_simructl(&["set-wq", "bh", "--line", "0"]);
    eventually_waits(other.id());
    for child in [other, change] {
        kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).unwrap();
        let begun = Instant::now();
        child.wait_with_output().unwrap();
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
    }
    assert_eq!(module.line(0).get("workqueue"), "irq-thread");
    drop(hog);
    module.verify();
}
