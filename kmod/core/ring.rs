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
//! The device alone writes `head`, the top half alone `acknowledged`, the bottom half alone `tail`. A slot
//! belongs to the context that is named below it. Moving a cursor (release) hands slots to the next owner,
//! which reads that cursor (acquire) before it touches them. The cursors count events without end and wrap
//! with `u64`; event number n is in slot n modulo the size, a power of two.
//!
//! Each end is a type of its own with `&mut self` methods, and a ring has one of each: the compiler checks that
//! each end is used by one context at a time. The slots are relaxed atomics, so a mistake in the protocol
//! would show as a wrong value, and be no undefined behavior.

use super::platform::{
    Array,
    Plain16,
    Plain64,
    Plain8,
    Word, //
};
use core::ops::Deref;

/// Room for one event, 32 bytes. The events of a ring are in the order of their numbers, and of their times.
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

    /// Number of the event, from 0.
    #[inline]
    pub fn seq(&self) -> u64 {
        self.seq.get()
    }

    /// When it was due, in CLOCK_MONOTONIC nanoseconds.
    #[inline]
    pub fn due_ns(&self) -> u64 {
        self.due_ns.get()
    }

    /// When the top half acknowledged it, same clock.
    #[inline]
    pub fn irq_ns(&self) -> u64 {
        self.irq_ns.get()
    }

    /// On which CPU it did so.
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
    /// How many events.
    pub events: u64,
}

/// Everything that the top half has taken notice of with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// How many times the device raised its line since the last call.
    pub raises: u64,
    /// How many events it announced since the last call.
    pub events: u64,
}

impl Acknowledged {
    /// Of a call that took notice of nothing.
    pub const NOTHING: Self = Self {
        raises: 0,
        events: 0,
    };
}

/// The memory that device and driver share.
///
/// # Invariants
///
/// - `slots.len()` is a power of two.
/// - `tail <= acknowledged <= head <= tail + slots.len()`, in wrapping arithmetic.
/// - Of the slots, only the owner that the module's picture names accesses them.
/// - There is one [`DeviceEnd`], one [`TopEnd`] and one [`BottomEnd`]: only [`Ring::with_ends`] makes them.
pub struct Ring {
    head: Word,
    acknowledged: Word,
    tail: Word,
    /// How many times the device raised its line: its interrupt cause register.
    raised: Word,
    /// How many raises the top half has taken notice of.
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
    /// A ring over `slots` with its ends, or `None` when the number of slots is not a power of two.
    ///
    /// `share` puts the ring where the pointers to it keep it alive.
    ///
    /// # Errors
    ///
    /// Those of `share`.
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
        // INVARIANT: The size was checked, all cursors are equal, and these are the ring's only ends.
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

    /// How many raises the top half has taken notice of.
    pub fn raises_acknowledged(&self) -> u64 {
        self.raises_acknowledged.load_acquire()
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

    /// The slot of an event.
    #[inline]
    fn index(&self, number: u64) -> usize {
        let mask = (self.slots.len() as u64).wrapping_sub(1);
        (number & mask) as usize
    }

    /// The sequence numbers of the events from `from` to `end`, whose slots are the caller's.
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

    /// The slots of `count` events from number `from` on, as far as they lie one behind the other: to where the ring
    /// closes.
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
    /// The number after that of the event that this end stored last, announced or not.
    head: u64,
    /// The bottom half's cursor when this end last looked.
    tail: u64,
    /// The value of the word of this name.
    raised: u64,
}

impl<P: Deref<Target = Ring>> DeviceEnd<P> {
    /// Stores an event. The driver does not see it before [`Self::announce`].
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
        // The slot at `head` is the device's: it is not announced, and the bottom half was done with its
        // previous round before it moved `tail` past it (acquired above, now or when this end last looked).
        let slot = ring.slots.get(ring.index(self.head)).ok_or(Full)?;
        slot.seq.set(seq);
        slot.due_ns.set(due_ns);
        slot.value.set(value);
        self.head = self.head.wrapping_add(1);
        Ok(())
    }

    /// Hands the stored events to the top half. It does not raise the line.
    #[inline]
    pub fn announce(&mut self) {
        self.ring.head.store_release(self.head);
    }

    /// Whether the bottom half has taken out everything.
    pub fn is_empty(&self) -> bool {
        self.head == self.ring.tail.load_acquire()
    }

    /// Whether the top half has taken notice of every raise.
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
    /// The values of the words of these names when this end last looked.
    raised: u64,
    head: u64,
    /// The values of the words of these names.
    acknowledged: u64,
    raises_acknowledged: u64,
}

impl<P: Deref<Target = Ring>> TopEnd<P> {
    /// Takes over everything that the device has announced so far. The device may go on meanwhile; later
    /// events are for the next refresh. So a clock that is read after this one is not before any due
    /// time of the events that were taken over.
    #[inline]
    pub fn refresh(&mut self) {
        // `raised` before `head`: the events of every raise counted here are then visible.
        self.raised = self.ring.raised.load_acquire();
        self.head = self.ring.head.load_acquire();
    }

    /// The events that were taken over and are not acknowledged yet.
    pub fn span(&self) -> Span {
        self.ring.span(self.acknowledged, self.head)
    }

    /// Acknowledges the raises and the events that were taken over, stamps the events, and hands them to the
    /// bottom half. Calls `part` with all of the events first: where the ring closes, in two parts.
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
        // The slots from `acknowledged` to `head` are the top half's: announced (acquired by `refresh`), and
        // not handed on yet.
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
    /// The value of the word of this name when this end last looked.
    acknowledged: u64,
    /// The value of the word of this name.
    tail: u64,
}

impl<P: Deref<Target = Ring>> BottomEnd<P> {
    /// Takes over everything that the top half has acknowledged so far. The top half may go on meanwhile;
    /// later events are for the next refresh. So a clock that is read after this one is not before any
    /// stamp of the events that were taken over.
    #[inline]
    pub fn refresh(&mut self) {
        self.acknowledged = self.ring.acknowledged.load_acquire();
    }

    /// The oldest of the events that were taken over and are still in the ring, at most `most`.
    pub fn span(&self, most: usize) -> Span {
        let count = self.acknowledged.wrapping_sub(self.tail).min(most as u64);
        self.ring.span(self.tail, self.tail.wrapping_add(count))
    }

    /// Takes out the oldest of the events that were taken over, at most `most`, and calls `part` with them. Returns
    /// how many there were: none when all are taken out. There may be fewer than `most` where the ring closes.
    #[inline]
    pub fn take(&mut self, most: usize, part: impl FnOnce(&[Slot])) -> usize {
        let ring = &*self.ring;
        let count = self.acknowledged.wrapping_sub(self.tail).min(most as u64);
        // The slots from `tail` to `acknowledged` are the bottom half's: acknowledged (acquired by
        // `refresh`), and not taken out yet.
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
