// SPDX-License-Identifier: GPL-2.0-only

//! The state of the module at a moment.

use std::time::Instant;

use proc_interrupts::{Kind, Table};

use crate::interrupts::source::sample;
use crate::silence::Look;
use simrupt::failure::Failure;
use simrupt::files::latency::Latency;
use simrupt::files::table::Values;
use simrupt::knobs::Knobs;
use simrupt::line::Counters;
use simrupt::lines::Lines;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;

const WHAT: &str = "cannot watch the lines";

/// All lines at a moment.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    pub(crate) lines: Vec<Line>,
    /// The flavors of workqueues that a line can be set to.
    pub(crate) flavors: Vec<String>,
    /// `None` if it cannot be read.
    pub(crate) interrupts: Option<Table>,
}

/// One line.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) number: u32,
    pub(crate) irq: Option<u32>,
    pub(crate) rate_hz: String,
    pub(crate) flavor: String,
    pub(crate) fifo_size: u64,
    /// `None` if its driver is unbound, as for the latency.
    pub(crate) counters: Option<Counters>,
    pub(crate) latency: Option<Latency>,
    /// The fault that is in force.
    pub(crate) fault: Option<String>,
    /// The values that explain why it is silent.
    pub(crate) look: Look,
}

impl Sample {
    pub(crate) fn take(sysroot: &Sysroot, lines: &Lines) -> Result<Self, Failure> {
        let module = Module::find(sysroot, WHAT)?;
        let at = Instant::now();
        let lines = module.select(lines)?;
        let knobs = Knobs::of(&module)?;
        let lines = lines.iter().map(|line| Line::take(&module, &knobs, *line));
        let flavors = match &knobs.find("workqueue")?.values {
            Values::Choices(flavors) => flavors.clone(),
            _ => Vec::new(),
        };
        Ok(Self {
            at,
            flavors,
            lines: lines.collect::<Result<_, _>>()?,
            interrupts: sample(Kind::Interrupts, sysroot)
                .ok()
                .map(|sample| sample.table),
        })
    }
}

impl Line {
    fn take(module: &Module<'_>, knobs: &Knobs, line: u32) -> Result<Self, Failure> {
        let counters = module.counters(line, WHAT)?;
        // Without a driver its knobs may be out of reach.
        let knob = |name: &str| match counters {
            Some(_) => knobs.value(knobs.find(name)?, line),
            None => Ok("-".to_string()),
        };
        Ok(Self {
            number: line,
            irq: module.irq(line),
            rate_hz: knob("rate_hz")?,
            flavor: knob("workqueue")?,
            fifo_size: knob("fifo_size")?.parse().unwrap_or(0),
            latency: module.latency(line, WHAT)?,
            fault: module.fault(line),
            look: Look::at(module, knobs, line, counters.as_ref())?,
            counters,
        })
    }
}
