// SPDX-License-Identifier: GPL-2.0-only

//! `simructl set` and its short forms.

use std::os::unix::fs::symlink;

use crate::fake::{Fake, debugfs, parameter};

#[test]
fn a_value_goes_to_every_line() {
    let fake = Fake::with_lines(2);
    fake.check("set-all", "set rate_hz=5000");
    assert_eq!(fake.read(&debugfs(0, "rate_hz")), "5000\n");
    assert_eq!(fake.read(&debugfs(1, "rate_hz")), "5000\n");
}

#[test]
fn in_json_each_change_has_the_old_the_requested_and_the_new_value() {
    Fake::with_lines(2).check("set-json", "set rate_hz=5000,10 workqueue=bh --json");
    let fake = Fake::with_lines(2).without_debugfs();
    fake.check("set-parameter-json", "set-rate 7 --json");
}

#[test]
fn a_value_goes_to_one_line_only() {
    let fake = Fake::with_lines(2);
    fake.check("set-line", "set rate_hz=5000 workqueue=bh --line 1");
    assert_eq!(fake.read(&debugfs(0, "rate_hz")), "10\n");
    assert_eq!(fake.read(&debugfs(1, "rate_hz")), "5000\n");
    assert_eq!(fake.read(&debugfs(1, "workqueue")), "bh\n");
}

#[test]
fn lines_can_be_listed() {
    let fake = Fake::with_lines(5);
    fake.check("set-lines", "set rate_hz=7,8 --line 0,2-3");
    let rates = [0, 1, 2, 3, 4].map(|line| fake.read(&debugfs(line, "rate_hz")));
    assert_eq!(rates, ["7\n", "10\n", "8\n", "8\n", "10\n"]);
    fake.check("get-lines", "get rate_hz --line 0,4");
    fake.check("status-lines", "status --line 1-2");
}

#[test]
fn a_list_has_a_value_per_line_and_its_last_repeats() {
    let fake = Fake::with_lines(3);
    fake.check("set-list", "set rate_hz=100,200");
    let rates = [0, 1, 2].map(|line| fake.read(&debugfs(line, "rate_hz")));
    assert_eq!(rates, ["100\n", "200\n", "200\n"]);
}

#[test]
fn the_short_forms_set_their_knobs() {
    let fake = Fake::with_lines(1);
    fake.check("set-rate", "set-rate 0");
    fake.check("set-wq", "set-wq ordered");
    fake.check("set-fifo-size", "set-fifo-size 16");
    assert_eq!(fake.read(&debugfs(0, "rate_hz")), "0\n");
    assert_eq!(fake.read(&debugfs(0, "workqueue")), "ordered\n");
    assert_eq!(fake.read(&debugfs(0, "fifo_size")), "16\n");
}

/// Checks that none of the values is written if one is wrong.
fn refused(golden: &str, arguments: &str) {
    let fake = Fake::with_lines(2);
    fake.check(golden, arguments);
    for line in [0, 1] {
        assert_eq!(fake.read(&debugfs(line, "rate_hz")), "10\n", "{arguments}");
    }
}

#[test]
fn a_bad_value_changes_nothing() {
    refused("set-out-of-range", "set rate_hz=20 fifo_size=15");
    refused("set-not-a-number", "set rate_hz=20 fifo_size=many");
    refused("set-negative", "set-rate -5");
    refused("set-no-choice-near", "set rate_hz=20 workqueue=unbond");
    refused("set-no-choice-far", "set rate_hz=20 workqueue=purple");
    refused("set-too-many", "set rate_hz=1,2,3");
    refused("set-too-many-for-one", "set rate_hz=1,2 --line 0");
    refused("set-unknown", "set rate_hz=20 fifosize=64");
    refused("set-load-time", "set rate_hz=20 lines=4");
    refused("set-twice", "set rate_hz=20 rate_hz=30");
    refused("set-no-value", "set rate_hz");
}

#[test]
fn a_write_that_fails_undoes_the_earlier_ones() {
    let fake = Fake::with_lines(2);
    // It can be read, but writing to it fails, even for root.
    fake.remove(&debugfs(1, "rate_hz"));
    symlink("/dev/full", fake.path(&debugfs(1, "rate_hz"))).unwrap();
    fake.check("set-undone", "set workqueue=bh rate_hz=5000");
    assert_eq!(fake.read(&debugfs(0, "rate_hz")), "10\n");
    for line in [0, 1] {
        assert_eq!(fake.read(&debugfs(line, "workqueue")), "unbound\n");
    }
}

#[test]
fn without_debugfs_the_parameter_takes_all_lines_at_once() {
    let fake = Fake::with_lines(3).without_debugfs();
    fake.write(&parameter("rate_hz"), "100,200,300\n");
    fake.check("set-parameter-line", "set rate_hz=5 --line 1");
    assert_eq!(fake.read(&parameter("rate_hz")), "100,5,300\n");
    fake.check("set-parameter-all", "set-rate 7");
    assert_eq!(fake.read(&parameter("rate_hz")), "7,7,7\n");
    fake.check("set-parameter-unknown", "set rate=5");
}

#[test]
fn without_debugfs_a_read_only_parameter_is_a_load_time_knob() {
    let fake = Fake::with_lines(1).without_debugfs();
    fake.check("set-parameter-load-time", "set lines=2");
    assert_eq!(fake.read(&parameter("lines")), "1\n");
}
