// SPDX-License-Identifier: GPL-2.0-only

//! A table on a terminal, again and again in its place, with keys to order and to scroll.

use std::time::{Duration, Instant};

use crate::cli::Interrupts;
use crate::interrupts::choice::Order;
use crate::interrupts::moment::{Moment, Show, Source};
use crate::layout::shortened;
use crate::output;
use crate::pace::Pace;
use crate::screen::{Event, Key, Screen};
use simrupt::failure::Failure;

const KEYS: &str = "q quit  i irq  t total  d rate  n name  r reverse  space pause  arrows scroll";
/// As good as never.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// The content of the screen.
struct Watched<'a> {
    show: Show<'a>,
    moment: Moment,
    /// How many rows are scrolled away, how many are shown, and how many there are.
    first: usize,
    shown: usize,
    all: usize,
    is_paused: bool,
}

/// Shows tables until a key or a signal ends it, or as many as were asked for.
pub(crate) fn watch(
    mut source: Source<'_>,
    show: Show<'_>,
    how: &Interrupts,
    mut pace: Pace,
) -> Result<(), Failure> {
    let mut screen = Screen::open()?;
    let mut watched = Watched {
        show,
        moment: Moment::default(),
        first: 0,
        shown: 0,
        all: 0,
        is_paused: false,
    };
    let mut samples = 0;
    let mut has_sample = false;
    while how.count.is_none_or(|count| samples < count) {
        let due = match watched.is_paused {
            true => Instant::now() + NEVER,
            false => pace.due(),
        };
        match screen.wait(due)? {
            Event::Due => {
                pace.pass();
                watched.moment = source.next(&watched.show, &pace)?;
                samples += 1;
                has_sample = true;
            }
            Event::Key(Key::Char('q') | Key::Escape) => return Ok(()),
            Event::Key(key) => watched.key(key),
            Event::Redraw => {}
            Event::End(signal) => {
                screen.die_of(signal);
                return Ok(());
            }
        }
        if has_sample {
            watched.draw(&source, &screen)?;
        }
    }
    // The last sample can still be read when the screen is gone.
    let width = watched.show.width_within(screen.size().0);
    drop(screen);
    let rows = watched.show.rows(&watched.moment);
    let show = &watched.show;
    let page = show.page(&watched.moment, &rows, Some(width), 0..usize::MAX);
    output::print(&page.text())
}

impl Watched<'_> {
    fn key(&mut self, key: Key) {
        let order = match key {
            Key::Char('i') => Some(Order::Irq),
            Key::Char('t') => Some(Order::Total),
            Key::Char('d') => Some(Order::Rate),
            Key::Char('n') => Some(Order::Name),
            _ => None,
        };
        if let Some(order) = order {
            self.show.choice.order = order;
            self.first = 0;
        }
        let page = self.shown.max(1);
        let last = self.all.saturating_sub(page);
        match key {
            Key::Char('r') => self.show.choice.is_reversed = !self.show.choice.is_reversed,
            Key::Char(' ') => self.is_paused = !self.is_paused,
            Key::Up | Key::Char('k') => self.first = self.first.saturating_sub(1),
            Key::Down | Key::Char('j') => self.first += 1,
            Key::PageUp => self.first = self.first.saturating_sub(page),
            Key::PageDown => self.first += page,
            Key::Home | Key::Char('g') => self.first = 0,
            Key::End | Key::Char('G') => self.first = last,
            _ => {}
        }
        self.first = self.first.min(last);
    }

    fn draw(&mut self, source: &Source<'_>, screen: &Screen) -> Result<(), Failure> {
        let (width, height) = screen.size();
        let width = self.show.width_within(width);
        let rows = self.show.rows(&self.moment);
        self.all = match self.show.how.transpose {
            true => self.moment.table.cpus.len(),
            false => rows.len(),
        };
        self.first = self.first.min(self.all.saturating_sub(1));
        let window = self.first..self.first.saturating_add(height).min(self.all);
        if !self.show.how.transpose {
            // Of thousands of interrupts only those are looked at that there is room for.
            source.place(&mut self.moment, &rows[window.clone()]);
        }
        let page = self.show.page(&self.moment, &rows, Some(width), window);
        let has_footer = height > 2;
        let (mut lines, shown) = page.within(height - usize::from(has_footer), 0);
        self.shown = shown;
        if has_footer {
            lines.push(shortened(&self.footer(screen), width));
        }
        screen.draw(&lines)
    }

    /// How many rows are not on the screen, and the keys.
    fn footer(&self, screen: &Screen) -> String {
        let below = self.all.saturating_sub(self.first + self.shown);
        let mut parts = Vec::new();
        if self.is_paused {
            parts.push("PAUSED".to_string());
        }
        if self.first > 0 {
            parts.push(format!("{} above", self.first));
        }
        if below > 0 {
            parts.push(format!("{below} more"));
        }
        if screen.has_keys() {
            parts.push(KEYS.to_string());
        }
        parts.join("  ")
    }
}
