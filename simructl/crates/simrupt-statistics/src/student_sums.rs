// SPDX-License-Identifier: GPL-2.0-only

//! Student's statistic of many figures at once, for one selection of rounds after the other. A comparison spends most
//! of its time here.

use crate::column::Column;
use crate::relabel::Labels;

/// Computes the squares of the statistics of all figures, for one selection of rounds after the other.
pub(super) struct StudentSums {
    /// A row for each round, with a value for each figure.
    values: Vec<f64>,
    /// Whether the value exists, as 0 or 1. Empty if all values exist.
    is_there: Vec<f64>,
    /// The figures' rounds, squares and degrees of freedom.
    figures: Vec<Prepared>,
    floor: f64,
    sums: Vec<f64>,
    counts: Vec<f64>,
    found: Vec<f64>,
}

struct Prepared {
    is_paired: bool,
    rounds: f64,
    /// The sum of the values of all rounds.
    sum: f64,
    squares: f64,
    freedom: f64,
}

impl StudentSums {
    pub(super) fn new(columns: &[Column], order: &[usize], floor: f64) -> Self {
        let rows = columns.first().map_or(0, |column| column.values.len());
        let columns = || order.iter().map(|figure| &columns[*figure]);
        let by_row = |value: &dyn Fn(&Column, usize) -> f64| -> Vec<f64> {
            let row = |row| columns().map(move |column| value(column, row));
            (0..rows).flat_map(row).collect()
        };
        let is_whole = columns().all(|column| column.is_there.iter().all(|there| *there));
        let figures = columns().map(|column| {
            let (is_paired, rounds, estimated) = match column.labels {
                Labels::Runs(before, after) => (false, before + after, 2),
                Labels::Pairs(rounds) => (true, rounds, 1),
            };
            Prepared {
                is_paired,
                rounds: rounds as f64,
                sum: column.values.iter().sum(),
                squares: column.squares,
                freedom: rounds.saturating_sub(estimated) as f64,
            }
        });
        Self {
            values: by_row(&|column, row| column.values[row]),
            is_there: match is_whole {
                true => Vec::new(),
                false => by_row(&|column, row| f64::from(u8::from(column.is_there[row]))),
            },
            figures: figures.collect(),
            floor: floor * floor,
            sums: vec![0.0; order.len()],
            counts: vec![0.0; order.len()],
            found: vec![0.0; order.len()],
        }
    }

    /// The squares of the statistics if these rounds are selected: those of the second run, or those whose two are
    /// exchanged.
    pub(super) fn of(&mut self, selected: &[usize]) -> &[f64] {
        let width = self.figures.len();
        self.sums.fill(0.0);
        for row in selected {
            let values = &self.values[row * width..][..width];
            for (sum, value) in self.sums.iter_mut().zip(values) {
                *sum += value;
            }
        }
        if self.is_there.is_empty() {
            self.counts.fill(selected.len() as f64);
        } else {
            self.counts.fill(0.0);
            for row in selected {
                let there = &self.is_there[row * width..][..width];
                for (count, there) in self.counts.iter_mut().zip(there) {
                    *count += there;
                }
            }
        }
        let sums = self.sums.iter().zip(&self.counts).zip(&self.figures);
        for (((sum, count), figure), found) in sums.zip(&mut self.found) {
            let explained = figure.explained(*sum, *count);
            let rest = (figure.squares - explained).max(0.0);
            *found = explained / (rest / figure.freedom + self.floor);
        }
        &self.found
    }
}

impl Prepared {
    /// The part of the sum of squares that the labels explain, if the values of `count` selected rounds have this sum.
    fn explained(&self, sum: f64, count: f64) -> f64 {
        if self.is_paired {
            let sum = self.sum - 2.0 * sum;
            return sum * sum / self.rounds;
        }
        let others = self.rounds - count;
        // The values of all rounds add up to 0. A group without values explains nothing.
        match count * others {
            0.0 => 0.0,
            both => sum * sum * self.rounds / both,
        }
    }
}
