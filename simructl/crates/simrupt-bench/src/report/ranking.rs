// SPDX-License-Identifier: GPL-2.0-only

//! Which cells of a group are best and worst, and which cannot be told apart from the best.
//!
//! The cells of a group were measured in the same rounds, so they are compared round by round: what a round does to
//! all of them does not count. All pairs of a group are tested together, see
//! [`max_t`](crate::statistics): the best is chosen after the fact, so any pair may be the one that decides.

use std::collections::BTreeSet;

use super::group::{FLOOR, Group, by_round, figure_of};
use super::metric::ROUNDING;
use super::number::counted;
use crate::statistics::{Figure, LEVEL, Test, power};

/// The place of a cell in its group, by the group's main figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Measured to compare with, not to win: the top half does everything.
    Floor,
    Best,
    /// No significant difference from the best.
    AsBest,
    Worst,
    Between,
    /// It has no figure.
    Unknown,
}

impl Mark {
    /// In a word.
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

/// The places of a group's cells, in their order; and if there are none, why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ranking {
    pub(super) marks: Vec<Mark>,
    pub(super) note: Option<String>,
}

/// Ranks the cells of a group by its main figure.
pub(super) fn ranking(group: &Group<'_>, seed: u64) -> Ranking {
    let metric = group.main_metric();
    let value = |at: &usize| figure_of(group.cells[*at], metric);
    let is_floor = |at: &usize| group.cells[*at].setting.flavor == FLOOR;
    // The best comes first.
    let mut competitors: Vec<usize> = (0..group.cells.len())
        .filter(|at| !is_floor(at) && value(at).is_some())
        .collect();
    competitors.sort_by(|a, b| {
        let (a, b) = (value(a).unwrap_or(f64::NAN), value(b).unwrap_or(f64::NAN));
        match metric.more_is_better() {
            true => b.total_cmp(&a),
            false => a.total_cmp(&b),
        }
    });
    let mut marks: Vec<Mark> = (0..group.cells.len())
        .map(|at| match (value(&at), is_floor(&at)) {
            (None, _) => Mark::Unknown,
            (Some(_), true) => Mark::Floor,
            (Some(_), false) => Mark::Between,
        })
        .collect();
    // The only one is not the best of anything.
    let [best, _, ..] = competitors.as_slice() else {
        return Ranking { marks, note: None };
    };
    let rounds = shared_rounds(group, &competitors);
    if !power::can_rank(rounds.len()) {
        let note = format!(
            "too few rounds to rank: {}, and it takes {}",
            counted(rounds.len(), "round"),
            power::least_rounds_to_rank()
        );
        return Ranking {
            marks,
            note: Some(note),
        };
    }
    let worst = competitors.last().and_then(value);
    for (at, differs) in differ_from_first(group, &competitors, &rounds, seed) {
        marks[at] = match differs {
            false => Mark::AsBest,
            true if value(&at) == worst => Mark::Worst,
            true => Mark::Between,
        };
    }
    marks[*best] = Mark::Best;
    Ranking { marks, note: None }
}

/// The rounds in which at least two of these cells were measured, ascending.
fn shared_rounds(group: &Group<'_>, cells: &[usize]) -> Vec<u32> {
    let rounds_of = |at: &usize| group.cells[*at].rounds.iter().map(|round| round.round);
    let all: BTreeSet<u32> = cells.iter().flat_map(rounds_of).collect();
    let is_shared = |round: &u32| {
        let having = cells
            .iter()
            .filter(|at| rounds_of(at).any(|one| one == *round));
        having.count() > 1
    };
    all.into_iter().filter(is_shared).collect()
}

/// Whether each cell but the first differs from the first by more than chance, as all pairs of them say together.
fn differ_from_first(
    group: &Group<'_>,
    cells: &[usize],
    rounds: &[u32],
    seed: u64,
) -> Vec<(usize, bool)> {
    let metric = group.main_metric();
    let values: Vec<Vec<Option<f64>>> = cells
        .iter()
        .map(|at| by_round(group.cells[*at], metric, rounds))
        .collect();
    // The pairs with the first come first.
    let mut figures = Vec::new();
    for (at, before) in values.iter().enumerate() {
        figures.extend(values[at + 1..].iter().map(|after| Figure {
            before: before.clone(),
            after: after.clone(),
        }));
    }
    let test = Test {
        floor: ROUNDING,
        seed,
    };
    let tested = test.pairs(&figures);
    let others = cells[1..].iter().zip(tested);
    others
        .map(|(at, tested)| (*at, tested.p <= LEVEL))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::group::groups;
    use crate::results::Cell;
    use crate::sample;
    use crate::statistics::noise::{KINDS, Noise};

    /// The ranking of a group in which the flavors' rounds have these values.
    fn of(flavors: &[(&str, &[f64])]) -> Ranking {
        let mut results = sample::results();
        results.cells = flavors
            .iter()
            .map(|(flavor, values)| sample::cell_of(flavor, "irq_bh_p50_ns", values))
            .collect();
        ranking(&groups(&results)[0], 1)
    }

    /// Six rounds about a value, which differ by so much and no two alike.
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
        assert_eq!(ranking.note, None);
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
        assert_eq!(ranking.marks, [Mark::Floor, Mark::Between, Mark::Between]);
        let note = "too few rounds to rank: 5 rounds, and it takes 6";
        assert_eq!(ranking.note.as_deref(), Some(note));
    }

    #[test]
    fn without_a_figure_there_is_no_place() {
        let ranking = of(&[("bh", &[2.0; 6]), ("bound", &[])]);
        assert_eq!(ranking.marks, [Mark::Between, Mark::Unknown]);
        assert_eq!(ranking.note, None);
        assert_eq!(of(&[("none", &[1.0])]).marks, [Mark::Floor]);
    }

    /// In at most 5 of 100 tables of equal flavors, any is told apart from the best.
    #[test]
    fn simulation_equal_flavors_are_as_good_as_the_best() {
        const TABLES: usize = 2000;
        for kind in KINDS {
            for (flavors, rounds) in [(3, 6), (11, 6), (6, 9), (3, 12), (11, 12)] {
                let mut noise = Noise::new(kind, flavors * 100 + rounds);
                let told_apart = (0..TABLES).filter(|_| {
                    let of_round: Vec<f64> = (0..rounds).map(|_| noise.draw()).collect();
                    let cells: Vec<Cell> = (0..flavors)
                        .map(|_| {
                            let value = |common: &f64| 100.0 + 20.0 * common + 10.0 * noise.draw();
                            let values: Vec<f64> = of_round.iter().map(value).collect();
                            sample::cell_of("bh", "irq_bh_p50_ns", &values)
                        })
                        .collect();
                    let group = Group {
                        common: cells[0].setting.clone(),
                        cells: cells.iter().collect(),
                    };
                    let marks = ranking(&group, 1).marks;
                    marks
                        .iter()
                        .any(|mark| matches!(mark, Mark::Between | Mark::Worst))
                });
                let told_apart = told_apart.count();
                println!("{kind:?}, {flavors} flavors, {rounds} rounds: {told_apart} of {TABLES}");
                assert!(told_apart <= TABLES / 20);
            }
        }
    }
}
