// SPDX-License-Identifier: GPL-2.0-only

//! Tables for people: as wide as the terminal, with a cell for each CPU, or for some neighbours where there
//! is no room for all.

use crate::column::Column;
use crate::interrupts::heat::Heat;
use crate::interrupts::outputs::{Shown, View};
use crate::interrupts::source::Kind;

/// The space between columns.
const GAP: usize = 2;
/// How wide the cells of CPUs become where nothing limits them.
const WIDEST_HEAT: usize = 64;
/// What is kept for words as long as other columns can go.
const LEAST_WORDS: usize = 16;
/// What stands above the cells.
const HEAT: &str = "cpus";

/// Which columns there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Always,
    /// As wide as there is room: a cell for each CPU, whose interrupt it is.
    Heat,
    Words,
    /// If there is room; the lower ones first.
    Perhaps(u8),
}

impl View<'_> {
    /// The table in at most `width` places, or as wide as it is.
    pub(crate) fn text(&self, width: Option<usize>) -> String {
        let shown: Vec<Shown<'_>> = self.shown().collect();
        let mut columns = self.columns(&shown);
        let cpus = self.table.cpus.len();
        let (heat_width, words_width) = fit(&mut columns, cpus, width);
        let heat = Heat::new(cpus, heat_width, self.hottest(&shown));
        for column in &mut columns {
            if column.rank == Rank::Heat {
                self.warm(column, &shown, heat);
            }
        }
        let widths = columns.iter().map(|column| match column.rank {
            Rank::Words => column.width().min(words_width),
            _ => column.width(),
        });
        let widths: Vec<usize> = widths.collect();
        let mut text = self.heading(&shown, heat);
        for row in std::iter::once(None).chain((0..shown.len()).map(Some)) {
            let cells = columns.iter().zip(&widths).enumerate();
            let cells = cells.map(|(index, (column, width))| {
                let cell = column.padded(row, *width);
                let mut behind = columns[index + 1..].iter();
                // With nothing behind them words may be as long as the row.
                match row.is_none_or(|row| behind.all(|column| column.cells[row].is_empty())) {
                    true => cell,
                    false => shortened(&cell, *width),
                }
            });
            text += &clipped(cells, width);
        }
        text
    }

    fn columns(&self, shown: &[Shown<'_>]) -> Vec<Column<Rank>> {
        let column =
            |title: &str, is_number, rank, cell: &dyn Fn(&Shown<'_>) -> Option<String>| Column {
                title: title.to_string(),
                cells: shown
                    .iter()
                    .map(|shown| cell(shown).unwrap_or_default())
                    .collect(),
                is_number,
                rank,
            };
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let since = match self.interval {
            Some(_) => "per_s",
            None => "more",
        };
        let more = |shown: &Shown<'_>| {
            let count = shown.change?.total;
            let rate = self.per_second(count).map(|rate| format!("{rate:.1}"));
            Some(rate.or(number(count)).unwrap_or("-".to_string()))
        };
        let name = |shown: &Shown<'_>| Some(visible(&shown.row.name));
        let total = |shown: &Shown<'_>| Some(number(shown.row.total()).unwrap_or("-".to_string()));
        let what = |shown: &Shown<'_>| {
            let description = self.description(shown.row);
            Some(visible(
                &description.unwrap_or_else(|| shown.row.about.text()),
            ))
        };
        let (title, words) = match self.kind {
            Kind::Irqs => ("irq", "actions"),
            Kind::Softirqs => ("softirq", "what it does"),
        };
        let (heat, always) = (Rank::Heat, Rank::Always);
        let mut columns = vec![
            column(title, true, always, &name),
            column("total", true, always, &total),
            column(since, true, always, &more),
            column(HEAT, false, heat, &|_| None),
            column(words, false, Rank::Words, &what),
        ];
        if self.kind == Kind::Irqs {
            let list = |shown: &Shown<'_>| {
                let pids = &shown.placement?.threads;
                Some(
                    pids.iter()
                        .map(u32::to_string)
                        .collect::<Vec<_>>()
                        .join(","),
                )
            };
            let perhaps = Rank::Perhaps;
            columns.extend([
                column("chip", false, perhaps(1), &|shown| {
                    shown.row.about.chip.as_deref().map(visible)
                }),
                column("hwirq", true, perhaps(4), &|shown| {
                    number(shown.row.about.hwirq)
                }),
                column("trigger", false, perhaps(2), &|shown| {
                    shown.row.about.trigger.as_deref().map(visible)
                }),
                column("affinity", false, perhaps(0), &|shown| {
                    shown.placement?.affinity.clone()
                }),
                column("effective", false, perhaps(3), &|shown| {
                    shown.placement?.effective.clone()
                }),
                column("threads", false, perhaps(5), &list),
            ]);
        }
        // What none of them has need not stand there.
        columns.retain(|column| {
            column.rank == Rank::Heat || column.cells.iter().any(|cell| !cell.is_empty())
        });
        columns
    }

    /// What is shown in the cells: what was counted since before, or all.
    fn counts(&self, shown: &Shown<'_>) -> Vec<Option<u64>> {
        match shown.change {
            Some(change) => change.per_cpu.clone(),
            None => shown.row.per_cpu().iter().copied().map(Some).collect(),
        }
    }

    fn hottest(&self, shown: &[Shown<'_>]) -> u64 {
        let hottest = |shown: &Shown<'_>| match shown.change {
            Some(change) => change.per_cpu.iter().flatten().max().copied(),
            None => shown.row.per_cpu().iter().max().copied(),
        };
        shown.iter().filter_map(hottest).max().unwrap_or(0)
    }

    fn warm(&self, column: &mut Column<Rank>, shown: &[Shown<'_>], heat: Heat) {
        let cells = shown
            .iter()
            .map(|shown| heat.cells(self.counts(shown).into_iter()));
        column.cells = cells.collect();
    }

    /// How much it is together, and what the cells mean.
    fn heading(&self, shown: &[Shown<'_>], heat: Heat) -> String {
        let rows = match (shown.len(), self.table.rows.len()) {
            (some, all) if some < all => format!("{some} of {all} rows"),
            (_, all) => format!("{all} rows"),
        };
        let cpus = &self.table.cpus;
        let sum = |count: &dyn Fn(&Shown<'_>) -> Option<u64>| {
            shown.iter().filter_map(count).fold(0, u64::saturating_add)
        };
        let sum = match self.changes {
            None => format!("{} in all", sum(&|shown| shown.row.total())),
            Some(_) => {
                let more = sum(&|shown| shown.change?.total);
                match self.per_second(Some(more)) {
                    Some(rate) => format!("{rate:.1} per second"),
                    None => format!("{more} more"),
                }
            }
        };
        let share = match heat.cpus_per_cell {
            1 => String::new(),
            some => format!(", the hottest of {some} CPUs"),
        };
        let noun = if cpus.len() == 1 { "CPU" } else { "CPUs" };
        format!(
            "{} {noun}: {}; {rows}; {sum}\ncpus: a cell for each{share}; · none, ▁ 1 to █ {}, logarithmic\n\n",
            cpus.len(),
            ranges(cpus),
            heat.hottest,
        )
    }
}

/// Leaves out columns until the others fit; returns the widths of the CPUs' cells and of the words.
fn fit(columns: &mut Vec<Column<Rank>>, cpus: usize, width: Option<usize>) -> (usize, usize) {
    let width_of = |rank, columns: &[Column<Rank>]| {
        let of_rank = columns.iter().filter(|column| column.rank == rank);
        of_rank.map(|column| column.width() + GAP).sum::<usize>()
    };
    let words = width_of(Rank::Words, columns).saturating_sub(GAP);
    let Some(width) = width else {
        return (cpus.min(WIDEST_HEAT), words);
    };
    // Both get a part of what there is, then columns that may be left out, then both what they can use.
    let mut heat = cpus.min(width / 3);
    let always = width_of(Rank::Always, columns) + heat.max(HEAT.len()) + 2 * GAP;
    let mut left = width.saturating_sub(always);
    let mut kept = words.min(LEAST_WORDS);
    left = left.saturating_sub(kept);
    for place in 0.. {
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

/// A row of cells, cut where the width ends.
fn clipped(cells: impl Iterator<Item = String>, width: Option<usize>) -> String {
    let row = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
    let row = row.trim_end();
    match width {
        Some(width) => shortened(row, width) + "\n",
        None => row.to_string() + "\n",
    }
}

/// A text of at most so many characters.
fn shortened(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => text.to_string(),
        false => text
            .chars()
            .take(width.saturating_sub(1))
            .chain(['…'])
            .take(width)
            .collect(),
    }
}

/// A text that does nothing to a terminal.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '�' } else { c })
        .collect()
}

/// Numbers that go up, as a list: `0-3,8`.
fn ranges(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let texts: Vec<String> = runs
        .map(|run| match run {
            [one] => one.to_string(),
            _ => format!("{}-{}", run[0], run[run.len() - 1]),
        })
        .collect();
    texts.join(",")
}

/// What a softirq does. Linux 7.3, include/linux/interrupt.h names them.
pub(super) fn softirq(name: &str) -> Option<&'static str> {
    Some(match name {
        "HI" => "urgent tasklets and BH work items: workqueues of WQ_BH | WQ_HIGHPRI",
        "TIMER" => "timers of the timer wheel that are due: jiffies, add_timer()",
        "NET_TX" => "network: queues that can send again, sent packets that are freed",
        "NET_RX" => "network: packets that have come are taken from the devices (NAPI)",
        "BLOCK" => "block devices: requests that are done are completed",
        "IRQ_POLL" => "devices that are polled for a while instead of interrupting",
        "TASKLET" => "tasklets and BH work items: workqueues of WQ_BH",
        "SCHED" => "the scheduler balances the load of the CPUs",
        "HRTIMER" => "high-resolution timers that are not to run in hardirq: HRTIMER_MODE_SOFT",
        "RCU" => "RCU: callbacks after a grace period, freed memory",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_as_short_as_the_kernels() {
        for (numbers, text) in [
            (&[0][..], "0"),
            (&[0, 1, 2, 3], "0-3"),
            (&[0, 2, 3, 8], "0,2-3,8"),
            (&[4_294_967_294, 4_294_967_295], "4294967294-4294967295"),
            (&[], ""),
        ] {
            assert_eq!(ranges(numbers), text);
        }
    }

    #[test]
    fn what_is_too_long_says_so() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("abcd", 3), "ab…");
        assert_eq!(shortened("▁▂▃", 2), "▁…");
        assert_eq!(shortened("abc", 0), "");
    }

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(visible("a\x1b[2Jb\u{9b}"), "a�[2Jb�");
    }
}
