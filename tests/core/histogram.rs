// SPDX-License-Identifier: GPL-2.0-only

//! Histograms: the bucket of each value, and the exactness.

use proptest::prelude::*;
use simrupt_core::{
    histogram::{bounds, index, Bucket, Histogram, Max, Recorder, BUCKETS},
    platform::Word,
};

fn empty() -> Histogram {
    Histogram::new((0..BUCKETS).map(|_| Word::new(0)).collect())
}

#[test]
fn the_buckets_follow_each_other_without_gaps() {
    let mut next = 0;
    for number in 0..BUCKETS {
        let (low, high) = bounds(number);
        assert_eq!(low, next);
        assert!(high >= low);
        assert_eq!((index(low), index(high)), (Some(number), Some(number)));
        next = high + 1;
    }
    assert_eq!(next, 1 << 36);
    assert_eq!(index(next), None);
}

#[test]
fn a_value_beyond_the_last_bucket_is_counted_as_overflow() {
    let histogram = empty();
    let mut recorder = Recorder::new(&histogram);
    recorder.record(u64::MAX, 1, 5, 1);
    recorder.record(1 << 36, 1, 6, 1);
    recorder.record((1 << 36) - 1, 1, 7, 1);
    assert_eq!(histogram.overflow(), 2);
    assert_eq!(histogram.buckets().count(), 1);
}

#[test]
fn the_maximum_keeps_its_time_and_cpu() {
    let histogram = empty();
    let mut recorder = Recorder::new(&histogram);
    for (value, time_ns, cpu) in [(10, 1, 0), (30, 2, 3), (20, 3, 1), (30, 4, 2)] {
        recorder.record(value, 1, time_ns, cpu);
    }
    let max = Max {
        value: 30,
        time_ns: 2,
        cpu: 3,
    };
    assert_eq!(histogram.max(), max);
    assert_eq!(histogram.sum(), 90);
}

#[test]
fn equal_values_are_counted_like_any_others() {
    let check = |count: fn(&mut Recorder<&Histogram>, &[u64])| {
        let histogram = empty();
        let values = [5, 5, 5, 0, 0, 5, u64::MAX, u64::MAX];
        count(&mut Recorder::new(&histogram), &values);
        assert_eq!(histogram.sum(), 20_u64.wrapping_sub(2));
        let counts: Vec<_> = histogram
            .buckets()
            .map(|one| (one.low, one.count))
            .collect();
        assert_eq!(counts, [(0, 2), (5, 4)]);
        assert_eq!(histogram.overflow(), 2);
        assert_eq!(histogram.max().value, u64::MAX);
    };
    check(|recorder, values| {
        for value in values {
            recorder.record(*value, 1, 9, 1);
        }
    });
    check(|recorder, values| {
        recorder.record(5, 4, 9, 1);
        recorder.record(0, 2, 9, 1);
        recorder.record(values[6], 2, 9, 1);
    });
}

#[test]
fn no_value_at_all_changes_nothing() {
    let histogram = empty();
    let mut recorder = Recorder::new(&histogram);
    recorder.record(7, 0, 1, 1);
    recorder.record_row(&[], |time: &u64| *time, 1, 1);
    assert_eq!(histogram.buckets().count(), 0);
    assert_eq!((histogram.sum(), histogram.max()), (0, Max::default()));
}

#[test]
fn a_reset_forgets_everything_and_counting_goes_on() {
    let histogram = empty();
    let mut recorder = Recorder::new(&histogram);
    recorder.record(100, 1, 1, 1);
    recorder.record(u64::MAX, 1, 1, 1);
    recorder.reset();
    assert_eq!(histogram.buckets().count(), 0);
    assert_eq!((histogram.overflow(), histogram.sum()), (0, 0));
    assert_eq!(histogram.max(), Max::default());
    recorder.record(7, 1, 9, 1);
    let bucket = Bucket {
        low: 7,
        high: 7,
        count: 1,
    };
    assert_eq!(histogram.buckets().collect::<Vec<_>>(), [bucket]);
    assert_eq!((histogram.sum(), histogram.max().value), (7, 7));
}

proptest! {
    #[test]
    fn a_bucket_holds_its_value_within_a_64th(value in 0_u64..1 << 36) {
        let (low, high) = bounds(index(value).unwrap());
        prop_assert!((low..=high).contains(&value));
        prop_assert!((high - low) as f64 <= low as f64 / 64.0);
    }

    #[test]
    fn every_way_of_counting_values_has_the_same_result(
        steps in prop::collection::vec((0_u64..3000, 1_usize..4), 0..200),
        ago in 0_u64..1 << 40,
    ) {
        let now_ns = 1 << 50;
        let mut time_ns = now_ns - ago;
        let mut row = Vec::new();
        for (step, times) in steps {
            time_ns += step;
            row.extend(vec![time_ns; times]);
        }
        let (one_by_one, together) = (empty(), empty());
        let mut recorder = Recorder::new(&one_by_one);
        for time_ns in &row {
            recorder.record(now_ns.saturating_sub(*time_ns), 1, now_ns, 1);
        }
        let mut recorder = Recorder::new(&together);
        let (some, others) = row.split_at(row.len() / 3);
        for part in [some, others] {
            recorder.record_row(part, |time_ns| *time_ns, now_ns, 1);
        }
        prop_assert_eq!(
            one_by_one.buckets().collect::<Vec<_>>(),
            together.buckets().collect::<Vec<_>>()
        );
        prop_assert_eq!(one_by_one.overflow(), together.overflow());
        prop_assert_eq!(one_by_one.sum(), together.sum());
        prop_assert_eq!(one_by_one.max(), together.max());
    }

    #[test]
    fn every_value_is_counted_once(values in prop::collection::vec(any::<u64>(), 0..200)) {
        let histogram = empty();
        let mut recorder = Recorder::new(&histogram);
        for &value in &values {
            recorder.record(value >> (value % 64), 1, 0, 0);
        }
        let counted: u64 = histogram.buckets().map(|bucket| bucket.count).sum();
        prop_assert_eq!(counted + histogram.overflow(), values.len() as u64);
    }
}
