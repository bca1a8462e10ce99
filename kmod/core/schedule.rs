// SPDX-License-Identifier: GPL-2.0-only

//! The ideal schedule: when each event is due, independent of when the timer expires.
//!
//! Patterns with a rate give the gap from one event to the next in periods, as a fixed-point number
//! with mean 1. A period is rarely a whole number of nanoseconds. The remainder is carried along,
//! as in Bresenham's line algorithm, so no rate drifts.

use super::{
    gaps::Gaps,
    knobs::Pattern,
    platform::Arc,
    random::Random, //
};
use core::mem;

const NSEC_PER_SEC: u64 = 1_000_000_000;

/// Fractional bits of a gap.
const FRACTION_BITS: u32 = 20;

/// A gap of one period.
const ONE: u64 = 1 << FRACTION_BITS;

/// How events are spread over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Mean rate in events per second, up to 1,000,000; 0 for none.
    pub rate_hz: u64,
    /// How the due times are spread around that rate.
    pub pattern: Pattern,
    /// For [`Pattern::Uniform`]: the largest offset of an event, early or late, in percent of half
    /// a period, 0..100.
    pub jitter_pct: u64,
    /// For [`Pattern::Burst`] and [`Pattern::Closed`]: how many events are due at once, 1..4096.
    pub burst: u64,
    /// For [`Pattern::Replay`]: whether the first gap follows the last one. If not, the replay
    /// ends.
    pub replay_loop: bool,
}

/// The due times of one line.
pub struct Schedule {
    shape: Shape,
    next_due_ns: u64,
    /// Remainder carried so far, in units of 2^-20/`rate_hz` ns; less than `rate_hz` * 2^20.
    carried: u64,
    random: Random,
    /// For [`Pattern::Uniform`]: the offset of the next event from the grid, in periods.
    offset: i64,
    /// How many more events of the burst are due at the same time. In a closed loop: how many
    /// events are due now. In a replay: 1 until the last gap is over.
    burst_left: u64,
    /// For [`Pattern::Replay`]: the gaps, and the index of the gap after the next event.
    gaps: Option<Arc<Gaps>>,
    gap: usize,
}

impl Schedule {
    /// A schedule without events until it is started. Equal seeds give equal schedules.
    pub fn new(seed: u64) -> Self {
        Self {
            shape: Shape {
                rate_hz: 0,
                pattern: Pattern::Periodic,
                jitter_pct: 0,
                burst: 1,
                replay_loop: false,
            },
            next_due_ns: 0,
            carried: 0,
            random: Random::new(seed),
            offset: 0,
            burst_left: 0,
            gaps: None,
            gap: 0,
        }
    }

    /// Starts over: the first event is due one gap after `now_ns`.
    pub fn start(&mut self, now_ns: u64, shape: Shape) {
        self.shape = shape;
        self.next_due_ns = now_ns;
        self.carried = 0;
        self.offset = 0;
        self.burst_left = 0;
        self.gap = 0;
        self.advance();
    }

    /// Replaces the gaps of a replay, which then starts over. Returns the old gaps; drop them only
    /// in a context that may free memory.
    pub fn set_gaps(&mut self, now_ns: u64, gaps: Option<Arc<Gaps>>) -> Option<Arc<Gaps>> {
        let old = mem::replace(&mut self.gaps, gaps);
        if let Pattern::Replay = self.shape.pattern {
            self.start(now_ns, self.shape);
        }
        old
    }

    /// Changes the shape at `now_ns`. If the next event is due earlier than with the new shape, it
    /// stays due then: a rate that is changed again and again must not silence the device.
    ///
    /// A replay starts with its first gap. A change of the shape does not affect a replay, unless
    /// the rate becomes 0. A replay that has ended starts again when it becomes a loop.
    pub fn reshape(&mut self, now_ns: u64, shape: Shape) {
        let is_replay = |shape: Shape| shape.pattern == Pattern::Replay && shape.rate_hz != 0;
        if is_replay(shape) {
            let goes_on = self.burst_left != 0 || !shape.replay_loop;
            if is_replay(self.shape) && goes_on {
                self.shape = shape;
            } else {
                self.start(now_ns, shape);
            }
            return;
        }
        let kept = self.next_due_ns();
        self.start(now_ns, shape);
        if let (Some(kept), Some(fresh)) = (kept, self.next_due_ns()) {
            self.next_due_ns = kept.min(fresh);
        }
    }

    /// When the next event is due. `None` when the rate is 0, in a closed loop before
    /// [`Self::release`], and after the last event of a replay.
    #[inline]
    pub fn next_due_ns(&self) -> Option<u64> {
        let may_be_over = matches!(self.shape.pattern, Pattern::Closed | Pattern::Replay);
        let is_known = self.shape.rate_hz != 0 && (!may_be_over || self.burst_left != 0);
        is_known.then_some(self.next_due_ns)
    }

    /// Whether the next events are due when the driver has finished the previous ones.
    #[inline]
    pub fn is_closed(&self) -> bool {
        matches!(self.shape.pattern, Pattern::Closed)
    }

    /// In a closed loop: the driver has finished, so the next burst is due at `now_ns`.
    pub fn release(&mut self, now_ns: u64) {
        self.next_due_ns = now_ns;
        self.burst_left = self.shape.burst.clamp(1, 4096);
    }

    /// Moves on to the event after the next one.
    #[inline]
    pub fn advance(&mut self) {
        let gap = match self.shape.pattern {
            Pattern::Periodic => ONE,
            Pattern::Uniform => self.uniform_gap(),
            Pattern::Poisson => self.exponential_gap(),
            Pattern::Burst => match self.burst_left.checked_sub(1) {
                // Within a burst all events are due at the same time.
                Some(left) => {
                    self.burst_left = left;
                    return;
                }
                None => self.burst_gap(),
            },
            Pattern::Closed => {
                self.burst_left = self.burst_left.saturating_sub(1);
                return;
            }
            Pattern::Replay => {
                self.replay();
                return;
            }
        };
        // At most 2^32 * 10^9, plus `carried`, which is less than 2^40: no overflow.
        let scaled_ns = gap.wrapping_mul(NSEC_PER_SEC).wrapping_add(self.carried);
        let scale = self.shape.rate_hz << FRACTION_BITS;
        let (Some(step_ns), Some(carried)) =
            (scaled_ns.checked_div(scale), scaled_ns.checked_rem(scale))
        else {
            return;
        };
        self.carried = carried;
        self.next_due_ns = self.next_due_ns.wrapping_add(step_ns);
    }

    /// Moves on by the next gap of the replay, if there is one.
    #[inline(never)]
    fn replay(&mut self) {
        self.burst_left = 0;
        let gaps = self.gaps.as_ref().map_or(&[][..], |gaps| gaps.as_slice());
        if self.shape.replay_loop && self.gap >= gaps.len() {
            self.gap = 0;
        }
        if let Some(gap_ns) = gaps.get(self.gap) {
            self.gap = self.gap.wrapping_add(1);
            self.next_due_ns = self.next_due_ns.wrapping_add(*gap_ns);
            self.burst_left = 1;
        }
    }

    /// The gap to an event at a random offset from the grid.
    fn uniform_gap(&mut self) -> u64 {
        let half = (ONE / 2).wrapping_mul(self.shape.jitter_pct.min(100)) / 100;
        let width = half.wrapping_mul(2).wrapping_add(1);
        let pick = self.random.below(width);
        let offset = (pick as i64).wrapping_sub(half as i64);
        let gap = (ONE as i64).wrapping_add(offset).wrapping_sub(self.offset);
        self.offset = offset;
        // Offsets are at most half a period, so the gap is never negative.
        gap.max(0).unsigned_abs()
    }

    /// An exponentially distributed gap, by von Neumann's method, which needs no logarithm.
    ///
    /// Draw numbers while each is below the previous one. If their count is odd, the first one is
    /// the fraction of the gap; else start over, one whole period later.
    fn exponential_gap(&mut self) -> u64 {
        // More than 60 periods happen once in 10^26 gaps.
        for whole in 0..60 {
            let first = self.random.draw();
            let mut last = first;
            let mut is_odd = true;
            loop {
                let next = self.random.draw();
                if next >= last {
                    break;
                }
                last = next;
                is_odd = !is_odd;
            }
            if is_odd {
                return (whole << FRACTION_BITS) | (first >> (64 - FRACTION_BITS));
            }
        }
        60 << FRACTION_BITS
    }

    /// Begins the next burst; returns the gap to it.
    fn burst_gap(&mut self) -> u64 {
        let burst = self.shape.burst.clamp(1, 4096);
        self.burst_left = burst.wrapping_sub(1);
        burst << FRACTION_BITS
    }
}
