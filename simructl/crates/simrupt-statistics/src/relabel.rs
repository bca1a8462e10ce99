// SPDX-License-Identifier: GPL-2.0-only

//! The ways to exchange the labels of rounds: all of them if they are few, else some at random.

use fastrand::Rng;

use crate::shift::arrangements;

/// Up to this number of ways, all of them are used.
pub(super) const MOST_EXACT: f64 = 2_000.0;

/// How many are drawn if there are more.
pub(super) const DRAWS: usize = 1_999;

/// The kind of labels that are exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Labels {
    /// Rounds of one run, and rounds of another: any of them may belong to either.
    Runs(usize, usize),
    /// Rounds in which two things were measured side by side: in each of them, the two may be exchanged.
    Pairs(usize),
}

impl Labels {
    /// The number of ways.
    pub(super) fn ways(self) -> f64 {
        match self {
            Self::Runs(before, after) => arrangements(before, after),
            Self::Pairs(rounds) => 2_f64.powi(i32::try_from(rounds).unwrap_or(i32::MAX)),
        }
    }

    /// The least p of a two-sided test: the share of the observed way. If exchanging everything only changes the sign,
    /// that way is included.
    pub(super) fn least_p(self) -> f64 {
        let same = match self {
            Self::Runs(0, _) | Self::Runs(_, 0) | Self::Pairs(0) => return 1.0,
            Self::Runs(before, after) if before != after => 1.0,
            Self::Runs(..) | Self::Pairs(_) => 2.0,
        };
        (same / self.ways()).min(1.0)
    }

    /// Whether all ways are used.
    pub(super) fn is_exact(self) -> bool {
        self.ways() <= MOST_EXACT
    }

    /// For each way, calls `use_rounds` with the rounds that belong to the second run, or whose two are exchanged,
    /// until it returns false.
    pub(super) fn each(self, seed: u64, mut use_rounds: impl FnMut(&[usize]) -> bool) {
        let mut rng = Rng::with_seed(seed);
        match self {
            Self::Runs(before, after) if self.is_exact() => {
                subsets(before + after, after, use_rounds);
            }
            Self::Runs(before, after) => {
                let mut rounds: Vec<usize> = (0..before + after).collect();
                for _ in 0..DRAWS {
                    for at in 0..after {
                        let other = rng.usize(at..rounds.len());
                        rounds.swap(at, other);
                    }
                    if !use_rounds(&rounds[..after]) {
                        return;
                    }
                }
            }
            Self::Pairs(count) => {
                let ways = if self.is_exact() { 1 << count } else { DRAWS };
                let mut rounds = Vec::with_capacity(count);
                for way in 0..ways {
                    rounds.clear();
                    let exact = self.is_exact();
                    let mut exchanged = |at: usize| match exact {
                        true => (way >> at) & 1 == 1,
                        false => rng.bool(),
                    };
                    rounds.extend((0..count).filter(|at| exchanged(*at)));
                    if !use_rounds(&rounds) {
                        return;
                    }
                }
            }
        }
    }
}

/// All subsets of `chosen` of `count` numbers, in lexicographic order.
fn subsets(count: usize, chosen: usize, mut use_subset: impl FnMut(&[usize]) -> bool) {
    let mut subset: Vec<usize> = (0..chosen).collect();
    loop {
        if !use_subset(&subset) {
            return;
        }
        // The last number that can still grow does, and those after it follow.
        let grows = |at: &usize| subset[*at] < count - chosen + at;
        let Some(at) = (0..chosen).rev().find(grows) else {
            return;
        };
        subset[at] += 1;
        for behind in at + 1..chosen {
            subset[behind] = subset[behind - 1] + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all(labels: Labels) -> Vec<Vec<usize>> {
        let mut all = Vec::new();
        labels.each(1, |rounds| {
            all.push(rounds.to_vec());
            true
        });
        all
    }

    #[test]
    fn if_there_are_few_ways_each_is_used_once() {
        for (labels, ways) in [
            (Labels::Runs(4, 4), 70),
            (Labels::Runs(2, 5), 21),
            (Labels::Runs(1, 1), 2),
            (Labels::Pairs(6), 64),
        ] {
            let all = all(labels);
            assert_eq!(all.len(), ways, "{labels:?}");
            assert_eq!(labels.ways(), ways as f64);
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), ways);
        }
    }

    #[test]
    fn if_there_are_many_ways_some_are_drawn_and_all_rounds_equally_often() {
        for labels in [Labels::Runs(12, 12), Labels::Pairs(24)] {
            let all = all(labels);
            assert_eq!(all.len(), DRAWS);
            let mut counts = [0; 24];
            for round in all.iter().flatten() {
                counts[*round] += 1;
            }
            // Half of the draws, up to five standard deviations.
            assert!(
                counts.iter().all(|count| (888..1112).contains(count)),
                "{counts:?}"
            );
        }
        assert!(Labels::Runs(12, 12).ways() > 2_700_000.0);
    }

    #[test]
    fn the_least_p_is_that_of_the_observed_way_and_its_mirror_image() {
        for (labels, least) in [
            (Labels::Runs(3, 3), 0.1),
            (Labels::Runs(4, 4), 2.0 / 70.0),
            (Labels::Runs(5, 5), 2.0 / 252.0),
            (Labels::Runs(2, 5), 1.0 / 21.0),
            (Labels::Runs(0, 5), 1.0),
            (Labels::Pairs(5), 0.0625),
            (Labels::Pairs(6), 0.03125),
            (Labels::Pairs(1), 1.0),
        ] {
            assert!((labels.least_p() - least).abs() < 1e-12, "{labels:?}");
        }
    }
}
