// SPDX-License-Identifier: GPL-2.0-only

//! Reads the books of a line. Process context; disturbs nobody for longer than one batch of records
//! takes.

use crate::{
    contexts,
    driver::{
        self,
        Line, //
    },
    hw,
    logic::books, //
};

/// The books at one moment, read under [`crate::lines::LINES`]: every identity of [`books::IDENTITIES`] holds in every snapshot.
pub(super) struct Books {
    /// The values of [`books::COUNTERS`], in that order.
    pub(super) counters: [u64; books::COUNTERS.len()],
    /// Name and context counters of each stage.
    pub(super) contexts: [(&'static str, [u64; contexts::COUNTERS]); 3],
}

impl Books {
    pub(super) fn of(line: &Line) -> Self {
        // With the store locked, the bottom half is not between ring and fifo; a stable tally says
        // that the device is not between ring and count.
        let (fifo, queued, bottom, in_ring, device) = {
            let store = line.store.lock();
            let (device, announced) = line.device_tally.snapshot(|| line.ring.announced());
            (
                store.fifo.counts(),
                store.fifo.queued(),
                store.bottom,
                announced.wrapping_sub(line.ring.taken()),
                device,
            )
        };
        // Here, that the top half is not between its cause register and its counts.
        let (top, acknowledged) = line.top_tally.snapshot(|| line.ring.acknowledged());
        let (raised, pending) = line.raises(acknowledged);
        Self {
            counters: [
                device[hw::Counter::EVENTS],
                device[hw::Counter::OVERRUN],
                in_ring,
                device[hw::Counter::THROTTLED],
                fifo.drained,
                fifo.dropped,
                fifo.overwritten,
                fifo.flushed,
                queued as u64,
                fifo.read,
                raised,
                top[driver::Counter::HANDLED],
                top[driver::Counter::COALESCED],
                pending,
                top[driver::Counter::SPURIOUS],
                top[driver::Counter::SCHEDULED],
                top[driver::Counter::ALREADY_PENDING],
                bottom.runs,
            ],
            contexts: [
                ("device", stage(&device, hw::CONTEXTS)),
                ("top_half", stage(&top, driver::CONTEXTS)),
                ("bottom_half", bottom.contexts),
            ],
        }
    }
}

/// The context counters of a tally, of which the first has index `first`.
fn stage(tally: &[u64], first: usize) -> [u64; contexts::COUNTERS] {
    core::array::from_fn(|index| tally.get(first + index).copied().unwrap_or(0))
}
