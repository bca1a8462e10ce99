// SPDX-License-Identifier: GPL-2.0-only

//! The changes between two samples: a row for each line.

use std::time::Duration;

use crate::pace::per_second;
use crate::silence::{Cause, is_throttled};
use crate::top::sample::{Line, Sample};
use simrupt::files::latency::{Percentile, Stage};

/// The stages whose latencies are shown: the name in the module, and the name on the screen.
pub(crate) const STAGES: [(&str, &str); 4] = [
    ("irq_bh", "irq→work"),
    ("due_irq", "due→irq"),
    ("bh_run", "work"),
    ("due_read", "due→read"),
];

/// A line, as changed between two samples.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) line: u32,
    pub(crate) irq: Option<u32>,
    pub(crate) rate_hz: String,
    pub(crate) flavor: String,
    pub(crate) fifo_size: u64,
    pub(crate) is_bound: bool,
    /// It waited for CPU time.
    pub(crate) is_throttled: bool,
    /// Per second; unknown after a reset.
    pub(crate) events_hz: Option<f64>,
    pub(crate) read_hz: Option<f64>,
    pub(crate) lost_hz: Option<f64>,
    /// Records in the fifo.
    pub(crate) queued: u64,
    /// The values of each of [`STAGES`] since the previous sample.
    pub(crate) stages: [Option<Stage>; STAGES.len()],
    /// The fault that is in force.
    pub(crate) fault: Option<String>,
    /// Why it has no events, if that is certain.
    pub(crate) missing: Option<Cause>,
}

impl Row {
    /// The line of `now` since `before`, if there was one.
    pub(crate) fn of(before: Option<&Line>, now: &Line, elapsed: Duration) -> Self {
        let rate = |count: &dyn Fn(&Line) -> Option<u64>| {
            per_second(count(now)?.checked_sub(count(before?)?)?, elapsed)
        };
        let counter =
            |name: &'static str| move |line: &Line| line.counters.as_ref()?.stats.get(name);
        let stage = |name: &str| {
            let of = |line: &Line| {
                let stages = &line.latency.as_ref()?.0;
                stages.iter().find(|stage| stage.name == name).cloned()
            };
            Some(of(now)?.since(&of(before?)?))
        };
        Self {
            line: now.number,
            irq: now.irq,
            rate_hz: now.rate_hz.clone(),
            flavor: now.flavor.clone(),
            fifo_size: now.fifo_size,
            is_bound: now.counters.is_some(),
            is_throttled: before.is_some_and(|before| is_throttled(&before.look, &now.look)),
            events_hz: rate(&counter("events")),
            read_hz: rate(&counter("read")),
            lost_hz: rate(&|line| line.counters.as_ref().map(|counters| counters.lost())),
            queued: counter("queued")(now).unwrap_or(0),
            stages: STAGES.map(|(name, _)| stage(name)),
            fault: now.fault.clone(),
            missing: None,
        }
    }

    /// The state of the line, in a few words.
    pub(crate) fn state(&self) -> String {
        let state = match self.missing {
            Some(cause) => cause.word(),
            None if self.is_throttled => Cause::Throttled.word(),
            None => "runs",
        };
        match &self.fault {
            None => state.to_string(),
            Some(fault) => format!("{state}, fault {fault}"),
        }
    }

    /// How much of the fifo is in use, from 0 to 1.
    pub(crate) fn fill(&self) -> f64 {
        match self.fifo_size {
            0 => 0.0,
            size => (self.queued as f64 / size as f64).min(1.0),
        }
    }

    /// A percentile of a stage in ns, since the previous sample. Above all buckets, it is the last bound.
    pub(crate) fn percentile(&self, stage: usize, permille: u32) -> Option<u64> {
        match self.stages[stage].as_ref()?.percentile(permille)? {
            Percentile::Below(ns) | Percentile::Above(ns) => Some(ns),
        }
    }
}

/// All lines, as changed between two samples.
pub(crate) fn rows(before: Option<&Sample>, now: &Sample) -> Vec<Row> {
    let elapsed = before.map_or(Duration::ZERO, |before| now.at.duration_since(before.at));
    let earlier = |number: u32| {
        let mut lines = before?.lines.iter();
        lines.find(|line| line.number == number)
    };
    now.lines
        .iter()
        .map(|line| Row::of(earlier(line.number), line, elapsed))
        .collect()
}
