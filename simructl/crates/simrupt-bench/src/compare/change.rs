// SPDX-License-Identifier: GPL-2.0-only

//! One figure in two runs, and the verdict on its change.

use crate::report::metric::Metric;
use simrupt_statistics::{Interval, LEVEL, Tested, median};

/// One figure in both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Name of the metric.
    pub metric: String,
    /// The median of the rounds of the first run; if size alone judges, their mean.
    pub before: f64,
    /// The same of the second run.
    pub after: f64,
    /// How many rounds of each run have the figure.
    pub rounds: (usize, usize),
    /// The interval of the difference, in the metric's unit; absent if size alone judges.
    pub interval: Option<Interval>,
    /// The probability that chance makes any of all figures differ as much; absent if size alone judges, or if there
    /// were too few rounds.
    pub p: Option<f64>,
    /// The verdict on the difference.
    pub verdict: Verdict,
}

/// The way in which differences are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// A difference counts if chance does not explain it, and if it is large enough.
    Chance,
    /// In both runs, the same code takes equally long each time. So no difference is due to chance, and it counts by
    /// its size. The phases of rounds differ, but in the same way in both runs, and the mean of all rounds averages
    /// them.
    Size,
}

/// The verdict on a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Chance explains it, or there is none.
    Same,
    /// It is real, but smaller than the threshold.
    BelowThreshold,
    /// There were too few rounds to tell it from chance.
    TooFewRounds,
    /// It is real, and for the better.
    Better,
    /// It is real, and for the worse.
    Worse,
}

impl Verdict {
    /// The verdict in words.
    pub fn words(self, judge: Judge) -> &'static str {
        match self {
            Self::Same if judge == Judge::Size => "no difference",
            Self::Same => "no significant difference",
            Self::BelowThreshold => "below the threshold",
            Self::TooFewRounds => "too few rounds to tell",
            Self::Better => "better",
            Self::Worse => "worse",
        }
    }

    /// The verdict for programs.
    pub fn key(self) -> &'static str {
        match self {
            Self::Same => "no_significant_difference",
            Self::BelowThreshold => "below_threshold",
            Self::TooFewRounds => "too_few_rounds",
            Self::Better => "better",
            Self::Worse => "worse",
        }
    }
}

impl Change {
    /// The difference as a share of the first value; absent if that is 0.
    pub fn share(&self) -> Option<f64> {
        self.relative(self.after - self.before)
    }

    /// A difference as a share of the first value.
    pub fn relative(&self, difference: f64) -> Option<f64> {
        match difference {
            0.0 => Some(0.0),
            _ => (self.before != 0.0).then(|| difference / self.before.abs()),
        }
    }

    /// A difference that is not due to chance.
    pub(super) fn by_size(metric: Metric<'_>, rounds: (&[f64], &[f64]), threshold: f64) -> Self {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (before, after) = (mean(rounds.0), mean(rounds.1));
        Self {
            metric: metric.0.to_string(),
            before,
            after,
            rounds: counts(rounds),
            interval: None,
            p: None,
            verdict: by_size(metric, before, after, threshold),
        }
    }

    /// A difference that chance may explain, judged by the rounds of both runs.
    pub(super) fn by_chance(
        metric: Metric<'_>,
        rounds: (&[f64], &[f64]),
        tested: Tested,
        threshold: f64,
    ) -> Self {
        let (before, after) = (median(rounds.0), median(rounds.1));
        let difference = after - before;
        let interval = interval(rounds, (before, after));
        // The statistic is of means, the interval of ranks, and the shown values are medians: all must agree.
        let agree = tested.rises == (difference > 0.0)
            && interval.is_some_and(|ends| ends.low > 0.0 || ends.high < 0.0);
        let verdict = if is_same(rounds) {
            Verdict::Same
        } else if tested.least_p > LEVEL {
            Verdict::TooFewRounds
        } else if tested.p > LEVEL || !agree {
            Verdict::Same
        } else {
            by_size(metric, before, after, threshold)
        };
        Self {
            metric: metric.0.to_string(),
            before,
            after,
            rounds: counts(rounds),
            interval,
            p: (tested.least_p <= LEVEL).then_some(tested.p),
            verdict,
        }
    }
}

/// How many rounds each run has.
fn counts((before, after): (&[f64], &[f64])) -> (usize, usize) {
    (before.len(), after.len())
}

/// Whether both runs have the same rounds, in any order, or all rounds have the same value.
fn is_same((before, after): (&[f64], &[f64])) -> bool {
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (before, after) = (sorted(before), sorted(after));
    let varies = |values: &[f64]| values.first() != values.last();
    before == after || !varies(&before) && !varies(&after) && before.first() == after.first()
}

/// The verdict on a difference that is not due to chance.
pub(super) fn by_size(metric: Metric<'_>, before: f64, after: f64, threshold: f64) -> Verdict {
    let difference = after - before;
    if difference == 0.0 {
        Verdict::Same
    } else if difference.abs() < metric.least_difference(before, threshold) {
        Verdict::BelowThreshold
    } else if (difference > 0.0) == metric.more_is_better() {
        Verdict::Better
    } else {
        Verdict::Worse
    }
}

/// The interval of the difference, in the metric's unit. If all values are above 0, it is the interval of the ratio,
/// because noise grows with the value. It is widened to contain the difference of the medians, which may lie outside of
/// it if there are many rounds.
fn interval(rounds: (&[f64], &[f64]), (before, after): (f64, f64)) -> Option<Interval> {
    let ratio = simrupt_statistics::ratio(rounds.0, rounds.1).map(|ratio| Interval {
        low: (ratio.low - 1.0) * before,
        high: (ratio.high - 1.0) * before,
        ..ratio
    });
    let interval = ratio.or_else(|| simrupt_statistics::difference(rounds.0, rounds.1))?;
    Some(Interval {
        low: interval.low.min(after - before),
        high: interval.high.max(after - before),
        ..interval
    })
}
