// SPDX-License-Identifier: GPL-2.0-only

//! `simructl read`.

use std::fs::OpenOptions;
use std::io::Write;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::fake::Fake;

#[test]
fn everything_up_to_the_end_is_copied_unchanged() {
    let fake = Fake::with_lines(1);
    let bytes: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
    std::fs::write(fake.path("dev/simrupt0"), &bytes).unwrap();
    let run = fake.command("read").output().unwrap();
    assert!(run.status.success());
    assert_eq!(run.stdout, bytes);
}

#[test]
fn a_count_ends_the_copy() {
    let fake = Fake::with_lines(2);
    fake.write("dev/simrupt1", "abcdefgh\n");
    fake.check("read-count", "read --line 1 -n 3");
    fake.check("read-nothing", "read -n 0");
}

#[test]
fn without_waiting_the_available_events_are_copied() {
    let fake = Fake::with_lines(1);
    fake.remove("dev/simrupt0");
    let path = fake.path("dev/simrupt0");
    mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    // Open for reading and writing, so that a reader of the empty pipe waits instead of ending.
    let mut pipe = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    fake.check("read-nonblock-empty", "read --nonblock");
    pipe.write_all(b"ab\n").unwrap();
    fake.check("read-nonblock", "read --nonblock");
    pipe.write_all(b"cd\n").unwrap();
    fake.check("read-nonblock-count", "read --nonblock -n 9");
}

#[test]
fn what_cannot_be_read_is_told() {
    let fake = Fake::with_lines(2);
    fake.check("read-all", "read --line all");
    fake.check("read-several", "read --line 0-1");
    fake.check("read-no-line", "read --line 2");
    fake.remove("dev/simrupt1");
    fake.check("read-no-device", "read --line 1");
    std::fs::create_dir(fake.path("dev/simrupt1")).unwrap();
    fake.check("read-directory", "read --line 1");
    // A file that was written before the device existed.
    fake.write("sys/class/misc/simrupt0/dev", "10:121\n");
    fake.check("read-other-device", "read");
}
