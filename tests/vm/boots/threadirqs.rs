// SPDX-License-Identifier: GPL-2.0-only

//! A kernel with threaded interrupts, by the parameter `threadirqs`. The top half is a thread, as with PREEMPT_RT, on
//! which these tests also run. Everything else is as on any other kernel.

use crate::{closed_loop, flavors, interrupts, runaway};
use simrupt_vm_tests::{Context, Simrupt, skip, watches_itself};
use std::fs;

/// How many threads serve this interrupt.
fn threads_of(irq: u32) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let names = processes.filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok());
    let prefix = format!("irq/{irq}-");
    names.filter(|name| name.starts_with(&prefix)).count()
}

#[test]
fn the_interrupt_has_a_thread_for_each_half() {
    let module = Simrupt::load("");
    assert_eq!(Context::of_top_half(), Context::Task);
    assert_eq!(threads_of(module.line(0).irq()), 2);
}

#[test]
fn every_flavor_runs_where_it_should() {
    flavors::every_flavor();
}

#[test]
fn every_flavor_closes_the_loop() {
    closed_loop::every_flavor_closes_the_loop();
}

#[test]
fn the_limit_is_kept_on_every_flavor_that_counts() {
    runaway::the_limit_is_kept_where_it_is_set();
}

#[test]
fn a_redirected_interrupts_use_of_its_cpu_counts() {
    runaway::a_redirected_interrupts_use_of_its_cpu_counts();
}

#[test]
fn the_machine_stays_usable() {
    runaway::long_bottom_halves_in_interrupts_and_softirqs_leave_the_machine_usable();
}

#[test]
fn edges_that_come_while_a_thread_is_at_work_are_handled() {
    if watches_itself() {
        // At this rate its interrupts leave no time for threads, and no limit is in force.
        return skip("200,000 edges per second are too many for a kernel that checks itself");
    }
    interrupts::edges_that_come_while_a_thread_is_at_work_are_handled();
}
