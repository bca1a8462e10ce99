// SPDX-License-Identifier: GPL-2.0-only

//! Waiting for conditions, and readers that run during a test.

use crate::{Context, Line, Simrupt, decode, missing};
use nix::{
    errno::Errno,
    libc,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The pause before the next check, depending on how long the wait was so far: each check is work for the machine, and
/// if it emulates its processors, most of it.
fn patient(waited: Duration) -> Duration {
    (waited / 4).clamp(Duration::from_micros(200), Duration::from_millis(20))
}

/// Checks `condition` again and again, after a pause each time.
fn look_within_20_s(
    what: &str,
    mut condition: impl FnMut() -> Result<bool, String>,
    pause: impl Fn(Duration) -> Duration,
) -> Result<(), String> {
    let start = Instant::now();
    while !condition()? {
        let waited = start.elapsed();
        if waited > Duration::from_secs(20) {
            return Err(format!("never happened: {what}"));
        }
        thread::sleep(pause(waited));
    }
    Ok(())
}

/// Waits until `condition` is true; an error says that it was not within 20 s, or is its own.
///
/// # Errors
///
/// The error of `condition`, or `what` never happened.
pub fn within_20_s(
    what: &str,
    condition: impl FnMut() -> Result<bool, String>,
) -> Result<(), String> {
    look_within_20_s(what, condition, patient)
}

/// Waits for a moment at which `condition` is true, which may soon be over; panics with `what` if there is none within
/// 20 s.
pub(crate) fn at_a_moment(what: &str, mut condition: impl FnMut() -> bool) {
    let often = |_| Duration::from_micros(200);
    look_within_20_s(what, || Ok(condition()), often).unwrap_or_else(|why| panic!("{why}"));
}

/// Waits until `condition` is true; panics with `what` if it is not within 20 s.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    within_20_s(what, || Ok(condition())).unwrap_or_else(|why| panic!("{why}"));
}

/// Reads into memory that may fault; panics if that takes long. The memory stays mapped even after a panic, and is used
/// by nobody else.
///
/// # Errors
///
/// The error of read(2).
pub fn read_in_time(file: &File, to: *mut u8, length: usize) -> Result<usize, Errno> {
    let (sends, outcome) = mpsc::channel();
    let (file, to) = (file.as_raw_fd(), to.expose_provenance());
    thread::spawn(move || {
        // SAFETY: The caller guarantees that the memory is mapped and used by nobody else.
        let count = unsafe { libc::read(file, ptr::with_exposed_provenance_mut(to), length) };
        let _ = sends.send(Errno::result(count));
    });
    let result = outcome.recv_timeout(Duration::from_secs(5));
    result.expect("the read ends").map(isize::unsigned_abs)
}

/// A thread that reads a line's device until it is told to stop, or the device is gone. Dropping it stops it, so that a
/// failed test does not keep the module for the following ones.
pub struct Reader {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<u8>>>,
}

impl Reader {
    /// Opens the device and starts reading, at most `buffer` bytes at a time. The device is open
    /// when this returns.
    pub fn start(line: Line, buffer: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let file = line.open_nonblock();
        let thread = thread::spawn(move || {
            let mut all = Vec::new();
            let mut bytes = vec![0; buffer];
            loop {
                // Data from before the stop are read to their end.
                let last_round = stopped.load(Ordering::SeqCst);
                loop {
                    match nix::unistd::read(&file, &mut bytes) {
                        Ok(0) => panic!("read() returned 0 for a buffer of {buffer}"),
                        Ok(count) => all.extend_from_slice(&bytes[..count]),
                        Err(Errno::EAGAIN) => break,
                        Err(Errno::ENODEV) => return all,
                        Err(error) => panic!("read: {error}"),
                    }
                }
                if last_round {
                    return all;
                }
                let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
                poll(&mut fds, PollTimeout::from(10_u8)).expect("poll works");
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }

    /// Reads the rest, closes the device and returns everything that was read.
    pub fn stop(self) -> Vec<u8> {
        self.stop.store(true, Ordering::SeqCst);
        self.join()
    }

    /// Waits until the device is gone, and returns everything that was read.
    pub fn join(mut self) -> Vec<u8> {
        let thread = self.thread.take().expect("it is joined once");
        thread.join().expect("the reader had no error")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // Its own panic was already printed.
            let _ = thread.join();
        }
    }
}

/// Stops the traffic, and asserts that the missing sequence numbers are the losses in the counters, and that no stage
/// ran in a wrong context.
pub fn settle(module: &Simrupt, line: Line, reader: Reader) {
    line.set("masked", "0");
    line.set("work_us", "0");
    line.set("work_sleep_us", "0");
    line.silence();
    let records = decode(&reader.stop());
    module.verify();
    let stats = line.stats();
    assert_eq!(
        (stats["queued"], stats["in_ring"], stats["pending"]),
        (0, 0, 0)
    );
    assert_eq!(stats["read"], records.len() as u64);
    let lost = stats["overrun"] + stats["dropped"] + stats["overwritten"] + stats["flushed"];
    assert_eq!(missing(&records, stats["events"]), lost, "{stats:?}");
    line.assert_ran_in("device", Context::Hardirq);
    line.assert_ran_in("top_half", Context::of_top_half());
    assert_eq!(line.contexts("bottom_half")[3], 0);
}
