// SPDX-License-Identifier: GPL-2.0-only

//! tools/drgn, and the kernel's own scripts for drgn on the module's workqueues.

use super::{printed, run};
use simrupt_vm_tests::{Line, Simrupt, action_counts, read_records};
use std::{collections::BTreeMap, process::Command};

const LINES: &str = "drgn/lines.py";

/// The output of `lines.py` for one line: a noun, words and figures in each row; a row without a noun continues the row
/// before.
struct Shown {
    figures: BTreeMap<String, String>,
    words: BTreeMap<String, String>,
}

impl Shown {
    fn new(rows: &str) -> Self {
        let (mut figures, mut words) = (BTreeMap::new(), BTreeMap::new());
        for row in rows.lines() {
            let (noun, rest) = row.split_at(row.len().min(13));
            for word in rest.split_whitespace() {
                match word.split_once('=') {
                    Some((name, value)) => figures.insert(name.to_owned(), value.to_owned()),
                    None => words.insert(noun.trim().to_owned(), word.to_owned()),
                };
            }
        }
        Self { figures, words }
    }

    fn number(&self, name: &str) -> u64 {
        let text = &self.figures[name];
        text.parse().unwrap_or_else(|_| panic!("{name}={text}"))
    }
}

/// The output of `lines.py`, line by line.
fn shown() -> Vec<Shown> {
    let text = printed(LINES, &["--module", "/root/simrupt.ko"]);
    println!("{text}");
    let lines = text.split("line ").skip(1);
    let lines = lines.enumerate().map(|(index, line)| {
        let (header, rows) = line.split_once('\n').unwrap();
        let name = format!("{index}: simrupt{index}, Line at 0xffff");
        assert!(header.starts_with(&name), "{header}");
        Shown::new(rows)
    });
    lines.collect()
}

/// Asserts that everything shown of a line at rest agrees with its other interfaces.
fn assert_agrees(shown: &Shown, line: Line) {
    let stats = line.stats();
    for counter in [
        "in_ring",
        "drained",
        "dropped",
        "overwritten",
        "flushed",
        "queued",
        "read",
        "runs",
    ] {
        assert_eq!(shown.number(counter), stats[counter], "{counter}");
    }
    assert_eq!(shown.number("head"), stats["events"] - stats["overrun"]);
    assert_eq!(shown.number("tail"), stats["drained"]);
    assert_eq!(shown.figures["rate_hz"], line.get("rate_hz"));
    assert_eq!(shown.figures["capacity"], line.get("fifo_size"));
    assert_eq!(shown.figures["policy"], line.get("fifo_policy"));
    assert_eq!(shown.words["flavor"], line.get("workqueue"));
    assert_eq!(shown.words["irq"], line.irq().to_string());
    let taken: u64 = action_counts(&shown.figures["action"]).iter().sum();
    assert_eq!(shown.number("tot_count"), taken);
}

#[test]
fn the_lines_in_memory_are_those_of_the_statistics() {
    let module = Simrupt::load(
        "lines=4 rate_hz=1000 run=always fifo_size=64,32 fifo_policy=drop,overwrite \
         workqueue=ordered,bh-highpri,irq-thread,unbound format=record",
    );
    let [queued, full, bare, busy] = [0, 1, 2, 3].map(|index| module.line(index));
    // Records in the fifo, and events in the ring for which the masked interrupt has not come.
    queued.wait_for("drained", 10);
    queued.set("masked", "1");
    queued.wait_for("in_ring", 7);
    queued.set("rate_hz", "0");
    full.wait_for("overwritten", 5);
    full.silence();
    bare.silence();
    let before = busy.stat("events");
    let shown = shown();
    let after = busy.stat("events");

    assert_eq!(shown.len(), 4);
    for (shown, line) in shown.iter().zip([queued, full, bare]) {
        assert_agrees(shown, line);
    }
    let [at_queued, at_full, at_bare, at_busy] = &shown[..] else {
        unreachable!()
    };
    assert!(at_queued.number("queued") >= 10 && at_queued.number("announced") >= 7);
    assert_eq!(at_queued.number("acknowledged"), 0);
    assert_eq!(at_queued.number("depth"), 1);
    assert_eq!(at_full.number("depth"), 0);
    assert_eq!(at_full.number("len"), 32);
    assert_eq!(
        at_queued.figures["flags"],
        "WQ_UNBOUND|WQ_SYSFS|__WQ_ORDERED"
    );
    assert_eq!(at_full.figures["flags"], "WQ_BH|WQ_HIGHPRI|WQ_PERCPU");
    assert_eq!(at_queued.number("max_active"), 1);
    assert_eq!(at_queued.words["workqueue"], "simrupt0-ordered");
    assert_eq!(at_full.words["workqueue"], "simrupt1-bh-highpri");
    assert!(!at_bare.words.contains_key("workqueue"));
    // The oldest record is the one that a reader gets.
    for (shown, line) in shown.iter().zip([queued, full]) {
        let next = read_records(&mut line.open_nonblock(), 1)[0].seq;
        assert_eq!(shown.number("oldest"), next);
    }
    // Under traffic each figure belongs to a different moment.
    let head = at_busy.number("head");
    assert!(before <= head && head <= after, "{before} {head} {after}");
    assert_eq!(at_busy.words["workqueue"], "simrupt3-unbound");
}

#[test]
fn what_is_missing_is_told() {
    let told = |args: &[&str]| {
        let output = run(LINES, args);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let text = told(&[]);
    assert!(text.contains("the module is not loaded"), "{text}");
    let module = Simrupt::load("");
    let text = told(&["--module", "/nowhere.ko"]);
    assert!(text.contains("/nowhere.ko: no such file"), "{text}");
    let text = told(&["--module", "/root/vm-tests"]);
    assert!(
        text.contains("/root/vm-tests is not what was loaded"),
        "{text}"
    );
    drop(module);
}

/// The output of one of the kernel's scripts.
fn workqueues(script: &str, args: &[&str]) -> String {
    let mut drgn = Command::new("drgn");
    drgn.args(["-q", &format!("/root/workqueue/{script}")]);
    let output = drgn.args(args).output().expect("drgn runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    println!("{text}");
    text
}

/// The words of the first row that begins with this one.
fn row<'a>(text: &'a str, first: &str) -> Vec<&'a str> {
    let mut rows = text.lines().map(|row| row.split_whitespace().collect());
    let row = rows.find(|row: &Vec<_>| row.first() == Some(&first));
    row.unwrap_or_else(|| panic!("no {first} in {text}"))
}

/// The row of a pool of threads, whose number may begin with zeros.
fn pool_row(dump: &str, number: usize) -> &str {
    let mut rows = dump.lines();
    let row = rows.find(|row| {
        let rest = row
            .strip_prefix("pool[")
            .and_then(|row| row.split_once(']'));
        rest.is_some_and(|(text, _)| text.parse() == Ok(number))
    });
    row.unwrap_or_else(|| panic!("no pool {number} in {dump}"))
}

#[test]
fn the_kernels_scripts_know_the_workqueues_of_each_flavor() {
    // The kind in wq_dump.py, and the nice value of the threads.
    let kinds = [
        ("bound", "percpu", "0"),
        ("unbound", "unbound", "0"),
        ("bh", "bh", "0"),
        ("ordered", "ordered", "0"),
        ("highpri", "percpu", "-20"),
        ("unbound-highpri", "unbound", "-20"),
        ("bh-highpri", "bh", "-20"),
        ("cpu-intensive", "percpu", "0"),
    ];
    let flavors = kinds.map(|(flavor, ..)| flavor).join(",");
    let module = Simrupt::load(&format!(
        "lines=8 rate_hz=1000 run=always workqueue={flavors}"
    ));
    let lines = [0, 1, 2, 3, 4, 5, 6, 7].map(|index| module.line(index));
    for line in lines {
        line.wait_for("runs", 20);
        line.silence();
    }
    let (dump, monitor) = (
        workqueues("wq_dump.py", &[]),
        workqueues("wq_monitor.py", &["-i", "0", "simrupt"]),
    );
    for (index, (flavor, kind, nice)) in kinds.into_iter().enumerate() {
        let name = format!("simrupt{index}-{flavor}");
        let has_cpu = ["bh", "percpu"].contains(&kind);
        // A pool of its kind on each CPU.
        let pools = row(&dump, &name);
        assert_eq!(pools[1], kind, "{name}");
        for (cpu, pool) in pools[2..4].iter().enumerate() {
            let number: usize = pool.parse().unwrap();
            let pool = pool_row(&dump, number);
            assert!(pool.contains(&format!("nice={nice:>3} ")), "{name}: {pool}");
            assert_eq!(pool.ends_with(" bh"), kind == "bh", "{name}: {pool}");
            let is_of_cpu = pool.contains(&format!(" cpu={cpu:>3}"));
            assert_eq!(is_of_cpu, has_cpu, "{name}: {pool}");
        }
        // As many work items as runs, and none in progress; CPUitsv counts items that use a CPU for long.
        let counts = row(&monitor, &name);
        assert_eq!(counts[1], lines[index].stat("runs").to_string(), "{name}");
        assert_eq!(counts[2], "0", "{name}");
        assert_eq!(counts[4] != "-", has_cpu, "{name}");
    }
}
