// SPDX-License-Identifier: GPL-2.0-only

//! The kernel's own checks: a clean log proves nothing if they are off.

use simrupt_vm_tests::lacking_flavors;
use std::{fs, path::Path, process::Command};

/// Options that must be built in.
const OPTIONS: [&str; 23] = [
    "DEBUG_ATOMIC_SLEEP",
    "DEBUG_KMEMLEAK",
    "DEBUG_LIST",
    "DEBUG_NET",
    "DEBUG_OBJECTS",
    "DEBUG_OBJECTS_FREE",
    "DEBUG_OBJECTS_TIMERS",
    "DEBUG_OBJECTS_WORK",
    "FAILSLAB",
    "FAIL_PAGE_ALLOC",
    "FAULT_INJECTION",
    "FAULT_INJECTION_DEBUG_FS",
    "FAULT_INJECTION_USERCOPY",
    "KASAN",
    "KUNIT",
    "PROVE_LOCKING",
    "PROVE_RAW_LOCK_NESTING",
    "PROVE_RCU",
    "RUST_DEBUG_ASSERTIONS",
    "RUST_OVERFLOW_CHECKS",
    "UBSAN",
    "WQ_CPU_INTENSIVE_REPORT",
    "WQ_WATCHDOG",
];

/// Files that show that a check is on: lockdep, for one, turns itself off after its first report.
const FACES: [&str; 5] = [
    "/proc/lockdep_stats",
    "/proc/self/fail-nth",
    "/sys/kernel/debug/failslab/verbose",
    "/sys/kernel/debug/kmemleak",
    "/sys/kernel/debug/kunit",
];

#[test]
fn the_kernel_has_all_its_checks_on() {
    let output = Command::new("zcat")
        .arg("/proc/config.gz")
        .output()
        .expect("zcat runs");
    let config = String::from_utf8_lossy(&output.stdout);
    assert!(config.contains("CONFIG_"), "the kernel shows its options");
    let missing: Vec<_> = OPTIONS
        .into_iter()
        .filter(|option| {
            !config
                .lines()
                .any(|line| line == format!("CONFIG_{option}=y"))
        })
        .collect();
    assert!(missing.is_empty(), "the kernel lacks {missing:?}");
    let missing: Vec<_> = FACES
        .into_iter()
        .filter(|path| !Path::new(path).exists())
        .collect();
    assert!(missing.is_empty(), "the kernel does not show {missing:?}");
}

#[test]
fn lockdep_has_not_turned_itself_off() {
    let stats = fs::read_to_string("/proc/lockdep_stats").unwrap();
    let row = stats.lines().find(|row| row.contains("debug_locks:"));
    assert_eq!(
        row.and_then(|row| row.split_whitespace().last()),
        Some("1"),
        "{stats}"
    );
}

#[test]
fn the_kernel_has_every_flavor() {
    assert_eq!(lacking_flavors(), [""; 0]);
}
