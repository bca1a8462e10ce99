// SPDX-License-Identifier: GPL-2.0-only

//! A kernel that is locked down: knobs through the parameters, and the commands that cannot work.

use crate::fake::{Fake, debugfs, parameter};

#[test]
fn knobs_are_read_from_the_parameters() {
    let fake = Fake::with_lines(2).locked_down();
    fake.write(&parameter("rate_hz"), "100,1000\n");
    fake.check("lockdown-get", "get rate_hz");
    fake.check("lockdown-get-line", "get rate_hz --line 1");
}

#[test]
fn knobs_are_written_to_the_parameters_and_checked_as_usual() {
    let fake = Fake::with_lines(2).locked_down();
    fake.check("lockdown-set-rate", "--line 1 set-rate 500");
    assert_eq!(fake.read(&parameter("rate_hz")), "10,500\n");
    assert_eq!(fake.read(&debugfs(1, "rate_hz")), "10\n");
    fake.check("lockdown-set-out-of-range", "set-rate 2000000");
}

#[test]
fn what_is_only_read_is_read() {
    let fake = Fake::with_lines(1).locked_down();
    fake.check("lockdown-verify", "verify");
    fake.check("lockdown-status", "status");
}

#[test]
fn a_command_that_writes_to_debugfs_is_refused() {
    let fake = Fake::with_lines(1).locked_down();
    fake.check("lockdown-reset", "reset");
    fake.check("lockdown-bench", "bench");
    fake.write("good", "1000\n");
    fake.check("lockdown-replay", "replay good");
}

#[test]
fn a_kernel_that_is_not_locked_down_works_as_usual() {
    let fake = Fake::with_lines(1);
    fake.write(
        "sys/kernel/security/lockdown",
        "[none] integrity confidentiality\n",
    );
    fake.check("lockdown-none", "reset");
}
