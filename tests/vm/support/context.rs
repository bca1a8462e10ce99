// SPDX-License-Identifier: GPL-2.0-only

//! Where a stage ran, and where it ought to on this kernel.

use crate::{Line, kernel::is_real_time, module::read};

/// A column of the census.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Context {
    /// An interrupt.
    Hardirq,
    /// What runs at an interrupt's end, or in ksoftirqd.
    Softirq,
    /// A thread.
    Task,
}

impl Context {
    /// Where the top half runs: in a thread where the kernel has all interrupts threaded. One with PREEMPT_RT
    /// does, and others do when they are started so.
    pub fn of_top_half() -> Self {
        let command_line = read("/proc/cmdline");
        // Behind the dashes are the words for init.
        let mut words = command_line
            .split_whitespace()
            .take_while(|word| *word != "--");
        let is_told = words.any(|word| word.split('=').next() == Some("threadirqs"));
        if is_told || is_real_time() {
            Self::Task
        } else {
            Self::Hardirq
        }
    }
}

impl Line {
    /// Asserts that a stage ran in this context, and never in another.
    pub fn assert_ran_in(self, stage: &str, context: Context) {
        let census = self.contexts(stage);
        let mut expected = [0; 4];
        expected[context as usize] = census[context as usize];
        assert_eq!(census, expected, "{stage} ought to run in {context:?}");
    }
}
