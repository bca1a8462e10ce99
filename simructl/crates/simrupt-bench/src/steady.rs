// SPDX-License-Identifier: GPL-2.0-only

//! Whether the lines are in a steady state: the warm-up lasts until they are, with a limit.
//!
//! The warm-up is divided into slices of half its time. It ends when two consecutive slices agree:
//! - the mean time from interrupt to bottom half differs by at most [`LATENCY_TOLERANCE`], or by so little that chance
//!   explains it: [`STANDARD_ERRORS`] of the difference;
//! - the CPU time of workers and readers differs by at most [`CPU_TOLERANCE`], or by [`CPU_SHARE`] of a CPU.
//!
//! After [`MOST_WARM_UPS`] times the warm-up, the round is measured in any case, and flagged. Slices with fewer than
//! [`LEAST_VALUES`] values cannot be judged; the warm-up then has its usual length.

use std::time::{Duration, Instant};

use crate::cpu::{Accounts, Usage};
use crate::results::Histogram;
use crate::rig::Rig;
use crate::setting::{MOST_WARM_UPS, Setting};
use simrupt::failure::Failure;
use simrupt::stop::Stop;

/// The share of the smaller mean by which the means of two slices may differ.
const LATENCY_TOLERANCE: f64 = 0.1;
/// By how many standard errors of their difference the means of two slices may differ. If the values are independent, 6
/// of 100,000 pairs of slices differ by more.
const STANDARD_ERRORS: f64 = 4.0;
/// The share of the smaller one by which the CPU times of two slices may differ.
const CPU_TOLERANCE: f64 = 0.1;
/// The share of one CPU by which small CPU times of two slices may differ.
const CPU_SHARE: f64 = 0.02;
/// The least number of values of a slice.
const LEAST_VALUES: u64 = 10;
/// The number of slices in a warm-up.
const SLICES: u32 = 2;

/// The stage whose values are compared: every flavor and mode has it.
const STAGE: &str = "irq_bh";

/// How a warm-up ended.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WarmUp {
    /// How long it took.
    pub elapsed: Duration,
    /// Whether the lines were steady at its end; absent if there were too few values to tell.
    pub is_steady: Option<bool>,
}

/// Figures of one slice.
#[derive(Debug, Clone, Default)]
struct Slice {
    waits: Histogram,
    elapsed: Duration,
    usage: Usage,
}

/// Warms up running lines until they are steady; `None` if it was stopped.
///
/// # Errors
///
/// The latencies cannot be read.
pub fn warm_up(
    rig: &Rig<'_>,
    setting: &Setting,
    asked: Duration,
    accounts: &Accounts<'_>,
    stop: &Stop,
) -> Result<Option<WarmUp>, Failure> {
    let begun = Instant::now();
    let mut slices = Slices::default();
    let mut before = (begun, waits(rig, setting)?, accounts.before());
    loop {
        if !stop.sleep(asked / SLICES) {
            return Ok(None);
        }
        let now = (Instant::now(), waits(rig, setting)?, accounts.before());
        let is_over = slices.add(Slice {
            waits: now.1.since(&before.1),
            elapsed: now.0.duration_since(before.0),
            usage: before.2.until(&now.2),
        });
        before = now;
        if let Some(is_steady) = is_over {
            return Ok(Some(WarmUp {
                elapsed: begun.elapsed(),
                is_steady,
            }));
        }
    }
}

/// All waiting times of the lines so far.
fn waits(rig: &Rig<'_>, setting: &Setting) -> Result<Histogram, Failure> {
    Ok(rig.latencies(setting)?.remove(STAGE).unwrap_or_default())
}

/// The slices so far.
#[derive(Debug, Default)]
struct Slices {
    last: Option<Slice>,
    count: u32,
}

impl Slices {
    /// Adds a slice. If this ends the warm-up, returns whether the lines are steady, if that can be told.
    fn add(&mut self, slice: Slice) -> Option<Option<bool>> {
        self.count += 1;
        let agrees = self.last.as_ref().map(|last| last.agrees_with(&slice));
        self.last = Some(slice);
        match agrees {
            // The first one.
            None => None,
            Some(None) => (self.count >= SLICES).then_some(None),
            Some(Some(true)) => Some(Some(true)),
            Some(Some(false)) => (self.count >= SLICES * MOST_WARM_UPS).then_some(Some(false)),
        }
    }
}

impl Slice {
    /// Whether two slices agree; `None` if one has too few values.
    fn agrees_with(&self, next: &Self) -> Option<bool> {
        if self.waits.count.min(next.waits.count) < LEAST_VALUES {
            return None;
        }
        let (one, other) = (Moments::of(&self.waits), Moments::of(&next.waits));
        let off = (one.mean - other.mean).abs();
        let error = (one.variance_of_mean + other.variance_of_mean).sqrt();
        let is_near = off <= one.mean.min(other.mean) * LATENCY_TOLERANCE;
        let latency_agrees = is_near || off <= error * STANDARD_ERRORS;
        Some(latency_agrees && self.uses_as_much_as(next))
    }

    /// Whether both slices use the same CPU time, as far as it is known.
    fn uses_as_much_as(&self, next: &Self) -> bool {
        let (Some(one), Some(other)) = (self.cpu_share(), next.cpu_share()) else {
            return true;
        };
        let off = (one - other).abs();
        off <= CPU_SHARE || off <= one.min(other) * CPU_TOLERANCE
    }

    /// The share of one CPU that workers and readers use.
    fn cpu_share(&self) -> Option<f64> {
        let ns = self.usage.worker_ns? + self.usage.reader_ns.unwrap_or(0);
        (!self.elapsed.is_zero()).then(|| ns as f64 / self.elapsed.as_nanos() as f64)
    }
}

/// The mean of the values of a histogram, and the variance of that mean.
struct Moments {
    mean: f64,
    variance_of_mean: f64,
}

impl Moments {
    fn of(values: &Histogram) -> Self {
        let count = values.count as f64;
        let mean = values.sum_ns as f64 / count;
        let squares = values.buckets.iter().map(|[low, high, count]| {
            let middle = (*low as f64 + *high as f64) / 2.0;
            (middle - mean).powi(2) * *count as f64
        });
        Self {
            mean,
            variance_of_mean: squares.sum::<f64>() / (count - 1.0) / count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slice of a tenth of a second that has each of these values once.
    fn slice(values: &[u64], worker_ns: u64) -> Slice {
        Slice {
            waits: Histogram {
                count: values.len() as u64,
                sum_ns: values.iter().sum(),
                overflow: 0,
                max_ns: values.iter().copied().max().unwrap_or(0),
                buckets: values.iter().map(|value| [*value, *value, 1]).collect(),
            },
            elapsed: Duration::from_millis(100),
            usage: Usage {
                worker_ns: Some(worker_ns),
                ..Usage::default()
            },
        }
    }

    /// Values that differ by a nanosecond.
    fn about(value: u64) -> Vec<u64> {
        (0..20).map(|at| value + at % 2).collect()
    }

    #[test]
    fn slices_agree_when_means_and_cpu_time_hardly_differ() {
        let base = slice(&about(1000), 50_000_000);
        for (values, worker_ns, agrees) in [
            (about(1000), 50_000_000, true),
            (about(1090), 50_000_000, true),
            (about(1200), 50_000_000, false),
            (about(800), 50_000_000, false),
            (about(1000), 54_000_000, true),
            (about(1000), 60_000_000, false),
        ] {
            let other = slice(&values, worker_ns);
            assert_eq!(
                base.agrees_with(&other),
                Some(agrees),
                "{values:?} {worker_ns}"
            );
            assert_eq!(other.agrees_with(&base), Some(agrees));
        }
    }

    #[test]
    fn a_difference_that_chance_explains_is_none() {
        let wide: Vec<u64> = (0..20).map(|at| 100 + at * 500).collect();
        let wider: Vec<u64> = (0..20).map(|at| 100 + at * 600).collect();
        assert_eq!(slice(&wide, 0).agrees_with(&slice(&wider, 0)), Some(true));
    }

    #[test]
    fn little_cpu_time_may_differ_by_a_large_share_of_it() {
        let one = slice(&about(1000), 100_000);
        assert_eq!(one.agrees_with(&slice(&about(1000), 1_900_000)), Some(true));
        let unknown = Slice {
            usage: Usage::default(),
            ..one.clone()
        };
        assert_eq!(one.agrees_with(&unknown), Some(true));
    }

    #[test]
    fn few_values_tell_nothing() {
        let few = slice(&[1, 2, 3], 0);
        assert_eq!(few.agrees_with(&slice(&about(1000), 0)), None);
        let mut slices = Slices::default();
        assert_eq!(slices.add(few.clone()), None);
        assert_eq!(slices.add(few), Some(None));
    }

    /// How many slices a warm-up takes, and what it finds.
    fn ended(slice_of: impl Fn(u64) -> Slice) -> (u64, Option<bool>) {
        let mut slices = Slices::default();
        for at in 0.. {
            if let Some(is_steady) = slices.add(slice_of(at)) {
                return (at + 1, is_steady);
            }
        }
        unreachable!()
    }

    #[test]
    fn a_warm_up_ends_when_it_is_steady_or_too_long() {
        assert_eq!(ended(|_| slice(&about(1000), 0)), (2, Some(true)));
        // It settles after three slices.
        let settles = |at: u64| slice(&about(1000 + 4000 / (at + 1).pow(3)), 0);
        assert_eq!(ended(settles), (4, Some(true)));
        let grows = |at: u64| slice(&about(1000 << at), 0);
        assert_eq!(ended(grows), (10, Some(false)));
    }
}
