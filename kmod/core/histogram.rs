// SPDX-License-Identifier: GPL-2.0-only

//! Log-linear histograms of latencies: one writer, any readers, no lock.
//!
//! Below 64 ns each value has its own bucket. Above, each power of two is divided into 64 buckets,
//! so a bucket is at most 1/64 of its lower bound wide. Values beyond the last bucket, from about
//! 69 s, are counted as overflow, never dropped.

use super::platform::{
    read_fence,
    spin_loop,
    without_preemption,
    write_fence,
    Array,
    Word, //
};
use core::ops::Deref;

/// log2 of the number of buckets per power of two.
const SUB_BITS: u32 = 6;

/// Values below 2 to this power have a bucket.
const VALUE_BITS: u32 = 36;

/// The least value that has no bucket.
const LIMIT: u64 = 1 << VALUE_BITS;

/// How many buckets a histogram has.
pub const BUCKETS: usize = ((VALUE_BITS - SUB_BITS + 1) as usize) << SUB_BITS;

/// The bucket of a value, if it has one.
#[inline]
pub fn index(value: u64) -> Option<usize> {
    // Values below 64 count as if their power of two were the one above them.
    let bits = u64::BITS
        .wrapping_sub(value.leading_zeros())
        .max(SUB_BITS + 1);
    if bits > VALUE_BITS {
        return None;
    }
    let shift = bits.wrapping_sub(SUB_BITS + 1);
    // The leading bit of the shifted value adds one row; rows start at `shift`.
    let index = (u64::from(shift) << SUB_BITS).wrapping_add(value >> shift);
    Some(index as usize)
}

/// The least and the greatest value of a bucket.
pub fn bounds(index: usize) -> (u64, u64) {
    let index = index as u64;
    let row = index >> SUB_BITS;
    let Some(shift) = row.checked_sub(1) else {
        return (index, index);
    };
    let low = index.wrapping_sub(shift << SUB_BITS) << shift;
    let width = 1_u64 << shift;
    (low, low.wrapping_add(width).wrapping_sub(1))
}

/// The number of values from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The least value of the bucket.
    pub low: u64,
    /// The greatest value of the bucket.
    pub high: u64,
    /// How many values fell into it.
    pub count: u64,
}

/// The greatest value so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Max {
    /// The value.
    pub value: u64,
    /// When it was measured.
    pub time_ns: u64,
    /// The CPU where it was measured.
    pub cpu: u64,
}

/// A histogram, for its readers.
pub struct Histogram {
    buckets: Array<Word>,
    overflow: Word,
    sum: Word,
    /// Odd while `max` changes.
    sequence: Word,
    max: [Word; 3],
}

impl Histogram {
    /// An empty histogram over `buckets`. There should be [`BUCKETS`] of them; a value without one
    /// counts as overflow.
    pub fn new(buckets: Array<Word>) -> Self {
        Self {
            buckets,
            overflow: Word::new(0),
            sum: Word::new(0),
            sequence: Word::new(0),
            max: core::array::from_fn(|_| Word::new(0)),
        }
    }

    /// Every bucket that is not empty, in ascending order.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.buckets
            .iter()
            .enumerate()
            .filter_map(|(index, count)| {
                let count = count.load();
                let (low, high) = bounds(index);
                (count != 0).then_some(Bucket { low, high, count })
            })
    }

    /// How many values had no bucket.
    pub fn overflow(&self) -> u64 {
        self.overflow.load()
    }

    /// The sum of all values, wrapping.
    pub fn sum(&self) -> u64 {
        self.sum.load()
    }

    /// The greatest value, with its time and CPU. It is not below any counted value that the caller
    /// has seen before this call.
    pub fn max(&self) -> Max {
        // Pairs with the fence in `Recorder::set_max`.
        read_fence();
        loop {
            let before = self.sequence.load_acquire();
            let [value, time_ns, cpu] = core::array::from_fn(|index| self.max[index].load());
            read_fence();
            if before % 2 == 0 && self.sequence.load() == before {
                return Max {
                    value,
                    time_ns,
                    cpu,
                };
            }
            spin_loop();
        }
    }
}

/// The writer of a [`Histogram`].
pub struct Recorder<P>
where
    P: Deref<Target = Histogram>,
{
    histogram: P,
    overflow: u64,
    sum: u64,
    sequence: u64,
    max: u64,
}

impl<P: Deref<Target = Histogram>> Recorder<P> {
    /// The recorder of a new histogram. There must be only one: a second recorder would overwrite
    /// the counts of the first.
    pub fn new(histogram: P) -> Self {
        Self {
            histogram,
            overflow: 0,
            sum: 0,
            sequence: 0,
            max: 0,
        }
    }

    /// Counts `count` equal values, measured at `time_ns` on `cpu`.
    #[inline]
    pub fn record(&mut self, value: u64, count: u64, time_ns: u64, cpu: u16) {
        if value > self.max && count != 0 {
            self.set_max(value, time_ns, cpu.into());
        }
        self.count(index(value), count, value.wrapping_mul(count));
    }

    /// Counts the time from each item of `row` to `now_ns`. The times of the items ascend. Measured
    /// at `now_ns` on `cpu`.
    #[inline]
    pub fn record_row<T>(&mut self, row: &[T], time_ns: impl Fn(&T) -> u64, now_ns: u64, cpu: u16) {
        let ([first, ..], [.., last]) = (row, row) else {
            return;
        };
        let first_ns = time_ns(first);
        if first_ns == time_ns(last) {
            // A single item, or the items of a burst.
            let value = now_ns.saturating_sub(first_ns);
            self.record(value, row.len() as u64, now_ns, cpu);
        } else {
            self.record_each(row.iter().map(time_ns), now_ns, cpu);
        }
    }

    /// The same for times that differ. Consecutive values of one bucket are counted in one step.
    #[inline(never)]
    fn record_each(&mut self, times_ns: impl Iterator<Item = u64>, now_ns: u64, cpu: u16) {
        // The bucket of the previous values: its index, least value and width; and the count and
        // the sum of the values that are not recorded yet, with their maximum.
        let (mut bucket, mut low, mut width) = (None, 0, 0);
        let (mut count, mut sum, mut max) = (0_u64, 0_u64, 0);
        for time_ns in times_ns {
            let value = now_ns.saturating_sub(time_ns);
            if value.wrapping_sub(low) >= width {
                if max > self.max {
                    self.set_max(max, now_ns, cpu.into());
                }
                if count != 0 {
                    self.count(bucket, count, sum);
                }
                (count, sum) = (0, 0);
                bucket = index(value);
                (low, width) = match bucket {
                    Some(index) => {
                        let (low, high) = bounds(index);
                        (low, high.wrapping_sub(low).wrapping_add(1))
                    }
                    // All values above the last bucket count as overflow.
                    None => (LIMIT, LIMIT.wrapping_neg()),
                };
            }
            count = count.wrapping_add(1);
            sum = sum.wrapping_add(value);
            max = value.max(max);
        }
        if max > self.max {
            self.set_max(max, now_ns, cpu.into());
        }
        if count != 0 {
            self.count(bucket, count, sum);
        }
    }

    /// Counts `count` values of the bucket with this index. None of them is above the maximum.
    #[inline]
    fn count(&mut self, index: Option<usize>, count: u64, sum: u64) {
        let histogram = &*self.histogram;
        match index.and_then(|index| histogram.buckets.get(index)) {
            Some(bucket) => bucket.store(bucket.load().wrapping_add(count)),
            None => {
                self.overflow = self.overflow.wrapping_add(count);
                histogram.overflow.store(self.overflow);
            }
        }
        self.sum = self.sum.wrapping_add(sum);
        histogram.sum.store(self.sum);
    }

    #[cold]
    fn set_max(&mut self, value: u64, time_ns: u64, cpu: u64) {
        let histogram = &*self.histogram;
        let next = self.sequence.wrapping_add(2);
        // The writer may be a thread: a reader of higher priority that preempts it would wait for
        // ever.
        without_preemption(|| {
            histogram.sequence.store(self.sequence.wrapping_add(1));
            write_fence();
            for (word, part) in histogram.max.iter().zip([value, time_ns, cpu]) {
                word.store(part);
            }
            histogram.sequence.store_release(next);
        });
        // Before the value is counted.
        write_fence();
        self.sequence = next;
        self.max = value;
    }

    /// Makes the histogram empty.
    pub fn reset(&mut self) {
        for bucket in self.histogram.buckets.iter() {
            bucket.store(0);
        }
        self.histogram.overflow.store(0);
        self.histogram.sum.store(0);
        self.overflow = 0;
        self.sum = 0;
        self.set_max(0, 0, 0);
    }
}
