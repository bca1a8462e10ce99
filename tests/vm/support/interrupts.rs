// SPDX-License-Identifier: GPL-2.0-only

//! /proc/interrupts and interrupt affinity.

use crate::module::{read, write};

/// How often each CPU took the interrupt whose action has this name, in the order of the header.
pub fn action_counts(action: &str) -> Vec<u64> {
    let text = read("/proc/interrupts");
    let cpus = text.lines().next().unwrap().split_whitespace().count();
    let row = text
        .lines()
        .find(|row| row.split_whitespace().last() == Some(action))
        .unwrap_or_else(|| panic!("no {action} in\n{text}"));
    row.split_whitespace()
        .skip(1)
        .take(cpus)
        .map(|count| count.parse().unwrap())
        .collect()
}

/// Lets only this CPU take the interrupt.
pub fn move_irq(irq: u32, cpu: usize) {
    let mask = format!("{:x}", 1 << cpu);
    write(&format!("/proc/irq/{irq}/smp_affinity"), mask.as_bytes()).expect("affinity can be set");
    let effective = read(&format!("/proc/irq/{irq}/effective_affinity"));
    assert_eq!(effective.trim_end().trim_start_matches('0'), mask);
}

/// Lets any CPU take the interrupt again.
pub fn let_all_cpus_take(irq: u32) {
    let all = read("/proc/irq/default_smp_affinity");
    let path = format!("/proc/irq/{irq}/smp_affinity");
    write(&path, all.trim_end().as_bytes()).expect("affinity can be set");
}
