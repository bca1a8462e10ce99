// SPDX-License-Identifier: GPL-2.0-only

//! Which of many figures differ between two runs, or within one. The probability of a false alarm is that of all
//! figures together.
//!
//! The test is a permutation test of whole rounds with the greatest statistic, step down: Westfall and Young,
//! "Resampling-Based Multiple Testing" (1993), algorithm 4.1; Ge, Dudoit and Speed, "Resampling-based Multiple
//! Testing for Microarray Data Analysis" (2003). If nothing has changed, any round may have been of either run. So
//! rounds exchange their labels, all figures of a round together, and the greatest statistic of all figures is
//! taken each time. A figure has changed when its own statistic is greater than 95 % of these.
//!
//! - It assumes no distribution, and nothing about the dependence of figures: figures of a round that rise and fall
//!   together do so in every exchange. A correction that only counts the figures, such as Holm's (1979), treats them as
//!   independent, and needs more rounds the more figures there are.
//! - The statistic is Student's, of logarithms if all values are above 0. So figures with little and with much noise
//!   are comparable. A floor under the noise covers figures that are rounded to equal values.
//! - p is exact if there are few exchanges. If there are many, some are drawn, and the observed one is counted with
//!   them: Phipson and Smyth, "Permutation P-values Should Never Be Zero" (2010). Drawing ends when nothing can become
//!   significant any more: Besag and Clifford, "Sequential Monte Carlo p-values" (1991).

use crate::LEVEL;
use crate::column::Column;
use crate::relabel::{DRAWS, Labels};
use crate::student_sums::StudentSums;

/// Statistics that differ by less than this share are equal: they were summed up in different orders.
const ROUNDING: f64 = 1e-9;

/// A figure in every round of two samples; a round that does not have it has `None`. All figures of a test have
/// the same rounds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figure {
    /// The rounds of the first sample.
    pub before: Vec<Option<f64>>,
    /// The rounds of the second sample.
    pub after: Vec<Option<f64>>,
}

/// The result of a test for a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// The probability that chance makes any of all figures differ as much, 0 to 1: adjusted for their number.
    pub p: f64,
    /// The least possible p with this number of rounds. Above [`LEVEL`], there were too few rounds to tell.
    pub least_p: f64,
    /// Whether the values after are greater than those before, on average.
    pub rises: bool,
}

/// The parameters of the test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// The least standard deviation that is assumed for a round, as a share of its value.
    pub floor: f64,
    /// The seed of the exchanges that are drawn.
    pub seed: u64,
}

impl Test {
    /// Tests figures of two independent runs. Rounds in which no figure was measured do not count.
    pub fn runs(self, figures: &[Figure]) -> Vec<Tested> {
        let measured = |side: fn(&Figure) -> &Vec<Option<f64>>| -> Vec<usize> {
            let rounds = 0..figures.first().map_or(0, |figure| side(figure).len());
            rounds
                .filter(|round| figures.iter().any(|figure| side(figure)[*round].is_some()))
                .collect()
        };
        let before = measured(|figure| &figure.before);
        let after = measured(|figure| &figure.after);
        let columns: Vec<Column> = figures
            .iter()
            .map(|figure| {
                let values = before.iter().map(|round| figure.before[*round]);
                let values = values.chain(after.iter().map(|round| figure.after[*round]));
                Column::of_runs(&values.collect::<Vec<_>>(), before.len())
            })
            .collect();
        let labels = Labels::Runs(before.len(), after.len());
        let observed: Vec<usize> = (before.len()..before.len() + after.len()).collect();
        self.max_t(&columns, labels, &observed)
    }

    /// Tests figures that were measured side by side, round by round: an effect of a round on both does not count.
    pub fn pairs(self, figures: &[Figure]) -> Vec<Tested> {
        let rounds = figures
            .iter()
            .map(|figure| figure.before.len().min(figure.after.len()));
        let rounds = rounds.max().unwrap_or(0);
        let both = |figure: &Figure, round: usize| {
            let before = figure.before.get(round).copied().flatten()?;
            Some((before, figure.after.get(round).copied().flatten()?))
        };
        let measured: Vec<usize> = (0..rounds)
            .filter(|round| figures.iter().any(|figure| both(figure, *round).is_some()))
            .collect();
        let columns: Vec<Column> = figures
            .iter()
            .map(|figure| {
                let pairs = measured.iter().map(|round| both(figure, *round));
                Column::of_pairs(&pairs.collect::<Vec<_>>())
            })
            .collect();
        self.max_t(&columns, Labels::Pairs(measured.len()), &[])
    }

    /// The step-down test; `observed` are the rounds that the original labels select.
    fn max_t(self, columns: &[Column], labels: Labels, observed: &[usize]) -> Vec<Tested> {
        let mut tested: Vec<Tested> = columns
            .iter()
            .map(|column| Tested {
                p: 1.0,
                least_p: column.labels.least_p(),
                rises: column.difference > 0.0,
            })
            .collect();
        // Without any variation, there is nothing to test.
        let mut order: Vec<usize> = (0..columns.len())
            .filter(|at| columns[*at].squares > 0.0 && tested[*at].least_p <= LEVEL)
            .collect();
        if order.is_empty() {
            return tested;
        }
        let mut statistics = StudentSums::new(columns, &order, self.floor);
        let first = statistics.of(observed).to_vec();
        let mut places: Vec<usize> = (0..order.len()).collect();
        places.sort_by(|a, b| first[*b].total_cmp(&first[*a]));
        order = places.iter().map(|place| order[*place]).collect();
        let reached: Vec<f64> = places
            .iter()
            .map(|place| first[*place] * (1.0 - ROUNDING))
            .collect();

        // From here on, the figure with the greatest statistic comes first.
        let mut statistics = StudentSums::new(columns, &order, self.floor);
        let mut exceeded = vec![0_u32; order.len()];
        let mut drawn = 0_u32;
        let enough = (LEVEL * (DRAWS + 1) as f64) as u32;
        labels.each(self.seed, |selected| {
            let mut greatest = 0.0_f64;
            let found = statistics
                .of(selected)
                .iter()
                .zip(&reached)
                .zip(&mut exceeded);
            for ((found, reached), exceeded) in found.rev() {
                greatest = greatest.max(*found);
                *exceeded += u32::from(greatest >= *reached);
            }
            drawn += 1;
            labels.is_exact() || exceeded[0] < enough
        });
        let share = |count: u32| match labels.is_exact() {
            true => f64::from(count) / f64::from(drawn),
            false => f64::from(count + 1) / f64::from(drawn + 1),
        };
        let mut p = 0.0_f64;
        for (figure, count) in order.into_iter().zip(exceeded) {
            p = p.max(share(count)).min(1.0);
            tested[figure].p = p;
        }
        tested
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Kind, Noise};

    const TEST: Test = Test {
        floor: 0.0045,
        seed: 1,
    };

    fn figure(before: &[f64], after: &[f64]) -> Figure {
        let all = |values: &[f64]| values.iter().copied().map(Some).collect();
        Figure {
            before: all(before),
            after: all(after),
        }
    }

    /// Figures that consist of noise only.
    fn noise(count: usize, rounds: usize) -> Vec<Figure> {
        let mut noise = Noise::new(Kind::Normal, 1);
        let mut run = || -> Vec<f64> { (0..rounds).map(|_| 100.0 + noise.draw()).collect() };
        (0..count).map(|_| figure(&run(), &run())).collect()
    }

    #[test]
    fn the_p_of_one_figure_is_its_share_of_all_exchanges() {
        let apart = figure(&[1.0, 1.1, 1.2, 1.3], &[2.0, 2.1, 2.2, 2.3]);
        let [tested] = TEST.runs(&[apart])[..] else {
            panic!("one figure has one answer");
        };
        assert_eq!((tested.p, tested.least_p), (2.0 / 70.0, 2.0 / 70.0));
        assert!(tested.rises);
        // Of 70 exchanges, 4 separate the sums at least as far: those after are 21 and 22, or 7 and 6.
        let mixed = figure(&[0.0, 1.0, 2.0, 4.0], &[3.0, 5.0, 6.0, 7.0]);
        assert_eq!(TEST.runs(&[mixed])[0].p, 4.0 / 70.0);
        // Three rounds of each can tell nothing, whatever their values.
        let tested = TEST.runs(&[figure(&[1.0, 1.1, 1.2], &[9.0, 9.1, 9.2])])[0];
        assert_eq!((tested.p, tested.least_p), (1.0, 0.1));
    }

    #[test]
    fn the_p_of_pairs_is_its_share_of_all_signs() {
        let before = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0];
        let more = before.map(|value| value * 1.1);
        let tested = TEST.pairs(&[figure(&before, &more), figure(&more, &before)]);
        for (tested, rises) in tested.iter().zip([true, false]) {
            assert_eq!((tested.p, tested.least_p), (2.0 / 64.0, 2.0 / 64.0));
            assert_eq!(tested.rises, rises);
        }
        // Unpaired, the rounds differ far too much.
        assert!(TEST.runs(&[figure(&before, &more)])[0].p > 0.5);
    }

    #[test]
    fn more_figures_make_each_less_significant_and_equal_ones_do_not() {
        let apart = figure(
            &[98.0, 99.0, 101.0, 100.0, 99.5],
            &[100.5, 99.8, 102.0, 101.5, 100.6],
        );
        let alone = TEST.runs(std::slice::from_ref(&apart))[0].p;
        let copies = TEST.runs(&vec![apart.clone(); 100]);
        assert!(copies.iter().all(|tested| tested.p == alone));
        let mut many = noise(100, 5);
        many.push(apart);
        let among_many = TEST.runs(&many)[100].p;
        assert!(among_many > alone, "{among_many}, {alone}");
    }

    /// The step down: after the greatest is significant, the next one is compared with the others only.
    #[test]
    fn each_figure_is_held_against_those_below_it() {
        let figures = noise(5, 5);
        let tested = TEST.runs(&figures);
        let mut order: Vec<usize> = (0..5).collect();
        order.sort_by(|a, b| tested[*a].p.total_cmp(&tested[*b].p));
        for (at, figure) in order.iter().enumerate() {
            let below: Vec<Figure> = order[at..].iter().map(|at| figures[*at].clone()).collect();
            let p = TEST.runs(&below)[0].p;
            let before = at.checked_sub(1).map_or(0.0, |at| tested[order[at]].p);
            assert!((tested[*figure].p - p.max(before)).abs() < 1e-12);
        }
    }

    #[test]
    fn figures_without_variation_are_not_tested() {
        let equal = figure(&[7.0; 5], &[7.0; 5]);
        assert_eq!(TEST.runs(&[equal])[0].p, 1.0);
        assert_eq!(TEST.runs(&[]), []);
        assert_eq!(TEST.runs(&[figure(&[], &[])])[0].least_p, 1.0);
        assert_eq!(TEST.pairs(&[figure(&[], &[])])[0].least_p, 1.0);
    }

    #[test]
    fn rounds_that_a_figure_lacks_do_not_count() {
        let mut partly = figure(&[1.0, 0.0, 1.1, 1.2, 1.3], &[2.0, 2.1, 0.0, 2.2, 2.3]);
        partly.before[1] = None;
        partly.after[2] = None;
        let tested = TEST.runs(std::slice::from_ref(&partly));
        assert_eq!(tested[0].least_p, 2.0 / 70.0);
        assert_eq!(tested[0].p, 2.0 / 70.0);
        // Among others that have all rounds, its exchanges are those of the others.
        let mut figures = vec![partly.clone()];
        figures.extend(noise(3, 5));
        let tested = TEST.runs(&figures);
        assert!((0.008..0.3).contains(&tested[0].p), "{}", tested[0].p);
        // Three rounds are left that have both.
        assert_eq!(TEST.pairs(&[partly])[0].least_p, 0.25);
    }

    #[test]
    fn many_rounds_are_drawn_and_repeat_with_their_seed() {
        let mut figures = noise(20, 12);
        figures.push(figure(&[1.0; 12], &[1.2; 12]));
        let tested = TEST.runs(&figures);
        assert_eq!(tested, TEST.runs(&figures));
        assert_eq!(tested[20].p, 1.0 / 2000.0);
        let others = tested[..20].iter().map(|tested| tested.p);
        assert!(others.fold(1.0, f64::min) > 0.05);
    }

    #[test]
    fn figures_that_are_0_or_below_are_compared_as_they_are() {
        let losses = figure(&[0.0; 5], &[0.1, 0.12, 0.11, 0.13, 0.1]);
        let tested = TEST.runs(&[losses])[0];
        assert_eq!(tested.p, 2.0 / 252.0);
        assert!(tested.rises);
    }
}
