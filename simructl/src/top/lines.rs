// SPDX-License-Identifier: GPL-2.0-only

//! The table of lines: as many columns and rows as there is room for.

use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;

use crate::column::Column;
use crate::top::format::{bar, micros, rate, spark};
use crate::top::rows::{Row, STAGES};
use crate::top::state::State;
use simrupt::layout::{self, padded};

/// Below this width, the space between columns is narrow.
const NARROW: usize = 60;
/// The width of the fifo's fill.
const FILL: usize = 6;
/// Below this width, the history of the latency is not shown. The name of each stage fits in.
const LEAST_SPARK: usize = 8;
/// Its importance among the columns.
const SPARK: u8 = 7;
/// Columns from this importance on need much room, because the history of the latency needs some, too.
const MORE: u8 = 11;
const LONG_SPARK: usize = 24;

/// The columns in their order, each with its importance: those with the lowest numbers are kept longest.
fn columns(state: &State, rows: &[&Row]) -> Vec<Column<u8>> {
    let column = |rank, title: &str, is_number, cell: &dyn Fn(&Row) -> String| Column {
        rank,
        title: title.to_string(),
        cells: rows.iter().map(|row| cell(row)).collect(),
        is_number,
    };
    let percentile = |stage, permille| move |row: &Row| micros(row.percentile(stage, permille));
    let fill = |row: &Row| {
        let bar = bar(row.fill(), FILL);
        format!("{bar:<FILL$} {:3.0}%", row.fill() * 100.0)
    };
    let irq = |row: &Row| row.irq.map_or("-".to_string(), |irq| irq.to_string());
    let size = |row: &Row| match row.is_bound {
        true => row.fifo_size.to_string(),
        false => "-".to_string(),
    };
    let mut columns = vec![
        column(0, "line", true, &|row| row.line.to_string()),
        column(10, "irq", true, &irq),
        column(8, "rate_hz", true, &|row| row.rate_hz.clone()),
        column(1, "workqueue", false, &|row| row.flavor.clone()),
        column(2, "events/s", true, &|row| rate(row.events_hz)),
        column(9, "read/s", true, &|row| rate(row.read_hz)),
        column(3, "lost/s", true, &|row| rate(row.lost_hz)),
        column(6, "fifo", false, &fill),
        column(MORE, "size", true, &size),
        column(7, "p50", true, &percentile(state.stage, 500)),
        column(5, "p99 µs", true, &percentile(state.stage, 990)),
    ];
    // The state is shown only if a line does not run.
    if rows.iter().any(|row| row.state() != "runs") {
        let state = column(4, "state", false, &|row| row.state());
        columns.insert(4, state);
    }
    let others = STAGES
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != state.stage);
    columns.extend(others.map(|(at, (_, name))| {
        column(
            12 + at as u8,
            &format!("{name} p99"),
            true,
            &percentile(at, 990),
        )
    }));
    columns
}

/// The table: a header, and a row for each line that there is room for.
pub(super) fn table(state: &State, visible: &[&Row], area: Rect) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let gap = if width < NARROW { 1 } else { 2 };
    let mut columns = columns(state, visible);
    let taken = |columns: &[Column<u8>]| {
        let widths = columns.iter().map(|column| column.width() + gap);
        widths.sum::<usize>().saturating_sub(gap)
    };
    while let Some(least) = columns.iter().map(|column| column.rank).max() {
        let spark = match least {
            MORE.. => gap + LONG_SPARK,
            _ if least > SPARK => gap + LEAST_SPARK,
            _ => 0,
        };
        if taken(&columns) + spark <= width || columns.len() == 1 {
            break;
        }
        columns.retain(|column| column.rank != least);
    }
    let left = width.saturating_sub(taken(&columns) + gap);
    let has_spark = left >= LEAST_SPARK;
    let widths: Vec<usize> = columns.iter().map(Column::width).collect();
    let joined = |row: Option<usize>| {
        let cells = columns.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(column, width)| column.padded(row, *width))
            .collect();
        cells.join(&" ".repeat(gap))
    };
    let mut header = joined(None);
    if has_spark {
        let (_, stage) = STAGES[state.stage];
        let long = format!("{stage} p99");
        let title = if layout::width(&long) <= left {
            &long
        } else {
            stage
        };
        header += &format!("{:gap$}{title}", "");
    }
    let mut lines = vec![Line::from(header.underlined())];
    // As many rows as there is room for, the selected one among them.
    let room = usize::from(area.height).saturating_sub(1);
    let at = visible.iter().position(|row| row.line == state.selected);
    let first = at.map_or(0, |at| (at + 1).saturating_sub(room));
    for (at, row) in visible.iter().enumerate().skip(first).take(room) {
        let mut text = joined(Some(at));
        if has_spark {
            let past = state.past(row.line).map(|ns| ns.map(|ns| ns as f64));
            text += &format!("{:gap$}{}", "", spark(past, left));
        }
        lines.push(Line::styled(padded(&text, width, false), style(state, row)));
    }
    lines
}

/// The selected line is reversed, one that loses events red, one that has none dim.
fn style(state: &State, row: &Row) -> Style {
    let style = match row.line == state.selected {
        true => Style::new().reversed(),
        false => Style::new(),
    };
    match row.lost_hz {
        Some(lost) if lost > 0.0 => style.red(),
        _ if row.is_throttled => style.yellow(),
        _ if !row.is_bound => style.dim(),
        _ => style,
    }
}
