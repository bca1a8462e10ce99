// SPDX-License-Identifier: GPL-2.0-only

//! tools/bpftrace.

use super::TOOLS;
use simrupt_vm_tests::{Simrupt, is_real_time, skip};
use std::{collections::BTreeMap, fs, process::Command};

/// A hundred events on each of these.
const FLAVORS: [&str; 3] = ["unbound", "bh", "none"];
const EVENTS: u64 = 100;

/// The map entries that a script prints during events on one flavor after the other: "name[keys]" and the number.
fn entries(script: &str) -> BTreeMap<String, u64> {
    let commands = FLAVORS
        .map(|flavor| format!("simructl set-wq {flavor} && simructl read -n {EVENTS} || exit\n"));
    let traffic = "/tmp/traffic.sh";
    fs::write(traffic, format!("exec >/dev/null\n{}", commands.concat())).unwrap();
    let output = Command::new("bpftrace")
        .arg(format!("{TOOLS}/bpftrace/{script}"))
        .args(["-c", &format!("/bin/sh {traffic}")])
        .output()
        .expect("bpftrace runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text
        .lines()
        .filter_map(|row| row.strip_prefix('@')?.split_once(": "));
    rows.map(|(name, number)| (name.to_string(), number.parse().unwrap()))
        .collect()
}

#[test]
fn the_waits_of_each_flavor_are_counted() {
    let module = Simrupt::load("rate_hz=1000 run=open");
    let entries = entries("latency.bt");
    module.verify();
    let stats = module.line(0).stats();
    let waits = FLAVORS.map(|flavor| entries[&format!("waits[0, {flavor}]")]);
    assert!(waits.iter().all(|&waits| waits >= EVENTS), "{entries:?}");
    assert_eq!(waits.iter().sum::<u64>(), stats["runs"], "{stats:?}");
    assert_eq!(entries["read[0]"], stats["read"], "{stats:?}");
}

#[test]
fn the_census_finds_what_the_module_counts() {
    if is_real_time() {
        return skip("on PREEMPT_RT the kernel counts softirqs where the script does not look");
    }
    let module = Simrupt::load("rate_hz=1000 run=open");
    let entries = entries("census.bt");
    module.verify();
    for (stage, function) in [
        ("device", "generator"),
        ("top_half", "8top_half"),
        ("bottom_half", "11bottom_half"),
    ] {
        let visits = ["hardirq", "softirq", "task"].map(|context| {
            let of = |name: &str| name.starts_with(context) && name.contains(function);
            let found = entries.iter().filter(|(name, _)| of(name));
            found.map(|(_, visits)| visits).sum::<u64>()
        });
        let counted = module.line(0).contexts(stage);
        assert_eq!(visits, counted[..3], "{stage}: {entries:?}");
        assert!(visits.iter().sum::<u64>() >= 3 * EVENTS, "{entries:?}");
    }
}

#[test]
fn without_the_module_the_scripts_name_what_is_missing() {
    for (script, missing) in [
        (
            "latency.bt",
            "tracepoint not found: simrupt:simrupt_bh_queue",
        ),
        ("census.bt", "simrupt_context is not traceable"),
    ] {
        let output = Command::new("bpftrace")
            .arg(format!("{TOOLS}/bpftrace/{script}"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(missing), "{said}");
    }
}
