// SPDX-License-Identifier: GPL-2.0-only

//! The state of the view, and the effect of keys on it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use proc_interrupts::Changes;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::silence::{Look, has_events, missing_for_sure};
use crate::top::rows::{Row, STAGES, rows};
use crate::top::sample::Sample;

/// How many past values are kept: more than terminals are wide.
const PAST: usize = 300;

/// The effect of a key beyond the view itself.
#[derive(Debug, PartialEq)]
pub(crate) enum Action {
    None,
    Quit,
    /// Set a knob of a line.
    Set {
        line: u32,
        knob: &'static str,
        value: String,
    },
    /// Save the screen to a file.
    Screenshot,
}

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Order {
    Line,
    Events,
    Lost,
    Fill,
    Latency,
}

impl Order {
    const ALL: [Self; 5] = [
        Self::Line,
        Self::Events,
        Self::Lost,
        Self::Fill,
        Self::Latency,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Events => "events",
            Self::Lost => "lost",
            Self::Fill => "fill",
            Self::Latency => "p99",
        }
    }
}

/// The detail below the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Detail {
    /// The contexts of the stages, and the CPUs that took the interrupt.
    Contexts,
    Histogram,
}

/// The state of the view.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) rows: Vec<Row>,
    pub(crate) sample: Option<Sample>,
    /// How often each CPU took which interrupt since the previous sample, and the time between the two.
    pub(crate) interrupts: Option<(Changes, Duration)>,
    /// The p99 of each line and stage, the newest last.
    past: BTreeMap<u32, [VecDeque<Option<u64>>; STAGES.len()]>,
    /// The line that keys act on.
    pub(crate) selected: u32,
    pub(crate) order: Order,
    pub(crate) is_reversed: bool,
    /// Which of [`STAGES`].
    pub(crate) stage: usize,
    pub(crate) detail: Detail,
    pub(crate) filter: String,
    /// The filter is being typed.
    pub(crate) is_typing: bool,
    pub(crate) is_paused: bool,
    pub(crate) has_help: bool,
    /// The result of the last key.
    pub(crate) message: Option<String>,
    /// Why nothing can be shown.
    pub(crate) absence: Option<String>,
    /// The state of each line at its last event.
    quiet: BTreeMap<u32, Look>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            rows: Vec::new(),
            sample: None,
            interrupts: None,
            past: BTreeMap::new(),
            selected: 0,
            order: Order::Line,
            is_reversed: false,
            stage: 0,
            detail: Detail::Contexts,
            filter: String::new(),
            is_typing: false,
            is_paused: false,
            has_help: false,
            message: None,
            absence: None,
            quiet: BTreeMap::new(),
        }
    }

    /// Takes a new sample of the module.
    pub(crate) fn take(&mut self, sample: Sample) {
        self.rows = rows(self.sample.as_ref(), &sample);
        self.interrupts = self.sample.as_ref().and_then(|before| {
            let tables = before.interrupts.as_ref().zip(sample.interrupts.as_ref())?;
            let interval = sample.at.duration_since(before.at);
            let changes = Changes::between(tables.0, tables.1, Some(interval));
            Some((changes, interval))
        });
        for row in &self.rows {
            let past = self.past.entry(row.line).or_default();
            for (stage, past) in past.iter_mut().enumerate() {
                if past.len() == PAST {
                    past.pop_front();
                }
                past.push_back(row.percentile(stage, 990));
            }
        }
        for (row, line) in self.rows.iter_mut().zip(&sample.lines) {
            let quiet = self.quiet.entry(line.number).or_insert(line.look.clone());
            row.missing = missing_for_sure(quiet, &line.look);
            if has_events(quiet, &line.look) {
                quiet.clone_from(&line.look);
            }
        }
        self.sample = Some(sample);
        self.absence = None;
        self.keep_selection();
    }

    /// Notes the new value of a knob of a line.
    pub(crate) fn adopt(&mut self, line: u32, knob: &str, value: &str) {
        let Some(row) = self.rows.iter_mut().find(|row| row.line == line) else {
            return;
        };
        match knob {
            "rate_hz" => row.rate_hz = value.to_string(),
            "workqueue" => row.flavor = value.to_string(),
            "fifo_size" => row.fifo_size = value.parse().unwrap_or(row.fifo_size),
            _ => {}
        }
    }

    /// Notes why nothing can be shown.
    pub(crate) fn lose(&mut self, why: String) {
        self.rows.clear();
        self.sample = None;
        self.interrupts = None;
        self.quiet.clear();
        self.absence = Some(why);
    }

    /// The p99 of the shown stage, sample by sample, the newest last.
    pub(crate) fn past(&self, line: u32) -> impl DoubleEndedIterator<Item = Option<u64>> {
        let past = self.past.get(&line).map(|past| &past[self.stage]);
        past.into_iter().flatten().copied()
    }

    /// The rows that match the filter, in their order.
    pub(crate) fn visible(&self) -> Vec<&Row> {
        let matches = |row: &&Row| {
            let text = format!("line{} {}", row.line, row.flavor);
            text.contains(&self.filter)
        };
        let mut rows: Vec<&Row> = self.rows.iter().filter(matches).collect();
        let most_first = |value: &dyn Fn(&Row) -> f64, rows: &mut Vec<&Row>| {
            rows.sort_by(|a, b| value(b).total_cmp(&value(a)));
        };
        match self.order {
            Order::Line => {}
            Order::Events => most_first(&|row| row.events_hz.unwrap_or(-1.0), &mut rows),
            Order::Lost => most_first(&|row| row.lost_hz.unwrap_or(-1.0), &mut rows),
            Order::Fill => most_first(&Row::fill, &mut rows),
            Order::Latency => most_first(
                &|row| row.percentile(self.stage, 990).map_or(-1.0, |ns| ns as f64),
                &mut rows,
            ),
        }
        if self.is_reversed {
            rows.reverse();
        }
        rows
    }

    /// The row that keys act on.
    pub(crate) fn selected(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.line == self.selected)
    }

    /// Acts on a key.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Action {
        if key.kind == KeyEventKind::Release {
            return Action::None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => Action::Quit,
                _ => Action::None,
            };
        }
        if self.is_typing {
            self.type_filter(key.code);
            return Action::None;
        }
        self.message = None;
        match key.code {
            KeyCode::Esc if self.has_help => self.has_help = false,
            KeyCode::Char('q') | KeyCode::Esc => return Action::Quit,
            KeyCode::Char('?' | 'h') => self.has_help = !self.has_help,
            KeyCode::Char(' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('j') | KeyCode::Down => self.move_selection(1),
            KeyCode::Char('k') | KeyCode::Up => self.move_selection(-1),
            KeyCode::Char('g') | KeyCode::Home => self.move_selection(isize::MIN),
            KeyCode::Char('G') | KeyCode::End => self.move_selection(isize::MAX),
            KeyCode::Char('s') => self.order = next(&Order::ALL, self.order),
            KeyCode::Char('r') => self.is_reversed = !self.is_reversed,
            KeyCode::Char('l') => self.stage = (self.stage + 1) % STAGES.len(),
            KeyCode::Char('v') => {
                self.detail = next(&[Detail::Contexts, Detail::Histogram], self.detail);
            }
            KeyCode::Char('/') => self.is_typing = true,
            KeyCode::Char('p') => return Action::Screenshot,
            KeyCode::Char('+' | '=') => return self.set("rate_hz", |row| rate(row, true)),
            KeyCode::Char('-') => return self.set("rate_hz", |row| rate(row, false)),
            KeyCode::Char('f') => {
                return self.set("fifo_size", |row| Some((row.fifo_size * 2).to_string()));
            }
            KeyCode::Char('F') => {
                return self.set("fifo_size", |row| Some((row.fifo_size / 2).to_string()));
            }
            KeyCode::Char(way @ ('w' | 'W')) => {
                let flavors = self.sample.as_ref().map(|sample| sample.flavors.clone());
                let flavors = flavors.unwrap_or_default();
                let step = if way == 'w' {
                    1
                } else {
                    flavors.len().saturating_sub(1)
                };
                return self.set("workqueue", |row| {
                    let at = flavors.iter().position(|flavor| *flavor == row.flavor)?;
                    Some(flavors[(at + step) % flavors.len()].clone())
                });
            }
            _ => {}
        }
        Action::None
    }

    fn type_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => {
                self.is_typing = false;
                self.filter.clear();
            }
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Char(c) => self.filter.push(c),
            _ => {}
        }
        self.keep_selection();
    }

    /// Sets a knob of the selected line to the value that `value` makes of its row.
    fn set(&self, knob: &'static str, value: impl Fn(&Row) -> Option<String>) -> Action {
        let row = self.selected().filter(|row| row.is_bound);
        let wanted = row.and_then(|row| Some((row.line, value(row)?)));
        wanted.map_or(Action::None, |(line, value)| Action::Set {
            line,
            knob,
            value,
        })
    }

    fn move_selection(&mut self, by: isize) {
        let visible = self.visible();
        let at = visible.iter().position(|row| row.line == self.selected);
        let last = visible.len().saturating_sub(1);
        let to = at.unwrap_or(0).saturating_add_signed(by).min(last);
        if let Some(row) = visible.get(to) {
            self.selected = row.line;
        }
    }

    /// A line that is no longer shown cannot be the selected one.
    fn keep_selection(&mut self) {
        let visible = self.visible();
        let is_there = visible.iter().any(|row| row.line == self.selected);
        if let (false, Some(first)) = (is_there, visible.first()) {
            self.selected = first.line;
        }
    }
}

fn next<T: Copy + PartialEq>(all: &[T], one: T) -> T {
    let at = all.iter().position(|other| *other == one);
    all[at.map_or(0, |at| (at + 1) % all.len())]
}

/// The next rate of 1, 2, 5, 10, 20 and so on, or the one before; 0 below 1.
fn rate(row: &Row, up: bool) -> Option<String> {
    let rate_hz: u64 = row.rate_hz.parse().ok()?;
    let steps = (0..=6).flat_map(|zeros| [1, 2, 5].map(|digit| digit * 10_u64.pow(zeros)));
    let steps: Vec<u64> = steps.take_while(|step| *step <= 1_000_000).collect();
    let step = match up {
        true => steps.iter().find(|step| **step > rate_hz),
        false => steps.iter().rev().find(|step| **step < rate_hz),
    };
    let least = if up { rate_hz } else { 0 };
    Some(step.copied().unwrap_or(least).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn row(line: u32, rate_hz: &str, flavor: &str) -> Row {
        Row {
            line,
            irq: None,
            rate_hz: rate_hz.to_string(),
            flavor: flavor.to_string(),
            fifo_size: 64,
            is_bound: true,
            events_hz: Some(f64::from(line)),
            read_hz: None,
            lost_hz: None,
            queued: 64 - u64::from(line),
            is_throttled: false,
            fault: None,
            missing: None,
            stages: [const { None }; STAGES.len()],
        }
    }

    /// Three lines, the first two on the same flavor.
    fn state() -> State {
        let mut state = State::new();
        state.rows = vec![
            row(0, "10", "bh"),
            row(1, "0", "bh"),
            row(2, "1000000", "bound"),
        ];
        state.sample = Some(Sample {
            at: Instant::now() - Duration::from_secs(1),
            lines: Vec::new(),
            flavors: ["bound", "bh", "ordered"].map(String::from).to_vec(),
            interrupts: None,
        });
        state
    }

    fn press(state: &mut State, keys: &str) -> Action {
        let mut action = Action::None;
        for c in keys.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                '\x08' => KeyCode::Backspace,
                c => KeyCode::Char(c),
            };
            action = state.key(KeyEvent::from(code));
        }
        action
    }

    fn lines(state: &State) -> Vec<u32> {
        state.visible().iter().map(|row| row.line).collect()
    }

    fn set(line: u32, knob: &'static str, value: &str) -> Action {
        let value = value.to_string();
        Action::Set { line, knob, value }
    }

    #[test]
    fn rates_go_by_1_2_5_and_stop_at_the_ends() {
        let mut state = state();
        assert_eq!(press(&mut state, "+"), set(0, "rate_hz", "20"));
        assert_eq!(press(&mut state, "-"), set(0, "rate_hz", "5"));
        assert_eq!(press(&mut state, "j+"), set(1, "rate_hz", "1"));
        assert_eq!(press(&mut state, "-"), set(1, "rate_hz", "0"));
        assert_eq!(press(&mut state, "j="), set(2, "rate_hz", "1000000"));
        assert_eq!(press(&mut state, "-"), set(2, "rate_hz", "500000"));
    }

    #[test]
    fn keys_in_a_row_go_on_from_what_they_have_set() {
        let mut state = state();
        for (key, knob, value) in [
            ("+", "rate_hz", "20"),
            ("+", "rate_hz", "50"),
            ("w", "workqueue", "ordered"),
            ("w", "workqueue", "bound"),
            ("f", "fifo_size", "128"),
            ("f", "fifo_size", "256"),
        ] {
            assert_eq!(press(&mut state, key), set(0, knob, value));
            state.adopt(0, knob, value);
        }
        state.adopt(9, "rate_hz", "1");
        state.adopt(0, "fifo_size", "?");
        assert_eq!(press(&mut state, "F"), set(0, "fifo_size", "128"));
    }

    #[test]
    fn flavors_go_round_and_fifos_double() {
        let mut state = state();
        assert_eq!(press(&mut state, "w"), set(0, "workqueue", "ordered"));
        assert_eq!(press(&mut state, "W"), set(0, "workqueue", "bound"));
        assert_eq!(press(&mut state, "GW"), set(2, "workqueue", "ordered"));
        assert_eq!(press(&mut state, "f"), set(2, "fifo_size", "128"));
        assert_eq!(press(&mut state, "gF"), set(0, "fifo_size", "32"));
        state.rows[0].is_bound = false;
        assert_eq!(press(&mut state, "w"), Action::None);
        state.lose("gone".to_string());
        assert_eq!(press(&mut state, "wW+f"), Action::None);
    }

    #[test]
    fn rows_are_ordered_and_filtered_and_the_selection_stays_among_them() {
        let mut state = state();
        press(&mut state, "s");
        assert_eq!((state.order, lines(&state)), (Order::Events, vec![2, 1, 0]));
        press(&mut state, "r");
        assert_eq!(lines(&state), [0, 1, 2]);
        press(&mut state, "rss");
        assert_eq!((state.order, lines(&state)), (Order::Fill, vec![0, 1, 2]));
        press(&mut state, "/bound");
        assert_eq!((lines(&state), state.selected), (vec![2], 2));
        // Typed text is not taken for keys.
        assert!(state.is_typing && !state.is_paused);
        press(&mut state, "\x08x\n");
        assert_eq!((state.filter.as_str(), lines(&state).len()), ("bounx", 0));
        press(&mut state, "jk/\x1b");
        assert_eq!((state.filter.as_str(), lines(&state).len()), ("", 3));
    }

    #[test]
    fn keys_change_what_is_shown() {
        let mut state = state();
        press(&mut state, " ?v");
        assert!(state.is_paused && state.has_help);
        assert_eq!(state.detail, Detail::Histogram);
        assert_eq!(press(&mut state, "\x1b"), Action::None);
        assert!(!state.has_help);
        press(&mut state, "llll");
        assert_eq!(state.stage, 0);
        assert_eq!(press(&mut state, "p"), Action::Screenshot);
        assert_eq!(press(&mut state, "q"), Action::Quit);
        assert_eq!(press(&mut state, "\x1b"), Action::Quit);
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        press(&mut state, "/");
        assert_eq!(state.key(interrupt), Action::Quit);
    }
}
