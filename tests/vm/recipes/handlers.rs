// SPDX-License-Identifier: GPL-2.0-only

//! `simructl handlers` compared with perf kwork: both record the same traffic, by tools/perf/kwork.

use super::printed;
use nix::sys::signal::Signal;
use serde_json::Value;
use simrupt_vm_tests::{Offline, Simrupt, end, eventually, start_simructl};
use std::fs;

/// A row of a table of perf kwork.
#[derive(Debug)]
struct Kwork {
    name: String,
    cpu: u64,
    /// Milliseconds: its total run time, or its average wait.
    ms: f64,
    count: u64,
}

/// The rows of the two tables: runs and waits.
fn kwork(text: &str) -> [Vec<Kwork>; 2] {
    let mut tables = text.split("Kwork Name").skip(1).map(|table| {
        let rows = table.lines().skip(1).filter_map(|row| {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let [name, cpu, ms, count, ..] = cells[..] else {
                return None;
            };
            Some(Kwork {
                name: name.to_owned(),
                cpu: cpu.parse().expect(row),
                ms: ms.strip_suffix(" ms").expect(row).parse().expect(row),
                count: count.parse().expect(row),
            })
        });
        rows.collect()
    });
    [tables.next().expect(text), tables.next().expect(text)]
}

/// The row of a kind in which a field has this value.
fn row<'a>(document: &'a Value, kind: &str, field: &str, value: &str) -> &'a Value {
    let mut rows = document["rows"].as_array().unwrap().iter();
    let row = rows.find(|row| row["kind"] == kind && row[field] == value);
    row.unwrap_or_else(|| panic!("no {kind} of {field} {value}: {document}"))
}

#[test]
fn counts_and_means_are_those_of_perf_kwork() {
    // Only one CPU: an emulator that switches to another CPU between the two probes of a tracepoint would have them
    // some hundred microseconds apart.
    let _offline = Offline::take(1);
    let module = Simrupt::load("lines=2 rate_hz=0 run=always workqueue=bound,bh work_us=50");
    let lines = [module.line(0), module.line(1)];
    let child = start_simructl(&["handlers", "--json", "--for", "3600"]);
    let on = format!(
        "/sys/kernel/tracing/instances/simructl-{}/events/workqueue/workqueue_execute_end/enable",
        child.id()
    );
    eventually("it records", || {
        fs::read_to_string(&on).is_ok_and(|text| text.trim() == "1")
    });
    // Nothing of the module runs when perf begins to record, or when it ends. The lines take turns: perf finds other
    // times if BH work interrupts a work item.
    let traffic = "
        cd /sys/kernel/debug/simrupt
        for line in 0 1; do
            echo 1000 >line$line/rate_hz
            simructl read --line $line -n 250
            echo 0 >line$line/rate_hz
        done
        while grep -E '^(in_ring|pending) [1-9]' line*/stats; do sleep 0.01; done";
    let text = printed("perf/kwork", &["sh", "-c", traffic]);
    let output = end(child, Signal::SIGINT);
    assert!(output.status.success(), "{output:?}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["lost"], 0);
    let [ran, waited] = kwork(&text);
    for (index, flavor) in ["bound", "bh"].iter().enumerate() {
        let (name, queue) = (
            format!("simrupt{index}"),
            format!("simrupt{index}-{flavor}"),
        );
        let irq = format!("{name}:{}", lines[index].irq());
        let work = format!("(w){queue}");
        for (theirs, kind, field, value) in [
            (&irq, "irq", "name", &name),
            (&work, "work", "queue", &queue),
        ] {
            let ours = row(&document, kind, field, value);
            let theirs: Vec<_> = ran.iter().filter(|row| row.name == *theirs).collect();
            let count: u64 = theirs.iter().map(|row| row.count).sum();
            assert!(count >= 200, "{text}");
            assert_eq!(ours["runs"], count, "{ours}\n{text}");
            // On each CPU, too.
            for row in &theirs {
                let cpus = ours["per_cpu"].as_array().unwrap();
                let cpu = cpus.iter().find(|cpu| cpu["cpu"] == row.cpu);
                assert_eq!(cpu.unwrap()["runs"], row.count, "{ours}\n{text}");
            }
            let total_ms: f64 = theirs.iter().map(|row| row.ms).sum();
            close(ours, "run", 0.0, total_ms * 1e6 / count as f64, &text);
        }
        // perf does not find an item that was queued on one CPU and began on another, and says so.
        let theirs: Vec<_> = waited.iter().filter(|row| row.name == work).collect();
        let count: u64 = theirs.iter().map(|row| row.count).sum();
        let ours = row(&document, "work", "queue", &queue);
        let missing = ours["wait"]["count"].as_u64().unwrap() - count;
        assert!(missing <= skipped(&text), "{ours}\n{text}");
        if missing == 0 {
            let total_ms: f64 = theirs.iter().map(|row| row.ms * row.count as f64).sum();
            // perf measures from the activation of an item, which follows its queueing.
            close(ours, "wait", 2500.0, total_ms * 1e6 / count as f64, &text);
        }
    }
    // The softirq that runs BH work. Our recording begins before perf's and ends after it, and others may raise the
    // softirq.
    let ours = row(&document, "softirq", "name", "TASKLET");
    let count: u64 = ran
        .iter()
        .filter(|row| row.name == "(s)TASKLET:6")
        .map(|row| row.count)
        .sum();
    let runs = ours["runs"].as_u64().unwrap();
    assert!(
        count >= 200 && (count..count + 50).contains(&runs),
        "{ours}\n{text}"
    );
    module.verify();
}

/// How many requests perf kwork latency has left out.
fn skipped(text: &str) -> u64 {
    let told = text.split_once("skipped events (");
    let told = told.and_then(|(_, rest)| rest.split_once(" including ")?.1.split_once(" raise"));
    told.map_or(0, |(count, _)| count.parse().expect(text))
}

/// Asserts that two means are the same, within the code between the two probes of a tracepoint, and perf's
/// microseconds. Ours may begin at most `before_ns` before perf's.
fn close(ours: &Value, what: &str, before_ns: f64, theirs_ns: f64, text: &str) {
    let ours_ns = ours[what]["mean_ns"].as_f64().unwrap();
    let allowed_ns = 1500.0 + theirs_ns * 0.02;
    let more_ns = ours_ns - theirs_ns;
    assert!(
        -allowed_ns <= more_ns && more_ns <= before_ns + allowed_ns,
        "{what}: {ours_ns} {theirs_ns}\n{ours}\n{text}"
    );
}
