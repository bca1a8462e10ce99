// SPDX-License-Identifier: GPL-2.0-only

//! A figure over the rounds.

use serde::{Deserialize, Serialize};

use crate::median::{interval, median};
use crate::outliers::outliers;

/// A figure over the rounds: its median, the interval of the median, and the outliers. No round is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The median of the rounds.
    pub median: f64,
    /// The lower end of the median's interval.
    pub low: f64,
    /// The upper end of the median's interval.
    pub high: f64,
    /// The least probability that such an interval covers the true median: 0.95 or more for at least six rounds, less
    /// for fewer, 0 for one.
    pub confidence: f64,
    /// Indices of the outliers.
    pub outliers: Vec<usize>,
}

/// The estimate from the values of the rounds; `None` if there are no values, or one is not finite.
///
/// ```
/// use simrupt_statistics::estimate;
///
/// let rounds = [5.1, 5.0, 5.2, 5.1, 9.9, 5.0, 5.1];
/// let figure = estimate(&rounds).unwrap();
/// assert_eq!(figure.median, 5.1);
/// assert!(figure.confidence >= 0.95);
/// assert_eq!(figure.outliers, [4]);
/// ```
pub fn estimate(values: &[f64]) -> Option<Estimate> {
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let interval = interval(values)?;
    Some(Estimate {
        median: median(values),
        low: interval.low,
        high: interval.high,
        confidence: interval.confidence,
        outliers: outliers(values),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rounds_leave_no_doubt() {
        let estimate = estimate(&[7.0; 6]).unwrap();
        let ends = (estimate.median, estimate.low, estimate.high);
        assert_eq!(ends, (7.0, 7.0, 7.0));
        assert!(estimate.confidence > 0.95 && estimate.outliers.is_empty());
    }

    #[test]
    fn an_outlier_is_named_and_kept() {
        let estimate = estimate(&[10.0, 11.0, 9.0, 10.5, 30.0]).unwrap();
        assert_eq!(estimate.outliers, [4]);
        assert_eq!((estimate.low, estimate.high), (9.0, 30.0));
        assert_eq!(estimate.confidence, 0.9375);
    }

    #[test]
    fn figures_that_are_not_numbers_have_no_estimate() {
        assert!(estimate(&[]).is_none());
        assert!(estimate(&[1.0, f64::NAN]).is_none());
    }
}
