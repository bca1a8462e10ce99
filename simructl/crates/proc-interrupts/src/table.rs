// SPDX-License-Identifier: GPL-2.0-only

//! A table: a column for each CPU, a row for each cause.

use std::collections::HashSet;

use crate::about::About;
use crate::counts::CpuCounts;
use crate::cpu_list::CpuList;
use crate::kind::Kind;
use crate::notice::Notice;

/// The counts of all causes up to a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// The CPUs that have a column, in the order of the columns. Their numbers ascend, but have gaps if CPUs are
    /// offline.
    pub cpus: Vec<u32>,
    /// The causes, in the kernel's order.
    pub rows: Vec<Row>,
    /// Remarks about the text that the table was read from.
    pub notices: Vec<Notice>,
}

/// The counts of one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The number of the interrupt, or a name: `24`, `NMI`, `NET_RX`.
    pub name: String,
    /// How often it happened.
    pub counts: Counts,
    /// Everything else that the kernel says about it.
    pub about: About,
    /// Whether its counts are the sum of other rows of the table, as those of `EXT` and `I/O` on s390x.
    pub is_sum: bool,
}

/// How often a cause happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// It is not counted: `FIQ: usb_fiq`.
    None,
    /// It is counted once for all CPUs: `ERR: 0`.
    Once(u64),
    /// There is a count for each of the table's CPUs.
    PerCpu(CpuCounts),
}

impl Table {
    /// The kernel's file of which this is a copy, as far as its rows show it.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Kind::of(&self.rows)
    }

    /// The row of the interrupt with this action.
    #[must_use]
    pub fn row_of(&self, action: &str) -> Option<&Row> {
        let has_it = |row: &&Row| row.about.actions.iter().any(|one| one == action);
        self.rows.iter().find(has_it)
    }

    /// The given rows (by index) that a sum over them may include. A row that is a sum of others is included only if
    /// none of those is given.
    #[must_use]
    pub fn summands(&self, rows: &[usize]) -> Vec<usize> {
        let parts = || rows.iter().filter_map(|at| self.rows[*at].part_of());
        let counts = |row: &Row| !row.is_sum || !parts().any(|whole| whole == row.name);
        let summands = rows.iter().copied().filter(|at| counts(&self.rows[*at]));
        summands.collect()
    }

    /// The sum of all counts, on all CPUs that have a column, without the rows that are sums of others.
    #[must_use]
    pub fn total(&self) -> u64 {
        let rows = self.rows.iter().filter(|row| !row.is_sum);
        rows.filter_map(Row::total).fold(0, u64::saturating_add)
    }

    /// Keeps the columns of these CPUs only. Rows that are counted once for all CPUs are removed, because they belong
    /// to none of them.
    pub fn retain_cpus(&mut self, cpus: &CpuList) {
        let keep: Vec<bool> = self.cpus.iter().map(|cpu| cpus.contains(*cpu)).collect();
        self.rows
            .retain(|row| !matches!(row.counts, Counts::Once(_)));
        for row in &mut self.rows {
            if let Counts::PerCpu(counts) = &mut row.counts {
                *counts = counts.retained(&keep);
            }
        }
        self.cpus.retain(|cpu| cpus.contains(*cpu));
    }
}

impl Row {
    /// The number of the interrupt, if it has one.
    #[must_use]
    pub fn irq(&self) -> Option<u32> {
        self.name.parse().ok()
    }

    /// The name of the row that is the sum of this one and others, as the description has it: `[EXT] Clock Comparator`.
    #[must_use]
    pub fn part_of(&self) -> Option<&str> {
        let description = self.about.description.as_deref()?;
        let (whole, _) = description.strip_prefix('[')?.split_once(']')?;
        // NMI is described as "[NMI] Machine Check", but is not a part of itself.
        (whole != self.name).then_some(whole)
    }

    /// The counts by CPU, if it is counted by CPU.
    #[must_use]
    pub fn per_cpu(&self) -> Option<&CpuCounts> {
        match &self.counts {
            Counts::PerCpu(counts) => Some(counts),
            Counts::Once(_) | Counts::None => None,
        }
    }

    /// How often it happened on all CPUs that have a column; `None` if it is not counted.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        match &self.counts {
            Counts::None => None,
            Counts::Once(count) => Some(*count),
            Counts::PerCpu(counts) => Some(counts.sum()),
        }
    }
}

/// Marks the rows that are sums of others. On s390x the descriptions of those others name the sum: `CLK: 7 8 [EXT]
/// Clock Comparator`.
pub(crate) fn mark_sums(rows: &mut [Row]) {
    let wholes: HashSet<String> = (rows.iter().filter_map(Row::part_of))
        .map(str::to_string)
        .collect();
    for row in rows.iter_mut().filter(|row| row.part_of().is_none()) {
        row.is_sum = wholes.contains(&row.name);
    }
}
