// SPDX-License-Identifier: GPL-2.0-only

//! A thread that reads a line as a program would: it waits in read() until there is data.
//!
//! A signal ends a reader that waits in the kernel: it makes read() return, and has no other effect. It is sent
//! repeatedly until the thread has ended, because a signal that arrives between the thread's check of the flag and its
//! read() has no effect.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::thread::JoinHandleExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::libc::c_int;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::pthread::pthread_kill;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{Pid, gettid};

/// How much is read at once.
const BUFFER: usize = 64 * 1024;
/// The signal that ends a read().
const WAKE: Signal = Signal::SIGUSR1;

/// The thread. Dropping it ends it.
#[derive(Debug)]
pub struct Reader {
    stop: Arc<AtomicBool>,
    tid: Pid,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Reader {
    /// Starts to read the device, on this CPU only.
    pub fn start(device: File, cpu: u32) -> io::Result<Self> {
        catch_wake()?;
        let mut only = CpuSet::new();
        only.set(cpu as usize)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (sender, receiver) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("reader".to_string())
            .spawn(move || {
                // The CPU may have gone offline since: then the thread runs on any CPU.
                let _ = sched_setaffinity(Pid::from_raw(0), &only);
                let _ = sender.send(gettid());
                read(device, &stopped)
            })?;
        let tid = receiver.recv().map_err(io::Error::other)?;
        Ok(Self {
            stop,
            tid,
            thread: Some(thread),
        })
    }

    /// The number of the thread.
    pub fn tid(&self) -> Pid {
        self.tid
    }

    /// Ends the thread, and returns whether all of its reads succeeded.
    pub fn finish(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        self.stop.store(true, SeqCst);
        while !thread.is_finished() {
            // The thread was not joined yet, so its handle is valid.
            let _ = pthread_kill(thread.as_pthread_t(), WAKE);
            thread::sleep(Duration::from_micros(200));
        }
        thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("it panicked")))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Reads until the flag is set, or no more data can follow.
fn read(mut file: File, stop: &AtomicBool) -> io::Result<()> {
    // It is written to, so that no read() causes a page fault.
    let mut buffer = vec![1; BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if stop.load(SeqCst) {
            return Ok(());
        }
    }
}

/// Installs a handler that does nothing, so that the signal only interrupts system calls.
fn catch_wake() -> io::Result<()> {
    extern "C" fn nothing(_: c_int) {}
    let action = SigAction::new(
        SigHandler::Handler(nothing),
        // Without SA_RESTART, because read() must return.
        SaFlags::empty(),
        SigSet::empty(),
    );
    // SAFETY: The handler does nothing, so it does nothing that is forbidden in a signal handler. Nothing else in this
    // program uses the signal.
    unsafe { sigaction(WAKE, &action) }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use std::fs::OpenOptions;

    #[test]
    fn a_reader_that_waits_for_nothing_can_be_ended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fifo");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        // A writer that does not write.
        let writer = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        let open = || File::open(&path).unwrap();
        let reader = Reader::start(open(), 0).unwrap();
        assert!(reader.tid().as_raw() > 0);
        reader.finish().unwrap();
        drop(Reader::start(open(), 0).unwrap());
        drop(writer);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let reader = Reader::start(File::open(directory.path()).unwrap(), 0).unwrap();
        assert!(reader.finish().is_err());
    }
}
