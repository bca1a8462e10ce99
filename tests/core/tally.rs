// SPDX-License-Identifier: GPL-2.0-only

//! The tally, by itself; readers and writers at the same time are in loom.rs.

use simrupt_core::tally::{Tally, Writer};

#[test]
fn an_update_adds_to_the_counters_it_names() {
    let tally = Tally::<3>::new();
    let result = Writer::new(&tally).update(|counts| {
        counts.add(0, 1);
        counts.add(2, 5);
        counts.add(2, 1);
        "done"
    });
    assert_eq!(result, "done");
    assert_eq!(tally.snapshot(|| 7), ([1, 0, 6], 7));
}

#[test]
fn a_counter_that_does_not_exist_is_ignored() {
    let tally = Tally::<1>::new();
    Writer::new(&tally).update(|counts| counts.add(1, 1));
    assert_eq!(tally.snapshot(|| ()).0, [0]);
}

#[test]
fn a_reset_zeroes_what_it_does_not_set() {
    let tally = Tally::<2>::new();
    let mut writer = Writer::new(&tally);
    writer.update(|counts| {
        counts.add(0, 5);
        counts.add(1, 6);
    });
    writer.reset(|counts| counts.add(1, 2));
    assert_eq!(tally.snapshot(|| ()).0, [0, 2]);
    writer.update(|counts| counts.add(0, 1));
    assert_eq!(tally.snapshot(|| ()).0, [1, 2]);
}

#[test]
fn counters_wrap() {
    let tally = Tally::<1>::new();
    Writer::new(&tally).update(|counts| {
        counts.add(0, u64::MAX);
        counts.add(0, 2);
    });
    assert_eq!(tally.snapshot(|| ()).0, [1]);
}
