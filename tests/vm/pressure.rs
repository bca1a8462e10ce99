// SPDX-License-Identifier: GPL-2.0-only

//! Traffic while memory is so short that the kernel must reclaim it.

use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, fallocate},
    sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap},
};
use simrupt_vm_tests::{Reader, Simrupt, eventually, field, flavors, is_brief, meminfo, settle};
use std::{
    ffi::c_void,
    fs::{self, File},
    num::NonZeroUsize,
    process::Command,
    ptr::NonNull,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

const MIB: usize = 1 << 20;

/// The rest when memory is full.
const FREE_MIB: usize = 96;

/// Fills memory with pages that cannot be reclaimed; dropping this frees them.
struct Full;

const FOLDER: &str = "/run/pressure";

impl Full {
    fn fill() -> Self {
        fs::create_dir(FOLDER).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=100%", "pressure", FOLDER])
            .status();
        assert!(mount.expect("mount runs").success());
        let full = Self;
        let free_mib = usize::try_from(meminfo("MemAvailable") / 1024).unwrap();
        let file = File::create(format!("{FOLDER}/full")).unwrap();
        let length = (free_mib - FREE_MIB) * MIB;
        fallocate(
            &file,
            FallocateFlags::empty(),
            0,
            length.try_into().unwrap(),
        )
        .unwrap();
        full
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(FOLDER).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
        fs::remove_dir(FOLDER).unwrap();
    }
}

/// A thread that repeatedly uses up the rest, and lets the kernel reclaim it. So there is always something to reclaim,
/// and no process needs to be killed.
struct Presser {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Memory that was written to, and that the kernel may reclaim.
struct Lazy(NonNull<c_void>);

impl Lazy {
    const SIZE: usize = 4 * MIB;

    fn new() -> Self {
        let size = NonZeroUsize::new(Self::SIZE).unwrap();
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: A new mapping, unknown to any other code.
        let start = unsafe { mmap_anonymous(None, size, access, MapFlags::MAP_PRIVATE) };
        let lazy = Self(start.expect("address space"));
        for offset in (0..Self::SIZE).step_by(4096) {
            // SAFETY: Inside the mapping.
            unsafe { lazy.0.cast::<u8>().add(offset).write_volatile(1) };
        }
        // SAFETY: The mapping is ours, and its content is not needed any more.
        unsafe { madvise(lazy.0, Self::SIZE, MmapAdvise::MADV_FREE) }.expect("memory is let go");
        lazy
    }
}

impl Drop for Lazy {
    fn drop(&mut self) {
        // SAFETY: The mapping is ours, and not used afterwards.
        unsafe { munmap(self.0, Self::SIZE) }.unwrap();
    }
}

impl Presser {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let mut held = std::collections::VecDeque::new();
            while !stopped.load(Ordering::SeqCst) {
                held.push_back(Lazy::new());
                if held.len() * Lazy::SIZE > 2 * FREE_MIB * MIB {
                    held.pop_front();
                }
            }
        });
        Self { stop, thread }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
    }
}

#[test]
fn a_reader_gets_everything_while_memory_is_short() {
    let module = Simrupt::load("format=record rate_hz=2000");
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    let full = Full::fill();
    let reclaimed = || field("/proc/vmstat", "pglazyfreed");
    let start = reclaimed();
    let presser = Presser::start();
    let flavors = flavors();
    for round in 0..if is_brief() { 8 } else { 30 } {
        let changes = [
            ("fifo_size", ["16384", "65536", "4096"][round % 3]),
            ("workqueue", flavors[round % flavors.len()]),
        ];
        for (knob, value) in changes {
            let before = line.get(knob);
            match line.try_set(knob, value) {
                Ok(()) => assert_eq!(line.get(knob), value),
                Err(Errno::ENOMEM) => assert_eq!(line.get(knob), before),
                Err(error) => panic!("{knob}={value}: {error}"),
            }
        }
        let (drained, taken) = (line.stat("drained"), reclaimed());
        eventually("events arrive, and memory is taken back", || {
            line.stat("drained") >= drained + 20 && reclaimed() > taken
        });
    }
    eventually("much memory is taken back", || reclaimed() > start + 1000);
    presser.stop();
    settle(&module, line, reader);
    drop(full);
}
