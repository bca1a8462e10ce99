// SPDX-License-Identifier: GPL-2.0-only

//! CPUs that go offline, and come back, under the device's timer, its interrupt and its bottom half.

use nix::errno::Errno;
use simrupt_vm_tests::{
    Context, Offline, Reader, Simrupt, enough, flavors, is_brief, let_all_cpus_take, move_irq,
    read_fresh_records, settle, skip, try_load, were_taken_on,
};

/// Takes the CPU of the timer, the interrupt, and so also the bottom half, offline and brings it back.
fn all_on_a_cpu_that_goes(params: &str) {
    let module = Simrupt::load(&format!("format=record cpu=1 {params}"));
    let line = module.line(0);
    let reader = Reader::start(line, 64 * 1024);
    let rounds = if is_brief() { 1 } else { 3 };
    for _ in 0..rounds {
        move_irq(line.irq(), 1);
        // After the knob is written again, the timer returns to its CPU.
        line.set("cpu", "1");
        line.wait_for("drained", 50);
        let offline = Offline::take(1);
        line.wait_for("drained", 50);
        drop(offline);
        line.wait_for("drained", 50);
    }
    assert_eq!(line.stat("overrun"), 0, "{params}");
    settle(&module, line, reader);
}

#[test]
fn a_cpu_that_goes_takes_no_event_with_it_on_any_flavor() {
    for flavor in flavors() {
        all_on_a_cpu_that_goes(&format!("rate_hz={} workqueue={flavor}", enough(2000)));
    }
}

#[test]
fn a_cpu_that_goes_does_not_break_a_closed_loop() {
    for flavor in ["bound", "unbound", "bh", "tasklet", "irq-thread"] {
        all_on_a_cpu_that_goes(&format!("pattern=closed rate_hz=1 workqueue={flavor}"));
    }
}

#[test]
fn a_cpu_that_goes_does_not_break_a_closed_loop_without_a_limit() {
    if Context::of_top_half() == Context::Task {
        return skip("in an interrupt's threads, such a loop leaves RCU no time");
    }
    all_on_a_cpu_that_goes("pattern=closed rate_hz=1 workqueue=bh cpu_limit_pct=100");
}

#[test]
fn a_cpu_can_go_in_the_middle_of_stress() {
    for stress in ["irqs-off", "preempt-off", "softirq"] {
        all_on_a_cpu_that_goes(&format!(
            "rate_hz=2000 stress={stress} stress_us=500 stress_hz=1000"
        ));
    }
}

#[test]
fn only_the_bottom_halfs_cpu_goes() {
    for flavor in ["bound", "bh", "tasklet", "irq-thread"] {
        let module = Simrupt::load(&format!(
            "format=record cpu=0 rate_hz=2000 workqueue={flavor}"
        ));
        let line = module.line(0);
        let reader = Reader::start(line, 64 * 1024);
        for _ in 0..3 {
            move_irq(line.irq(), 1);
            line.wait_for("drained", 50);
            let offline = Offline::take(1);
            line.wait_for("drained", 50);
            drop(offline);
        }
        settle(&module, line, reader);
    }
}

#[test]
fn an_offline_cpu_is_refused_and_one_that_goes_later_is_left() {
    let offline = Offline::take(1);
    assert_eq!(try_load("cpu=1"), Err(Errno::ENXIO));
    let module = Simrupt::load("format=record rate_hz=2000 cpu=0");
    let line = module.line(0);
    assert_eq!(line.try_set("cpu", "1"), Err(Errno::ENXIO));
    assert_eq!(module.set_parameter("cpu", b"1"), Err(Errno::ENXIO));
    assert_eq!(line.get("cpu"), "0");
    drop(offline);

    line.set("cpu", "1");
    let mut file = line.open();
    let offline = Offline::take(1);
    let records = read_fresh_records(line, &mut file, 100);
    assert!(were_taken_on(0, &records));
    // The knob has the wanted CPU, which is offline; restarting the timer uses an online one.
    assert_eq!(line.get("cpu"), "1");
    line.set("rate_hz", "3000");
    read_fresh_records(line, &mut file, 100);
    drop(file);

    // Binding works, too: the value was good when it was set.
    line.unbind();
    line.bind();
    let mut file = line.open();
    let records = read_fresh_records(line, &mut file, 100);
    assert!(were_taken_on(0, &records));

    // The timer does not return by itself. The interrupt does not either, which would hide this.
    drop(offline);
    let_all_cpus_take(line.irq());
    let records = read_fresh_records(line, &mut file, 100);
    assert!(were_taken_on(0, &records));
    line.set("cpu", "1");
    let records = read_fresh_records(line, &mut file, 100);
    assert!(were_taken_on(1, &records));
    drop(file);
    module.verify();
}
