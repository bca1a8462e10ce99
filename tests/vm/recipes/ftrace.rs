// SPDX-License-Identifier: GPL-2.0-only

//! tools/ftrace.

use super::{interrupted, printed, refused};
use simrupt_vm_tests::{Context, Simrupt, let_all_cpus_take, move_irq};
use std::{fs, path::Path};

/// Asserts that a recipe has left no tracing behind.
fn assert_nobody_traces() {
    let instances = "/sys/kernel/tracing/instances";
    assert_eq!(fs::read_dir(instances).unwrap().count(), 0);
    let current = fs::read_to_string("/sys/kernel/tracing/current_tracer").unwrap();
    assert_eq!(current, "nop\n");
    let events = fs::read_to_string("/sys/kernel/tracing/set_event").unwrap();
    assert_eq!(events, "");
}

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
    let _module = Simrupt::load("lines=2 rate_hz=100 run=always workqueue=unbound,bh");
    let graph = printed("ftrace/one-interrupt", &[]);
    assert_eq!(graph.matches("name=simrupt0 ").count(), 1, "{graph}");
    let raised = [
        "hrtimer_interrupt() {",
        "/* simrupt_emit: line=0 ",
        "handle_edge_irq() {",
        "__handle_irq_event_percpu() {",
        "irq_handler_entry: irq=",
        "name=simrupt0 ",
    ];
    assert_in_order(&graph, &raised);
    let graph_bh = printed("ftrace/one-interrupt", &["1"]);
    assert_in_order(&graph_bh, &["/* simrupt_emit: line=1 ", "name=simrupt1 "]);
    // On other kernels the top half is a thread, which the interrupt only wakes.
    if matches!(Context::of_top_half(), Context::Hardirq) {
        let queued = [
            "name=simrupt0 ",
            "/* simrupt_irq: line=0 ",
            "queue_work_on() {",
            "workqueue=simrupt0-unbound ",
            "sched_waking: comm=kworker/u",
            "/* simrupt_bh_queue: line=0 flavor=unbound ",
        ];
        assert_in_order(&graph, &queued);
        let queued = ["workqueue=simrupt1-bh ", "softirq_raise: ", "flavor=bh "];
        assert_in_order(&graph_bh, &queued);
    }
    assert_nobody_traces();
}

#[test]
fn an_interrupt_that_goes_to_another_cpu_is_shown_on_both() {
    let module = Simrupt::load("rate_hz=100 run=always workqueue=bh");
    let line = module.line(0);
    line.set("cpu", "0");
    move_irq(line.irq(), 1);
    let graph = printed("ftrace/one-interrupt", &[]);
    let_all_cpus_take(line.irq());
    let rows: Vec<_> = graph.lines().skip(1).collect();
    let there = rows.iter().position(|row| row.starts_with(" 1)"));
    let (here, there) = rows.split_at(there.expect("rows of CPU 1"));
    assert!(here.iter().all(|row| row.starts_with(" 0)")), "{graph}");
    assert!(there.iter().all(|row| row.starts_with(" 1)")), "{graph}");
    let (here, there) = (here.join("\n"), there.join("\n"));
    assert_in_order(
        &here,
        &["hrtimer_interrupt() {", "/* simrupt_emit: line=0 "],
    );
    assert!(!here.contains("name=simrupt0 "), "{graph}");
    assert_in_order(&there, &["handle_edge_irq() {", "name=simrupt0 "]);
    if matches!(Context::of_top_half(), Context::Hardirq) {
        let queued = ["name=simrupt0 ", "workqueue=simrupt0-bh ", "flavor=bh "];
        assert_in_order(&there, &queued);
    }
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

#[test]
fn ctrl_c_leaves_nothing_behind() {
    let is_loaded = || Path::new("/dev/simrupt0").exists();
    let args = ["/root/simrupt.ko", "rate_hz=0"];
    let output = interrupted("ftrace/load", &args, is_loaded);
    assert!(!output.status.success(), "{output:?}");
    assert!(!Path::new("/sys/module/simrupt").exists());
    assert_nobody_traces();
    let _module = Simrupt::load("rate_hz=0");
    let instance = Path::new("/sys/kernel/tracing/instances/simrupt-one-interrupt");
    let output = interrupted("ftrace/one-interrupt", &[], || instance.exists());
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_nobody_traces();
}
