// SPDX-License-Identifier: GPL-2.0-only

//! Draws the whole screen, as far as there is room.

use std::io;

use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::pace::fitting;
use crate::screen::clean;
use crate::top::detail::{contexts, histogram};
use crate::top::format::rate;
use crate::top::lines::table;
use crate::top::rows::Row;
use crate::top::state::{Detail, State};
use simrupt::layout;
use simrupt::text::in_one_row;

/// The rows below the table, if there is enough room.
const DETAIL_ROWS: usize = 10;
/// From this width on, contexts and histogram stand side by side.
const WIDE: u16 = 120;
/// The least rows for a second detail below the first.
const MORE_ROWS: usize = 6;

const KEYS: &[&str] = &[
    "q quit",
    "? help",
    "space pause",
    "+- rate",
    "w workqueue",
    "f fifo",
    "s sort",
    "/ filter",
];
const HELP: &[(&str, &str)] = &[
    ("q, Esc, Ctrl-C", "quit"),
    ("Ctrl-Z", "stop; continue with the shell's fg"),
    ("space", "pause, and go on"),
    ("j k g G, arrows", "select a line"),
    ("+ -", "more or fewer events per second: 1, 2, 5, 10 ..."),
    ("w W", "the next workqueue, the one before"),
    ("f F", "a fifo of twice or half the size"),
    ("s r", "order by the next column; reverse the order"),
    (
        "/",
        "only lines with this text; Enter keeps it, Esc drops it",
    ),
    ("l", "latencies of irq→work, due→irq, work, due→read"),
    ("v", "below the table: contexts and CPUs, or the histogram"),
    ("p", "save the screen to a file"),
];

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, state: &State) {
    let [title, body, footer] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let width = usize::from(title.width);
    frame.render_widget(Paragraph::new(head(state, width)), title);
    frame.render_widget(Paragraph::new(foot(state, width)), footer);
    if state.has_help {
        frame.render_widget(Paragraph::new(help()), body);
        return;
    }
    let visible = state.visible();
    let height = usize::from(body.height);
    // First the header and one row, then the detail, then the other rows.
    let table_rows = (visible.len() + 1).min(height.saturating_sub(DETAIL_ROWS).max(height / 2));
    let [rows, below] = Layout::vertical([
        Constraint::Length(u16::try_from(table_rows).unwrap_or(u16::MAX)),
        Constraint::Fill(1),
    ])
    .areas(body);
    frame.render_widget(Paragraph::new(table(state, &visible, rows)), rows);
    if let Some(row) = state.selected() {
        draw_details(frame, state, row, below);
    }
}

/// The details of one line: the chosen one, and the other one if there is room for both.
fn draw_details(frame: &mut Frame<'_>, state: &State, row: &Row, area: Rect) {
    let [first, second] = match state.detail {
        Detail::Contexts => [Detail::Contexts, Detail::Histogram],
        Detail::Histogram => [Detail::Histogram, Detail::Contexts],
    };
    let text = |detail, area: Rect| match detail {
        Detail::Contexts => contexts(state, row, usize::from(area.width)),
        Detail::Histogram => histogram(state, row, area),
    };
    let mut draw = |detail, area: Rect| {
        let text = format!("\n{}", text(detail, area));
        let lines = text.lines().map(|line| Line::from(line.to_string()));
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), area);
    };
    if area.width >= WIDE {
        let half = [
            Constraint::Fill(1),
            Constraint::Length(2),
            Constraint::Fill(1),
        ];
        let [left, _, right] = Layout::horizontal(half).areas(area);
        draw(first, left);
        draw(second, right);
        return;
    }
    let rows = text(first, area).lines().count() + 1;
    let is_both = usize::from(area.height) >= rows.max(DETAIL_ROWS) + MORE_ROWS;
    match is_both {
        true => {
            let rows = u16::try_from(rows).unwrap_or(u16::MAX);
            let [above, below] =
                Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(area);
            draw(first, above);
            draw(second, below);
        }
        false => draw(first, area),
    }
}

/// The screen as text, `width` by `height`, without trailing blanks.
pub(crate) fn text(state: &State, width: u16, height: u16) -> io::Result<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height))?;
    terminal.draw(|frame| {
        draw(frame, state);
        clean(frame.buffer_mut());
    })?;
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(usize::from(width).max(1));
    let row = |cells: &[ratatui::buffer::Cell]| {
        let row: String = cells.iter().map(|cell| cell.symbol()).collect();
        row.trim_end().to_string() + "\n"
    };
    Ok(rows.map(row).collect())
}

/// The sums over all lines, and the settings of the view. Without room, the less important parts are left out.
fn head(state: &State, width: usize) -> Line<'static> {
    let sum = |value: &dyn Fn(&Row) -> Option<f64>| {
        let known: Vec<f64> = state.rows.iter().filter_map(value).collect();
        rate((!known.is_empty()).then(|| known.iter().sum()))
    };
    let lines = state.rows.len();
    let noun = if lines == 1 { "line" } else { "lines" };
    let reversed = if state.is_reversed { " reversed" } else { "" };
    // Each with its importance: the parts with the lowest numbers are kept longest.
    let mut parts = vec![
        (4, "simructl top".to_string()),
        (3, format!("{lines} {noun}")),
        (1, format!("{} events/s", sum(&|row| row.events_hz))),
        (2, format!("{} lost/s", sum(&|row| row.lost_hz))),
        (5, format!("by {}{reversed}", state.order.name())),
    ];
    if !state.filter.is_empty() && !state.is_typing {
        parts.push((2, format!("with \"{}\"", state.filter)));
    }
    if state.is_paused {
        parts.push((0, "PAUSED".to_string()));
    }
    Line::from(fitting(parts, width).bold())
}

/// The result of the last key, what the selected line lacks, or the keys.
fn foot(state: &State, width: usize) -> Line<'static> {
    if state.is_typing {
        return Line::from(format!("only lines with: {}_", state.filter));
    }
    if let Some(message) = state.message.as_ref().or(state.absence.as_ref()) {
        return Line::from(in_one_row(message).into_owned().reversed());
    }
    if let Some((line, cause)) = state
        .selected()
        .and_then(|row| Some((row.line, row.missing?)))
    {
        let why = format!("line {line}: {}", cause.why());
        let whole = format!("{why}; try: {}", cause.remedy(line));
        let texts = [format!("{whole}  ? help"), whole, format!("{why}  ? help")];
        let fitting = texts.into_iter().find(|text| layout::width(text) <= width);
        return Line::from(fitting.unwrap_or(why));
    }
    // As many as there is room for.
    let mut keys = String::new();
    for key in KEYS {
        let gap = if keys.is_empty() { "" } else { "  " };
        if keys.len() + gap.len() + key.len() > width {
            break;
        }
        keys += &format!("{gap}{key}");
    }
    Line::from(keys.dim())
}

fn help() -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    lines
        .extend(HELP.iter().map(|(keys, what)| {
            Line::from(vec![format!("  {keys:<17}").bold(), Span::raw(*what)])
        }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::silence::Look;
    use crate::top::sample::{Line, Sample};
    use simrupt::files::latency::Latency;
    use simrupt::line::Counters;
    use std::path::Path;
    use std::time::{Duration, Instant};

    /// A line at a moment, with this many events; `late` of them waited 200 µs for their work, the others 2 µs.
    fn line(folder: &Path, at: Instant, number: u32, events: u64, late: u64) -> Line {
        let stats = format!(
            "events {events}\nread {}\nqueued 1024\noverrun 0\ndropped {late}\noverwritten 0\nflushed 0\n",
            events - late
        );
        std::fs::write(folder.join("stats"), stats).unwrap();
        let contexts = format!("stage hardirq softirq task wrong\nbottom_half 0 {events} 0 0\n");
        std::fs::write(folder.join("contexts"), contexts).unwrap();
        let latency = format!(
            "stage irq_bh count {events} sum_ns 1 overflow 0 max_ns 203775 max_time_ns 1 max_cpu 0\n\
             bucket 2304 2367 {}\nbucket 199680 203775 {late}\n",
            events - late
        );
        Line {
            number,
            irq: Some(24 + number),
            rate_hz: "5000".to_string(),
            flavor: if number == 0 { "bh" } else { "unbound-highpri" }.to_string(),
            fifo_size: 4096,
            counters: Counters::read(folder, number).unwrap(),
            latency: Some(Latency::parse(&latency).unwrap()),
            fault: None,
            look: Look::running(at, events),
        }
    }

    /// Two lines, sampled three times in two seconds; the last sample is changed.
    fn state_with(change: impl Fn(&mut [Line])) -> State {
        let folder = tempfile::tempdir().unwrap();
        let start = Instant::now();
        let mut state = State::new();
        for (second, late) in [(0, 0), (1, 0), (2, 100)] {
            let events = second * 5000;
            let at = start + Duration::from_secs(second);
            let mut lines = vec![
                line(folder.path(), at, 0, events, 0),
                line(folder.path(), at, 1, events, late),
            ];
            if second == 2 {
                change(&mut lines);
            }
            state.take(Sample {
                at,
                lines,
                flavors: Vec::new(),
                interrupts: None,
            });
        }
        state
    }

    fn state() -> State {
        state_with(|_| {})
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
    fn help_replaces_everything_else() {
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

    #[test]
    fn no_size_is_too_small_or_too_large() {
        let state = state();
        for (width, height) in [(1, 1), (1, 50), (200, 1), (40, 3), (1000, 200)] {
            let seen = text(&state, width, height).unwrap();
            assert_eq!(seen.lines().count(), usize::from(height));
        }
    }

    #[test]
    fn a_large_terminal_shows_both_details_and_more_columns() {
        let wide = text(&state(), 200, 50).unwrap();
        for part in [
            "runs of each stage, by context",
            "line 0: irq→work since the last sample",
            "due→irq p99",
            "work p99",
            "due→read p99",
            "irq→work p99",
        ] {
            assert!(wide.contains(part), "{part}\n{wide}");
        }
        let both = wide.lines().find(|row| row.contains("by context")).unwrap();
        assert!(both.contains("since the last sample"), "{both}");
        // On a tall terminal they are below each other.
        let tall = text(&state(), 80, 50).unwrap();
        assert!(tall.contains("by context") && tall.contains("since the last sample"));
    }

    #[test]
    fn a_line_that_does_not_run_says_why() {
        let state = state_with(|lines| {
            lines[0].look = lines[0].look.clone().throttled_again();
            lines[1].look = lines[1].look.clone().unbound();
            lines[1].counters = None;
            lines[1].flavor = "-".to_string();
        });
        for width in [40, 80, 200] {
            let seen = text(&state, width, 24).unwrap();
            assert!(
                seen.contains("throttled") && seen.contains("no driver"),
                "{seen}"
            );
            assert!(!seen.contains("unbound"), "{seen}");
        }
        let seen = text(&state, 80, 24).unwrap();
        let last = seen.lines().last().unwrap();
        assert!(
            last.starts_with("line 0: it waits for cpu_limit_pct; try: a lower rate_hz"),
            "{seen}"
        );
    }

    #[test]
    fn control_characters_of_the_module_do_nothing() {
        let mut state = state_with(|lines| lines[0].flavor = "\x1b[31mred".to_string());
        state.message = Some("a\x1b[2Jb\nc".to_string());
        let seen = text(&state, 80, 24).unwrap();
        assert!(!seen.contains('\x1b'), "{seen}");
        assert!(seen.contains("a\\u001b[2Jb\\nc"), "{seen}");
    }

    #[test]
    fn an_absence_is_forgotten_when_it_is_over() {
        let mut state = state();
        state.lose("the module is not loaded; try: simructl load".to_string());
        assert!(text(&state, 80, 24).unwrap().contains("not loaded"));
        let sample = self::state().sample.unwrap();
        state.take(sample);
        assert!(!text(&state, 80, 24).unwrap().contains("not loaded"));
    }

    const WIDE: &str = "
simructl top  2 lines  10000 events/s  100 lost/s  by line
line  workqueue        events/s  lost/s  fifo           p50  p99 µs  irq→work
   0  bh                   5000       0  █▌      25%  2.367   2.367   ██
   1  unbound-highpri      5000     100  █▌      25%  2.367     204   ▁█

line 0: runs of each stage, by context
  stage        hardirq  softirq  task  wrong
  bottom_half        0    10000     0      0
q quit  ? help  space pause  +- rate  w workqueue  f fifo  s sort  / filter
";
    const NARROW: &str = "
2 lines  10000 events/s  100 lost/s
line workqueue       events/s lost/s
   0 bh                  5000      0
   1 unbound-highpri     5000    100

line 0: runs of each stage, by context
stage       hardirq softirq task wrong
bottom_half       0   10000    0     0
q quit  ? help  space pause  +- rate
";
    const HISTOGRAM: &str = "
simructl top  2 lines  10000 events/s  100 lost/s  by line
line  workqueue        events/s  lost/s  fifo         p99 µs
   0  bh                   5000       0  █▌      25%   2.367
   1  unbound-highpri      5000     100  █▌      25%     204

line 1: irq→work since the last sample
   2.048 to  4.096 µs    4900 ██████████████████████████████
   4.096 to  8.192 µs       0
   8.192 to  16.38 µs       0
   16.38 to  32.77 µs       0
   32.77 to  65.54 µs       0
   65.54 to    131 µs       0
     131 to    262 µs     100 ▋


q quit  ? help  space pause  +- rate  w workqueue  f fifo
";
}
