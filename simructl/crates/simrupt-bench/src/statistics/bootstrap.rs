// SPDX-License-Identifier: GPL-2.0-only

//! The interval of a difference of medians, by drawing the rounds anew.

use fastrand::Rng;

use super::CONFIDENCE;
use super::median::median;

/// How many times the rounds are drawn anew for an interval.
const RESAMPLES: usize = 2000;

/// The 95 % interval of the difference of two medians, `b - a`, by drawing both anew.
pub fn difference(a: &[f64], b: &[f64], seed: u64) -> Option<(f64, f64)> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let mut rng = Rng::with_seed(seed);
    Some(interval((0..RESAMPLES).map(|_| {
        median(&resample(b, &mut rng)) - median(&resample(a, &mut rng))
    })))
}

/// As many of the values as there are, drawn with replacement.
fn resample(values: &[f64], rng: &mut Rng) -> Vec<f64> {
    let draw = |_| values[rng.usize(..values.len())];
    (0..values.len()).map(draw).collect()
}

/// What lies in the middle of the resampled figures: the percentile bootstrap (Efron, 1979).
fn interval(figures: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    let last = figures.len() - 1;
    let tail = (last as f64 * (1.0 - CONFIDENCE) / 2.0).round() as usize;
    (figures[tail], figures[last - tail])
}
