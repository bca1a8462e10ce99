// SPDX-License-Identifier: GPL-2.0-only

//! `simructl read` of a line in `record` format, decoded or not.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use simrupt_core::abi::value_of;

use crate::fake::{Fake, debugfs, parameter};

/// A record in the module's format.
fn record(seq: u64) -> Vec<u8> {
    let due = 1_000_000_000 + seq * 100_000_000;
    let times = [seq, due, due + 5_123, due + 7_000].map(u64::to_ne_bytes);
    let cpus = [0, 1_u16].map(u16::to_ne_bytes);
    [
        times.as_flattened(),
        cpus.as_flattened(),
        &[value_of(seq), 0, 0, 0],
    ]
    .concat()
}

fn records(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|&seq| record(seq)).collect()
}

/// Line 0 in `record` format, with these events.
fn fake(numbers: &[u64]) -> Fake {
    let fake = Fake::with_lines(1);
    fake.write(&debugfs(0, "format"), "char [record]\n");
    fs::write(fake.path("dev/simrupt0"), records(numbers)).unwrap();
    fake
}

#[test]
fn events_are_shown_with_the_gaps_between_them() {
    let fake = fake(&[7, 8, 10, 28, 29, 0]);
    fake.check("follow", "read --follow");
    fake.check("follow-json", "read --follow --json");
    fake.check("follow-count", "read --follow -n 3");
    fake.check("follow-none", "read --follow -n 0");
}

#[test]
fn a_count_counts_records() {
    let fake = fake(&[1, 2, 3, 4]);
    let run = fake.command("read -n 3").output().unwrap();
    assert_eq!(run.stdout, records(&[1, 2, 3]));
    let run = fake.command("read").output().unwrap();
    assert_eq!(run.stdout, records(&[1, 2, 3, 4]));
}

#[test]
fn without_debugfs_the_parameter_has_the_format() {
    let fake = fake(&[1, 2]).without_debugfs();
    fake.write(&parameter("format"), "record\n");
    let run = fake.command("read -n 1").output().unwrap();
    assert_eq!(run.stdout, record(1));
    assert!(run.stderr.is_empty());
}

#[test]
fn many_records_come_out_whole() {
    let numbers: Vec<u64> = (0..5_000).collect();
    let fake = fake(&numbers);
    let run = fake.command("read --follow --json").output().unwrap();
    let stdout = String::from_utf8(run.stdout).unwrap();
    for (line, number) in stdout.lines().zip(&numbers) {
        let document: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(document["seq"], *number);
    }
    assert_eq!(stdout.lines().count(), numbers.len());
    let copied = fake.command("read -n 4000").output().unwrap();
    assert_eq!(copied.stdout, records(&numbers[..4_000]));
}

#[test]
fn data_that_are_not_records_are_not_shown() {
    let chars = Fake::with_lines(1);
    chars.check("follow-char", "read --follow");
    chars.write(&debugfs(0, "format"), "char [record]\n");
    let mut bytes = record(1);
    bytes.extend("abcdefgh".repeat(5).bytes());
    fs::write(chars.path("dev/simrupt0"), bytes).unwrap();
    chars.check("follow-no-records", "read --follow");
    let cut = fake(&[1, 2]);
    fs::write(cut.path("dev/simrupt0"), &records(&[1, 2])[..70]).unwrap();
    cut.check("follow-cut", "read --follow");
}

#[test]
fn a_signal_ends_it_with_the_totals() {
    // Not SIGINT, which is ignored if the tests run in the background.
    let signal = Signal::SIGTERM;
    let fake = fake(&[]);
    fake.remove("dev/simrupt0");
    let path = fake.path("dev/simrupt0");
    mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    let mut child = fake
        .command("read --follow --json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = OpenOptions::new().write(true).open(&path).unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut shown = |seq: &str| stdout.find(|line| line.as_ref().unwrap().contains(seq));
    // The second record comes in two pieces, which are joined.
    let bytes = records(&[1, 2, 5]);
    let (first, second) = bytes.split_at(50);
    pipe.write_all(first).unwrap();
    assert!(shown("\"seq\":1").is_some());
    pipe.write_all(second).unwrap();
    assert!(shown("\"seq\":5").is_some());

    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(signal as i32));
    let mut told = String::new();
    child.stderr.unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(told, "{\"events\":3,\"missing\":2}\n");
}
