// SPDX-License-Identifier: GPL-2.0-only

//! The ideal schedule: exact mean rates, and changes that neither silence nor flood.

use proptest::prelude::*;
use simrupt_core::{
    gaps::Gaps,
    knobs::Pattern,
    platform::Arc,
    schedule::{Schedule, Shape},
};

const SECOND_NS: u64 = 1_000_000_000;

fn periodic(rate_hz: u64) -> Shape {
    Shape {
        rate_hz,
        pattern: Pattern::Periodic,
        jitter_pct: 0,
        burst: 1,
        replay_loop: false,
    }
}

fn begun(now_ns: u64, shape: Shape) -> Schedule {
    let mut schedule = Schedule::new(1);
    schedule.start(now_ns, shape);
    schedule
}

fn started(now_ns: u64, rate_hz: u64) -> Schedule {
    begun(now_ns, periodic(rate_hz))
}

/// The first `count` due times of a schedule that starts at 0.
fn due_times(shape: Shape, count: usize) -> Vec<u64> {
    let mut schedule = begun(0, shape);
    let mut take = || {
        let due_ns = schedule.next_due_ns().unwrap();
        schedule.advance();
        due_ns
    };
    (0..count).map(|_| take()).collect()
}

/// Mean and variance of the gaps, in periods.
fn gap_statistics(shape: Shape, count: usize) -> (f64, f64) {
    let due = due_times(shape, count);
    let period_ns = SECOND_NS as f64 / shape.rate_hz as f64;
    let gaps: Vec<f64> = due
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) as f64 / period_ns)
        .collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    (mean, variance)
}

#[test]
fn the_first_event_is_due_one_period_after_the_start() {
    assert_eq!(started(500, 1000).next_due_ns(), Some(1_000_500));
}

fn closed(rate_hz: u64, burst: u64) -> Shape {
    Shape {
        pattern: Pattern::Closed,
        burst,
        ..periodic(rate_hz)
    }
}

#[test]
fn in_a_closed_loop_a_burst_is_due_when_the_driver_is_done_and_not_before() {
    let mut schedule = begun(500, closed(1, 2));
    assert_eq!(schedule.next_due_ns(), None);
    schedule.release(700);
    for _ in 0..2 {
        assert_eq!(schedule.next_due_ns(), Some(700));
        schedule.advance();
    }
    assert_eq!(schedule.next_due_ns(), None);
    schedule.release(900);
    assert_eq!(schedule.next_due_ns(), Some(900));
}

#[test]
fn a_closed_loop_at_rate_zero_is_silent() {
    let mut schedule = begun(500, closed(0, 1));
    schedule.release(700);
    assert_eq!(schedule.next_due_ns(), None);
}

#[test]
fn an_open_loop_goes_on_from_a_closed_one() {
    let mut schedule = begun(500, closed(1, 1));
    schedule.reshape(1000, periodic(10));
    assert_eq!(schedule.next_due_ns(), Some(1000 + SECOND_NS / 10));
    schedule.reshape(2000, closed(1, 1));
    assert_eq!(schedule.next_due_ns(), None);
}

#[test]
fn at_rate_zero_nothing_is_ever_due() {
    let mut schedule = started(500, 0);
    assert_eq!(schedule.next_due_ns(), None);
    schedule.advance();
    assert_eq!(schedule.next_due_ns(), None);
    schedule.reshape(1000, periodic(10));
    assert_eq!(schedule.next_due_ns(), Some(1000 + SECOND_NS / 10));
}

#[test]
fn a_faster_rate_brings_the_next_event_forward() {
    let mut schedule = started(0, 1);
    schedule.reshape(100, periodic(1000));
    assert_eq!(schedule.next_due_ns(), Some(1_000_100));
}

#[test]
fn a_slower_rate_does_not_delay_the_next_event() {
    let mut schedule = started(0, 1000);
    schedule.reshape(999_999, periodic(1));
    assert_eq!(schedule.next_due_ns(), Some(1_000_000));
    schedule.advance();
    assert_eq!(schedule.next_due_ns(), Some(1_000_000 + SECOND_NS));
}

#[test]
fn changing_the_rate_again_and_again_does_not_silence_the_device() {
    let mut schedule = started(0, 10);
    for now_ns in (0..100_000_000).step_by(1_000_000) {
        schedule.reshape(now_ns, periodic(10));
    }
    assert_eq!(schedule.next_due_ns(), Some(100_000_000));
}

#[test]
fn poisson_gaps_have_the_mean_and_the_variance_of_the_exponential_distribution() {
    for rate_hz in [1, 10_000, 1_000_000] {
        let shape = Shape {
            pattern: Pattern::Poisson,
            ..periodic(rate_hz)
        };
        let (mean, variance) = gap_statistics(shape, 200_000);
        assert!((0.99..1.01).contains(&mean), "mean {mean}");
        assert!((0.97..1.03).contains(&variance), "variance {variance}");
        // An exponential gap exceeds one period with probability 1/e, and three with 1/e^3.
        let due = due_times(shape, 200_000);
        for (periods, expected) in [(1, 0.3679), (3, 0.0498)] {
            let limit_ns = periods * SECOND_NS / rate_hz;
            let longer = due.windows(2).filter(|pair| pair[1] - pair[0] > limit_ns);
            let share = longer.count() as f64 / due.len() as f64;
            assert!((share - expected).abs() < 0.005, "{share} above {periods}");
        }
    }
}

#[test]
fn uniform_jitter_stays_around_the_grid_and_does_not_drift() {
    for (jitter_pct, expected) in [(0, 0.0), (50, 2.0 * 0.25 / 12.0), (100, 2.0 / 12.0)] {
        let shape = Shape {
            pattern: Pattern::Uniform,
            jitter_pct,
            ..periodic(1000)
        };
        let (mean, variance) = gap_statistics(shape, 100_000);
        assert!((0.9999..1.0001).contains(&mean), "mean {mean}");
        assert!(
            (variance - expected).abs() <= 0.03 * expected + 1e-9,
            "variance {variance}"
        );
        let half_ns = 500_000 * jitter_pct / 100 + 2;
        for (number, due_ns) in (1..).zip(due_times(shape, 100_000)) {
            assert!(due_ns.abs_diff(number * 1_000_000) <= half_ns);
        }
    }
}

#[test]
fn the_events_of_a_burst_are_due_together_and_bursts_keep_the_mean_rate() {
    let shape = Shape {
        pattern: Pattern::Burst,
        burst: 64,
        ..periodic(6400)
    };
    let due = due_times(shape, 64 * 100);
    for (number, burst) in (1..).zip(due.chunks(64)) {
        assert!(burst
            .iter()
            .all(|due_ns| *due_ns == number * SECOND_NS / 100));
    }
}

#[test]
fn equal_seeds_give_equal_schedules_and_others_do_not() {
    let shape = Shape {
        pattern: Pattern::Poisson,
        ..periodic(1000)
    };
    let first = |seed| {
        let mut schedule = Schedule::new(seed);
        schedule.start(0, shape);
        schedule.next_due_ns()
    };
    assert_eq!(first(3), first(3));
    assert_ne!(first(3), first(4));
}

const REPLAY: Shape = Shape {
    rate_hz: 10,
    pattern: Pattern::Replay,
    jitter_pct: 0,
    burst: 1,
    replay_loop: false,
};

const LOOP: Shape = Shape {
    replay_loop: true,
    ..REPLAY
};

fn gaps(gaps_ns: &[u64]) -> Option<Arc<Gaps>> {
    Some(Arc::new(Gaps::new(gaps_ns.to_vec(), gaps_ns.len())))
}

/// A replay of these gaps that starts at 0.
fn replay(gaps_ns: &[u64], shape: Shape) -> Schedule {
    let mut schedule = Schedule::new(1);
    assert!(schedule.set_gaps(7, gaps(gaps_ns)).is_none());
    schedule.start(0, shape);
    schedule
}

/// The next due times, at most this many.
fn rest(schedule: &mut Schedule, most: usize) -> Vec<u64> {
    let mut due = Vec::new();
    while let Some(due_ns) = schedule.next_due_ns().filter(|_| due.len() < most) {
        due.push(due_ns);
        schedule.advance();
    }
    due
}

#[test]
fn a_replay_is_due_after_the_sums_of_its_gaps_and_then_over() {
    let mut schedule = replay(&[5, 0, 7], REPLAY);
    assert_eq!(rest(&mut schedule, 9), [5, 5, 12]);
    schedule.advance();
    assert_eq!(schedule.next_due_ns(), None);
    // The rate matters only if it is 0.
    let silent = Shape {
        rate_hz: 0,
        ..REPLAY
    };
    assert_eq!(rest(&mut replay(&[5], silent), 9), []);
    let fast = Shape {
        rate_hz: 1_000_000,
        ..REPLAY
    };
    assert_eq!(rest(&mut replay(&[5, 9], fast), 9), [5, 14]);
    schedule.start(100, REPLAY);
    assert_eq!(rest(&mut schedule, 9), [105, 105, 112]);
}

#[test]
fn in_a_loop_the_first_gap_follows_the_last_one() {
    let mut schedule = replay(&[5, 1], LOOP);
    assert_eq!(rest(&mut schedule, 5), [5, 6, 11, 12, 17]);
    // It ends with the last gap when it is no longer a loop.
    schedule.reshape(13, REPLAY);
    assert_eq!(rest(&mut schedule, 5), [18]);
    // A replay that is over begins again, and one that is not goes on.
    schedule.reshape(100, LOOP);
    assert_eq!(rest(&mut schedule, 3), [105, 106, 111]);
    schedule.reshape(111, LOOP);
    assert_eq!(rest(&mut schedule, 1), [112]);
}

#[test]
fn without_gaps_a_replay_is_silent() {
    let mut schedule = Schedule::new(1);
    schedule.start(0, LOOP);
    assert_eq!(schedule.next_due_ns(), None);
    schedule.advance();
    assert_eq!(schedule.next_due_ns(), None);
    assert_eq!(rest(&mut replay(&[], LOOP), 9), []);
    // A loop without any length is always due.
    assert_eq!(rest(&mut replay(&[0], LOOP), 3), [0, 0, 0]);
}

#[test]
fn new_gaps_start_a_replay_afresh_and_no_other_pattern() {
    let mut schedule = replay(&[5, 6, 7], LOOP);
    schedule.advance();
    let old = schedule.set_gaps(1000, gaps(&[50, 60]));
    assert_eq!(old.unwrap().as_slice(), [5, 6, 7]);
    assert_eq!(rest(&mut schedule, 3), [1050, 1110, 1160]);
    assert!(schedule.set_gaps(2000, None).is_some());
    assert_eq!(schedule.next_due_ns(), None);
    let mut other = started(0, 1000);
    other.advance();
    other.set_gaps(1_500_000, gaps(&[3]));
    assert_eq!(other.next_due_ns(), Some(2_000_000));
    // No event of the other pattern is left over.
    other.reshape(1_600_000, REPLAY);
    assert_eq!(rest(&mut other, 3), [1_600_003]);
    // A change to another pattern keeps the due time of the next event, like any change.
    let mut schedule = replay(&[5], REPLAY);
    schedule.reshape(0, periodic(1000));
    assert_eq!(schedule.next_due_ns(), Some(5));
}

#[test]
fn a_replay_goes_on_whatever_else_is_changed() {
    let mut schedule = replay(&[5, 6, 7], REPLAY);
    schedule.advance();
    let other = Shape {
        rate_hz: 1000,
        jitter_pct: 9,
        burst: 3,
        ..REPLAY
    };
    schedule.reshape(8, other);
    assert_eq!(rest(&mut schedule, 9), [11, 18]);
    // Also after its end.
    schedule.reshape(100, REPLAY);
    assert_eq!(schedule.next_due_ns(), None);
    // After a silence it begins again.
    schedule.reshape(
        200,
        Shape {
            rate_hz: 0,
            ..REPLAY
        },
    );
    assert_eq!(schedule.next_due_ns(), None);
    schedule.reshape(300, REPLAY);
    assert_eq!(rest(&mut schedule, 9), [305, 311, 318]);
}

proptest! {
    #[test]
    fn a_replay_is_exact(
        gaps_ns in prop::collection::vec(0_u64..1 << 40, 1..60),
        start_ns in 0_u64..1 << 60,
        rounds in 1_usize..4,
    ) {
        let mut schedule = replay(&gaps_ns, LOOP);
        schedule.start(start_ns, LOOP);
        let due = rest(&mut schedule, gaps_ns.len() * rounds);
        let mut sum_ns = start_ns;
        for (due_ns, gap_ns) in due.iter().zip(gaps_ns.iter().cycle()) {
            sum_ns += gap_ns;
            prop_assert_eq!(*due_ns, sum_ns);
        }
    }

    #[test]
    fn no_shape_overflows_or_goes_back_in_time(
        rate_hz in 1_u64..=1_000_000,
        pattern in prop::sample::select(&Pattern::ALL[..4]),
        jitter_pct in 0_u64..=100,
        burst in 1_u64..=4096,
        seed: u64,
    ) {
        let shape = Shape { rate_hz, pattern, jitter_pct, burst, replay_loop: false };
        let mut schedule = Schedule::new(seed);
        schedule.start(1 << 60, shape);
        let mut last_ns = 1 << 60;
        for _ in 0..200 {
            let due_ns = schedule.next_due_ns().unwrap();
            prop_assert!(due_ns >= last_ns);
            last_ns = due_ns;
            schedule.advance();
        }
    }

    #[test]
    fn any_rate_makes_its_events_in_a_second_to_the_nanosecond(
        rate_hz in 1_u64..=1_000_000,
        now_ns in 0_u64..1 << 60,
    ) {
        let mut schedule = started(now_ns, rate_hz);
        let mut last_ns = now_ns;
        let (least_ns, most_ns) = (SECOND_NS / rate_hz, SECOND_NS.div_ceil(rate_hz));
        // The sum of all periods is exactly a second, and no period is off by a nanosecond.
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
