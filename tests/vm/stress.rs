// SPDX-License-Identifier: GPL-2.0-only

//! Interference: each kind takes the CPU in its context, and releases it.

use simrupt_vm_tests::{Context, Line, Simrupt, eventually, is_real_time, move_irq, skip};

/// The longest wait of an event for a stage, in nanoseconds.
fn longest_ns(line: Line, stage: &str) -> u64 {
    line.stage(stage).figure("max_ns")
}

/// The longest waits for top half and bottom half, on one CPU under interference of 10 ms, 40 times per second.
fn longest_under(stress: &str, flavor: &str) -> (u64, u64) {
    let module = Simrupt::load(&format!(
        "rate_hz=1000 pattern=uniform jitter_pct=100 run=always cpu=0 workqueue={flavor} \
         stress_us=10000 stress_hz=40 cpu_limit_pct=100"
    ));
    let line = module.line(0);
    // The thread of an interrupt would move to another CPU.
    move_irq(line.irq(), 0);
    line.set("stress", stress);
    line.set("reset", "1");
    eventually("events arrive", || line.stat("drained") >= 400);
    line.set("stress", "none");
    line.silence();
    module.verify();
    (longest_ns(line, "due_irq"), longest_ns(line, "irq_bh"))
}

#[test]
fn with_interrupts_off_the_top_half_waits() {
    let (irq_ns, _) = longest_under("irqs-off", "bh");
    assert!(irq_ns > 5_000_000, "{irq_ns}");
}

/// On a kernel with PREEMPT_RT, the top half is a thread, too.
#[test]
fn with_preemption_off_only_threads_wait() {
    for flavor in ["bound", "bh"] {
        let (irq_ns, bh_ns) = longest_under("preempt-off", flavor);
        if Context::of_top_half() == Context::Task {
            assert!(irq_ns > 5_000_000, "{flavor} {irq_ns} {bh_ns}");
        } else {
            let waits = flavor == "bound";
            assert!(irq_ns < 5_000_000, "{flavor} {irq_ns} {bh_ns}");
            assert_eq!(bh_ns > 5_000_000, waits, "{flavor} {irq_ns} {bh_ns}");
        }
    }
}

#[test]
fn in_softirq_other_softirqs_wait_too() {
    if is_real_time() {
        return skip("on PREEMPT_RT softirqs run in threads that preempt one another");
    }
    for flavor in ["bound", "bh"] {
        let (irq_ns, bh_ns) = longest_under("softirq", flavor);
        assert!(irq_ns < 5_000_000, "{flavor} {irq_ns} {bh_ns}");
        assert!(bh_ns > 5_000_000, "{flavor} {irq_ns} {bh_ns}");
    }
}

#[test]
fn interference_takes_half_of_the_cpu_at_most() {
    let module =
        Simrupt::load("stress=irqs-off stress_us=10000 stress_hz=10000 rate_hz=100 run=always");
    let line = module.line(0);
    eventually("events arrive all the same", || line.stat("drained") >= 20);
    for stress in ["preempt-off", "softirq"] {
        line.set("stress", stress);
        let drained = line.stat("drained");
        eventually("events arrive all the same", || {
            line.stat("drained") >= drained + 20
        });
    }
    // It is unloaded during the interference.
    drop(module);
}
