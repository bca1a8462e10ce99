// SPDX-License-Identifier: GPL-2.0-only

//! `simructl irqs` and `simructl softirqs`: of a fake kernel, and of copies from real machines of 2 to 512
//! CPUs in `tests/interrupts`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fake::Fake;

/// A machine with simrupt, threaded: what it shows before and after.
const BEFORE: &str = "\
            CPU0       CPU4
  24:        100        200  simrupt    0-simrupt   simrupt0
  25:          7          8  IO-APIC    4-edge      ttyS0
 NMI:          1          2  Non-maskable interrupts
 ERR:          5
 FIQ:              usb_fiq
";
const AFTER: &str = "\
            CPU0       CPU4
  23:  123456789 4294967295  PCI-MSI    9-edge      eth0, eth1
  24:        150       1200  simrupt    0-simrupt   simrupt0
  25:          7          9  IO-APIC    4-edge      ttyS0
 NMI:          1          2  Non-maskable interrupts
 ERR:          6
 FIQ:              usb_fiq
";
const SOFTIRQS: &str = "\
                    CPU0       CPU1
          HI:          5          0
      NET_RX:         10      99999
     NOVELTY:          1          2
";

/// A kernel without the module, with these interrupts.
fn fake(interrupts: &str) -> Fake {
    let fake = Fake::unloaded();
    fake.write("proc/interrupts", interrupts);
    fake.write("proc/softirqs", SOFTIRQS);
    fake.write("proc/irq/24/smp_affinity_list", "0,4\n");
    fake.write("proc/irq/24/effective_affinity_list", "4\n");
    for (pid, name, arguments) in [
        (77, "irq/24-simrupt0\n", ""),
        (9, "irq/24-s-simrup\n", ""),
        (78, "irq/24-fake\n", "not a kernel thread"),
        (79, "kworker/24-x\n", ""),
    ] {
        fake.write(&format!("proc/{pid}/comm"), name);
        fake.write(&format!("proc/{pid}/cmdline"), arguments);
    }
    fake
}

/// The copies that there are.
fn copies(file: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interrupts");
    let mut copies: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == file))
        .collect();
    copies.sort();
    assert!(copies.len() >= 2, "{copies:?}");
    copies
}

fn text(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_simructl"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&text(arguments)).unwrap()
}

/// The counts of a copy, by row and CPU, read as plainly as possible.
fn counts(text: &str) -> BTreeMap<String, BTreeMap<String, u64>> {
    let cpus: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
    let row = |line: &str| {
        let (name, rest) = line.split_once(':').unwrap();
        let words: Vec<&str> = rest.split_whitespace().collect();
        let numbers = words
            .iter()
            .take(cpus.len())
            .map_while(|word| word.parse().ok());
        let counts = cpus
            .iter()
            .map(|cpu| cpu.to_string())
            .zip(numbers)
            .collect();
        (name.trim().to_string(), counts)
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn every_count_of_every_copy_is_where_it_was() {
    for (command, file) in [("irqs", "interrupts"), ("softirqs", "softirqs")] {
        for copy in copies(file) {
            let expected = counts(&fs::read_to_string(&copy).unwrap());
            let document = json(&[command, "--json", "--from", copy.to_str().unwrap()]);
            let cpus = document["cpus"].as_array().unwrap();
            let mut rows = 0;
            for row in document["rows"].as_array().unwrap() {
                rows += 1;
                let name = row["name"].as_str().unwrap();
                let expected = &expected[name];
                let sum: u64 = expected.values().sum();
                assert_eq!(row["total"], sum, "{name} of {copy:?}");
                if let Some(counts) = row["per_cpu"]["total"].as_array() {
                    assert_eq!(counts.len(), cpus.len());
                    for (cpu, count) in cpus.iter().zip(counts) {
                        assert_eq!(*count, expected[&format!("CPU{cpu}")], "{name} of {copy:?}");
                    }
                } else {
                    assert_eq!((name, expected.len()), ("Err", 1), "{copy:?}");
                }
            }
            assert_eq!(rows, expected.len());
        }
    }
}

#[test]
fn every_copy_is_shown_in_every_width() {
    for (command, file) in [("irqs", "interrupts"), ("softirqs", "softirqs")] {
        for copy in copies(file) {
            let from = copy.to_str().unwrap();
            let all = text(&[command, "--from", from]).lines().count();
            for width in [1, 10, 40, 80, 132, 300] {
                let text = text(&[command, "--from", from, "--width", &width.to_string()]);
                assert_eq!(text.lines().count(), all);
                for line in text.lines().skip(3) {
                    assert!(line.chars().count() <= width, "{width}: {line}");
                }
            }
        }
    }
}

#[test]
fn real_machines_look_like_this() {
    let fake = Fake::unloaded();
    for copy in copies("interrupts") {
        let name = copy.file_stem().unwrap().to_str().unwrap();
        fake.write(name, &fs::read_to_string(&copy).unwrap());
        let arguments = format!("irqs --width 120 --threshold 1 --from {name}");
        fake.check(&format!("irqs-{name}"), &arguments);
    }
}

#[test]
fn a_diff_shows_what_was_counted_between() {
    let fake = fake(BEFORE);
    fake.write("a", BEFORE);
    fake.write("b", AFTER);
    // A row that is new moves no other, and CPU 4 is CPU 4.
    fake.check("irqs-diff", "irqs --diff a b");
    fake.check("irqs-diff-rates", "irqs --diff a b --interval 2 --sort irq");
    fake.check("irqs-diff-json", "irqs --diff a b --json --interval 2");
    fake.check("irqs-diff-csv", "irqs --diff a b --csv");
    let back = fake.command("irqs --json --diff b a").output().unwrap();
    let back: Value = serde_json::from_slice(&back.stdout).unwrap();
    // Less than before: set up anew, and not four billion interrupts.
    for row in back["rows"].as_array().unwrap() {
        let is_known = row["name"] == "NMI";
        assert_eq!(row["increase"].is_number(), is_known, "{row}");
    }
}

#[test]
fn a_running_kernel_is_shown_with_where_its_interrupts_go() {
    let fake = fake(AFTER);
    fake.check("irqs-once", "irqs --once");
    fake.check("irqs-sort", "irqs --once --sort name --reverse");
    fake.check("irqs-filter", "irqs --once --filter ^simr|^2[35]");
    fake.check("irqs-threshold", "irqs --once --threshold 1000");
    fake.check("irqs-nothing", "irqs --once --filter nothing");
    fake.check("irqs-openmetrics", "irqs --openmetrics --filter eth|ERR");
    fake.check("softirqs-once", "softirqs --once");
    fake.check(
        "softirqs-openmetrics",
        "softirqs --openmetrics --threshold 1000",
    );
}

#[test]
fn the_first_table_has_rates_already() {
    let fake = fake(BEFORE);
    fake.check("irqs", "irqs --interval 0.01");
    fake.check("softirqs", "softirqs --interval 0.01 --width 60");
}

#[test]
fn samples_are_a_document_each_and_rates_are_per_second() {
    let fake = fake(BEFORE);
    let mut child = fake
        .command("irqs --watch --interval 0.05 --json --filter ^24$")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut samples = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let first = samples.next().unwrap();
    assert_eq!(first["cpus"], serde_json::json!([0, 4]));
    assert_eq!(first["rows"][0]["per_second"], 0.0);

    fake.write("proc/interrupts", AFTER);
    let changed = samples
        .find(|one| one["rows"][0]["increase"] == 1050)
        .unwrap();
    let row = &changed["rows"][0];
    assert_eq!(row["per_cpu"]["increase"], serde_json::json!([50, 1000]));
    let rate = row["per_second"].as_f64().unwrap();
    let interval = changed["interval_s"].as_f64().unwrap();
    assert!(
        (rate * interval - 1050.0).abs() < 1e-6,
        "{rate} in {interval}"
    );
    assert!(interval >= 0.04, "{interval}");
    // Nobody reads any more: it ends by itself.
    drop(samples);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_table_that_stays_torn_is_refused() {
    let fake = fake("CPU0 CPU1\n24: 5 simrupt 0-simrupt simrupt0\n");
    fake.check("irqs-torn", "irqs --once");
}

#[test]
fn blocks_of_csv_have_one_header() {
    let fake = fake(BEFORE);
    let output = fake
        .command("irqs --watch --interval 0.01 -n 3 --csv")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (headers, rows): (Vec<_>, Vec<_>) =
        text.lines().partition(|line| line.starts_with("elapsed_s"));
    assert_eq!((headers.len(), rows.len()), (1, 3 * 7));
    let fields = headers[0].split(',').count();
    assert!(rows.iter().all(|row| row.split(',').count() == fields));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let fake = fake(BEFORE);
    fake.write("empty", "");
    fake.check("irqs-empty", "irqs --from empty");
    fake.check("irqs-no-file", "irqs --from no-such-file");
    fake.check("irqs-diff-no-file", "irqs --diff no-such-file other");
    for (name, arguments) in [
        ("regex", "--filter ("),
        ("threshold", "--threshold -1"),
        ("sort", "--sort cpu"),
        ("width", "--width 0"),
        ("diff", "--diff one"),
        ("both", "--from a --diff b c"),
        ("once", "--once --watch"),
        ("saved", "--watch --from a"),
        ("metrics", "--openmetrics --watch"),
        ("csv-json", "--csv --json"),
        ("line", "--line 0"),
        ("interval", "--interval 0"),
        ("count", "-n 3"),
    ] {
        fake.check(&format!("irqs-usage-{name}"), &format!("irqs {arguments}"));
    }
    fake.remove("proc/interrupts");
    fake.check("irqs-missing", "irqs");
}
