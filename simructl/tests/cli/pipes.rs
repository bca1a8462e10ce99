// SPDX-License-Identifier: GPL-2.0-only

//! Standard streams that are closed, full, or without a reader.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use nix::unistd::pipe;

use crate::fake::{Fake, debugfs};

/// Commands that print, with the exit code that they must keep.
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

/// A module with a line whose sums do not hold.
fn fake() -> Fake {
    let fake = Fake::with_lines(2);
    fake.set_counters(1, &[("read", 0)]);
    fake
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
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

/// A run in a shell that closes streams, or opens them for the other direction.
fn in_a_shell(fake: &Fake, arguments: &str, streams: &str) -> (Option<i32>, String) {
    let direct = fake.command(arguments);
    let run = Command::new("sh")
        .arg("-c")
        .arg(format!("\"$@\" {streams}"))
        .arg("sh")
        .arg(direct.get_program())
        .args(direct.get_args())
        .current_dir(fake.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (run.status.code(), String::from_utf8(run.stderr).unwrap())
}

#[test]
fn closed_streams_that_are_not_needed_change_nothing() {
    let fake = fake();
    for (arguments, code) in PRINTING {
        for closed in ["<&-", "2>&-", "<&- 2>&-", "<&- 2>&- >/dev/null"] {
            let (ended, _) = in_a_shell(&fake, arguments, closed);
            assert_eq!(ended, Some(code), "{arguments} {closed}");
        }
    }
    for arguments in [
        "dump out.toml",
        "report result.json --csv out.csv",
        "report result.json --csv /dev/null --html /dev/null",
    ] {
        let sample = include_str!("../../crates/simrupt-bench/tests/result.json");
        fake.write("result.json", sample);
        for streams in [">&-", ">/dev/null"] {
            let run = in_a_shell(&fake, arguments, streams);
            assert_eq!(run, (Some(0), String::new()), "{arguments} {streams}");
        }
    }
}

#[test]
fn an_output_that_nobody_can_write_to_is_an_error() {
    let fake = fake();
    let sample = include_str!("../../crates/simrupt-bench/tests/result.json");
    fake.write("result.json", sample);
    fake.write(
        "proc/interrupts",
        "           CPU0\n 24:  7  IO-APIC    4-edge      x\n",
    );
    let more = [
        "irqs --once",
        "irqs --once --csv",
        "top --once --interval 0.01",
        "schema",
        "schema verify",
        "knobs",
        "status --json",
        "dump",
        "verify --ktap",
        "reset",
        "bench --dry-run --flavors bh",
        "report result.json --csv /dev/stdout",
        "report result.json --csv /dev/fd/1",
        "--version",
        "status --help",
        "man set",
    ];
    let all = PRINTING.map(|(arguments, _)| arguments);
    for arguments in all.into_iter().chain(more) {
        for streams in [">&-", "1</dev/null", "<&- >&-"] {
            let (code, told) = in_a_shell(&fake, arguments, streams);
            assert_eq!(code, Some(1), "{arguments} {streams}: {told}");
            let why = "it is closed, or not open for writing";
            let remedy = "> /dev/null, if it is not wanted";
            match arguments.contains("--json") {
                true => {
                    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
                    assert_eq!(told["what"], "cannot write to standard output");
                    assert_eq!((&told["why"], &told["code"]), (&why.into(), &1.into()));
                }
                false => assert_eq!(
                    told,
                    format!("simructl: cannot write to standard output: {why}\n  try: {remedy}\n"),
                    "{arguments} {streams}"
                ),
            }
        }
        let (code, _) = in_a_shell(&fake, arguments, "<&- >&- 2>&-");
        assert_eq!(code, Some(1), "{arguments}");
    }
    // Nothing was changed, and no event was read.
    assert_eq!(fake.read(&debugfs(0, "rate_hz")), "10\n");
    assert_eq!(fake.read(&debugfs(0, "reset")), "");
}

#[test]
fn an_input_that_nobody_can_read_is_an_error() {
    let fake = fake();
    let sample = include_str!("../../crates/simrupt-bench/tests/result.json");
    fake.write("result.json", sample);
    for arguments in [
        "apply -",
        "diff -",
        "irqs --from -",
        "softirqs --from -",
        "handlers --from -",
        "trace --from -",
        "explain --from -",
        "bench --dry-run --job -",
        "report -",
        "compare - result.json",
    ] {
        for streams in ["<&-", "0>/dev/null"] {
            let (code, told) = in_a_shell(&fake, arguments, streams);
            let why =
                "simructl: cannot read standard input: it is closed, or not open for this use\n";
            assert_eq!(
                (code, told.as_str()),
                (Some(1), why),
                "{arguments} {streams}"
            );
        }
    }
}
