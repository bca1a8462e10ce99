// SPDX-License-Identifier: GPL-2.0-only

//! `simructl handlers`: how often the machine's interrupt handlers, softirqs and work functions run, how long they
//! wait, and how long they run.

use std::path::Path;

use simrupt::failure::Failure;
use simrupt::handlers::{Kept, Odd};
use simrupt::sysroot::Sysroot;
use simrupt::trace::rows::saved;

use crate::cli::{Handlers, Options};
use crate::destination::{Claims, DASH};
use crate::handlers::live::live;
use crate::handlers::show::Show;
use crate::output;

pub(crate) fn run(sysroot: &Sysroot, options: &Options, how: &Handlers) -> Result<(), Failure> {
    let output = how.output.as_deref().unwrap_or(Path::new(DASH));
    // Checked before the measurement, which may take an hour.
    let to = Claims::inputs(how.from.as_deref()).output(output)?;
    let show = Show::new(how, options.json, to);
    match &how.from {
        Some(path) => kept(path, show),
        None => live(sysroot, show),
    }
}

/// Shows a trace in a file.
fn kept(path: &Path, mut show: Show<'_>) -> Result<(), Failure> {
    let mut kept = Kept::default();
    saved(path, |bytes| {
        kept.take(bytes);
        Ok(true)
    })?;
    let (sample, odd) = kept.end()?;
    if let Some(odd) = odd {
        let rows = if odd.count == 1 { "row" } else { "rows" };
        let Odd {
            count, row, why, ..
        } = odd;
        output::note(&format!("{count} {rows} not understood: {why}: {row}"));
    }
    show.put(&sample).map(|_| ())
}
