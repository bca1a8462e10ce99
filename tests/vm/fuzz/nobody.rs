// SPDX-License-Identifier: GPL-2.0-only

//! A user without any privilege: cannot write knobs, and with a file that somebody else has opened can only read.

use super::{Tally, reads::Known, rounds, seed, texts};
use fastrand::Rng;
use nix::{errno::Errno, libc};
use simrupt_core::knobs::Knob;
use simrupt_vm_tests::{DRIVER, KNOBS, LOAD_KNOBS, Line, Simrupt};
use std::{fs::File, thread};

const NOBODY: libc::c_uint = 65_534;

/// Runs `run` in a thread that has given up all privileges. In the kernel, credentials belong to a thread: the raw
/// calls change only those of this one.
fn as_nobody<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: No memory is involved.
            unsafe {
                assert_eq!(libc::syscall(libc::SYS_setgroups, 0, 0), 0);
                assert_eq!(
                    libc::syscall(libc::SYS_setresgid, NOBODY, NOBODY, NOBODY),
                    0
                );
                assert_eq!(
                    libc::syscall(libc::SYS_setresuid, NOBODY, NOBODY, NOBODY),
                    0
                );
                assert_eq!(libc::syscall(libc::SYS_geteuid), i64::from(NOBODY));
            }
            run()
        });
        thread.join().expect("it did not panic")
    })
}

fn denied(path: &str, write: bool) {
    let file = File::options().read(!write).write(write).open(path);
    let why = file.err().and_then(|why| why.raw_os_error());
    assert_eq!(why, Some(libc::EACCES), "{path}");
}

fn files(line: Line) -> Vec<String> {
    let names = [
        "stats", "contexts", "latency", "costs", "irq", "reset", "schedule", "recover",
    ];
    let names = KNOBS.iter().chain(&LOAD_KNOBS).chain(&names);
    names.map(|name| line.path(name)).collect()
}

#[test]
fn nobody_can_write_anything_or_look_into_debugfs() {
    let module = Simrupt::load("lines=2 rate_hz=0");
    let line = module.line(0);
    let before = (line.knobs(), module.line(1).knobs());
    as_nobody(|| {
        for path in files(line) {
            denied(&path, false);
            denied(&path, true);
        }
        denied("/sys/kernel/debug/simrupt/knobs", false);
        for knob in Knob::ALL {
            let path = format!("/sys/module/simrupt/parameters/{}", knob.spec().name);
            denied(&path, true);
            // The values of the knobs are not secret.
            assert!(std::fs::read(&path).is_ok(), "{path}");
        }
        for verb in ["bind", "unbind"] {
            denied(&format!("{DRIVER}/{verb}"), true);
        }
        denied(&line.device(), true);
    });
    assert_eq!((line.knobs(), module.line(1).knobs()), before);
    module.verify();
}

#[test]
fn nobody_with_an_open_device_reads_and_no_more() {
    let module = Simrupt::load("rate_hz=0 fifo_size=4096");
    let line = module.line(0);
    let mut random = Rng::with_seed(seed());
    let mut known = Known::new(&module);
    let mut tally = Tally::default();
    for _ in 0..rounds(10) {
        known.fill(random.u64(500..2000));
        known.set_format(random.bool());
        let before = line.knobs();
        as_nobody(|| {
            for _ in 0..40 {
                tally.add(known.read(&mut random));
            }
            for _ in 0..20 {
                let text = texts::text(&mut random, Knob::RateHz.spec());
                let written = nix::unistd::write(&known.file, &text);
                assert_eq!(written, Err(Errno::EBADF));
                tally.add(text.len());
            }
        });
        assert_eq!(line.knobs(), before);
        known.settle();
        // So that the fifo does not overrun.
        while known.queued() > 1000 {
            known.read(&mut random);
        }
    }
    module.verify();
    tally.say("calls by nobody");
}
