// SPDX-License-Identifier: GPL-2.0-only

//! The recipes of tools/, as the pages of Documentation/tracing show them; their output is checked. The lab runs these
//! tests in a machine of their own, a Debian with the tools.

mod bpftrace;
mod drgn;
mod ftrace;
mod handlers;
mod perf;
mod rtla;
mod systemtap;
mod tmux;

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use simrupt_vm_tests::eventually;
use std::{
    os::unix::process::CommandExt,
    process::{Command, Output, Stdio},
};

/// Where the recipes are.
const TOOLS: &str = "/root/tools";

/// The command of a recipe.
fn command(script: &str, args: &[&str]) -> Command {
    let mut command = Command::new(format!("{TOOLS}/{script}"));
    command.args(args);
    command
}

/// Runs a recipe to its end.
fn run(script: &str, args: &[&str]) -> Output {
    let output = command(script, args).output();
    output.unwrap_or_else(|error| panic!("{script}: {error}"))
}

/// The output of a recipe that succeeds.
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

/// The message of a recipe that refuses to do something.
fn refused(script: &str, args: &[&str]) -> String {
    let output = run(script, args);
    assert!(!output.status.success(), "{script} {args:?}: {output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Starts a recipe and, once `is_at_work`, ends it and all of its processes as Ctrl-C in a terminal does.
fn interrupted(script: &str, args: &[&str], is_at_work: impl FnMut() -> bool) -> Output {
    let mut command = command(script, args);
    command
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("the recipe starts");
    eventually("the recipe is at work", is_at_work);
    let group = Pid::from_raw(child.id().try_into().unwrap());
    killpg(group, Signal::SIGINT).unwrap();
    child.wait_with_output().unwrap()
}
