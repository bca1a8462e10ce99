// SPDX-License-Identifier: GPL-2.0-only

//! Student's distribution.

use std::f64::consts::FRAC_2_PI;

/// The probability that the absolute value of Student's t with this many degrees of freedom exceeds `t`.
///
/// The finite series of Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.7.3 and 26.7.4.
fn two_tails(t: f64, freedom: u32) -> f64 {
    let angle = (t / f64::from(freedom).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let square = cosine * cosine;
    let (mut term, mut sum) = if freedom % 2 == 0 {
        (1.0, 1.0)
    } else {
        (cosine, cosine)
    };
    let first = if freedom % 2 == 0 { 2 } else { 3 };
    for step in (first..freedom).step_by(2) {
        term *= square * f64::from(step - 1) / f64::from(step);
        sum += term;
    }
    let within = match freedom {
        1 => FRAC_2_PI * angle,
        odd if odd % 2 == 1 => FRAC_2_PI * (angle + sine * sum),
        _ => sine * sum,
    };
    1.0 - within
}

/// The value that the absolute value of Student's t exceeds with this probability, by bisection.
pub(super) fn quantile(two_tailed: f64, freedom: u32) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while two_tails(high, freedom) > two_tailed && high < 1e9 {
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        match two_tails(middle, freedom) > two_tailed {
            true => low = middle,
            false => high = middle,
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (two_tailed, freedom, expected) in [
            (0.05, 1, 12.706),
            (0.05, 2, 4.303),
            (0.05, 5, 2.571),
            (0.05, 8, 2.306),
            (0.01, 22, 2.819),
            (0.001, 9, 4.781),
            (0.001, 100, 3.390),
            (0.0002, 18, 4.648),
        ] {
            let found = quantile(two_tailed, freedom);
            assert!(
                (found - expected).abs() < 0.001,
                "{two_tailed}, {freedom}: {found}"
            );
        }
    }
}
