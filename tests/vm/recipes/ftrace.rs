// SPDX-License-Identifier: GPL-2.0-only

//! tools/ftrace.

use super::{printed, refused};
use simrupt_vm_tests::{Context, Simrupt};
use std::{fs, path::Path};

/// Asserts that each of these is in the text, after the one before it.
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("no '{part}' where it should be:\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn one_interrupt_is_shown_as_a_graph_of_calls() {
    let _module = Simrupt::load("lines=2 rate_hz=100 trigger=always workqueue=unbound,bh");
    let graph = printed("ftrace/one-interrupt", &[]);
    assert_eq!(graph.matches("irq_handler_entry").count(), 1, "{graph}");
    let raised = [
        "hrtimer_interrupt() {",
        "/* emit: line=0 ",
        "handle_edge_irq() {",
        "__handle_irq_event_percpu() {",
        "irq_handler_entry: irq=",
        "name=simrupt0 ",
    ];
    assert_in_order(&graph, &raised);
    let graph_bh = printed("ftrace/one-interrupt", &["1"]);
    assert_in_order(&graph_bh, &["/* emit: line=1 ", "name=simrupt1 "]);
    // Elsewhere the top half is a thread, which the interrupt only wakes.
    if matches!(Context::of_top_half(), Context::Hardirq) {
        let queued = [
            "name=simrupt0 ",
            "/* irq: line=0 ",
            "queue_work_on() {",
            "workqueue=simrupt0-unbound ",
            "sched_waking: comm=kworker/u",
            "/* bh_queue: line=0 flavor=unbound ",
        ];
        assert_in_order(&graph, &queued);
        let queued = ["workqueue=simrupt1-bh ", "softirq_raise: ", "flavor=bh "];
        assert_in_order(&graph_bh, &queued);
    }
    let instances = "/sys/kernel/tracing/instances";
    assert_eq!(fs::read_dir(instances).unwrap().count(), 0);
}

#[test]
fn what_has_no_interrupt_is_said() {
    let module = Simrupt::load("rate_hz=0");
    let why = refused("ftrace/one-interrupt", &["0"]);
    assert!(why.contains("line 0 had no interrupts"), "{why}");
    let why = refused("ftrace/one-interrupt", &["9"]);
    assert!(why.contains("there is no line 9"), "{why}");
    let why = refused("ftrace/one-interrupt", &["first"]);
    assert!(why.contains("not 'first'"), "{why}");
    let why = refused("ftrace/load", &["/root/simrupt.ko"]);
    assert!(why.contains("is loaded already"), "{why}");
    drop(module);
}

#[test]
fn loading_working_and_unloading_are_shown_in_order() {
    let script = "ftrace/load";
    let rows = printed(
        script,
        &["/root/simrupt.ko", "workqueue=ordered", "rate_hz=1000"],
    );
    let steps = [
        "alloc_vmap_area:",
        "module_load:",
        "simrupt",
        "module_get:",
        "irq_handler_entry:",
        "name=simrupt0",
        "workqueue_queue_work:",
        "workqueue=simrupt0-ordered ",
        "workqueue_execute_start:",
        "workqueue_execute_end:",
        "module_free:",
        "free_vmap_area_noflush:",
    ];
    assert_in_order(&rows, &steps);
    let first = rows.find("irq_handler_entry").unwrap();
    assert!(rows.find("module_load").unwrap() < first, "{rows}");
    for (args, said) in [
        (&["/nowhere"][..], "there is no /nowhere"),
        (
            &["/root/simrupt.ko", "workqueue=nonsense"],
            "Invalid parameters",
        ),
        (&[], "usage: load"),
    ] {
        let why = refused(script, args);
        assert!(why.contains(said), "{why}");
    }
    assert!(!Path::new("/sys/module/simrupt").exists());
}
