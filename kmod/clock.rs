// SPDX-License-Identifier: GPL-2.0-only

//! CLOCK_MONOTONIC as plain nanoseconds, which is what records and schedules are made of.
//! Callable from any context.

use kernel::time::{
    ClockSource,
    Delta,
    Instant,
    Monotonic, //
};

/// The clock's zero.
// SAFETY: `Instant` is a transparent wrapper of `ktime_t`, and 0 is in its range.
const ZERO: Instant<Monotonic> = unsafe { core::mem::transmute::<i64, Instant<Monotonic>>(0) };

/// Now, in nanoseconds.
#[inline]
pub(crate) fn now_ns() -> u64 {
    Monotonic::ktime_get().unsigned_abs()
}

/// `ns` nanoseconds on the clock; the far end of the clock's range when that is beyond it.
#[inline]
pub(crate) fn instant(ns: u64) -> Instant<Monotonic> {
    ZERO + delta(ns)
}

/// A span of `ns` nanoseconds.
#[inline]
pub(crate) fn delta(ns: u64) -> Delta {
    Delta::from_nanos(i64::try_from(ns).unwrap_or(i64::MAX))
}

/// Keeps the CPU busy until `span_ns` nanoseconds have passed since `start_ns`; returns when that was.
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

/// Which CPU the caller is on; a hint unless it cannot migrate.
#[inline]
pub(crate) fn cpu() -> u16 {
    u16::try_from(kernel::cpu::CpuId::current().as_u32()).unwrap_or(u16::MAX)
}
