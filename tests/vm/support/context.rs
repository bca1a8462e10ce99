// SPDX-License-Identifier: GPL-2.0-only

//! Where a stage ran, and where it ought to on this kernel.

use crate::{Line, module::read};

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
    /// Where the top half runs: on a kernel with PREEMPT_RT in a thread.
    pub fn of_top_half() -> Self {
        if read("/proc/version").contains(" PREEMPT_RT ") {
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
