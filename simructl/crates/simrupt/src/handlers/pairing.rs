// SPDX-License-Identifier: GPL-2.0-only

//! Pairs begins with ends to runs, and requests with begins to waits.
//!
//! Each thread has a stack of the handlers that have begun in it and not ended: a work item at the bottom, a softirq
//! that interrupted it, an interrupt that interrupted the softirq. A CPU's time belongs to the innermost of them. A run
//! lasts from its begin to its end, and includes everything in between.
//!
//! An end without a begin (as at the start of a trace) and a begin without an end are counted, but are not runs. After
//! lost events, all begun handlers are dropped, because the next end may belong to a later begin.

use std::mem;

use rustc_hash::FxHashMap;

use crate::handlers::event::{At, Function, Handler, Name, SOFTIRQS, Sink, Slot, Task};
use crate::handlers::tally::{Counted, OnOneCpu, Place, Tally};
use crate::handlers::works::{Waiting, Works};

/// Events that could not be paired to a run or a wait.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Unpaired {
    /// Ends whose begin was not seen.
    pub ends: u64,
    /// Begins whose end was not seen.
    pub begins: u64,
    /// Requests whose begin was not seen: work that was cancelled, or that still waits at the end.
    pub requests: u64,
}

/// The counts and times since they were last taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) rows: Vec<(Handler, Counted)>,
    pub(super) events: u64,
    pub(super) unpaired: Unpaired,
}

/// A handler that has begun and not ended.
#[derive(Debug, Clone, Copy)]
struct Frame {
    slot: Slot,
    row: Place,
    since_ns: u64,
    /// Its time on the current CPU that is not yet added to its row.
    cpu_ns: u64,
}

type Stack = Vec<Frame>;

#[derive(Debug, Default)]
struct Cpu {
    number: u32,
    /// The thread that it runs, and the handlers that have begun in it.
    pid: u32,
    stack: Stack,
    /// The time up to which its time is accounted.
    until_ns: u64,
    /// When each softirq was first raised since its last begin; 0 if it was not.
    raised: [u64; SOFTIRQS as usize],
    rows: OnOneCpu,
}

impl Cpu {
    /// Gives the time up to now to the innermost handler.
    #[inline(always)]
    fn account(&mut self, ns: u64) {
        if ns > self.until_ns {
            if let Some(frame) = self.stack.last_mut() {
                frame.cpu_ns += ns - self.until_ns;
            }
            self.until_ns = ns;
        }
    }

    /// Adds the CPU times of the handlers that have begun here to their rows, from this place in the stack upwards.
    fn settle(&mut self, from: usize) {
        for frame in self.stack.iter_mut().skip(from) {
            let cpu_ns = mem::take(&mut frame.cpu_ns);
            let on_cpu = self.rows.at(frame.row);
            on_cpu.cpu_ns = on_cpu.cpu_ns.wrapping_add(cpu_ns);
        }
    }

    #[inline(always)]
    fn begin(&mut self, slot: Slot, row: Place, ns: u64) {
        self.stack.push(Frame {
            slot,
            row,
            since_ns: ns,
            cpu_ns: 0,
        });
    }
}

/// Everything in progress, on the CPUs and elsewhere.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    cpus: Vec<Cpu>,
    all: All,
    events: u64,
    /// Whether any switch of threads was seen. Without them, sleep counts as CPU time.
    pub(super) has_switches: bool,
}

/// Everything in progress that is bound to no CPU, and the counts and times.
#[derive(Debug, Default)]
struct All {
    tally: Tally,
    /// The handlers that have begun in threads that no CPU runs, by thread. All idle threads have the same number, so
    /// their CPU is a part of the key.
    parked: FxHashMap<(u32, u32), Stack>,
    works: Works,
    /// The interrupt threads that were woken and have not run since, with the time of the wake-up.
    woken: FxHashMap<u32, u64>,
    unpaired: Unpaired,
}

/// The key of a parked stack.
fn parking(pid: u32, cpu: u32) -> (u32, u32) {
    (pid, if pid == 0 { cpu } else { u32::MAX })
}

impl Pairing {
    /// The CPU of an event, and everything that is bound to no CPU.
    #[inline(always)]
    fn at(&mut self, number: u32) -> (&mut Cpu, &mut All) {
        self.events += 1;
        if self.cpus.len() <= number as usize {
            self.add_cpus(number);
        }
        (&mut self.cpus[number as usize], &mut self.all)
    }

    #[cold]
    fn add_cpus(&mut self, last: u32) {
        for number in self.cpus.len()..=last as usize {
            self.cpus.push(Cpu {
                number: number as u32,
                ..Cpu::default()
            });
        }
    }
}

impl Sink for Pairing {
    #[inline(always)]
    fn enter(&mut self, at: At, handler: Handler) {
        let (cpu, all) = self.at(at.cpu);
        all.turn(cpu, at.pid, at.ns);
        all.enter(cpu, handler, at.ns);
    }

    #[inline(always)]
    fn leave(&mut self, at: At, slot: Slot) {
        let (cpu, all) = self.at(at.cpu);
        all.turn(cpu, at.pid, at.ns);
        all.leave(cpu, slot, at.ns);
    }

    #[inline(always)]
    fn raise(&mut self, at: At, vector: u32) {
        let (cpu, _) = self.at(at.cpu);
        // It waits since it was first raised.
        if let Some(raised @ 0) = cpu.raised.get_mut(vector as usize) {
            *raised = at.ns;
        }
    }

    #[inline(always)]
    fn queue(&mut self, at: At, work: u64, function: Function, queue: Name) {
        let (_, all) = self.at(at.cpu);
        all.queue(work, function, queue, at.ns);
    }

    #[inline(always)]
    fn start(&mut self, at: At, work: u64, function: Function) {
        let (cpu, all) = self.at(at.cpu);
        all.turn(cpu, at.pid, at.ns);
        all.start(cpu, work, function, at.ns);
    }

    fn wake(&mut self, at: At, pid: u32) {
        let (_, all) = self.at(at.cpu);
        all.woken.entry(pid).or_insert(at.ns);
    }

    fn switch(&mut self, at: At, from: Task, to: Task, sleeps: bool) {
        self.has_switches = true;
        let (cpu, all) = self.at(at.cpu);
        all.turn(cpu, at.pid, at.ns);
        all.switch(cpu, from, to, sleeps, at.ns);
    }

    /// Drops everything in progress, because the next end may belong to a later begin.
    fn lose(&mut self) {
        let All {
            parked,
            works,
            woken,
            unpaired,
            ..
        } = &mut self.all;
        for cpu in &mut self.cpus {
            cpu.settle(0);
            unpaired.begins += cpu.stack.len() as u64;
            cpu.stack.clear();
            let raised = cpu.raised.iter().filter(|since_ns| **since_ns != 0);
            unpaired.requests += raised.count() as u64;
            cpu.raised = Default::default();
        }
        let begins: usize = parked.drain().map(|(_, stack)| stack.len()).sum();
        unpaired.begins += begins as u64;
        unpaired.requests += (works.len() + woken.len()) as u64;
        works.clear();
        woken.clear();
    }
}

impl All {
    /// Accounts a CPU's time up to now. From now on it runs this thread.
    #[inline(always)]
    fn turn(&mut self, cpu: &mut Cpu, pid: u32, ns: u64) {
        cpu.account(ns);
        if cpu.pid != pid {
            self.turn_to(cpu, pid);
        }
    }

    fn turn_to(&mut self, cpu: &mut Cpu, pid: u32) {
        if !cpu.stack.is_empty() {
            cpu.settle(0);
            let stack = mem::take(&mut cpu.stack);
            // A thread runs on one CPU. If a trace says otherwise, the begins of the earlier stack are dropped.
            let other = self.parked.insert(parking(cpu.pid, cpu.number), stack);
            self.unpaired.begins += other.map_or(0, |other| other.len() as u64);
        }
        cpu.pid = pid;
        if !self.parked.is_empty() {
            let stack = self.parked.remove(&parking(pid, cpu.number));
            cpu.stack = stack.unwrap_or_default();
        }
    }

    #[inline(always)]
    fn enter(&mut self, cpu: &mut Cpu, handler: Handler, ns: u64) {
        let row = self.tally.place(handler);
        let slot = match handler {
            Handler::Irq { irq, .. } => Slot::irq(irq),
            Handler::Vector(name) => Slot::vector(name),
            Handler::Tasklet(function) => Slot::tasklet(function),
            Handler::Softirq(vector) => {
                let raised = cpu.raised.get_mut(vector as usize);
                let since_ns = raised.map_or(0, mem::take);
                if since_ns != 0 {
                    self.waited(cpu, row, since_ns, ns);
                }
                Slot::softirq(vector)
            }
            // Other events begin these.
            Handler::Thread(_) | Handler::Work { .. } => return,
        };
        cpu.begin(slot, row, ns);
    }

    #[inline(always)]
    fn waited(&mut self, cpu: &Cpu, row: Place, since_ns: u64, ns: u64) {
        let wait_ns = ns.saturating_sub(since_ns);
        self.tally.at(row).wait.record(wait_ns, ns, cpu.number);
    }

    #[inline]
    fn leave(&mut self, cpu: &mut Cpu, slot: Slot, ns: u64) {
        if cpu.stack.last().is_none_or(|frame| frame.slot != slot) && !self.uncover(cpu, slot) {
            self.unpaired.ends += 1;
            return;
        }
        let Some(frame) = cpu.stack.pop() else {
            return;
        };
        let run_ns = ns.saturating_sub(frame.since_ns);
        let row = self.tally.at(frame.row);
        row.run.record(run_ns, ns, cpu.number);
        let on_cpu = cpu.rows.at(frame.row);
        on_cpu.runs += 1;
        on_cpu.run_ns = on_cpu.run_ns.wrapping_add(run_ns);
        on_cpu.cpu_ns = on_cpu.cpu_ns.wrapping_add(frame.cpu_ns);
    }

    /// Drops the handlers that began above this one; `false` if this one is not in the stack.
    #[cold]
    fn uncover(&mut self, cpu: &mut Cpu, slot: Slot) -> bool {
        let Some(at) = cpu.stack.iter().rposition(|frame| frame.slot == slot) else {
            return false;
        };
        self.unpaired.begins += (cpu.stack.len() - at - 1) as u64;
        cpu.settle(at + 1);
        cpu.stack.truncate(at + 1);
        true
    }

    fn queue(&mut self, work: u64, function: Function, queue: Name, ns: u64) {
        // The oldest were probably cancelled.
        self.unpaired.requests += self.works.make_room() as u64;
        let waiting = Waiting {
            since_ns: ns,
            function,
            queue,
        };
        // A work item is queued once, so the earlier request was cancelled.
        if self.works.insert(work, waiting).is_some() {
            self.unpaired.requests += 1;
        }
    }

    #[inline(always)]
    fn start(&mut self, cpu: &mut Cpu, work: u64, function: Function, ns: u64) {
        let row = match self.works.remove(work) {
            Some(waiting) if waiting.function == function => {
                let queue = Some(waiting.queue);
                let row = self.tally.place(Handler::Work { function, queue });
                self.waited(cpu, row, waiting.since_ns, ns);
                row
            }
            other => {
                // Memory was freed and reused: the request was for another work item.
                self.unpaired.requests += u64::from(other.is_some());
                let queue = None;
                self.tally.place(Handler::Work { function, queue })
            }
        };
        cpu.begin(Slot::work(work), row, ns);
    }

    fn switch(&mut self, cpu: &mut Cpu, from: Task, to: Task, sleeps: bool, ns: u64) {
        if from.irq_thread.is_some() && sleeps {
            self.leave(cpu, Slot::THREAD, ns);
            // A wake-up before it slept is already done.
            self.woken.remove(&from.pid);
        }
        self.turn(cpu, to.pid, ns);
        let Some(name) = to.irq_thread else {
            return;
        };
        let Some(since_ns) = self.woken.remove(&to.pid) else {
            return;
        };
        if cpu.stack.iter().any(|frame| frame.slot == Slot::THREAD) {
            // It continues after preemption: the wake-up found it awake.
            return;
        }
        let row = self.tally.place(Handler::Thread(name));
        self.waited(cpu, row, since_ns, ns);
        cpu.begin(Slot::THREAD, row, ns);
    }
}

impl Pairing {
    /// The counts and times up to now. They restart at 0 unless `keep` is set. Runs in progress go on.
    pub(super) fn taken(&mut self, now_ns: u64, keep: bool) -> Taken {
        for cpu in &mut self.cpus {
            cpu.account(now_ns);
            cpu.settle(0);
        }
        let cpus = self.cpus.iter_mut().map(|cpu| (cpu.number, &mut cpu.rows));
        let taken = Taken {
            rows: self.all.tally.taken(keep, cpus.collect()),
            events: self.events,
            unpaired: self.all.unpaired,
        };
        if !keep {
            self.events = 0;
            self.all.unpaired = Unpaired::default();
        }
        taken
    }

    /// The counts and times up to the end of the trace. Runs in progress have no end.
    pub(super) fn end(&mut self, now_ns: u64) -> Taken {
        let mut taken = self.taken(now_ns, false);
        self.lose();
        let Unpaired {
            begins, requests, ..
        } = mem::take(&mut self.all.unpaired);
        taken.unpaired.begins += begins;
        taken.unpaired.requests += requests;
        taken
    }
}

#[cfg(test)]
mod tests;
