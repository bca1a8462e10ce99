// SPDX-License-Identifier: GPL-2.0-only

//! The example in the README is the real output of the commands.

use crate::fake::Fake;

#[test]
fn the_example_in_the_readme_is_a_run() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("\n```\n").unwrap();
    let (example, _) = rest.split_once("```\n").unwrap();
    let fake = Fake::with_lines(2);
    let mut run = String::new();
    for typed in example
        .lines()
        .filter_map(|row| row.strip_prefix("$ simructl "))
    {
        let output = fake.command(typed).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        run += &format!("$ simructl {typed}\n{stdout}");
    }
    assert_eq!(run, example);
}
