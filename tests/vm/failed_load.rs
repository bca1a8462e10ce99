// SPDX-License-Identifier: GPL-2.0-only

//! A load that fails while a perf event holds a reference to the module.

use nix::{errno::Errno, libc};
use simrupt_vm_tests::{Simrupt, assert_nothing_left, eventually, log_lines, try_load, unload};
use std::{
    fs,
    os::fd::{FromRawFd, OwnedFd},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A load with too little memory for all of the lines: it fails after some of them are set up.
const TOO_MUCH: &str = "lines=64 fifo_size=1048576";
const TRACEPOINT_ID: &str = "/sys/kernel/tracing/events/simrupt/simrupt_emit/id";

/// PERF_TYPE_TRACEPOINT, and the size of the first version of `struct perf_event_attr`: only its first three fields are
/// needed.
const TRACEPOINT: u32 = 2;
const ATTR_SIZE: u32 = 64;

/// A perf event of the tracepoint, of all processes on CPU 0.
fn listen(id: u64) -> Result<OwnedFd, Errno> {
    let mut attr = [0_u64; ATTR_SIZE as usize / 8];
    attr[0] = u64::from(TRACEPOINT) | (u64::from(ATTR_SIZE) << 32);
    attr[1] = id;
    // SAFETY: The structure has the size that it states, and outlives the call.
    let fd = unsafe { libc::syscall(libc::SYS_perf_event_open, attr.as_ptr(), -1, 0, -1, 0) };
    let fd = Errno::result(fd)?;
    // SAFETY: The descriptor is new, and belongs to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Opens the perf event as soon as the module has the tracepoint, until the load is over.
fn listen_to_a_load(is_over: &AtomicBool) -> Option<OwnedFd> {
    while !is_over.load(Ordering::SeqCst) {
        let id = fs::read_to_string(TRACEPOINT_ID).ok();
        let event = id.and_then(|id| listen(id.trim().parse().unwrap()).ok());
        if event.is_some() {
            return event;
        }
    }
    None
}

#[test]
fn the_module_stays_without_lines_until_they_are_gone() {
    let is_over = Arc::new(AtomicBool::new(false));
    let told = is_over.clone();
    let listener = thread::spawn(move || listen_to_a_load(&told));
    let begun = Instant::now();
    let loaded = try_load(TOO_MUCH);
    let took = begun.elapsed();
    is_over.store(true, Ordering::SeqCst);
    let event = listener
        .join()
        .unwrap()
        .expect("the event was opened during the load");
    assert_eq!(loaded, Ok(()));
    assert!(took < Duration::from_secs(20), "{took:?}");
    let said = log_lines("but perf events use the tracepoints");
    assert!(!said.is_empty());

    assert!(!Path::new("/dev/simrupt0").exists());
    assert!(!Path::new("/sys/kernel/debug/simrupt").exists());
    // The parameters exist as long as the module does.
    assert!(fs::read_to_string("/sys/module/simrupt/parameters/rate_hz").is_ok());
    fs::write("/sys/module/simrupt/parameters/rate_hz", "1").ok();
    assert_eq!(unload(), Err(Errno::EWOULDBLOCK));
    drop(event);
    // The kernel releases it after a grace period.
    eventually("the module can be unloaded", || unload().is_ok());
    assert_nothing_left();
    Simrupt::load("").verify();
}
