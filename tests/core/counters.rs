// SPDX-License-Identifier: GPL-2.0-only

//! The counters, single-threaded; concurrent readers and writers are in loom.rs.

use simrupt_core::counters::{Counters, Writer};

#[test]
fn an_update_adds_to_the_counters_it_names() {
    let counters = Counters::<3>::new();
    let mut writer = Writer::new(&counters);
    writer.begin();
    writer.add(0, 1);
    writer.add(2, 5);
    writer.add(2, 1);
    writer.end();
    assert_eq!(counters.snapshot(|| 7), ([1, 0, 6], 7));
}

#[test]
fn a_counter_that_does_not_exist_is_ignored() {
    let counters = Counters::<1>::new();
    let mut writer = Writer::new(&counters);
    writer.begin();
    writer.add(1, 1);
    writer.end();
    assert_eq!(counters.snapshot(|| ()).0, [0]);
}

#[test]
fn a_reset_zeroes_what_it_does_not_set() {
    let counters = Counters::<2>::new();
    let mut writer = Writer::new(&counters);
    writer.begin();
    writer.add(0, 5);
    writer.add(1, 6);
    writer.end();
    writer.reset(|writer| writer.add(1, 2));
    assert_eq!(counters.snapshot(|| ()).0, [0, 2]);
    writer.begin();
    writer.add(0, 1);
    writer.end();
    assert_eq!(counters.snapshot(|| ()).0, [1, 2]);
}

#[test]
fn counters_wrap() {
    let counters = Counters::<1>::new();
    let mut writer = Writer::new(&counters);
    writer.begin();
    writer.add(0, u64::MAX);
    writer.add(0, 2);
    writer.end();
    assert_eq!(counters.snapshot(|| ()).0, [1]);
}
