// SPDX-License-Identifier: GPL-2.0-only

//! Interrupt coalescing: the device raises its line for several events at once, as network cards
//! do.
//!
//! The first event that waits starts the wait. The wait ends after [`Limits::wait_ns`], or earlier
//! when [`Limits::events`] events wait.

/// The limits of the wait for an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest time that an event waits for its interrupt, in nanoseconds; 0: no event waits.
    pub wait_ns: u64,
    /// The number of waiting events that ends the wait, at least 1.
    pub events: u64,
}

impl Limits {
    /// No event waits.
    pub const NONE: Self = Self {
        wait_ns: 0,
        events: 1,
    };
}

/// Why the device raises its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Events do not wait.
    AtOnce,
    /// The oldest event has waited for [`Limits::wait_ns`].
    Time,
    /// [`Limits::events`] events wait.
    Count,
}

/// The events of a device that wait for an interrupt.
#[derive(Clone, Copy, Debug)]
pub struct Coalescing {
    limits: Limits,
    waiting: u64,
    /// The due time of the oldest event that waits.
    due_ns: u64,
}

impl Coalescing {
    /// No event waits, and none will.
    pub const fn new() -> Self {
        Self {
            limits: Limits::NONE,
            waiting: 0,
            due_ns: 0,
        }
    }

    /// Changes the limits. The new ones also apply to events that wait already.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether no event waits, and none will.
    #[inline]
    pub fn is_off(&self) -> bool {
        self.limits.wait_ns | self.waiting == 0
    }

    /// Adds `events` that were emitted, the first of them due at `first_due_ns`. That time is
    /// ignored while this [`Self::is_off`]. Returns the reason to raise the line now for all
    /// waiting events, or `None`.
    #[inline]
    pub fn emitted(&mut self, events: u64, first_due_ns: u64, now_ns: u64) -> Option<Reason> {
        if self.is_off() {
            return (events != 0).then_some(Reason::AtOnce);
        }
        self.judge(events, first_due_ns, now_ns)
    }

    #[cold]
    fn judge(&mut self, events: u64, first_due_ns: u64, now_ns: u64) -> Option<Reason> {
        if self.waiting == 0 {
            self.due_ns = first_due_ns;
        }
        self.waiting = self.waiting.saturating_add(events);
        let deadline_ns = self.deadline_ns()?;
        let reason = if self.limits.wait_ns == 0 {
            Reason::AtOnce
        } else if self.waiting >= self.limits.events {
            Reason::Count
        } else if deadline_ns <= now_ns {
            Reason::Time
        } else {
            return None;
        };
        self.waiting = 0;
        Some(reason)
    }

    /// The latest time to raise the line; `None` when no event waits.
    #[inline]
    pub fn deadline_ns(&self) -> Option<u64> {
        (self.waiting != 0).then(|| {
            // The number that waits may already exceed limits that were changed.
            let is_over = self.waiting >= self.limits.events;
            let wait_ns = if is_over { 0 } else { self.limits.wait_ns };
            self.due_ns.saturating_add(wait_ns)
        })
    }

    /// Ends the wait; tells whether any event waited.
    pub fn end(&mut self) -> bool {
        core::mem::take(&mut self.waiting) != 0
    }
}

impl Default for Coalescing {
    fn default() -> Self {
        Self::new()
    }
}
