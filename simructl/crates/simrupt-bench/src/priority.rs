// SPDX-License-Identifier: GPL-2.0-only

//! Scheduling policies of this program's threads.

use nix::errno::Errno;
use nix::libc::{
    SCHED_FIFO, SCHED_IDLE, SCHED_RESET_ON_FORK, c_int, sched_param, sched_setscheduler,
};

/// Above the threads of interrupts, which have 50.
const ABOVE_INTERRUPT_THREADS: c_int = 60;

/// The lowest real-time priority: above threads of usual priority, below those of interrupts.
const LOWEST_REAL_TIME: c_int = 1;

/// Gives the calling thread, which has to end rounds, precedence over all others; the threads that it starts have the
/// usual policy. At a rate that is too high, a bottom half takes a CPU completely, at nice -20 or as a real-time
/// thread. Then no thread of usual priority could write the rate of 0.
///
/// The thread sleeps during the measurement, so it takes no time from it.
///
/// # Errors
///
/// `EPERM`, as in some containers.
pub fn raise() -> Result<(), Errno> {
    set(SCHED_FIFO | SCHED_RESET_ON_FORK, ABOVE_INTERRUPT_THREADS)
}

/// Gives the calling thread precedence over all threads of usual priority.
///
/// # Errors
///
/// `EPERM`, as in some containers.
pub fn be_real_time() -> Result<(), Errno> {
    set(SCHED_FIFO, LOWEST_REAL_TIME)
}

/// Makes the calling thread run only if no other thread is ready to run.
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
