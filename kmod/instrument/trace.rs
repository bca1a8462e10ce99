// SPDX-License-Identifier: GPL-2.0-only

//! The tracepoints, with the types of the instruments.

use crate::logic::{
    fifo::Lost,
    knobs::{
        Fault,
        Policy, //
    }, //
};

pub(super) use crate::kext::tracepoint::*;

/// A fifo loses events; `flushed` when a resize made it too small for them.
pub(crate) fn lost(line: usize, lost: Lost, flushed: bool) {
    let cause = match (flushed, lost.policy) {
        (true, _) => "flushed",
        (false, Policy::Drop) => "dropped",
        (false, Policy::Overwrite) => "overwritten",
    };
    drop(line, lost.seq, lost.events, cause);
}

/// An event found the ring full.
#[inline]
pub(super) fn overrun(line: usize, seq: u64) {
    drop(line, seq, 1, "overrun");
}

/// A knob was set.
pub(crate) fn knob_was_set(line: usize, name: &str, value: i64) {
    knob(line, name, value);
}

/// A fault happens, for the `number`-th time under the rules in force.
#[inline]
pub(super) fn fault_happens(line: usize, kind: Fault, number: u64) {
    fault(line, kind.name(), number);
}
