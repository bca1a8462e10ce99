// SPDX-License-Identifier: GPL-2.0-only

//! The details of one line: the contexts in which its stages ran, the CPUs that took its interrupt, and the histogram
//! of a latency.

use std::iter;

use ratatui::layout::Rect;

use crate::pace::per_second;
use crate::top::format::{bar, micros, rate};
use crate::top::histogram::bins;
use crate::top::rows::{Row, STAGES};
use crate::top::state::State;
use simrupt::files::contexts::Contexts;
use simrupt::layout::{self, columns, columns_apart};

/// How often each stage ran in which context, and the CPUs that took the interrupt.
pub(super) fn contexts(state: &State, row: &Row, width: usize) -> String {
    let sample = state.sample.as_ref();
    let line = sample.and_then(|sample| sample.lines.iter().find(|line| line.number == row.line));
    let Some(counters) = line.and_then(|line| line.counters.as_ref()) else {
        return format!("line {}: its driver is unbound", row.line);
    };
    let mut text = format!("line {}: runs of each stage, by context\n", row.line);
    text += &laid_out(&stages(&counters.contexts), width);
    text += &cpus(state, row, width).unwrap_or_default();
    text
}

fn stages(contexts: &Contexts) -> Vec<Vec<String>> {
    let header = iter::once("stage".to_string()).chain(contexts.columns.iter().cloned());
    let mut rows = vec![header.collect::<Vec<_>>()];
    rows.extend(contexts.stages.iter().map(|(stage, counts)| {
        let counts = counts.iter().map(u64::to_string);
        iter::once(stage.clone()).chain(counts).collect()
    }));
    rows
}

/// How often each CPU took the line's interrupt.
fn cpus(state: &State, row: &Row, width: usize) -> Option<String> {
    let table = state.sample.as_ref()?.interrupts.as_ref()?;
    let name = row.irq?.to_string();
    let at = table.rows.iter().position(|row| row.name == name)?;
    let increases = state.interrupts.as_ref().map(|(changes, elapsed)| {
        let increases = changes.of(at).per_cpu();
        let rate = |more: Option<u64>| per_second(more?, *elapsed);
        increases.map(rate).collect::<Vec<_>>()
    });
    // Several lines may share it: the counts are those of all of them.
    let actions = &table.rows[at].about.actions;
    let shared = match actions.len() {
        0 | 1 => String::new(),
        _ => format!(" ({})", actions.join(", ")),
    };
    let mut text = format!("irq {name}{shared}: by CPU, and per second\n");
    let mut cells = Vec::new();
    let totals = table.rows[at].per_cpu()?.iter();
    for (place, (cpu, total)) in table.cpus.iter().zip(totals).enumerate() {
        let hz = increases.as_ref().and_then(|rates| rates[place]);
        cells.push([cpu.to_string(), total.to_string(), rate(hz)]);
    }
    // Side by side, because most of the free space is to the right. Those without a place there go below.
    while !cells.is_empty() {
        let mut count = cells.len();
        let turned = |count: usize| {
            let names = ["CPU", "total", "per_s"];
            let rows = names.iter().enumerate().map(|(row, name)| {
                let values = cells[..count].iter().map(|cell| cell[row].clone());
                iter::once((*name).to_string()).chain(values).collect()
            });
            rows.collect::<Vec<Vec<String>>>()
        };
        while count > 1 && widest(&laid_out(&turned(count), width)) > width {
            count -= 1;
        }
        text += &laid_out(&turned(count), width);
        cells.drain(..count);
    }
    Some(text)
}

/// A table with right-aligned numbers; narrow if there is little room.
fn laid_out(rows: &[Vec<String>], width: usize) -> String {
    let roomy = columns("  ", rows);
    match widest(&roomy) <= width {
        true => roomy,
        false => columns_apart("", 1, rows),
    }
}

fn widest(text: &str) -> usize {
    text.lines().map(layout::width).max().unwrap_or(0)
}

/// The distribution of the values since the previous sample: a bar for each power of two.
pub(super) fn histogram(state: &State, row: &Row, area: Rect) -> String {
    let (_, name) = STAGES[state.stage];
    let mut text = format!("line {}: {name} since the last sample\n", row.line);
    let stage = row.stages[state.stage].as_ref();
    let mut bins = stage.map(bins).unwrap_or_default();
    // Without room for all, the longest times are kept.
    let room = usize::from(area.height).saturating_sub(2);
    bins.drain(..bins.len().saturating_sub(room));
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(0).max(1);
    for bin in bins {
        let bounds = format!(
            "{:>6} to {:>6} µs",
            micros(Some(bin.low)),
            micros(Some(bin.high))
        );
        let share = bin.count as f64 / most as f64;
        let width = usize::from(area.width).saturating_sub(layout::width(&bounds) + 11);
        text += &format!("  {bounds} {:>7} {}\n", bin.count, bar(share, width));
    }
    text
}
