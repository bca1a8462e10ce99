// SPDX-License-Identifier: GPL-2.0-only

//! The line as a real interrupt: /proc/interrupts and smp_affinity.

use simrupt_vm_tests::{
    Context, KernelThreads, Simrupt, action_counts, enough, eventually, log_lines, move_irq,
};
use std::io::Read;

#[test]
fn every_line_counts_in_proc_interrupts() {
    let module = Simrupt::load("lines=2 rate_hz=1000");
    let line = module.line(1);
    line.open().read_exact(&mut [0; 500]).unwrap();
    line.silence();
    assert_eq!(
        action_counts("simrupt1").iter().sum::<u64>(),
        line.stat("handled")
    );
    assert_eq!(action_counts("simrupt0").iter().sum::<u64>(), 0);
    let row = std::fs::read_to_string("/proc/interrupts").unwrap();
    let row = row.lines().find(|row| row.ends_with("simrupt1")).unwrap();
    let start = format!("{}:", line.irq());
    assert!(row.trim_start().starts_with(&start), "{row}");
    // The chip, the line's number there, and the trigger: "simrupt 1-edge", or "simrupt 1 Edge -edge".
    let (_, of_chip) = row.split_once(" simrupt ").expect("the chip's name");
    assert!(
        of_chip.trim_start().starts_with('1') && row.contains("-edge"),
        "{row}"
    );
}

/// An interrupt that is redirected to an idle CPU may find it polling for work. Then the kernel sends no interrupt, and
/// the idle task itself would run the handler. With several rates, some events meet the CPU at that moment.
#[test]
fn a_redirected_interrupt_is_a_hardirq_whatever_the_cpu_is_doing() {
    let module = Simrupt::load("rate_hz=5000");
    let line = module.line(0);
    let mut file = line.open();
    for rate_hz in ["4999", "4001", "3301", "5003"] {
        line.set("rate_hz", rate_hz);
        for cpu in [0, 1] {
            move_irq(line.irq(), cpu);
            let mut bytes = vec![0; enough(2000) as usize];
            file.read_exact(&mut bytes).unwrap();
        }
    }
    line.assert_ran_in("device", Context::Hardirq);
    line.assert_ran_in("top_half", Context::of_top_half());
    drop(file);
    module.verify();
}

#[test]
fn affinity_moves_the_interrupt_and_moves_it_back() {
    let module = Simrupt::load("rate_hz=5000");
    let line = module.line(0);
    let mut file = line.open();
    for cpu in [1, 0, 1] {
        move_irq(line.irq(), cpu);
        // An interrupt that was under way when the affinity changed may still arrive at the old CPU.
        file.read_exact(&mut [0; 50]).unwrap();
        let before = action_counts("simrupt0");
        file.read_exact(&mut [0; 1000]).unwrap();
        let after = action_counts("simrupt0");
        assert_eq!(after[1 - cpu], before[1 - cpu], "the other CPU took some");
        assert!(after[cpu] >= before[cpu] + 500, "{before:?} {after:?}");
    }
    drop(file);
    module.verify();
    assert_eq!(line.contexts("top_half")[3], 0);
}

/// More edges than the kernel tolerates unhandled, while the thread that handles them is busy for 10 ms at a time.
#[test]
pub(crate) fn edges_that_come_while_a_thread_is_at_work_are_handled() {
    // Otherwise a sleep here may not end, because the thread runs on one CPU all the time.
    let _kernel_threads = KernelThreads::go_before_others();
    for flavor in ["irq-thread", "none"] {
        // In an interrupt, such runs leave no time for anything else.
        if flavor == "none" && Context::of_top_half() == Context::Hardirq {
            continue;
        }
        let complaints = || log_lines("nobody cared");
        let before = complaints();
        let module = Simrupt::load(&format!(
            "rate_hz=200000 run=always workqueue={flavor} work_us=10000 cpu_limit_pct=100"
        ));
        let line = module.line(0);
        eventually("many edges come", || line.stat("raised") > 150_000);
        assert_eq!(complaints(), before, "{flavor}");
        line.wait_for("handled", 1000);
        line.set("work_us", "0");
        line.silence();
        module.verify();
        let stats = line.stats();
        assert!(stats["already_pending"] > 100 * stats["runs"], "{stats:?}");
    }
}
