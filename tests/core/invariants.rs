// SPDX-License-Identifier: GPL-2.0-only

//! The list of counters and the sums between them fit together.

use simrupt_core::{
    abi,
    invariants::{COUNTERS, INVARIANTS, LEVELS},
};

#[test]
fn every_invariant_is_about_counters_that_exist() {
    for invariant in &INVARIANTS {
        for name in invariant.parts.iter().chain([&invariant.total]) {
            assert!(COUNTERS.contains(name), "{name} is no counter");
        }
    }
}

#[test]
fn every_level_is_one_of_the_counters() {
    for name in LEVELS {
        assert!(COUNTERS.contains(&name), "{name} is no counter");
    }
}

#[test]
fn no_two_counters_have_the_same_name() {
    for (index, name) in COUNTERS.iter().enumerate() {
        assert!(!COUNTERS[..index].contains(name), "{name} stands twice");
    }
}

#[test]
fn values_are_printable_and_cycle() {
    let values: Vec<u8> = (0..96).map(abi::value_of).collect();
    assert_eq!(values[0], b' ');
    assert_eq!(values[94], b'~');
    assert_eq!(values[95], b' ');
    assert!(values.iter().all(|value| (0x20..=0x7e).contains(value)));
    assert!((0x20..=0x7e).contains(&abi::value_of(u64::MAX)));
}
