// SPDX-License-Identifier: GPL-2.0-only

//! What a handful of rounds says about a figure: its median, how far the median can be trusted, and
//! which rounds stand apart. No normal distribution is assumed anywhere: latencies have none.

use fastrand::Rng;

use super::results::Estimate;

/// How many times the rounds are drawn anew for an interval.
const RESAMPLES: usize = 2000;

/// How sure an interval is.
const CONFIDENCE: f64 = 0.95;

/// A round stands apart when it is further than this many scaled median absolute deviations from the
/// median: Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993).
const OUTLIER_SCORE: f64 = 3.5;

/// Makes the median absolute deviation of a normal distribution its standard deviation.
const MAD_SCALE: f64 = 1.4826;

/// The middle of the values; NaN when there are none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[half],
        _ => (sorted[half - 1] + sorted[half]) / 2.0,
    }
}

/// The median of the rounds' values with its 95 % interval and the rounds that stand apart, none of
/// which is left out. Equal seeds give equal intervals. `None` when there are no values.
pub fn estimate(values: &[f64], seed: u64) -> Option<Estimate> {
    let first = values.first()?;
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let (low, high) = if values.iter().all(|value| value == first) {
        (*first, *first)
    } else {
        let mut rng = Rng::with_seed(seed);
        interval((0..RESAMPLES).map(|_| median(&resample(values, &mut rng))))
    };
    Some(Estimate {
        median: median(values),
        low,
        high,
        outliers: outliers(values),
    })
}

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

/// The indices of the values that stand apart.
fn outliers(values: &[f64]) -> Vec<usize> {
    let center = median(values);
    let distances: Vec<f64> = values.iter().map(|value| (value - center).abs()).collect();
    let spread = median(&distances) * MAD_SCALE;
    // When more than half of the values are equal, the spread is 0: then nothing is measured by it.
    if spread == 0.0 {
        return Vec::new();
    }
    let apart = |(_, distance): &(usize, &f64)| **distance > OUTLIER_SCORE * spread;
    let apart = distances.iter().enumerate().filter(apart);
    apart.map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[9.0, 1.0, 3.0]), 3.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn equal_rounds_leave_no_doubt() {
        let estimate = estimate(&[7.0; 5], 1).unwrap();
        assert_eq!(
            (estimate.median, estimate.low, estimate.high),
            (7.0, 7.0, 7.0)
        );
        assert!(estimate.outliers.is_empty());
    }

    #[test]
    fn an_interval_holds_the_median_and_repeats_with_its_seed() {
        let values = [10.0, 11.0, 9.0, 10.5, 30.0];
        let one = estimate(&values, 42).unwrap();
        assert!(one.low <= one.median && one.median <= one.high);
        assert!(one.low >= 9.0 && one.high <= 30.0);
        assert_eq!(one, estimate(&values, 42).unwrap());
    }

    #[test]
    fn an_outlier_is_named_and_kept() {
        let estimate = estimate(&[10.0, 11.0, 9.0, 10.5, 30.0], 42).unwrap();
        assert_eq!(estimate.outliers, [4]);
        assert_eq!(estimate.high, 30.0);
    }

    #[test]
    fn figures_that_are_none_have_no_estimate() {
        assert!(estimate(&[], 1).is_none());
        assert!(estimate(&[1.0, f64::NAN], 1).is_none());
    }

    #[test]
    fn the_interval_of_a_difference_tells_apart_what_differs() {
        let a = [10.0, 10.1, 9.9, 10.0, 10.2];
        let b = [12.0, 12.1, 11.9, 12.2, 12.0];
        let (low, high) = difference(&a, &b, 42).unwrap();
        assert!(low > 1.5 && high < 2.5, "{low} {high}");
        let (low, high) = difference(&a, &a, 42).unwrap();
        assert!(low <= 0.0 && 0.0 <= high, "{low} {high}");
    }
}
