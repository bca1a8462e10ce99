// SPDX-License-Identifier: GPL-2.0-only

//! The counters of lines as a table: all of them as text, or the part that fits on a screen, which keys move.

use std::time::{Duration, Instant};

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use serde_json::{Map, Value, json};

use simrupt_core::invariants::LEVELS;

use crate::pace;
use crate::screen::is_end;
use simrupt::files::stats::Stats;
use simrupt::layout::columns;
use simrupt::line::Counters;
use simrupt::lines::Lines;

/// The space between columns.
const GAP: usize = 2;

/// The counters of a line and when they were read; no counters when its driver is unbound.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) line: u32,
    pub(crate) at: Instant,
    pub(crate) counters: Option<Counters>,
}

impl Sample {
    fn stats(&self) -> Option<&Stats> {
        self.counters.as_ref().map(|counters| &counters.stats)
    }

    /// The rate of a counter since the previous sample.
    fn rate(&self, before: Option<&Sample>, name: &str) -> Option<f64> {
        let before = before?;
        let elapsed = self.at.duration_since(before.at);
        let value = |sample: &Sample| sample.stats()?.get(name);
        per_second(name, value(before)?, value(self)?, elapsed)
    }

    /// The rates of all counters, by their names.
    pub(crate) fn rates_document(&self, before: Option<&Sample>) -> Value {
        let Some(stats) = self.stats() else {
            return Value::Null;
        };
        let names = stats.iter().map(|(name, _)| name);
        names
            .filter(|name| !LEVELS.contains(name))
            .map(|name| (name.to_string(), json!(self.rate(before, name))))
            .collect::<Map<_, _>>()
            .into()
    }
}

/// The rate of a counter; `None` for a level, and for a counter that was reset in between.
fn per_second(name: &str, before: u64, now: u64, elapsed: Duration) -> Option<f64> {
    let more = now.checked_sub(before)?;
    pace::per_second(more, elapsed).filter(|_| !LEVELS.contains(&name))
}

/// The counters in rows; for each line a column of totals and one of rates.
pub(crate) fn table(now: &[Sample], before: &[Sample]) -> String {
    columns("", &rows(now, before))
}

/// As [`table`], in cells: a header, then a row for each counter.
fn rows(now: &[Sample], before: &[Sample]) -> Vec<Vec<String>> {
    let mut rows = vec![vec!["counter".to_string()]];
    for sample in now {
        rows[0].extend([format!("line{}", sample.line), "per_s".to_string()]);
    }
    let dash = || "-".to_string();
    let any = now.iter().find_map(|sample| sample.counters.as_ref());
    for (name, _) in any.iter().flat_map(|counters| counters.stats.iter()) {
        let mut row = vec![name.to_string()];
        for (at, sample) in now.iter().enumerate() {
            let total = sample.stats().and_then(|stats| stats.get(name));
            let rate = sample.rate(before.get(at), name);
            row.push(total.map_or_else(dash, |total| total.to_string()));
            row.push(rate.map_or_else(dash, |rate| format!("{rate:.1}")));
        }
        rows.push(row);
    }
    rows
}

/// The part of the table that is shown on a screen without room for all of it.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// The first counter.
    counter: usize,
    /// The first line, by its place.
    line: usize,
}

impl Window {
    /// Moves by a key; `true` when it asks to end.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        match key.code {
            _ if is_end(key) => return true,
            KeyCode::Down | KeyCode::Char('j') => self.counter += 1,
            KeyCode::Up | KeyCode::Char('k') => self.counter = self.counter.saturating_sub(1),
            KeyCode::Right | KeyCode::Char('l') => self.line += 1,
            KeyCode::Left | KeyCode::Char('h') => self.line = self.line.saturating_sub(1),
            KeyCode::Home | KeyCode::Char('g') => *self = Self::default(),
            _ => {}
        }
        false
    }

    /// The part that fits into this many columns and rows: a title, the header, and a part of the table.
    pub(crate) fn text(
        &mut self,
        now: &[Sample],
        before: &[Sample],
        interval: Duration,
        [width, height]: [usize; 2],
    ) -> String {
        let rows = rows(now, before);
        let counters = rows.len() - 1;
        let room = height.saturating_sub(2).max(1);
        // At the end there is no more to move to.
        self.counter = self.counter.min(counters.saturating_sub(room));
        self.line = self.line.min(now.len().saturating_sub(1));
        while self.line > 0 && self.fitting(&rows, self.line - 1, now.len(), width) >= now.len() {
            self.line -= 1;
        }
        let end = self.fitting(&rows, self.line, now.len(), width);
        let last = counters.min(self.counter + room);
        let shown = rows.iter().take(1).chain(&rows[1 + self.counter..1 + last]);
        let cells = |row: &Vec<String>| {
            let own = row[1 + 2 * self.line..1 + 2 * end].iter();
            row.iter().take(1).chain(own).cloned().collect()
        };
        let shown: Vec<Vec<String>> = shown.map(cells).collect();
        let of = |sample: &Sample| sample.line;
        let all = Lines::Listed(now.iter().map(of).collect());
        let some = Lines::Listed(now[self.line..end].iter().map(of).collect());
        let mut parts = vec![
            (3, "simructl stats".to_string()),
            (4, format!("every {}", humantime::format_duration(interval))),
        ];
        if end - self.line < now.len() {
            parts.push((0, format!("line {some} of {all} (h l)")));
        }
        if last - self.counter < counters {
            let first = self.counter + 1;
            parts.push((1, format!("counters {first}-{last} of {counters} (j k)")));
        }
        parts.push((2, "q quit".to_string()));
        format!("{}\n{}", pace::fitting(parts, width), columns("", &shown))
    }

    /// The end of the range of lines that fits, beginning with `first`: at least one line.
    fn fitting(&self, rows: &[Vec<String>], first: usize, lines: usize, width: usize) -> usize {
        let column = |at: usize| {
            let cells = rows.iter().map(|row| row[at].len());
            cells.max().unwrap_or(0)
        };
        let mut taken = column(0);
        for line in first..lines {
            let [total, rate] = [1, 2].map(|more| column(2 * line + more));
            taken += GAP + total + GAP + rate;
            if taken > width && line > first {
                return line;
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simrupt_core::invariants::COUNTERS;
    use std::path::Path;

    #[test]
    fn a_rate_is_per_second() {
        let half = Duration::from_millis(500);
        assert_eq!(per_second("events", 100, 350, half), Some(500.0));
        assert_eq!(per_second("events", 100, 100, half), Some(0.0));
        assert_eq!(
            per_second("events", 0, u64::MAX, half),
            Some(u64::MAX as f64 * 2.0)
        );
    }

    #[test]
    fn levels_and_reset_counters_have_no_rate() {
        let second = Duration::from_secs(1);
        for level in LEVELS {
            assert_eq!(per_second(level, 1, 5, second), None);
        }
        assert_eq!(per_second("events", 5, 1, second), None);
        assert_eq!(per_second("events", 1, 5, Duration::ZERO), None);
    }

    fn counters(folder: &Path, count: u64) -> Counters {
        let stats: String = COUNTERS.map(|name| format!("{name} {count}\n")).concat();
        std::fs::write(folder.join("stats"), stats).unwrap();
        std::fs::write(folder.join("contexts"), "stage task wrong\ndevice 0 0\n").unwrap();
        Counters::read(folder, 0).unwrap().unwrap()
    }

    /// Lines whose counters have these values.
    fn samples(lines: u32, count: u64, at: Instant) -> Vec<Sample> {
        let folder = tempfile::tempdir().unwrap();
        let sample = |line| Sample {
            line,
            at,
            counters: Some(counters(folder.path(), count)),
        };
        (0..lines).map(sample).collect()
    }

    /// Lines of which each has counted 100,000 in a second.
    fn moments(lines: u32) -> [Vec<Sample>; 2] {
        let at = Instant::now();
        let before = samples(lines, 0, at);
        [samples(lines, 100_000, at + Duration::from_secs(1)), before]
    }

    fn shown(window: &mut Window, lines: u32, size: [usize; 2]) -> Vec<String> {
        shown_of(&moments(lines), window, size)
    }

    fn shown_of(
        [now, before]: &[Vec<Sample>; 2],
        window: &mut Window,
        size: [usize; 2],
    ) -> Vec<String> {
        let text = window.text(now, before, Duration::from_secs(1), size);
        text.lines().map(String::from).collect()
    }

    /// The widest row of the table, and how many rows there are.
    fn size_of_all(lines: u32) -> [usize; 2] {
        let rows = shown(&mut Window::default(), lines, [10_000, 10_000]);
        let widest = rows.iter().skip(1).map(|row| row.len()).max().unwrap();
        [widest, rows.len()]
    }

    #[test]
    fn a_screen_is_never_overrun() {
        for lines in [1, 2, 8, 64] {
            let moments = moments(lines);
            for width in (40..200).step_by(7) {
                for height in 3..40 {
                    let rows = shown_of(&moments, &mut Window::default(), [width, height]);
                    assert!(rows.len() <= height, "{lines} {width} {height}");
                    assert!(
                        rows.iter().all(|row| row.chars().count() <= width),
                        "{rows:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_table_that_just_fits_is_shown_whole_and_one_cell_less_leaves_something_out() {
        let [width, height] = size_of_all(3);
        let all = shown(&mut Window::default(), 3, [width, height]);
        assert!(
            all[1].contains("line2")
                && all
                    .last()
                    .unwrap()
                    .starts_with(COUNTERS[COUNTERS.len() - 1])
        );
        assert!(!all[0].contains(" of "), "{}", all[0]);
        assert_eq!(
            shown(&mut Window::default(), 3, [width + 1, height + 1])[1..],
            all[1..]
        );
        let narrow = shown(&mut Window::default(), 3, [width - 1, height]);
        assert!(!narrow[1].contains("line2"), "{narrow:?}");
        assert!(narrow[0].contains("line 0-1 of 0-2"), "{narrow:?}");
        let low = shown(&mut Window::default(), 3, [width, height - 1]);
        assert_eq!(low.len(), height - 1);
        let told = format!("counters 1-{} of {}", COUNTERS.len() - 1, COUNTERS.len());
        assert!(low[0].contains(&told), "{low:?}");
    }

    #[test]
    fn forty_columns_hold_one_line_and_keys_bring_the_others() {
        let mut window = Window::default();
        let size = [40, 10];
        let rows = shown(&mut window, 8, size);
        assert!(
            rows[1].contains("line0   per_s") || rows[1].contains("line0"),
            "{rows:?}"
        );
        assert!(rows[0].contains("line 0 of 0-7"), "{rows:?}");
        let press = |window: &mut Window, code| window.key(KeyEvent::from(code));
        for _ in 0..3 {
            assert!(!press(&mut window, KeyCode::Right));
        }
        assert!(!press(&mut window, KeyCode::Down));
        let rows = shown(&mut window, 8, size);
        assert!(
            rows[1].contains("line3") && rows[2].starts_with(COUNTERS[1]),
            "{rows:?}"
        );
        // The table does not move beyond its end.
        for _ in 0..100 {
            press(&mut window, KeyCode::Char('l'));
            press(&mut window, KeyCode::Char('j'));
        }
        let rows = shown(&mut window, 8, size);
        assert!(rows[1].contains("line7"), "{rows:?}");
        assert!(
            rows.last()
                .unwrap()
                .starts_with(COUNTERS[COUNTERS.len() - 1])
        );
        press(&mut window, KeyCode::Up);
        let rows = shown(&mut window, 8, size);
        assert!(
            rows.last()
                .unwrap()
                .starts_with(COUNTERS[COUNTERS.len() - 2])
        );
        // With room for all, all are shown.
        assert!(shown(&mut window, 8, [1000, 100])[1].contains("line0"));
        assert!(press(&mut window, KeyCode::Char('q')));
    }
}
