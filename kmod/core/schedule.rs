// SPDX-License-Identifier: GPL-2.0-only

//! The ideal schedule: when each event is due, whatever the timer makes of it.

const NSEC_PER_SEC: u64 = 1_000_000_000;

/// A periodic schedule with an exact mean rate.
///
/// The period is rarely a whole number of nanoseconds; the remainder is carried along, as
/// Bresenham's line does, so that no rate drifts.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    rate_hz: u64,
    next_due_ns: u64,
    /// Remainder carried so far, in units of 1/`rate_hz` ns; less than `rate_hz`.
    carried: u64,
}

impl Schedule {
    /// A schedule with no event, ever, until a rate is set.
    pub const SILENT: Self = Self {
        rate_hz: 0,
        next_due_ns: 0,
        carried: 0,
    };

    /// Starts afresh: the first event is due one period from `now_ns`.
    pub fn start(&mut self, now_ns: u64, rate_hz: u64) {
        *self = Self {
            rate_hz,
            next_due_ns: now_ns,
            carried: 0,
        };
        self.advance();
    }

    /// Changes the rate at `now_ns`. An event that is due sooner than the new period says stays,
    /// so that a rate that is changed again and again does not silence the device.
    pub fn set_rate(&mut self, now_ns: u64, rate_hz: u64) {
        let kept = self.next_due_ns();
        self.start(now_ns, rate_hz);
        if let (Some(kept), Some(fresh)) = (kept, self.next_due_ns()) {
            self.next_due_ns = kept.min(fresh);
        }
    }

    /// When the next event is due; `None` when the rate is 0.
    #[inline]
    pub fn next_due_ns(&self) -> Option<u64> {
        (self.rate_hz != 0).then_some(self.next_due_ns)
    }

    /// Moves on to the event after the next one.
    #[inline]
    pub fn advance(&mut self) {
        let Some(period_ns) = NSEC_PER_SEC.checked_div(self.rate_hz) else {
            return;
        };
        let remainder = NSEC_PER_SEC.wrapping_sub(period_ns.wrapping_mul(self.rate_hz));
        let mut step_ns = period_ns;
        self.carried = self.carried.wrapping_add(remainder);
        if self.carried >= self.rate_hz {
            self.carried = self.carried.wrapping_sub(self.rate_hz);
            step_ns = step_ns.wrapping_add(1);
        }
        self.next_due_ns = self.next_due_ns.wrapping_add(step_ns);
    }
}
