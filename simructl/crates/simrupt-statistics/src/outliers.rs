// SPDX-License-Identifier: GPL-2.0-only

//! The outliers among some values.

use crate::median::median;

/// A value is an outlier if its distance from the median is more than this many times the spread: Iglewicz and Hoaglin,
/// "How to Detect and Handle Outliers" (1993).
const OUTLIER_SCORE: f64 = 3.5;

/// Scales the median absolute deviation to the standard deviation, for a normal distribution.
const MEDIAN_SCALE: f64 = 1.4826;

/// Scales the mean absolute deviation to the standard deviation, for a normal distribution: the square root of π/2.
const MEAN_SCALE: f64 = 1.2533;

/// The indices of the outliers, ascending.
///
/// The spread is the median absolute deviation from the median. If that is 0, because more than half of the values are
/// equal, it is the mean absolute deviation, as in Iglewicz and Hoaglin. If that is 0 too, all values are equal.
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
    fn a_value_far_from_the_others_is_an_outlier() {
        assert_eq!(outliers(&[10.0, 11.0, 9.0, 10.5, 30.0]), [4]);
        assert_eq!(outliers(&[10.0, 11.0, 9.0, 10.5, 12.0]), [] as [usize; 0]);
    }

    #[test]
    fn a_value_that_differs_from_equal_ones_is_an_outlier() {
        assert_eq!(outliers(&[7.0, 7.0, 7.0, 7.0, 8.0]), [4]);
        assert_eq!(
            outliers(&[8.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 5.0]),
            [8]
        );
        // Two of five are not exceptional.
        assert_eq!(outliers(&[7.0, 7.0, 7.0, 8.0, 8.0]), [] as [usize; 0]);
    }

    #[test]
    fn equal_values_and_none_have_no_outlier() {
        assert_eq!(outliers(&[7.0; 5]), [] as [usize; 0]);
        assert_eq!(outliers(&[7.0]), [] as [usize; 0]);
        assert_eq!(outliers(&[]), [] as [usize; 0]);
    }
}
