// SPDX-License-Identifier: GPL-2.0-only

//! The books: which counters there are, and which sums must hold between them.
//!
//! The module prints [`COUNTERS`] in this order; `simructl verify` and the tests check [`IDENTITIES`].
//! No kernel types, no state: this is the one place that says what balances with what.

/// The counters of one line, in the order in which `stats` shows them.
///
/// All count events unless said otherwise, all are unsigned 64-bit, and all but `in_ring`, `queued`
/// and `pending` only ever grow.
pub const COUNTERS: [&str; 18] = [
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
    // Work items.
    "scheduled",
    "already_pending",
    "runs",
];

/// A sum that must hold: the counter `total` equals the sum of the counters `parts`.
pub struct Identity {
    /// The counter on the left-hand side.
    pub total: &'static str,
    /// The counters whose sum it must equal.
    pub parts: &'static [&'static str],
}

/// Every sum that holds in every snapshot of the books, running or at rest.
pub const IDENTITIES: [Identity; 4] = [
    Identity {
        total: "events",
        parts: &["overrun", "in_ring", "drained"],
    },
    Identity {
        total: "drained",
        parts: &["dropped", "overwritten", "flushed", "queued", "read"],
    },
    Identity {
        total: "raised",
        parts: &["handled", "coalesced", "pending"],
    },
    Identity {
        total: "handled",
        parts: &["scheduled", "already_pending"],
    },
];
