// SPDX-License-Identifier: GPL-2.0-only

//! simructl irqs and softirqs, compared with other files of the kernel.

use nix::sys::signal::Signal;
use serde_json::Value;
use simrupt_vm_tests::{
    Line, Offline, Reader, Simrupt, end, lacking_flavors, move_irq, settle, simructl,
    start_simructl,
};
use std::{
    fs,
    io::{BufRead, BufReader},
};

fn document(args: &[&str]) -> Value {
    let output = simructl(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The row of this name.
fn row(document: &Value, name: impl ToString) -> Option<&Value> {
    let name = name.to_string();
    let mut rows = document["rows"].as_array().unwrap().iter();
    rows.find(|row| row["name"] == name)
}

fn of_line(document: &Value, line: Line) -> &Value {
    row(document, line.irq()).unwrap()
}

/// The content of another file of the kernel about an interrupt.
fn elsewhere(irq: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/sys/kernel/irq/{irq}/{name}")).ok()?;
    Some(text.trim_end().to_string())
}

#[test]
fn each_interrupt_is_what_the_kernel_says_elsewhere() {
    let module = Simrupt::load("lines=3 rate_hz=0");
    let document = document(&["irqs", "--once", "--json"]);
    for index in 0..3 {
        let row = of_line(&document, module.line(index));
        assert_eq!(row["actions"][0], format!("simrupt{index}"));
    }
    let mut seen = 0;
    for row in document["rows"].as_array().unwrap() {
        let Some(irq) = row["irq"].as_u64().map(|irq| irq.to_string()) else {
            continue;
        };
        seen += 1;
        let actions: Vec<&str> = row["actions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|action| action.as_str().unwrap())
            .collect();
        let text = |name| elsewhere(&irq, name).unwrap();
        assert_eq!(actions.join(","), text("actions"), "{row}");
        assert_eq!(row["chip"], text("chip_name"), "{row}");
        let hwirq = row["hwirq"].as_u64().map(|hwirq| hwirq.to_string());
        assert_eq!(hwirq.unwrap_or_default(), text("hwirq"), "{row}");
        let affinity = fs::read_to_string(format!("/proc/irq/{irq}/smp_affinity_list")).unwrap();
        assert_eq!(row["affinity"], affinity.trim_end(), "{row}");
    }
    assert!(seen > 3, "{document:#}");
}

#[test]
fn sysfs_and_the_table_say_the_same_about_each_interrupt() {
    let module = Simrupt::load("lines=2 rate_hz=0");
    // A copy has only the words of the table.
    let told = document(&["irqs", "--from", "/proc/interrupts", "--json"]);
    let live = document(&["irqs", "--once", "--json"]);
    let mut seen = 0;
    for told in told["rows"].as_array().unwrap() {
        let Some(irq) = told["irq"].as_u64() else {
            continue;
        };
        seen += 1;
        let live = row(&live, irq).unwrap();
        for what in ["chip", "hwirq", "actions"] {
            assert_eq!(live[what], told[what], "{what}: {live} {told}");
        }
        // The table does not always show these two.
        for what in ["trigger", "type"] {
            let is_same = told[what].is_null() || live[what] == told[what];
            assert!(is_same, "{what}: {live} {told}");
            assert!(live[what].is_string(), "{live}");
        }
        let node = fs::read_to_string(format!("/proc/irq/{irq}/node")).unwrap();
        let node = node.trim().parse::<u64>().ok();
        assert_eq!(live["node"].as_u64(), node, "{live}");
    }
    assert!(seen > 3, "{told:#}");
    for index in 0..2 {
        let row = of_line(&live, module.line(index));
        assert_eq!(row["chip"], "simrupt", "{row}");
    }
}

#[test]
fn a_chosen_cpu_has_its_own_counts_alone() {
    let module = Simrupt::load("rate_hz=1000 format=record");
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    for cpu in [1, 0] {
        move_irq(line.irq(), cpu);
        line.wait_for("handled", 10);
        let list = cpu.to_string();
        let document = document(&["irqs", "--json", "--interval", "0.3", "--cpu", &list]);
        assert_eq!(document["cpus"], serde_json::json!([cpu]));
        let row = of_line(&document, line);
        let rate = row["per_second"].as_f64().unwrap();
        assert!((rate / 1000.0 - 1.0).abs() < 0.1, "{row}");
    }
    settle(&module, line, reader);
}

#[test]
fn rates_are_those_of_the_device_on_the_cpu_that_takes_it() {
    let module = Simrupt::load("lines=2 rate_hz=1000,250 format=record");
    let lines = [0, 1].map(|index| module.line(index));
    let readers = lines.map(|line| Reader::start(line, 4096));
    for (line, cpu) in lines.into_iter().zip([0, 1]) {
        move_irq(line.irq(), cpu);
        line.wait_for("handled", 10);
    }
    let document = document(&["irqs", "--json", "--interval", "0.5"]);
    for ((line, cpu), rate_hz) in lines.into_iter().zip([0, 1]).zip([1000.0, 250.0]) {
        let row = of_line(&document, line);
        let rate = row["per_second"].as_f64().unwrap();
        assert!((rate / rate_hz - 1.0).abs() < 0.1, "{row}");
        assert_eq!(row["per_cpu"]["increase"][cpu], row["increase"]);
        assert_eq!(row["effective_affinity"], cpu.to_string());
    }
    for (line, reader) in lines.into_iter().zip(readers) {
        settle(&module, line, reader);
    }
}

#[test]
fn cpus_and_interrupts_that_come_and_go_move_no_other() {
    let module = Simrupt::load("rate_hz=1000");
    let line = module.line(0);
    let irq = line.irq();
    move_irq(irq, 0);
    let mut child = start_simructl(&["irqs", "--watch", "--interval", "0.1", "--json"]);
    let mut samples = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let mut until = |what: &str, is_so: &dyn Fn(&Value) -> bool| {
        let found = samples.by_ref().take(1000).find(is_so);
        found.unwrap_or_else(|| panic!("never {what}"))
    };
    let both = serde_json::json!([0, 1]);
    until("both CPUs", &|sample| sample["cpus"] == both);
    let offline = Offline::take(1);
    let sample = until("one CPU", &|sample| {
        sample["cpus"] == serde_json::json!([0])
    });
    let increase = &of_line(&sample, line)["per_cpu"]["increase"];
    assert_eq!(increase.as_array().unwrap().len(), 1);
    drop(offline);
    let sample = until("both again", &|sample| sample["cpus"] == both);
    // Counts of the CPU from before it went offline are not taken for an increase.
    assert_eq!(
        of_line(&sample, line)["per_cpu"]["increase"][1],
        Value::Null
    );
    drop(module);
    let sample = until("unloaded", &|sample| row(sample, irq).is_none());
    assert!(!sample["rows"].as_array().unwrap().is_empty());
    let module = Simrupt::load("rate_hz=0");
    let line = module.line(0);
    let sample = until("loaded", &|sample| row(sample, line.irq()).is_some());
    assert_eq!(of_line(&sample, line)["increase"], Value::Null);
    drop(samples);
    end(child, Signal::SIGTERM);
}

/// The threads whose names say that they serve this interrupt.
fn threads(irq: u32) -> Vec<u32> {
    let lead = format!("irq/{irq}-");
    let mut pids: Vec<u32> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm"));
            name.is_ok_and(|name| name.starts_with(&lead))
        })
        .collect();
    pids.sort_unstable();
    pids
}

#[test]
fn threads_of_interrupts_are_found() {
    let module = Simrupt::load("lines=2 workqueue=irq-thread,bound rate_hz=0");
    let document = document(&["irqs", "--once", "--json"]);
    for line in [0, 1].map(|index| module.line(index)) {
        let expected = threads(line.irq());
        assert!(!expected.is_empty());
        assert_eq!(
            of_line(&document, line)["threads"],
            serde_json::json!(expected)
        );
    }
}

#[test]
fn bh_work_is_counted_as_its_softirq() {
    let module = Simrupt::load("rate_hz=1000 workqueue=bh format=record");
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    line.wait_for("runs", 10);
    for (flavor, softirq) in [
        ("bh", "TASKLET"),
        ("bh-highpri", "HI"),
        ("tasklet", "TASKLET"),
        ("irq-poll", "IRQ_POLL"),
        ("napi", "NET_RX"),
    ] {
        if lacking_flavors().contains(&flavor) {
            continue;
        }
        line.set("workqueue", flavor);
        let document = document(&["softirqs", "--json", "--interval", "0.5"]);
        let row = row(&document, softirq).unwrap();
        let rate = row["per_second"].as_f64().unwrap();
        assert!(rate > 900.0, "{flavor}: {row}");
        let word = match softirq {
            "IRQ_POLL" => "polled",
            "NET_RX" => "NAPI",
            _ => "BH",
        };
        assert!(row["description"].as_str().unwrap().contains(word), "{row}");
    }
    settle(&module, line, reader);
}
