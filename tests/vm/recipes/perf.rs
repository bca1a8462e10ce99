// SPDX-License-Identifier: GPL-2.0-only

//! tools/perf.

use super::{interrupted, printed, run};
use simrupt_vm_tests::{Context, Simrupt};
use std::{collections::BTreeMap, fs, path::Path};

/// The text between these two in a row.
fn between<'a>(row: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = row.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

#[test]
fn without_the_module_each_says_so() {
    for script in ["perf/trace", "perf/kwork", "perf/stat"] {
        let output = run(script, &[]);
        assert_eq!(output.status.code(), Some(1), "{script}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("the module is not loaded"), "{told}");
        assert_eq!(run(script, &["-x"]).status.code(), Some(2), "{script}");
    }
}

#[test]
fn the_readers_system_calls_stand_between_the_hops_of_their_events() {
    let module = Simrupt::load("lines=2 rate_hz=1000 workqueue=unbound");
    let text = printed("perf/trace", &[]);
    let rows: Vec<_> = text.lines().collect();
    // Each read of dd got the events of the tracepoints within it: one byte each.
    let (mut calls, mut bytes, mut in_call, mut last) = (0, 0, None, "");
    for row in rows.iter().filter(|row| row.contains("): dd/")) {
        if row.contains(" read(fd: 0,") {
            assert_eq!(in_call.replace(0), None, "{row}\n{text}");
        } else if row.contains("simrupt:simrupt_read(") {
            let events = between(row, "events: ", ",").expect(row);
            let got = in_call.as_mut().unwrap_or_else(|| panic!("{row}\n{text}"));
            *got += events.parse::<u64>().unwrap();
            last = between(row, "last_seq: ", ",").expect(row);
        } else if row.contains("]: read())") {
            let got = in_call.take().unwrap_or_else(|| panic!("{row}\n{text}"));
            assert!(row.ends_with(&format!("= {got}")), "{got}: {row}\n{text}");
            bytes += got;
            calls += 1;
        }
    }
    assert_eq!(calls, 5, "{text}");
    assert_eq!(bytes, module.line(0).stat("read"));
    // The last event that was read has passed all hops, in this order, on line 0.
    let hops = [
        format!("simrupt:simrupt_emit(seq: {last},"),
        "simrupt:simrupt_irq(".to_owned(),
        "simrupt:simrupt_bh_queue(".to_owned(),
        "simrupt:simrupt_bh_start(".to_owned(),
        "simrupt:simrupt_bh_end(".to_owned(),
        "simrupt:simrupt_wake(".to_owned(),
        "simrupt:simrupt_read(".to_owned(),
    ];
    let mut rest = rows.iter();
    for hop in hops {
        let row = rest.find(|row| row.contains(&hop));
        let row = row.unwrap_or_else(|| panic!("no {hop} after the one before:\n{text}"));
        assert!(row.contains("line: 0"), "{row}");
        if hop.contains("bh_start") {
            assert!(
                row.contains("kworker/") && row.contains("\"task\""),
                "{row}"
            );
        }
    }
    // Another line, another reader.
    let program = "import os, select\np = select.poll()\np.register(0, select.POLLIN)\np.poll()\nos.read(0, 64)";
    let text = printed("perf/trace", &["-l", "1", "python3", "-c", program]);
    let traced = text.lines().filter(|row| row.contains("simrupt:"));
    assert!(
        traced.clone().count() > 0 && traced.clone().all(|row| row.contains("line: 1")),
        "{text}"
    );
    assert!(
        text.contains("poll(") && text.contains("read(fd: 0,"),
        "{text}"
    );
    assert_eq!(run("perf/trace", &["-l", "2"]).status.code(), Some(1));
}

/// The rows of the two tables of perf/kwork: how often each name is counted, on all CPUs.
fn kwork_counts(text: &str) -> [BTreeMap<String, u64>; 2] {
    let mut tables = text.split("Kwork Name").skip(1).map(|table| {
        let mut counts = BTreeMap::new();
        for row in table.lines().skip(1) {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            if let [name, _, _, count, ..] = cells[..] {
                *counts.entry(name.to_owned()).or_default() += count.parse::<u64>().expect(row);
            }
        }
        counts
    });
    [tables.next().expect(text), tables.next().expect(text)]
}

#[test]
fn the_counts_of_kwork_agree_with_the_counters() {
    let module = Simrupt::load("lines=2 rate_hz=0 run=always workqueue=bound,bh");
    let lines = [module.line(0), module.line(1)];
    // Nothing runs when the recording begins, or when it ends.
    let traffic = "
        cd /sys/kernel/debug/simrupt
        echo 1000 >line0/rate_hz; echo 500 >line1/rate_hz
        simructl read --line 1 -n 100
        echo 0 >line0/rate_hz; echo 0 >line1/rate_hz
        while grep -E '^(in_ring|pending) [1-9]' line*/stats; do sleep 0.01; done";
    let text = printed("perf/kwork", &["sh", "-c", traffic]);
    let [ran, waited] = kwork_counts(&text);
    let stats = lines.map(|line| line.stats());
    assert!(stats[0]["runs"] > stats[1]["runs"] && stats[1]["runs"] >= 100);
    for (index, queue) in ["bound", "bh"].iter().enumerate() {
        let irq = format!("simrupt{index}:{}", lines[index].irq());
        let work = format!("(w)simrupt{index}-{queue}");
        assert_eq!(
            ran.get(&irq),
            Some(&stats[index]["handled"]),
            "{irq}\n{text}"
        );
        assert_eq!(
            ran.get(&work),
            Some(&stats[index]["runs"]),
            "{work}\n{text}"
        );
        assert_eq!(
            waited.get(&work),
            Some(&stats[index]["scheduled"]),
            "{work}\n{text}"
        );
    }
    // The softirq that runs BH work, and no other.
    assert!(ran["(s)TASKLET:6"] >= 100, "{text}");
    assert_eq!((ran.len(), waited.len()), (5, 3), "{text}");
    // A recording of nothing is no table.
    let output = run("perf/kwork", &["true"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    module.verify();
}

/// The rows of a table of perf/stat, by flavor and column.
fn stat_table(text: &str) -> Vec<(String, BTreeMap<&str, f64>)> {
    let mut rows = text.lines().map(str::split_whitespace);
    let head: Vec<_> = rows.next().expect(text).collect();
    assert_eq!(head[0], "flavor");
    rows.map(|mut row| {
        let flavor = row.next().unwrap().to_owned();
        let values = head[1..].iter().zip(row);
        let values = values.filter(|(_, value)| *value != "-");
        let values = values.map(|(name, value)| (*name, value.parse().expect(text)));
        (flavor, values.collect())
    })
    .collect()
}

#[test]
fn the_figures_per_event_agree_with_the_counters() {
    let module = Simrupt::load("rate_hz=1000 workqueue=ordered");
    let line = module.line(0);
    for (burst, per_irq) in [("1", 1), ("8", 8)] {
        line.set("burst", burst);
        line.set("pattern", if per_irq == 1 { "periodic" } else { "burst" });
        line.set("reset", "1");
        let text = printed("perf/stat", &["-n", "800", "bound"]);
        let stats = line.stats();
        let table = stat_table(&text);
        let [(flavor, row)] = &table[..] else {
            panic!("{text}")
        };
        assert_eq!(flavor, "bound");
        // The device runs only while it is read, so everything that it has raised was counted.
        assert_eq!(row["events"], stats["events"] as f64, "{text}");
        assert!(row["events"] >= 800.0);
        for (column, counter) in [("irqs", "handled"), ("runs", "runs")] {
            let counted = row[column] * row["events"];
            let off = (counted - stats[counter] as f64).abs();
            // A run may come after the end of counting; figures have three decimals.
            assert!(
                off <= 1.0 + 0.0005 * row["events"],
                "{column}: {stats:?}\n{text}"
            );
        }
        assert!(
            (row["irqs"] * f64::from(per_irq) - 1.0).abs() < 0.1,
            "{text}"
        );
        // A timer's expiry for each interrupt, and at least one more switch for each run in a thread.
        assert!(
            row["timers"] >= row["irqs"] && row["switches"] >= row["runs"],
            "{text}"
        );
    }
    line.set("burst", "1");
    line.set("pattern", "periodic");
    let flavors = ["none", "bh", "irq-thread"];
    let text = printed("perf/stat", &[&["-n", "300"], &flavors[..]].concat());
    let table = stat_table(&text);
    let names: Vec<_> = table.iter().map(|(flavor, _)| flavor.as_str()).collect();
    assert_eq!(names, flavors);
    let of = |flavor: usize, column: &str| table[flavor].1[column];
    // A softirq for each run, or the switches of the thread.
    assert!(of(1, "softirqs") > of(0, "softirqs") + 0.5, "{text}");
    if Context::of_top_half() == Context::Hardirq {
        assert!(of(2, "switches") > of(0, "switches") + 0.5, "{text}");
        assert!(of(2, "wakeups") > of(1, "wakeups") + 0.5, "{text}");
    } else {
        // There, both have the interrupt's second thread.
        assert!(of(0, "switches") > of(1, "switches") + 0.5, "{text}");
    }
    assert_eq!(line.get("workqueue"), "ordered");
    assert_eq!(run("perf/stat", &["bogus"]).status.code(), Some(1));
    assert_eq!(line.get("workqueue"), "ordered");
    module.verify();
}

#[test]
fn ctrl_c_ends_a_recording_and_leaves_nothing_behind() {
    let module = Simrupt::load("rate_hz=500 run=always workqueue=unbound");
    let line = module.line(0);
    let files = || {
        let files = fs::read_dir("/tmp").unwrap();
        files.map(|file| file.unwrap().path()).collect::<Vec<_>>()
    };
    let before = files();
    let began = Path::new("/tmp/began");
    let program = "touch /tmp/began; sleep 600";
    for (script, shown) in [
        ("perf/kwork", "(w)simrupt0-unbound"),
        ("perf/trace", "simrupt:simrupt_irq("),
    ] {
        let output = interrupted(script, &["sh", "-c", program], || began.exists());
        fs::remove_file(began).unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains(shown),
            "{output:?}"
        );
    }
    line.set("rate_hz", "0");
    let output = interrupted("perf/stat", &["bh"], || line.get("workqueue") == "bh");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_eq!(line.get("workqueue"), "unbound");
    assert_eq!(files(), before);
}
