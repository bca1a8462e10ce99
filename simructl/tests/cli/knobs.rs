// SPDX-License-Identifier: GPL-2.0-only

//! `simructl get` and `simructl knobs`.

use crate::fake::{Fake, debugfs, parameter};

#[test]
fn all_knobs_of_all_lines_are_listed() {
    let fake = Fake::with_lines(2);
    fake.write(&debugfs(1, "rate_hz"), "1000\n");
    fake.check("get-all", "get");
    fake.check("get-all-json", "get --json");
}

#[test]
fn one_knob_of_several_lines_is_listed_per_line() {
    let fake = Fake::with_lines(2);
    fake.write(&debugfs(1, "workqueue"), "bound unbound bh [ordered]\n");
    fake.check("get-knob", "get workqueue");
}

#[test]
fn one_knob_of_one_line_is_the_value_alone() {
    let fake = Fake::with_lines(2);
    fake.write(&debugfs(1, "rate_hz"), "1000\n");
    fake.check("get-value", "get rate_hz --line 1");
    fake.check("get-load-time-value", "get lines");
}

#[test]
fn one_line_is_listed_without_the_knobs_that_all_lines_share() {
    Fake::with_lines(2).check("get-line", "--line 1 get");
}

#[test]
fn without_debugfs_the_parameters_are_shown() {
    let fake = Fake::with_lines(2).without_debugfs();
    fake.write(&parameter("rate_hz"), "100,1000\n");
    fake.check("get-parameters", "get rate_hz");
    fake.check("get-parameters-line", "get rate_hz --line 1");
}

#[test]
fn knobs_of_a_newer_module_are_shown_too() {
    let fake = Fake::with_lines(1);
    let table = fake.read("sys/kernel/debug/simrupt/knobs")
        + "color\trgb\t#\t#000000\t-\tlive\tof the device\tline\tnovel\n";
    fake.write("sys/kernel/debug/simrupt/knobs", &table);
    fake.write(&debugfs(0, "color"), "#c0ffee\n");
    fake.check("get-newer", "get color");
}

#[test]
fn an_unknown_knob_is_answered_with_the_nearest() {
    let fake = Fake::with_lines(1);
    fake.check("get-unknown-near", "get rate");
    fake.check("get-unknown-far", "get colour");
}

#[test]
fn an_invalid_description_is_an_error() {
    let fake = Fake::with_lines(1);
    fake.write("sys/kernel/debug/simrupt/knobs", "rate_hz u64\n");
    fake.check("get-odd-table", "get");
}

#[test]
fn a_missing_knob_file_is_named() {
    let fake = Fake::with_lines(1);
    fake.remove(&debugfs(0, "format"));
    fake.check("get-missing-file", "get");
}

#[test]
fn the_module_describes_its_knobs() {
    let fake = Fake::with_lines(1);
    let table = fake.read("sys/kernel/debug/simrupt/knobs")
        + "color\trgb\t#\t#000000\t-\tlive\tof the device\tline\tnovel\n";
    fake.write("sys/kernel/debug/simrupt/knobs", &table);
    fake.check("knobs", "knobs");
    fake.check("knobs-json", "knobs --json");
}

#[test]
fn without_debugfs_the_names_are_all_that_is_known_of_knobs() {
    Fake::with_lines(1)
        .without_debugfs()
        .check("knobs-parameters", "knobs");
}
