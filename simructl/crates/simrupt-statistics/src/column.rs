// SPDX-License-Identifier: GPL-2.0-only

//! A figure's rounds, prepared for a permutation test.

use crate::relabel::Labels;

/// A figure's rounds, prepared: 0 if it was not measured.
pub(super) struct Column {
    /// How many rounds have it.
    pub(super) labels: Labels,
    /// By row. For runs: the distance from the mean of all. For pairs: the difference of the two.
    pub(super) values: Vec<f64>,
    pub(super) is_there: Vec<bool>,
    /// The sum of the squares of the values.
    pub(super) squares: f64,
    /// The mean after minus the mean before.
    pub(super) difference: f64,
}

/// Makes values relative, so that the floor of the noise is the same for figures of any size.
fn relative(values: impl Iterator<Item = f64> + Clone) -> impl Fn(f64) -> f64 {
    let (mut count, mut sum, mut positive) = (0_u32, 0.0, true);
    for value in values {
        count += 1;
        sum += value.abs();
        positive &= value > 0.0;
    }
    let mean = if sum > 0.0 {
        sum / f64::from(count)
    } else {
        1.0
    };
    move |value: f64| match positive {
        true => value.ln(),
        false => value / mean,
    }
}

impl Column {
    /// The first `before` values are of the first run, the others of the second.
    pub(super) fn of_runs(values: &[Option<f64>], before: usize) -> Self {
        let is_there: Vec<bool> = values.iter().map(Option::is_some).collect();
        let relative = relative(values.iter().flatten().copied());
        let count = |values: &[Option<f64>]| values.iter().flatten().count();
        let mean = |values: &[Option<f64>]| {
            let sum: f64 = values.iter().flatten().map(|value| relative(*value)).sum();
            sum / count(values).max(1) as f64
        };
        let (first, second) = values.split_at(before);
        let middle = mean(values);
        let is_equal = values
            .iter()
            .flatten()
            .is_sorted_by(|one, other| one == other);
        let distance = |value: &Option<f64>| match value {
            Some(value) if !is_equal => relative(*value) - middle,
            _ => 0.0,
        };
        let centered: Vec<f64> = values.iter().map(distance).collect();
        Self {
            labels: Labels::Runs(count(first), count(second)),
            squares: centered.iter().map(|value| value * value).sum(),
            difference: mean(second) - mean(first),
            values: centered,
            is_there,
        }
    }

    pub(super) fn of_pairs(pairs: &[Option<(f64, f64)>]) -> Self {
        let is_there: Vec<bool> = pairs.iter().map(Option::is_some).collect();
        let relative = relative(
            pairs
                .iter()
                .flatten()
                .flat_map(|(one, other)| [*one, *other]),
        );
        let difference = |pair: &Option<(f64, f64)>| match pair {
            Some((before, after)) => relative(*after) - relative(*before),
            None => 0.0,
        };
        let values: Vec<f64> = pairs.iter().map(difference).collect();
        Self {
            labels: Labels::Pairs(pairs.iter().flatten().count()),
            squares: values.iter().map(|value| value * value).sum(),
            difference: values.iter().sum(),
            values,
            is_there,
        }
    }
}
