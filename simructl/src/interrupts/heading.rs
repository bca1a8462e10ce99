// SPDX-License-Identifier: GPL-2.0-only

//! The lines above a table: sums of all rows, of each CPU and of each NUMA node, and the meaning of the cells.

use proc_interrupts::CpuList;

use crate::heat::Heat;
use crate::interrupts::shares::Shares;
use crate::interrupts::text::{GAP, HEAT, WIDEST_NUMBERS};
use crate::interrupts::view::{Sums, View};
use crate::page::Block;
use simrupt::layout::{padded, shortened, width as width_of};

impl View<'_> {
    /// The sum of each CPU, and of each NUMA node.
    pub(super) fn strips(&self, sums: &Sums, width: Option<usize>) -> Vec<Block> {
        let cpus = &self.table.cpus;
        let counts = match &sums.increases {
            Some(increases) => increases.clone(),
            None => sums.totals.iter().copied().map(Some).collect(),
        };
        let mut blocks = Vec::new();
        if cpus.len() > 1 {
            let names = |shares: Shares| shares.names(cpus).collect();
            blocks.extend(self.strip(3, "CPU", &names, &counts, width));
        }
        if self.nodes.len() > 1 {
            let counts: Vec<Option<u64>> = (self.nodes.iter())
                .map(|node| {
                    let of_cpus = cpus.iter().zip(&counts);
                    let of_node = of_cpus.filter(|(cpu, _)| node.cpus.contains(**cpu));
                    let known = of_node.filter_map(|(_, count)| *count);
                    known.reduce(u64::saturating_add)
                })
                .collect();
            let numbers: Vec<u32> = self.nodes.iter().map(|node| node.number).collect();
            let names = |shares: Shares| shares.names(&numbers).collect();
            blocks.extend(self.strip(4, "node", &names, &counts, width));
        }
        blocks
    }

    fn strip(
        &self,
        rank: u8,
        title: &str,
        names: &dyn Fn(Shares) -> Vec<String>,
        counts: &[Option<u64>],
        width: Option<usize>,
    ) -> Option<Block> {
        let what = self.what();
        let lead = width_of(what).max(width_of(title));
        let room = width.unwrap_or(WIDEST_NUMBERS).checked_sub(lead + GAP)?;
        let numbers = self.numbers();
        let (_, cells) = Shares::fitting(counts.len(), room, GAP, |shares| {
            let numbers = shares.numbers(counts, numbers);
            let names = names(shares).into_iter();
            names
                .zip(numbers)
                .map(|(name, number)| vec![name, number])
                .collect()
        })?;
        let line = |lead_text: &str, at: usize| {
            let mut line = padded(lead_text, lead, false);
            for column in &cells {
                let width = column.iter().map(|cell| width_of(cell)).max().unwrap_or(0);
                line += &" ".repeat(GAP);
                line += &padded(&column[at], width, true);
            }
            line
        };
        Some(Block {
            rank,
            lines: vec![line(title, 0), line(what, 1)],
        })
    }

    /// The sum over all rows, in words.
    pub(super) fn summary(&self, sums: &Sums, width: Option<usize>) -> String {
        let rows = match (self.rows.len(), self.table.rows.len()) {
            (some, all) if some < all => format!("{some} of {all} rows"),
            (1, _) => "1 row".to_string(),
            (_, all) => format!("{all} rows"),
        };
        let sum = match (self.changes, sums.increase, self.interval) {
            (None, ..) => format!("{} in all", sums.total),
            (_, None, Some(_)) => "- per second".to_string(),
            (_, None, None) => "- more".to_string(),
            (_, Some(more), _) => match self.per_second(Some(more)) {
                Some(rate) => format!("{rate:.1} per second"),
                None => format!("{more} more"),
            },
        };
        let cpus = &self.table.cpus;
        let noun = if cpus.len() == 1 { "CPU" } else { "CPUs" };
        let list: CpuList = cpus.iter().copied().collect();
        let count = cpus.len();
        let time = self
            .time
            .map(|time| humantime::format_rfc3339_seconds(time).to_string());
        let time = time.map_or(String::new(), |time| format!("; {time}"));
        let lines = [
            format!("{count} {noun}: {list}; {rows}; {sum}{time}"),
            format!("{count} {noun}; {rows}; {sum}{time}"),
            format!("{count} {noun}; {rows}; {sum}"),
            format!("{rows}; {sum}"),
            sum,
        ];
        first_fitting(lines, width)
    }

    /// The meaning of the cells.
    pub(super) fn legend(&self, heat: Heat, width: Option<usize>) -> String {
        let share = match heat.cpus_per_cell {
            1 => String::new(),
            some => format!(", the hottest of {some} CPUs"),
        };
        let hottest = heat.hottest;
        let rate = self
            .per_second(Some(hottest))
            .filter(|_| self.changes.is_some());
        let most = match (hottest, rate) {
            (0, _) => String::new(),
            (_, Some(rate)) => format!(", ▁ to █ {rate:.1} per second"),
            (_, None) => format!(", ▁ 1 to █ {hottest}"),
        };
        let scale = if hottest > 1 { ", logarithmic" } else { "" };
        let lines = [
            format!("{HEAT}: a cell for each{share}; · none{most}{scale}"),
            format!("{HEAT}: · none{most}{scale}"),
            format!("{HEAT}: · none{most}"),
            format!("· none{most}"),
        ];
        first_fitting(lines, width)
    }
}

/// The first line that fits. If none fits, the last one is cut.
pub(super) fn first_fitting<const N: usize>(lines: [String; N], width: Option<usize>) -> String {
    let Some(width) = width else {
        return lines.into_iter().next().unwrap_or_default();
    };
    let fits = lines.iter().position(|line| width_of(line) <= width);
    let line = &lines[fits.unwrap_or(N - 1)];
    shortened(line, width)
}
