// SPDX-License-Identifier: GPL-2.0-only

//! The recipes of tools/, as the pages of Documentation/tracing show them, checked on what they print. The lab runs
//! these tests in a machine of their own, which has the tools: a Debian.

mod bpftrace;
mod drgn;
mod ftrace;
mod perf;
mod rtla;
mod systemtap;
mod tmux;

use std::process::{Command, Output};

/// Where the recipes are.
const TOOLS: &str = "/root/tools";

/// Runs a recipe to its end.
fn run(script: &str, args: &[&str]) -> Output {
    let mut command = Command::new(format!("{TOOLS}/{script}"));
    let output = command.args(args).output();
    output.unwrap_or_else(|error| panic!("{script}: {error}"))
}

/// What a recipe prints that succeeds.
fn printed(script: &str, args: &[&str]) -> String {
    let output = run(script, args);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{script}: {}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text.into_owned()
}

/// What a recipe says that refuses to do something.
fn refused(script: &str, args: &[&str]) -> String {
    let output = run(script, args);
    assert!(!output.status.success(), "{script} {args:?}: {output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
