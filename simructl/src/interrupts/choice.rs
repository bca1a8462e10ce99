// SPDX-License-Identifier: GPL-2.0-only

//! Which rows are shown, and in which order.

use std::cmp::Reverse;

use clap::ValueEnum;
use proc_interrupts::{Changes, Row, Table};
use regex_lite::Regex;

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Order {
    /// The highest rate first; without rates, the highest total
    Rate,
    /// The highest total first
    Total,
    /// As the kernel lists them
    Irq,
    /// By the actions, or the description
    Name,
}

/// The choice of rows, and their order.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) order: Order,
    pub(crate) is_reversed: bool,
    /// The name, the controller, an action or the description must match this.
    pub(crate) filter: Option<Regex>,
    /// None of these may match this.
    pub(crate) exclude: Option<Regex>,
    /// Rows with a lower rate, or without rates a lower total, are left out.
    pub(crate) threshold: f64,
}

impl Choice {
    /// The indexes of the chosen rows in the table, in their order. `rate` turns a count into a rate per second.
    pub(crate) fn rows(
        &self,
        table: &Table,
        changes: Option<&Changes>,
        rate: impl Fn(u64) -> f64,
    ) -> Vec<usize> {
        // The rate of each row, or its total, if it is known.
        let totals: Vec<Option<u64>> = table.rows.iter().map(Row::total).collect();
        let weight = |at: usize| match changes {
            Some(changes) => changes.of(at).total().map(&rate),
            None => totals[at].map(|total| total as f64),
        };
        let is_chosen = |at: &usize| {
            self.matches(&table.rows[*at])
                && (self.threshold <= 0.0 || weight(*at).unwrap_or(0.0) >= self.threshold)
        };
        let mut rows: Vec<usize> = (0..table.rows.len()).filter(is_chosen).collect();
        match self.order {
            Order::Irq => {}
            Order::Rate => {
                let known = |at: &usize| weight(*at).unwrap_or(-1.0);
                rows.sort_by(|a, b| known(b).total_cmp(&known(a)));
            }
            Order::Total => rows.sort_by_key(|at| Reverse(totals[*at])),
            Order::Name => rows.sort_by_cached_key(|at| table.rows[*at].about.text()),
        }
        if self.is_reversed {
            rows.reverse();
        }
        rows
    }

    fn matches(&self, row: &Row) -> bool {
        let about = &row.about;
        let texts = [
            Some(&row.name),
            about.chip.as_ref(),
            about.description.as_ref(),
        ];
        let texts = || texts.iter().copied().flatten().chain(&about.actions);
        let is_match = |regex: &Regex| texts().any(|text| regex.is_match(text));
        self.filter.as_ref().is_none_or(is_match) && !self.exclude.as_ref().is_some_and(is_match)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "CPU0 CPU1\n7: 0 500 IO-APIC 7-edge disk\n8: 1 0 GIC 8 Edge net\nNMI: 9 9 Non-maskable\n\
                          ERR: 3\nFIQ:    usb\n";
    const NOW: &str = "CPU0 CPU1\n7: 0 501 IO-APIC 7-edge disk\n8: 91 0 GIC 8 Edge net\nNMI: 9 9 Non-maskable\n\
                       ERR: 3\nFIQ:    usb\n";

    fn chosen(choice: &Choice, with_rates: bool) -> Vec<String> {
        let [before, now] = [BEFORE, NOW].map(|text| Table::parse(text).unwrap());
        let changes = Changes::between(&before, &now, None);
        let changes = with_rates.then_some(&changes);
        let rows = choice.rows(&now, changes, |count| count as f64 / 2.0);
        rows.into_iter()
            .map(|at| now.rows[at].name.clone())
            .collect()
    }

    fn by(order: Order) -> Choice {
        Choice {
            order,
            is_reversed: false,
            filter: None,
            exclude: None,
            threshold: 0.0,
        }
    }

    #[test]
    fn each_order_puts_its_rows_first() {
        assert_eq!(
            chosen(&by(Order::Rate), true),
            ["8", "7", "NMI", "ERR", "FIQ"]
        );
        assert_eq!(
            chosen(&by(Order::Rate), false),
            ["7", "8", "NMI", "ERR", "FIQ"]
        );
        assert_eq!(
            chosen(&by(Order::Total), true),
            ["7", "8", "NMI", "ERR", "FIQ"]
        );
        assert_eq!(
            chosen(&by(Order::Irq), true),
            ["7", "8", "NMI", "ERR", "FIQ"]
        );
        assert_eq!(
            chosen(&by(Order::Name), true),
            ["ERR", "NMI", "7", "8", "FIQ"]
        );
        let reversed = Choice {
            is_reversed: true,
            ..by(Order::Rate)
        };
        assert_eq!(chosen(&reversed, true), ["FIQ", "ERR", "NMI", "7", "8"]);
    }

    #[test]
    fn a_filter_looks_at_all_texts_of_a_row() {
        for (filter, rows) in [
            ("^7$", vec!["7"]),
            ("GIC|mask", vec!["8", "NMI"]),
            ("usb", vec!["FIQ"]),
            ("disk", vec!["7"]),
            ("nothing", vec![]),
        ] {
            let choice = Choice {
                filter: Some(Regex::new(filter).unwrap()),
                ..by(Order::Irq)
            };
            assert_eq!(chosen(&choice, true), rows, "{filter}");
        }
    }

    #[test]
    fn an_excluded_row_is_left_out_even_if_the_filter_matches() {
        let choice = Choice {
            filter: Some(Regex::new("7|8|NMI").unwrap()),
            exclude: Some(Regex::new("^disk$|mask").unwrap()),
            ..by(Order::Irq)
        };
        assert_eq!(chosen(&choice, true), ["8"]);
    }

    #[test]
    fn a_threshold_applies_to_rates_or_without_rates_to_totals() {
        let above = |threshold| Choice {
            threshold,
            ..by(Order::Irq)
        };
        assert_eq!(chosen(&above(45.0), true), ["8"]);
        assert_eq!(chosen(&above(45.1), true), Vec::<String>::new());
        assert_eq!(chosen(&above(18.0), false), ["7", "8", "NMI"]);
    }
}
