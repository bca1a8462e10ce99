// SPDX-License-Identifier: GPL-2.0-only

//! What was counted from one table to another.
//!
//! Rows are matched by their names and by whose interrupts they are, columns by the CPU's number: a CPU that
//! goes offline or an interrupt that appears in between moves none of the others.

use std::collections::HashMap;

use crate::interrupts::table::{Row, Table};

/// What was counted since an earlier table, by the rows and CPUs of the later one.
#[derive(Debug, PartialEq)]
pub(crate) struct Changes(Vec<Change>);

/// What was counted in a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Change {
    /// On all CPUs of which it is known.
    pub(crate) total: Option<u64>,
    /// By CPU; not known of CPUs that were offline, and where counts began anew.
    pub(crate) per_cpu: Vec<Option<u64>>,
}

impl Changes {
    pub(crate) fn between(before: &Table, now: &Table) -> Self {
        let rows: HashMap<_, &Row> = before.rows.iter().map(|row| (key(row), row)).collect();
        let columns: Vec<Option<usize>> = now
            .cpus
            .iter()
            .map(|cpu| before.cpus.binary_search(cpu).ok())
            .collect();
        let changes = now.rows.iter().map(|row| match rows.get(&key(row)) {
            Some(before) => change(before, row, &columns),
            None => Change {
                total: None,
                per_cpu: vec![None; row.per_cpu().len()],
            },
        });
        Self(changes.collect())
    }

    /// That of the row at this place of the later table.
    pub(crate) fn of(&self, row: usize) -> &Change {
        &self.0[row]
    }
}

/// What a row is known by.
fn key(row: &Row) -> (&str, &[String]) {
    (&row.name, &row.about.actions)
}

fn change(before: &Row, now: &Row, columns: &[Option<usize>]) -> Change {
    let earlier = before.per_cpu();
    let matched = (now.per_cpu().iter().zip(columns))
        .map(|(count, column)| Some((*earlier.get((*column)?)?, *count)));
    let mut per_cpu: Vec<Option<u64>> = matched
        .clone()
        .map(|counts| counts.and_then(|(before, now)| counted(before, now)))
        .collect();
    // If one of its counts began anew, so did all.
    if matched
        .zip(&per_cpu)
        .any(|(counts, change)| counts.is_some() && change.is_none())
    {
        per_cpu.fill(None);
    }
    let total = match per_cpu.is_empty() {
        true => (before.total().zip(now.total())).and_then(|(before, now)| counted(before, now)),
        false => per_cpu
            .iter()
            .flatten()
            .copied()
            .reduce(u64::saturating_add),
    };
    Change { total, per_cpu }
}

/// How much was counted. The kernel's counters have 32 bits, and begin at 0 again behind the last number; one
/// that is less than before by more than half of them belongs to an interrupt that was set up anew.
fn counted(before: u64, now: u64) -> Option<u64> {
    if let Some(more) = now.checked_sub(before) {
        return Some(more);
    }
    let [before, now] = [before, now].map(|count| u32::try_from(count).ok());
    let more = now?.wrapping_sub(before?);
    (more <= u32::MAX / 2).then_some(more.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(before: &str, now: &str) -> Vec<Change> {
        let [before, now] = [before, now].map(|text| Table::parse(text).unwrap());
        Changes::between(&before, &now).0
    }

    fn change(total: Option<u64>, per_cpu: &[Option<u64>]) -> Change {
        let per_cpu = per_cpu.to_vec();
        Change { total, per_cpu }
    }

    #[test]
    fn rows_that_come_and_go_move_no_other() {
        let before = "CPU0 CPU1\n24: 1 2 a 0-edge x\n25: 5 6 a 1-edge gone\n26: 10 20 a 2-edge y\n";
        let now = "CPU0 CPU1\n23: 7 7 a 9-edge new\n24: 2 2 a 0-edge x\n26: 11 25 a 2-edge y\n";
        assert_eq!(
            changes(before, now),
            [
                change(None, &[None, None]),
                change(Some(1), &[Some(1), Some(0)]),
                change(Some(6), &[Some(1), Some(5)]),
            ]
        );
    }

    #[test]
    fn another_devices_interrupt_of_the_same_number_is_another() {
        let before = "CPU0\n24: 100 a 0-edge eth0\n";
        let now = "CPU0\n24: 105 a 0-edge simrupt0\n";
        assert_eq!(changes(before, now), [change(None, &[None])]);
    }

    #[test]
    fn cpus_that_come_and_go_move_no_other() {
        let before = "CPU0 CPU1 CPU2\nLOC: 1 10 100 Local timer\n";
        let now = "CPU0 CPU2 CPU3\nLOC: 2 104 1000 Local timer\n";
        let expected = change(Some(5), &[Some(1), Some(4), None]);
        assert_eq!(changes(before, now), [expected]);
    }

    #[test]
    fn rows_of_all_cpus_and_rows_without_counts_have_changes_of_their_kind() {
        let before = "CPU0 CPU1\nERR: 3\nFIQ: usb_fiq\n";
        let now = "CPU0 CPU1\nERR: 5\nFIQ: usb_fiq\n";
        let expected = [change(Some(2), &[]), change(None, &[])];
        assert_eq!(changes(before, now), expected);
    }

    #[test]
    fn of_an_interrupt_that_was_set_up_anew_nothing_is_known() {
        let before = "CPU0 CPU1\n24: 5 9 a 0-edge x\n";
        let now = "CPU0 CPU1\n24: 5 8 a 0-edge x\n";
        assert_eq!(changes(before, now), [change(None, &[None, None])]);
    }

    #[test]
    fn counters_go_round_after_32_bits() {
        assert_eq!(counted(u64::from(u32::MAX), 4), Some(5));
        assert_eq!(counted(7, 7), Some(0));
        // Set up anew: not four billion interrupts.
        assert_eq!(counted(1000, 3), None);
        assert_eq!(counted(u64::from(u32::MAX) + 1, 3), None);
    }
}
