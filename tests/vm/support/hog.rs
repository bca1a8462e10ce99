// SPDX-License-Identifier: GPL-2.0-only

//! A CPU that is taken away from other threads.

use crate::{KernelThreads, stay_on_cpu, take_priority};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// A thread that leaves no time of a CPU to threads of lower priority; ended when dropped.
pub struct Hog {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Otherwise the kernel cannot bind and unbind.
    _kernel_threads: KernelThreads,
}

impl Hog {
    /// Takes a CPU with a real-time priority: 1 to 99. The caller must not run there.
    pub fn take(cpu: usize, priority: i32) -> Self {
        let kernel_threads = KernelThreads::go_before_others();
        let ends = Arc::new(AtomicBool::new(false));
        let ended = ends.clone();
        let thread = thread::spawn(move || {
            stay_on_cpu(cpu);
            take_priority(priority);
            while !ended.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        Self {
            ends,
            thread: Some(thread),
            _kernel_threads: kernel_threads,
        }
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it is dropped once");
        thread.join().expect("it had no trouble");
    }
}
