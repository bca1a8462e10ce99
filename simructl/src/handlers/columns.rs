// SPDX-License-Identifier: GPL-2.0-only

//! The columns of the table, and which are left out if there is no room for all.

use simrupt::files::latency::Percentile;
use simrupt::handlers::{Histogram, Max, Row};
use simrupt::text::seconds;

use crate::handlers::function::name;
use crate::handlers::view::View;
use crate::heat::Heat;
use crate::top::format::micros;
use simrupt::text::in_one_row;

/// The title of the column with the cells of CPUs.
pub(super) const HEAT: &str = "cpus";

/// How a column gives way when there is no room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Always,
    /// As wide as there is room.
    Name,
    /// If there is room; the lower ones first.
    Perhaps(u8),
}

/// A column: its title, its rank, whether it has numbers, and the cell of a row.
pub(super) struct Field<'a> {
    pub(super) title: &'static str,
    pub(super) rank: Rank,
    pub(super) is_number: bool,
    pub(super) cell: Box<dyn Fn(&Row) -> String + 'a>,
}

impl View<'_> {
    /// All columns, from left to right.
    pub(super) fn fields(&self, heat: Heat) -> Vec<Field<'_>> {
        use Rank::{Always, Name, Perhaps};
        let sample = self.sample;
        let words = |title, rank, cell: fn(&Row) -> String| Field {
            title,
            rank,
            is_number: false,
            cell: Box::new(cell),
        };
        let number = |title, rank, cell: fn(&Row) -> String| Field {
            is_number: true,
            ..words(title, rank, cell)
        };
        let rate = |row: &Row| sample.per_second(row.counted.run.count);
        let percent = |row: &Row| sample.percent(row.counted.cpu_ns());
        vec![
            words("kind", Always, |row| row.kind.to_string()),
            number("irq", Perhaps(4), |row| {
                row.interrupt.clone().unwrap_or_default()
            }),
            words("name", Name, name),
            words("queue", Perhaps(5), queue),
            Field {
                cell: Box::new(move |row| figure(rate(row), 1)),
                ..number("per_s", Always, |_| String::new())
            },
            Field {
                cell: Box::new(move |row| figure(percent(row), 2)),
                ..number("cpu_%", Always, |_| String::new())
            },
            number("wait_p50", Perhaps(7), |row| {
                percentile(&row.counted.wait, 500)
            }),
            number("wait_p90", Perhaps(10), |row| {
                percentile(&row.counted.wait, 900)
            }),
            number("wait_p99", Perhaps(1), |row| {
                percentile(&row.counted.wait, 990)
            }),
            number("wait_max", Perhaps(3), |row| max(&row.counted.wait)),
            number("run_p50", Perhaps(6), |row| {
                percentile(&row.counted.run, 500)
            }),
            number("run_p90", Perhaps(9), |row| {
                percentile(&row.counted.run, 900)
            }),
            number("run_p99", Perhaps(0), |row| {
                percentile(&row.counted.run, 990)
            }),
            number("run_max", Perhaps(2), |row| max(&row.counted.run)),
            Field {
                cell: Box::new(move |row| self.cells(heat, row)),
                ..words(HEAT, Perhaps(8), |_| String::new())
            },
            number("wait_max_at", Perhaps(12), |row| at(row.counted.wait.max())),
            number("run_max_at", Perhaps(11), |row| at(row.counted.run.max())),
        ]
    }

    /// The runs of a handler on each CPU.
    fn cells(&self, heat: Heat, row: &Row) -> String {
        let cpus = &row.counted.cpus;
        let of = |cpu: &u32| {
            let at = cpus.binary_search_by_key(cpu, |(number, _)| *number);
            Some(at.map_or(0, |at| cpus[at].1.runs))
        };
        heat.cells(self.sample.cpus.iter().map(of))
    }
}

fn figure(number: Option<f64>, digits: usize) -> String {
    number.map_or("-".to_string(), |number| format!("{number:.digits$}"))
}

/// The workqueue of a work item, if it is known.
fn queue(row: &Row) -> String {
    match row.kind {
        "work" => in_one_row(row.queue.as_deref().unwrap_or("?")).into_owned(),
        _ => String::new(),
    }
}

fn percentile(histogram: &Histogram, permille: u32) -> String {
    match histogram.percentile(permille) {
        Some(Percentile::Below(ns)) => micros(Some(ns)),
        Some(Percentile::Above(ns)) => format!(">{}", micros(Some(ns))),
        None => String::new(),
    }
}

fn max(histogram: &Histogram) -> String {
    let max = histogram.max().map(|max| max.value_ns);
    max.map_or(String::new(), |ns| micros(Some(ns)))
}

/// The time at which the longest one ended, and its CPU: `12.345678901/1`.
fn at(max: Option<Max>) -> String {
    max.map_or(String::new(), |max| {
        format!("{}/{}", seconds(max.at_ns), max.cpu)
    })
}
