// SPDX-License-Identifier: GPL-2.0-only

//! Counters that one context writes, and that any context reads as one consistent snapshot.
//!
//! The writer may run in hardirq: it never waits and takes no lock. A reader that meets an update
//! tries again. The writer runs in hardirq or with preemption disabled, so no reader preempts it,
//! and a reader waits for one update at most.

use super::platform::{
    read_fence,
    spin_loop,
    write_fence,
    Word, //
};
use core::ops::Deref;

/// `N` counters with a sequence word that is odd while they change.
pub struct Counters<const N: usize> {
    sequence: Word,
    counts: [Word; N],
}

impl<const N: usize> Counters<N> {
    /// All counters at zero.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            sequence: Word::new(0),
            counts: core::array::from_fn(|_| Word::new(0)),
        }
    }

    /// Counter `index` alone, between updates or within one; 0 beyond `N`.
    #[inline]
    pub fn count(&self, index: usize) -> u64 {
        self.counts.get(index).map_or(0, Word::load)
    }

    /// All counters, and the result of `more`, as they were between two updates.
    ///
    /// `more` may be called several times.
    pub fn snapshot<R>(&self, more: impl Fn() -> R) -> ([u64; N], R) {
        loop {
            let before = self.sequence.load_acquire();
            let counts = core::array::from_fn(|index| self.counts.get(index).map_or(0, Word::load));
            let more = more();
            read_fence();
            if before % 2 == 0 && self.sequence.load() == before {
                return (counts, more);
            }
            spin_loop();
        }
    }
}

/// The writer of [`Counters`].
pub struct Writer<P, const N: usize>
where
    P: Deref<Target = Counters<N>>,
{
    shared: P,
    sequence: u64,
    counts: [u64; N],
}

impl<P, const N: usize> Writer<P, N>
where
    P: Deref<Target = Counters<N>>,
{
    /// The writer of new counters. There must be only one: a second writer would overwrite the
    /// counts of the first.
    pub fn new(shared: P) -> Self {
        Self {
            shared,
            sequence: 0,
            counts: [0; N],
        }
    }

    /// Begins an update. A reader sees all of it or nothing. The same holds for all other data that
    /// is written before [`Self::end`] and read by `more` of [`Counters::snapshot`].
    #[inline]
    pub fn begin(&mut self) {
        self.shared.sequence.store(self.sequence.wrapping_add(1));
        write_fence();
    }

    /// Adds `amount` to counter `index`, wrapping, within an update; an index beyond `N` is
    /// ignored.
    #[inline]
    pub fn add(&mut self, index: usize, amount: u64) {
        if let (Some(shared), Some(count)) =
            (self.shared.counts.get(index), self.counts.get_mut(index))
        {
            *count = count.wrapping_add(amount);
            shared.store(*count);
        }
    }

    /// Ends an update.
    #[inline]
    pub fn end(&mut self) {
        self.sequence = self.sequence.wrapping_add(2);
        self.shared.sequence.store_release(self.sequence);
    }

    /// Zeroes all counters, except those that `carried` sets, as one update.
    pub fn reset(&mut self, carried: impl FnOnce(&mut Self)) {
        self.begin();
        for (shared, count) in self.shared.counts.iter().zip(self.counts.iter_mut()) {
            *count = 0;
            shared.store(0);
        }
        carried(self);
        self.end();
    }
}
