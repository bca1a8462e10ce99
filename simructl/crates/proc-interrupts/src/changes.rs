// SPDX-License-Identifier: GPL-2.0-only

//! The difference of two tables.
//!
//! Columns are paired by the CPU's number, rows by [`crate::pairs`]. So a CPU that goes offline or an interrupt that
//! appears in between does not shift the others.

use std::time::Duration;

use crate::counts::CpuCounts;
use crate::pairs::pairs;
use crate::table::{Counts, Row, Table};

/// No CPU takes more interrupts than this in a second.
const MOST_PER_SECOND: f64 = 10e6;
/// A counter has wrapped around only if it was at most this far below its end.
const NEAR_END: u32 = 1 << 29;

/// The increases since an earlier table, by the rows and CPUs of the later one.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// For each column, whether its CPU had a column before.
    known: Vec<bool>,
    rows: Vec<RowChange>,
    sums: Vec<bool>,
    reset_rows: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum RowChange {
    /// The increase of the row as a whole; `None` if it is unknown.
    Total(Option<u64>),
    /// By CPU; 0 if the column is unknown.
    PerCpu(CpuCounts),
    /// The row has counts by CPU, but no increase is known.
    UnknownPerCpu,
}

/// The increase of a row.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    known: &'a [bool],
    row: &'a RowChange,
}

impl Changes {
    /// Compares two tables. `interval` is the time between them, if it is known. It distinguishes a counter that
    /// wrapped around after 32 bits from one that was reset.
    #[must_use]
    pub fn between(before: &Table, now: &Table, interval: Option<Duration>) -> Self {
        let most = interval.map(|interval| interval.as_secs_f64() * MOST_PER_SECOND);
        // At most as many as a counter can distinguish.
        let most = most.map_or(u32::MAX / 2, |most| {
            most.min(f64::from(u32::MAX / 2)) as u32
        });
        let column = |cpu: &u32| before.cpus.binary_search(cpu).ok();
        let columns: Vec<Option<usize>> = now.cpus.iter().map(column).collect();
        let mut reset_rows = 0;
        let rows = now.rows.iter().zip(pairs(&before.rows, &now.rows));
        let rows = rows
            .map(|(row, before)| {
                let before = before.map(|before: &Row| &before.counts);
                let (change, is_reset) = change(before, &row.counts, &columns, most);
                reset_rows += usize::from(is_reset);
                change
            })
            .collect();
        Self {
            known: columns.iter().map(Option::is_some).collect(),
            rows,
            sums: now.rows.iter().map(|row| row.is_sum).collect(),
            reset_rows,
        }
    }

    /// The increase of the row at this index of the later table.
    ///
    /// # Panics
    ///
    /// If the later table has no such row.
    #[must_use]
    pub fn of(&self, row: usize) -> Change<'_> {
        Change {
            known: &self.known,
            row: &self.rows[row],
        }
    }

    /// The sum of the known increases of all rows, without the rows that are sums of others.
    #[must_use]
    pub fn total(&self) -> u64 {
        let totals = (0..self.rows.len()).filter(|row| !self.sums[*row]);
        let totals = totals.filter_map(|row| self.of(row).total());
        totals.fold(0, u64::saturating_add)
    }

    /// How many rows have a lower count than before though it did not wrap around. The interrupts were set up again,
    /// the machine was rebooted, or the tables are in the wrong order.
    #[must_use]
    pub fn reset_rows(&self) -> usize {
        self.reset_rows
    }
}

impl<'a> Change<'a> {
    /// On all CPUs whose increase is known; `None` if it is known for none.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        match self.row {
            RowChange::Total(total) => *total,
            RowChange::UnknownPerCpu => None,
            RowChange::PerCpu(counts) => self.known.contains(&true).then(|| counts.sum()),
        }
    }

    /// By CPU: `None` for a CPU that had no column before, and for a row whose counts were reset. Rows that are not
    /// counted by CPU have no items.
    pub fn per_cpu(&self) -> impl ExactSizeIterator<Item = Option<u64>> + Clone + use<'a> {
        let Self { known, row } = *self;
        let columns = match row {
            RowChange::Total(_) => 0,
            RowChange::PerCpu(_) | RowChange::UnknownPerCpu => known.len(),
        };
        (0..columns).map(move |column| match row {
            RowChange::PerCpu(counts) if known[column] => counts.get(column),
            _ => None,
        })
    }
}

/// The change of a row, and whether it was reset. `columns` are the indexes of the CPUs in the earlier table, `most` is
/// the highest possible increase of a counter.
fn change(
    before: Option<&Counts>,
    now: &Counts,
    columns: &[Option<usize>],
    most: u32,
) -> (RowChange, bool) {
    match (before, now) {
        (Some(Counts::PerCpu(before)), Counts::PerCpu(now)) => {
            // If one of its counts was reset, all were.
            let counts: Option<Vec<u64>> = (now.iter().zip(columns))
                .map(
                    |(now, column)| match column.and_then(|column| before.get(column)) {
                        Some(before) => counted(before, now, most),
                        None => Some(0),
                    },
                )
                .collect();
            match counts {
                Some(counts) => (RowChange::PerCpu(CpuCounts::from(&counts[..])), false),
                None => (RowChange::UnknownPerCpu, true),
            }
        }
        (_, Counts::PerCpu(_)) => (RowChange::UnknownPerCpu, false),
        (Some(Counts::Once(before)), Counts::Once(now)) => {
            let counted = counted(*before, *now, most);
            (RowChange::Total(counted), counted.is_none())
        }
        _ => (RowChange::Total(None), false),
    }
}

/// The increase of a counter. The kernel's counters have 32 bits, and wrap around to 0. A counter that is lower than
/// before has wrapped around if it was near its end and the increase is possible. Otherwise the interrupt was set up
/// again.
fn counted(before: u64, now: u64, most: u32) -> Option<u64> {
    if let Some(more) = now.checked_sub(before) {
        return Some(more);
    }
    let before = u32::try_from(before).ok()?;
    let more = u32::try_from(now).ok()?.wrapping_sub(before);
    (before > u32::MAX - NEAR_END && more <= most).then_some(more.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For each row the total, and the increases by CPU.
    type Told = Vec<(Option<u64>, Vec<Option<u64>>)>;

    fn changes(before: &str, now: &str) -> Told {
        let [before, now] = [before, now].map(|text| Table::parse(text).unwrap());
        let changes = Changes::between(&before, &now, None);
        (0..now.rows.len())
            .map(|row| (changes.of(row).total(), changes.of(row).per_cpu().collect()))
            .collect()
    }

    #[test]
    fn rows_that_come_and_go_move_no_other() {
        let before = "CPU0 CPU1\n24: 1 2 a 0-edge x\n25: 5 6 a 1-edge gone\n26: 10 20 a 2-edge y\n";
        let now = "CPU0 CPU1\n23: 7 7 a 9-edge new\n24: 2 2 a 0-edge x\n26: 11 25 a 2-edge y\n";
        assert_eq!(
            changes(before, now),
            [
                (None, vec![None, None]),
                (Some(1), vec![Some(1), Some(0)]),
                (Some(6), vec![Some(1), Some(5)]),
            ]
        );
    }

    #[test]
    fn cpus_that_come_and_go_move_no_other() {
        let before = "CPU0 CPU1 CPU2\nLOC: 1 10 100 Local timer\n";
        let now = "CPU0 CPU2 CPU3\nLOC: 2 104 1000 Local timer\n";
        let expected = (Some(5), vec![Some(1), Some(4), None]);
        assert_eq!(changes(before, now), [expected]);
        // Nothing is known about a CPU that had no column.
        let now = "CPU3\nLOC: 5 Local timer\n";
        assert_eq!(changes(before, now), [(None, vec![None])]);
    }

    #[test]
    fn rows_of_all_cpus_and_rows_without_counts_have_changes_of_their_kind() {
        let before = "CPU0 CPU1\nERR: 3\nFIQ:    usb_fiq\n";
        let now = "CPU0 CPU1\nERR: 5\nFIQ:    usb_fiq\n";
        assert_eq!(changes(before, now), [(Some(2), vec![]), (None, vec![])]);
    }

    #[test]
    fn an_interrupt_that_was_set_up_again_has_no_known_increase() {
        let before = "CPU0 CPU1\n24: 5 9 a 0-edge x\nERR: 3\n";
        let now = "CPU0 CPU1\n24: 5 8 a 0-edge x\nERR: 2\n";
        let expected = [(None, vec![None, None]), (None, vec![])];
        assert_eq!(changes(before, now), expected);
        let [before, now] = [before, now].map(|text| Table::parse(text).unwrap());
        assert_eq!(Changes::between(&before, &now, None).reset_rows(), 2);
        assert_eq!(Changes::between(&now, &before, None).reset_rows(), 0);
    }

    #[test]
    fn sums_of_other_rows_do_not_count() {
        let before = "CPU0 CPU1\nEXT: 5 5\nCLK: 5 5 [EXT] Clock\n";
        let now = "CPU0 CPU1\nEXT: 8 7\nCLK: 8 7 [EXT] Clock\n";
        let [before, now] = [before, now].map(|text| Table::parse(text).unwrap());
        assert_eq!(Changes::between(&before, &now, None).total(), 5);
    }

    #[test]
    fn counters_go_round_after_32_bits_where_they_can() {
        let end = u64::from(u32::MAX);
        let second = 10_000_000;
        assert_eq!(counted(7, 7, second), Some(0));
        assert_eq!(counted(end, 4, second), Some(5));
        assert_eq!(counted(end - 9_000_000, 4, second), Some(9_000_005));
        // More than a CPU can take in that time.
        assert_eq!(counted(end - 11_000_000, 4, second), None);
        // Not near its end: the interrupt was set up again.
        assert_eq!(counted(3_000_000_000, 5, u32::MAX / 2), None);
        assert_eq!(counted(1000, 3, u32::MAX / 2), None);
        assert_eq!(
            counted(end - u64::from(NEAR_END) + 1, 3, u32::MAX / 2),
            Some(536_870_915)
        );
        // Not a counter of the kernel.
        assert_eq!(counted(end + 1, 3, second), None);
    }
}
