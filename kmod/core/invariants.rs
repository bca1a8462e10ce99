// SPDX-License-Identifier: GPL-2.0-only

//! The names of a line's counters, and the sums that must hold between them.
//!
//! The module prints [`COUNTERS`] in this order; `simructl verify` and the tests check [`INVARIANTS`].
//! No kernel types, no state: this is the one place that defines the sums.

/// The counters of one line, in the order in which `stats` shows them.
///
/// All count events unless said otherwise, and all are unsigned 64-bit. All but [`LEVELS`] only ever grow.
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

/// Those of [`COUNTERS`] that are levels: they come and go.
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

/// Every sum that holds in every snapshot of the counters, running or at rest.
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
