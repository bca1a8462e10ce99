// SPDX-License-Identifier: GPL-2.0-only

//! What `--help` says.

use std::process::{Command, Stdio};

use crate::fake::{compare, transcript};

fn check(golden: &str, arguments: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simructl"));
    command
        .args(arguments.split_whitespace())
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    compare(golden, &transcript(arguments, &mut command));
}

#[test]
fn the_top_level_help_gives_the_exit_codes() {
    check("help", "--help");
}

#[test]
fn every_command_has_help_with_an_example() {
    for command in [
        "load",
        "unload",
        "status",
        "knobs",
        "get",
        "set",
        "set-rate",
        "set-wq",
        "set-fifo-size",
        "stats",
        "latency",
        "read",
        "dump",
        "apply",
        "diff",
        "reset",
        "verify",
        "report",
        "compare",
        "bench",
        "completions",
        "man",
        "irqs",
        "softirqs",
        "trace",
        "top",
        "explain",
        "handlers",
    ] {
        check(&format!("help-{command}"), &format!("{command} --help"));
    }
}
