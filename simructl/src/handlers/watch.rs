// SPDX-License-Identifier: GPL-2.0-only

//! The table on a terminal, updated in place, with keys to order and to scroll.

use std::io;
use std::time::Instant;

use ratatui::crossterm::event::KeyCode;

use simrupt::failure::Failure;
use simrupt::handlers::{Recording, Sample};
use simrupt::sysroot::Sysroot;
use simrupt::trace::PERIOD;

use crate::browsing::Browsing;
use crate::handlers::choice::Order;
use crate::handlers::live::{HIDDEN, start};
use crate::handlers::show::Show;
use crate::output;
use crate::pace::Pace;
use crate::screen::{Input, Screen, is_end, unusable};
use crate::signals;
use crate::terminal;
use simrupt::layout::shortened;

const WHAT: &str = "cannot watch the handlers";
const KEYS: &str =
    "q quit  c cpu  d rate  u run  w wait  n name  r reverse  space pause  arrows scroll";
const ORDERS: [(char, Order); 5] = [
    ('c', Order::Cpu),
    ('d', Order::Rate),
    ('u', Order::Run),
    ('w', Order::Wait),
    ('n', Order::Name),
];

/// The content of the screen.
struct Watched<'a> {
    show: Show<'a>,
    /// The last sample, once there is one.
    sample: Option<Sample>,
    browsing: Browsing<Order>,
}

/// Shows tables until a key, a signal, the end of the measurement, or the requested number of samples.
pub(super) fn watch(sysroot: &Sysroot, show: Show<'_>) -> Result<(), Failure> {
    let screen = Screen::take(WHAT, false)?;
    // On a signal the recording must be removed first.
    screen.end_by_itself();
    let mut recording = start(sysroot, &show)?;
    let mut pace = Pace::new(show.how.interval);
    // The first sample is due after an interval.
    pace.pass();
    let mut watched = Watched {
        show,
        sample: None,
        browsing: Browsing::new(&ORDERS, KEYS),
    };
    watched.draw(&screen).map_err(failed)?;
    while watched.wants_more(&pace) {
        let read_due = Instant::now() + PERIOD;
        let due = match watched.browsing.is_paused {
            true => read_due,
            false => read_due.min(pace.due()),
        };
        let input = screen.next(due).map_err(failed)?;
        if let Some(signal) = screen.ending() {
            // The signal ends the program, and nothing after this block runs.
            drop(recording);
            signals::die_of(signal);
            return Ok(());
        }
        // After each input, so that the buffers do not overflow while keys are pressed.
        recording.read()?;
        match input {
            Input::Due => {
                if watched.browsing.is_paused || Instant::now() < pace.due() {
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
    // The last sample stays readable after the screen is gone.
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
        let choice = &mut self.show.choice;
        self.browsing
            .key(key, &mut choice.order, &mut choice.is_reversed);
    }

    fn draw(&mut self, screen: &Screen) -> io::Result<()> {
        let has_keys = screen.has_keys();
        screen.draw_lines(|width, height| self.lines(width, height, has_keys))
    }

    /// The lines that fit into this many columns and rows.
    fn lines(&mut self, width: usize, height: usize, has_keys: bool) -> Vec<String> {
        let width = self.show.width_within(width);
        let Some(sample) = &self.sample else {
            return vec![shortened("recording", width)];
        };
        let window = self.browsing.window(self.show.rows(sample), height);
        let mut page = self.show.page(sample, width, window);
        if sample.hides_names {
            let note = format!("functions have no names: {HIDDEN}");
            page.note = Some(shortened(&note, width));
        }
        self.browsing.lines(&page, width, height, has_keys)
    }
}

fn failed(error: io::Error) -> Failure {
    unusable(WHAT, &error)
}
