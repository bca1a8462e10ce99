// SPDX-License-Identifier: GPL-2.0-only

//! The part of a table that is shown: some of its rows, with their increases since an earlier table.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use proc_interrupts::{Change, Changes, Kind, Row, Table, softirq};

use crate::interrupts::nodes::Node;
use crate::interrupts::placement::Placement;
use crate::pace::per_second;

/// Rows of a table, and everything known about them.
pub(crate) struct View<'a> {
    pub(crate) kind: Kind,
    pub(crate) table: &'a Table,
    /// The increases since an earlier table.
    pub(crate) changes: Option<&'a Changes>,
    /// The time between the two, if it is known.
    pub(crate) interval: Option<Duration>,
    /// When the table was read, if it is the running kernel's.
    pub(crate) time: Option<SystemTime>,
    /// The time since the first sample.
    pub(crate) elapsed: Option<Duration>,
    /// The indexes of the rows that are shown, in their order.
    pub(crate) rows: &'a [usize],
    /// Where the interrupts of those rows go, by the index of the row; empty if it is unknown.
    pub(crate) placements: &'a BTreeMap<usize, Placement>,
    /// The NUMA nodes, if the table is the running kernel's.
    pub(crate) nodes: &'a [Node],
}

/// A row of a [`View`].
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) row: &'a Row,
    pub(super) change: Option<Change<'a>>,
    pub(super) placement: Option<&'a Placement>,
}

/// Counts of several rows together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) total: u64,
    /// The increase since an earlier table, as far as it is known; `None` if nothing is known.
    pub(super) increase: Option<u64>,
    /// By CPU, over the rows that are counted by CPU.
    pub(super) totals: Vec<u64>,
    /// By CPU; `None` for CPUs that had no column before.
    pub(super) increases: Option<Vec<Option<u64>>>,
}

impl<'a> View<'a> {
    pub(super) fn shown(&self, at: usize) -> Shown<'a> {
        Shown {
            row: &self.table.rows[at],
            change: self.changes.map(|changes| changes.of(at)),
            placement: self.placements.get(&at),
        }
    }

    /// The rows that are shown, in their order.
    pub(super) fn all_shown(&self) -> impl Iterator<Item = Shown<'a>> + '_ {
        self.rows.iter().map(|at| self.shown(*at))
    }

    /// The description of a row.
    pub(super) fn description(&self, row: &'a Row) -> Option<&'a str> {
        match self.kind {
            Kind::Interrupts => row.about.description.as_deref(),
            Kind::Softirqs => softirq::description(&row.name),
        }
    }

    pub(super) fn per_second(&self, count: Option<u64>) -> Option<f64> {
        per_second(count?, self.interval?)
    }

    /// The sums over all rows that are shown. A row that is the sum of others is not counted twice.
    pub(super) fn sums(&self) -> Sums {
        let cpus = self.table.cpus.len();
        let mut sums = Sums {
            totals: vec![0; cpus],
            increases: self.changes.map(|_| vec![None; cpus]),
            ..Sums::default()
        };
        for at in self.table.summands(self.rows) {
            let Shown { row, change, .. } = self.shown(at);
            sums.total = sums.total.saturating_add(row.total().unwrap_or(0));
            for (sum, count) in sums
                .totals
                .iter_mut()
                .zip(row.per_cpu().into_iter().flat_map(|counts| counts.iter()))
            {
                *sum = sum.saturating_add(count);
            }
            let Some(change) = change else { continue };
            if let Some(increase) = change.total() {
                sums.increase = Some(sums.increase.unwrap_or(0).saturating_add(increase));
            }
            for (sum, count) in sums.increases.iter_mut().flatten().zip(change.per_cpu()) {
                if let Some(count) = count {
                    *sum = Some(sum.unwrap_or(0).saturating_add(count));
                }
            }
        }
        sums
    }
}

impl Shown<'_> {
    /// The value of each CPU: the increase, or without one the total.
    pub(super) fn counts(&self) -> Vec<Option<u64>> {
        match self.change {
            Some(change) => change.per_cpu().collect(),
            None => {
                let counts = self
                    .row
                    .per_cpu()
                    .into_iter()
                    .flat_map(|counts| counts.iter());
                counts.map(Some).collect()
            }
        }
    }

    /// The increase since the earlier table.
    pub(super) fn increase(&self) -> Option<u64> {
        self.change?.total()
    }
}
