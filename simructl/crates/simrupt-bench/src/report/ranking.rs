// SPDX-License-Identifier: GPL-2.0-only

//! Who is best and who is worst in a group, and who cannot be told apart from the best.

use super::group::{FLOOR, Group, figure_of, rounds};
use super::metric::Metric;
use crate::results::Cell;
use crate::statistics;

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

/// The marks of a group's cells, in their order.
pub(super) fn marks(group: &Group<'_>, seed: u64) -> Vec<Mark> {
    let metric = group.main_metric();
    let competitors = || {
        let cells = group.cells.iter();
        cells.filter(|cell| cell.setting.flavor != FLOOR && figure_of(cell, metric).is_some())
    };
    let by_figure = |a: &&&Cell, b: &&&Cell| {
        let (a, b) = (figure_of(a, metric), figure_of(b, metric));
        let (a, b) = (a.unwrap_or(f64::NAN), b.unwrap_or(f64::NAN));
        match metric.more_is_better() {
            true => b.total_cmp(&a),
            false => a.total_cmp(&b),
        }
    };
    let best = competitors().min_by(by_figure);
    let worst = competitors().max_by(by_figure);
    let mark = |cell: &&Cell| {
        let Some(value) = figure_of(cell, metric) else {
            return Mark::Unknown;
        };
        if cell.setting.flavor == FLOOR {
            return Mark::Floor;
        }
        let Some(best) = best else {
            return Mark::Between;
        };
        if std::ptr::eq(*cell, *best) {
            // The only one is not the best of anything.
            let alone = competitors().count() == 1;
            return if alone { Mark::Between } else { Mark::Best };
        }
        if !differs(best, cell, metric, seed) {
            Mark::AsBest
        } else if worst.and_then(|worst| figure_of(worst, metric)) == Some(value) {
            Mark::Worst
        } else {
            Mark::Between
        }
    };
    group.cells.iter().map(mark).collect()
}

/// Whether the rounds of two cells say that they differ. One round alone says nothing of chance: then the
/// figures themselves decide.
fn differs(a: &Cell, b: &Cell, metric: Metric<'_>, seed: u64) -> bool {
    match statistics::difference(&rounds(a, metric), &rounds(b, metric), seed) {
        Some((low, high)) => !(low <= 0.0 && 0.0 <= high),
        None => figure_of(a, metric) != figure_of(b, metric),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::group::groups;
    use crate::sample;

    /// The marks of a group in which the flavors' rounds have these values.
    fn of(flavors: &[(&str, &[f64])]) -> Vec<Mark> {
        let mut results = sample::results();
        results.cells = flavors
            .iter()
            .map(|(flavor, values)| sample::cell_of(flavor, "irq_bh_p50_ns", values))
            .collect();
        marks(&groups(&results)[0], 1)
    }

    #[test]
    fn the_floor_is_no_competitor() {
        let marks = of(&[
            ("none", &[1.0, 1.0, 1.0]),
            ("bh", &[2.0, 2.1, 2.0]),
            ("bound", &[5.0, 5.1, 5.2]),
            ("unbound", &[7.0, 7.1, 7.2]),
        ]);
        assert_eq!(marks, [Mark::Floor, Mark::Best, Mark::Between, Mark::Worst]);
    }

    #[test]
    fn who_cannot_be_told_apart_from_the_best_is_marked_so() {
        let marks = of(&[
            ("bh", &[2.0, 2.4, 2.2]),
            ("bh-highpri", &[2.1, 2.5, 2.3]),
            ("bound", &[5.0, 5.1, 5.2]),
        ]);
        assert_eq!(marks, [Mark::Best, Mark::AsBest, Mark::Worst]);
        let equal = of(&[("bh", &[2.0; 3]), ("bound", &[2.0; 3])]);
        assert_eq!(equal, [Mark::Best, Mark::AsBest]);
    }

    #[test]
    fn without_a_figure_there_is_no_place() {
        let marks = of(&[("bh", &[2.0; 3]), ("bound", &[])]);
        assert_eq!(marks, [Mark::Between, Mark::Unknown]);
        assert_eq!(of(&[("none", &[1.0])]), [Mark::Floor]);
    }
}
