// SPDX-License-Identifier: GPL-2.0-only

//! The transposed table: a row for each CPU, a column for each cause. For few interrupts on many CPUs.

use std::ops::Range;

use crate::column::Column;
use crate::interrupts::shares::Shares;
use crate::interrupts::text::{GAP, Look, clipped};
use crate::interrupts::view::{Shown, View};
use crate::page::{Block, Page};
use simrupt::layout::{padded, shortened, width as width_of};
use simrupt::text::in_one_row;

/// The greatest width of a column for the words above its numbers.
const WIDEST_WORDS: usize = 12;
/// Every CPU has its own row.
const EXACT: Shares = Shares {
    cpus: 1,
    is_compact: false,
};

/// A column: its second title, and the rest.
struct Turned {
    words: String,
    column: Column<()>,
}

impl View<'_> {
    /// The transposed table; only the CPUs in `window`.
    pub(crate) fn turned(&self, look: &Look, window: Range<usize>) -> Page {
        let cpus = &self.table.cpus;
        let window = window.start.min(cpus.len())..window.end.min(cpus.len());
        let sums = self.sums();
        let totals: Vec<Option<u64>> = match sums.increases.clone() {
            Some(increases) => increases,
            None => sums.totals.iter().copied().map(Some).collect(),
        };
        let mut columns = vec![self.turned_cpus(window.clone())];
        columns.extend(self.turned_nodes(window.clone()));
        let unit = self.numbers();
        let numbers = |counts: &[Option<u64>]| EXACT.numbers(&counts[window.clone()], unit);
        columns.push(turned("all", "", numbers(&totals)));
        let with_cpus = |shown: &Shown<'_>| shown.row.per_cpu().is_some();
        let causes = || self.all_shown().filter(with_cpus);
        let all = columns.len() + causes().count();
        let width_of_all = |columns: &[Turned]| -> usize {
            let widths = columns.iter().map(|one| one.column.width() + GAP);
            widths.sum::<usize>().saturating_sub(GAP)
        };
        let most = look.width.unwrap_or(usize::MAX);
        let mut taken = width_of_all(&columns);
        for shown in causes() {
            // Of thousands of interrupts, only those with room are looked at.
            if taken > most {
                break;
            }
            let words = in_one_row(&shown.row.about.text()).into_owned();
            let name = in_one_row(&shown.row.name);
            let column = turned(&name, &words, numbers(&shown.counts()));
            taken += GAP + column.column.width();
            columns.push(column);
        }
        while columns.len() > 1 && width_of_all(&columns) > most {
            columns.pop();
        }
        let left_out = all - columns.len();
        let words = columns.iter().map(|one| {
            let width = one.column.width();
            padded(&shortened(&one.words, width), width, true)
        });
        let line = |row| {
            let cells = columns.iter();
            let cells = cells.map(move |one| one.column.padded(row, one.column.width()));
            clipped(cells, look.width)
        };
        let titles = [clipped(words, look.width), line(None)];
        let mut page = Page {
            rows: (0..window.len()).map(|row| line(Some(row))).collect(),
            ..Page::default()
        };
        if look.has_headings {
            let block = |rank, line| Block {
                rank,
                lines: vec![line],
            };
            let blank = block(1, String::new());
            page.heading = vec![block(0, self.summary(&sums, look.width)), blank];
            page.titles = titles.into_iter().filter(|line| !line.is_empty()).collect();
            let plural = if left_out == 1 { "column" } else { "columns" };
            let note = format!("… {left_out} more {plural}");
            let fitted = look
                .width
                .map_or(note.clone(), |width| shortened(&note, width));
            page.note = (left_out > 0).then_some(fitted);
        }
        page
    }

    fn turned_cpus(&self, window: Range<usize>) -> Turned {
        let cpus = self.table.cpus[window].iter();
        turned("cpu", "", cpus.map(u32::to_string).collect())
    }

    fn turned_nodes(&self, window: Range<usize>) -> Option<Turned> {
        let node = |cpu: &u32| {
            let node = self.nodes.iter().find(|node| node.cpus.contains(*cpu));
            node.map_or("-".to_string(), |node| node.number.to_string())
        };
        let nodes = self.table.cpus[window].iter().map(node);
        (self.nodes.len() > 1).then(|| turned("node", "", nodes.collect()))
    }
}

fn turned(title: &str, words: &str, cells: Vec<String>) -> Turned {
    let mut column = Column {
        rank: (),
        title: title.to_string(),
        cells,
        is_number: true,
    };
    // Words widen a column, up to a limit.
    let wanted = width_of(words).min(WIDEST_WORDS);
    column.title = padded(&column.title, wanted, true);
    Turned {
        words: words.to_string(),
        column,
    }
}
