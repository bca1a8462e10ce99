// SPDX-License-Identifier: GPL-2.0-only

//! The work items that were queued and have not begun.

use std::mem;

use rustc_hash::FxHashMap;

use crate::handlers::event::{Function, Name};

/// The most work items that wait at a time. No tracepoint reports a cancelled item, so these would pile up.
pub(super) const WAITING: usize = 100_000;

/// A work item that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) since_ns: u64,
    pub(super) function: Function,
    pub(super) queue: Name,
}

/// How many work items are found without hashing; a power of two.
pub(super) const NEAR: usize = 64;

/// The work items that wait, by their addresses.
#[derive(Debug)]
pub(super) struct Works {
    /// Most work items begin soon after they are queued. Each is kept here, unless its place is taken.
    near: [Option<(u64, Waiting)>; NEAR],
    others: FxHashMap<u64, Waiting>,
}

impl Default for Works {
    fn default() -> Self {
        Self {
            near: [None; NEAR],
            others: FxHashMap::default(),
        }
    }
}

impl Works {
    /// The place of a work item: their addresses are multiples of at least 16.
    fn place(work: u64) -> usize {
        ((work >> 4) ^ (work >> 10)) as usize % NEAR
    }

    /// Adds a work item; returns its earlier request, if there was one.
    #[inline(always)]
    pub(super) fn insert(&mut self, work: u64, waiting: Waiting) -> Option<Waiting> {
        match &mut self.near[Self::place(work)] {
            Some((known, before)) if *known == work => Some(mem::replace(before, waiting)),
            near @ None => {
                *near = Some((work, waiting));
                match self.others.is_empty() {
                    true => None,
                    false => self.others.remove(&work),
                }
            }
            Some(_) => self.others.insert(work, waiting),
        }
    }

    #[inline(always)]
    pub(super) fn remove(&mut self, work: u64) -> Option<Waiting> {
        let near = &mut self.near[Self::place(work)];
        match *near {
            Some((known, waiting)) if known == work => {
                *near = None;
                Some(waiting)
            }
            _ if self.others.is_empty() => None,
            _ => self.others.remove(&work),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.near.iter().flatten().count() + self.others.len()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// If there are too many, removes those that have waited longest; returns how many were removed.
    #[inline(always)]
    pub(super) fn make_room(&mut self) -> usize {
        match self.others.len() < WAITING {
            true => 0,
            false => self.thin_out(),
        }
    }

    /// Removes half of `others`.
    #[cold]
    fn thin_out(&mut self) -> usize {
        let mut times: Vec<u64> = self.others.values().map(|one| one.since_ns).collect();
        let half = times.len() / 2;
        let (_, middle, _) = times.select_nth_unstable(half);
        let middle = *middle;
        let before = self.others.len();
        self.others.retain(|_, one| one.since_ns > middle);
        before - self.others.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handlers::event::Names;

    fn waiting(since_ns: u64) -> Waiting {
        Waiting {
            since_ns,
            function: Function::Address(7),
            queue: Names::default().of(b"events"),
        }
    }

    /// Work items that all have the same place.
    fn alike(index: u64) -> u64 {
        index * 16 * NEAR as u64 * 64
    }

    #[test]
    fn items_with_the_same_place_are_told_apart() {
        let mut works = Works::default();
        for index in 0..3 {
            assert!(works.insert(alike(index), waiting(index)).is_none());
        }
        assert_eq!(works.len(), 3);
        let since = |removed: Option<Waiting>| removed.map(|one| one.since_ns);
        assert_eq!(since(works.remove(alike(0))), Some(0));
        // Its place is free for an item that was kept elsewhere before.
        assert_eq!(since(works.insert(alike(2), waiting(9))), Some(2));
        assert_eq!(since(works.remove(alike(2))), Some(9));
        assert_eq!(since(works.remove(alike(2))), None);
        assert_eq!(since(works.remove(alike(1))), Some(1));
        assert_eq!(works.len(), 0);
    }

    #[test]
    fn the_items_that_have_waited_longest_make_room() {
        let mut works = Works::default();
        let many = WAITING as u64;
        for index in 0..=many {
            assert_eq!(works.make_room(), 0);
            works.insert(alike(index), waiting(index));
        }
        let removed = works.make_room();
        assert!((WAITING / 2..=WAITING / 2 + 1).contains(&removed));
        assert!(works.remove(alike(many)).is_some());
        assert!(works.remove(alike(1)).is_none());
    }
}
