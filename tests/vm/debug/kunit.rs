// SPDX-License-Identifier: GPL-2.0-only

//! The module's own KUnit suites, which the kernel runs when the module is loaded.

use simrupt_vm_tests::Simrupt;
use std::fs;

const RESULTS: &str = "/sys/kernel/debug/kunit";

/// Every suite of the module.
const SUITES: [&str; 9] = [
    "simrupt_clock",
    "simrupt_context",
    "simrupt_cpu",
    "simrupt_irq_domain",
    "simrupt_irq_work",
    "simrupt_kthread_worker",
    "simrupt_kvec",
    "simrupt_lines",
    "simrupt_workqueue",
];

/// The file that selects the suites that the kernel runs.
const FILTER: &str = "/sys/module/kunit/parameters/filter_glob";

#[test]
fn every_suite_runs_and_passes() {
    let before = fs::read_to_string(FILTER).expect("the kernel has KUnit");
    fs::write(FILTER, "simrupt*").unwrap();
    let module = Simrupt::load("rate_hz=1000 run=always");
    fs::write(FILTER, before.trim_end()).unwrap();
    let mut suites: Vec<_> = fs::read_dir(RESULTS)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("simrupt"))
        .collect();
    suites.sort();
    assert_eq!(suites, SUITES);
    for suite in suites {
        let results = fs::read_to_string(format!("{RESULTS}/{suite}/results")).unwrap();
        let lines = results.lines().map(str::trim_start);
        let passed = lines.clone().filter(|line| line.starts_with("ok ")).count();
        // The tests, and the suite itself.
        assert!(passed >= 2, "{results}");
        assert!(
            !lines.clone().any(|line| line.starts_with("not ok ")),
            "{results}"
        );
        assert!(!results.contains("SKIP"), "{results}");
    }
    module.verify();
}
