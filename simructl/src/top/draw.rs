// SPDX-License-Identifier: GPL-2.0-only

//! All of it on the screen, as much as there is room for.

use std::io;

use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::column::Column;
use crate::pace::per_second;
use crate::top::format::{bar, micros, rate, spark};
use crate::top::histogram::bins;
use crate::top::rows::{Row, STAGES};
use crate::top::state::{Detail, State};
use simrupt::text::columns;

/// The space between columns.
const GAP: usize = 2;
/// How wide the fifo's fill is.
const FILL: usize = 6;
/// With less room than this, the past of the latency is not shown.
const LEAST_SPARK: usize = 8;
/// How important that is, among the columns.
const SPARK: u8 = 6;
/// What the detail below the table is given, if there is as much.
const DETAIL_ROWS: usize = 9;

const KEYS: &str = "q quit  ? help  space pause  +- rate  w workqueue  f fifo  s sort  / filter";
const HELP: &[(&str, &str)] = &[
    ("q, Esc, Ctrl-C", "quit"),
    ("space", "pause, and go on"),
    ("j k g G, arrows", "select a line"),
    ("+ -", "more or fewer events per second: 1, 2, 5, 10 ..."),
    ("w W", "the next workqueue, the one before"),
    ("f F", "a fifo of twice or half the size"),
    ("s r", "order by the next column; the other way round"),
    (
        "/",
        "only lines with this text; Enter keeps it, Esc drops it",
    ),
    ("l", "latencies of irq→work, due→irq, work, due→read"),
    ("v", "below the table: contexts and CPUs, or the histogram"),
    ("p", "keep what is shown in a file"),
];

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, state: &State) {
    let [title, body, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(head(state)), title);
    frame.render_widget(Paragraph::new(foot(state)), footer);
    if state.has_help {
        frame.render_widget(Paragraph::new(help()), body);
        return;
    }
    let visible = state.visible();
    let height = usize::from(body.height);
    // The header and a row at least, then the detail, then the other rows.
    let table_rows = (visible.len() + 1).min(height.saturating_sub(DETAIL_ROWS).max(height / 2));
    let [table, detail] = Layout::vertical([
        Constraint::Length(u16::try_from(table_rows).unwrap_or(u16::MAX)),
        Constraint::Fill(1),
    ])
    .areas(body);
    frame.render_widget(Paragraph::new(rows(state, &visible, table)), table);
    if let Some(row) = state.selected() {
        frame.render_widget(Paragraph::new(detailed(state, row, detail)), detail);
    }
}

/// What is shown as text, `width` by `height`, without the blanks at the ends of rows.
pub(crate) fn text(state: &State, width: u16, height: u16) -> io::Result<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height))?;
    terminal.draw(|frame| draw(frame, state))?;
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(usize::from(width).max(1));
    let row = |cells: &[ratatui::buffer::Cell]| {
        let row: String = cells.iter().map(|cell| cell.symbol()).collect();
        row.trim_end().to_string() + "\n"
    };
    Ok(rows.map(row).collect())
}

fn head(state: &State) -> Line<'static> {
    let sum = |value: &dyn Fn(&Row) -> Option<f64>| {
        let known: Vec<f64> = state.rows.iter().filter_map(value).collect();
        rate((!known.is_empty()).then(|| known.iter().sum()))
    };
    let lines = state.rows.len();
    let noun = if lines == 1 { "line" } else { "lines" };
    let mut text = format!(
        "simructl top  {lines} {noun}  {} events/s  {} lost/s",
        sum(&|row| row.events_hz),
        sum(&|row| row.lost_hz),
    );
    text += &format!("  by {}", state.order.name());
    if state.is_reversed {
        text += " reversed";
    }
    if !state.filter.is_empty() && !state.is_typing {
        text += &format!("  with \"{}\"", state.filter);
    }
    if state.is_paused {
        text += "  PAUSED";
    }
    Line::from(text.bold())
}

fn foot(state: &State) -> Line<'static> {
    match (&state.message, state.is_typing) {
        (_, true) => Line::from(format!("only lines with: {}_", state.filter)),
        (Some(message), _) => Line::from(message.clone().reversed()),
        _ => Line::from(KEYS.dim()),
    }
}

fn help() -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    lines
        .extend(HELP.iter().map(|(keys, what)| {
            Line::from(vec![format!("  {keys:<17}").bold(), Span::raw(*what)])
        }));
    lines
}

/// The columns in their order, each with its importance: the lowest go last.
fn table(state: &State, rows: &[&Row]) -> Vec<Column<u8>> {
    let column = |rank, title: &str, is_number, cell: &dyn Fn(&Row) -> String| Column {
        rank,
        title: title.to_string(),
        cells: rows.iter().map(|row| cell(row)).collect(),
        is_number,
    };
    let unbound = |row: &Row, text: String| match row.is_bound {
        true => text,
        false => "unbound".to_string(),
    };
    let percentile = |permille| move |row: &Row| micros(row.percentile(state.stage, permille));
    let fill = |row: &Row| {
        let bar = bar(row.fill(), FILL);
        format!("{bar:<FILL$} {:3.0}%", row.fill() * 100.0)
    };
    let irq = |row: &Row| row.irq.map_or("-".to_string(), |irq| irq.to_string());
    vec![
        column(0, "line", true, &|row| row.line.to_string()),
        column(9, "irq", true, &irq),
        column(7, "rate_hz", true, &|row| row.rate_hz.clone()),
        column(1, "workqueue", false, &|row| {
            unbound(row, row.flavor.clone())
        }),
        column(2, "events/s", true, &|row| rate(row.events_hz)),
        column(8, "read/s", true, &|row| rate(row.read_hz)),
        column(4, "lost/s", true, &|row| rate(row.lost_hz)),
        column(5, "fifo", false, &fill),
        column(6, "p50", true, &percentile(500)),
        column(3, "p99 µs", true, &percentile(990)),
    ]
}

fn rows(state: &State, visible: &[&Row], area: Rect) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let mut columns = table(state, visible);
    let taken = |columns: &[Column<u8>]| {
        let widths = columns.iter().map(|column| column.width() + GAP);
        widths.sum::<usize>().saturating_sub(GAP)
    };
    while let Some(least) = columns.iter().map(|column| column.rank).max() {
        let spark = if least > SPARK { GAP + LEAST_SPARK } else { 0 };
        if taken(&columns) + spark <= width || columns.len() == 1 {
            break;
        }
        columns.retain(|column| column.rank != least);
    }
    let left = width.saturating_sub(taken(&columns) + GAP);
    let has_spark = left >= LEAST_SPARK;
    let widths: Vec<usize> = columns.iter().map(Column::width).collect();
    let joined = |row: Option<usize>| {
        let cells = columns.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(column, width)| column.padded(row, *width))
            .collect();
        cells.join(&" ".repeat(GAP))
    };
    let mut header = joined(None);
    if has_spark {
        let (_, stage) = STAGES[state.stage];
        header += &format!("{:GAP$}{stage} p99", "");
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
            text += &format!("{:GAP$}{}", "", spark(past, left));
        }
        let style = match row.line == state.selected {
            true => Style::new().reversed(),
            false => Style::new(),
        };
        let style = match row.lost_hz {
            Some(lost) if lost > 0.0 => style.red(),
            _ => style,
        };
        lines.push(Line::styled(format!("{text:<width$}"), style));
    }
    lines
}

/// More of one line.
fn detailed(state: &State, row: &Row, area: Rect) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    let text = match state.detail {
        Detail::Contexts => contexts(state, row, usize::from(area.width)),
        Detail::Histogram => histogram(state, row, area),
    };
    lines.extend(text.lines().map(|line| Line::from(line.to_string())));
    lines
}

fn contexts(state: &State, row: &Row, width: usize) -> String {
    let sample = state.sample.as_ref();
    let line = sample.and_then(|sample| sample.lines.iter().find(|line| line.number == row.line));
    let Some(books) = line.and_then(|line| line.books.as_ref()) else {
        return format!("line {}: its driver is unbound", row.line);
    };
    let mut text = format!(
        "line {}: which stage ran how often in which context\n",
        row.line
    );
    text += &books.contexts.text("  ");
    text += &cpus(state, row, width).unwrap_or_default();
    text
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
    let mut text = format!("irq {name}: on which CPU, and per second\n");
    let mut cells = vec![["CPU", "total", "per_s"].map(String::from)];
    let totals = table.rows[at].per_cpu()?.iter();
    for (place, (cpu, total)) in table.cpus.iter().zip(totals).enumerate() {
        let hz = increases.as_ref().and_then(|rates| rates[place]);
        cells.push([cpu.to_string(), total.to_string(), rate(hz)]);
    }
    // Side by side, as there is most room to the side.
    let turned: Vec<Vec<String>> = (0..3)
        .map(|row| cells.iter().map(|cell| cell[row].clone()).collect())
        .collect();
    for line in columns("  ", &turned).lines() {
        let line: String = line.chars().take(width).collect();
        text += &format!("{line}\n");
    }
    Some(text)
}

fn histogram(state: &State, row: &Row, area: Rect) -> String {
    let (_, name) = STAGES[state.stage];
    let mut text = format!("line {}: {name} since the sample before\n", row.line);
    let stage = row.stages[state.stage].as_ref();
    let mut bins = stage.map(bins).unwrap_or_default();
    // Those of the longest times stay.
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
        let width = usize::from(area.width).saturating_sub(bounds.len() + 12);
        text += &format!("  {bounds} {:>7} {}\n", bin.count, bar(share, width));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::sample::{Line, Sample};
    use simrupt::files::latency::Latency;
    use simrupt::line::Books;
    use std::path::Path;
    use std::time::{Duration, Instant};

    /// A line at a moment: so many events, and work that began after 2 or after 200 µs.
    fn line(folder: &Path, number: u32, events: u64, late: u64) -> Line {
        let stats = format!(
            "events {events}\nread {}\nqueued 1024\noverrun 0\ndropped {late}\noverwritten 0\nflushed 0\n",
            events - late
        );
        std::fs::write(folder.join("stats"), stats).unwrap();
        let contexts = format!("stage hardirq softirq task wrong\nbottom_half 0 {events} 0 0\n");
        std::fs::write(folder.join("contexts"), contexts).unwrap();
        let latency = format!(
            "stage irq_bh count {events} sum_ns 1 overflow 0 max_ns 1 max_time_ns 1 max_cpu 0\n\
             bucket 2304 2367 {}\nbucket 199680 203775 {late}\n",
            events - late
        );
        Line {
            number,
            irq: Some(24 + number),
            rate_hz: "5000".to_string(),
            flavor: if number == 0 { "bh" } else { "unbound-highpri" }.to_string(),
            fifo_size: 4096,
            books: Books::read(folder, number).unwrap(),
            latency: Some(Latency::parse(&latency).unwrap()),
        }
    }

    /// Two lines, sampled three times in two seconds.
    fn state() -> State {
        let folder = tempfile::tempdir().unwrap();
        let start = Instant::now();
        let mut state = State::new();
        for (second, late) in [(0, 0), (1, 0), (2, 100)] {
            let events = second * 5000;
            state.take(Sample {
                at: start + Duration::from_secs(second),
                lines: vec![
                    line(folder.path(), 0, events, 0),
                    line(folder.path(), 1, events, late),
                ],
                flavors: Vec::new(),
                interrupts: None,
            });
        }
        state
    }

    fn assert_shows(state: &State, width: u16, height: u16, expected: &str) {
        let seen = text(state, width, height).unwrap();
        assert_eq!(seen.trim_end(), expected.trim(), "\n{seen}");
    }

    #[test]
    fn eighty_columns_show_the_past_of_the_latency() {
        assert_shows(&state(), 80, 9, WIDE);
    }

    #[test]
    fn forty_columns_show_what_counts() {
        assert_shows(&state(), 40, 9, NARROW);
    }

    #[test]
    fn the_histogram_has_a_bar_for_each_power_of_two() {
        let mut state = state();
        state.detail = Detail::Histogram;
        state.selected = 1;
        assert_shows(&state, 60, 16, HISTOGRAM);
    }

    #[test]
    fn help_takes_the_place_of_all_else() {
        let mut state = state();
        state.has_help = true;
        state.is_paused = true;
        state.message = Some("line0 rate_hz 10 -> 20".to_string());
        let text = text(&state, 80, 24).unwrap();
        assert!(
            HELP.iter()
                .all(|(keys, what)| text.contains(keys) && text.contains(what))
        );
        assert!(
            text.contains("PAUSED") && text.trim_end().ends_with("10 -> 20"),
            "{text}"
        );
    }

    const WIDE: &str = "
simructl top  2 lines  10000 events/s  100 lost/s  by line
line  workqueue        events/s  lost/s  fifo           p50  p99 µs  irq→work p9
   0  bh                   5000       0  █▌      25%  2.367   2.367   ██
   1  unbound-highpri      5000     100  █▌      25%  2.367     204   ▁█

line 0: which stage ran how often in which context
  stage        hardirq  softirq  task  wrong
  bottom_half        0    10000     0      0
q quit  ? help  space pause  +- rate  w workqueue  f fifo  s sort  / filter
";
    const NARROW: &str = "
simructl top  2 lines  10000 events/s  1
line  workqueue        events/s  p99 µs
   0  bh                   5000   2.367
   1  unbound-highpri      5000     204

line 0: which stage ran how often in whi
  stage        hardirq  softirq  task  w
  bottom_half        0    10000     0
q quit  ? help  space pause  +- rate  w
";
    const HISTOGRAM: &str = "
simructl top  2 lines  10000 events/s  100 lost/s  by line
line  workqueue        events/s  lost/s  fifo         p99 µs
   0  bh                   5000       0  █▌      25%   2.367
   1  unbound-highpri      5000     100  █▌      25%     204

line 1: irq→work since the sample before
   2.048 to  4.096 µs    4900 ████████████████████████████
   4.096 to  8.192 µs       0
   8.192 to  16.38 µs       0
   16.38 to  32.77 µs       0
   32.77 to  65.54 µs       0
   65.54 to    131 µs       0
     131 to    262 µs     100 ▋


q quit  ? help  space pause  +- rate  w workqueue  f fifo  s
";
}
