// SPDX-License-Identifier: GPL-2.0-only

//! `simructl trace`: the way of each event through the kernel, from the module's tracepoints.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cli::{Options, Trace};
use crate::destination::{Claims, Destination, Sink, unwritten};
use crate::output;
use crate::signals;
use crate::silence::Watchman;
use crate::trace::picture::Pictures;
use crate::trace::timeline;
use simrupt::failure::Failure;
use simrupt::lines::Lines;
use simrupt::module::Module;
use simrupt::sysroot::{Sysroot, input_name};
use simrupt::trace::event::{Event, Row, What};
use simrupt::trace::instance::Instance;
use simrupt::trace::journey::{Journey, Journeys};
use simrupt::trace::perfetto::Perfetto;
use simrupt::trace::rows::{Rows, saved};
use simrupt::trace::seen::Seen;
use simrupt::trace::{PERIOD, WHAT};

pub(crate) fn run(sysroot: &Sysroot, options: &Options, how: &Trace) -> Result<(), Failure> {
    let mut claims = match &how.from {
        Some(path) => Claims::input(path),
        None => Claims::default(),
    };
    let mut check = |path: &Option<PathBuf>| {
        let checked = path.as_deref().map(|path| claims.output(path));
        checked.transpose()
    };
    let [raw, perfetto] = [check(&how.out)?, check(&how.perfetto)?];
    let [html, svg] = [check(&how.html)?, check(&how.svg)?];
    // Files and what is told do not go together.
    let takes_stdout = [&raw, &perfetto, &html, &svg]
        .into_iter()
        .flatten()
        .any(Destination::is_stdout);
    if !takes_stdout {
        claims.stdout()?;
    }
    if perfetto.as_ref().is_some_and(Destination::is_stdout) && io::stdout().is_terminal() {
        let why = "a trace for Perfetto is not text, and this is a terminal";
        return Err(Failure::new("cannot write to standard output", why)
            .remedy("--perfetto FILE")
            .usage());
    }
    let source = match &how.from {
        Some(path) => Source::Kept(path),
        None => {
            let module = Module::find(sysroot, WHAT)?;
            let lines = module.select(options.lines())?;
            Source::Live(module, lines)
        }
    };
    let mut shown = Shown {
        lines: options.lines().clone(),
        as_json: options.json,
        is_told: !takes_stdout,
        left: how.count.unwrap_or(u64::MAX),
        raw: raw.map(Destination::open).transpose()?,
        perfetto: perfetto.map(begin_diagram).transpose()?,
        pictures: Pictures::open(html, svg, how.event)?,
        rows: Rows::default(),
        journeys: Journeys::default(),
        seen: Seen::default(),
        has_begun: false,
        lost: 0,
    };
    match source {
        Source::Kept(path) => {
            saved(path, |bytes| {
                shown.take(bytes)?;
                Ok(shown.wants_more())
            })?;
            shown.seen.check(&shown.lines, &input_name(path))?;
            shown.end()
        }
        Source::Live(module, lines) => {
            let watchman = Watchman::new("no event to show yet", &module, lines);
            let recorded = shown.record(&module, how.duration, watchman);
            // What was recorded does not come again: it is kept, whatever happened.
            let outcomes = [recorded, shown.end()];
            Failure::all(outcomes.into_iter().filter_map(Result::err)).map_or(Ok(()), Err)
        }
    }
}

/// Where the trace comes from.
enum Source<'a> {
    /// A file.
    Kept(&'a Path),
    /// These lines of the module.
    Live(Module<'a>, Vec<u32>),
}

fn begin_diagram(destination: Destination) -> Result<Diagram, Failure> {
    let name = destination.name().to_string();
    let file = Perfetto::begin(BufWriter::new(destination.open()?));
    let file = file.map_err(|error| unwritten(&name, &error))?;
    Ok(Diagram { name, file })
}

impl Shown {
    /// Records until it is enough.
    fn record(
        &mut self,
        module: &Module<'_>,
        duration: Option<Duration>,
        mut watchman: Watchman,
    ) -> Result<(), Failure> {
        let stopped = signals::stop()?;
        let mut instance = Instance::set_up(module.sysroot(), &self.lines)?;
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
            let has_come = self.take(&bytes[..count])?;
            pause = if count == 0 { PERIOD } else { Duration::ZERO };
            if has_come {
                watchman.has_come();
            } else if watchman.is_due() {
                if let Some(missing) = watchman.look_out(module) {
                    output::warning(&missing);
                }
            }
        }
        instance.stop()?;
        while self.wants_more() {
            match instance.read(&mut bytes)? {
                0 => break,
                count => drop(self.take(&bytes[..count])?),
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
    /// Whether events are told on standard output.
    is_told: bool,
    /// How many journeys are still wanted.
    left: u64,
    /// The trace itself.
    raw: Option<Sink>,
    perfetto: Option<Diagram>,
    pictures: Option<Pictures>,
    rows: Rows,
    journeys: Journeys,
    seen: Seen,
    /// Whether anything was printed.
    has_begun: bool,
    lost: u64,
}

impl Shown {
    fn wants_more(&self) -> bool {
        self.left > 0 && output::is_read()
    }

    /// Takes a piece of a trace; whether it brought what was waited for.
    fn take(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        if let Some(raw) = &mut self.raw {
            let written = raw.write_all(bytes);
            written.map_err(|error| raw.failed(&error))?;
        }
        let mut text = String::new();
        for row in self.rows.take(bytes)? {
            match row {
                Row::Event(event) => {
                    self.seen.add(event.line);
                    self.take_event(&event, &mut text)?;
                }
                Row::Lost(count) if self.left > 0 => self.lost = self.lost.saturating_add(count),
                Row::Lost(_) | Row::Other => {}
            }
        }
        if let Some(perfetto) = &mut self.perfetto {
            perfetto.write(Perfetto::flush)?;
        }
        self.print(&text)?;
        Ok(match self.is_told {
            true => !text.is_empty(),
            false => !bytes.is_empty(),
        })
    }

    fn take_event(&mut self, event: &Event, text: &mut String) -> Result<(), Failure> {
        if !self.lines.contains(event.line) || self.left == 0 {
            return Ok(());
        }
        if let Some(perfetto) = &mut self.perfetto {
            perfetto.write(|file| file.add(event))?;
        }
        if let Some(pictures) = &mut self.pictures {
            pictures.scene.add(event);
        }
        match &event.what {
            What::Knob { name, value } => *text += &self.knob(event, name, *value),
            What::Fault { kind, number } => *text += &self.fault(event, kind, *number),
            _ => {}
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
        if let Some(pictures) = &mut self.pictures {
            pictures.scene.add_journey(journey);
        }
        if self.as_json {
            *text += &format!("{}\n", journey.document());
        } else {
            if !std::mem::replace(&mut self.has_begun, true) {
                *text += timeline::HEADER;
            }
            *text += &timeline::text(journey);
        }
    }

    /// A row about a knob that was set.
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

    /// A row about a fault that was made on purpose.
    fn fault(&self, event: &Event, kind: &str, number: u64) -> String {
        let Event { line, place, .. } = event;
        match self.as_json {
            true => format!(
                "{}\n",
                serde_json::json!({
                    "line": line, "fault": kind, "number": number, "ns": place.ns, "cpu": place.cpu,
                })
            ),
            false => format!(
                "line {line} fault {kind}, number {number}, at {} s, on CPU {}\n",
                simrupt::text::seconds(place.ns),
                place.cpu
            ),
        }
    }

    fn print(&self, text: &str) -> Result<(), Failure> {
        match self.is_told && !text.is_empty() {
            true => output::print(text),
            false => Ok(()),
        }
    }

    /// Shows what has not come to its end, and completes the files.
    fn end(mut self) -> Result<(), Failure> {
        let mut text = String::new();
        for journey in self.journeys.rest() {
            self.tell(&journey, &mut text);
        }
        let printed = self.print(&text);
        if self.lost > 0 {
            let what = format!("{} hits of tracepoints were lost", self.lost);
            output::warning(
                &Failure::new(what, "there were more than could be read")
                    .remedy("--line N: one line has fewer of them"),
            );
        }
        let raw = self.raw.map(Sink::finish);
        let perfetto = self.perfetto.map(Diagram::finish);
        let pictures = self.pictures.map(|pictures| pictures.finish(self.lost));
        let failures = [Some(printed), raw, perfetto, pictures];
        let failures = failures.into_iter().flatten();
        Failure::all(failures.filter_map(Result::err)).map_or(Ok(()), Err)
    }
}

/// A trace for Perfetto that is being written.
#[derive(Debug)]
struct Diagram {
    name: String,
    file: Perfetto<BufWriter<Sink>>,
}

impl Diagram {
    fn write(
        &mut self,
        write: impl FnOnce(&mut Perfetto<BufWriter<Sink>>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        write(&mut self.file).map_err(|error| unwritten(&self.name, &error))
    }

    fn finish(self) -> Result<(), Failure> {
        let file = self.file.end().and_then(|file| Ok(file.into_inner()?));
        file.map_err(|error| unwritten(&self.name, &error))?
            .finish()
    }
}
