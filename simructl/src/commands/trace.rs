// SPDX-License-Identifier: GPL-2.0-only

//! `simructl trace`: the way of each event through the kernel, from the module's tracepoints.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cli::{Options, Trace};
use crate::output;
use crate::signals;
use crate::trace::timeline;
use simrupt::failure::Failure;
use simrupt::lines::Lines;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;
use simrupt::trace::event::{Event, Row, What};
use simrupt::trace::instance::Instance;
use simrupt::trace::journey::{Journey, Journeys};
use simrupt::trace::perfetto::Perfetto;
use simrupt::trace::rows::{Rows, saved};
use simrupt::trace::{PERIOD, WHAT};

pub(crate) fn run(sysroot: &Sysroot, options: &Options, how: &Trace) -> Result<(), Failure> {
    let mut shown = Shown {
        lines: options.lines().clone(),
        as_json: options.json,
        left: how.count.unwrap_or(u64::MAX),
        raw: kept(how.out.as_deref(), Ok)?,
        perfetto: kept(how.perfetto.as_deref(), Perfetto::begin)?,
        rows: Rows::default(),
        journeys: Journeys::default(),
        has_begun: false,
        is_unread: false,
        lost: 0,
    };
    match &how.from {
        Some(path) => saved(path, |bytes| {
            shown.take(bytes)?;
            Ok(shown.wants_more())
        })?,
        None => {
            let module = Module::find(sysroot, WHAT)?;
            module.select(options.lines())?;
            shown.record(sysroot, how.duration)?;
        }
    }
    shown.end()
}

impl Shown {
    /// Records until it is enough.
    fn record(&mut self, sysroot: &Sysroot, duration: Option<Duration>) -> Result<(), Failure> {
        let stopped = signals::stop()?;
        let mut instance = Instance::set_up(sysroot, &self.lines)?;
        let start = Instant::now();
        let mut bytes = vec![0; 64 * 1024];
        let mut pause = PERIOD;
        loop {
            let left = duration.map(|duration| duration.saturating_sub(start.elapsed()));
            pause = left.map_or(pause, |left| left.min(pause));
            // Whether it is to end is asked for each piece: there may be more and more of them.
            if !self.wants_more() || left == Some(Duration::ZERO) || !stopped.sleep(pause) {
                break;
            }
            let count = instance.read(&mut bytes)?;
            self.take(&bytes[..count])?;
            pause = if count == 0 { PERIOD } else { Duration::ZERO };
        }
        instance.stop()?;
        while self.wants_more() {
            match instance.read(&mut bytes)? {
                0 => break,
                count => self.take(&bytes[..count])?,
            }
        }
        instance.remove()
    }
}

/// What is shown, and what is kept.
#[derive(Debug)]
struct Shown {
    lines: Lines,
    as_json: bool,
    /// How many journeys are still wanted.
    left: u64,
    /// The trace itself.
    raw: Option<Kept<BufWriter<File>>>,
    perfetto: Option<Kept<Perfetto<BufWriter<File>>>>,
    rows: Rows,
    journeys: Journeys,
    /// Whether anything was printed.
    has_begun: bool,
    /// Nobody reads what is printed any more.
    is_unread: bool,
    lost: u64,
}

impl Shown {
    fn wants_more(&self) -> bool {
        self.left > 0 && !self.is_unread
    }

    /// Takes a piece of a trace.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(raw) = &mut self.raw {
            raw.write(|file| file.write_all(bytes))?;
        }
        let mut text = String::new();
        for row in self.rows.take(bytes)? {
            match row {
                Row::Event(event) => self.take_event(&event, &mut text)?,
                Row::Lost(count) if self.left > 0 => self.lost = self.lost.saturating_add(count),
                Row::Lost(_) | Row::Other => {}
            }
        }
        self.print(&text)
    }

    fn take_event(&mut self, event: &Event, text: &mut String) -> Result<(), Failure> {
        if !self.lines.contains(event.line) || self.left == 0 {
            return Ok(());
        }
        if let Some(perfetto) = &mut self.perfetto {
            perfetto.write(|file| file.add(event))?;
        }
        if let What::Knob { name, value } = &event.what {
            *text += &self.knob(event, name, *value);
        }
        for journey in self.journeys.take(event) {
            self.tell(&journey, text);
        }
        Ok(())
    }

    fn tell(&mut self, journey: &Journey, text: &mut String) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        if self.as_json {
            *text += &format!("{}\n", journey.document());
        } else {
            if !std::mem::replace(&mut self.has_begun, true) {
                *text += timeline::HEADER;
            }
            *text += &timeline::text(journey);
        }
    }

    /// What is said of a knob that was set.
    fn knob(&self, event: &Event, name: &str, value: i64) -> String {
        let Event { line, place, .. } = event;
        match self.as_json {
            true => format!(
                "{}\n",
                serde_json::json!({
                    "line": line, "knob": name, "value": value, "ns": place.ns, "task": place.task,
                })
            ),
            false => format!(
                "line {line} knob {name} set to {value}, at {} s, by {}\n",
                simrupt::text::seconds(place.ns),
                place.task
            ),
        }
    }

    fn print(&mut self, text: &str) -> Result<(), Failure> {
        if !text.is_empty() && !output::offer(text.as_bytes())? {
            self.is_unread = true;
        }
        Ok(())
    }

    /// Shows what has not come to its end, and completes the files.
    fn end(mut self) -> Result<(), Failure> {
        let mut text = String::new();
        for journey in self.journeys.rest() {
            self.tell(&journey, &mut text);
        }
        self.print(&text)?;
        if self.lost > 0 {
            output::note(&format!(
                "{} hits of tracepoints were lost: more than could be read. One line (--line) has fewer of them",
                self.lost
            ));
        }
        if let Some(raw) = &mut self.raw {
            raw.write(BufWriter::flush)?;
        }
        match &mut self.perfetto {
            Some(perfetto) => perfetto.write(Perfetto::end),
            None => Ok(()),
        }
    }
}

/// The file of an option, if it was given.
fn kept<T>(
    path: Option<&Path>,
    begin: impl FnOnce(BufWriter<File>) -> io::Result<T>,
) -> Result<Option<Kept<T>>, Failure> {
    path.map(|path| Kept::create(path, begin)).transpose()
}

/// A file that is being written.
#[derive(Debug)]
struct Kept<T> {
    path: PathBuf,
    file: T,
}

impl<T> Kept<T> {
    /// Makes the file, and begins it.
    fn create(
        path: &Path,
        begin: impl FnOnce(BufWriter<File>) -> io::Result<T>,
    ) -> Result<Self, Failure> {
        let file = File::create(path).map(BufWriter::new).and_then(begin);
        let file = file.map_err(|error| Failure::file("write", path, None, &error))?;
        Ok(Self {
            path: path.to_path_buf(),
            file,
        })
    }

    /// Goes on with it.
    fn write(&mut self, write: impl FnOnce(&mut T) -> io::Result<()>) -> Result<(), Failure> {
        write(&mut self.file).map_err(|error| Failure::file("write", &self.path, None, &error))
    }
}
