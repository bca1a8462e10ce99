// SPDX-License-Identifier: GPL-2.0-only

//! A reader whose memory never comes: a process is responsible for it (userfaultfd, like a file system in user space),
//! but does not provide it. Only this reader waits.

use nix::{
    libc,
    sys::{
        signal::{Signal, kill},
        wait::{WaitStatus, waitpid},
    },
    unistd::{ForkResult, fork},
};
use simrupt_core::abi::RECORD_SIZE;
use simrupt_vm_tests::{Line, Simrupt, decode, eventually, missing, unload};
use std::{
    fs::File,
    io::Read,
    os::fd::{AsRawFd, FromRawFd},
    ptr,
    sync::mpsc::{Receiver, channel},
    thread::{self, JoinHandle},
};

/// From <linux/userfaultfd.h>.
const UFFD_API: u64 = 0xaa;
const UFFDIO_API: libc::Ioctl = 0xc018_aa3f_u32 as libc::Ioctl;
const UFFDIO_REGISTER: libc::Ioctl = 0xc020_aa00_u32 as libc::Ioctl;
const UFFDIO_ZEROPAGE: libc::Ioctl = 0xc020_aa04_u32 as libc::Ioctl;
const MISSING: u64 = 1;

pub(crate) const PAGE: usize = 4096;

/// A page of memory that is not mapped until [`Self::give`], after one that is.
pub(crate) struct Absent {
    pub(crate) page: *mut libc::c_void,
    keeper: File,
}

// SAFETY: The page is only used by system calls.
unsafe impl Send for Absent {}
// SAFETY: As above.
unsafe impl Sync for Absent {}

impl Absent {
    pub(crate) fn new() -> Self {
        // SAFETY: A new mapping, a new file, and structures with the size that the calls expect.
        unsafe {
            let pages = libc::mmap(
                ptr::null_mut(),
                2 * PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert_ne!(pages, libc::MAP_FAILED);
            let page = pages.byte_add(PAGE);
            let keeper = libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC);
            assert!(keeper >= 0, "userfaultfd: {}", nix::errno::Errno::last());
            let keeper = File::from_raw_fd(keeper as i32);
            let mut api = [UFFD_API, 0, 0];
            assert_eq!(libc::ioctl(keeper.as_raw_fd(), UFFDIO_API, &raw mut api), 0);
            let mut range = [page as u64, PAGE as u64, MISSING, 0];
            let result = libc::ioctl(keeper.as_raw_fd(), UFFDIO_REGISTER, &raw mut range);
            assert_eq!(result, 0, "{}", nix::errno::Errno::last());
            Self { page, keeper }
        }
    }

    /// Waits until a thread waits for the page.
    pub(crate) fn wait_for_fault(&self) {
        let mut message = [0_u8; 32];
        let count = (&self.keeper).read(&mut message).unwrap();
        assert_eq!(count, message.len());
        assert_eq!(message[0], 0x12, "a page fault");
    }

    /// Provides the page.
    pub(crate) fn give(&self) {
        let mut range = [self.page as u64, PAGE as u64, 0, 0];
        // SAFETY: A structure with the size that the call expects.
        let result =
            unsafe { libc::ioctl(self.keeper.as_raw_fd(), UFFDIO_ZEROPAGE, &raw mut range) };
        assert_eq!(result, 0, "{}", nix::errno::Errno::last());
    }
}

/// A reader that waits for an absent page.
struct Stuck {
    memory: &'static Absent,
    thread: JoinHandle<isize>,
    outcome: Receiver<isize>,
}

impl Stuck {
    fn start(line: Line) -> Self {
        // The reader uses it until the read is done, which may be never.
        let memory: &'static Absent = Box::leak(Box::new(Absent::new()));
        let file = line.open_nonblock();
        let (sends, outcome) = channel();
        let thread = thread::spawn(move || {
            // SAFETY: The page is mapped, and nobody else uses it.
            let count = unsafe { libc::read(file.as_raw_fd(), memory.page, PAGE) };
            sends.send(count).unwrap();
            count
        });
        memory.wait_for_fault();
        Self {
            memory,
            thread,
            outcome,
        }
    }

    fn is_stuck(&self) -> bool {
        self.outcome.try_recv().is_err()
    }

    /// Gives the reader its memory; returns how many bytes it got.
    fn relieve(self) -> isize {
        assert!(self.is_stuck());
        self.memory.give();
        self.thread.join().unwrap()
    }
}

/// A line with events in its fifo, and more to come.
fn busy(module: &Simrupt) -> Line {
    let line = module.line(0);
    eventually("events arrive", || line.stat("drained") >= 50);
    line
}

#[test]
fn others_read_on() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = busy(&module);
    let stuck = Stuck::start(line);
    let mut other = line.open();
    let mut bytes = [0; 100];
    for _ in 0..3 {
        other.read_exact(&mut bytes).unwrap();
    }
    let runs = line.stat("runs");
    eventually("the bottom half goes on", || line.stat("runs") > runs + 20);
    // The stuck reader has taken nothing from the others.
    module.verify();
    line.silence();
    let events = line.stat("events");
    let mut rest = vec![0; 10_000];
    let rest = nix::unistd::read(&other, &mut rest).map_or(0, |count| count as u64);
    assert_eq!(line.stat("read"), events);
    assert_eq!(rest + 300, events);
    drop(other);
    line.set("rate_hz", "1000");
    eventually("there is something to read", || line.stat("queued") >= 10);
    assert!(stuck.relieve() >= 10);
    line.silence();
    module.verify();
}

#[test]
fn everything_can_be_changed_meanwhile() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = busy(&module);
    let stuck = Stuck::start(line);
    line.set("fifo_size", "16");
    line.set("fifo_size", "65536");
    for flavor in ["bh", "none", "irq-thread", "bound"] {
        line.set("workqueue", flavor);
    }
    line.set("format", "record");
    line.set("format", "char");
    line.set("reset", "1");
    line.set("masked", "1");
    line.set("masked", "0");
    module.verify();
    // The reader has the device open, so the module cannot be unloaded, but it says so at once.
    assert!(unload().is_err());
    assert!(stuck.relieve() > 0);
    line.silence();
    module.verify();
}

#[test]
fn the_driver_can_be_unbound_and_bound_meanwhile() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = busy(&module);
    let stuck = Stuck::start(line);
    line.unbind();
    line.bind();
    eventually("events arrive again", || line.stat("drained") >= 50);
    // The stuck reader still gets the events of the old binding.
    assert!(stuck.relieve() > 0);
    line.silence();
    module.verify();
}

#[test]
fn he_can_be_killed() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = busy(&module);
    let file = line.open_nonblock();
    // SAFETY: The child makes system calls and ends.
    let child = match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => child,
        ForkResult::Child => unsafe {
            let memory = Absent::new();
            libc::read(file.as_raw_fd(), memory.page, PAGE);
            libc::_exit(0)
        },
    };
    drop(file);
    eventually("the reader is stuck", || {
        std::fs::read_to_string(format!("/proc/{child}/wchan"))
            .is_ok_and(|place| place.contains("userfault"))
    });
    kill(child, Signal::SIGKILL).unwrap();
    let status = waitpid(child, None).unwrap();
    assert_eq!(status, WaitStatus::Signaled(child, Signal::SIGKILL, false));
    line.silence();
    module.verify();
}

#[test]
fn a_record_that_arrives_in_two_parts_arrives() {
    let module = Simrupt::load("rate_hz=1000 run=always format=record fifo_size=65536");
    let line = busy(&module);
    line.silence();
    // The first half of the first record goes to memory that exists, the second half to memory that does not yet exist.
    let memory: &'static Absent = Box::leak(Box::new(Absent::new()));
    let count = 50;
    let size = RECORD_SIZE * count;
    let file = line.open_nonblock();
    let reader = thread::spawn(move || {
        let start = memory.page.wrapping_byte_sub(RECORD_SIZE / 2);
        // SAFETY: The pages are mapped, and nobody else uses them.
        let bytes_read = unsafe { libc::read(file.as_raw_fd(), start, size) };
        assert_eq!(bytes_read, size as isize);
        // SAFETY: As above; all of it was just written.
        let bytes = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), size) };
        decode(bytes)
    });
    memory.wait_for_fault();
    module.verify();
    memory.give();
    let records = reader.join().unwrap();
    assert_eq!(missing(&records, count as u64), 0);
    assert_eq!(line.stat("read"), count as u64);
    module.verify();
}
