// SPDX-License-Identifier: GPL-2.0-only

//! `simructl irqs` and `simructl softirqs`: the interrupts of each CPU, and how often they come.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proc_interrupts::{Changes, Kind, Table};

use crate::cli::{Interrupts, Options};
use crate::commands::result_files;
use crate::destination::{Claims, DASH, Destination};
use crate::interrupts::moment::{Moment, Show, Source};
use crate::interrupts::source::saved;
use crate::interrupts::watch::watch;
use crate::output;
use crate::pace::Pace;
use crate::screen;
use simrupt::failure::Failure;
use simrupt::sysroot::{Sysroot, input_name};

/// The time from one sample to the next.
const INTERVAL: Duration = Duration::from_secs(1);

pub(crate) fn run(
    sysroot: &Sysroot,
    options: &Options,
    kind: Kind,
    how: &Interrupts,
) -> Result<(), Failure> {
    let show = Show::new(kind, how, options.json);
    let inputs = how.from.iter().chain(how.diff.iter().flatten());
    let mut claims = Claims::inputs(inputs.map(PathBuf::as_path));
    let to = claims.output(how.output.as_deref().unwrap_or(Path::new(DASH)))?;
    if let Some(path) = &how.from {
        let table = show.chosen(copy(kind, path)?)?;
        return print(to, &show, &Moment::of(table));
    }
    if let Some([before, now]) = how.diff.as_deref() {
        result_files::check("cannot show the difference", [before, now])?;
        let tables = [copy(kind, before)?, copy(kind, now)?];
        let [before, now] = tables.map(|table| show.chosen(table));
        let (before, now) = (before?, now?);
        let changes = Changes::between(&before, &now, how.interval);
        warn_of_resets(&changes);
        let moment = Moment {
            changes: Some(changes),
            interval: how.interval,
            ..Moment::of(now)
        };
        return print(to, &show, &moment);
    }
    live(Source::new(sysroot, kind), show, how, to)
}

fn live(
    mut source: Source<'_>,
    show: Show<'_>,
    how: &Interrupts,
    to: Destination,
) -> Result<(), Failure> {
    let mut pace = Pace::new(how.interval.unwrap_or(INTERVAL));
    pace.wait();
    if how.once || how.metrics.is_some() {
        return print(to, &show, &source.next(&show, &pace)?);
    }
    // From here on there are rates.
    source.next(&show, &pace)?;
    if how.watch && show.is_text() && screen::is_terminal() {
        return watch(source, show, how, pace);
    }
    if !how.watch {
        pace.wait();
        return print(to, &show, &source.next(&show, &pace)?);
    }
    let mut shown = 0;
    while how.count.is_none_or(|count| shown < count) {
        pace.wait();
        let moment = source.next(&show, &pace)?;
        let is_read = output::stream(|output| {
            if show.is_text() && shown > 0 {
                output.write_all(b"\n")?;
            }
            show.write(output, &moment, shown == 0)
        })?;
        if !is_read {
            break;
        }
        shown += 1;
    }
    Ok(())
}

/// Shows a table once.
fn print(to: Destination, show: &Show<'_>, moment: &Moment) -> Result<(), Failure> {
    to.open()?
        .write_by(|output| show.write(output, moment, true))
}

/// The table in a file, with a note if the file is unusual.
fn copy(kind: Kind, path: &Path) -> Result<Table, Failure> {
    let table = saved(kind, path)?;
    let name = input_name(path);
    for notice in &table.notices {
        output::note(&format!("{name}: {notice}"));
    }
    Ok(table)
}

/// Counts only go up. If they only went down, the second copy is not the later one.
fn warn_of_resets(changes: &Changes) {
    let resets = changes.reset_rows();
    if resets > 0 && changes.total() == 0 {
        let noun = if resets == 1 { "row has" } else { "rows have" };
        let what = format!("{resets} {noun} lower counts in B than in A");
        output::warning(
            &Failure::new(what, "none has higher ones").remedy(
                "the copies in the other order, unless the machine was rebooted in between",
            ),
        );
    }
}
