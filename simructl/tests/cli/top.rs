// SPDX-License-Identifier: GPL-2.0-only

//! `simructl top`, the parts that need no terminal.

use crate::fake::Fake;

#[test]
fn a_frame_is_shown_in_every_size() {
    let fake = Fake::with_lines(3);
    fake.write(
        "proc/interrupts",
        "  CPU0  CPU1\n 24:  100  0  simrupt  0-edge  simrupt0\n",
    );
    fake.check("top", "top --once --interval 0.01");
    fake.check(
        "top-wide",
        "top --once --interval 0.01 --width 132 --height 20",
    );
    fake.check(
        "top-narrow",
        "top --once --interval 0.01 --width 40 --height 12",
    );
    for (width, height) in [(1, 1), (3, 2), (10, 3), (1000, 1000)] {
        let run = fake.command(&format!(
            "top --once --interval 0.01 --width {width} --height {height}"
        ));
        let output = { run }.output().unwrap();
        assert!(output.status.success(), "{width} {height}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), height);
        assert!(text.lines().all(|line| line.chars().count() <= width));
    }
}

#[test]
fn many_lines_are_cut_and_few_are_not() {
    let fake = Fake::with_lines(40);
    fake.check("top-many", "top --once --interval 0.01");
    fake.check("top-one", "top --once --interval 0.01 --line 7");
}

#[test]
fn a_line_without_a_driver_says_so() {
    let fake = Fake::with_lines(2);
    fake.unbind(0);
    fake.check("top-unbound", "top --once --interval 0.01");
}

#[test]
fn without_a_terminal_or_the_module_the_error_has_a_remedy() {
    let fake = Fake::with_lines(1);
    fake.check("top-no-terminal", "top");
    fake.check("top-no-line", "top --once --line 3");
    fake.check("top-usage-width", "top --once --width 0");
    fake.check("top-usage-once", "top --width 100");
    fake.check("top-usage-json", "top --json");
    let fake = Fake::unloaded();
    fake.check("top-unloaded", "top");
    let fake = Fake::with_lines(1).without_debugfs();
    fake.check("top-no-debugfs", "top");
}
