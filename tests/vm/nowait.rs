// SPDX-License-Identifier: GPL-2.0-only

//! Reads that must not wait for anything, like those that io_uring tries before it lets a worker thread wait.

use crate::stuck_reader::{Absent, PAGE};
use io_uring::{IoUring, opcode::Read, types::Fd};
use nix::{
    errno::Errno,
    libc,
    sys::resource::{UsageWho, getrusage},
};
use simrupt_vm_tests::{
    Line, Simrupt, eventually, go_before_others, is_real_time, move_irq, skip, stay_on_cpu,
};
use std::{
    fs::File,
    os::fd::AsRawFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    thread,
    time::Duration,
};

/// preadv2(2) with RWF_NOWAIT.
fn read_at_once(file: &File, bytes: &mut [u8]) -> Result<usize, Errno> {
    let part = libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: One part of memory, which is ours.
    let count =
        unsafe { libc::preadv2(file.as_raw_fd(), &raw const part, 1, -1, libc::RWF_NOWAIT) };
    Errno::result(count).map(isize::unsigned_abs)
}

/// Submits a read, and does not wait for it. The caller must not use the memory until the read is done.
fn ask(ring: &mut IoUring, file: &File, to: *mut u8, length: usize) {
    let read = Read::new(Fd(file.as_raw_fd()), to, length.try_into().unwrap());
    // SAFETY: The caller leaves the memory alone.
    unsafe { ring.submission().push(&read.build()) }.expect("there is room");
    assert_eq!(ring.submit().expect("it can be submitted"), 1);
}

/// Waits for the end of a read; returns how many bytes it got.
fn wait(ring: &mut IoUring) -> i32 {
    ring.submit_and_wait(1).expect("it ends");
    ring.completion().next().expect("it has ended").result()
}

/// How often this thread has waited for something.
fn waits() -> i64 {
    getrusage(UsageWho::RUSAGE_THREAD)
        .unwrap()
        .voluntary_context_switches()
}

fn fill(line: Line, at_least: u64) {
    eventually("events arrive", || line.stat("queued") >= at_least);
    line.silence();
}

#[test]
fn a_read_with_rwf_nowait_gets_what_there_is_or_nothing() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    let file = line.open();
    let mut bytes = [0; 100];
    assert_eq!(read_at_once(&file, &mut bytes), Err(Errno::EAGAIN));
    line.set("rate_hz", "1000");
    fill(line, 20);
    assert!(read_at_once(&file, &mut bytes).unwrap() >= 20);
    assert_eq!(read_at_once(&file, &mut bytes), Err(Errno::EAGAIN));
    line.unbind();
    assert_eq!(read_at_once(&file, &mut bytes), Err(Errno::ENODEV));
}

#[test]
fn a_read_with_rwf_nowait_does_not_wait_for_memory() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = module.line(0);
    fill(line, 50);
    let queued = line.stat("queued");
    let file = line.open();
    let memory = Absent::new();
    // The page before it is mapped as soon as it is written to.
    // SAFETY: It is mapped, and nobody else uses it.
    unsafe { memory.page.cast::<u8>().sub(PAGE).write_volatile(0) };
    // SAFETY: Two pages, of which the second is not mapped yet; only the kernel writes to them.
    let bytes = |start: usize, length| unsafe {
        std::slice::from_raw_parts_mut(
            memory.page.cast::<u8>().wrapping_sub(PAGE).add(start),
            length,
        )
    };
    assert_eq!(read_at_once(&file, bytes(PAGE, 100)), Err(Errno::EAGAIN));
    assert_eq!(line.stat("queued"), queued);
    // The part for which there is memory arrives, possibly later: arm64 copies 16 bytes at a time, and none of them if
    // the last one has no memory.
    let mut arrived = 0;
    while let Ok(count) = read_at_once(&file, bytes(PAGE - 30 + arrived, 100)) {
        arrived += count;
    }
    let least = if cfg!(target_arch = "aarch64") {
        16
    } else {
        30
    };
    assert!((least..=30).contains(&arrived), "{arrived}");
    assert_eq!(line.stat("queued"), queued - arrived as u64);
    memory.give();
    // It is a shared page until it is written to.
    // SAFETY: As above.
    unsafe { memory.page.cast::<u8>().write_volatile(0) };
    assert_eq!(
        read_at_once(&file, bytes(PAGE, 100)),
        Ok(queued as usize - arrived)
    );
    module.verify();
}

#[test]
fn an_io_uring_that_finds_nothing_is_told_when_there_is_something() {
    let module = Simrupt::load("rate_hz=0 run=always");
    let line = module.line(0);
    let file = line.open();
    let mut rings = [IoUring::new(4).unwrap(), IoUring::new(4).unwrap()];
    let mut bytes = [[0; 8]; 2];
    for (ring, bytes) in rings.iter_mut().zip(&mut bytes) {
        ask(ring, &file, bytes.as_mut_ptr(), bytes.len());
        assert!(ring.completion().next().is_none());
    }
    line.set("rate_hz", "100");
    let counts: Vec<i32> = rings.iter_mut().map(wait).collect();
    line.silence();
    assert!(
        counts.iter().all(|count| (1..=8).contains(count)),
        "{counts:?}"
    );
    assert_eq!(line.stat("read"), counts.iter().sum::<i32>() as u64);
    module.verify();
}

#[test]
fn io_uring_enter_does_not_wait_for_memory() {
    let module = Simrupt::load("rate_hz=1000 run=always");
    let line = module.line(0);
    fill(line, 50);
    let file = line.open();
    // The kernel uses it for as long as the read takes.
    let memory: &'static Absent = Box::leak(Box::new(Absent::new()));
    let (sends, is_back) = channel();
    let reader = thread::spawn(move || {
        let mut ring = IoUring::new(4).unwrap();
        ask(&mut ring, &file, memory.page.cast(), PAGE);
        sends.send(()).unwrap();
        wait(&mut ring)
    });
    memory.wait_for_fault();
    let came_back = is_back.recv_timeout(Duration::from_secs(5));
    memory.give();
    let count = reader.join().unwrap();
    assert!(came_back.is_ok(), "it waited");
    assert!(count >= 50, "{count}");
    module.verify();
}

#[test]
fn io_uring_enter_does_not_wait_for_another_reader() {
    if is_real_time() {
        return skip("on PREEMPT_RT a spinlock is a lock that the caller may sleep for");
    }
    let module =
        Simrupt::load("rate_hz=1000000 pattern=burst burst=4096 run=always cpu=1 fifo_size=65536");
    let line = module.line(0);
    move_irq(line.irq(), 1);
    let is_reading = Arc::new(AtomicBool::new(false));
    let stop = Arc::new(AtomicBool::new(false));
    // Reads tens of thousands of records at a time.
    let other = {
        let (is_reading, stop, file) = (is_reading.clone(), stop.clone(), line.open());
        thread::spawn(move || {
            stay_on_cpu(0);
            let mut bytes = vec![0; 65536];
            while !stop.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(40));
                is_reading.store(true, Ordering::SeqCst);
                nix::unistd::read(&file, &mut bytes).expect("there is something");
                is_reading.store(false, Ordering::SeqCst);
            }
        })
    };
    // Interrupts the other reader during its read.
    let file = line.open();
    let reader = thread::spawn(move || {
        stay_on_cpu(0);
        go_before_others();
        let mut ring = IoUring::new(4).unwrap();
        let (mut tries, mut waited) = (0, 0);
        while tries < 100 {
            thread::sleep(Duration::from_micros(100));
            if !is_reading.load(Ordering::SeqCst) {
                continue;
            }
            tries += 1;
            let mut bytes = [0; 64];
            let before = waits();
            ask(&mut ring, &file, bytes.as_mut_ptr(), bytes.len());
            waited += waits() - before;
            let count = wait(&mut ring);
            assert!((1..=64).contains(&count), "{count}");
        }
        waited
    });
    let waited = reader.join().unwrap();
    stop.store(true, Ordering::SeqCst);
    other.join().unwrap();
    assert_eq!(waited, 0, "of 100 calls");
    line.silence();
    module.verify();
}
