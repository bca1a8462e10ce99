// SPDX-License-Identifier: GPL-2.0-only

//! The fifo between the bottom half and the readers, and the counters of its records.
//!
//! A reader first *claims* records: it moves them out of the fifo. Then it copies them to user
//! space, and reports how many of them it has *delivered*. Claimed records count as queued until
//! they are delivered, so a copy that faults loses nothing.
//!
//! A lock must guard [`Fifo`]: every method is short, or moves at most as many records as its
//! caller asks for. [`Claim`] belongs to the reader, of which there is one at a time. [`Gauge`]
//! tells any context, without the lock, whether there is something to read.

use super::{
    abi::{
        seq_of,
        Words,
        WORDS, //
    },
    knobs::Policy,
    platform::{
        Arc,
        Array,
        Plain64,
        Word, //
    }, //
};
use core::mem;

/// Counts of the records that the bottom half pushed, by their outcome.
///
/// All counts wrap.
/// `drained = dropped + overwritten + flushed + queued + read` holds after every method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pushed by the bottom half.
    pub drained: u64,
    /// Refused because the fifo was full (policy `drop`).
    pub dropped: u64,
    /// Overwritten by newer ones (policy `overwrite`).
    pub overwritten: u64,
    /// Discarded because a smaller fifo had no room for them.
    pub flushed: u64,
    /// Delivered to a reader.
    pub read: u64,
}

/// Room for one record. It is copied word by word, which costs less than a call of memcpy().
pub struct Slot([Plain64; WORDS]);

impl Slot {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(core::array::from_fn(|_| Plain64::new(0)))
    }

    #[inline]
    fn get(&self) -> Words {
        core::array::from_fn(|word| self.0[word].get())
    }

    #[inline]
    fn set(&self, words: Words) {
        for (to, word) in self.0.iter().zip(words) {
            to.set(word);
        }
    }

    fn seq(&self) -> u64 {
        seq_of(&self.get())
    }
}

/// Events that a fifo loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The number of the first event.
    pub seq: u64,
    /// The number of events.
    pub events: u64,
    /// The policy that chose them.
    pub policy: Policy,
}

/// Tells how much there is to read, without the fifo's lock.
pub struct Gauge {
    /// How many records wait. Written under the fifo's lock.
    waiting: Word,
    /// The number of records ever claimed, wrapping. Written under the fifo's lock.
    claimed: Word,
    /// The number of records ever delivered, wrapping. Written by the reader.
    delivered: Word,
}

impl Gauge {
    /// The gauge of an empty fifo.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            waiting: Word::new(0),
            claimed: Word::new(0),
            delivered: Word::new(0),
        }
    }

    /// Whether a reader could get a record now: a waiting one, or one that an earlier reader has
    /// claimed and not delivered. Records that a resize is moving are not readable until they are
    /// moved.
    ///
    /// It may be true while another reader takes the last record. It is never false while a record
    /// can be read.
    #[inline]
    pub fn is_readable(&self) -> bool {
        // The reverse of the order in which a record passes through the counts.
        let delivered = self.delivered.load_acquire();
        let waiting = self.waiting.load_acquire();
        waiting != 0 || self.claimed.load() != delivered
    }
}

/// A bounded queue of records.
pub struct Fifo {
    slots: Array<Slot>,
    gauge: Arc<Gauge>,
    /// Index of the oldest waiting record.
    first: usize,
    /// Index of the slot for the next record.
    end: usize,
    /// How many records wait.
    len: usize,
    /// The number of records ever claimed, wrapping.
    claimed: u64,
    /// The number of records that an unfinished resize still holds.
    moving: usize,
    policy: Policy,
    /// Without `read`, which the reader counts.
    counts: Counts,
}

/// Records that a reader has claimed and not delivered.
pub struct Claim {
    records: Array<Words>,
    gauge: Arc<Gauge>,
    /// Index of the oldest claimed record.
    first: usize,
    /// Index after the newest claimed record.
    end: usize,
    /// The number of records ever delivered, wrapping.
    delivered: u64,
}

/// The records of a fifo that is being resized.
pub struct Moving {
    slots: Array<Slot>,
    first: usize,
    len: usize,
}

/// The index of the slot `offset` slots after `first`.
#[inline]
fn at(slots: &[Slot], first: usize, offset: usize) -> usize {
    let index = first.wrapping_add(offset);
    // Neither term exceeds the length, so one subtraction is a full modulo.
    if index >= slots.len() {
        index.wrapping_sub(slots.len())
    } else {
        index
    }
}

impl Fifo {
    /// An empty fifo over `slots`; their number is its capacity. It shares the gauge with its
    /// claim.
    pub fn new(slots: Array<Slot>, gauge: Arc<Gauge>, policy: Policy) -> Self {
        Self {
            slots,
            gauge,
            first: 0,
            end: 0,
            len: 0,
            claimed: 0,
            moving: 0,
            policy,
            counts: Counts::default(),
        }
    }

    /// Adds a record. A full fifo loses a record, as its policy says; that event is returned.
    /// Readers see the record after [`Self::announce`].
    #[inline]
    pub fn push(&mut self, record: Words) -> Option<Lost> {
        self.counts.drained = self.counts.drained.wrapping_add(1);
        let mut lost = None;
        if self.len == self.slots.len() {
            let (what, has_room) = self.make_room(seq_of(&record));
            lost = Some(what);
            if !has_room {
                return lost;
            }
        }
        self.append(record);
        lost
    }

    /// Tells the gauge how many records wait.
    #[inline]
    pub fn announce(&self) {
        self.gauge.waiting.store_release(self.len as u64);
    }

    /// Makes room in a full fifo for event `seq`, as the policy says. Returns the lost event, which
    /// may be `seq` itself, and whether there is room now.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, seq: u64) -> (Lost, bool) {
        let (seq, has_room) = match self.policy {
            Policy::Drop => {
                self.counts.dropped = self.counts.dropped.wrapping_add(1);
                (seq, false)
            }
            Policy::Overwrite => {
                let oldest = self.slots.get(self.first).map_or(seq, Slot::seq);
                self.first = at(&self.slots, self.first, 1);
                self.len = self.len.wrapping_sub(1);
                self.counts.overwritten = self.counts.overwritten.wrapping_add(1);
                (oldest, true)
            }
        };
        let lost = Lost {
            seq,
            events: 1,
            policy: self.policy,
        };
        (lost, has_room)
    }

    #[inline]
    fn append(&mut self, record: Words) {
        let Some(slot) = self.slots.get(self.end) else {
            return;
        };
        slot.set(record);
        self.len = self.len.wrapping_add(1);
        self.end = at(&self.slots, self.end, 1);
    }

    /// The events that a resize to `capacity` records loses.
    pub fn surplus(&self, capacity: usize) -> Option<Lost> {
        let surplus = self.len.checked_sub(capacity).filter(|count| *count != 0)?;
        let offset = match self.policy {
            Policy::Overwrite => 0,
            Policy::Drop => capacity,
        };
        let first = self.slots.get(at(&self.slots, self.first, offset))?;
        Some(Lost {
            seq: first.seq(),
            events: surplus as u64,
            policy: self.policy,
        })
    }

    /// Moves at most `most` of the oldest records into `claim`, this fifo's claim, if it is empty.
    /// Tells whether more records wait.
    ///
    /// It may move fewer than `most` while more wait: at the end of the slots, and when the claim
    /// is full.
    #[inline]
    pub fn claim(&mut self, claim: &mut Claim, most: usize) -> bool {
        if claim.is_empty() {
            let waiting = self.slots.get(self.first..).unwrap_or(&[]);
            let most = most.min(self.len).min(claim.records.len());
            let waiting = waiting.get(..most).unwrap_or(waiting);
            for (to, from) in claim.records.iter_mut().zip(waiting) {
                *to = from.get();
            }
            let count = waiting.len();
            claim.first = 0;
            claim.end = count;
            self.first = at(&self.slots, self.first, count);
            self.len = self.len.wrapping_sub(count);
            self.claimed = self.claimed.wrapping_add(count as u64);
            self.gauge.claimed.store(self.claimed);
            self.announce();
        }
        self.len != 0
    }

    /// The counts, and the number of queued records, including claimed ones and those of a resize.
    pub fn counts(&self) -> (Counts, u64) {
        // Read once: the reader changes it meanwhile.
        let read = self.gauge.delivered.load();
        let held = self.len.wrapping_add(self.moving) as u64;
        let queued = self.claimed.wrapping_sub(read).wrapping_add(held);
        (
            Counts {
                read,
                ..self.counts
            },
            queued,
        )
    }

    /// How many records readers could get now: see [`Gauge::is_readable`].
    pub fn readable(&self) -> u64 {
        let (_, queued) = self.counts();
        queued.wrapping_sub(self.moving as u64)
    }

    /// How many records the fifo has room for.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Restarts the counts at 0; queued records count as pushed. `claim` must be this fifo's claim,
    /// and its reader must be held off.
    pub fn reset_counts(&mut self, claim: &mut Claim) {
        self.claimed = claim.records(usize::MAX).len() as u64;
        claim.delivered = 0;
        self.gauge.claimed.store(self.claimed);
        self.gauge.delivered.store_release(0);
        let (_, queued) = self.counts();
        self.counts = Counts {
            drained: queued,
            ..Counts::default()
        };
    }

    /// Changes the policy of a full fifo, from the next record on.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Begins a resize to the empty `slots`. Returns the waiting records as [`Moving`]. Records for
    /// which the new slots have no room are discarded: the oldest with policy `overwrite`, the
    /// newest with `drop`.
    ///
    /// Nothing may be pushed until [`Self::resize_step`] has moved everything, or records would
    /// change their order. Readers may continue.
    pub fn resize_begin(&mut self, slots: Array<Slot>) -> Moving {
        let surplus = self.len.saturating_sub(slots.len());
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
        self.announce();
        moving
    }

    /// Moves up to `most` records to the new slots, oldest first. Returns `true` when none are
    /// left.
    pub fn resize_step(&mut self, moving: &mut Moving, most: usize) -> bool {
        let count = most.min(moving.len);
        for _ in 0..count {
            if let Some(slot) = moving.slots.get(moving.first) {
                self.append(slot.get());
            }
            moving.first = at(&moving.slots, moving.first, 1);
        }
        moving.len = moving.len.wrapping_sub(count);
        self.moving = moving.len;
        self.announce();
        moving.len == 0
    }
}

impl Claim {
    /// An empty claim. It holds at most as many records as `records` has. It shares the gauge with
    /// its fifo.
    pub fn new(records: Array<Words>, gauge: Arc<Gauge>) -> Self {
        Self {
            records,
            gauge,
            first: 0,
            end: 0,
            delivered: 0,
        }
    }

    /// Whether no record is claimed.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.first == self.end
    }

    /// The oldest of the claimed records, at most `most`.
    #[inline]
    pub fn records(&self, most: usize) -> &[Words] {
        let claimed = self.records.get(self.first..self.end).unwrap_or(&[]);
        claimed.get(..most).unwrap_or(claimed)
    }

    /// Notes that the first `count` claimed records have reached their reader. The others stay
    /// claimed.
    #[inline]
    pub fn deliver(&mut self, count: usize) {
        let count = count.min(self.end.wrapping_sub(self.first));
        self.first = self.first.wrapping_add(count);
        self.delivered = self.delivered.wrapping_add(count as u64);
        self.gauge.delivered.store_release(self.delivered);
    }
}
