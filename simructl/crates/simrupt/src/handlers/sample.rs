// SPDX-License-Identifier: GPL-2.0-only

//! The handlers with their names, and their counts and times in a period.

use std::time::Duration;

use crate::handlers::event::{Function, Handler, Names, softirq, vector_row};
use crate::handlers::pairing::{Taken, Unpaired};
use crate::handlers::symbols::{Symbol, Symbols, of_text};
use crate::handlers::tally::Counted;

/// Everything that was measured in a period.
#[derive(Debug, Default)]
pub struct Sample {
    /// The handlers, in no order.
    pub rows: Vec<Row>,
    /// The numbers of the CPUs on which handlers may have run, ascending.
    pub cpus: Vec<u32>,
    /// The length of the period; `None` if no time has passed.
    pub interval: Option<Duration>,
    /// The time since the recording or the trace began.
    pub elapsed: Duration,
    /// Events that were read.
    pub events: u64,
    /// Events that were lost before they could be read.
    pub lost: u64,
    /// Events that were read but not understood.
    pub odd: u64,
    /// Events that could not be paired to a run or a wait.
    pub unpaired: Unpaired,
    /// Whether CPU times exclude the time that work items slept.
    pub is_exact: bool,
    /// Whether the kernel hides the addresses of its functions, so that they have no names.
    pub hides_names: bool,
}

/// A handler with its names, and its counts and times.
#[derive(Debug)]
pub struct Row {
    /// `irq`, `vector`, `thread`, `softirq`, `tasklet` or `work`.
    pub kind: &'static str,
    /// Number of the interrupt.
    pub irq: Option<u32>,
    /// The name of its row in `/proc/interrupts`.
    pub interrupt: Option<String>,
    /// The action, the vector, the softirq or the function.
    pub name: String,
    /// The module that the function is in.
    pub module: Option<String>,
    /// The workqueue, if it is known.
    pub queue: Option<String>,
    /// Its counts and times.
    pub counted: Counted,
}

impl Sample {
    /// The handlers with their names, and the number of events.
    pub(super) fn of(taken: Taken, names: &Names, symbols: &Symbols) -> Self {
        let rows = taken.rows.into_iter();
        Self {
            rows: rows
                .map(|(handler, counted)| Row::of(handler, counted, names, symbols))
                .collect(),
            events: taken.events,
            unpaired: taken.unpaired,
            hides_names: symbols.are_hidden,
            ..Self::default()
        }
    }

    /// A count as a rate per second; `None` if no time has passed.
    pub fn per_second(&self, count: u64) -> Option<f64> {
        let seconds = self.interval?.as_secs_f64();
        (seconds > 0.0).then(|| count as f64 / seconds)
    }

    /// A time as a share of the interval, in percent of one CPU; `None` if no time has passed.
    pub fn percent(&self, ns: u64) -> Option<f64> {
        let interval_ns = self.interval?.as_nanos();
        (interval_ns > 0).then(|| ns as f64 / interval_ns as f64 * 100.0)
    }
}

impl Row {
    fn of(handler: Handler, counted: Counted, names: &Names, symbols: &Symbols) -> Self {
        let mut row = Self {
            kind: "",
            irq: None,
            interrupt: None,
            name: String::new(),
            module: None,
            queue: None,
            counted,
        };
        let symbol = |function| match function {
            Function::Address(address) => symbols.of(address),
            Function::Symbol(name) => of_text(names.text(name)),
        };
        match handler {
            Handler::Irq { irq, action } => {
                row.kind = "irq";
                row.irq = Some(irq);
                row.name = names.text(action).to_string();
            }
            Handler::Vector(name) => {
                row.kind = "vector";
                row.name = names.text(name).to_string();
                row.interrupt = vector_row(&row.name).map(str::to_string);
            }
            Handler::Thread(name) => {
                // `26-eth0`
                row.kind = "thread";
                let text = names.text(name);
                let (irq, name) = text.split_once('-').unwrap_or(("", text));
                row.irq = irq.parse().ok();
                row.name = name.to_string();
            }
            Handler::Softirq(vector) => {
                row.kind = "softirq";
                let name = softirq(vector).map(str::to_string);
                row.name = name.unwrap_or_else(|| vector.to_string());
            }
            Handler::Tasklet(function) => {
                row.kind = "tasklet";
                row.set_function(symbol(function));
            }
            Handler::Work { function, queue } => {
                row.kind = "work";
                row.set_function(symbol(function));
                row.queue = queue.map(|queue| names.text(queue).to_string());
            }
        }
        if let Some(irq) = row.irq {
            row.interrupt = Some(irq.to_string());
        }
        row
    }

    fn set_function(&mut self, symbol: Symbol) {
        self.name = symbol.name;
        self.module = symbol.module;
    }
}

/// The addresses of functions whose names must be looked up.
pub(super) fn addresses(taken: &Taken) -> impl Iterator<Item = u64> {
    taken.rows.iter().filter_map(|(handler, _)| match handler {
        Handler::Tasklet(function) | Handler::Work { function, .. } => match function {
            Function::Address(address) => Some(*address),
            Function::Symbol(_) => None,
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(handler: Handler, names: &Names) -> Row {
        Row::of(handler, Counted::default(), names, &Symbols::default())
    }

    #[test]
    fn a_row_has_the_kernels_name() {
        let mut names = Names::default();
        let thread = row(Handler::Thread(names.of(b"26-eth0-rx")), &names);
        assert_eq!((thread.irq, thread.name.as_str()), (Some(26), "eth0-rx"));
        assert_eq!(thread.interrupt.as_deref(), Some("26"));
        let timer = row(Handler::Vector(names.of(b"local_timer")), &names);
        assert_eq!((timer.irq, timer.interrupt.as_deref()), (None, Some("LOC")));
        // The name of an unknown softirq is its number.
        for (vector, name) in [(1, "TIMER"), (31, "31")] {
            assert_eq!(row(Handler::Softirq(vector), &names).name, name);
        }
        let function = Function::Symbol(names.of(b"flush_to_ldisc [tty]"));
        let work = row(
            Handler::Work {
                function,
                queue: Some(names.of(b"events")),
            },
            &names,
        );
        assert_eq!(work.name, "flush_to_ldisc");
        assert_eq!(work.module.as_deref(), Some("tty"));
        assert_eq!(work.queue.as_deref(), Some("events"));
    }

    #[test]
    fn without_time_there_are_no_rates() {
        let mut sample = Sample::default();
        assert_eq!((sample.per_second(1), sample.percent(1)), (None, None));
        sample.interval = Some(Duration::from_millis(500));
        assert_eq!(sample.per_second(10), Some(20.0));
        assert_eq!(sample.percent(5_000_000), Some(1.0));
    }
}
