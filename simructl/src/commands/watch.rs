// SPDX-License-Identifier: GPL-2.0-only

//! `simructl stats --watch`: the counters of each line, repeatedly, with rates.

use std::time::{Duration, Instant};

use ratatui::widgets::Paragraph;
use serde_json::{Value, json};

use crate::cli::Options;
use crate::commands::stats::document;
use crate::counters::{Sample, Window, table};
use crate::output;
use crate::pace::Pace;
use crate::screen::{self, Input, Screen, unusable};
use simrupt::failure::Failure;
use simrupt::module::{Module, is_loaded};
use simrupt::sysroot::Sysroot;

const WHAT: &str = "cannot watch the stats";

pub(crate) fn run(
    sysroot: &Sysroot,
    options: &Options,
    interval: Duration,
    count: Option<u64>,
) -> Result<(), Failure> {
    let module = Module::find(sysroot, WHAT)?;
    let lines = module.select(options.lines())?;
    let watch = Watch {
        module: &module,
        lines,
        interval,
        count,
    };
    match screen::is_terminal() && !options.json && count != Some(0) {
        true => watch.on_screen(),
        false => watch.in_rows(options.json),
    }
}

/// The lines that are watched, how often and for how long.
struct Watch<'a> {
    module: &'a Module<'a>,
    lines: Vec<u32>,
    interval: Duration,
    count: Option<u64>,
}

impl Watch<'_> {
    fn sample(&self) -> Result<Vec<Sample>, Failure> {
        let sample = |line: &u32| {
            let at = Instant::now();
            let counters = self.module.counters(*line, WHAT)?;
            let line = *line;
            Ok(Sample { line, at, counters })
        };
        let samples: Result<Vec<Sample>, Failure> = self.lines.iter().map(sample).collect();
        // If the module was unloaded, its files went with it.
        samples.map_err(|failure| match is_loaded(self.module.sysroot()) {
            true => failure,
            false => Failure::not_loaded(WHAT),
        })
    }

    /// Shows the samples on a screen of their own, until a key ends it. With a count, the last sample stays on the
    /// terminal.
    fn on_screen(&self) -> Result<(), Failure> {
        let failed = |error| unusable(WHAT, &error);
        let mut now = self.sample()?;
        let mut before = Vec::new();
        let mut taken = 1;
        let screen = Screen::take(WHAT, false)?;
        let mut window = Window::default();
        let mut pace = Pace::new(self.interval);
        pace.pass();
        while self.count.is_none_or(|count| taken < count) {
            screen
                .draw(|frame| {
                    let area = frame.area();
                    let size = [area.width, area.height].map(usize::from);
                    let text = window.text(&now, &before, self.interval, size);
                    frame.render_widget(Paragraph::new(text), area);
                })
                .map_err(failed)?;
            match screen.next(pace.due()).map_err(failed)? {
                Input::Key(key) if window.key(key) => return Ok(()),
                Input::Key(_) | Input::Redraw => {}
                Input::Due => {
                    before = std::mem::replace(&mut now, self.sample()?);
                    taken += 1;
                    pace.pass();
                }
            }
        }
        drop(screen);
        output::print(&table(&now, &before))
    }

    /// Prints one sample after the other.
    fn in_rows(&self, as_json: bool) -> Result<(), Failure> {
        let mut pace = Pace::new(self.interval);
        let mut before: Vec<Sample> = Vec::new();
        let mut taken = 0;
        while self.count.is_none_or(|count| taken < count) {
            pace.wait();
            let now = self.sample()?;
            let text = match as_json {
                true => self.document(&now, &before, pace.elapsed()),
                false if taken == 0 => table(&now, &before),
                false => format!("\n{}", table(&now, &before)),
            };
            if !output::offer(text.as_bytes())? {
                break;
            }
            before = now;
            taken += 1;
        }
        Ok(())
    }

    /// A sample as a JSON document in a row.
    fn document(&self, now: &[Sample], before: &[Sample], elapsed: Duration) -> String {
        let lines = now.iter().enumerate().map(|(at, sample)| {
            let mut object = document(self.module, sample.line, sample.counters.as_ref());
            object["per_second"] = sample.rates_document(before.get(at));
            object
        });
        let lines: Vec<Value> = lines.collect();
        let document = json!({ "elapsed_s": elapsed.as_secs_f64(), "lines": lines });
        format!("{document}\n")
    }
}
