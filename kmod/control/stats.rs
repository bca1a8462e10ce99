// SPDX-License-Identifier: GPL-2.0-only

//! Reads the counters of a line. Process context. It delays other contexts for one batch of records
//! at most.

use super::lines::{
    Control,
    View, //
};
use crate::{
    instrument::{
        census,
        device,
        top_half,
        BottomCounts, //
    },
    logic::{
        fifo::Counts,
        invariants, //
    }, //
};
use kernel::prelude::*;

/// The number of attempts to find a moment when the bottom half moves nothing.
const ATTEMPTS: u32 = 16;

type DeviceCounts = [u64; device::COUNTERS];

/// The counters at one moment. Every sum of [`invariants::INVARIANTS`] holds in every snapshot.
pub(super) struct Snapshot {
    /// The values of [`invariants::COUNTERS`], in that order.
    pub(super) counters: [u64; invariants::COUNTERS.len()],
    /// The name and the context counters of each stage.
    pub(super) contexts: [(&'static str, [u64; census::COUNTERS]); 3],
}

impl Snapshot {
    /// The counters of a line.
    ///
    /// # Errors
    ///
    /// `ENODEV` while no driver is bound.
    pub(super) fn of(control: &Control) -> Result<Self> {
        let view = control.view()?;
        let limits = control.device.coalescing();
        let _counting = control.counting.lock();
        let (fifo, queued, bottom, in_ring, device) = Self::of_ring_and_fifo(&view);
        let View { ring, meters, .. } = &view;
        // The snapshot ensures that the top half is not between its cause register and its counts.
        let (top, acknowledged) = meters.top_half.snapshot(|| ring.raises_acknowledged());
        let raised = ring.raised();
        let since = raised.wrapping_sub(meters.raised_before.load());
        let pending = raised.wrapping_sub(acknowledged);
        let [lost, late, spurious, storm, stuck] = part(&device, device::FIRST_FAULT);
        Ok(Self {
            counters: [
                device[device::EVENTS],
                device[device::OVERRUN],
                in_ring,
                device[device::THROTTLED],
                fifo.drained,
                fifo.dropped,
                fifo.overwritten,
                fifo.flushed,
                queued,
                fifo.read,
                since,
                top[top_half::HANDLED],
                top[top_half::COALESCED],
                pending,
                top[top_half::SPURIOUS],
                meters.not_mine.load(),
                top[top_half::ACKNOWLEDGED],
                device[device::COALESCED_BY_TIME],
                device[device::COALESCED_BY_COUNT],
                limits.wait_ns / 1000,
                limits.events,
                meters.coalesce_changes.load(),
                top[top_half::SCHEDULED],
                top[top_half::ALREADY_PENDING],
                bottom.runs,
                bottom.polls,
                bottom.budget_exhausted,
                lost,
                late,
                spurious,
                storm,
                stuck,
                top[top_half::UNHANDLED],
                meters.stalls.load(),
                meters.dropped_wakeups.load(),
            ],
            contexts: [
                ("device", part(&device, device::CONTEXTS)),
                ("top_half", part(&top, top_half::CONTEXTS)),
                ("bottom_half", bottom.contexts),
            ],
        })
    }
    /// Counts of one moment: those of the fifo, the number of its records, those of the bottom
    /// half, the number of events in the ring, and the device's counters.
    fn of_ring_and_fifo(view: &View) -> (Counts, u64, BottomCounts, u64, DeviceCounts) {
        let View { line, ring, meters } = view;
        let device_now = || meters.device.snapshot(|| ring.announced());
        let mut attempt = 0;
        loop {
            // While the store is locked, the bottom half is not between ring and fifo. A snapshot
            // of the device's counters ensures that the device is not between ring and count. That
            // snapshot may wait for an emission, so it is taken without the lock. Both are of the
            // same moment if the bottom half has moved nothing in between.
            let taken = ring.taken();
            let mut device = device_now();
            let store = line.store.lock();
            if ring.taken() != taken {
                if attempt < ATTEMPTS {
                    attempt += 1;
                    continue;
                }
                // The bottom half never pauses, so this waits with the lock held.
                device = device_now();
            }
            let in_ring = device.1.wrapping_sub(ring.taken());
            let (fifo, queued) = store.fifo.counts();
            return (fifo, queued, store.counts, in_ring, device.0);
        }
    }
}

/// `N` counters, from index `first` on.
fn part<const N: usize>(counters: &[u64], first: usize) -> [u64; N] {
    core::array::from_fn(|index| counters.get(first + index).copied().unwrap_or(0))
}
