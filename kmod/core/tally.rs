// SPDX-License-Identifier: GPL-2.0-only

//! A set of counters that one context writes, and that any context reads as one consistent whole.
//!
//! The writer may run in hardirq: it never waits and takes no lock. A reader tries again when it
//! met a writer; since a writer is never preempted by a reader (it runs in hardirq, or with preemption
//! disabled), the reader's wait is as short as the writer's update.

use super::platform::{
    read_fence,
    spin_loop,
    write_fence,
    Word, //
};
use core::ops::Deref;

/// `N` counters with a sequence word that is odd while they change.
pub struct Tally<const N: usize> {
    sequence: Word,
    counts: [Word; N],
}

impl<const N: usize> Tally<N> {
    /// All counters at zero.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            sequence: Word::new(0),
            counts: core::array::from_fn(|_| Word::new(0)),
        }
    }

    /// All counters, and what `more` reads, as they stood between two updates.
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

/// The one who counts.
pub struct Writer<P, const N: usize>
where
    P: Deref<Target = Tally<N>>,
{
    tally: P,
    sequence: u64,
    counts: [u64; N],
}

impl<P, const N: usize> Writer<P, N>
where
    P: Deref<Target = Tally<N>>,
{
    /// The writer of a new tally. A tally has one: a second one would undo what the first counts.
    pub fn new(tally: P) -> Self {
        Self {
            tally,
            sequence: 0,
            counts: [0; N],
        }
    }

    /// Runs `change`, which adds to the counters; a reader sees all of it or nothing of it, and of
    /// what else `change` does under the eyes of [`Tally::snapshot`], too.
    #[inline]
    pub fn update<R>(&mut self, change: impl FnOnce(&mut Update<'_, N>) -> R) -> R {
        self.tally.sequence.store(self.sequence.wrapping_add(1));
        write_fence();
        let result = change(&mut Update {
            shared: &self.tally.counts,
            counts: &mut self.counts,
        });
        self.sequence = self.sequence.wrapping_add(2);
        self.tally.sequence.store_release(self.sequence);
        result
    }

    /// Zeroes all counters, and then runs `change` as [`Self::update`] does; a reader sees both or
    /// neither.
    pub fn reset(&mut self, change: impl FnOnce(&mut Update<'_, N>)) {
        self.update(|update| {
            for (shared, count) in update.shared.iter().zip(update.counts.iter_mut()) {
                *count = 0;
                shared.store(0);
            }
            change(update);
        });
    }
}

/// The counters during [`Writer::update`].
pub struct Update<'a, const N: usize> {
    shared: &'a [Word; N],
    counts: &'a mut [u64; N],
}

impl<const N: usize> Update<'_, N> {
    /// Adds `amount` to counter `index`, wrapping; an index beyond `N` is ignored.
    #[inline]
    pub fn add(&mut self, index: usize, amount: u64) {
        if let (Some(shared), Some(count)) = (self.shared.get(index), self.counts.get_mut(index)) {
            *count = count.wrapping_add(amount);
            shared.store(*count);
        }
    }
}
