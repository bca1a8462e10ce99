// SPDX-License-Identifier: GPL-2.0-only

//! The ideal schedule: exact mean rates, and changes that neither silence nor flood.

use proptest::prelude::*;
use simrupt_core::schedule::Schedule;

const SECOND_NS: u64 = 1_000_000_000;

fn started(now_ns: u64, rate_hz: u64) -> Schedule {
    let mut schedule = Schedule::SILENT;
    schedule.start(now_ns, rate_hz);
    schedule
}

#[test]
fn the_first_event_is_due_one_period_after_the_start() {
    assert_eq!(started(500, 1000).next_due_ns(), Some(1_000_500));
}

#[test]
fn at_rate_zero_nothing_is_ever_due() {
    let mut schedule = started(500, 0);
    assert_eq!(schedule.next_due_ns(), None);
    schedule.advance();
    assert_eq!(schedule.next_due_ns(), None);
    schedule.set_rate(1000, 10);
    assert_eq!(schedule.next_due_ns(), Some(1000 + SECOND_NS / 10));
}

#[test]
fn a_faster_rate_brings_the_next_event_forward() {
    let mut schedule = started(0, 1);
    schedule.set_rate(100, 1000);
    assert_eq!(schedule.next_due_ns(), Some(1_000_100));
}

#[test]
fn a_slower_rate_does_not_put_off_the_event_that_is_due_next() {
    let mut schedule = started(0, 1000);
    schedule.set_rate(999_999, 1);
    assert_eq!(schedule.next_due_ns(), Some(1_000_000));
    schedule.advance();
    assert_eq!(schedule.next_due_ns(), Some(1_000_000 + SECOND_NS));
}

#[test]
fn changing_the_rate_again_and_again_does_not_silence_the_device() {
    let mut schedule = started(0, 10);
    for now_ns in (0..100_000_000).step_by(1_000_000) {
        schedule.set_rate(now_ns, 10);
    }
    assert_eq!(schedule.next_due_ns(), Some(100_000_000));
}

proptest! {
    #[test]
    fn any_rate_makes_its_events_in_a_second_to_the_nanosecond(
        rate_hz in 1_u64..=1_000_000,
        now_ns in 0_u64..1 << 60,
    ) {
        let mut schedule = started(now_ns, rate_hz);
        let mut last_ns = now_ns;
        let (least_ns, most_ns) = (SECOND_NS / rate_hz, SECOND_NS.div_ceil(rate_hz));
        // The sum of all periods is a second exactly, and no period is a nanosecond off.
        let sampled = rate_hz.min(5_000);
        for _ in 0..sampled {
            let due_ns = schedule.next_due_ns().unwrap();
            prop_assert!((least_ns..=most_ns).contains(&(due_ns - last_ns)));
            last_ns = due_ns;
            schedule.advance();
        }
        let ideal_ns = u128::from(sampled) * u128::from(SECOND_NS) / u128::from(rate_hz);
        prop_assert_eq!(u128::from(last_ns - now_ns), ideal_ns);
    }
}
