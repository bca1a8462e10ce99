// SPDX-License-Identifier: GPL-2.0-only

//! The model's knowledge of the faults of a line: which of their counters may grow, and by how much. Several raises may
//! fall together, and so may their chances of a fault, so most of it are bounds.

use super::{
    machine::Found,
    state::{Line, Model},
};
use simrupt_core::knobs::{Fault, IrqType, Knob, Pattern};
use std::collections::BTreeMap;

/// The knobs of the rules: writing one of them starts the rules over.
const RULES: [Knob; 5] = [
    Knob::Fault,
    Knob::FaultEvery,
    Knob::FaultProbabilityPpm,
    Knob::FaultTimes,
    Knob::FaultUs,
];

/// How many interrupts may stay unhandled while their line is up: the kernel disables the line after 100,000, and that
/// takes long.
const MOST_UNHANDLED: i64 = 50;

/// How many events may wait in the ring before a line with such a fault gets more.
const MOST_WAITING: usize = 2000;

/// The number of further events that it then gets.
const MOST_MORE: u32 = 300;

/// The counters of a line at two moments.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Whether a knob belongs to the rules of the faults.
pub(crate) fn is_rule(knob: Knob) -> bool {
    RULES.contains(&knob)
}

/// The name of the counter of a fault; no counter has the name for no fault.
fn counter(fault: Fault) -> String {
    format!("fault_{}", fault.name().replace('-', "_"))
}

/// Whether a fault may leave events in the ring until the next raise.
fn strands(fault: Fault) -> bool {
    matches!(fault, Fault::Lost | Fault::Unhandled)
}

impl Line {
    fn fault(&self) -> Fault {
        Fault::from_value(self.value(Knob::Fault))
    }

    /// Whether the line, by its knobs, may leave events in the ring without being masked.
    pub(crate) fn strands_events(&self) -> bool {
        strands(self.fault())
    }

    /// Whether the fault happens at each chance, without an end.
    fn is_certain(&self) -> bool {
        self.value(Knob::FaultEvery) == 1
            && self.value(Knob::FaultProbabilityPpm) == 1_000_000
            && self.value(Knob::FaultTimes) == -1
    }

    /// Whether these knobs have an effect without an end, or without a predictable one.
    pub(crate) fn is_endless(&self) -> bool {
        let up = IrqType::from_value(self.value(Knob::IrqType)) == IrqType::Level;
        let times = self.value(Knob::FaultTimes);
        let few = (0..=MOST_UNHANDLED).contains(&times);
        let never_served = self.fault() == Fault::Unhandled && up && !few;
        // The device of a closed loop continues when all events are taken.
        let closed = Pattern::from_value(self.value(Knob::Pattern)) == Pattern::Closed;
        never_served || closed && self.strands_events()
    }
}

impl Model {
    /// Whether a line must be recovered before it sends more events: the ring might overrun, and nobody could tell by
    /// how much.
    pub(crate) fn needs_recovery(&mut self, line: usize) -> bool {
        let strands = self.lines[line].strands_events();
        let Some(binding) = self.bound(line) else {
            return false;
        };
        (binding.may_strand || strands) && binding.waiting() > MOST_WAITING
    }

    /// How many of `count` events a line sends.
    pub(crate) fn events_of(&mut self, line: usize, count: u32) -> u32 {
        let strands = self.lines[line].strands_events();
        let may_strand = self.bound(line).is_some_and(|binding| binding.may_strand);
        match strands || may_strand {
            true => count.min(MOST_MORE),
            false => count,
        }
    }
}

/// The faults that happened on a line in a step.
pub(crate) struct Happened<'a> {
    /// The settings of the line before the step, and after.
    pub(crate) lines: [&'a Line; 2],
    /// Its counters before the step, and after.
    pub(crate) counts: [&'a Counts; 2],
    /// How often a fault had happened since its rules were set, before the step.
    pub(crate) since_set: u64,
    /// Whether the step only lets events come.
    pub(crate) is_emission: bool,
}

impl Happened<'_> {
    fn more(&self, name: &str) -> u64 {
        let [before, after] = self.counts;
        after[name].saturating_sub(before.get(name).copied().unwrap_or(0))
    }

    /// How often the fault of the line has happened since its rules were set, if that is possible.
    pub(crate) fn judge(&self) -> Found<u64> {
        let [before, now] = self.lines.map(Line::fault);
        for fault in Fault::ALL.iter().filter(|fault| **fault != Fault::None) {
            let more = self.more(&counter(*fault));
            if more != 0 && *fault != before && *fault != now {
                return Err(format!(
                    "{} has grown by {more}, with fault={} and {}",
                    counter(*fault),
                    before.name(),
                    now.name()
                ));
            }
        }
        if now == Fault::None {
            return Ok(0);
        }
        let more = self.more(&counter(now));
        let all = self.since_set + more;
        let line = self.lines[1];
        if let Ok(times) = u64::try_from(line.value(Knob::FaultTimes)) {
            if all > times {
                return Err(format!("{} happened {all} times, not {times}", now.name()));
            }
        }
        if let Some((name, most)) = self.most(now) {
            if more > most {
                return Err(format!(
                    "{} happened {more} times, with {most} {name}",
                    now.name()
                ));
            }
        }
        if self.is_emission && before == now && line.is_certain() {
            self.judge_certain(now, more)?;
        }
        Ok(all)
    }

    /// The counter that limits a fault, and by how much it has grown.
    fn most(&self, fault: Fault) -> Option<(&'static str, u64)> {
        let name = match fault {
            Fault::Stuck => "raised",
            Fault::Stall | Fault::DroppedWakeup => "runs",
            _ => return None,
        };
        Some((name, self.more(name)))
    }

    /// Judges a fault that happens at each chance.
    fn judge_certain(&self, fault: Fault, more: u64) -> Found<()> {
        let same = |what: &str, expected: u64, seen: u64| match expected == seen {
            true => Ok(()),
            false => Err(format!("{what}: expected {expected}, is {seen}")),
        };
        let line = self.lines[1];
        let waits = line.value(Knob::CoalesceUs) != 0 || line.value(Knob::CoalesceAdaptive) != 0;
        match fault {
            Fault::Stall => same("runs that did not stall", 0, self.more("runs") - more),
            // A device that stops raises for waiting events, without a chance of a fault.
            Fault::Lost if !waits => {
                same("raises that were not lost", 0, self.more("raised"))?;
                same("events that were taken", 0, self.more("drained"))
            }
            Fault::Unhandled => same("calls that were handled", 0, self.more("handled")),
            _ => Ok(()),
        }
    }
}
