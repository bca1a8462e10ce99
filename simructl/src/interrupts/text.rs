// SPDX-License-Identifier: GPL-2.0-only

//! Tables for people, as wide as the terminal, with a cell or a number for each CPU, or for several neighbours if there
//! is no room for all.

use std::ops::Range;

use clap::ValueEnum;

use crate::column::Column;
use crate::heat::Heat;
use crate::interrupts::columns::{Chosen, Field};
use crate::interrupts::heading::first_fitting;
use crate::interrupts::shares::{Numbers, Shares};
use crate::interrupts::view::{Shown, View};
use crate::page::{Block, Page};
use simrupt::layout::shortened;

/// The space between columns.
pub(super) const GAP: usize = 2;
/// The width of the cells of all CPUs if nothing limits it.
const WIDEST_HEAT: usize = 64;
pub(super) const WIDEST_NUMBERS: usize = 120;
/// The width that is kept for words as long as other columns can give way.
const LEAST_WORDS: usize = 16;
/// The title of the cells.
pub(super) const HEAT: &str = "cpus";

/// How the counts of CPUs are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, ValueEnum)]
pub(crate) enum Cells {
    /// A block for each CPU: the more, the higher
    #[default]
    Blocks,
    /// A number for each CPU; for several neighbours together if there is no room for all
    Numbers,
}

/// The look of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    /// The available width; `None`: as much as it needs.
    pub(crate) width: Option<usize>,
    pub(crate) cells: Cells,
    pub(crate) columns: Option<Chosen>,
    /// Whether there are headings, not only rows.
    pub(crate) has_headings: bool,
}

/// How a column gives way when there is no room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Always,
    /// As wide as there is room: a cell for each CPU, and the actions.
    Heat,
    Words,
    /// If there is room; the lower ones first.
    Perhaps(u8),
}

impl View<'_> {
    /// The table; only the rows in `window`.
    pub(crate) fn page(&self, look: &Look, window: Range<usize>) -> Page {
        let sums = self.sums();
        let mut page = Page::default();
        let mut heading = vec![Block {
            rank: 0,
            lines: vec![self.summary(&sums, look.width)],
        }];
        let rows = self.rows.get(window).unwrap_or_default();
        if !rows.is_empty() {
            let shown: Vec<Shown<'_>> = rows.iter().map(|at| self.shown(*at)).collect();
            heading.extend(self.strips(&sums, look.width));
            let legend = self.table_of(&shown, look, &mut page);
            heading.extend(legend);
            heading.push(Block {
                rank: 1,
                lines: vec![String::new()],
            });
        }
        if look.has_headings {
            page.heading = heading;
        } else {
            page.titles.clear();
        }
        page
    }

    /// Puts the titles and the rows into the page; returns the legend of the cells.
    fn table_of(&self, shown: &[Shown<'_>], look: &Look, page: &mut Page) -> Option<Block> {
        let mut columns = self.columns(shown, look);
        let cpus = self.table.cpus.len();
        let mut legend = None;
        if look.cells == Cells::Numbers {
            legend = self.put_numbers(&mut columns, shown, look.width);
        }
        let (heat_width, words_width) = fit(&mut columns, cpus, look.width);
        if let Some(column) = columns.iter_mut().find(|column| column.rank == Rank::Heat) {
            let heat = Heat::new(cpus, heat_width, hottest(shown));
            let cells = shown
                .iter()
                .map(|shown| heat.cells(shown.counts().into_iter()));
            column.cells = cells.collect();
            legend = Some(self.legend(heat, look.width));
        }
        let widths = columns.iter().map(|column| match column.rank {
            Rank::Words => column.width().min(words_width),
            _ => column.width(),
        });
        let widths: Vec<usize> = widths.collect();
        let line = |row: Option<usize>| {
            let cells = columns.iter().zip(&widths).enumerate();
            let cells = cells.map(|(index, (column, width))| {
                let cell = column.padded(row, *width);
                let mut behind = columns[index + 1..].iter();
                // If nothing follows them in the row, words may be as long as the row.
                match row.is_none_or(|row| behind.all(|column| column.cells[row].is_empty())) {
                    true => cell,
                    false => shortened(&cell, *width),
                }
            });
            clipped(cells, look.width)
        };
        page.titles = vec![line(None)];
        page.rows = (0..shown.len()).map(|row| line(Some(row))).collect();
        legend.map(|line| Block {
            rank: 2,
            lines: vec![line],
        })
    }

    fn columns(&self, shown: &[Shown<'_>], look: &Look) -> Vec<Column<Rank>> {
        let fields = Chosen::fields(look.columns.as_ref(), self.kind);
        let is_chosen = look.columns.as_ref().is_some_and(Chosen::is_all);
        let column = |(place, field): (usize, Field)| {
            let cell = |shown: &Shown<'_>| {
                let is_expected = match field {
                    Field::Total => true,
                    Field::PerSecond | Field::Increase => is_chosen || self.changes.is_some(),
                    _ => false,
                };
                let unknown = if is_expected { "-" } else { "" };
                field.cell(self, shown).unwrap_or(unknown.to_string())
            };
            Column {
                rank: rank(field, is_chosen.then_some(place)),
                title: field.title(self).to_string(),
                cells: shown.iter().map(cell).collect(),
                is_number: field.is_number(),
            }
        };
        let mut columns: Vec<Column<Rank>> = fields.into_iter().enumerate().map(column).collect();
        // An empty column is left out.
        columns.retain(|column| {
            is_chosen
                || column.rank == Rank::Heat
                || column.cells.iter().any(|cell| !cell.is_empty())
        });
        columns
    }

    /// Replaces the cells by a column for each CPU, or for each group of them; returns their legend.
    fn put_numbers(
        &self,
        columns: &mut Vec<Column<Rank>>,
        shown: &[Shown<'_>],
        width: Option<usize>,
    ) -> Option<String> {
        let place = columns
            .iter()
            .position(|column| column.rank == Rank::Heat)?;
        let taken = |column: &Column<Rank>| match column.rank {
            Rank::Always => column.width() + GAP,
            Rank::Words => column.width().min(LEAST_WORDS) + GAP,
            Rank::Heat | Rank::Perhaps(_) => 0,
        };
        let taken: usize = columns.iter().map(taken).sum();
        let room = width.map_or(WIDEST_NUMBERS, |width| width.saturating_sub(taken));
        let numbers = self.numbers();
        let counts: Vec<Vec<Option<u64>>> = shown.iter().map(Shown::counts).collect();
        let cpus = &self.table.cpus;
        let (shares, cells) = Shares::fitting(cpus.len(), room, GAP, |shares| {
            let mut cells: Vec<Vec<String>> = shares.names(cpus).map(|name| vec![name]).collect();
            for counts in &counts {
                let numbers = match counts.is_empty() {
                    true => vec![String::new(); cells.len()],
                    false => shares.numbers(counts, numbers),
                };
                for (column, number) in cells.iter_mut().zip(numbers) {
                    column.push(number);
                }
            }
            cells
        })?;
        let of_cpus = cells.into_iter().map(|mut cells| Column {
            rank: Rank::Always,
            title: cells.remove(0),
            cells,
            is_number: true,
        });
        columns.splice(place..=place, of_cpus);
        let share = match shares.cpus {
            1 => "for each CPU".to_string(),
            some => format!("the sum of {some} CPUs"),
        };
        let unit = match shares.is_compact {
            true => "; K is 1000",
            false => "",
        };
        let what = self.what();
        let lines = [
            format!("{HEAT}: {what} {share}{unit}"),
            format!("{HEAT}: {share}"),
        ];
        Some(first_fitting(lines, width))
    }

    /// The name of the numbers of CPUs.
    pub(super) fn what(&self) -> &'static str {
        match (self.interval, self.changes) {
            (Some(_), Some(_)) => "per_s",
            (None, Some(_)) => "increase",
            (_, None) => "total",
        }
    }

    pub(super) fn numbers(&self) -> Numbers {
        let interval = self.interval.filter(|_| self.changes.is_some());
        let seconds = interval.map(|interval| interval.as_secs_f64());
        Numbers {
            unit: seconds.filter(|seconds| *seconds > 0.0).unwrap_or(1.0),
            is_rate: seconds.is_some(),
        }
    }
}

/// The importance of a column: the default, or its place among the requested ones.
fn rank(field: Field, place: Option<usize>) -> Rank {
    match (field, place) {
        (Field::Cpus, _) => Rank::Heat,
        (Field::Actions, _) => Rank::Words,
        (_, Some(place)) => Rank::Perhaps(u8::try_from(place).unwrap_or(u8::MAX)),
        (Field::Affinity, None) => Rank::Perhaps(0),
        (Field::Chip, None) => Rank::Perhaps(1),
        (Field::Trigger, None) => Rank::Perhaps(2),
        (Field::Effective, None) => Rank::Perhaps(3),
        (Field::Hwirq, None) => Rank::Perhaps(4),
        (Field::Threads, None) => Rank::Perhaps(5),
        (Field::Node | Field::Type, None) => Rank::Perhaps(6),
        (Field::Irq | Field::Total | Field::Increase | Field::PerSecond, None) => Rank::Always,
    }
}

/// The highest count of a CPU in any row.
fn hottest(shown: &[Shown<'_>]) -> u64 {
    let hottest = |shown: &Shown<'_>| match shown.change {
        Some(change) => change.per_cpu().flatten().max(),
        None => shown.row.per_cpu().and_then(|counts| counts.max()),
    };
    shown.iter().filter_map(hottest).max().unwrap_or(0)
}

/// Leaves out columns until the others fit; returns the widths of the CPUs' cells and of the words.
fn fit(columns: &mut Vec<Column<Rank>>, cpus: usize, width: Option<usize>) -> (usize, usize) {
    let has = |rank| {
        columns
            .iter()
            .any(|column: &Column<Rank>| column.rank == rank)
    };
    let (has_heat, has_words) = (has(Rank::Heat), has(Rank::Words));
    let width_of = |rank, columns: &[Column<Rank>]| {
        let of_rank = columns.iter().filter(|column| column.rank == rank);
        of_rank.map(|column| column.width() + GAP).sum::<usize>()
    };
    let words = width_of(Rank::Words, columns).saturating_sub(GAP);
    let Some(width) = width else {
        return (cpus.min(WIDEST_HEAT), words);
    };
    // First both get a share of the width, then the optional columns, then both as much as they can use.
    let mut heat = cpus.min(width / 3);
    let mut kept = words.min(LEAST_WORDS);
    let of_heat = if has_heat {
        heat.max(HEAT.len()) + GAP
    } else {
        0
    };
    let of_words = if has_words { kept + GAP } else { 0 };
    let always = width_of(Rank::Always, columns) + of_heat + of_words;
    let mut left = (width + GAP).saturating_sub(always);
    for place in 0..=u8::MAX {
        let rank = Rank::Perhaps(place);
        let room = width_of(rank, columns);
        match left.checked_sub(room) {
            Some(rest) => left = rest,
            None => columns.retain(|column| column.rank != rank),
        }
        if columns.iter().all(|column| column.rank <= rank) {
            break;
        }
    }
    let more = left.min(words - kept);
    kept += more;
    heat = cpus.min(heat.max(HEAT.len().min(cpus)) + left - more);
    (heat, kept)
}

/// A row of cells, cut at the width.
pub(super) fn clipped(cells: impl Iterator<Item = String>, width: Option<usize>) -> String {
    let row = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
    let row = row.trim_end();
    match width {
        Some(width) => shortened(row, width),
        None => row.to_string(),
    }
}
