// SPDX-License-Identifier: GPL-2.0-only

//! Information from the kernel: its figures in /proc, and its log.

use crate::module::read;
use std::{env, path::Path, process::Command};

/// Whether this is a kernel with all checks: it is ten times as slow, and uses more memory.
pub fn watches_itself() -> bool {
    ["kmemleak", "kcsan"]
        .iter()
        .any(|name| Path::new("/sys/kernel/debug").join(name).exists())
}

/// Whether WHOLE=1 in the environment asks for everything.
fn is_whole() -> bool {
    env::var("WHOLE").is_ok_and(|whole| whole == "1")
}

/// Whether tests repeat less: on a kernel that checks itself, unless everything is asked for. Such a kernel takes ten
/// times as long, and finds errors by itself.
pub fn is_brief() -> bool {
    watches_itself() && !is_whole()
}

/// As much of something that only repeats as a test needs: `count`, or a tenth of it where tests are brief.
pub fn enough(count: u64) -> u64 {
    if is_brief() { count / 10 } else { count }
}

/// The values for a turn: every `step`-th, or all of them where everything is asked for. Turns that follow one another
/// begin with different values.
pub fn of_turn<T>(
    values: impl IntoIterator<Item = T>,
    turn: usize,
    step: usize,
) -> impl Iterator<Item = T> {
    let step = if is_whole() { 1 } else { step };
    values.into_iter().skip(turn % step).step_by(step)
}

/// Whether this is a kernel with PREEMPT_RT.
pub fn is_real_time() -> bool {
    read("/proc/version").contains(" PREEMPT_RT ")
}

/// A field of a file with a name and a number in each row: /proc/meminfo, in KiB, /proc/vmstat or /proc/irq/N/spurious.
pub fn field(path: &str, name: &str) -> i64 {
    let text = read(path);
    let row = text
        .lines()
        .find(|row| row.split([' ', ':']).next() == Some(name))
        .unwrap_or_else(|| panic!("no {name} in {path}"));
    row.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A field of /proc/meminfo, in KiB.
pub fn meminfo(name: &str) -> i64 {
    field("/proc/meminfo", name)
}

/// The lines of the kernel's log that contain `part`.
pub fn log_lines(part: &str) -> Vec<String> {
    let output = Command::new("dmesg").output().expect("dmesg runs");
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = log.lines().filter(|line| line.contains(part));
    lines.map(str::to_owned).collect()
}

/// Tells the runner that a test is about to make the kernel complain, once, in these words. Otherwise such a line in
/// the log fails the run.
pub fn expect_report(words: &str) {
    std::fs::write("/dev/kmsg", format!("simrupt tests: expected: {words}"))
        .expect("a line for the log");
}
