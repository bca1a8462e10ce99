// SPDX-License-Identifier: GPL-2.0-only

//! CLOCK_MONOTONIC as plain nanoseconds, the unit of records and schedules. Any context, except for
//! [`sleep`].

use kernel::time::{
    delay::fsleep,
    ClockSource,
    Delta,
    Instant,
    Monotonic, //
};

/// The clock's zero.
// SAFETY: `Instant` is a transparent wrapper of `ktime_t`, and 0 is in its range.
const ZERO: Instant<Monotonic> = unsafe { core::mem::transmute::<i64, Instant<Monotonic>>(0) };

/// The current time, in nanoseconds.
#[inline]
pub(crate) fn now_ns() -> u64 {
    // Never negative: the clock starts at 0 at boot.
    Monotonic::ktime_get() as u64
}

/// The instant at `ns` nanoseconds; the end of the clock's range when `ns` is beyond it.
#[inline]
pub(crate) fn instant(ns: u64) -> Instant<Monotonic> {
    ZERO + delta(ns)
}

/// The time of an instant, in nanoseconds.
#[inline]
pub(crate) fn ns(instant: Instant<Monotonic>) -> u64 {
    (instant - ZERO).as_nanos().unsigned_abs()
}

/// A span of `ns` nanoseconds.
#[inline]
pub(crate) fn delta(ns: u64) -> Delta {
    Delta::from_nanos(i64::try_from(ns).unwrap_or(i64::MAX))
}

/// Sleeps for `span_ns` nanoseconds, as fsleep(): up to a quarter longer, and spans of up to 10 µs
/// in a busy loop. Only where the caller may sleep.
pub(crate) fn sleep(span_ns: u64) {
    fsleep(delta(span_ns));
}

/// Keeps the CPU busy until `span_ns` nanoseconds have passed since `start_ns`. Returns the time of
/// the end.
#[inline]
pub(crate) fn spin(start_ns: u64, span_ns: u64) -> u64 {
    loop {
        let now_ns = now_ns();
        if now_ns.saturating_sub(start_ns) >= span_ns {
            return now_ns;
        }
        core::hint::spin_loop();
    }
}

#[kernel::macros::kunit_tests(simrupt_clock)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_goes_back() {
        let mut last_ns = now_ns();
        let mut steps_back = 0;
        for _ in 0..10_000 {
            let now_ns = now_ns();
            if now_ns < last_ns {
                steps_back += 1;
            }
            last_ns = now_ns;
        }
        assert_eq!(steps_back, 0);
    }

    #[test]
    fn a_spin_lasts_as_long_as_it_should() {
        let start_ns = now_ns();
        let end_ns = spin(start_ns, 100_000);
        assert!(end_ns >= start_ns + 100_000);
        assert!(now_ns() >= end_ns);
        // A span that is already over takes one read of the clock.
        assert!(spin(end_ns, 0) >= end_ns);
    }

    #[test]
    fn a_sleep_lasts_as_long_as_it_should() {
        let start_ns = now_ns();
        sleep(100_000);
        assert!(now_ns() >= start_ns + 100_000);
    }

    #[test]
    fn a_time_beyond_the_clocks_range_is_its_far_end() {
        assert_eq!(delta(u64::MAX).as_nanos(), i64::MAX);
        assert_eq!(delta(7).as_nanos(), 7);
        assert_eq!((instant(u64::MAX) - instant(0)).as_nanos(), i64::MAX);
        assert_eq!(ns(instant(7)), 7);
    }
}
