// SPDX-License-Identifier: GPL-2.0-only

//! `simructl irqs` and `simructl softirqs`: with a fake kernel, and with copies in `tests/interrupts`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::fake::{Fake, compare, transcript};

/// A machine with simrupt, with an interrupt thread: its table before and after.
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

/// A copy in `tests/interrupts`.
fn copy_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/interrupts")
        .join(name)
}

/// A kernel without the module, with these interrupts.
fn fake(interrupts: &str) -> Fake {
    let fake = Fake::unloaded();
    fake.write("proc/interrupts", interrupts);
    fake.write("proc/softirqs", SOFTIRQS);
    fake.write("proc/irq/24/smp_affinity_list", "0,4\n");
    fake.write("proc/irq/24/effective_affinity_list", "4\n");
    fake.write("proc/irq/24/node", "1\n");
    fake.write("proc/irq/25/node", "-1\n");
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

/// Runs simructl in the fake and compares the run with the transcript of this name, without the time of day.
fn check(fake: &Fake, golden: &str, arguments: &str) {
    let run = transcript(arguments, &mut fake.command(arguments));
    let root = fake.path("");
    let root = root.to_str().unwrap().trim_end_matches('/');
    compare(golden, &without_times(&run.replace(root, "[SYSROOT]")));
}

/// A text with `[TIME]` instead of times: 2026-11-28T17:40:00Z.
fn without_times(text: &str) -> String {
    let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let mut result = String::new();
    let mut rest = 0;
    for (at, _) in text.match_indices('T') {
        let Some(end) = text[at..].find('Z').map(|end| at + end) else {
            continue;
        };
        let is_time = at >= rest + 10 && end - at < 15 && is_digit(at - 10) && is_digit(at + 1);
        if is_time {
            result += &text[rest..at - 10];
            result += "[TIME]";
            rest = end + 1;
        }
    }
    result + &text[rest..]
}

#[test]
fn real_machines_look_like_this() {
    let fake = Fake::unloaded();
    for name in [
        "arm64-2-of-4-cpus",
        "x86-2-cpus",
        "x86-60-of-64-cpus",
        "x86-505-of-512-cpus",
    ] {
        fake.write(
            name,
            &fs::read_to_string(copy_of(&format!("{name}.interrupts"))).unwrap(),
        );
        let arguments = format!("irqs --width 120 --threshold 1 --from {name}");
        check(&fake, &format!("irqs-{name}"), &arguments);
    }
    // Fewer columns than CPUs, a row for each CPU, and numbers that share a column.
    check(
        &fake,
        "irqs-narrow",
        "irqs --width 40 --threshold 1 --from x86-60-of-64-cpus",
    );
    check(
        &fake,
        "irqs-numbers",
        "irqs --width 120 --cells numbers --threshold 100 --from x86-60-of-64-cpus",
    );
    check(
        &fake,
        "irqs-transpose",
        "irqs --width 60 --transpose --threshold 1 --from x86-2-cpus",
    );
}

#[test]
fn a_diff_shows_what_was_counted_between() {
    let fake = fake(BEFORE);
    fake.write("a", BEFORE);
    fake.write("b", AFTER);
    // A new row does not shift the others, and CPU 4 stays CPU 4.
    check(&fake, "irqs-diff", "irqs --diff a b");
    check(
        &fake,
        "irqs-diff-rates",
        "irqs --diff a b --interval 2 --sort irq",
    );
    check(
        &fake,
        "irqs-diff-json",
        "irqs --diff a b --json --interval 2",
    );
    check(&fake, "irqs-diff-csv", "irqs --diff a b --csv");
    let back = fake.command("irqs --json --diff b a").output().unwrap();
    let back: Value = serde_json::from_slice(&back.stdout).unwrap();
    // Less than before: the interrupt was set up again, and did not come four billion times.
    for row in back["rows"].as_array().unwrap() {
        let is_known = row["name"] == "NMI";
        assert_eq!(row["increase"].is_number(), is_known, "{row}");
    }
    // With a warning that the copies may be in the wrong order.
    check(&fake, "irqs-diff-swapped", "irqs --diff b a");
}

#[test]
fn a_copy_of_the_other_file_is_refused() {
    let fake = fake(BEFORE);
    fake.write("interrupts", BEFORE);
    fake.write("softirqs", SOFTIRQS);
    check(&fake, "irqs-from-softirqs", "irqs --from softirqs");
    check(
        &fake,
        "softirqs-from-interrupts",
        "softirqs --from interrupts",
    );
    check(
        &fake,
        "irqs-diff-softirqs",
        "irqs --diff interrupts softirqs",
    );
}

#[test]
fn anything_unusual_about_a_copy_is_reported() {
    let fake = fake(BEFORE);
    for name in ["prompts", "cut-in-a-number", "cut-in-words", "no-rows"] {
        fake.write(
            name,
            &fs::read_to_string(copy_of(&format!("kinds/{name}.interrupts"))).unwrap(),
        );
        check(
            &fake,
            &format!("irqs-odd-{name}"),
            &format!("irqs --from {name} --width 80"),
        );
    }
    let lines = BEFORE.replace("ttyS0\n", "ttyS0\n\nOn Monday you wrote:\n");
    for (name, text) in [
        ("wrapped", lines),
        (
            "headless",
            BEFORE.lines().skip(1).collect::<Vec<_>>().join("\n"),
        ),
        ("twice", format!("{BEFORE}{BEFORE}")),
    ] {
        fake.write(name, &text);
        check(
            &fake,
            &format!("irqs-odd-{name}"),
            &format!("irqs --from {name}"),
        );
    }
    fs::write(fake.path("xz"), b"\xfd7zXZ\0\0\x04").unwrap();
    check(&fake, "irqs-odd-xz", "irqs --from xz");
}

#[test]
fn standard_input_may_be_packed() {
    let fake = fake(BEFORE);
    let packed = fs::read(copy_of("kinds/packed.interrupts")).unwrap();
    let mut child = fake
        .command("irqs --from - --json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The first byte alone does not identify the format.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&packed[..1]).unwrap();
    stdin.flush().unwrap();
    stdin.write_all(&packed[1..]).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["rows"][0]["total"], 7);
}

#[test]
fn nodes_have_sums_where_there_are_several() {
    let fake = fake(AFTER);
    fake.write("sys/devices/system/node/node0/cpulist", "0-3\n");
    fake.write("sys/devices/system/node/node1/cpulist", "4-7\n");
    check(&fake, "irqs-nodes", "irqs --once");
    check(&fake, "irqs-nodes-transpose", "irqs --once --transpose");
    let output = fake.command("irqs --once --json").output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = document["nodes"].as_array().unwrap();
    assert_eq!(nodes[0]["total"], 123_456_789 + 150 + 7 + 1);
    assert_eq!(nodes[1]["cpus"], "4-7");
    let row = &document["rows"].as_array().unwrap()[1];
    assert_eq!((&row["name"], &row["node"]), (&"24".into(), &1.into()));
}

#[test]
fn sysfs_resolves_what_the_table_leaves_open() {
    // The table does not show to which side the words in the middle belong.
    let fake =
        fake("CPU0\n 16:  7  IP32 MACE  PCI  aic7xxx, scsi\n 17:  8  GIC  33 Level     old\n");
    for (name, text) in [
        ("chip_name", "IP32 MACE\n"),
        ("hwirq", ""),
        ("type", "level\n"),
        ("name", "eoi\n"),
        ("actions", "PCI  aic7xxx,scsi\n"),
    ] {
        fake.write(&format!("sys/kernel/irq/16/{name}"), text);
    }
    // The number has had another handler since the table was read.
    fake.write("sys/kernel/irq/17/actions", "new\n");
    fake.write("sys/kernel/irq/17/chip_name", "MSI\n");
    let output = fake
        .command("irqs --once --json --sort irq")
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let [live, changed] = &document["rows"].as_array().unwrap()[..] else {
        panic!("{document}")
    };
    assert_eq!(live["actions"], serde_json::json!(["PCI  aic7xxx", "scsi"]));
    assert_eq!(
        (&live["chip"], &live["hwirq"]),
        (&"IP32 MACE".into(), &Value::Null)
    );
    assert_eq!(
        (&live["trigger"], &live["type"]),
        (&"eoi".into(), &"level".into())
    );
    assert_eq!(
        (&changed["chip"], &changed["actions"][0]),
        (&"GIC".into(), &"old".into())
    );
}

#[test]
fn a_file_of_metrics_is_replaced_as_a_whole() {
    let fake = fake(AFTER);
    let run = |arguments: &str| fake.command(arguments).output().unwrap();
    fake.write("metrics/irqs.prom", "of before\n");
    let to = "irqs --metrics prometheus --output metrics/irqs.prom";
    let output = run(to);
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{output:?}"
    );
    assert_eq!(
        fake.read("metrics/irqs.prom").as_bytes(),
        run("irqs --metrics prometheus").stdout
    );
    let metadata = fs::metadata(fake.path("metrics/irqs.prom")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o644);
    assert_eq!(fs::read_dir(fake.path("metrics")).unwrap().count(), 1);
    // A table that cannot be read leaves the file as it was.
    fake.write("proc/interrupts", "no table\n");
    assert_eq!(run(to).status.code(), Some(1));
    assert!(
        fake.read("metrics/irqs.prom")
            .contains("linux_interrupts_total{")
    );
    fake.write("copy", BEFORE);
    check(
        &fake,
        "irqs-output-input",
        "irqs --from copy --output ./copy",
    );
    assert_eq!(fake.read("copy"), BEFORE);
    check(
        &fake,
        "irqs-output-folder",
        "irqs --from copy --output metrics",
    );
    check(
        &fake,
        "irqs-output-nowhere",
        "irqs --from copy --output no/such/folder",
    );
    let output = run("irqs --from copy --csv --output -");
    assert!(output.stdout.starts_with(b"time,"), "{output:?}");
}

#[test]
fn a_running_kernel_is_shown_with_the_cpus_of_its_interrupts() {
    let fake = fake(AFTER);
    check(&fake, "irqs-once", "irqs --once");
    check(&fake, "irqs-sort", "irqs --once --sort name --reverse");
    check(&fake, "irqs-filter", "irqs --once --filter ^simr|^2[35]");
    check(&fake, "irqs-threshold", "irqs --once --threshold 1000");
    check(&fake, "irqs-nothing", "irqs --once --filter nothing");
    check(
        &fake,
        "irqs-exclude",
        "irqs --once --exclude ^ttyS0$|NMI|eth",
    );
    check(&fake, "irqs-cpu", "irqs --once --cpu 3-9/1,12");
    check(
        &fake,
        "irqs-columns",
        "irqs --once -o irq,actions,type,node,total",
    );
    check(
        &fake,
        "irqs-columns-more",
        "irqs --once -o +type --filter simrupt",
    );
    check(&fake, "irqs-noheadings", "irqs --once --noheadings");
    check(
        &fake,
        "irqs-noheadings-csv",
        "irqs --once --noheadings --csv --filter ERR",
    );
    check(&fake, "irqs-pairs", "irqs --once --pairs --filter ^2|FIQ");
    check(
        &fake,
        "irqs-openmetrics",
        "irqs --metrics openmetrics --filter eth|ERR",
    );
    check(
        &fake,
        "irqs-prometheus",
        "irqs --metrics prometheus --no-zeros --sum",
    );
    // The example in Documentation/metrics.md.
    check(
        &fake,
        "irqs-prometheus-filter",
        "irqs --metrics prometheus --no-zeros --sum --filter simrupt|NMI",
    );
    check(&fake, "softirqs-once", "softirqs --once");
    check(
        &fake,
        "softirqs-json",
        "softirqs --from proc/softirqs --json",
    );
    check(
        &fake,
        "softirqs-openmetrics",
        "softirqs --metrics openmetrics --threshold 1K",
    );
}

#[test]
fn the_first_table_has_rates_already() {
    let fake = fake(BEFORE);
    check(&fake, "irqs", "irqs --interval 0.01");
    check(&fake, "softirqs", "softirqs --interval 0.01 --width 60");
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
    assert!(interval > 0.0, "{interval}");
    // The reader has gone, so it ends by itself.
    drop(samples);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_table_that_stays_torn_is_refused() {
    let fake = fake("CPU0 CPU1\n24: 5 simrupt 0-simrupt simrupt0\n");
    check(&fake, "irqs-torn", "irqs --once");
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
        text.lines().partition(|line| line.starts_with("time,"));
    assert_eq!((headers.len(), rows.len()), (1, 3 * 7));
    let fields = headers[0].split(',').count();
    assert!(rows.iter().all(|row| row.split(',').count() == fields));
}

#[test]
fn invalid_files_and_options_are_refused() {
    let fake = fake(BEFORE);
    fake.write("empty", "");
    check(&fake, "irqs-empty", "irqs --from empty");
    check(&fake, "irqs-no-file", "irqs --from no-such-file");
    check(&fake, "irqs-diff-no-file", "irqs --diff no-such-file other");
    for (name, arguments) in [
        ("regex", "--filter ("),
        ("threshold", "--threshold -1"),
        ("sort", "--sort cpu"),
        ("width", "--width 0"),
        ("diff", "--diff one"),
        ("both", "--from a --diff b c"),
        ("once", "--once --watch"),
        ("saved", "--watch --from a"),
        ("metrics", "--metrics prometheus --watch"),
        ("format", "--metrics text"),
        ("no-zeros", "--no-zeros"),
        ("columns", "-o irq,what"),
        ("columns-json", "-o irq --json"),
        ("transpose-json", "--transpose --json"),
        ("pairs-watch", "--pairs --watch"),
        ("cpu", "--cpu 3-1"),
        ("cpu-none", "--once --cpu 7"),
        ("csv-json", "--csv --json"),
        ("line", "--line 0"),
        ("interval", "--interval 0"),
        ("count", "-n 3"),
    ] {
        check(
            &fake,
            &format!("irqs-usage-{name}"),
            &format!("irqs {arguments}"),
        );
    }
    fake.remove("proc/interrupts");
    check(&fake, "irqs-missing", "irqs");
}
