// SPDX-License-Identifier: GPL-2.0-only

//! The contexts in which stages ran, and in which they should run on this kernel.

use crate::{Line, kernel::is_real_time, module::read};

/// A column of the census.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Context {
    /// An interrupt.
    Hardirq,
    /// At the end of an interrupt, or in ksoftirqd.
    Softirq,
    /// A thread.
    Task,
}

impl Context {
    /// Where the top half runs: in a thread if the kernel threads all interrupts. Kernels with PREEMPT_RT do, and
    /// others with `threadirqs`.
    pub fn of_top_half() -> Self {
        let command_line = read("/proc/cmdline");
        // The words for init follow the dashes.
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
    /// Asserts that a stage ran in this context, and in no other.
    pub fn assert_ran_in(self, stage: &str, context: Context) {
        let census = self.contexts(stage);
        let mut expected = [0; 4];
        expected[context as usize] = census[context as usize];
        assert_eq!(census, expected, "{stage} ought to run in {context:?}");
    }
}
