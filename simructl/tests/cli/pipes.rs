// SPDX-License-Identifier: GPL-2.0-only

//! Standard streams that are closed, full, or without a reader.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use nix::unistd::pipe;

use crate::fake::Fake;

/// Commands that print, with the exit code that each must keep.
const PRINTING: [(&str, i32); 11] = [
    ("status", 0),
    ("get", 0),
    ("set-rate 5", 0),
    ("stats --json", 0),
    ("stats --watch --interval 0.01 --count 3", 0),
    ("latency", 0),
    ("verify", 3),
    ("read", 0),
    ("completions fish", 0),
    ("man", 0),
    ("--help", 0),
];

/// A module of which one line's sums do not hold.
fn fake() -> Fake {
    let fake = Fake::with_lines(2);
    fake.set_counters(1, &[("read", 0)]);
    fake
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let fake = fake();
    for (arguments, code) in PRINTING {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let run = fake.command(arguments).stdout(writer).output().unwrap();
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(code), "{arguments}: {stderr}");
        assert!(!stderr.contains("panic"), "{arguments}: {stderr}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let fake = fake();
    for arguments in [
        "status",
        "get",
        "stats",
        "stats --watch",
        "latency --json",
        "verify",
        "read",
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = fake.command(arguments).stdout(full).output().unwrap();
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(1), "{arguments}");
        let what = "cannot write to standard output";
        let why = "No space left on device";
        match arguments.contains("--json") {
            true => {
                let told: serde_json::Value = serde_json::from_str(&stderr).unwrap();
                assert_eq!((&told["what"], &told["why"]), (&what.into(), &why.into()));
            }
            false => assert_eq!(stderr, format!("simructl: {what}: {why}\n")),
        }
    }
}

#[test]
fn closed_streams_change_nothing() {
    let fake = fake();
    for (arguments, code) in PRINTING {
        for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
            let direct = fake.command(arguments);
            let run = Command::new("sh")
                .arg("-c")
                .arg(format!("\"$@\" {closed}"))
                .arg("sh")
                .arg(direct.get_program())
                .args(direct.get_args())
                .stdin(Stdio::null())
                .output()
                .unwrap();
            assert_eq!(run.status.code(), Some(code), "{arguments} {closed}");
        }
    }
}
