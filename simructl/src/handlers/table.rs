// SPDX-License-Identifier: GPL-2.0-only

//! The table for people, as wide as the terminal. Columns without room are left out.

use std::ops::Range;

use simrupt::handlers::Row;

use crate::column::Column;
use crate::handlers::columns::{HEAT, Rank};
use crate::handlers::view::View;
use crate::heat::Heat;
use crate::page::{Block, Page};
use simrupt::layout::shortened;

/// The space between columns.
const GAP: usize = 2;
/// The least width of names, as long as other columns can be left out.
const LEAST_NAME: usize = 16;
/// The greatest width of the cells of CPUs.
const WIDEST_HEAT: usize = 32;

impl View<'_> {
    /// The table in at most `width` columns, or as wide as it needs; only the rows in `window`.
    pub(super) fn page(&self, width: Option<usize>, window: Range<usize>) -> Page {
        let window = window.start.min(self.rows.len())..window.end.min(self.rows.len());
        let rows = &self.rows[window];
        let hottest = rows.iter().flat_map(|row| &row.counted.cpus);
        let hottest = hottest.map(|(_, on)| on.runs).max().unwrap_or(0);
        let heat = Heat::new(self.sample.cpus.len(), WIDEST_HEAT, hottest);
        let mut columns = self.columns(rows, heat);
        let name_width = fit(&mut columns, width);
        let line = |row: Option<usize>| {
            let cells = columns.iter().map(|column| match column.rank {
                Rank::Name => {
                    let width = column.width().min(name_width);
                    shortened(&column.padded(row, width), width)
                }
                _ => column.padded(row, column.width()),
            });
            let line = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
            within(line.trim_end(), width)
        };
        let mut page = Page {
            heading: vec![block(0, within(&self.summary(), width))],
            ..Page::default()
        };
        if !rows.is_empty() {
            let units = "waits and runs in microseconds; cpu_% of one CPU";
            page.heading.push(block(2, within(units, width)));
            if columns.iter().any(|column| column.title == HEAT) {
                page.heading.push(block(3, within(&legend(heat), width)));
            }
            page.heading.push(block(1, String::new()));
            page.titles = vec![line(None)];
            page.rows = (0..rows.len()).map(|row| line(Some(row))).collect();
        }
        page
    }

    /// The columns that are not empty.
    fn columns(&self, rows: &[&Row], heat: Heat) -> Vec<Column<Rank>> {
        let columns = self.fields(heat).into_iter().map(|field| Column {
            title: field.title.to_string(),
            cells: rows.iter().map(|row| (field.cell)(row)).collect(),
            is_number: field.is_number,
            rank: field.rank,
        });
        columns
            .filter(|column| {
                column.rank == Rank::Always || column.cells.iter().any(|cell| !cell.is_empty())
            })
            .collect()
    }

    /// The sums over all rows, in words.
    fn summary(&self) -> String {
        let sample = self.sample;
        let rows = match (self.rows.len(), sample.rows.len()) {
            (some, all) if some < all => format!("{some} of {all} rows"),
            (_, 1) => "1 row".to_string(),
            (_, all) => format!("{all} rows"),
        };
        let cpus = match sample.cpus.len() {
            1 => "1 CPU".to_string(),
            some => format!("{some} CPUs"),
        };
        let rate = match sample.per_second(sample.events) {
            Some(rate) => format!("{rate:.1} events per second"),
            None if sample.events == 1 => "1 event".to_string(),
            None => format!("{} events", sample.events),
        };
        let seconds = sample.interval.unwrap_or_default().as_secs_f64();
        let lost = sample.lost;
        format!("{cpus}, {seconds:.3} s; {rows}; {rate}, {lost} lost")
    }
}

/// The meaning of the cells of CPUs.
fn legend(heat: Heat) -> String {
    let share = match heat.cpus_per_cell {
        1 => String::new(),
        some => format!(", the hottest of {some} CPUs"),
    };
    let most = heat.hottest;
    format!("{HEAT}: a cell for each{share}; · none, ▁ 1 to █ {most} runs, logarithmic")
}

fn block(rank: u8, line: String) -> Block {
    Block {
        rank,
        lines: vec![line],
    }
}

/// A line, cut at the width.
fn within(line: &str, width: Option<usize>) -> String {
    width.map_or(line.to_string(), |width| shortened(line, width))
}

/// Leaves out columns until the others fit; returns the width of names.
fn fit(columns: &mut Vec<Column<Rank>>, width: Option<usize>) -> usize {
    let width_of = |rank, columns: &[Column<Rank>]| {
        let of_rank = columns.iter().filter(|column| column.rank == rank);
        of_rank.map(|column| column.width() + GAP).sum::<usize>()
    };
    let names = width_of(Rank::Name, columns).saturating_sub(GAP);
    let Some(width) = width else {
        return names;
    };
    let kept = names.min(LEAST_NAME);
    let mut left = width.saturating_sub(width_of(Rank::Always, columns) + kept);
    for place in 0..=u8::MAX {
        let rank = Rank::Perhaps(place);
        match left.checked_sub(width_of(rank, columns)) {
            Some(rest) => left = rest,
            None => columns.retain(|column| column.rank != rank),
        }
        if columns.iter().all(|column| column.rank <= rank) {
            break;
        }
    }
    kept + left
}
