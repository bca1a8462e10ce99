// SPDX-License-Identifier: GPL-2.0-only

//! The differences that a comparison will be able to find, before anything is measured.

use fastrand::Rng;

use crate::LEVEL;
use crate::relabel::Labels;
use crate::student::quantile;

/// The usual number of rounds of a run. With these, a change of 10 % of one of 240 figures at 3 % of noise is found in
/// more than 95 of 100 comparisons, whether the noise is normal, skewed or bimodal. A test checks this.
pub const USUAL_ROUNDS: u32 = 12;

/// How often a difference must be found to count as one that can be found.
const POWER: f64 = 0.95;

/// The number of trials for that.
const TRIALS: usize = 4000;

const SEED: u64 = 1;

/// The least number of rounds of each of two runs with which any difference can be told from chance.
pub fn least_rounds_to_compare() -> usize {
    least_rounds(|rounds| Labels::Runs(rounds, rounds))
}

/// The least number of rounds of a run with which any two of its cells can be told apart.
pub fn least_rounds_to_rank() -> usize {
    least_rounds(Labels::Pairs)
}

fn least_rounds(labels: impl Fn(usize) -> Labels) -> usize {
    let enough = |rounds: &usize| labels(*rounds).least_p() <= LEVEL;
    (1..).find(enough).unwrap_or(usize::MAX)
}

/// Whether these numbers of rounds are enough to tell any difference from chance.
pub fn can_compare(before: usize, after: usize) -> bool {
    Labels::Runs(before, after).least_p() <= LEVEL
}

/// Whether this number of rounds is enough to tell any two cells of a run apart.
pub fn can_rank(rounds: usize) -> bool {
    Labels::Pairs(rounds).least_p() <= LEVEL
}

/// The difference of one of `figures` figures that is found in about 95 of 100 comparisons, in standard deviations of
/// the figure from round to round. For figures above 0, both are of its logarithm. `None` if there are too few rounds
/// to find any.
///
/// It is computed for normal noise, independent figures, and Student's test at the level that is left for each. The
/// permutation test comes close to it; a simulation of comparisons shows how close.
pub fn least_difference(before: usize, after: usize, figures: usize) -> Option<f64> {
    if !can_compare(before, after) || figures == 0 {
        return None;
    }
    let freedom = before + after - 2;
    // With few rounds, p has large steps, and the last step within the level is below it.
    let least = Labels::Runs(before, after).least_p();
    let level = (LEVEL / least).floor() * least;
    let level = 1.0 - (1.0 - level).powf(1.0 / figures as f64);
    let limit = quantile(level, u32::try_from(freedom).unwrap_or(u32::MAX));
    let error = (1.0 / before as f64 + 1.0 / after as f64).sqrt();
    let mut rng = Rng::with_seed(SEED);
    // The difference must compensate for an estimate that is off, and exceed the limit of the observed noise.
    let mut needed: Vec<f64> = (0..TRIALS)
        .map(|_| {
            let off = normal(&mut rng);
            let squares: f64 = (0..freedom).map(|_| normal(&mut rng).powi(2)).sum();
            error * (limit * (squares / freedom as f64).sqrt() - off)
        })
        .collect();
    needed.sort_unstable_by(f64::total_cmp);
    Some(needed[(POWER * TRIALS as f64) as usize])
}

/// A value of the normal distribution: Box and Muller, "A Note on the Generation of Random Normal Deviates" (1958).
pub(super) fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.f64()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_rounds_compare_and_six_rank() {
        assert_eq!(least_rounds_to_compare(), 4);
        assert_eq!(least_rounds_to_rank(), 6);
        assert!(can_compare(4, 4) && !can_compare(3, 3) && can_compare(3, 12));
        assert!(can_rank(6) && !can_rank(5));
    }

    #[test]
    fn more_rounds_find_less_and_more_figures_take_more() {
        let find = |rounds, figures| least_difference(rounds, rounds, figures).unwrap();
        assert!(find(12, 240) < find(9, 240) && find(9, 240) < find(5, 240));
        assert!(find(12, 1) < find(12, 240) && find(12, 240) < find(12, 2400));
        assert_eq!(least_difference(3, 3, 240), None);
        // Tables of Student's test: with 17 values each, one standard deviation is found in 80 of 100 cases, and with
        // 12 each, 1.5 are found in 95.
        assert!((1.45..1.62).contains(&find(12, 1)), "{}", find(12, 1));
    }

    #[test]
    fn a_thousand_rounds_do_not_overflow() {
        assert!(least_difference(1000, 1000, 10_000).unwrap() < 0.5);
    }
}
