// SPDX-License-Identifier: GPL-2.0-only

//! Which values stand apart from the others.

use super::median::median;

/// A value stands apart when its distance from the median is more than this many times the spread: Iglewicz and
/// Hoaglin, "How to Detect and Handle Outliers" (1993).
const OUTLIER_SCORE: f64 = 3.5;

/// Makes the median absolute deviation of a normal distribution its standard deviation.
const MEDIAN_SCALE: f64 = 1.4826;

/// Makes the mean absolute deviation of a normal distribution its standard deviation: the square root of π/2.
const MEAN_SCALE: f64 = 1.2533;

/// The indices of the values that stand apart, ascending.
///
/// The spread is the median absolute deviation from the median. That is 0 when more than half of the values are
/// equal; then the mean absolute deviation takes its place, as Iglewicz and Hoaglin have it. When that is 0,
/// too, all values are equal.
pub(super) fn outliers(values: &[f64]) -> Vec<usize> {
    let center = median(values);
    let distances: Vec<f64> = values.iter().map(|value| (value - center).abs()).collect();
    let mean = distances.iter().sum::<f64>() / distances.len().max(1) as f64;
    let spread = match median(&distances) {
        0.0 => mean * MEAN_SCALE,
        median => median * MEDIAN_SCALE,
    };
    let apart = |(_, distance): &(usize, &f64)| **distance > OUTLIER_SCORE * spread;
    let apart = distances.iter().enumerate().filter(apart);
    apart.map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_far_from_the_others_stands_apart() {
        assert_eq!(outliers(&[10.0, 11.0, 9.0, 10.5, 30.0]), [4]);
        assert_eq!(outliers(&[10.0, 11.0, 9.0, 10.5, 12.0]), [] as [usize; 0]);
    }

    #[test]
    fn one_that_differs_from_equal_ones_stands_apart() {
        assert_eq!(outliers(&[7.0, 7.0, 7.0, 7.0, 8.0]), [4]);
        assert_eq!(
            outliers(&[8.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 5.0]),
            [8]
        );
        // Two of five are no exception.
        assert_eq!(outliers(&[7.0, 7.0, 7.0, 8.0, 8.0]), [] as [usize; 0]);
    }

    #[test]
    fn equal_values_and_none_have_no_outlier() {
        assert_eq!(outliers(&[7.0; 5]), [] as [usize; 0]);
        assert_eq!(outliers(&[7.0]), [] as [usize; 0]);
        assert_eq!(outliers(&[]), [] as [usize; 0]);
    }
}
