// SPDX-License-Identifier: GPL-2.0-only

//! The handlers of the running kernel: once, or sample by sample until a signal or the end of the measurement.

use std::time::{Duration, Instant};

use simrupt::failure::Failure;
use simrupt::handlers::{Recording, Sample, Span};
use simrupt::sysroot::Sysroot;
use simrupt::trace::PERIOD;

use crate::handlers::show::Show;
use crate::handlers::watch::watch;
use crate::output;
use crate::screen;
use crate::signals;

/// The length of a measurement without `--for`.
const DURATION: Duration = Duration::from_secs(1);

/// The reason if functions have no names.
pub(super) const HIDDEN: &str = "the kernel hides where its functions are";

/// Measures and shows the running kernel.
pub(crate) fn live(sysroot: &Sysroot, mut show: Show<'_>) -> Result<(), Failure> {
    if show.how.watch && show.is_text() && show.to.is_stdout() && screen::is_terminal() {
        return watch(sysroot, show);
    }
    let stop = signals::stop()?;
    let mut recording = start(sysroot, &show)?;
    let begin = Instant::now();
    let wanted = show.how.count.unwrap_or(u64::MAX);
    let interval = show.how.interval;
    let duration = match show.how.watch {
        true => show.how.duration,
        false => show.how.duration.or(Some(DURATION)),
    };
    let mut next = show.how.watch.then_some(interval);
    let mut shown_at = Duration::ZERO;
    let mut has_noted = false;
    loop {
        let elapsed = begin.elapsed();
        let until = [next, duration].into_iter().flatten();
        let until = until.fold(elapsed + PERIOD, Duration::min);
        let goes_on = stop.sleep(until.saturating_sub(elapsed));
        recording.read()?;
        let elapsed = begin.elapsed();
        if !goes_on || duration.is_some_and(|duration| elapsed >= duration) {
            break;
        }
        if let Some(due) = next.filter(|due| elapsed >= *due) {
            next = Some((due + interval).max(elapsed));
            shown_at = elapsed;
            let sample = recording.sample()?;
            note_hidden(&sample, &mut has_noted);
            if !show.put(&sample)? || show.shown >= wanted {
                return Ok(());
            }
        }
    }
    // A last sample that is much shorter than the others says little.
    let is_whole = duration.is_some() && begin.elapsed() - shown_at > PERIOD;
    let sample = recording.end()?;
    if show.shown == 0 || is_whole {
        note_hidden(&sample, &mut has_noted);
        show.put(&sample)?;
    }
    Ok(())
}

/// Starts the measurement. Metrics count from its beginning, so that no counter ever decreases.
pub(super) fn start<'a>(sysroot: &'a Sysroot, show: &Show<'_>) -> Result<Recording<'a>, Failure> {
    let span = match show.how.metrics {
        Some(_) => Span::SinceStart,
        None => Span::SinceLast,
    };
    Recording::start(sysroot, show.how.buffer, span)
}

/// Reports once that names are missing, if they are.
fn note_hidden(sample: &Sample, has_noted: &mut bool) {
    if sample.hides_names && !std::mem::replace(has_noted, true) {
        let failure = Failure::new("functions have no names", HIDDEN);
        output::warning(&failure.remedy("sysctl kernel.kptr_restrict=1"));
    }
}
