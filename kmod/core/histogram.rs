// SPDX-License-Identifier: GPL-2.0-only

//! Log-linear histograms of latencies: one writer, any readers, no lock.
//!
//! Below 64 ns each value has a bucket of its own; above, each power of two is divided into 64
//! buckets, so that a bucket is at most 1/64 of its lower bound wide. What takes longer than the last
//! bucket, about 69 s, is counted as overflow, never dropped.

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

/// Values below two to this power have a bucket.
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

/// How many values from `low` to `high`, both included, there were.
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
    /// On which CPU.
    pub cpu: u64,
}

/// A histogram, as its readers see it.
pub struct Histogram {
    buckets: Array<Word>,
    overflow: Word,
    sum: Word,
    /// Odd while `max` changes.
    sequence: Word,
    max: [Word; 3],
}

impl Histogram {
    /// An empty histogram over `buckets`, of which there should be [`BUCKETS`]; what has none counts
    /// as overflow.
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

    /// The greatest value, with its circumstances. It is not below any value that was seen to be counted before this is
    /// called.
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

/// The one who measures.
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
    /// The recorder of a new histogram. A histogram has one: a second one would undo what the first
    /// counts.
    pub fn new(histogram: P) -> Self {
        Self {
            histogram,
            overflow: 0,
            sum: 0,
            sequence: 0,
            max: 0,
        }
    }

    /// Begins to count values that are measured at `time_ns` on `cpu`. They are all counted when what
    /// is returned goes.
    #[inline]
    pub fn batch(&mut self, time_ns: u64, cpu: u16) -> Batch<'_, P> {
        Batch {
            recorder: self,
            time_ns,
            cpu,
            value: 0,
            count: 0,
            low: 0,
            width: 0,
            row_count: 0,
            row_sum: 0,
            max: 0,
        }
    }

    /// Counts one value, measured at `time_ns` on `cpu`.
    #[inline]
    pub fn record(&mut self, value: u64, time_ns: u64, cpu: u16) {
        self.batch(time_ns, cpu).record(value);
    }

    #[cold]
    fn set_max(&mut self, value: u64, time_ns: u64, cpu: u64) {
        let histogram = &*self.histogram;
        let next = self.sequence.wrapping_add(2);
        // Whoever measures may be a thread; a reader with a higher priority would else wait for ever.
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

    /// Forgets everything.
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

/// Values on their way into a histogram. Those that come together are often alike, as all events of
/// a burst are due at the same time: equal ones in a row are counted at once, and so are those of
/// the same bucket.
pub struct Batch<'a, P>
where
    P: Deref<Target = Histogram>,
{
    recorder: &'a mut Recorder<P>,
    time_ns: u64,
    cpu: u16,
    /// The last value, and how often it has come in a row.
    value: u64,
    count: u64,
    /// The bucket of the values before: its least value, how many values it is for, how many of them
    /// there are in a row, and their sum.
    low: u64,
    width: u64,
    row_count: u64,
    row_sum: u64,
    /// The greatest value of the batch.
    max: u64,
}

impl<P: Deref<Target = Histogram>> Batch<'_, P> {
    /// Counts a value that is likely to be the same as the one before.
    ///
    /// Three instructions then; as a function of its own it would be many.
    #[inline(always)]
    pub fn record(&mut self, value: u64) {
        if value != self.value {
            self.turn_to(value);
        }
        self.count = self.count.wrapping_add(1);
    }

    /// Counts a value that is likely to be near the one before.
    #[inline(always)]
    pub fn record_near(&mut self, value: u64) {
        if value.wrapping_sub(self.low) >= self.width {
            self.turn_to(value);
            self.change_bucket();
        }
        self.row_count = self.row_count.wrapping_add(1);
        self.row_sum = self.row_sum.wrapping_add(value);
        self.max = self.max.max(value);
    }

    /// Ends a row of equal values, and begins another.
    #[inline(never)]
    fn turn_to(&mut self, value: u64) {
        if self.count != 0 {
            if self.value.wrapping_sub(self.low) >= self.width {
                self.change_bucket();
            }
            self.row_count = self.row_count.wrapping_add(self.count);
            self.row_sum = self
                .row_sum
                .wrapping_add(self.value.wrapping_mul(self.count));
            self.max = self.max.max(self.value);
            self.count = 0;
        }
        self.value = value;
    }

    /// Ends the row of a bucket, and begins another with that of the last value.
    #[inline(never)]
    fn change_bucket(&mut self) {
        if self.row_count != 0 {
            self.end_row();
        }
        (self.low, self.width) = match index(self.value) {
            Some(index) => {
                let (low, high) = bounds(index);
                (low, high.wrapping_sub(low).wrapping_add(1))
            }
            // All that is above the last bucket counts as overflow.
            None => (LIMIT, LIMIT.wrapping_neg()),
        };
    }

    /// Ends the row of a bucket in the middle of a batch.
    #[inline(never)]
    fn end_row(&mut self) {
        self.raise_max();
        self.settle();
    }

    /// Notes the maximum, before the row is counted that it is of: no value is counted that is above it.
    #[inline(always)]
    fn raise_max(&mut self) {
        if self.max > self.recorder.max {
            self.recorder
                .set_max(self.max, self.time_ns, self.cpu.into());
        }
    }

    /// Counts the row of a bucket.
    #[inline(always)]
    fn settle(&mut self) {
        if self.row_count == 0 {
            return;
        }
        let recorder = &mut *self.recorder;
        let histogram = &*recorder.histogram;
        match index(self.low).and_then(|index| histogram.buckets.get(index)) {
            Some(bucket) => bucket.store(bucket.load().wrapping_add(self.row_count)),
            None => {
                recorder.overflow = recorder.overflow.wrapping_add(self.row_count);
                histogram.overflow.store(recorder.overflow);
            }
        }
        recorder.sum = recorder.sum.wrapping_add(self.row_sum);
        histogram.sum.store(recorder.sum);
        self.row_count = 0;
        self.row_sum = 0;
    }
}

impl<P: Deref<Target = Histogram>> Drop for Batch<'_, P> {
    fn drop(&mut self) {
        self.turn_to(0);
        self.raise_max();
        self.settle();
    }
}
