// SPDX-License-Identifier: GPL-2.0-only

//! `simructl handlers`: how it shows a kept trace, and its requirements of the kernel.

use std::fs;

use serde_json::Value;

use crate::fake::Fake;

/// Each kind of handler at least once, on two CPUs; an end without a begin, a begin without an end, a softirq that
/// never ran, a work item that was queued before the trace, one that sleeps, and lost events.
const TRACE: &str = include_str!("../handlers.txt");

/// The events that the kernel must have, with or without tasklets.
const EVENTS: [&str; 8] = [
    "irq/irq_handler_entry",
    "irq/irq_handler_exit",
    "irq/softirq_raise",
    "irq/softirq_entry",
    "irq/softirq_exit",
    "workqueue/workqueue_queue_work",
    "workqueue/workqueue_execute_start",
    "workqueue/workqueue_execute_end",
];

fn with_trace() -> Fake {
    let fake = Fake::unloaded();
    fake.write("trace.txt", TRACE);
    fake
}

#[test]
fn a_trace_is_shown_as_a_table_and_for_programs() {
    let fake = with_trace();
    fake.check("handlers", "handlers --from trace.txt");
    fake.check("handlers-json", "handlers --from trace.txt --json");
    fake.check("handlers-csv", "handlers --from trace.txt --csv");
    for format in ["prometheus", "openmetrics"] {
        fake.check(
            &format!("handlers-{format}"),
            &format!("handlers --from trace.txt --metrics {format}"),
        );
    }
}

#[test]
fn one_event_is_called_so() {
    let fake = Fake::unloaded();
    let event = "<idle>-0 [000] d.h1. 100.000001: irq_handler_entry: irq=26 name=a\n";
    fake.write("one.txt", event);
    let run = fake.command("handlers --from one.txt").output().unwrap();
    let shown = String::from_utf8(run.stdout).unwrap();
    assert!(shown.contains("; 1 event, 0 lost"), "{shown}");
}

#[test]
fn rows_are_chosen_and_ordered() {
    let fake = with_trace();
    for order in ["rate", "run", "wait", "name"] {
        fake.check(
            &format!("handlers-sort-{order}"),
            &format!("handlers --from trace.txt --sort {order} --width 100"),
        );
    }
    fake.check(
        "handlers-filter",
        "handlers --from trace.txt --filter ^(softirq|simrupt0-bh)$ --reverse",
    );
    fake.check("handlers-none", "handlers --from trace.txt --filter nobody");
}

#[test]
fn the_table_is_as_wide_as_there_is_room() {
    let fake = with_trace();
    fake.check("handlers-80", "handlers --from trace.txt --width 80");
    for width in 1..200 {
        let output = fake
            .command(&format!("handlers --from trace.txt --width {width}"))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest.unwrap() <= width, "{width}:\n{text}");
    }
}

#[test]
fn json_csv_and_metrics_agree() {
    let fake = with_trace();
    let printed = |option: &str| {
        let output = fake
            .command(&format!("handlers --from trace.txt {option}"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let document: Value = serde_json::from_str(&printed("--json")).unwrap();
    let rows = document["rows"].as_array().unwrap();
    let runs: u64 = rows.iter().map(|row| row["runs"].as_u64().unwrap()).sum();
    let each = rows
        .iter()
        .flat_map(|row| row["per_cpu"].as_array().unwrap());
    let by_cpu: u64 = each.map(|cpu| cpu["runs"].as_u64().unwrap()).sum();
    assert_eq!(runs, by_cpu);
    let metrics = printed("--metrics openmetrics");
    let of = |name: &str| -> u64 {
        let rows = metrics.lines().filter(|row| row.starts_with(name));
        rows.map(|row| row.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
            .sum()
    };
    assert_eq!(of("linux_handler_runs_total{"), runs);
    assert_eq!(of("linux_handler_run_seconds_count{"), runs);
    assert!(metrics.ends_with("# EOF\n"));
    let csv = printed("--csv");
    let columns = csv.lines().next().unwrap().split(',').count();
    assert!(csv.lines().count() > 5, "{csv}");
    // Only one name in this trace has a comma, and it is in quotes.
    let rows = csv
        .lines()
        .map(|row| row.replace("nvme0q1, nvme0q2", "nvme0q1 nvme0q2"));
    assert!(
        rows.into_iter()
            .all(|row| row.split(',').count() == columns)
    );
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let fake = with_trace();
    fake.write("handlers.prom", "old\n");
    let printed = |arguments: &str| {
        let output = fake.command(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let arguments = "handlers --from trace.txt --metrics prometheus --output";
    assert_eq!(printed(&format!("{arguments} handlers.prom")), "");
    let text = fs::read_to_string(fake.path("handlers.prom")).unwrap();
    assert_eq!(text, printed(&format!("{arguments} -")));
    assert!(text.starts_with("# HELP linux_handler_run_seconds "));
    // It is refused before anything is measured.
    fake.check("handlers-no-folder", "handlers --output no/such/file");
}

#[test]
fn damaged_rows_are_counted_and_a_file_without_events_is_refused() {
    let fake = with_trace();
    let damaged = TRACE.replace("irq=26 name", "irq=x name");
    fake.write("damaged.txt", &damaged);
    fake.check(
        "handlers-damaged",
        "handlers --from damaged.txt --filter simrupt --width 80",
    );
    fake.write("empty.txt", "# tracer: nop\n");
    fake.check("handlers-empty", "handlers --from empty.txt");
    fake.write("ticks.txt", &TRACE.replace("10.0", "100"));
    fake.check("handlers-ticks", "handlers --from ticks.txt");
    fake.write(
        "odd.txt",
        "<idle>-0 [001] d.h2. 10.0: irq_handler_entry: irq=x name=simrupt0\n",
    );
    fake.check("handlers-odd", "handlers --from odd.txt");
    fake.check("handlers-no-file", "handlers --from /nowhere/at/all");
}

#[test]
fn a_kernel_that_lacks_something_is_an_error() {
    let fake = Fake::unloaded();
    fake.check("handlers-not-mounted", "handlers");
    fs::create_dir_all(fake.path("sys/kernel/tracing/instances")).unwrap();
    fake.check("handlers-no-events", "handlers");
    for event in &EVENTS[..5] {
        fake.write(&format!("sys/kernel/tracing/events/{event}/format"), "");
    }
    fake.check("handlers-no-work", "handlers");
    for event in EVENTS {
        fake.write(
            &format!("sys/kernel/tracing/events/{event}/format"),
            "name: x\nID: 1\nformat:\n",
        );
    }
    fake.check("handlers-odd-format", "handlers");
    let locked = "none integrity [confidentiality]\n";
    fake.write("sys/kernel/security/lockdown", locked);
    fake.check("handlers-lockdown", "handlers");
    // It leaves no trace instance behind.
    let instances = fake.path("sys/kernel/tracing/instances");
    assert_eq!(fs::read_dir(instances).unwrap().count(), 0);
}

#[test]
fn options_that_contradict_one_another_are_refused() {
    let fake = with_trace();
    for (golden, arguments) in [
        ("both", "handlers --from trace.txt --watch"),
        ("for", "handlers --from trace.txt --for 2s"),
        ("interval", "handlers --interval 1"),
        ("count", "handlers --watch -n 0"),
        ("csv-json", "handlers --from trace.txt --csv --json"),
        (
            "csv-metrics",
            "handlers --from trace.txt --csv --metrics prometheus",
        ),
        ("format", "handlers --from trace.txt --metrics graphite"),
        ("output", "handlers --from trace.txt --output trace.txt"),
        ("regex", "handlers --from trace.txt --filter ("),
        ("sort", "handlers --from trace.txt --sort size"),
        ("buffer", "handlers --buffer 1"),
        ("line", "handlers --from trace.txt --line 0"),
    ] {
        fake.check(&format!("handlers-usage-{golden}"), arguments);
    }
}
