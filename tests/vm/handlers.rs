// SPDX-License-Identifier: GPL-2.0-only

//! `simructl handlers`: every run of the module is in its row, with the times that the module itself measures, and
//! nothing is left behind.

use crate::terminal::{self, Terminal};
use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sys::signal::Signal,
};
use serde_json::Value;
use simrupt_vm_tests::{
    Context, Line, Offline, Simrupt, action_counts, end, eventually, simructl, skip,
    start_simructl, watches_itself,
};
use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, Output},
};

const TRACING: &str = "/sys/kernel/tracing";
const INSTANCES: &str = "/sys/kernel/tracing/instances";

/// The trace instances of simructl.
fn instances() -> Vec<String> {
    let names = fs::read_dir(INSTANCES).expect("tracefs is mounted");
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("simructl-")).collect()
}

/// `handlers` with these options, after it has begun to record.
fn recording(options: &[&str]) -> Child {
    let child = start_simructl(&[&["handlers"], options].concat());
    let on = format!("{INSTANCES}/simructl-{}/tracing_on", child.id());
    let last = format!(
        "{INSTANCES}/simructl-{}/events/workqueue/workqueue_execute_end/enable",
        child.id()
    );
    // Tracing is switched off while its events are being switched on.
    eventually("it records", || {
        let is = |path: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == "1");
        is(&last) && is(&on)
    });
    child
}

/// Its printed documents, one per row.
fn documents(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let documents = text.lines().map(|row| serde_json::from_str(row).unwrap());
    documents.collect()
}

fn document(output: &Output) -> Value {
    let mut documents = documents(output);
    assert_eq!(documents.len(), 1, "{output:?}");
    documents.remove(0)
}

/// The rows in which a field has this value.
fn rows<'a>(document: &'a Value, field: &str, value: &str) -> Vec<&'a Value> {
    let rows = document["rows"].as_array().unwrap().iter();
    rows.filter(|row| row[field] == value).collect()
}

/// The only row of a kind in which a field has this value.
#[track_caller]
fn row<'a>(document: &'a Value, kind: &str, field: &str, value: &str) -> &'a Value {
    let found = rows(document, field, value);
    let mut found = found.into_iter().filter(|row| row["kind"] == kind);
    let row = found
        .next()
        .unwrap_or_else(|| panic!("no {kind} of {field} {value}: {document}"));
    assert!(found.next().is_none(), "{document}");
    row
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

/// Sends events of these lines for a while, and waits until they are at rest.
fn traffic(lines: &[Line], rate_hz: &str, runs: u64) {
    for line in lines {
        line.set("rate_hz", rate_hz);
    }
    for line in lines {
        line.wait_for("handled", runs);
    }
    for line in lines {
        line.silence();
    }
}

#[test]
fn each_run_is_counted_once() {
    let module = Simrupt::load("lines=3 rate_hz=0 run=always workqueue=bound,bh,unbound");
    let lines = [0, 1, 2].map(|index| module.line(index));
    let flavors = ["bound", "bh", "unbound"];
    let irqs = |index| -> u64 { action_counts(&format!("simrupt{index}")).iter().sum() };
    let before = [0, 1, 2].map(irqs);
    let child = recording(&["--json", "--for", "600"]);
    traffic(&lines, "1000", 300);
    // Waits for the end of the runs: the last run may have emptied the ring, and still be in progress.
    for line in lines {
        line.set("fifo_size", "8192");
    }
    let document = document(&end(child, Signal::SIGINT));
    assert_eq!(
        (&document["lost"], &document["not_understood"]),
        (&0.into(), &0.into())
    );
    for (index, line) in lines.into_iter().enumerate() {
        let stats = line.stats();
        let name = format!("simrupt{index}");
        let irq = row(&document, "irq", "name", &name);
        assert_eq!(number(&irq["runs"]), irqs(index) - before[index], "{irq}");
        assert_eq!(irq["irq"], line.irq());
        assert!(irq["wait"].is_null());
        let queue = format!("{name}-{}", flavors[index]);
        let work = row(&document, "work", "queue", &queue);
        assert_eq!(number(&work["runs"]), stats["runs"], "{work}");
        assert_eq!(number(&work["wait"]["count"]), stats["scheduled"], "{work}");
        assert_eq!(work["module"], "simrupt");
        for row in [irq, work] {
            let each = row["per_cpu"].as_array().unwrap();
            let by_cpu: u64 = each.iter().map(|cpu| number(&cpu["runs"])).sum();
            assert_eq!(number(&row["runs"]), by_cpu);
            let buckets = row["run"]["buckets"].as_array().unwrap();
            let counted: u64 = buckets.iter().map(|bucket| number(&bucket[2])).sum();
            assert_eq!(number(&row["runs"]), counted);
            // Its CPU time is at most its run time.
            assert!(
                number(&row["cpu_ns"]) <= number(&row["run"]["sum_ns"]),
                "{row}"
            );
            assert!(number(&row["cpu_ns"]) > 0, "{row}");
        }
        if Context::of_top_half() == Context::Task {
            // The interrupt's handler only wakes its thread. A thread that is woken again before it sleeps goes on.
            let thread = row(&document, "thread", "name", &name);
            let runs = number(&thread["runs"]);
            assert!(0 < runs && runs <= stats["handled"], "{thread} {stats:?}");
            assert!(number(&thread["run"]["p50_ns"]) > number(&irq["run"]["p50_ns"]));
        }
    }
    // BH work runs in a softirq. So the softirq runs at least as often, and has a part of the time itself.
    let tasklet = row(&document, "softirq", "name", "TASKLET");
    let bh = row(&document, "work", "queue", "simrupt1-bh");
    assert!(
        number(&tasklet["runs"]) * 10 >= number(&bh["runs"]),
        "{tasklet}"
    );
    assert!(number(&tasklet["run"]["sum_ns"]) >= number(&bh["run"]["sum_ns"]));
    assert_eq!(instances(), [""; 0]);
    module.verify();
}

#[test]
fn flavors_without_work_items_have_rows_of_their_kind() {
    let module = Simrupt::load("rate_hz=0 run=always workqueue=tasklet");
    let line = module.line(0);
    let child = recording(&["--json", "--for", "600"]);
    traffic(&[line], "1000", 100);
    let tasklets = document(&end(child, Signal::SIGINT));
    let tasklet = row(&tasklets, "tasklet", "module", "simrupt");
    assert_eq!(number(&tasklet["runs"]), line.stats()["runs"]);
    line.set("workqueue", "irq-thread");
    line.set("reset", "1");
    let child = recording(&["--json", "--for", "600"]);
    traffic(&[line], "1000", 100);
    let threads = document(&end(child, Signal::SIGINT));
    let all = rows(&threads, "kind", "thread");
    let thread = all.iter().find(|row| row["irq"] == line.irq());
    let thread = thread.unwrap_or_else(|| panic!("{threads}"));
    assert!(
        number(&thread["runs"]) * 10 > line.stats()["runs"],
        "{thread}"
    );
    assert!(number(&thread["wait"]["count"]) > 0);
    module.verify();
}

/// A percentile of a stage of `simructl latency`, in nanoseconds.
fn latency(line: usize, stage: &str, percentile: &str) -> u64 {
    let output = simructl(&["latency", "--line", &line.to_string(), "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let stages = document["lines"][0]["stages"].as_array().unwrap();
    let found = stages.iter().find(|one| one["stage"] == stage).unwrap();
    number(&found["percentiles_ns"][percentile])
}

#[test]
fn its_times_agree_with_those_of_the_module() {
    // Runs of 400 µs, so that the code between the two measurements takes less than a bucket. The runs of each line
    // wait for those of the other.
    let module = Simrupt::load("lines=2 rate_hz=0 run=always workqueue=bh cpu=0 work_us=400");
    let lines = [module.line(0), module.line(1)];
    let child = recording(&["--json", "--for", "600"]);
    traffic(&lines, "500", 200);
    let document = document(&end(child, Signal::SIGINT));
    for index in [0, 1] {
        let work = row(&document, "work", "queue", &format!("simrupt{index}-bh"));
        // Higher percentiles depend on when the emulator switches to another CPU between the two measurements.
        for percentile in ["p50", "p90"] {
            let field = format!("{percentile}_ns");
            let run = number(&work["run"][&field]);
            let measured = latency(index, "bh_run", percentile);
            // The tracepoints' interval contains the module's: two buckets are 1/32.
            assert!(
                run + measured / 64 >= measured && run <= measured + measured / 32 + allowance(),
                "{percentile}: {run} {measured}"
            );
            // The time from the top half to the bottom half includes the call that queues the item.
            let wait = number(&work["wait"][&field]);
            let measured = latency(index, "irq_bh", percentile);
            assert!(
                wait <= measured + measured / 32 + allowance()
                    && measured <= wait + wait / 32 + allowance(),
                "{percentile}: {wait} {measured}"
            );
        }
    }
    module.verify();
}

/// Nanoseconds that a tracepoint and the workqueue's code around a function may take: some thousand instructions, and
/// ten times as many on a kernel that checks itself.
fn allowance() -> u64 {
    if watches_itself() { 60_000 } else { 6_000 }
}

#[test]
fn a_cpu_may_come_and_go_meanwhile() {
    let module = Simrupt::load("rate_hz=1000 run=always workqueue=unbound");
    let line = module.line(0);
    // A CPU that is offline when the recording begins has no buffer yet.
    let mut offline = Offline::take(1);
    let child = recording(&["--json", "--watch", "--interval", "0.2"]);
    for _ in 0..3 {
        line.wait_for("runs", 500);
        drop(offline);
        line.wait_for("runs", 500);
        offline = Offline::take(1);
    }
    drop(offline);
    let documents = documents(&end(child, Signal::SIGTERM));
    assert!(documents.len() >= 3, "{documents:?}");
    for document in &documents {
        assert_eq!(document["cpus"], serde_json::json!([0, 1]));
        let irq = row(document, "irq", "name", "simrupt0");
        let per_second = irq["per_second"].as_f64().unwrap();
        assert!((500.0..2000.0).contains(&per_second), "{irq}");
    }
    assert_eq!(instances(), [""; 0]);
    module.verify();
}

#[test]
fn the_module_may_come_and_go_meanwhile() {
    let child = recording(&["--json", "--for", "600"]);
    for flavor in ["bh", "bound", "tasklet"] {
        let module = Simrupt::load(&format!("rate_hz=1000 run=always workqueue={flavor}"));
        module.line(0).wait_for("runs", 50);
        drop(module);
    }
    // The functions of the last module have no names any more, because names are looked up at the end.
    let document = document(&end(child, Signal::SIGINT));
    assert!(number(&row(&document, "irq", "name", "simrupt0")["runs"]) >= 150);
    assert_eq!(rows(&document, "queue", "simrupt0-bh").len(), 1);
}

#[test]
fn the_instance_of_a_killed_process_is_removed_by_the_next_one() {
    let child = recording(&["--watch"]);
    let id = child.id();
    end(child, Signal::SIGKILL);
    assert_eq!(instances(), [format!("simructl-{id}")]);
    // The instance of a running process is left alone.
    let other = recording(&["--watch"]);
    assert_eq!(instances(), [format!("simructl-{}", other.id())]);
    assert!(simructl(&["handlers", "--for", "50ms"]).status.success());
    assert_eq!(instances().len(), 1);
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let child = recording(&["--watch"]);
        assert!(end(child, signal).status.success());
    }
    assert!(end(other, Signal::SIGINT).status.success());
    assert_eq!(instances(), [""; 0]);
}

#[test]
fn events_that_are_lost_are_counted_and_make_no_times() {
    let module = Simrupt::load("rate_hz=0 run=always workqueue=bh");
    let line = module.line(0);
    let child = recording(&["--json", "--for", "600", "--buffer", "8"]);
    traffic(&[line], "10000", 5000);
    let document = document(&end(child, Signal::SIGINT));
    assert!(number(&document["lost"]) > 1000, "{document}");
    let stats = line.stats();
    let work = row(&document, "work", "queue", "simrupt0-bh");
    let runs = number(&work["runs"]);
    assert!(0 < runs && runs < stats["runs"], "{work}");
    // An end is never matched with a begin from before a gap, because gaps are longer than this.
    let longest = number(&work["run"]["max_ns"]);
    assert!(longest < 1_000_000 || watches_itself(), "{work}");
    module.verify();
}

#[test]
fn a_kept_trace_says_the_same() {
    let module = Simrupt::load("lines=2 rate_hz=0 run=always workqueue=bound,bh");
    let lines = [module.line(0), module.line(1)];
    let instance = format!("{INSTANCES}/kept");
    fs::create_dir(&instance).unwrap();
    let set = |name: &str, value: &str| fs::write(format!("{instance}/{name}"), value).unwrap();
    set("trace_clock", "mono");
    for events in ["irq", "workqueue", "sched/sched_switch"] {
        set(&format!("events/{events}/enable"), "1");
    }
    let child = recording(&["--json", "--for", "600"]);
    // One after the other. The interrupts of two lines have a fixed distance, and one line's could always come between
    // the two recordings of a tracepoint that the other hits.
    for line in lines {
        traffic(&[line], "1000", 100);
    }
    let live = document(&end(child, Signal::SIGINT));
    set("tracing_on", "0");
    fs::copy(format!("{instance}/trace"), "/tmp/kept.txt").unwrap();
    fs::remove_dir(&instance).unwrap();
    let kept = document(&simructl(&[
        "handlers",
        "--from",
        "/tmp/kept.txt",
        "--json",
    ]));
    fs::remove_file("/tmp/kept.txt").unwrap();
    assert_eq!(kept["not_understood"], 0);
    for (index, flavor) in ["bound", "bh"].iter().enumerate() {
        for (kind, field, value) in [
            ("irq", "name", format!("simrupt{index}")),
            ("work", "queue", format!("simrupt{index}-{flavor}")),
        ] {
            let [live, kept] = [&live, &kept].map(|document| row(document, kind, field, &value));
            assert_eq!(live["runs"], kept["runs"], "{live} {kept}");
            assert_eq!(live["name"], kept["name"]);
            assert_eq!(live["module"], kept["module"]);
            // The text has microseconds, and each tracepoint records for the two instances one after the other.
            let [live, kept] = [live, kept].map(|row| number(&row["run"]["p50_ns"]));
            assert!(live.abs_diff(kept) < allowance(), "{kind}: {live} {kept}");
        }
    }
    module.verify();
}

/// The message of a run that fails.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_user_and_a_missing_tracefs_have_each_their_message() {
    let user = Command::new("su")
        .args(["-s", "/bin/sh", "-c", "simructl handlers", "user"])
        .output()
        .expect("su runs");
    let told = refused(&user);
    assert!(
        told.contains("needs root") && told.contains("sudo"),
        "{told}"
    );
    umount2(TRACING, MntFlags::empty()).unwrap();
    let told = refused(&simructl(&["handlers"]));
    let tracefs = Some("tracefs");
    mount(tracefs, TRACING, tracefs, MsFlags::empty(), None::<&str>).unwrap();
    assert!(told.contains("mount -t tracefs"), "{told}");
    assert!(Path::new(INSTANCES).exists());
    assert!(simructl(&["handlers", "--for", "50ms"]).status.success());
}

#[test]
fn outputs_are_of_one_measurement_each() {
    let module = Simrupt::load("rate_hz=1000 run=always workqueue=bh");
    module.line(0).wait_for("runs", 10);
    let run = |options: &[&str]| {
        let output = simructl(&[&["handlers", "--for", "300ms"], options].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run(&["--width", "100", "--filter", "simrupt"]);
    assert!(
        text.contains(" simrupt0 ") && text.contains(" simrupt0-bh "),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    let csv = run(&["--csv"]);
    assert!(
        csv.lines().any(|row| row.contains(",softirq,,TASKLET,")),
        "{csv}"
    );
    let metrics = run(&["--metrics", "openmetrics"]);
    assert!(
        metrics.contains("linux_handler_run_seconds_count{kind=\"irq\""),
        "{metrics}"
    );
    let watched = run(&["--watch", "--interval", "0.1", "-n", "2", "--json"]);
    assert_eq!(watched.lines().count(), 2, "{watched}");
    // Each sample has the events since the previous one. An interrupt brings several events if its timer is late, as it
    // is when emulated CPUs take turns: 768 interrupts per second have been seen.
    let mut elapsed_s = 0.0;
    for sample in watched.lines() {
        let sample: Value = serde_json::from_str(sample).unwrap();
        let irq = row(&sample, "irq", "name", "simrupt0");
        let seconds = |name: &str| sample[name].as_f64().unwrap();
        let per_second = irq["per_second"].as_f64().unwrap();
        assert!((300.0..1200.0).contains(&per_second), "{irq}");
        let runs = number(&irq["runs"]) as f64;
        assert!(
            (runs / seconds("interval_s") - per_second).abs() < 0.01,
            "{irq}"
        );
        elapsed_s += seconds("interval_s");
        assert!((elapsed_s - seconds("elapsed_s")).abs() < 1e-6, "{sample}");
        assert_eq!(sample["lost"], 0);
    }
    module.verify();
}

/// The kinds of the rows on the screen.
fn kinds(terminal: &Terminal) -> Vec<String> {
    let text = terminal.text();
    let rows = text.lines().skip_while(|row| !row.starts_with("kind "));
    let kinds = rows
        .skip(1)
        .filter_map(|row| row.split_whitespace().next().map(str::to_string));
    let known = ["irq", "vector", "thread", "softirq", "tasklet", "work"];
    kinds
        .filter(|kind| known.contains(&kind.as_str()))
        .collect()
}

#[test]
fn on_a_terminal_keys_order_the_rows_and_each_end_removes_the_instance() {
    if let Some(reason) = terminal::missing() {
        return skip(reason);
    }
    let module = Simrupt::load("rate_hz=1000 run=always workqueue=bh");
    module.line(0).wait_for("runs", 10);
    let start = || {
        let arguments = ["handlers", "--watch", "--interval", "0.2"];
        let terminal = Terminal::start(110, 30, &arguments);
        terminal.shows("simrupt0-bh");
        terminal.shows("q quit");
        assert_eq!(instances().len(), 1);
        terminal
    };
    let mut terminal = start();
    terminal.types("n");
    let is_sorted = |terminal: &Terminal| kinds(terminal).is_sorted();
    eventually("rows are ordered by name", || is_sorted(&terminal));
    terminal.types("r");
    eventually("the order is reversed", || !is_sorted(&terminal));
    terminal.types(" ");
    terminal.shows("PAUSED");
    terminal.types("q");
    assert!(terminal.ends().success());
    assert_eq!(instances(), [""; 0]);
    let mut terminal = start();
    // Ctrl-C is a key here.
    terminal.types("\x03");
    assert!(terminal.ends().success());
    assert_eq!(instances(), [""; 0]);
    let terminal = start();
    terminal.signal(Signal::SIGHUP);
    assert_eq!(terminal.ends().signal(), Some(Signal::SIGHUP as i32));
    assert_eq!(instances(), [""; 0]);
    module.verify();
}

#[test]
fn a_file_of_metrics_is_replaced_by_each_sample_and_its_counters_go_up() {
    const FILE: &str = "/tmp/handlers.prom";
    let module = Simrupt::load("rate_hz=1000 run=always workqueue=bh");
    module.line(0).wait_for("runs", 10);
    let options = ["--metrics", "prometheus", "--output", FILE];
    let child = recording(&[&["--watch", "--interval", "0.1"][..], &options].concat());
    let runs = || -> u64 {
        let text = fs::read_to_string(FILE).unwrap_or_default();
        assert!(text.is_empty() || text.starts_with("# HELP linux_handler_"));
        let sample = "linux_handler_run_seconds_count{kind=\"irq\"";
        let mut rows = text.lines().filter(|row| row.starts_with(sample));
        let row = rows.find(|row| row.contains("name=\"simrupt0\""));
        row.map_or(0, |row| row.rsplit_once(' ').unwrap().1.parse().unwrap())
    };
    eventually("there are metrics", || runs() > 0);
    let before = runs();
    // More than one interval has, so it must be a sum.
    eventually("they go on", || runs() > before + 300);
    assert!(end(child, Signal::SIGTERM).status.success());
    fs::remove_file(FILE).unwrap();
    module.verify();
}
