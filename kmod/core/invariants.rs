// SPDX-License-Identifier: GPL-2.0-only

//! The names of a line's counters, and the sums that must hold between them.
//!
//! The module prints [`COUNTERS`] in this order; `simructl verify` and the tests check
//! [`INVARIANTS`]. This is the only definition of the sums.

/// The counters of one line, in the order of the file `stats`.
///
/// All are unsigned 64-bit numbers, and all except [`LEVELS`] only grow. `Documentation/stats.md`
/// describes each of them.
pub const COUNTERS: [&str; 35] = [
    // The device.
    "events",
    "overrun",
    "in_ring",
    "throttled",
    // The fifo.
    "drained",
    "dropped",
    "overwritten",
    "flushed",
    "queued",
    "read",
    // Interrupts.
    "raised",
    "handled",
    "coalesced",
    "pending",
    "spurious",
    "not_mine",
    "acknowledged",
    "coalesced_by_time",
    "coalesced_by_count",
    "coalesce_us_now",
    "coalesce_events_now",
    "coalesce_changes",
    // Work items.
    "scheduled",
    "already_pending",
    "runs",
    "polls",
    "budget_exhausted",
    // Faults that happened, in the order of the knob's values.
    "fault_lost",
    "fault_late",
    "fault_spurious",
    "fault_storm",
    "fault_stuck",
    "fault_unhandled",
    "fault_stall",
    "fault_dropped_wakeup",
];

/// The [`COUNTERS`] that are levels: they rise and fall.
pub const LEVELS: [&str; 5] = [
    "in_ring",
    "queued",
    "pending",
    "coalesce_us_now",
    "coalesce_events_now",
];

/// A sum that must hold: the counter `total` equals the sum of the counters `parts`.
pub struct Invariant {
    /// The counter on the left-hand side.
    pub total: &'static str,
    /// The counters whose sum it must equal.
    pub parts: &'static [&'static str],
}

/// The sums that hold in every snapshot of the counters, also while the line runs.
pub const INVARIANTS: [Invariant; 4] = [
    Invariant {
        total: "events",
        parts: &["overrun", "in_ring", "drained"],
    },
    Invariant {
        total: "drained",
        parts: &["dropped", "overwritten", "flushed", "queued", "read"],
    },
    Invariant {
        total: "raised",
        parts: &["handled", "coalesced", "pending"],
    },
    Invariant {
        total: "handled",
        parts: &["scheduled", "already_pending"],
    },
];
