// SPDX-License-Identifier: GPL-2.0-only

//! A table at a moment, the source of the next one, and the form in which it is shown.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use proc_interrupts::{Changes, CpuList, Kind, Table};

use crate::cli::Interrupts;
use crate::interrupts::choice::{Choice, Order};
use crate::interrupts::csv::CSV_HEADER;
use crate::interrupts::metrics::Series;
use crate::interrupts::nodes::{Node, nodes};
use crate::interrupts::placement::{Placement, Threads};
use crate::interrupts::source::sample;
use crate::interrupts::sysfs::Described;
use crate::interrupts::text::Look;
use crate::interrupts::view::View;
use crate::output;
use crate::pace::{Pace, per_second};
use crate::page::Page;
use crate::terminal;
use simrupt::failure::Failure;
use simrupt::sysroot::Sysroot;

/// No kernel has more CPUs.
const MOST_CPUS: u32 = 8192;

/// A table, and the changes since the one before, if there was one.
#[derive(Default)]
pub(crate) struct Moment {
    pub(crate) table: Rc<Table>,
    pub(crate) changes: Option<Changes>,
    pub(crate) interval: Option<Duration>,
    pub(crate) elapsed: Option<Duration>,
    pub(crate) time: Option<SystemTime>,
    pub(crate) nodes: Vec<Node>,
    /// Where its interrupts go, by the index of the row.
    pub(crate) placements: BTreeMap<usize, Placement>,
}

impl Moment {
    /// The moment of a copy, of which nothing else is known.
    pub(crate) fn of(table: Table) -> Self {
        Self {
            table: Rc::new(table),
            ..Self::default()
        }
    }
}

/// The running kernel.
pub(crate) struct Source<'a> {
    sysroot: &'a Sysroot,
    kind: Kind,
    before: Option<(Instant, Rc<Table>)>,
    described: Described,
}

impl<'a> Source<'a> {
    pub(crate) fn new(sysroot: &'a Sysroot, kind: Kind) -> Self {
        Self {
            sysroot,
            kind,
            before: None,
            described: Described::default(),
        }
    }

    /// The kernel's counts up to now, and since the last time.
    pub(crate) fn next(&mut self, show: &Show<'_>, pace: &Pace) -> Result<Moment, Failure> {
        let mut now = sample(self.kind, self.sysroot)?;
        if self.kind == Kind::Interrupts {
            self.described.describe(self.sysroot, &mut now.table);
        }
        now.table = show.chosen(now.table)?;
        let before = self.before.as_ref();
        let interval = before.map(|(at, _)| now.at.duration_since(*at));
        let changes = before.map(|(_, before)| Changes::between(before, &now.table, interval));
        let is_first = self.before.is_none();
        let mut moment = Moment {
            changes,
            interval,
            elapsed: (!is_first).then(|| pace.elapsed()),
            time: Some(now.time),
            nodes: nodes(self.sysroot),
            ..Moment::of(now.table)
        };
        if show.has_placements() && (!is_first || show.how.once) {
            let rows = show.rows(&moment);
            self.place(&mut moment, &rows);
        }
        self.before = Some((now.at, Rc::clone(&moment.table)));
        Ok(moment)
    }

    /// Finds out where the interrupts of these rows go.
    pub(crate) fn place(&self, moment: &mut Moment, rows: &[usize]) {
        let threads = Threads::find(self.sysroot);
        let placed = rows.iter().filter_map(|at| {
            let irq = moment.table.rows[*at].irq()?;
            Some((*at, Placement::of(self.sysroot, irq, &threads)))
        });
        moment.placements = placed.collect();
    }
}

/// How tables are shown.
pub(crate) struct Show<'a> {
    pub(crate) kind: Kind,
    pub(crate) how: &'a Interrupts,
    pub(crate) choice: Choice,
    is_json: bool,
    /// Whether missing CPUs were already reported.
    has_noted: Cell<bool>,
}

impl<'a> Show<'a> {
    pub(crate) fn new(kind: Kind, how: &'a Interrupts, is_json: bool) -> Self {
        let choice = Choice {
            order: how.sort.unwrap_or(match kind {
                Kind::Interrupts => Order::Rate,
                Kind::Softirqs => Order::Irq,
            }),
            is_reversed: how.reverse,
            filter: how.filter.clone(),
            exclude: how.exclude.clone(),
            threshold: how.threshold,
        };
        Self {
            kind,
            how,
            choice,
            is_json,
            has_noted: Cell::new(false),
        }
    }

    /// Whether it is a table for people.
    pub(crate) fn is_text(&self) -> bool {
        let Interrupts {
            csv,
            pairs,
            metrics,
            ..
        } = self.how;
        !self.is_json && !csv && !pairs && metrics.is_none()
    }

    /// How much of the terminal's width the table uses.
    pub(crate) fn width_within(&self, width: usize) -> usize {
        let asked = self.how.width.map_or(width, usize::from);
        asked.min(width)
    }

    /// Whether the form shows where interrupts go.
    fn has_placements(&self) -> bool {
        self.kind == Kind::Interrupts
            && self.how.metrics.is_none()
            && !self.how.transpose
            && !(self.how.watch && self.is_text())
    }

    /// The table with the selected CPUs only.
    pub(crate) fn chosen(&self, mut table: Table) -> Result<Table, Failure> {
        let Some(list) = &self.how.cpu else {
            return Ok(table);
        };
        let all: CpuList = table.cpus.iter().copied().collect();
        if !self.has_noted.replace(true) {
            note_missing(list, &table);
        }
        table.retain_cpus(list);
        if table.cpus.is_empty() {
            let what = format!("cannot show the CPUs {list}");
            return Err(Failure::new(
                what,
                format!("the CPUs of the table are {all}"),
            ));
        }
        Ok(table)
    }

    /// The indexes of the rows that are shown, in their order.
    pub(crate) fn rows(&self, moment: &Moment) -> Vec<usize> {
        let rate = |count| match moment.interval {
            Some(interval) => per_second(count, interval).unwrap_or(0.0),
            None => count as f64,
        };
        self.choice
            .rows(&moment.table, moment.changes.as_ref(), rate)
    }

    /// Writes a table in the requested form, with the names of the columns if it is the first one.
    pub(crate) fn write(
        &self,
        output: &mut impl Write,
        moment: &Moment,
        is_first: bool,
    ) -> io::Result<()> {
        let rows = self.rows(moment);
        let view = self.view(moment, &rows);
        if let Some(format) = self.how.metrics {
            let series = Series {
                format,
                is_without_zeros: self.how.no_zeros,
                is_sum: self.how.sum,
            };
            view.metrics(output, series)
        } else if self.is_json {
            view.json(output)
        } else if self.how.csv {
            if is_first && !self.how.noheadings {
                output.write_all(CSV_HEADER.as_bytes())?;
            }
            view.csv(output)
        } else if self.how.pairs {
            view.pairs(output, self.how.columns.as_ref())
        } else {
            let width = self.how.width.map(usize::from);
            let width = width.or_else(|| Some(terminal::size()?.0));
            let page = self.page(moment, &rows, width, 0..usize::MAX);
            output.write_all(page.text().as_bytes())
        }
    }

    /// The table for people, of at most this width; only the rows in `window`.
    pub(crate) fn page(
        &self,
        moment: &Moment,
        rows: &[usize],
        width: Option<usize>,
        window: Range<usize>,
    ) -> Page {
        let look = Look {
            width,
            cells: self.how.cells,
            columns: self.how.columns.clone(),
            has_headings: !self.how.noheadings,
        };
        let view = self.view(moment, rows);
        match self.how.transpose {
            true => view.turned(&look, window),
            false => {
                let window = window.start.min(rows.len())..window.end.min(rows.len());
                view.page(&look, window)
            }
        }
    }

    fn view<'b>(&self, moment: &'b Moment, rows: &'b [usize]) -> View<'b> {
        View {
            kind: self.kind,
            table: &moment.table,
            changes: moment.changes.as_ref(),
            interval: moment.interval,
            time: moment.time,
            elapsed: moment.elapsed,
            rows,
            placements: &moment.placements,
            nodes: &moment.nodes,
        }
    }
}

/// Reports CPUs of a list that do not exist.
fn note_missing(list: &CpuList, table: &Table) {
    // A list of all CPUs, or of every second one, has no end.
    if (MOST_CPUS..2 * MOST_CPUS).any(|cpu| list.contains(cpu)) {
        return;
    }
    let is_missing = |cpu: &u32| list.contains(*cpu) && table.cpus.binary_search(cpu).is_err();
    let missing: CpuList = (0..MOST_CPUS).filter(is_missing).collect();
    let is_some_there = table.cpus.iter().any(|cpu| list.contains(*cpu));
    if is_some_there && !missing.is_empty() {
        output::note(&format!("these CPUs do not exist: {missing}"));
    }
}
