// SPDX-License-Identifier: GPL-2.0-only

//! The ring between the device and the driver: one ring, three cursors, no lock.
//!
//! ```text
//!          tail            seen            head
//!   ---------|---------------|---------------|----------> event numbers
//!    free    | acknowledged  |   announced   |   free
//!            | bottom half's |   top half's  |   the device's
//! ```
//!
//! `head` is written by the device alone, `seen` by the top half alone, `tail` by the bottom half
//! alone. A slot belongs to whoever is named under it; moving a cursor (release) hands slots to the
//! next owner, who has read that cursor (acquire) before touching them. The cursors count events
//! without end and wrap with `u64`; the slot of number n is n modulo the size, a power of two.
//!
//! Each end is a type of its own with `&mut self` methods, so that "one context at a time" is what
//! the compiler checks wherever it can.

use super::platform::{
    Array,
    SharedCell,
    Word, //
};
use core::ops::Deref;

/// Room for one event, 32 bytes.
pub struct Slot {
    // The device's.
    seq: SharedCell<u64>,
    due_ns: SharedCell<u64>,
    value: SharedCell<u8>,
    // The top half's.
    irq_cpu: SharedCell<u16>,
    irq_ns: SharedCell<u64>,
}

impl Slot {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            seq: SharedCell::new(0),
            due_ns: SharedCell::new(0),
            value: SharedCell::new(0),
            irq_cpu: SharedCell::new(0),
            irq_ns: SharedCell::new(0),
        }
    }
}

/// An event as the bottom half takes it out of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the event, from 0.
    pub seq: u64,
    /// When it was due, in CLOCK_MONOTONIC nanoseconds.
    pub due_ns: u64,
    /// When the top half acknowledged it, same clock.
    pub irq_ns: u64,
    /// On which CPU it did so.
    pub irq_cpu: u16,
    /// What the device has to say.
    pub value: u8,
}

/// The ring is full; the event was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// What the top half found when it was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// How many times the device raised its line since the last call.
    pub raises: u64,
    /// How many events it announced since the last call.
    pub events: u64,
}

/// The memory that device and driver share.
///
/// # Invariants
///
/// - `slots.len()` is a power of two.
/// - `tail <= seen <= head <= tail + slots.len()`, in wrapping arithmetic.
/// - Of the slots, only the owner that the module's picture names accesses them.
pub struct Ring {
    head: Word,
    seen: Word,
    tail: Word,
    /// How many times the device raised its line: its interrupt cause register.
    raised: Word,
    /// How many raises the top half has taken notice of.
    acknowledged: Word,
    slots: Array<Slot>,
}

impl Ring {
    /// A ring over `slots`, or `None` when their number is not a power of two.
    pub fn new(slots: Array<Slot>) -> Option<Self> {
        // INVARIANT: The size is checked here, and all cursors are equal.
        slots.len().is_power_of_two().then(|| Self {
            head: Word::new(0),
            seen: Word::new(0),
            tail: Word::new(0),
            raised: Word::new(0),
            acknowledged: Word::new(0),
            slots,
        })
    }

    /// The three ends of the ring.
    ///
    /// # Safety
    ///
    /// Called at most once for a ring: each end relies on being the only one of its kind.
    pub unsafe fn split<P>(ring: P) -> (DeviceEnd<P>, TopEnd<P>, BottomEnd<P>)
    where
        P: Deref<Target = Ring> + Clone,
    {
        (
            DeviceEnd {
                ring: ring.clone(),
                head: 0,
                tail: 0,
                raised: 0,
            },
            TopEnd {
                ring: ring.clone(),
                raised: 0,
                head: 0,
                seen: 0,
                acknowledged: 0,
            },
            BottomEnd {
                ring,
                seen: 0,
                tail: 0,
            },
        )
    }

    /// How many raises the top half has taken notice of.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load_acquire()
    }

    /// How many times the device raised its line.
    pub fn raised(&self) -> u64 {
        self.raised.load_acquire()
    }

    /// How many events the device has announced.
    pub fn announced(&self) -> u64 {
        self.head.load_acquire()
    }

    /// How many events the bottom half has taken out.
    pub fn taken(&self) -> u64 {
        self.tail.load_acquire()
    }

    /// How many events the ring has room for.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Where the slot of an event is.
    #[inline]
    fn index(&self, number: u64) -> usize {
        let mask = (self.slots.len() as u64).wrapping_sub(1);
        (number & mask) as usize
    }

    /// The numbers of the events in the first and the last of the slots from `from` to `end`.
    ///
    /// # Safety
    ///
    /// The slots are the caller's.
    unsafe fn span(&self, from: u64, end: u64) -> Option<(u64, u64)> {
        if from == end {
            return None;
        }
        let seq = |number| {
            let slot = self.slots.get(self.index(number))?;
            // SAFETY: The slot is the caller's, who does not write to it meanwhile.
            Some(unsafe { slot.seq.get() })
        };
        Some((seq(from)?, seq(end.wrapping_sub(1))?))
    }

    /// The slots of `count` events from number `from` on, which are two parts where the ring closes.
    #[inline]
    fn parts(&self, from: u64, count: u64) -> [&[Slot]; 2] {
        let (before, after) = self.slots.split_at(self.index(from));
        let count = count as usize;
        match count.checked_sub(after.len()) {
            None => [after.get(..count).unwrap_or(&[]), &[]],
            Some(rest) => [after, before.get(..rest).unwrap_or(&[])],
        }
    }
}

/// The device's end: stores events and announces them.
pub struct DeviceEnd<P>
where
    P: Deref<Target = Ring>,
{
    ring: P,
    /// What this end last stored, announced or not.
    head: u64,
    /// How far the bottom half had come when this end last looked.
    tail: u64,
    /// What this end last wrote to the word of this name.
    raised: u64,
}

impl<P: Deref<Target = Ring>> DeviceEnd<P> {
    /// Stores an event for the driver, who does not get to see it before [`Self::announce`].
    ///
    /// # Errors
    ///
    /// [`Full`] when the bottom half is a whole ring behind.
    #[inline]
    pub fn push(&mut self, seq: u64, due_ns: u64, value: u8) -> Result<(), Full> {
        let ring = &*self.ring;
        let size = ring.slots.len() as u64;
        if self.head.wrapping_sub(self.tail) >= size {
            self.tail = ring.tail.load_acquire();
            if self.head.wrapping_sub(self.tail) >= size {
                return Err(Full);
            }
        }
        let slot = ring.slots.get(ring.index(self.head)).ok_or(Full)?;
        // SAFETY: The slot at `head` is the device's: it is not announced, and the bottom half was
        // done with its previous round before it moved `tail` past it (acquired above, now or when
        // this end last looked).
        unsafe {
            slot.seq.set(seq);
            slot.due_ns.set(due_ns);
            slot.value.set(value);
        }
        self.head = self.head.wrapping_add(1);
        Ok(())
    }

    /// Hands the stored events to the top half. Raising the line is another matter.
    #[inline]
    pub fn announce(&mut self) {
        self.ring.head.store_release(self.head);
    }

    /// Whether the bottom half has taken out everything.
    pub fn is_empty(&self) -> bool {
        self.head == self.ring.tail.load_acquire()
    }

    /// Notes in the cause register that the line is about to be raised.
    #[inline]
    pub fn note_raise(&mut self) {
        self.raised = self.raised.wrapping_add(1);
        self.ring.raised.store_release(self.raised);
    }
}

/// The top half's end: acknowledges and stamps what was announced.
pub struct TopEnd<P>
where
    P: Deref<Target = Ring>,
{
    ring: P,
    /// What this end last saw in the words of these names.
    raised: u64,
    head: u64,
    /// What this end last wrote to the words of these names.
    seen: u64,
    acknowledged: u64,
}

impl<P: Deref<Target = Ring>> TopEnd<P> {
    /// Looks what there is. The device may go on meanwhile; what it adds is for the next look, so a
    /// clock that is read after this one is not before any due time of what was seen.
    #[inline]
    pub fn look(&mut self) {
        // `raised` before `head`: the events of every raise counted here are then visible.
        self.raised = self.ring.raised.load_acquire();
        self.head = self.ring.head.load_acquire();
    }

    /// The numbers of the first and of the last event that were seen and are still to be acknowledged; none
    /// if there are none.
    pub fn span(&self) -> Option<(u64, u64)> {
        // SAFETY: The slots from `seen` to `head` are the top half's.
        unsafe { self.ring.span(self.seen, self.head) }
    }

    /// Takes notice of the raises and events that were seen, stamps the events, and hands them to the
    /// bottom half. Calls `each` with every event's due time.
    #[inline]
    pub fn acknowledge(
        &mut self,
        irq_ns: u64,
        irq_cpu: u16,
        mut each: impl FnMut(u64),
    ) -> Acknowledged {
        let ring = &*self.ring;
        let found = Acknowledged {
            raises: self.raised.wrapping_sub(self.acknowledged),
            events: self.head.wrapping_sub(self.seen),
        };
        for part in ring.parts(self.seen, found.events) {
            for slot in part {
                // SAFETY: The slots from `seen` to `head` are announced (acquired by `look`) and not
                // handed on yet, so they are the top half's.
                let due_ns = unsafe {
                    slot.irq_ns.set(irq_ns);
                    slot.irq_cpu.set(irq_cpu);
                    slot.due_ns.get()
                };
                each(due_ns);
            }
        }
        self.seen = self.head;
        ring.seen.store_release(self.seen);
        self.acknowledged = self.raised;
        ring.acknowledged.store_release(self.acknowledged);
        found
    }
}

/// The bottom half's end: takes events out.
pub struct BottomEnd<P>
where
    P: Deref<Target = Ring>,
{
    ring: P,
    /// What this end last saw in the word of this name.
    seen: u64,
    /// What this end last wrote to the word of this name.
    tail: u64,
}

impl<P: Deref<Target = Ring>> BottomEnd<P> {
    /// Looks what there is. The top half may go on meanwhile; what it adds is for the next look, so a
    /// clock that is read after this one is not before any stamp of what was seen.
    #[inline]
    pub fn look(&mut self) {
        self.seen = self.ring.seen.load_acquire();
    }

    /// The numbers of the first and of the last event that were seen and are still to be taken; none if
    /// there are none.
    pub fn span(&self) -> Option<(u64, u64)> {
        // SAFETY: The slots from `tail` to `seen` are the bottom half's.
        unsafe { self.ring.span(self.tail, self.seen) }
    }

    /// Takes out the oldest of the events that were seen, at most `most`, and calls `each` with every
    /// one of them. Returns how many there were.
    #[inline]
    pub fn take(&mut self, most: usize, mut each: impl FnMut(Event)) -> usize {
        let ring = &*self.ring;
        let count = self.seen.wrapping_sub(self.tail).min(most as u64);
        for part in ring.parts(self.tail, count) {
            for slot in part {
                // SAFETY: The slots from `tail` to `seen` are acknowledged (acquired by `look`) and not
                // taken, so they are the bottom half's.
                let event = unsafe {
                    Event {
                        seq: slot.seq.get(),
                        due_ns: slot.due_ns.get(),
                        irq_ns: slot.irq_ns.get(),
                        irq_cpu: slot.irq_cpu.get(),
                        value: slot.value.get(),
                    }
                };
                each(event);
            }
        }
        self.tail = self.tail.wrapping_add(count);
        ring.tail.store_release(self.tail);
        count as usize
    }
}
