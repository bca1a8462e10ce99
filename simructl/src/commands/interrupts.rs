// SPDX-License-Identifier: GPL-2.0-only

//! `simructl irqs` and `simructl softirqs`: what interrupts which CPU, and how often.

use std::time::Duration;

use crate::cli::{Interrupts, Options};
use crate::interrupts::changes::Changes;
use crate::interrupts::choice::{Choice, Order};
use crate::interrupts::outputs::{CSV_HEADER, View};
use crate::interrupts::placement::{Placement, Threads};
use crate::interrupts::source::{Kind, Sample, saved};
use crate::interrupts::table::Table;
use crate::output;
use crate::pace::{self, Pace, per_second};
use crate::terminal;
use simrupt::failure::Failure;
use simrupt::sysroot::Sysroot;

/// From one sample to the next.
const INTERVAL: Duration = Duration::from_secs(1);
/// The rows above the table, and the cursor's below it.
const OTHER_ROWS: usize = 5;

pub(crate) fn run(
    sysroot: &Sysroot,
    options: &Options,
    kind: Kind,
    how: &Interrupts,
) -> Result<(), Failure> {
    let mut show = Show {
        kind,
        how,
        as_json: options.json,
        choice: Choice {
            order: how.sort.unwrap_or(match kind {
                Kind::Irqs => Order::Rate,
                Kind::Softirqs => Order::Irq,
            }),
            is_reversed: how.reverse,
            filter: how.filter.clone(),
            threshold: how.threshold,
        },
        shown: 0,
        is_read: true,
    };
    if let Some(path) = &how.from {
        let table = saved(path)?;
        return show.show(&Moment::of(&table), None);
    }
    if let Some([before, now]) = how.diff.as_deref() {
        let [before, now] = [saved(before)?, saved(now)?];
        let moment = Moment {
            changes: Some(Changes::between(&before, &now)),
            interval: how.interval,
            ..Moment::of(&now)
        };
        return show.show(&moment, None);
    }
    show.live(sysroot)
}

/// A table, and what is known of the time before it.
struct Moment<'a> {
    table: &'a Table,
    changes: Option<Changes>,
    interval: Option<Duration>,
    elapsed: Option<Duration>,
}

impl<'a> Moment<'a> {
    fn of(table: &'a Table) -> Self {
        Self {
            table,
            changes: None,
            interval: None,
            elapsed: None,
        }
    }
}

/// How tables are shown.
struct Show<'a> {
    kind: Kind,
    how: &'a Interrupts,
    as_json: bool,
    choice: Choice,
    /// How many were.
    shown: u64,
    /// Whether someone still reads them.
    is_read: bool,
}

impl Show<'_> {
    fn live(&mut self, sysroot: &Sysroot) -> Result<(), Failure> {
        let mut pace = Pace::new(self.how.interval.unwrap_or(INTERVAL));
        pace.wait();
        let mut before = self.kind.sample(sysroot)?;
        if self.how.once || self.how.openmetrics {
            return self.show(&Moment::of(&before.table), Some(sysroot));
        }
        let wanted = match self.how.watch {
            true => self.how.count.unwrap_or(u64::MAX),
            false => 1,
        };
        while self.is_read && self.shown < wanted {
            pace.wait();
            let now = self.kind.sample(sysroot)?;
            let Sample { at, table } = &now;
            let moment = Moment {
                table,
                changes: Some(Changes::between(&before.table, table)),
                interval: Some(at.duration_since(before.at)),
                elapsed: Some(pace.elapsed()),
            };
            self.show(&moment, Some(sysroot))?;
            before = now;
        }
        Ok(())
    }

    /// Shows a table; with what the kernel says now about its interrupts, if it is the running one's.
    fn show(&mut self, moment: &Moment<'_>, sysroot: Option<&Sysroot>) -> Result<(), Failure> {
        let Moment { table, .. } = moment;
        let rate = |count| match moment.interval {
            Some(interval) => per_second(count, interval).unwrap_or(0.0),
            None => count as f64,
        };
        let mut rows = self.choice.rows(table, moment.changes.as_ref(), rate);
        let is_text = !self.as_json && !self.how.csv && !self.how.openmetrics;
        let is_in_place = is_text && self.how.watch && pace::is_in_place();
        let size = terminal::size();
        let most = size.map_or(usize::MAX, |(_, height)| height.saturating_sub(OTHER_ROWS));
        let left_out = match is_in_place {
            true => rows.split_off(rows.len().min(most)).len(),
            false => 0,
        };
        let placements = match (sysroot, self.kind) {
            (Some(sysroot), Kind::Irqs) if !self.how.openmetrics => {
                placements(sysroot, table, &rows)
            }
            _ => Vec::new(),
        };
        let view = View {
            kind: self.kind,
            table,
            changes: moment.changes.as_ref(),
            interval: moment.interval,
            rows: &rows,
            placements: &placements,
        };
        let text = if self.as_json {
            view.json(moment.elapsed)
        } else if self.how.openmetrics {
            view.openmetrics()
        } else if self.how.csv {
            let header = if self.shown == 0 { CSV_HEADER } else { "" };
            format!("{header}{}", view.csv(moment.elapsed))
        } else {
            let width = self.how.width.map(usize::from);
            let width = width.or(size.map(|(width, _)| width));
            let lead = pace::lead(is_in_place, self.shown);
            let more = match left_out {
                0 => String::new(),
                some => format!("… {some} more"),
            };
            format!("{lead}{}{more}", view.text(width))
        };
        self.is_read = output::offer(text.as_bytes())?;
        self.shown += 1;
        Ok(())
    }
}

/// Where the interrupts of these rows go.
fn placements(sysroot: &Sysroot, table: &Table, rows: &[usize]) -> Vec<Placement> {
    let threads = Threads::find(sysroot);
    rows.iter()
        .map(|at| match table.rows[*at].irq() {
            Some(irq) => Placement::of(sysroot, irq, &threads),
            None => Placement::default(),
        })
        .collect()
}
