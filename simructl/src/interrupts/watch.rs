// SPDX-License-Identifier: GPL-2.0-only

//! A table on a terminal, updated in place, with keys to order and to scroll.

use std::io;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::KeyCode;

use crate::browsing::Browsing;
use crate::cli::Interrupts;
use crate::interrupts::choice::Order;
use crate::interrupts::moment::{Moment, Show, Source};
use crate::output;
use crate::pace::Pace;
use crate::screen::{Input, Screen, is_end, unusable};
use crate::terminal;
use simrupt::failure::Failure;

const WHAT: &str = "cannot watch the interrupts";
const KEYS: &str = "q quit  i irq  t total  d rate  n name  r reverse  space pause  arrows scroll";
const ORDERS: [(char, Order); 4] = [
    ('i', Order::Irq),
    ('t', Order::Total),
    ('d', Order::Rate),
    ('n', Order::Name),
];
/// Practically never.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// The content of the screen.
struct Watched<'a> {
    show: Show<'a>,
    moment: Moment,
    browsing: Browsing<Order>,
}

/// Shows tables until a key, a signal, or the requested number of tables.
pub(crate) fn watch(
    mut source: Source<'_>,
    show: Show<'_>,
    how: &Interrupts,
    mut pace: Pace,
) -> Result<(), Failure> {
    let screen = Screen::take(WHAT, false)?;
    let mut watched = Watched {
        show,
        moment: Moment::default(),
        browsing: Browsing::new(&ORDERS, KEYS),
    };
    let mut samples = 0;
    let mut has_sample = false;
    while how.count.is_none_or(|count| samples < count) {
        let due = match watched.browsing.is_paused {
            true => Instant::now() + NEVER,
            false => pace.due(),
        };
        match screen.next(due).map_err(failed)? {
            Input::Due => {
                pace.pass();
                watched.moment = source.next(&watched.show, &pace)?;
                samples += 1;
                has_sample = true;
            }
            Input::Key(key) if is_end(key) => return Ok(()),
            Input::Key(key) => watched.key(key.code),
            Input::Redraw => {}
        }
        if has_sample {
            watched.draw(&source, &screen).map_err(failed)?;
        }
    }
    // The last sample stays readable after the screen is gone.
    let width = watched.show.width_within(terminal::size_or_default().0);
    drop(screen);
    let rows = watched.show.rows(&watched.moment);
    let show = &watched.show;
    let page = show.page(&watched.moment, &rows, Some(width), 0..usize::MAX);
    output::print(&page.text())
}

impl Watched<'_> {
    fn key(&mut self, key: KeyCode) {
        let choice = &mut self.show.choice;
        self.browsing
            .key(key, &mut choice.order, &mut choice.is_reversed);
    }

    fn draw(&mut self, source: &Source<'_>, screen: &Screen) -> io::Result<()> {
        let has_keys = screen.has_keys();
        screen.draw_lines(|width, height| self.lines(source, width, height, has_keys))
    }

    /// The lines that fit into this many columns and rows.
    fn lines(
        &mut self,
        source: &Source<'_>,
        width: usize,
        height: usize,
        has_keys: bool,
    ) -> Vec<String> {
        let width = self.show.width_within(width);
        let rows = self.show.rows(&self.moment);
        let all = match self.show.how.transpose {
            true => self.moment.table.cpus.len(),
            false => rows.len(),
        };
        let window = self.browsing.window(all, height);
        if !self.show.how.transpose {
            // Of thousands of interrupts, only those with room are looked at.
            source.place(&mut self.moment, &rows[window.clone()]);
        }
        let page = self.show.page(&self.moment, &rows, Some(width), window);
        self.browsing.lines(&page, width, height, has_keys)
    }
}

fn failed(error: io::Error) -> Failure {
    unusable(WHAT, &error)
}
