// SPDX-License-Identifier: GPL-2.0-only

//! The ring between the device and the driver: one ring, three cursors, no lock.
//!
//! ```text
//!          tail        acknowledged        head
//!   ---------|---------------|---------------|----------> event numbers
//!    free    | acknowledged  |   announced   |   free
//!            | bottom half's |   top half's  |   the device's
//! ```
//!
//! Only the device writes `head`, only the top half `acknowledged`, only the bottom half `tail`. A
//! slot belongs to the context named below it. Moving a cursor (release) hands slots to the next
//! owner, which reads that cursor (acquire) before it touches them. The cursors count events, and
//! wrap with `u64`. Event number n is in slot n modulo the size, a power of two.
//!
//! Each end is a type of its own with `&mut self` methods, and a ring has one of each. So the
//! compiler checks that one context at a time uses an end. The slots are relaxed atomics: a mistake
//! in the protocol would give a wrong value, not undefined behavior.

use super::platform::{
    Array,
    Plain16,
    Plain64,
    Plain8,
    Word, //
};
use core::ops::Deref;

/// Room for one event, 32 bytes. The events of a ring are in the order of their numbers, and also
/// of their times.
pub struct Slot {
    // The device's.
    seq: Plain64,
    due_ns: Plain64,
    value: Plain8,
    // The top half's.
    irq_cpu: Plain16,
    irq_ns: Plain64,
}

impl Slot {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            seq: Plain64::new(0),
            due_ns: Plain64::new(0),
            value: Plain8::new(0),
            irq_cpu: Plain16::new(0),
            irq_ns: Plain64::new(0),
        }
    }

    /// The event's number, from 0.
    #[inline]
    pub fn seq(&self) -> u64 {
        self.seq.get()
    }

    /// The due time, in CLOCK_MONOTONIC nanoseconds.
    #[inline]
    pub fn due_ns(&self) -> u64 {
        self.due_ns.get()
    }

    /// The time when the event was acknowledged, in CLOCK_MONOTONIC nanoseconds.
    #[inline]
    pub fn irq_ns(&self) -> u64 {
        self.irq_ns.get()
    }

    /// The CPU that acknowledged it.
    #[inline]
    pub fn irq_cpu(&self) -> u16 {
        self.irq_cpu.get()
    }

    /// The character of the event.
    #[inline]
    pub fn value(&self) -> u8 {
        self.value.get()
    }
}

/// The ring is full; the event was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The sequence numbers of some events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The number of the first event; 0 when there are none.
    pub seq: u64,
    /// The number of the last event; 0 when there are none.
    pub last_seq: u64,
    /// The number of events.
    pub events: u64,
}

/// The raises and events that one call of [`TopEnd::acknowledge`] has acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Raises of the line since the last call.
    pub raises: u64,
    /// Events announced since the last call.
    pub events: u64,
}

impl Acknowledged {
    /// Nothing was acknowledged.
    pub const NOTHING: Self = Self {
        raises: 0,
        events: 0,
    };
}

/// The memory that the device and the driver share.
///
/// # Invariants
///
/// - `slots.len()` is a power of two.
/// - `tail <= acknowledged <= head <= tail + slots.len()`, in wrapping arithmetic.
/// - Only the owner of a slot, as in the module's picture, accesses it.
/// - There is one [`DeviceEnd`], one [`TopEnd`] and one [`BottomEnd`]: only [`Ring::with_ends`]
///   makes them.
pub struct Ring {
    head: Word,
    acknowledged: Word,
    tail: Word,
    /// The number of raises of the line: the device's interrupt cause register.
    raised: Word,
    /// The number of raises that the top half has acknowledged.
    raises_acknowledged: Word,
    slots: Array<Slot>,
}

/// The three ends of a ring, each held by a pointer `P`.
pub struct Ends<P>
where
    P: Deref<Target = Ring>,
{
    /// For the device.
    pub device: DeviceEnd<P>,
    /// For the top half.
    pub top: TopEnd<P>,
    /// For the bottom half.
    pub bottom: BottomEnd<P>,
}

impl Ring {
    /// A ring over `slots`, with its ends. `None` when the number of slots is not a power of two.
    ///
    /// `share` puts the ring into shared memory that its pointers keep alive.
    ///
    /// # Errors
    ///
    /// The errors of `share`.
    pub fn with_ends<P, E>(
        slots: Array<Slot>,
        share: impl FnOnce(Ring) -> Result<P, E>,
    ) -> Result<Option<(P, Ends<P>)>, E>
    where
        P: Deref<Target = Ring> + Clone,
    {
        if !slots.len().is_power_of_two() {
            return Ok(None);
        }
        // INVARIANT: The size was checked, all cursors are equal, and these are the ring's only
        // ends.
        let ring = share(Ring {
            head: Word::new(0),
            acknowledged: Word::new(0),
            tail: Word::new(0),
            raised: Word::new(0),
            raises_acknowledged: Word::new(0),
            slots,
        })?;
        let ends = Ends {
            device: DeviceEnd {
                ring: ring.clone(),
                head: 0,
                tail: 0,
                raised: 0,
            },
            top: TopEnd {
                ring: ring.clone(),
                raised: 0,
                head: 0,
                acknowledged: 0,
                raises_acknowledged: 0,
            },
            bottom: BottomEnd {
                ring: ring.clone(),
                acknowledged: 0,
                tail: 0,
            },
        };
        Ok(Some((ring, ends)))
    }

    /// The number of raises that the top half has acknowledged.
    pub fn raises_acknowledged(&self) -> u64 {
        self.raises_acknowledged.load_acquire()
    }

    /// The number of raises of the line.
    pub fn raised(&self) -> u64 {
        self.raised.load_acquire()
    }

    /// The number of events that the device has announced.
    pub fn announced(&self) -> u64 {
        self.head.load_acquire()
    }

    /// The number of events that the bottom half has taken out.
    pub fn taken(&self) -> u64 {
        self.tail.load_acquire()
    }

    /// The capacity of the ring, in events.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// The slot of an event.
    #[inline]
    fn index(&self, number: u64) -> usize {
        let mask = (self.slots.len() as u64).wrapping_sub(1);
        (number & mask) as usize
    }

    /// The sequence numbers of the events from `from` to `end`, without `end`. The caller owns
    /// their slots.
    fn span(&self, from: u64, end: u64) -> Span {
        let seq = |number| {
            let slot = self.slots.get(self.index(number));
            slot.map_or(0, |slot| slot.seq.get())
        };
        match end.wrapping_sub(from) {
            0 => Span::default(),
            events => Span {
                seq: seq(from),
                last_seq: seq(end.wrapping_sub(1)),
                events,
            },
        }
    }

    /// The slots of `count` events from number `from` on, but not beyond the end of the slots,
    /// where the ring wraps.
    #[inline]
    fn part(&self, from: u64, count: u64) -> &[Slot] {
        let behind = self.slots.get(self.index(from)..).unwrap_or(&[]);
        let count = behind.len().min(count as usize);
        behind.get(..count).unwrap_or(&[])
    }
}

/// The device's end: stores events and announces them.
pub struct DeviceEnd<P>
where
    P: Deref<Target = Ring>,
{
    ring: P,
    /// The number of stored events, announced or not.
    head: u64,
    /// The last value read of the bottom half's cursor.
    tail: u64,
    /// This end's copy of the word of this name.
    raised: u64,
}

impl<P: Deref<Target = Ring>> DeviceEnd<P> {
    /// Stores an event. The driver does not see it before [`Self::announce`].
    ///
    /// # Errors
    ///
    /// [`Full`] when the ring has no free slot.
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
        // The slot at `head` is the device's: it is not announced, and the bottom half finished
        // with its previous event before it moved `tail` past it. `tail` is acquired above, now or
        // in an earlier call.
        let slot = ring.slots.get(ring.index(self.head)).ok_or(Full)?;
        slot.seq.set(seq);
        slot.due_ns.set(due_ns);
        slot.value.set(value);
        self.head = self.head.wrapping_add(1);
        Ok(())
    }

    /// Hands the stored events to the top half, without raising the line.
    #[inline]
    pub fn announce(&mut self) {
        self.ring.head.store_release(self.head);
    }

    /// Whether the bottom half has taken out all events.
    pub fn is_empty(&self) -> bool {
        self.head == self.ring.tail.load_acquire()
    }

    /// Whether the top half has acknowledged every raise.
    pub fn is_acknowledged(&self) -> bool {
        self.raised == self.ring.raises_acknowledged.load_acquire()
    }

    /// Notes in the cause register that the line is about to be raised.
    #[inline]
    pub fn note_raise(&mut self) {
        self.raised = self.raised.wrapping_add(1);
        self.ring.raised.store_release(self.raised);
    }
}

/// The top half's end: acknowledges and stamps announced events.
pub struct TopEnd<P>
where
    P: Deref<Target = Ring>,
{
    ring: P,
    /// The last values read of the words of these names.
    raised: u64,
    head: u64,
    /// This end's copies of the words of these names.
    acknowledged: u64,
    raises_acknowledged: u64,
}

impl<P: Deref<Target = Ring>> TopEnd<P> {
    /// Takes over everything that the device has announced so far. The device may continue
    /// meanwhile; later events are for the next refresh. So a clock that is read after this call is
    /// not before the due time of any event taken over.
    #[inline]
    pub fn refresh(&mut self) {
        // `raised` before `head`: the events of every raise counted here are then visible, too.
        self.raised = self.ring.raised.load_acquire();
        self.head = self.ring.head.load_acquire();
    }

    /// The events that were taken over and not yet acknowledged.
    pub fn span(&self) -> Span {
        self.ring.span(self.acknowledged, self.head)
    }

    /// Acknowledges the raises and the events that were taken over, stamps the events, and hands
    /// them to the bottom half. Before that it calls `part` with the events: in two parts where the
    /// ring wraps.
    #[inline]
    pub fn acknowledge(
        &mut self,
        irq_ns: u64,
        irq_cpu: u16,
        mut part: impl FnMut(&[Slot]),
    ) -> Acknowledged {
        let ring = &*self.ring;
        let found = Acknowledged {
            raises: self.raised.wrapping_sub(self.raises_acknowledged),
            events: self.head.wrapping_sub(self.acknowledged),
        };
        // The slots from `acknowledged` to `head` are the top half's: they are announced (acquired
        // by `refresh`) and not yet handed on.
        while self.acknowledged != self.head {
            let left = self.head.wrapping_sub(self.acknowledged);
            let slots = ring.part(self.acknowledged, left);
            part(slots);
            for slot in slots {
                slot.irq_ns.set(irq_ns);
                slot.irq_cpu.set(irq_cpu);
            }
            self.acknowledged = self.acknowledged.wrapping_add(slots.len() as u64);
        }
        ring.acknowledged.store_release(self.acknowledged);
        self.raises_acknowledged = self.raised;
        ring.raises_acknowledged
            .store_release(self.raises_acknowledged);
        found
    }
}

/// The bottom half's end: takes events out.
pub struct BottomEnd<P>
where
    P: Deref<Target = Ring>,
{
    ring: P,
    /// The last value read of the word of this name.
    acknowledged: u64,
    /// This end's copy of the word of this name.
    tail: u64,
}

impl<P: Deref<Target = Ring>> BottomEnd<P> {
    /// Takes over everything that the top half has acknowledged so far. The top half may continue
    /// meanwhile; later events are for the next refresh. So a clock that is read after this call is
    /// not before the stamp of any event taken over.
    #[inline]
    pub fn refresh(&mut self) {
        self.acknowledged = self.ring.acknowledged.load_acquire();
    }

    /// The oldest events that were taken over and are still in the ring, at most `most`.
    pub fn span(&self, most: usize) -> Span {
        let count = self.acknowledged.wrapping_sub(self.tail).min(most as u64);
        self.ring.span(self.tail, self.tail.wrapping_add(count))
    }

    /// Takes out the oldest events that were taken over, at most `most`, and calls `part` with
    /// them. Returns their number: 0 when all are taken out. It may be less than `most` where the
    /// ring wraps.
    #[inline]
    pub fn take(&mut self, most: usize, part: impl FnOnce(&[Slot])) -> usize {
        let ring = &*self.ring;
        let count = self.acknowledged.wrapping_sub(self.tail).min(most as u64);
        // The slots from `tail` to `acknowledged` are the bottom half's: they are acknowledged
        // (acquired by `refresh`) and not yet taken out.
        let slots = ring.part(self.tail, count);
        part(slots);
        self.tail = self.tail.wrapping_add(slots.len() as u64);
        ring.tail.store_release(self.tail);
        slots.len()
    }

    /// Whether all events that were taken over are taken out.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.tail == self.acknowledged
    }
}
