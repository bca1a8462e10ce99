// SPDX-License-Identifier: GPL-2.0-only

//! Interrupt coalescing: the device raises its line for several events at once, as network cards do.
//!
//! The first event that waits starts the wait. It ends when it has taken [`Limits::wait_ns`], or before that
//! when [`Limits::events`] are waiting.

/// When the device raises its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For how long an event may wait for its interrupt, in nanoseconds; 0: no event waits.
    pub wait_ns: u64,
    /// How many events end the wait, from 1.
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
    /// Events are not to wait.
    AtOnce,
    /// The oldest event has waited for as long as it may.
    Time,
    /// As many events wait as may.
    Count,
}

/// The events of a device that wait for an interrupt.
#[derive(Clone, Copy, Debug)]
pub struct Coalescing {
    limits: Limits,
    waiting: u64,
    /// Of the oldest event that waits.
    due_ns: u64,
}

impl Coalescing {
    /// Nothing waits, and nothing will.
    pub const fn new() -> Self {
        Self {
            limits: Limits::NONE,
            waiting: 0,
            due_ns: 0,
        }
    }

    /// Changes the limits. Events that wait already are judged by the new ones.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether no event waits, and none will.
    #[inline]
    pub fn is_off(&self) -> bool {
        self.limits.wait_ns | self.waiting == 0
    }

    /// `events` more were emitted, of which the first was due at `first_due_ns`, which is not looked at while
    /// this [`Self::is_off`]: why the line is to be raised now, for all that wait, or `None`.
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

    /// When the line has to be raised at the latest; `None` when nothing waits.
    #[inline]
    pub fn deadline_ns(&self) -> Option<u64> {
        (self.waiting != 0).then(|| {
            // Changed limits may have been reached before.
            let is_over = self.waiting >= self.limits.events;
            let wait_ns = if is_over { 0 } else { self.limits.wait_ns };
            self.due_ns.saturating_add(wait_ns)
        })
    }

    /// Nothing waits any more; tells whether something did.
    pub fn end(&mut self) -> bool {
        core::mem::take(&mut self.waiting) != 0
    }
}

impl Default for Coalescing {
    fn default() -> Self {
        Self::new()
    }
}
