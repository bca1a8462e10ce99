// SPDX-License-Identifier: GPL-2.0-only

//! Which cells of a group are best and worst by a figure, and which cannot be told apart from the best.
//!
//! All cells of a run were measured in the same rounds, so they are compared round by round: an effect of a round on
//! all cells does not count. All pairs of a group by all ranked figures, and all groups of a run, are tested together,
//! see [`simrupt_statistics::Test`]. The reason: the best cell is chosen afterwards, so any pair may be the one that
//! decides, and a report makes statements about all of them.

use std::collections::BTreeSet;

use super::group::{FLOOR, Group, by_round, figure_of};
use super::metric::{Metric, ROUNDING, THRESHOLD};
use super::number::counted;
use crate::results::{Environment, Results};
use simrupt_statistics::{Figure, LEVEL, Test, Tested, power};

/// The place of a cell in its group, by one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Measured for comparison, not to win: the top half does everything.
    Floor,
    Best,
    /// Not significantly different from the best, or the difference is too small to count.
    AsBest,
    Worst,
    Between,
    /// It has no figure, or nothing is ranked.
    Unknown,
}

impl Mark {
    /// The mark in one word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Best => "best",
            Self::AsBest => "≈ best",
            Self::Worst => "worst",
            Self::Between | Self::Unknown => "",
        }
    }
}

/// Whether the figures of an environment may be ranked: with grade D they may be of something else than the flavors.
pub(super) fn may_rank(environment: &Environment) -> bool {
    environment.grade != "D"
}

/// The ranking of a group's cells by one figure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ranking {
    pub(super) metric: Metric<'static>,
    /// The marks of all cells, in the order of the group.
    pub(super) marks: Vec<Mark>,
    /// The cells that compete, the best first: those with the figure, without the floor.
    pub(super) order: Vec<usize>,
    /// The floor, if it has the figure.
    pub(super) floor: Option<usize>,
    /// Whether the floor is told apart from the best.
    pub(super) is_floor_apart: bool,
    /// Why there are no places although there could be.
    pub(super) note: Option<String>,
}

impl Ranking {
    /// Whether the cells have places: there are at least two cells, and enough rounds.
    pub(super) fn has_places(&self) -> bool {
        self.marks.contains(&Mark::Best)
    }

    /// Whether a cell is the best, or not told apart from it.
    pub(super) fn is_among_best(&self, at: usize) -> bool {
        matches!(self.marks[at], Mark::Best | Mark::AsBest)
    }
}

/// The rankings of all groups of a run by all ranked figures.
pub(super) struct Rankings(Vec<Vec<Ranking>>);

impl Rankings {
    /// Ranks the cells of all groups. The groups are those of the results, or some of them.
    pub(super) fn of(groups: &[Group<'_>], results: &Results) -> Self {
        let rounds = all_rounds(groups);
        let may_rank = may_rank(&results.environment);
        let mut figures = Vec::new();
        let mut ranked: Vec<Vec<Contest<'_>>> = Vec::new();
        for group in groups {
            let contests = group.ranked_metrics().into_iter();
            let contests: Vec<_> = contests
                .map(|metric| Contest::of(group, metric, may_rank))
                .collect();
            for contest in &contests {
                figures.extend(contest.figures(&rounds));
            }
            ranked.push(contests);
        }
        let test = Test {
            floor: ROUNDING,
            seed: results.plan.seed,
        };
        let mut tested = test.pairs(&figures).into_iter();
        let rankings = ranked.into_iter().map(|contests| {
            let rankings = contests.into_iter().map(|contest| {
                let pairs: Vec<Tested> = tested.by_ref().take(contest.pairs()).collect();
                contest.decided(&pairs)
            });
            rankings.collect()
        });
        Self(rankings.collect())
    }

    /// The ranking of the group at this index by a metric; `None` if that is not ranked.
    pub(super) fn get(&self, group: usize, metric: Metric<'_>) -> Option<&Ranking> {
        let rankings = self.0.get(group)?;
        rankings.iter().find(|ranking| ranking.metric == metric)
    }
}

/// The numbers of all rounds of all cells, ascending.
fn all_rounds(groups: &[Group<'_>]) -> Vec<u32> {
    let cells = groups.iter().flat_map(|group| &group.cells);
    let rounds = cells.flat_map(|cell| &cell.rounds).map(|round| round.round);
    rounds.collect::<BTreeSet<u32>>().into_iter().collect()
}

/// The cells of a group with a figure, before their pairs are tested.
struct Contest<'a> {
    group: &'a Group<'a>,
    ranking: Ranking,
    /// The cells that are compared with each other, the best first and the floor last; empty if nothing is ranked.
    compared: Vec<usize>,
}

impl<'a> Contest<'a> {
    fn of(group: &'a Group<'a>, metric: Metric<'static>, may_rank: bool) -> Self {
        let value = |at: &usize| figure_of(group.cells[*at], metric);
        let is_floor = |at: &usize| group.cells[*at].setting.flavor == FLOOR;
        let known = (0..group.cells.len()).filter(|at| value(at).is_some());
        let (floor, mut order): (Vec<usize>, Vec<usize>) = known.partition(is_floor);
        order.sort_by(|a, b| {
            let (a, b) = (value(a).unwrap_or(f64::NAN), value(b).unwrap_or(f64::NAN));
            match metric.more_is_better() {
                true => b.total_cmp(&a),
                false => a.total_cmp(&b),
            }
        });
        let mark = |at: usize| match floor.contains(&at) {
            true => Mark::Floor,
            false => Mark::Unknown,
        };
        let rounds = shared_rounds(group, &order);
        // A single cell is not the best of anything.
        let (note, compared) = match order.len() > 1 && may_rank {
            false => (None, Vec::new()),
            true if power::can_rank(rounds) => (None, [order.clone(), floor.clone()].concat()),
            true => {
                let note = format!(
                    "too few rounds to rank: {}, and it takes {}",
                    counted(rounds, "round"),
                    power::least_rounds_to_rank()
                );
                (Some(note), Vec::new())
            }
        };
        Self {
            group,
            compared,
            ranking: Ranking {
                metric,
                marks: (0..group.cells.len()).map(mark).collect(),
                order,
                floor: floor.first().copied(),
                is_floor_apart: false,
                note,
            },
        }
    }

    /// How many pairs there are.
    fn pairs(&self) -> usize {
        let count = self.compared.len();
        count * count.saturating_sub(1) / 2
    }

    /// All pairs, those with the best first, in the order of the cells that are compared.
    fn figures(&self, rounds: &[u32]) -> Vec<Figure> {
        let cells = self.compared.iter().map(|at| self.group.cells[*at]);
        let values: Vec<Vec<Option<f64>>> = cells
            .map(|cell| by_round(cell, self.ranking.metric, rounds))
            .collect();
        let mut figures = Vec::new();
        for (at, before) in values.iter().enumerate() {
            figures.extend(values[at + 1..].iter().map(|after| Figure {
                before: before.clone(),
                after: after.clone(),
            }));
        }
        figures
    }

    /// The places, from the tests of all pairs.
    fn decided(self, pairs: &[Tested]) -> Ranking {
        let mut ranking = self.ranking;
        let [best, others @ ..] = self.compared.as_slice() else {
            return ranking;
        };
        let metric = ranking.metric;
        let value = |at: usize| figure_of(self.group.cells[at], metric).unwrap_or(f64::NAN);
        let worst = ranking.order.last().map(|at| value(*at));
        for (at, tested) in others.iter().zip(pairs) {
            let difference = value(*at) - value(*best);
            let is_large = difference.abs() >= metric.least_difference(value(*best), THRESHOLD);
            // The statistic is of means, the places are of medians: they must agree.
            let agrees = tested.rises == (difference > 0.0);
            let is_apart = tested.p <= LEVEL && is_large && agrees;
            if ranking.marks[*at] == Mark::Floor {
                ranking.is_floor_apart = is_apart;
                continue;
            }
            ranking.marks[*at] = match is_apart {
                false => Mark::AsBest,
                true if Some(value(*at)) == worst => Mark::Worst,
                true => Mark::Between,
            };
        }
        ranking.marks[*best] = Mark::Best;
        ranking
    }
}

/// The number of rounds in which at least two of these cells were measured.
fn shared_rounds(group: &Group<'_>, cells: &[usize]) -> usize {
    let rounds_of = |at: &usize| group.cells[*at].rounds.iter().map(|round| round.round);
    let all: BTreeSet<u32> = cells.iter().flat_map(rounds_of).collect();
    let is_shared = |round: &&u32| {
        let having = cells
            .iter()
            .filter(|at| rounds_of(at).any(|one| one == **round));
        having.count() > 1
    };
    all.iter().filter(is_shared).count()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::report::group::groups;
    use crate::results::Cell;
    use crate::sample;
    use simrupt_statistics::noise::{KINDS, Noise};

    /// A run with one group, in which the flavors' rounds have these values.
    fn run(flavors: &[(&str, &[f64])]) -> Results {
        let mut results = sample::results();
        let cells = flavors.iter();
        results.cells = cells
            .map(|(flavor, values)| sample::cell_of(flavor, "irq_bh_p50_ns", values))
            .collect();
        results
    }

    /// The ranking of its only group.
    fn ranking(results: &Results) -> Ranking {
        let groups = groups(results);
        let rankings = Rankings::of(&groups, results);
        rankings.get(0, groups[0].main_metric()).unwrap().clone()
    }

    fn of(flavors: &[(&str, &[f64])]) -> Ranking {
        ranking(&run(flavors))
    }

    /// Six different rounds around a value, with this spread.
    fn about(value: f64, by: f64) -> Vec<f64> {
        let steps = [0.3, -1.0, 0.6, 1.0, -0.4, -0.1];
        steps.map(|step| value + by * step).to_vec()
    }

    #[test]
    fn the_floor_is_no_competitor() {
        let ranking = of(&[
            ("none", &about(1.0, 0.01)),
            ("bh", &about(2.0, 0.1)),
            ("bound", &about(5.0, -0.1)),
            ("unbound", &about(7.0, 0.1)),
        ]);
        let marks = [Mark::Floor, Mark::Best, Mark::Between, Mark::Worst];
        assert_eq!(ranking.marks, marks);
        assert_eq!((ranking.order, ranking.floor), (vec![1, 2, 3], Some(0)));
        assert!(ranking.is_floor_apart);
        assert_eq!(ranking.note, None);
    }

    #[test]
    fn the_floor_may_be_no_better_than_the_best() {
        let ranking = of(&[
            ("none", &about(2.01, 0.4)),
            ("bh", &about(2.0, -0.4)),
            ("bound", &about(5.0, 0.1)),
        ]);
        assert_eq!(ranking.marks, [Mark::Floor, Mark::Best, Mark::Worst]);
        assert!(!ranking.is_floor_apart);
    }

    #[test]
    fn a_difference_that_is_too_small_does_not_count() {
        let times = |factor: f64| -> Vec<f64> {
            about(200.0, 1.0).iter().map(|one| one * factor).collect()
        };
        let ranking = of(&[
            ("bh", &times(1.0)),
            ("tasklet", &times(1.019)),
            ("bound", &times(1.021)),
        ]);
        assert_eq!(ranking.marks, [Mark::Best, Mark::AsBest, Mark::Worst]);
    }

    #[test]
    fn of_grade_d_nothing_is_ranked() {
        let mut results = run(&[("none", &[1.0; 6]), ("bh", &[2.0; 6]), ("bound", &[9.0; 6])]);
        assert!(ranking(&results).has_places());
        results.environment.grade = "D".to_string();
        let ranking = ranking(&results);
        assert_eq!(ranking.marks, [Mark::Floor, Mark::Unknown, Mark::Unknown]);
        assert!(!ranking.has_places());
    }

    #[test]
    fn a_cell_that_cannot_be_told_apart_from_the_best_is_marked_so() {
        let ranking = of(&[
            ("bh", &about(2.0, 0.4)),
            ("bh-highpri", &about(2.1, -0.4)),
            ("bound", &about(5.0, 0.1)),
        ]);
        assert_eq!(ranking.marks, [Mark::Best, Mark::AsBest, Mark::Worst]);
        let equal = of(&[("bh", &[2.0; 6]), ("bound", &[2.0; 6])]);
        assert_eq!(equal.marks, [Mark::Best, Mark::AsBest]);
    }

    #[test]
    fn a_difference_in_every_round_counts_however_much_the_rounds_differ() {
        let slow_rounds = about(20.0, 15.0);
        let a_little_more: Vec<f64> = slow_rounds.iter().map(|value| value * 1.05).collect();
        let ranking = of(&[("bh", &slow_rounds), ("bound", &a_little_more)]);
        assert_eq!(ranking.marks, [Mark::Best, Mark::Worst]);
    }

    #[test]
    fn five_rounds_are_too_few_and_nothing_is_marked() {
        let ranking = of(&[("none", &[1.0; 5]), ("bh", &[2.0; 5]), ("bound", &[9.0; 5])]);
        assert_eq!(ranking.marks, [Mark::Floor, Mark::Unknown, Mark::Unknown]);
        let note = "too few rounds to rank: 5 rounds, and it takes 6";
        assert_eq!(ranking.note.as_deref(), Some(note));
    }

    #[test]
    fn without_a_figure_there_is_no_place() {
        let ranking = of(&[("bh", &[2.0; 6]), ("bound", &[])]);
        assert_eq!(ranking.marks, [Mark::Unknown, Mark::Unknown]);
        assert_eq!(ranking.note, None);
        assert_eq!(of(&[("none", &[1.0])]).marks, [Mark::Floor]);
    }

    /// In at most 5 of 100 reports of equal flavors, any flavor is told apart from the best, by any figure of any load.
    /// These are 2,000 of each kind if the environment has WHOLE=1; else 500, and three standard deviations more may be.
    #[test]
    fn simulation_equal_flavors_are_as_good_as_the_best() {
        let (reports, most) = match sample::is_whole() {
            true => (2000, 100.0),
            false => (500, sample::most_of_5_percent(500)),
        };
        for kind in KINDS {
            for (loads, flavors, rounds) in [
                (1, 3, 6),
                (1, 11, 6),
                (1, 6, 9),
                (1, 11, 12),
                (4, 3, 9),
                (2, 4, 12),
            ] {
                let mut noise = Noise::new(kind, flavors * 100 + rounds);
                let told_apart = (0..reports).filter(|_| {
                    let of_round: Vec<f64> = (0..rounds).map(|_| noise.draw()).collect();
                    let mut cell = |load: u64| -> Cell {
                        let mut cell: Option<Cell> = None;
                        for metric in ["irq_bh_p50_ns", "due_read_p99_ns"] {
                            let value = |common: &f64| 100.0 + 20.0 * common + 10.0 * noise.draw();
                            let values: Vec<f64> = of_round.iter().map(value).collect();
                            let other = sample::cell_of("bh", metric, &values);
                            match &mut cell {
                                None => cell = Some(other),
                                Some(cell) => add(cell, other),
                            }
                        }
                        let mut cell = cell.unwrap();
                        cell.setting.rate_hz = Some(load);
                        cell
                    };
                    let mut results = EMPTY.clone();
                    results.cells = (0..loads)
                        .flat_map(|load| (0..flavors).map(move |_| load))
                        .map(&mut cell)
                        .collect();
                    let groups = groups(&results);
                    let rankings = Rankings::of(&groups, &results);
                    let marks = rankings.0.iter().flatten().flat_map(|one| &one.marks);
                    marks
                        .filter(|mark| matches!(mark, Mark::Between | Mark::Worst))
                        .count()
                        > 0
                });
                let told_apart = told_apart.count();
                println!(
                    "{kind:?}, {loads} loads, {flavors} flavors, {rounds} rounds: {told_apart} of {reports}"
                );
                assert!(told_apart as f64 <= most);
            }
        }
    }

    /// A run without cells.
    static EMPTY: LazyLock<Results> = LazyLock::new(|| Results {
        cells: Vec::new(),
        knees: Vec::new(),
        ..sample::results()
    });

    /// Adds the metrics of another cell of the same rounds.
    fn add(cell: &mut Cell, other: Cell) {
        cell.metrics.extend(other.metrics);
        for (round, other) in cell.rounds.iter_mut().zip(other.rounds) {
            round.metrics.extend(other.metrics);
        }
    }
}
