// SPDX-License-Identifier: GPL-2.0-only

//! Which rows of two tables are about the same cause.
//!
//! An interrupt is known by its number, its controller and its actions: the number may have gone to another device
//! meanwhile. An architecture's own row is known by its name and its description, as some kernels have several rows
//! of one name. If even these are equal, the first belongs to the first, the second to the second.

use std::collections::HashMap;

use crate::table::Row;

/// Of each row of `now` the one of `before` that it is the same as.
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

/// Whether two rows of one number are about the same interrupt.
fn is_same_interrupt(before: &Row, now: &Row) -> bool {
    let [old, new] = [&before.about, &now.about];
    // A device that shares the interrupt may come and go; the count goes on.
    let is_shared = old.actions.iter().any(|one| new.actions.contains(one));
    (is_shared || old.actions == new.actions) && old.chip == new.chip && old.hwirq == new.hwirq
}

#[cfg(test)]
mod tests {
    use crate::table::Table;

    use super::*;

    /// The lines of the rows that are the same as those of `now`, counted from 0.
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
    fn a_device_that_joins_or_leaves_a_shared_interrupt_does_not_begin_it_anew() {
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
        // Only one of them is left: by its description, not by its place.
        assert_eq!(paired(before, "LOC: 3 4 others\n"), [Some(1)]);
        assert_eq!(paired(before, "LOC: 3 4 third\n"), [None]);
    }

    #[test]
    fn equal_rows_are_paired_in_their_order() {
        let twice = "THR: 1 2 Threshold\nTHR: 3 4 Threshold\n";
        assert_eq!(paired(twice, twice), [Some(0), Some(1)]);
    }

    #[test]
    fn a_row_alone_of_its_name_is_the_same_whatever_it_is_called() {
        assert_eq!(
            paired("NMI: 1 2 Non-mask\n", "NMI: 1 2 Non-maskable\n"),
            [Some(0)]
        );
    }
}
