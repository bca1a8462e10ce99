// SPDX-License-Identifier: GPL-2.0-only

//! Reads: blocking, not blocking, several, slow ones, and reads that fault.

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        pthread::{pthread_kill, pthread_self},
        signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
    },
};
use simrupt_vm_tests::{Line, Reader, Simrupt, enough, eventually};
use std::{
    fs::File,
    io::{ErrorKind, Read},
    os::fd::{AsFd, AsRawFd},
    sync::mpsc,
    thread,
};

fn poll_now(file: &File) -> PollFlags {
    let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).unwrap();
    fds[0].revents().unwrap()
}

/// Lets the device emit some events into the fifo, without a reader; returns how many are queued.
fn fill(line: Line, at_least: u64) -> u64 {
    line.set("rate_hz", "5000");
    line.set("run", "always");
    eventually("the fifo fills", || line.stat("drained") >= at_least);
    line.silence();
    line.stat("queued")
}

#[test]
fn a_read_that_may_not_wait_says_so() {
    let module = Simrupt::load("rate_hz=0");
    let line = module.line(0);
    let mut file = line.open_nonblock();
    assert_eq!(
        file.read(&mut [0; 10]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    assert_eq!(poll_now(&file), PollFlags::empty());
    let queued = fill(line, 20);
    assert!(poll_now(&file).contains(PollFlags::POLLIN));
    let mut bytes = vec![0; 10_000];
    assert_eq!(file.read(&mut bytes).unwrap() as u64, queued);
    assert_eq!(
        file.read(&mut bytes).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    module.verify();
}

#[test]
fn a_read_waits_for_the_first_event_and_no_longer() {
    let module = Simrupt::load("rate_hz=20");
    let mut file = module.line(0).open();
    let mut bytes = [0; 100];
    assert_eq!(file.read(&mut bytes).unwrap(), 1);
    assert_eq!(bytes[0], b' ');
}

#[test]
fn a_read_of_no_bytes_returns_at_once() {
    let module = Simrupt::load("rate_hz=0");
    assert_eq!(module.line(0).open().read(&mut []).unwrap(), 0);
}

#[test]
fn a_signal_ends_a_waiting_read() {
    extern "C" fn nothing(_: i32) {}
    let action = SigAction::new(
        SigHandler::Handler(nothing),
        SaFlags::empty(),
        SigSet::empty(),
    );
    // SAFETY: The handler does nothing.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
    let module = Simrupt::load("rate_hz=0");
    let file = module.line(0).open();
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        sender.send(pthread_self()).unwrap();
        nix::unistd::read(&file, &mut [0; 10])
    });
    let thread = receiver.recv().unwrap();
    // A signal that comes before the read waits is lost, so send it until it takes effect.
    eventually("the read ends", || {
        let _ = pthread_kill(thread, Signal::SIGUSR1);
        reader.is_finished()
    });
    assert_eq!(reader.join().unwrap(), Err(Errno::EINTR));
}

#[test]
fn two_readers_share_the_events_and_lose_none() {
    let module = Simrupt::load("rate_hz=5000");
    let line = module.line(0);
    let (first, second) = (Reader::start(line, 7), Reader::start(line, 4096));
    eventually("enough was read", || line.stat("read") >= enough(5000));
    line.silence();
    let (first, second) = (first.stop(), second.stop());
    let stats = line.stats();
    assert_eq!((first.len() + second.len()) as u64, stats["read"]);
    assert_eq!(stats["read"], stats["events"]);
    // Together they have each character as often as it was sent.
    let count = |byte| {
        let both = first.iter().chain(&second);
        both.filter(|b| **b == byte).count() as u64
    };
    for (offset, byte) in (0..95).zip(0x20..) {
        assert_eq!(count(byte), (stats["events"] + 94 - offset) / 95, "{byte}");
    }
    module.verify();
}

#[test]
fn a_full_fifo_overwrites_the_oldest() {
    let module = Simrupt::load("fifo_size=64 fifo_policy=overwrite");
    let line = module.line(0);
    assert_eq!(fill(line, 1000), 64);
    let events = line.stat("events");
    let mut bytes = vec![0; 1000];
    let count = line.open_nonblock().read(&mut bytes).unwrap();
    let newest: Vec<u8> = (events - 64..events)
        .map(|seq| (0x20 + seq % 95) as u8)
        .collect();
    assert_eq!(bytes[..count], newest);
    assert_eq!(line.stat("overwritten"), events - 64);
    module.verify();
}

#[test]
fn a_full_fifo_drops_the_newest() {
    let module = Simrupt::load("fifo_size=64 fifo_policy=drop");
    let line = module.line(0);
    assert_eq!(fill(line, 1000), 64);
    let events = line.stat("events");
    let mut bytes = vec![0; 1000];
    let count = line.open_nonblock().read(&mut bytes).unwrap();
    let oldest: Vec<u8> = (0..64).map(|seq| 0x20 + seq).collect();
    assert_eq!(bytes[..count], oldest);
    assert_eq!(line.stat("dropped"), events - 64);
    module.verify();
}

#[test]
fn a_read_into_bad_memory_loses_nothing() {
    let module = Simrupt::load("");
    let line = module.line(0);
    let queued = fill(line, 200);
    let mut file = line.open_nonblock();
    for _ in 0..3 {
        let unmapped = std::ptr::without_provenance_mut(4096);
        // SAFETY: Nothing is mapped there, so the kernel writes nothing.
        let result = unsafe { nix::libc::read(file.as_raw_fd(), unmapped, 100) };
        assert_eq!((result, Errno::last()), (-1, Errno::EFAULT));
    }
    assert_eq!(line.stat("queued"), queued);
    module.verify();
    let mut bytes = vec![0; 10_000];
    assert_eq!(file.read(&mut bytes).unwrap() as u64, queued);
    assert_eq!(bytes[..3], *b" !\"");
    module.verify();
}

#[test]
fn the_device_can_be_neither_written_nor_sought() {
    let module = Simrupt::load("");
    let file = File::options()
        .read(true)
        .write(true)
        .open(module.line(0).device())
        .unwrap();
    assert_eq!(nix::unistd::write(&file, b"x"), Err(Errno::EINVAL));
    let seek = nix::unistd::lseek(&file, 0, nix::unistd::Whence::SeekSet);
    assert_eq!(seek, Err(Errno::ESPIPE));
}
