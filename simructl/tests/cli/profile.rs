// SPDX-License-Identifier: GPL-2.0-only

//! `simructl dump`, `apply` and `diff`.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::fake::{Fake, compare, debugfs, parameter, transcript};

/// A module with two different lines.
fn fake() -> Fake {
    let fake = Fake::with_lines(2);
    fake.write(&debugfs(1, "rate_hz"), "1000\n");
    fake.write(&debugfs(1, "workqueue"), "bound unbound [bh] ordered\n");
    fake
}

/// The values of both lines, to check whether any has changed.
fn rates(fake: &Fake) -> [String; 2] {
    [0, 1].map(|line| fake.read(&debugfs(line, "rate_hz")))
}

/// A command with a profile as its stdin.
fn with_stdin(fake: &Fake, arguments: &str, profile: &str) -> Command {
    let mut command = fake.command(arguments);
    command.stdin(File::open(fake.path(profile)).unwrap());
    command
}

#[test]
fn a_dump_has_the_values_that_each_knob_takes() {
    let fake = fake();
    fake.check("dump", "dump");
    fake.check("dump-line", "dump --line 1");
    let fake = fake.without_debugfs();
    fake.check("dump-parameters", "dump");
}

#[test]
fn what_was_dumped_is_in_force() {
    let fake = fake();
    fake.check("dump-file", "dump all.toml");
    let before = rates(&fake);
    let mut apply = with_stdin(&fake, "apply -", "all.toml");
    compare("apply-same", &transcript("apply - < all.toml", &mut apply));
    assert_eq!(rates(&fake), before);
    fake.check("diff-same", "diff all.toml");
    fake.check("diff-same-json", "diff all.toml --json");
}

#[test]
fn what_was_dumped_comes_back() {
    let fake = fake();
    assert!(
        fake.command("dump all.toml")
            .output()
            .unwrap()
            .status
            .success()
    );
    let change = "set rate_hz=7,8 workqueue=ordered fifo_size=16 cpu=1 format=record";
    assert!(fake.command(change).output().unwrap().status.success());
    fake.check("diff", "diff all.toml");
    fake.check("diff-json", "diff all.toml --line 1 --json");
    fake.check("apply", "apply all.toml");
    assert_eq!(rates(&fake), ["10\n", "1000\n"]);
    assert!(
        fake.command("dump again.toml")
            .output()
            .unwrap()
            .status
            .success()
    );
    assert_eq!(fake.read("again.toml"), fake.read("all.toml"));
}

#[test]
fn without_debugfs_a_dump_can_be_applied_too() {
    let fake = Fake::with_lines(2).without_debugfs();
    fake.write(&parameter("rate_hz"), "10,1000\n");
    assert!(
        fake.command("dump all.toml")
            .output()
            .unwrap()
            .status
            .success()
    );
    assert!(
        fake.command("set rate_hz=7 cpu=1")
            .output()
            .unwrap()
            .status
            .success()
    );
    fake.check("apply-parameters", "apply all.toml");
    assert_eq!(fake.read(&parameter("rate_hz")), "10,1000\n");
    assert_eq!(fake.read(&parameter("cpu")), "-1,-1\n");
    fake.check("apply-parameters-same", "apply all.toml");
}

#[test]
fn values_for_all_are_for_lines_without_their_own() {
    let fake = Fake::with_lines(3);
    fake.write(
        "p.toml",
        "[line1]\nrate_hz = 5\n[all]\nrate_hz = 100\nworkqueue = 'bh'\n",
    );
    fake.check("apply-all-json", "apply p.toml --json");
    let rates = [0, 1, 2].map(|line| fake.read(&debugfs(line, "rate_hz")));
    assert_eq!(rates, ["100\n", "5\n", "100\n"]);
}

#[test]
fn for_one_line_the_others_are_left_alone() {
    let fake = Fake::with_lines(2);
    fake.write(
        "p.toml",
        "lines = 9\n[all]\nrate_hz = 100\n[line0]\ncpu = 1\n[line8]\ncpu = 0\n",
    );
    fake.check("apply-line", "apply p.toml --line 1");
    assert_eq!(rates(&fake), ["10\n", "100\n"]);
    fake.check("diff-elsewhere", "diff p.toml");
}

/// Checks that nothing is written if anything in a profile is wrong.
fn refused(golden: &str, profile: &str) {
    let fake = Fake::with_lines(2);
    fake.write("p.toml", &format!("[all]\nrate_hz = 20\n{profile}"));
    fake.check(golden, "apply p.toml");
    assert_eq!(rates(&fake), ["10\n", "10\n"], "{profile}");
}

#[test]
fn a_profile_that_is_not_right_changes_nothing() {
    refused("apply-syntax", "workqueue = bh\n");
    refused("apply-table", "[lines]\n");
    refused("apply-unknown", "\n[line1]\nfifosize = 64\n");
    refused("apply-no-choice", "workqueue = 'unbond'\n");
    refused("apply-out-of-range", "cpu = -2\n");
    refused("apply-no-number", "fifo_size = true\n");
    refused("apply-no-line", "[line2]\ncpu = 0\n");
    refused("apply-misplaced-load", "lines = 2\n");
    // The first error in the text is reported.
    refused("apply-first", "[line1]\ncpu = 9\n[line0]\nrate = 5\n");
}

#[test]
fn load_time_knobs_come_before_the_tables_and_cannot_be_changed() {
    let fake = Fake::with_lines(2);
    for (golden, profile) in [
        (
            "apply-load-time",
            "lines = 4\n[line3]\ncpu = 0\n[all]\nrate_hz = 20\n",
        ),
        ("apply-misplaced-live", "cpu = 0\n[all]\nrate_hz = 20\n"),
    ] {
        fake.write("p.toml", profile);
        fake.check(golden, "apply p.toml");
        assert_eq!(rates(&fake), ["10\n", "10\n"]);
    }
}

#[test]
fn a_write_that_fails_undoes_the_earlier_ones() {
    let fake = Fake::with_lines(2);
    // It can be read, but writing to it fails, even for root.
    fake.remove(&debugfs(1, "fifo_size"));
    symlink("/dev/full", fake.path(&debugfs(1, "fifo_size"))).unwrap();
    fake.write("p.toml", "[all]\nrate_hz = 20\nfifo_size = 64\n");
    fake.check("apply-undone", "apply p.toml");
    assert_eq!(rates(&fake), ["10\n", "10\n"]);
    assert_eq!(fake.read(&debugfs(0, "fifo_size")), "4096\n");
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let fake = Fake::with_lines(1);
    fake.check("apply-no-file", "apply absent.toml");
    fake.check("diff-no-file", "diff absent.toml");
    fake.check("dump-no-directory", "dump absent/all.toml");
    std::fs::write(fake.path("p.toml"), b"[all]\nrate_hz = '\xff'\n").unwrap();
    fake.check("apply-no-text", "apply p.toml");
    fake.check("usage-apply", "apply");
}
