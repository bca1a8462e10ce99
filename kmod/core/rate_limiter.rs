// SPDX-License-Identifier: GPL-2.0-only

//! A rate limiter of CPU time: it bounds the share of each CPU that all lines together take from
//! ordinary threads.
//!
//! This is the generic cell rate algorithm (ITU-T I.371, annex A), with CPU time instead of cells.
//! Each CPU has a [`RateLimiter`], which holds the time at which all CPU time taken so far is
//! repaid. An interrupt or a softirq is a span, and is charged when it ends: `n` ns move the
//! repayment time on by `n * 100 / limit_pct`. Unused time is credit, for [`WINDOW_NS`] at most. A
//! device asks before it takes more ([`Contender::throttle`]), and waits while the repayment time
//! is in the future. So in any time T the lines take at most `limit_pct` percent of T +
//! [`WINDOW_NS`], plus the last span that was allowed.
//!
//! Throttled devices take turns: after its turn, a device leaves each other waiting device as much
//! time as it took itself.
//!
//! In the module, a limiter is written with interrupts off, on its own CPU. Any context may read
//! it.

use super::platform::{
    Array,
    Count,
    Word, //
};

/// How long unused time is kept as credit.
pub const WINDOW_NS: u64 = 10_000_000;

/// An estimate of the time that an interrupt takes before and after its handler, which the handler
/// cannot measure.
pub const ENTRY_NS: u64 = 2_000;

/// The most that a span counts for. Only a pause of the whole machine makes a longer one.
pub const LONGEST_SPAN_NS: u64 = 50_000_000;

/// This percentage means no limit.
pub const NO_LIMIT_PCT: u64 = 100;

/// The mean time between two requests of the devices that wait together, at a limit of 100 %. At a
/// lower limit it is longer in proportion. So requests take an eighth of the time that the devices
/// may take.
const RETRY_NS: u64 = 8 * ENTRY_NS;

/// The time in which `span_ns` are repaid. Rounded up, as errors of rounding down would add up.
#[inline]
fn price_ns(span_ns: u64, limit_pct: u64) -> u64 {
    let hundredfold = span_ns.saturating_mul(100);
    let up = hundredfold.saturating_add(limit_pct.saturating_sub(1));
    up.checked_div(limit_pct).unwrap_or(hundredfold)
}

/// The CPU time that the lines take from one CPU.
#[repr(align(64))]
pub struct RateLimiter {
    /// The time when all time taken so far is repaid. A time in the past is credit.
    repaid_ns: Word,
    /// The sum of all spans.
    charged_ns: Word,
    /// 1 while an interrupt is measured, with everything that it calls.
    measuring: Word,
    /// How many devices wait.
    waiting: Count,
}

impl RateLimiter {
    /// The limiter of a CPU from which no time was taken.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            repaid_ns: Word::new(0),
            charged_ns: Word::new(0),
            measuring: Word::new(0),
            waiting: Count::new(),
        }
    }

    /// The sum of all spans so far. It tells an interrupted span how much time belongs to the spans
    /// within it.
    #[inline]
    pub fn charged_ns(&self) -> u64 {
        self.charged_ns.load()
    }

    /// Whether an interrupt is being measured.
    #[inline]
    pub fn is_measuring(&self) -> bool {
        self.measuring.load() != 0
    }

    /// Begins or ends the measurement of an interrupt.
    #[inline]
    pub fn set_measuring(&self, is_measuring: bool) {
        self.measuring.store(is_measuring.into());
    }

    /// Charges a span that ends now.
    #[inline]
    pub fn charge(&self, now_ns: u64, span_ns: u64, limit_pct: u64) {
        let span_ns = span_ns.min(LONGEST_SPAN_NS);
        let charged_ns = self.charged_ns.load().wrapping_add(span_ns);
        self.charged_ns.store(charged_ns);
        let from_ns = self.repaid_ns.load().max(now_ns.saturating_sub(WINDOW_NS));
        self.repaid_ns
            .store(from_ns.saturating_add(price_ns(span_ns, limit_pct)));
    }

    /// Whether some of the time taken is not repaid yet. The answer for another CPU may be out of
    /// date.
    pub fn is_owing(&self, now_ns: u64) -> bool {
        self.repaid_ns.load() > now_ns
    }

    /// Repays all time taken so far, so that nothing waits for it any longer.
    pub fn reset(&self, now_ns: u64) {
        self.repaid_ns.store(self.repaid_ns.load().min(now_ns));
    }
}

/// The rate limiters of all CPUs.
pub struct RateLimiters(Array<RateLimiter>);

impl RateLimiters {
    /// One limiter for each CPU, by its number.
    pub fn new(limiters: Array<RateLimiter>) -> Self {
        Self(limiters)
    }

    /// The limiter of a CPU.
    #[inline]
    pub fn of(&self, cpu: u16) -> Option<&RateLimiter> {
        self.0.get(usize::from(cpu))
    }
}

/// A device that competes with others for CPU time.
#[derive(Debug)]
pub struct Contender {
    /// The CPU whose limiter counts it as waiting.
    throttled_at: Option<u16>,
    /// The time until which it leaves the CPU to the others.
    rests_until_ns: u64,
}

impl Contender {
    /// A device that was never served.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self {
            throttled_at: None,
            rests_until_ns: 0,
        }
    }

    /// Whether a device may take time from these CPUs: `None` if so, else the time at which to ask
    /// again. The first CPU is the one where this is called. Being throttled takes time there, too.
    /// That time is charged, unless it is part of a measured interrupt, which is charged as a
    /// whole.
    #[inline]
    pub fn throttle(
        &mut self,
        limiters: &RateLimiters,
        cpus: [u16; 3],
        now_ns: u64,
        limit_pct: u64,
    ) -> Option<u64> {
        let repaid_ns = |cpu| {
            limiters
                .of(cpu)
                .map_or(0, |limiter| limiter.repaid_ns.load())
        };
        let [here, there, elsewhere] = cpus;
        let (mut fullest, mut free_ns) = (here, repaid_ns(here));
        for cpu in [there, elsewhere] {
            let until_ns = repaid_ns(cpu);
            if until_ns > free_ns {
                (fullest, free_ns) = (cpu, until_ns);
            }
        }
        if free_ns.max(self.rests_until_ns) <= now_ns || limit_pct >= NO_LIMIT_PCT {
            return None;
        }
        Some(self.wait(limiters, [here, fullest], now_ns, limit_pct))
    }

    fn wait(
        &mut self,
        limiters: &RateLimiters,
        [here, fullest]: [u16; 2],
        now_ns: u64,
        limit_pct: u64,
    ) -> u64 {
        if let Some(limiter) = limiters.of(here).filter(|limiter| !limiter.is_measuring()) {
            limiter.charge(now_ns, ENTRY_NS, limit_pct);
        }
        let Some(limiter) = limiters.of(fullest) else {
            return now_ns;
        };
        if self.throttled_at != Some(fullest) {
            self.leave(limiters);
            limiter.waiting.add(1);
            self.throttled_at = Some(fullest);
        }
        let others = limiter.waiting.load().saturating_sub(1);
        let retry_ns = price_ns(RETRY_NS, limit_pct).saturating_mul(others);
        let retries_ns = now_ns.saturating_add(retry_ns);
        limiter
            .repaid_ns
            .load()
            .max(self.rests_until_ns)
            .max(retries_ns)
    }

    /// Notes that the device was served, and for how long. If others wait, it is their turn.
    #[inline]
    pub fn served(
        &mut self,
        limiters: &RateLimiters,
        here: u16,
        now_ns: u64,
        took_ns: u64,
        limit_pct: u64,
    ) {
        let took_ns = took_ns.min(LONGEST_SPAN_NS);
        let waited_at = self.throttled_at.unwrap_or(here);
        self.leave(limiters);
        let others = limiters
            .of(waited_at)
            .map_or(0, |limiter| limiter.waiting.load());
        if others != 0 {
            // A quarter more than their turns, for their requests: a device that returns before all
            // others were served delays them again.
            let turn_ns = price_ns(took_ns.saturating_add(took_ns / 4), limit_pct);
            self.rests_until_ns = now_ns.saturating_add(turn_ns.saturating_mul(others));
        }
    }

    /// Ends its wait, whether it was served or not.
    #[inline]
    pub fn leave(&mut self, limiters: &RateLimiters) {
        if let Some(limiter) = self.throttled_at.take().and_then(|cpu| limiters.of(cpu)) {
            limiter.waiting.add(-1);
        }
    }
}
