// SPDX-License-Identifier: GPL-2.0-only

//! `simructl status`: the state of all lines, on one screen.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::cli::Options;
use crate::commands::knobs_of;
use crate::output;
use crate::silence::{Look, is_throttled};
use simrupt::failure::Failure;
use simrupt::files::value;
use simrupt::knobs::Knobs;
use simrupt::layout::columns;
use simrupt::line::Counters;
use simrupt::module::{Module, is_loaded};
use simrupt::sysroot::Sysroot;
use simrupt_core::pairs::neighbour;

/// The knobs that have a column; one that the module does not have is shown as `-`.
const KNOBS: [&str; 4] = ["rate_hz", "workqueue", "fifo_size", "fifo_policy"];
/// The counters that have a column.
const COUNTERS: [&str; 2] = ["events", "read"];

/// What is shown of one line.
struct Row {
    line: u32,
    irq: Option<u32>,
    knobs: [Option<String>; KNOBS.len()],
    counters: [Option<u64>; COUNTERS.len()],
    lost: Option<u64>,
    state: &'static str,
    /// The fault that is in force.
    fault: Option<String>,
    /// Who chooses the CPUs of its interrupt.
    affinity: Option<String>,
    /// The line that shares its interrupt.
    shares_with: Option<u32>,
    /// For a line that was ever throttled, to find out whether it is throttled now.
    look: Option<Look>,
}

/// How long it may take to find out whether a line waits for CPU time. With a low limit the wait is long, and each wait
/// is counted.
const LONGEST: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(50);

/// Looks again at the lines that were throttled before, and marks those that are throttled now.
fn mark_throttled(rows: &mut [Row], module: &Module<'_>, knobs: &Knobs) -> Result<(), Failure> {
    let end = Instant::now() + LONGEST;
    while rows.iter().any(|row| row.look.is_some()) && Instant::now() < end {
        thread::sleep(STEP);
        for row in rows.iter_mut() {
            let Some(before) = &row.look else { continue };
            let counters = module.counters(row.line, "cannot show the status")?;
            let now = Look::at(module, knobs, row.line, counters.as_ref())?;
            if is_throttled(before, &now) {
                row.state = "waits for cpu_limit_pct";
                row.look = None;
            }
        }
    }
    Ok(())
}

pub(crate) fn run(sysroot: &Sysroot, options: &Options) -> Result<(), Failure> {
    if !is_loaded(sysroot) {
        return if options.json {
            output::print_json(&json!({ "loaded": false, "lines": [] }))
        } else {
            output::print("simrupt is not loaded\n  try: simructl load\n")
        };
    }
    let module = Module::find(sysroot, "cannot show the status")?;
    let lines = module.select(options.lines())?;
    let knobs = knobs_of(&module)?;
    let mut rows = Vec::new();
    for line in lines {
        rows.push(Row::of(&module, &knobs, line)?);
    }
    mark_throttled(&mut rows, &module, &knobs)?;
    if options.json {
        let lines: Vec<Value> = rows.iter().map(Row::json).collect();
        return output::print_json(&json!({ "loaded": true, "lines": lines }));
    }
    let count = module.lines().len();
    let noun = if count == 1 { "line" } else { "lines" };
    let mut table = vec![Row::header()];
    table.extend(rows.iter().map(Row::cells));
    let table = columns("", &table);
    output::print(&format!("simrupt is loaded: {count} {noun}\n\n{table}"))
}

impl Row {
    fn of(module: &Module<'_>, knobs: &Knobs, line: u32) -> Result<Self, Failure> {
        let counters = match module.debugfs() {
            Some(_) => module.counters(line, "cannot show the status")?,
            None => None,
        };
        let bound = module.is_bound(line) && (counters.is_some() || module.debugfs().is_none());
        // A knob of an unbound line may be out of reach; the other values are shown anyway.
        let knob = |name| {
            let knob = knobs.find(name).ok()?;
            match knobs.value(knob, line) {
                Err(_) if !bound => None,
                value => Some(value),
            }
        };
        let mut shown = [const { None }; KNOBS.len()];
        for (cell, name) in shown.iter_mut().zip(KNOBS) {
            *cell = knob(name).transpose()?;
        }
        let run = knob("run").transpose()?;
        let masked = knob("masked").transpose()?;
        let affinity = knob("affinity").transpose()?;
        let state = if !bound {
            "driver unbound"
        } else if shown[0].as_deref() == Some("0") {
            "silent"
        } else if masked.as_deref() == Some("1") {
            "masked"
        } else {
            match run.as_deref() {
                Some("open") => "runs while open",
                Some("always") => "runs",
                _ => "bound",
            }
        };
        let counter = |name: &str| counters.as_ref()?.stats.get(name);
        let may_wait = bound && !matches!(state, "silent" | "masked");
        let look = match (may_wait, counter("throttled")) {
            (true, Some(1..)) => Some(Look::at(module, knobs, line, counters.as_ref())?),
            _ => None,
        };
        Ok(Self {
            line,
            irq: module.irq(line),
            knobs: shown,
            counters: COUNTERS.map(counter),
            lost: counters.as_ref().map(Counters::lost),
            state,
            fault: module.fault(line),
            affinity,
            shares_with: shares_with(module, knobs, line),
            look,
        })
    }

    fn header() -> [String; 10] {
        let [rate, workqueue, size, policy] = KNOBS;
        let [events, read] = COUNTERS;
        [
            "line", "irq", rate, workqueue, size, policy, events, read, "lost", "state",
        ]
        .map(String::from)
    }

    fn cells(&self) -> [String; 10] {
        let dash = || "-".to_string();
        let number = |value: Option<u64>| value.map_or_else(dash, |value| value.to_string());
        let knob = |at: usize| self.knobs[at].clone().unwrap_or_else(dash);
        [
            format!("line{}", self.line),
            number(self.irq.map(u64::from)),
            knob(0),
            knob(1),
            knob(2),
            knob(3),
            number(self.counters[0]),
            number(self.counters[1]),
            number(self.lost),
            self.described(),
        ]
    }

    /// The state, and everything about the line that is not usual.
    fn described(&self) -> String {
        let affinity = self
            .affinity
            .as_ref()
            .filter(|affinity| *affinity != "free");
        let affinity = affinity.map(|affinity| format!(", affinity {affinity}"));
        let fault = self.fault.as_ref().map(|fault| format!(", fault {fault}"));
        let other = self.shares_with;
        let shared = other.map(|other| format!(", shares its interrupt with line{other}"));
        let notes = affinity.into_iter().chain(shared).chain(fault);
        notes.fold(self.state.to_string(), |text, note| text + &note)
    }

    fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("line".to_string(), json!(self.line));
        object.insert("irq".to_string(), json!(self.irq));
        object.insert("fault".to_string(), json!(self.fault));
        object.insert("affinity".to_string(), json!(self.affinity));
        object.insert("shares_with".to_string(), json!(self.shares_with));
        for (name, value) in KNOBS.iter().zip(&self.knobs) {
            let value = value.as_deref().map(value::json);
            object.insert(name.to_string(), json!(value));
        }
        for (name, value) in COUNTERS.iter().zip(self.counters) {
            object.insert(name.to_string(), json!(value));
        }
        object.insert("lost".to_string(), json!(self.lost));
        object.insert("state".to_string(), json!(self.state));
        object.into()
    }
}

/// The line that shares the interrupt of a line, as far as its knobs can be read.
fn shares_with(module: &Module<'_>, knobs: &Knobs, line: u32) -> Option<u32> {
    let knob = knobs.find("shared").ok()?;
    let is_shared = |line: usize| {
        let line = u32::try_from(line).ok();
        let value = line.and_then(|line| knobs.value(knob, line).ok());
        value.as_deref() == Some("1")
    };
    let other = neighbour(line as usize, module.lines().len(), is_shared)?;
    u32::try_from(other).ok()
}
