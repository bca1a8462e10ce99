// SPDX-License-Identifier: GPL-2.0-only

//! Pairs the rows of two tables that are about the same cause.
//!
//! An interrupt is recognized by its number, its controller and its actions, because its number may have gone to
//! another device. An architecture's own row is recognized by its name and its description, because some kernels have
//! several rows with the same name. If these are equal too, rows are paired in their order.

use std::collections::HashMap;

use crate::table::Row;

/// For each row of `now`, the row of `before` about the same cause.
pub(crate) fn pairs<'a>(before: &'a [Row], now: &[Row]) -> Vec<Option<&'a Row>> {
    let mut by_name: HashMap<&str, Vec<&Row>> = HashMap::with_capacity(before.len());
    for row in before {
        by_name.entry(&row.name).or_default().push(row);
    }
    let mut of_name: HashMap<&str, usize> = HashMap::with_capacity(now.len());
    for row in now {
        *of_name.entry(&row.name).or_default() += 1;
    }
    let pair = |row: &Row| {
        let rows = by_name.get_mut(row.name.as_str())?;
        let is_alone = rows.len() == 1 && of_name.get(row.name.as_str()) == Some(&1);
        let is_same = |before: &&Row| match row.irq() {
            Some(_) => is_same_interrupt(before, row),
            None => is_alone || before.about.description == row.about.description,
        };
        let at = rows.iter().position(is_same)?;
        Some(rows.remove(at))
    };
    now.iter().map(pair).collect()
}

/// Whether two rows with the same number are about the same interrupt.
fn is_same_interrupt(before: &Row, now: &Row) -> bool {
    let [old, new] = [&before.about, &now.about];
    // A device that shares the interrupt may come and go, and the count goes on.
    let is_shared = old.actions.iter().any(|one| new.actions.contains(one));
    (is_shared || old.actions == new.actions) && old.chip == new.chip && old.hwirq == new.hwirq
}

#[cfg(test)]
mod tests {
    use crate::table::Table;

    use super::*;

    /// For each row of `now`, the index of the line in `before` about the same cause.
    fn paired(before: &str, now: &str) -> Vec<Option<usize>> {
        let [before, now] =
            [before, now].map(|rows| Table::parse(format!("CPU0 CPU1\n{rows}")).unwrap().rows);
        let place = |row: &Row| before.iter().position(|other| std::ptr::eq(other, row));
        pairs(&before, &now)
            .into_iter()
            .map(|row| place(row?))
            .collect()
    }

    #[test]
    fn another_devices_interrupt_of_the_same_number_is_another() {
        let before = "24: 1 2 a 0-edge eth0\n";
        assert_eq!(paired(before, "24: 1 2 a 0-edge simrupt0\n"), [None]);
        assert_eq!(paired(before, "24: 1 2 b 0-edge eth0\n"), [None]);
        assert_eq!(paired(before, "24: 1 2 a 7-edge eth0\n"), [None]);
        assert_eq!(paired(before, "24: 1 2 a 0-edge eth0\n"), [Some(0)]);
    }

    #[test]
    fn a_device_that_joins_or_leaves_a_shared_interrupt_does_not_reset_it() {
        let one = "16: 1 2 a 0-fasteoi ehci\n";
        let two = "16: 1 2 a 0-fasteoi ehci, uhci\n";
        assert_eq!(paired(one, two), [Some(0)]);
        assert_eq!(paired(two, one), [Some(0)]);
    }

    #[test]
    fn rows_of_one_name_are_told_apart_by_what_they_are() {
        let before = "LOC: 1 2 Local timer\nLOC: 3 4 others\n";
        assert_eq!(paired(before, before), [Some(0), Some(1)]);
        let turned = "LOC: 3 4 others\nLOC: 1 2 Local timer\n";
        assert_eq!(paired(before, turned), [Some(1), Some(0)]);
        // Only one of them is left: it is recognized by its description, not by its place.
        assert_eq!(paired(before, "LOC: 3 4 others\n"), [Some(1)]);
        assert_eq!(paired(before, "LOC: 3 4 third\n"), [None]);
    }

    #[test]
    fn equal_rows_are_paired_in_their_order() {
        let twice = "THR: 1 2 Threshold\nTHR: 3 4 Threshold\n";
        assert_eq!(paired(twice, twice), [Some(0), Some(1)]);
    }

    #[test]
    fn a_row_with_a_unique_name_is_the_same_whatever_its_description() {
        assert_eq!(
            paired("NMI: 1 2 Non-mask\n", "NMI: 1 2 Non-maskable\n"),
            [Some(0)]
        );
    }
}
