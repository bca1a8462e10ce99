// SPDX-License-Identifier: GPL-2.0-only

//! The census of contexts: the context of each stage, and how often it was the wrong one.

use crate::kext::context::Context;

/// The names of a stage's counters, in order.
pub(crate) const NAMES: [&str; COUNTERS] = ["hardirq", "softirq", "task", "wrong"];

/// The number of counters of a stage.
pub(crate) const COUNTERS: usize = 4;

/// The index of the counter of wrong contexts.
pub(super) const WRONG: usize = 3;

/// The index of a context's counter, and of its name.
#[inline]
fn index(context: Context) -> usize {
    match context {
        Context::Hardirq => 0,
        Context::Softirq => 1,
        Context::Task => 2,
    }
}

/// The name of a context.
pub(crate) fn name(context: Context) -> &'static str {
    NAMES[index(context)]
}

/// Counts one run of a stage in `context`, where `right` is expected: calls `add` with the index of
/// each counter of the stage that grows by one.
#[inline]
pub(crate) fn count(context: Context, right: Context, mut add: impl FnMut(usize)) {
    add(index(context));
    if context != right {
        add(WRONG);
    }
}
