// SPDX-License-Identifier: GPL-2.0-only

//! The form in which samples are shown, and the file that they go to.

use std::io::{self, Write};
use std::ops::Range;

use simrupt::failure::Failure;
use simrupt::handlers::Sample;

use crate::cli::Handlers;
use crate::destination::Destination;
use crate::handlers::choice::Choice;
use crate::handlers::csv;
use crate::handlers::metrics::metrics;
use crate::handlers::view::View;
use crate::output;
use crate::page::Page;
use crate::terminal;

/// How samples are shown.
#[derive(Debug)]
pub(crate) struct Show<'a> {
    pub(super) how: &'a Handlers,
    is_json: bool,
    pub(super) to: Destination,
    pub(super) choice: Choice,
    /// How many samples were shown.
    pub(super) shown: u64,
}

impl<'a> Show<'a> {
    pub(crate) fn new(how: &'a Handlers, is_json: bool, to: Destination) -> Self {
        Self {
            how,
            is_json,
            to,
            choice: Choice {
                order: how.sort,
                is_reversed: how.reverse,
                filter: how.filter.clone(),
            },
            shown: 0,
        }
    }

    /// Whether it is a table for people.
    pub(super) fn is_text(&self) -> bool {
        !self.is_json && !self.how.csv && self.how.metrics.is_none()
    }

    /// How much of the terminal's width the table uses.
    pub(super) fn width_within(&self, width: usize) -> usize {
        let asked = self.how.width.map_or(width, usize::from);
        asked.min(width)
    }

    /// Shows a sample in the requested form; `false` when its reader has gone.
    pub(crate) fn put(&mut self, sample: &Sample) -> Result<bool, Failure> {
        let is_read = match self.to.is_stdout() {
            // Each sample replaces the one before.
            false => {
                let sink = self.to.clone().open()?;
                sink.write_by(|output| self.write(output, sample, true))?;
                true
            }
            true => output::stream(|output| {
                if self.is_text() && self.shown > 0 {
                    output.write_all(b"\n")?;
                }
                self.write(output, sample, self.shown == 0)
            })?,
        };
        self.shown += 1;
        Ok(is_read)
    }

    /// Writes a sample, with the names of the columns if it is the first one.
    fn write(&self, output: &mut impl Write, sample: &Sample, is_first: bool) -> io::Result<()> {
        if let Some(format) = self.how.metrics {
            return metrics(output, sample, &self.choice, format);
        }
        let view = self.view(sample);
        if self.is_json {
            view.json(output)
        } else if self.how.csv {
            if is_first {
                output.write_all(csv::header().as_bytes())?;
            }
            view.csv(output)
        } else {
            let width = self.how.width.map(usize::from);
            let width = width.or_else(|| Some(terminal::size()?.0));
            let page = view.page(width, 0..usize::MAX);
            output.write_all(page.text().as_bytes())
        }
    }

    /// How many rows of a sample are shown.
    pub(super) fn rows(&self, sample: &Sample) -> usize {
        let rows = sample.rows.iter();
        rows.filter(|row| self.choice.includes(row)).count()
    }

    /// The table for people, of at most this width; only the rows in `window`.
    pub(super) fn page(&self, sample: &Sample, width: usize, window: Range<usize>) -> Page {
        self.view(sample).page(Some(width), window)
    }

    fn view<'b>(&self, sample: &'b Sample) -> View<'b> {
        View {
            sample,
            rows: self.choice.rows(sample),
        }
    }
}
