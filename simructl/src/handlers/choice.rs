// SPDX-License-Identifier: GPL-2.0-only

//! Which rows are shown, and in which order.

use std::cmp::Reverse;

use clap::ValueEnum;
use regex_lite::Regex;
use simrupt::handlers::{Histogram, Row, Sample};

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Default, ValueEnum)]
pub(crate) enum Order {
    /// The most CPU time first
    #[default]
    Cpu,
    /// The most runs first
    Rate,
    /// The longest run first
    Run,
    /// The longest wait first
    Wait,
    /// By kind and name
    Name,
}

/// The choice of rows, and their order.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) order: Order,
    pub(crate) is_reversed: bool,
    /// The kind, the interrupt, the name, the module or the workqueue must match this.
    pub(crate) filter: Option<Regex>,
}

impl Choice {
    /// The chosen rows, in their order.
    pub(crate) fn rows<'a>(&self, sample: &'a Sample) -> Vec<&'a Row> {
        let mut rows: Vec<&Row> = sample
            .rows
            .iter()
            .filter(|row| self.includes(row))
            .collect();
        let longest = |histogram: &Histogram| histogram.max().map(|max| max.value_ns);
        // Rows that compare equal keep the same order in every sample.
        rows.sort_by_key(|row| (row.kind, row.irq, &row.name, &row.queue));
        match self.order {
            Order::Cpu => rows.sort_by_key(|row| Reverse(row.counted.cpu_ns())),
            Order::Rate => rows.sort_by_key(|row| Reverse(row.counted.run.count)),
            Order::Run => rows.sort_by_key(|row| Reverse(longest(&row.counted.run))),
            Order::Wait => rows.sort_by_key(|row| Reverse(longest(&row.counted.wait))),
            Order::Name => {}
        }
        if self.is_reversed {
            rows.reverse();
        }
        rows
    }

    /// Whether a row is among the chosen ones.
    pub(crate) fn includes(&self, row: &Row) -> bool {
        let Some(filter) = &self.filter else {
            return true;
        };
        let more = [&row.interrupt, &row.module, &row.queue];
        let more = more.into_iter().flatten().map(String::as_str);
        [row.kind, &row.name]
            .into_iter()
            .chain(more)
            .any(|text| filter.is_match(text))
    }
}
