// SPDX-License-Identifier: GPL-2.0-only

//! The table on a terminal, again and again in its place, with keys to order and to scroll.

use std::io;
use std::time::Instant;

use ratatui::crossterm::event::KeyCode;

use simrupt::failure::Failure;
use simrupt::handlers::{Recording, Sample};
use simrupt::sysroot::Sysroot;
use simrupt::trace::PERIOD;

use crate::handlers::choice::Order;
use crate::handlers::live::{HIDDEN, start};
use crate::handlers::show::Show;
use crate::output;
use crate::pace::Pace;
use crate::screen::{Input, Screen, is_end, unusable};
use crate::scroll::Scroll;
use crate::signals;
use crate::terminal;
use simrupt::layout::shortened;

const WHAT: &str = "cannot watch the handlers";
const KEYS: &str =
    "q quit  c cpu  d rate  u run  w wait  n name  r reverse  space pause  arrows scroll";

/// The content of the screen.
struct Watched<'a> {
    show: Show<'a>,
    /// The last sample, once there is one.
    sample: Option<Sample>,
    scroll: Scroll,
    is_paused: bool,
}

/// Shows tables until a key, a signal or the end of its time ends it, or as many as were asked for.
pub(super) fn watch(sysroot: &Sysroot, show: Show<'_>) -> Result<(), Failure> {
    let screen = Screen::take(WHAT, false)?;
    // The recording has to be taken down first.
    screen.end_by_itself();
    let mut recording = start(sysroot, &show)?;
    let mut pace = Pace::new(show.how.interval);
    // The first sample is due after an interval.
    pace.pass();
    let mut watched = Watched {
        show,
        sample: None,
        scroll: Scroll::default(),
        is_paused: false,
    };
    watched.draw(&screen).map_err(failed)?;
    while watched.wants_more(&pace) {
        let read_due = Instant::now() + PERIOD;
        let due = match watched.is_paused {
            true => read_due,
            false => read_due.min(pace.due()),
        };
        let input = screen.next(due).map_err(failed)?;
        if let Some(signal) = screen.ending() {
            // The signal ends the program without what follows this block.
            drop(recording);
            signals::die_of(signal);
            return Ok(());
        }
        // After each input, so that the buffers do not overflow while keys are pressed.
        recording.read()?;
        match input {
            Input::Due => {
                if watched.is_paused || Instant::now() < pace.due() {
                    continue;
                }
                pace.pass();
                watched.take(&mut recording)?;
            }
            Input::Key(key) if is_end(key) => return Ok(()),
            Input::Key(key) => watched.key(key.code),
            Input::Redraw => {}
        }
        watched.draw(&screen).map_err(failed)?;
    }
    if watched.show.shown == 0 {
        watched.take(&mut recording)?;
    }
    // The last sample can still be read when the screen is gone.
    let width = watched.show.width_within(terminal::size_or_default().0);
    drop(screen);
    match &watched.sample {
        Some(sample) => output::print(&watched.show.page(sample, width, 0..usize::MAX).text()),
        None => Ok(()),
    }
}

impl Watched<'_> {
    fn wants_more(&self, pace: &Pace) -> bool {
        let how = self.show.how;
        how.count.is_none_or(|count| self.show.shown < count)
            && how
                .duration
                .is_none_or(|duration| pace.elapsed() < duration)
    }

    fn take(&mut self, recording: &mut Recording<'_>) -> Result<(), Failure> {
        self.sample = Some(recording.sample()?);
        self.show.shown += 1;
        Ok(())
    }

    fn key(&mut self, key: KeyCode) {
        let order = match key {
            KeyCode::Char('c') => Some(Order::Cpu),
            KeyCode::Char('d') => Some(Order::Rate),
            KeyCode::Char('u') => Some(Order::Run),
            KeyCode::Char('w') => Some(Order::Wait),
            KeyCode::Char('n') => Some(Order::Name),
            _ => None,
        };
        if let Some(order) = order {
            self.show.choice.order = order;
            self.scroll.rewind();
        }
        match key {
            KeyCode::Char('r') => self.show.choice.is_reversed = !self.show.choice.is_reversed,
            KeyCode::Char(' ') => self.is_paused = !self.is_paused,
            other => self.scroll.key(other),
        }
    }

    fn draw(&mut self, screen: &Screen) -> io::Result<()> {
        let has_keys = screen.has_keys();
        screen.draw_lines(|width, height| self.lines(width, height, has_keys))
    }

    /// The lines that fit into so many columns and rows.
    fn lines(&mut self, width: usize, height: usize, has_keys: bool) -> Vec<String> {
        let width = self.show.width_within(width);
        let Some(sample) = &self.sample else {
            return vec![shortened("recording", width)];
        };
        let window = self.scroll.window(self.show.rows(sample), height);
        let mut page = self.show.page(sample, width, window);
        if sample.hides_names {
            let note = HIDDEN.lines().next().unwrap_or_default();
            page.note = Some(shortened(note, width));
        }
        let has_footer = height > 2;
        let (mut lines, shown) = page.within(height - usize::from(has_footer), 0);
        self.scroll.shows(shown);
        if has_footer {
            let footer = self.scroll.footer(has_keys, self.is_paused, KEYS);
            lines.push(shortened(&footer, width));
        }
        lines
    }
}

fn failed(error: io::Error) -> Failure {
    unusable(WHAT, &error)
}
