// SPDX-License-Identifier: GPL-2.0-only

//! By how much the values of one sample exceed those of another.

use crate::CONFIDENCE;
use crate::median::{Interval, innermost};

/// Up to this number of pairs of values the interval is exact; for more, the normal approximation is as good.
const MOST_EXACT_PAIRS: usize = 10_000;

/// The 0.975 quantile of the normal distribution.
const NORMAL_QUANTILE: f64 = 1.959_964;

/// The interval of the difference `b - a`, between two samples whose distributions differ only by that shift. With too
/// few values for 95 %, it is the interval from the least to the greatest difference, with its lower confidence: 90 %
/// for three and three values, 67 % for two and two, 0 for one and one. `None` if a sample has no values.
///
/// Its ends are order statistics of the differences of all pairs: Moses (in Walker and Lev, "Statistical
/// Inference", 1953); Hodges and Lehmann, "Estimates of Location Based on Rank Tests" (1963). They belong to the
/// test of Mann and Whitney (1947), so they do not depend on the distribution, and an outlier moves them little.
pub fn difference(a: &[f64], b: &[f64]) -> Option<Interval> {
    let mut differences: Vec<f64> = a
        .iter()
        .flat_map(|a| b.iter().map(move |b| b - a))
        .collect();
    let last = differences.len().checked_sub(1)?;
    let (rank, confidence) = rank(a.len(), b.len());
    let mut of_rank = |rank| *differences.select_nth_unstable_by(rank, f64::total_cmp).1;
    Some(Interval {
        low: of_rank(rank),
        high: of_rank(last - rank),
        confidence,
    })
}

/// The interval of the ratio `b / a`, between two samples whose distributions differ only by that factor. `None` if a
/// sample has no values, or any that is not above 0.
pub fn ratio(a: &[f64], b: &[f64]) -> Option<Interval> {
    if !a.iter().chain(b).all(|value| *value > 0.0) {
        return None;
    }
    let logs = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value.ln()).collect() };
    let interval = difference(&logs(a), &logs(b))?;
    Some(Interval {
        low: interval.low.exp(),
        high: interval.high.exp(),
        ..interval
    })
}

/// The index, in the ascending differences, of the low end, and the confidence of the interval.
fn rank(a: usize, b: usize) -> (usize, f64) {
    let pairs = a * b;
    if pairs > MOST_EXACT_PAIRS {
        let sd = (pairs as f64 * (a + b + 1) as f64 / 12.0).sqrt();
        // Half a rank is the correction for whole ranks.
        let rank = (pairs as f64 / 2.0 - 0.5 - NORMAL_QUANTILE * sd).floor();
        return (rank as usize, CONFIDENCE);
    }
    let counts = counts(a, b);
    let all: f64 = arrangements(a, b);
    let mut outside = 0.0;
    let confidences = counts.iter().map(|count| {
        outside += 2.0 * count / all;
        (1.0 - outside).max(0.0)
    });
    let confidences: Vec<f64> = confidences.collect();
    innermost(&confidences)
}

/// The number of ways in which `a` and `b` values can be ordered.
pub(super) fn arrangements(a: usize, b: usize) -> f64 {
    (1..=b).fold(1.0, |all, one| all * (a + one) as f64 / one as f64)
}

/// How many of these orders have 0, 1, 2 and so on pairs in which the value of `b` is the lesser one, up to half of all
/// pairs.
///
/// They are the coefficients of the Gaussian binomial: the product over i from 1 to b of (1 - x^(a+i)) /
/// (1 - x^i).
fn counts(a: usize, b: usize) -> Vec<f64> {
    let mut counts = vec![0.0; a * b / 2 + 1];
    counts[0] = 1.0;
    for step in 1..=b {
        for at in (a + step..counts.len()).rev() {
            counts[at] -= counts[at - a - step];
        }
        for at in step..counts.len() {
            counts[at] += counts[at - step];
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{KINDS, Noise, assert_covers};

    #[test]
    fn ranks_are_those_of_the_tables_of_mann_and_whitney() {
        // The greatest U for a two-sided test at 5 %.
        for (a, b, most) in [
            (4, 4, 0),
            (5, 5, 2),
            (7, 7, 8),
            (9, 9, 17),
            (10, 12, 29),
            (15, 15, 64),
            (5, 20, 20),
        ] {
            let (rank, confidence) = rank(a, b);
            assert_eq!(rank, most, "{a}, {b}");
            assert!(
                (0.95..0.975).contains(&confidence),
                "{a}, {b}: {confidence}"
            );
        }
    }

    #[test]
    fn too_few_values_have_a_lower_confidence() {
        for (a, b, confidence) in [
            (1, 1, 0.0),
            (2, 2, 2.0 / 3.0),
            (3, 3, 0.9),
            (1, 5, 2.0 / 3.0),
        ] {
            let values = |count: usize| -> Vec<f64> { (0..count).map(|at| at as f64).collect() };
            let interval = difference(&values(a), &values(b)).unwrap();
            assert!((interval.confidence - confidence).abs() < 1e-12, "{a}, {b}");
            assert_eq!(interval.low, 1.0 - a as f64, "{a}, {b}");
            assert_eq!(interval.high, b as f64 - 1.0, "{a}, {b}");
        }
        assert_eq!(difference(&[], &[1.0]), None);
    }

    #[test]
    fn many_values_have_about_the_rank_of_the_exact_one() {
        let exact = rank(100, 100).0 as f64;
        let sd = (10_000.0_f64 * 201.0 / 12.0).sqrt();
        assert!((exact - (5000.0 - 0.5 - NORMAL_QUANTILE * sd)).abs() < 2.0);
        assert!(rank(1000, 1000).0 > 470_000);
    }

    #[test]
    fn a_factor_is_found_and_takes_values_above_0() {
        let a = [10.0, 10.1, 9.9, 10.0, 10.2];
        let b = a.map(|value| value * 1.2);
        let interval = ratio(&a, &b).unwrap();
        assert!(interval.low > 1.15 && interval.high < 1.25, "{interval:?}");
        assert_eq!(ratio(&[0.0, 1.0], &b), None);
    }

    /// It covers the true factor as often as it says, within the precision of 5,000 trials.
    #[test]
    fn an_interval_covers_as_much_as_it_says() {
        for kind in KINDS {
            for count in 2..=15 {
                let mut noise = Noise::new(kind, count as u64);
                assert_covers(1.25, 5000, &format!("{kind:?}, {count} values"), || {
                    let mut sample = |factor: f64| -> Vec<f64> {
                        let mut value = || factor * (1.0 + 0.15 * noise.draw()).max(0.01);
                        (0..count).map(|_| value()).collect()
                    };
                    ratio(&sample(1.0), &sample(1.25)).unwrap()
                });
            }
        }
    }
}
