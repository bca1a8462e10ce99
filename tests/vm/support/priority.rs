// SPDX-License-Identifier: GPL-2.0-only

//! Real-time priorities: of this thread, and of kernel threads.

use crate::kernel::is_real_time;
use nix::{errno::Errno, libc};
use std::fs;

/// How the names of the threads of [`KernelThreads`] begin. The CPU follows.
const NAMES: [&str; 2] = ["rcuc/", "ktimers/"];

/// The highest priority there is.
const HIGHEST: i32 = 99;

/// A priority below that of [`KernelThreads`], and above 50, that of interrupt threads.
pub const ABOVE_INTERRUPTS: i32 = 98;

/// Kernel threads that PREEMPT_RT has instead of softirqs (some exist with `threadirqs`, too). While this lives, they
/// have the highest priority.
///
/// By default they have a low priority. If a thread with a higher one leaves them no time, no grace period of RCU ends,
/// and no sleep of an ordinary thread: a test that waits for either would wait forever.
pub struct KernelThreads {
    /// The threads, and their previous priorities.
    before: Vec<(i32, i32)>,
}

impl KernelThreads {
    /// Raises their priority; does nothing if there are none.
    pub fn go_before_others() -> Self {
        let before: Vec<_> = ids().into_iter().map(|id| (id, priority(id))).collect();
        assert!(!before.is_empty() || !is_real_time());
        for &(id, _) in &before {
            set_priority(id, HIGHEST);
        }
        Self { before }
    }
}

impl Drop for KernelThreads {
    fn drop(&mut self) {
        for &(id, priority) in &self.before {
            set_priority(id, priority);
        }
    }
}

fn ids() -> Vec<i32> {
    NAMES.iter().flat_map(|name| threads(name)).collect()
}

/// The kernel threads and processes whose names begin with `name`.
pub fn threads(name: &str) -> Vec<i32> {
    let is_one = |id: &i32| {
        fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|comm| comm.starts_with(name))
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    ids.filter(is_one).collect()
}

/// The scheduling policy of a thread, and its nice value.
pub fn policy(thread: i32) -> (i32, i32) {
    let stat = fs::read_to_string(format!("/proc/{thread}/stat")).unwrap();
    // The first field after the name is the third of the file.
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let field = |number: usize| fields[number - 3].parse().unwrap();
    (field(41), field(19))
}

/// The real-time priority of a thread.
fn priority(thread: i32) -> i32 {
    let mut parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: The structure outlives the call.
    let result = unsafe { libc::sched_getparam(thread, &mut parameters) };
    assert_eq!(Errno::result(result), Ok(0));
    parameters.sched_priority
}

/// Gives a thread the policy SCHED_FIFO and a priority, 1 to 99.
pub fn set_priority(thread: i32, sched_priority: i32) {
    let parameters = libc::sched_param { sched_priority };
    // SAFETY: The structure is initialized, and outlives the call.
    let result = unsafe { libc::sched_setscheduler(thread, libc::SCHED_FIFO, &parameters) };
    assert_eq!(Errno::result(result), Ok(0));
}

/// Makes this thread run before every ordinary one.
pub fn go_before_others() {
    take_priority(1);
}

/// Gives this thread a real-time priority: 1 to 99, all above ordinary threads.
pub fn take_priority(priority: i32) {
    set_priority(0, priority);
}
