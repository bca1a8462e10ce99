// SPDX-License-Identifier: GPL-2.0-only

//! The counts and times of each handler.

use std::mem;

use rustc_hash::FxHashMap;

use crate::handlers::event::{Function, Handler, Names};
use crate::handlers::histogram::Histogram;

/// The runs of a handler on one CPU.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct OnCpu {
    /// Number of runs that ended there.
    pub runs: u64,
    /// Nanoseconds from begin to end of the runs, including everything in between.
    pub run_ns: u64,
    /// Nanoseconds for which the handler itself used the CPU: without the interrupts, softirqs and work items in
    /// between, without preemption, and without sleep.
    pub cpu_ns: u64,
}

/// The counts and times of a handler.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Times from begin to end.
    pub run: Histogram,
    /// Times from request to begin.
    pub wait: Histogram,
    /// The CPUs on which it ran, by number, ascending.
    pub cpus: Vec<(u32, OnCpu)>,
}

impl Counted {
    /// Nanoseconds for which it used a CPU itself, on all CPUs together.
    pub fn cpu_ns(&self) -> u64 {
        let each = self.cpus.iter().map(|(_, on)| on.cpu_ns);
        each.fold(0, u64::saturating_add)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.run.count == 0 && self.wait.count == 0 && self.cpu_ns() == 0
    }
}

/// The index of a handler in the tally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place(usize);

/// The runs of each handler on a CPU, by the index of the handler.
#[derive(Debug, Default)]
pub(super) struct OnOneCpu(Vec<OnCpu>);

impl OnOneCpu {
    /// The runs of a handler, to be added to.
    #[inline]
    pub(super) fn at(&mut self, place: Place) -> &mut OnCpu {
        if self.0.len() <= place.0 {
            self.0.resize(place.0 + 1, OnCpu::default());
        }
        &mut self.0[place.0]
    }

    /// The runs of a handler, if there are any. They restart at 0 unless `keep` is set.
    fn taken(&mut self, place: usize, keep: bool) -> Option<OnCpu> {
        let on_cpu = self.0.get_mut(place)?;
        let taken = match keep {
            true => *on_cpu,
            false => mem::take(on_cpu),
        };
        (taken != OnCpu::default()).then_some(taken)
    }
}

/// All handlers that were seen.
#[derive(Debug, Default)]
pub(super) struct Tally {
    rows: Vec<(Handler, Counted)>,
    places: FxHashMap<Handler, Place>,
    /// The handlers that were looked up last, at places that depend on their numbers.
    recent: Recent,
}

/// How many handlers are found without hashing; a power of two.
const RECENT: usize = 256;

#[derive(Debug)]
struct Recent([Option<(Handler, Place)>; RECENT]);

impl Default for Recent {
    fn default() -> Self {
        Self([None; RECENT])
    }
}

impl Tally {
    /// The index of a handler; a new handler gets a new one.
    #[inline(always)]
    pub(super) fn place(&mut self, handler: Handler) -> Place {
        // Functions begin at multiples of 16.
        let of_function = |function| match function {
            Function::Address(address) => (address >> 4) as usize,
            Function::Symbol(name) => Names::number(name),
        };
        let hint = match handler {
            Handler::Softirq(vector) => vector as usize,
            Handler::Vector(name) | Handler::Thread(name) => 32 + Names::number(name),
            Handler::Irq { irq, .. } => 64 + irq as usize,
            Handler::Tasklet(function) | Handler::Work { function, .. } => of_function(function),
        };
        match &self.recent.0[hint % RECENT] {
            Some((known, place)) if *known == handler => *place,
            _ => self.remembered(handler, hint % RECENT),
        }
    }

    #[cold]
    fn remembered(&mut self, handler: Handler, at: usize) -> Place {
        let place = self.looked_up(handler);
        self.recent.0[at] = Some((handler, place));
        place
    }

    fn looked_up(&mut self, handler: Handler) -> Place {
        if let Some(place) = self.places.get(&handler) {
            return *place;
        }
        let place = Place(self.rows.len());
        self.rows.push((handler, Counted::default()));
        self.places.insert(handler, place);
        place
    }

    #[inline]
    pub(super) fn at(&mut self, place: Place) -> &mut Counted {
        &mut self.rows[place.0].1
    }

    /// The counts and times of every handler that ran, with those of each of these CPUs. They restart at 0 unless
    /// `keep` is set.
    pub(super) fn taken(
        &mut self,
        keep: bool,
        mut cpus: Vec<(u32, &mut OnOneCpu)>,
    ) -> Vec<(Handler, Counted)> {
        let mut taken = Vec::new();
        for (place, (handler, row)) in self.rows.iter_mut().enumerate() {
            let mut counted = match keep {
                true => row.clone(),
                false => mem::take(row),
            };
            let cpus = cpus.iter_mut();
            let cpus = cpus.filter_map(|(cpu, on)| Some((*cpu, on.taken(place, keep)?)));
            counted.cpus = cpus.collect();
            if !counted.is_empty() {
                taken.push((*handler, counted));
            }
        }
        taken
    }
}
