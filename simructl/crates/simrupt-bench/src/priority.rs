// SPDX-License-Identifier: GPL-2.0-only

//! Scheduling policies of this program's threads.

use nix::errno::Errno;
use nix::libc::{
    SCHED_FIFO, SCHED_IDLE, SCHED_RESET_ON_FORK, c_int, sched_param, sched_setscheduler,
};

/// Above the threads of interrupts, which have 50.
const ABOVE_INTERRUPT_THREADS: c_int = 60;

/// The lowest of real time: above threads of usual priority, below those of interrupts.
const LOWEST_REAL_TIME: c_int = 1;

/// Has the calling thread, which has to end rounds, go before all others; the threads that it starts are as usual. At a
/// rate that a CPU cannot follow, a bottom half takes all of it, at nice -20 or as a real-time thread, and no other
/// thread gets to write the rate of 0.
///
/// It sleeps while a round is measured, so it takes no time from it.
///
/// # Errors
///
/// `EPERM`, as in some containers.
pub fn raise() -> Result<(), Errno> {
    set(SCHED_FIFO | SCHED_RESET_ON_FORK, ABOVE_INTERRUPT_THREADS)
}

/// Has the calling thread go before all threads of usual priority.
///
/// # Errors
///
/// `EPERM`, as in some containers.
pub fn be_real_time() -> Result<(), Errno> {
    set(SCHED_FIFO, LOWEST_REAL_TIME)
}

/// Has the calling thread run only when no other wants to.
///
/// # Errors
///
/// Those of the kernel.
pub fn be_modest() -> Result<(), Errno> {
    set(SCHED_IDLE, 0)
}

fn set(policy: c_int, sched_priority: c_int) -> Result<(), Errno> {
    let parameters = sched_param { sched_priority };
    // SAFETY: 0 is the calling thread, and the parameters live as long as the call.
    let done = unsafe { sched_setscheduler(0, policy, &parameters) };
    Errno::result(done).map(drop)
}
