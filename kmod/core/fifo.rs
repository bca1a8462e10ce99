// SPDX-License-Identifier: GPL-2.0-only

//! The fifo between the bottom half and the readers, and the second half of the books.
//!
//! Plain data, to be kept under a lock: every method is short, and copies at most what its caller
//! asks for. A reader first *claims* records (moves them out), then copies them to user space
//! without the lock, and at last *settles* how many it delivered. Claimed records count as queued
//! until they are settled, so that a copy that faults loses nothing.

use super::{
    abi::Record,
    knobs::Policy,
    platform::Array, //
};
use core::mem;

/// What became of the records that the bottom half brought.
///
/// `drained = dropped + overwritten + flushed + queued + read` holds after every method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Brought by the bottom half.
    pub drained: u64,
    /// Refused because the fifo was full (policy `drop`).
    pub dropped: u64,
    /// Pushed out by newer ones (policy `overwrite`).
    pub overwritten: u64,
    /// Given up because a smaller fifo had no room for them.
    pub flushed: u64,
    /// Delivered to a reader.
    pub read: u64,
}

/// A bounded queue of records.
pub struct Fifo {
    slots: Array<Record>,
    /// Index of the oldest record.
    first: usize,
    /// Index of the place for the next record.
    end: usize,
    /// How many records there are.
    len: usize,
    /// How many records readers hold.
    claimed: usize,
    /// How many records an unfinished resize holds.
    moving: usize,
    policy: Policy,
    counts: Counts,
}

/// The old content of a fifo that is being resized.
pub struct Moving {
    slots: Array<Record>,
    first: usize,
    len: usize,
}

/// The index after `index`, which is one of the slots.
#[inline]
fn next(slots: &[Record], index: usize) -> usize {
    let next = index.wrapping_add(1);
    if next == slots.len() {
        0
    } else {
        next
    }
}

fn at(slots: &[Record], first: usize, offset: usize) -> usize {
    let index = first.wrapping_add(offset);
    // Neither term reaches the length, so one subtraction is a full modulo.
    if index >= slots.len() {
        index.wrapping_sub(slots.len())
    } else {
        index
    }
}

impl Fifo {
    /// An empty fifo over `slots`, whose number is its capacity.
    pub fn new(slots: Array<Record>, policy: Policy) -> Self {
        Self {
            slots,
            first: 0,
            end: 0,
            len: 0,
            claimed: 0,
            moving: 0,
            policy,
            counts: Counts::default(),
        }
    }

    /// Takes a record from the bottom half; a full fifo does what its policy says. Returns the number of
    /// the event that is lost by that, and the policy.
    #[inline]
    pub fn push(&mut self, record: Record) -> Option<(u64, Policy)> {
        self.counts.drained = self.counts.drained.wrapping_add(1);
        if self.len == self.slots.len() {
            return self.push_out(record);
        }
        self.append(record);
        None
    }

    /// The number of the first event that will be lost when the fifo has room for `capacity` records only,
    /// and how many will be; none if all fit.
    pub fn surplus(&self, capacity: usize) -> Option<(u64, usize)> {
        let surplus = self.len.checked_sub(capacity).filter(|count| *count != 0)?;
        let offset = match self.policy {
            Policy::Overwrite => 0,
            Policy::Drop => capacity,
        };
        let first = self.slots.get(at(&self.slots, self.first, offset))?;
        Some((first.seq, surplus))
    }

    /// Takes a record when the fifo is full.
    #[inline(never)]
    fn push_out(&mut self, record: Record) -> Option<(u64, Policy)> {
        let lost = match self.policy {
            Policy::Drop => {
                self.counts.dropped = self.counts.dropped.wrapping_add(1);
                record.seq
            }
            Policy::Overwrite => {
                let oldest = self.slots.get(self.first).map_or(record.seq, |r| r.seq);
                self.first = next(&self.slots, self.first);
                self.len = self.len.wrapping_sub(1);
                self.counts.overwritten = self.counts.overwritten.wrapping_add(1);
                self.append(record);
                oldest
            }
        };
        Some((lost, self.policy))
    }

    #[inline]
    fn append(&mut self, record: Record) {
        let Some(slot) = self.slots.get_mut(self.end) else {
            return;
        };
        *slot = record;
        self.len = self.len.wrapping_add(1);
        self.end = next(&self.slots, self.end);
    }

    /// Moves the oldest records into `out`, as many as fit, and returns how many. They are the
    /// caller's until it settles them.
    pub fn claim(&mut self, out: &mut [Record]) -> usize {
        let count = out.len().min(self.len);
        let mut first = self.first;
        for place in out.iter_mut().take(count) {
            if let Some(record) = self.slots.get(first) {
                *place = *record;
            }
            first = next(&self.slots, first);
        }
        self.first = first;
        self.len = self.len.wrapping_sub(count);
        self.claimed = self.claimed.wrapping_add(count);
        count
    }

    /// Notes that `delivered` of the claimed records have reached their reader. The others stay
    /// claimed.
    pub fn settle(&mut self, delivered: usize) {
        let delivered = delivered.min(self.claimed);
        self.claimed = self.claimed.wrapping_sub(delivered);
        self.counts.read = self.counts.read.wrapping_add(delivered as u64);
    }

    /// How many records a reader can have now: those that can be claimed, and those that are claimed. Records that a resize
    /// is moving are nobody's to read before they have arrived.
    pub fn readable(&self) -> usize {
        self.len.wrapping_add(self.claimed)
    }

    /// How many records wait for a reader, claimed ones and those of a resize included.
    pub fn queued(&self) -> usize {
        self.readable().wrapping_add(self.moving)
    }

    /// How many records the fifo has room for.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// The books of this fifo.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Begins the books anew, with what is queued as all that was ever brought.
    pub fn reset_counts(&mut self) {
        self.counts = Counts {
            drained: self.queued() as u64,
            ..Counts::default()
        };
    }

    /// Changes what a full fifo does, from the next record on.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Begins a resize: `slots` is the new room, empty; what was queued comes back as [`Moving`],
    /// less what the new room cannot hold (the oldest go under `overwrite`, the newest under
    /// `drop`).
    ///
    /// Until [`Self::resize_step`] has moved everything, nothing may be pushed, or records would
    /// change places. Readers may go on.
    pub fn resize_begin(&mut self, slots: Array<Record>) -> Moving {
        let surplus = self.surplus(slots.len()).map_or(0, |(_, count)| count);
        if matches!(self.policy, Policy::Overwrite) {
            self.first = at(&self.slots, self.first, surplus);
        }
        self.len = self.len.wrapping_sub(surplus);
        self.counts.flushed = self.counts.flushed.wrapping_add(surplus as u64);
        let moving = Moving {
            slots: mem::replace(&mut self.slots, slots),
            first: mem::take(&mut self.first),
            len: mem::take(&mut self.len),
        };
        self.end = 0;
        self.moving = moving.len;
        moving
    }

    /// Moves up to `most` records to the new room, oldest first; `true` when none are left.
    pub fn resize_step(&mut self, moving: &mut Moving, most: usize) -> bool {
        let count = most.min(moving.len);
        for _ in 0..count {
            if let Some(&record) = moving.slots.get(moving.first) {
                self.append(record);
            }
            moving.first = next(&moving.slots, moving.first);
        }
        moving.len = moving.len.wrapping_sub(count);
        self.moving = moving.len;
        moving.len == 0
    }
}
