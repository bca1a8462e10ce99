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
use crate::scroll::Scroll;
use simrupt::failure::Failure;

const KEYS: &str = "q quit  i irq  t total  d rate  n name  r reverse  space pause  arrows scroll";
/// As good as never.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// The content of the screen.
struct Watched<'a> {
    show: Show<'a>,
    moment: Moment,
    scroll: Scroll,
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
        scroll: Scroll::default(),
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
            self.scroll.rewind();
        }
        match key {
            Key::Char('r') => self.show.choice.is_reversed = !self.show.choice.is_reversed,
            Key::Char(' ') => self.is_paused = !self.is_paused,
            other => self.scroll.key(other),
        }
    }

    fn draw(&mut self, source: &Source<'_>, screen: &Screen) -> Result<(), Failure> {
        let (width, height) = screen.size();
        let width = self.show.width_within(width);
        let rows = self.show.rows(&self.moment);
        let all = match self.show.how.transpose {
            true => self.moment.table.cpus.len(),
            false => rows.len(),
        };
        let window = self.scroll.window(all, height);
        if !self.show.how.transpose {
            // Of thousands of interrupts only those are looked at that there is room for.
            source.place(&mut self.moment, &rows[window.clone()]);
        }
        let page = self.show.page(&self.moment, &rows, Some(width), window);
        let has_footer = height > 2;
        let (mut lines, shown) = page.within(height - usize::from(has_footer), 0);
        self.scroll.shows(shown);
        if has_footer {
            let footer = self.scroll.footer(screen, self.is_paused, KEYS);
            lines.push(shortened(&footer, width));
        }
        screen.draw(&lines)
    }
}
