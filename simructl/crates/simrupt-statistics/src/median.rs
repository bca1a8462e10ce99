// SPDX-License-Identifier: GPL-2.0-only

//! The median, and an interval of order statistics around it.

use crate::CONFIDENCE;

/// The ends of an interval, and its confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The least probability that such an interval covers the true median: 0 to 1.
    pub confidence: f64,
}

/// The middle of the values, or the mean of the middle two; NaN if there are none.
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

/// The interval from the k-th least to the k-th greatest value, for the greatest k that gives at least 95 %. Fewer than
/// six values cannot give 95 %. Then it is the interval from the least to the greatest value, which covers the median
/// in 50 % of cases with two values, in 93.75 % with five. With one value it is that value, and the confidence is 0.
/// `None` if there are no values.
///
/// A value is above the true median with probability 1/2, whatever the distribution, so the number of such values is
/// binomial: Thompson, "On Confidence Ranges for the Median" (1936); David and Nagaraja, "Order Statistics" (2003),
/// section 7.1. Equal values make it cover more, never less.
pub(super) fn interval(values: &[f64]) -> Option<Interval> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let (rank, confidence) = innermost(&confidences(sorted.len()));
    Some(Interval {
        low: sorted[rank],
        high: sorted[last - rank],
        confidence,
    })
}

/// The index and the confidence of the innermost of nested intervals that has at least 95 %, else of the outermost.
/// `confidences` begins with the outermost, and is not empty.
pub(super) fn innermost(confidences: &[f64]) -> (usize, f64) {
    let sure = |confidence: &f64| *confidence >= CONFIDENCE;
    let rank = confidences.iter().rposition(sure).unwrap_or(0);
    (rank, confidences[rank])
}

/// For each rank from 0 to the middle, the probability that the interval from this rank to the same one from above
/// covers the median.
fn confidences(count: usize) -> Vec<f64> {
    // The probability that `rank` of the values are below the median, as a logarithm: 2^-1000 is too small for a
    // number.
    let mut log = -(count as f64) * std::f64::consts::LN_2;
    let mut below = 0.0;
    (0..count.div_ceil(2))
        .map(|rank| {
            below += log.exp();
            log += ((count - rank) as f64).ln() - ((rank + 1) as f64).ln();
            1.0 - (2.0 * below).min(1.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{KINDS, Noise, assert_covers};

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[9.0, 1.0, 3.0]), 3.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn an_interval_has_its_confidence() {
        // The ranks from either end, and the confidence, from tables of the binomial distribution.
        for (count, rank, confidence) in [
            (1, 0, 0.0),
            (2, 0, 0.5),
            (3, 0, 0.75),
            (4, 0, 0.875),
            (5, 0, 0.9375),
            (6, 0, 0.96875),
            (8, 0, 0.9921875),
            (9, 1, 0.9609375),
            (12, 2, 0.9614258),
            (15, 3, 0.9648438),
        ] {
            let values: Vec<f64> = (0..count).map(f64::from).collect();
            let interval = interval(&values).unwrap();
            assert_eq!(interval.low, f64::from(rank), "{count}");
            assert_eq!(interval.high, f64::from(count - 1 - rank), "{count}");
            assert!(
                (interval.confidence - confidence).abs() < 1e-6,
                "{count}: {interval:?}"
            );
        }
        assert_eq!(interval(&[]), None);
    }

    #[test]
    fn a_thousand_values_do_not_overflow() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let interval = interval(&values).unwrap();
        assert_eq!((interval.low, interval.high), (468.0, 531.0));
        assert!((0.95..0.96).contains(&interval.confidence), "{interval:?}");
    }

    /// It covers the true median of any distribution as often as it says, within the precision of 20,000 trials.
    #[test]
    fn an_interval_covers_as_much_as_it_says() {
        for kind in KINDS {
            for count in 2..=15 {
                let mut noise = Noise::new(kind, count as u64);
                let middle = noise.median();
                assert_covers(middle, 20_000, &format!("{kind:?}, {count} values"), || {
                    let values: Vec<f64> = (0..count).map(|_| noise.draw()).collect();
                    interval(&values).unwrap()
                });
            }
        }
    }
}
