// SPDX-License-Identifier: GPL-2.0-only

//! A histogram of times of any length, with the buckets of the module's own histograms: the width of a bucket is at
//! most 1/64 of its lower bound. Only the powers of two that occur take memory.

use simrupt_core::histogram::{BUCKETS, bounds, index};

use crate::files::latency::{self, Percentile};

/// Number of buckets of one power of two.
const PER_OCTAVE: usize = 64;

/// The longest time, when it ended, and on which CPU.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Max {
    /// The time in nanoseconds.
    pub value_ns: u64,
    /// When it ended, in nanoseconds of the trace's clock.
    pub at_ns: u64,
    /// Number of the CPU.
    pub cpu: u32,
}

/// The distribution of times.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    octaves: Vec<Option<Box<[u64; PER_OCTAVE]>>>,
    /// Number of times beyond the last bucket, of 69 s and more.
    pub overflow: u64,
    /// Number of times.
    pub count: u64,
    /// Their sum in nanoseconds.
    pub sum_ns: u64,
    /// The longest time, if there is any.
    max: Max,
}

impl Histogram {
    /// Counts a time that ended at `at_ns` on `cpu`.
    #[inline]
    pub(super) fn record(&mut self, value_ns: u64, at_ns: u64, cpu: u32) {
        // Among equal times the last one is kept. So the first time, which may be 0, is also taken.
        if value_ns >= self.max.value_ns {
            self.max = Max {
                value_ns,
                at_ns,
                cpu,
            };
        }
        self.count += 1;
        // 2^64 ns are 584 years.
        self.sum_ns = self.sum_ns.wrapping_add(value_ns);
        let Some(place) = index(value_ns) else {
            self.overflow += 1;
            return;
        };
        match self.octaves.get_mut(place / PER_OCTAVE) {
            Some(Some(buckets)) => buckets[place % PER_OCTAVE] += 1,
            _ => self.begin(place),
        }
    }

    /// Counts the first time in a power of two.
    #[cold]
    fn begin(&mut self, place: usize) {
        let octave = place / PER_OCTAVE;
        if self.octaves.len() <= octave {
            self.octaves.resize(octave + 1, None);
        }
        let buckets = self.octaves[octave].insert(Box::new([0; PER_OCTAVE]));
        buckets[place % PER_OCTAVE] = 1;
    }

    /// The longest time; `None` when there is none.
    pub fn max(&self) -> Option<Max> {
        (self.count > 0).then_some(self.max)
    }

    /// The buckets that are not empty, ascending: least value, greatest value, count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + Clone {
        (0..BUCKETS).filter_map(|place| {
            let octave = self.octaves.get(place / PER_OCTAVE)?.as_ref()?;
            let count = octave[place % PER_OCTAVE];
            let (low, high) = bounds(place);
            (count > 0).then_some((low, high, count))
        })
    }

    /// The time that `permille` of 1000 times do not exceed, by nearest rank: the high bound of its bucket, but never
    /// more than the longest time. `None` if there are no times.
    pub fn percentile(&self, permille: u32) -> Option<Percentile> {
        let max = self.max()?;
        let buckets = self.buckets().map(|(_, high, count)| (high, count));
        let counted: u64 = buckets.clone().map(|(_, count)| count).sum();
        let overflow = self.count.saturating_sub(counted);
        let percentile = latency::percentile(buckets, overflow, max.value_ns, permille, 1000)?;
        Some(match percentile {
            Percentile::Below(_) => percentile,
            Percentile::Above(_) => Percentile::Above(bounds(BUCKETS - 1).1),
        })
    }

    /// The mean in nanoseconds; `None` when there is no time.
    pub fn mean_ns(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_ns as f64 / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for (at, value) in values.iter().enumerate() {
            histogram.record(*value, 1000 + at as u64, at as u32);
        }
        histogram
    }

    #[test]
    fn the_longest_time_is_exact_and_has_its_time_and_cpu() {
        let histogram = of(&[5, 70_001, 70_000, 70_001]);
        let max = Max {
            value_ns: 70_001,
            at_ns: 1003,
            cpu: 3,
        };
        assert_eq!(histogram.max(), Some(max));
        assert_eq!((histogram.count, histogram.sum_ns), (4, 210_007));
        assert_eq!(histogram.mean_ns(), Some(52_501.75));
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Histogram::default().percentile(500), None);
        assert_eq!(Histogram::default().mean_ns(), None);
    }

    #[test]
    fn times_beyond_the_last_bucket_are_counted_and_shown() {
        let histogram = of(&[1, 1 << 40]);
        assert_eq!((histogram.overflow, histogram.count), (1, 2));
        assert_eq!(histogram.percentile(500), Some(Percentile::Below(1)));
        assert_eq!(
            histogram.percentile(501),
            Some(Percentile::Above((1 << 36) - 1))
        );
        assert_eq!(histogram.max().unwrap().value_ns, 1 << 40);
    }

    proptest! {
        #[test]
        fn a_percentile_is_at_most_a_64th_too_high_and_never_too_low(
            mut values in proptest::collection::vec(0_u64..1 << 36, 1..200),
            permille in 0_u32..=1000,
        ) {
            let histogram = of(&values);
            values.sort_unstable();
            let rank = (values.len() * permille as usize).div_ceil(1000).max(1);
            let exact = values[rank - 1];
            match histogram.percentile(permille) {
                Some(Percentile::Below(told)) => {
                    prop_assert!(told >= exact && told - exact <= exact / 64, "{told} {exact}");
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }

        #[test]
        fn each_value_is_in_one_bucket(values in proptest::collection::vec(any::<u64>(), 0..50)) {
            let histogram = of(&values);
            let counted: u64 = histogram.buckets().map(|(_, _, count)| count).sum();
            prop_assert_eq!(counted + histogram.overflow, values.len() as u64);
            let buckets: Vec<_> = histogram.buckets().collect();
            prop_assert!(buckets.windows(2).all(|two| two[0].1 < two[1].0));
        }
    }
}
