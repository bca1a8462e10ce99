// SPDX-License-Identifier: GPL-2.0-only

//! `simructl explain`: one interrupt, as it happens, told step by step.

use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::{Explain, Options};
use crate::destination::Claims;
use crate::output;
use crate::signals;
use crate::silence::{Cause, Watchman};
use crate::terminal;
use crate::trace::lesson;
use simrupt::device;
use simrupt::failure::{Failure, describe};
use simrupt::lines::Lines;
use simrupt::module::Module;
use simrupt::sysroot::{Sysroot, input_name};
use simrupt::trace::PERIOD;
use simrupt::trace::event::Row;
use simrupt::trace::instance::Instance;
use simrupt::trace::journey::{Journey, Journeys, Kind};
use simrupt::trace::rows::{Rows, saved};
use simrupt::trace::seen::Seen;

const WHAT: &str = "cannot explain an event";
/// The first events of a reader meet cold caches, so a later event is explained, if one comes in time.
const WARM: usize = 10;
const SOON: Duration = Duration::from_secs(1);
/// The width of a text that is not on a terminal, and the greatest width on a terminal.
const WIDTH: usize = 100;

pub(crate) fn run(sysroot: &Sysroot, options: &Options, how: &Explain) -> Result<(), Failure> {
    let journey = match &how.from {
        Some(path) => kept(path, options.lines())?,
        None => {
            let line = options.one_line("explain", "explained")?;
            live(sysroot, line, how.patience)?
        }
    };
    if options.json {
        return output::print_json(&lesson::document(&journey));
    }
    let width = terminal::size().map_or(WIDTH, |(width, _)| width.min(WIDTH));
    output::print(&lesson::text(&journey, width))
}

/// The first complete journey in a file.
fn kept(path: &Path, lines: &Lines) -> Result<Journey, Failure> {
    Claims::input(path).stdout()?;
    let mut journeys = Whole::of(lines.clone());
    saved(path, |bytes| {
        journeys.take(bytes)?;
        Ok(journeys.found.is_empty())
    })?;
    let name = input_name(path);
    journeys.seen.check(lines, &name)?;
    journeys.found.into_iter().next().ok_or_else(|| {
        Failure::new(WHAT, format!("{name} holds none that came to its end"))
            .remedy("simructl trace --out FILE, with a reader")
    })
}

/// A journey of the line, of an event that simructl has read itself.
fn live(sysroot: &Sysroot, line: u32, patience: Duration) -> Result<Journey, Failure> {
    let module = Module::find(sysroot, WHAT)?;
    let lines = Lines::one(line);
    module.select(&lines)?;
    let stopped = signals::stop()?;
    let mut instance = Instance::set_up(sysroot, &lines)?;
    read_on(sysroot, line)?;
    let mut watchman = Watchman::new("no event to explain yet", &module, vec![line]);
    let start = Instant::now();
    let mut journeys = Whole::of(lines);
    let mut bytes = vec![0; 64 * 1024];
    let mut soon = None;
    while soon.is_none_or(|soon| Instant::now() < soon) && journeys.found.len() < WARM {
        if start.elapsed() > patience {
            return Err(no_event(line, patience, watchman.cause(&module)));
        }
        if !stopped.sleep(PERIOD) {
            return Err(Failure::new(WHAT, "interrupted before one came to its end"));
        }
        let count = instance.read(&mut bytes)?;
        journeys.take(&bytes[..count])?;
        if soon.is_none() && !journeys.found.is_empty() {
            soon = Some(Instant::now() + SOON);
        }
        if soon.is_none() && watchman.is_due() {
            if let Some(missing) = watchman.look_out(&module) {
                output::warning(&missing);
            }
        }
    }
    instance.remove()?;
    let last = journeys.found.len().min(WARM);
    Ok(journeys.found.swap_remove(last - 1))
}

/// The failure when no event came all the way, with the reason if it is known.
fn no_event(line: u32, patience: Duration, cause: Option<Cause>) -> Failure {
    let patience = humantime::format_duration(patience);
    let what = format!("none came to its end on line {line} in {patience}");
    match cause {
        Some(cause) => Failure::new(WHAT, what)
            .because(&cause.why())
            .remedy(cause.remedy(line)),
        None => Failure::new(WHAT, what).remedy(format!("simructl stats --line {line}")),
    }
}

/// Starts a thread that reads the line's device: without a reader there is no read, and perhaps no event.
fn read_on(sysroot: &Sysroot, line: u32) -> Result<(), Failure> {
    let mut device = device::open(sysroot, line, true)?;
    let read = move || {
        let mut bytes = [0; 4096];
        // The thread ends with the program, or with the device.
        while device.read(&mut bytes).is_ok_and(|count| count > 0) {}
    };
    let thread = thread::Builder::new().spawn(read);
    thread.map_err(|error| Failure::new(WHAT, describe(&error)))?;
    Ok(())
}

/// The complete journeys.
struct Whole {
    lines: Lines,
    rows: Rows,
    journeys: Journeys,
    seen: Seen,
    found: Vec<Journey>,
}

impl Whole {
    fn of(lines: Lines) -> Self {
        Self {
            lines,
            rows: Rows::default(),
            journeys: Journeys::default(),
            seen: Seen::default(),
            found: Vec::new(),
        }
    }

    /// Takes a piece of a trace.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        for row in self.rows.take(bytes)? {
            let Row::Event(event) = row else { continue };
            self.seen.add(event.line);
            if !self.lines.contains(event.line) {
                continue;
            }
            let ended = self.journeys.take(&event).into_iter();
            // An event that was queued behind others has less to tell.
            let told = |journey: &Journey| {
                let has = |kind| journey.hops.iter().any(|hop| hop.kind == kind);
                journey.is_whole() && (has(Kind::Wake) || has(Kind::Lost))
            };
            self.found.extend(ended.filter(told));
        }
        Ok(())
    }
}
