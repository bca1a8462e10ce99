// SPDX-License-Identifier: GPL-2.0-only

//! The expected state of the module: knobs, records and counters of its lines, as plain data. The tests of this folder
//! do the same to it and to the module, and compare.
//!
//! Facts that depend on time are passed to the model: how many events came while a line was running.

use super::steps::Step;
use nix::errno::Errno;
use simrupt_core::{
    abi::RECORD_SIZE,
    knobs::{Fault, Format, Knob, Pattern, Policy, Rejection, Run, Spec, Values},
    pairs::refusal,
};
use std::collections::VecDeque;

/// How many events the ring between device and driver holds.
const RING_EVENTS: usize = 4096;

/// How many files can be open at a time: those that a shell can name by one digit.
pub(crate) const SLOTS: usize = 5;

/// The row of a knob on a machine with this many CPUs.
pub(crate) fn spec(knob: Knob, cpus: i64) -> Spec {
    let mut spec = *knob.spec();
    if let (Knob::Cpu, Values::Number { max, .. }) = (knob, &mut spec.values) {
        *max = cpus - 1;
    }
    spec
}

/// The kernel's answer to a refused value.
pub(crate) fn errno(rejection: Rejection) -> Errno {
    match rejection {
        Rejection::Invalid | Rejection::TooMany => Errno::EINVAL,
        Rejection::OutOfRange => Errno::ERANGE,
    }
}

/// The module with its lines, and the files that are open.
#[derive(Clone)]
pub(crate) struct Model {
    cpus: i64,
    pub(crate) lines: Vec<Line>,
    /// All bindings of a driver so far: open files outlive them.
    pub(crate) bindings: Vec<Binding>,
    /// The binding of each open file.
    pub(crate) files: [Option<usize>; SLOTS],
}

/// One line.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) values: Vec<i64>,
    /// Its driver, while it is bound.
    pub(crate) binding: Option<usize>,
}

/// A line from bind to unbind, as its driver and its readers see it.
#[derive(Clone)]
pub(crate) struct Binding {
    pub(crate) gone: bool,
    pub(crate) format: Format,
    policy: Policy,
    capacity: usize,
    masked: bool,
    /// A fault may have left events in the ring, or a raise that nobody has handled.
    pub(crate) may_strand: bool,
    next_seq: u64,
    /// Numbers of the events between device and bottom half.
    ring: VecDeque<u64>,
    /// Numbers of the records that wait for a reader.
    pub(crate) fifo: VecDeque<u64>,
    pub(crate) counters: Counters,
}

/// The counters of one binding that follow from the steps.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counters {
    events: u64,
    overrun: u64,
    drained: u64,
    dropped: u64,
    overwritten: u64,
    flushed: u64,
    read: u64,
    /// Drained since the histograms were zeroed.
    pub(crate) measured: u64,
}

impl Binding {
    /// The counters by name, and their expected values.
    pub(crate) fn counters(&self) -> [(&'static str, u64); 9] {
        let counters = &self.counters;
        [
            ("events", counters.events),
            ("overrun", counters.overrun),
            ("in_ring", self.ring.len() as u64),
            ("drained", counters.drained),
            ("dropped", counters.dropped),
            ("overwritten", counters.overwritten),
            ("flushed", counters.flushed),
            ("queued", self.fifo.len() as u64),
            ("read", counters.read),
        ]
    }

    /// How many bytes a reader gets for a record.
    pub(crate) fn record_size(&self) -> usize {
        match self.format {
            Format::Char => 1,
            Format::Record => RECORD_SIZE,
        }
    }

    fn emit(&mut self, events: u64) {
        for _ in 0..events {
            self.counters.events += 1;
            if self.ring.len() == RING_EVENTS {
                self.counters.overrun += 1;
            } else {
                self.ring.push_back(self.next_seq);
            }
            self.next_seq += 1;
            // Nothing waits in the ring of a line that is not masked.
            self.drain();
        }
    }

    /// How many events are between device and bottom half.
    pub(crate) fn waiting(&self) -> usize {
        self.ring.len()
    }

    fn drain(&mut self) {
        if !self.masked && !self.may_strand {
            self.drain_to(0);
        }
    }

    /// The bottom half takes all events except the `left` newest ones, the oldest first.
    pub(crate) fn drain_to(&mut self, left: usize) {
        while self.ring.len() > left {
            let Some(seq) = self.ring.pop_front() else {
                break;
            };
            self.counters.drained += 1;
            self.counters.measured += 1;
            if self.fifo.len() < self.capacity {
                self.fifo.push_back(seq);
            } else if self.policy == Policy::Drop {
                self.counters.dropped += 1;
            } else {
                self.fifo.pop_front();
                self.fifo.push_back(seq);
                self.counters.overwritten += 1;
            }
        }
    }

    fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
        while self.fifo.len() > capacity {
            match self.policy {
                Policy::Overwrite => self.fifo.pop_front(),
                Policy::Drop => self.fifo.pop_back(),
            };
            self.counters.flushed += 1;
        }
    }

    fn reset(&mut self) {
        let queued = self.fifo.len() as u64;
        self.counters = Counters {
            events: self.ring.len() as u64 + queued,
            drained: queued,
            ..Counters::default()
        };
    }

    fn apply(&mut self, knob: Knob, value: i64) {
        match knob {
            Knob::FifoSize => self.resize(usize::try_from(value).expect("a size")),
            Knob::FifoPolicy => self.policy = Policy::from_value(value),
            Knob::Format => self.format = Format::from_value(value),
            Knob::Masked => {
                self.masked = value != 0;
                self.drain();
            }
            _ => {}
        }
    }

    /// Removes the records that a read of `size` bytes gets, and returns their numbers.
    pub(crate) fn read(&mut self, size: usize) -> Result<Vec<u64>, Errno> {
        let most = size / self.record_size();
        if most == 0 {
            return Err(Errno::EINVAL);
        }
        if self.fifo.is_empty() {
            return Err(if self.gone {
                Errno::ENODEV
            } else {
                Errno::EAGAIN
            });
        }
        let count = most.min(self.fifo.len());
        self.counters.read += count as u64;
        Ok(self.fifo.drain(..count).collect())
    }
}

impl Line {
    /// The value of a knob.
    pub(crate) fn value(&self, knob: Knob) -> i64 {
        self.values[knob as usize]
    }

    /// Whether a value is compatible with those of the other knobs.
    fn check(&self, knob: Knob, value: i64) -> Result<(), Errno> {
        match refusal(knob, value, |other| self.value(other)) {
            Some(_) => Err(Errno::EBUSY),
            None => Ok(()),
        }
    }
}

impl Model {
    /// The module, loaded without events and with these values of the knobs for all of its lines.
    pub(crate) fn new(lines: usize, cpus: i64, given: &[(Knob, i64)]) -> Self {
        let mut values: Vec<i64> = Knob::ALL.iter().map(|knob| knob.default_value()).collect();
        values[Knob::Lines as usize] = i64::try_from(lines).expect("a number of lines");
        values[Knob::RateHz as usize] = 0;
        for (knob, value) in given {
            values[*knob as usize] = *value;
        }
        let line = Line {
            values,
            binding: None,
        };
        let mut model = Self {
            cpus,
            lines: vec![line; lines],
            bindings: Vec::new(),
            files: [None; SLOTS],
        };
        for line in 0..lines {
            model.bind(line).expect("nothing is bound yet");
        }
        model
    }

    /// The row of a knob.
    pub(crate) fn spec(&self, knob: Knob) -> Spec {
        spec(knob, self.cpus)
    }

    /// The binding in force of a line.
    pub(crate) fn bound(&mut self, line: usize) -> Option<&mut Binding> {
        let binding = self.lines[line].binding?;
        Some(&mut self.bindings[binding])
    }

    fn apply(&mut self, line: usize, knob: Knob, value: i64) {
        self.lines[line].values[knob as usize] = value;
        let strands = self.lines[line].strands_events();
        if let Some(binding) = self.bound(line) {
            binding.may_strand |= strands;
            binding.apply(knob, value);
        }
    }

    /// Whether a step is left out, because it would have an effect without an end, or without a predictable one.
    pub(crate) fn avoids(&self, step: &Step) -> bool {
        match step {
            Step::Set(line, knob, text, _) => self.avoids_value(*line, *knob, text),
            Step::SetAll(knob, text) => {
                // A value for each line, or fewer: the last one is for the other lines.
                let texts: Vec<&str> = text.split(',').collect();
                (0..self.lines.len()).any(|line| {
                    let text = texts.get(line).or(texts.last());
                    text.is_some_and(|text| self.avoids_value(line, *knob, text))
                })
            }
            _ => false,
        }
    }

    fn avoids_value(&self, line: usize, knob: Knob, text: &str) -> bool {
        let Ok(value) = self.spec(knob).parse(text) else {
            return false;
        };
        let mut after = self.lines[line].clone();
        after.values[knob as usize] = value;
        let strands = after
            .binding
            .is_some_and(|binding| self.bindings[binding].may_strand);
        let closes = knob == Knob::Pattern && Pattern::from_value(value) == Pattern::Closed;
        after.is_endless() || closes && strands
    }

    /// Ends the fault of a line, and makes it deliver all waiting events.
    pub(crate) fn recover(&mut self, line: usize) -> Result<(), Errno> {
        self.bound(line).ok_or(Errno::ENODEV)?;
        self.apply(line, Knob::Fault, Fault::None as i64);
        if let Some(binding) = self.bound(line) {
            binding.may_strand = false;
            binding.drain();
        }
        Ok(())
    }

    /// Writes a knob of one line.
    pub(crate) fn set(&mut self, line: usize, knob: Knob, text: &str) -> Result<(), Errno> {
        let value = self.spec(knob).parse(text).map_err(errno)?;
        self.lines[line].check(knob, value)?;
        self.apply(line, knob, value);
        Ok(())
    }

    /// Writes a parameter: a list with a value for each line.
    pub(crate) fn set_all(&mut self, knob: Knob, text: &str) -> Result<(), Errno> {
        let mut values = vec![0; self.lines.len()];
        let spec = self.spec(knob);
        spec.parse_list(text, &mut values).map_err(errno)?;
        let mut lines = self.lines.iter().zip(&values);
        lines.try_for_each(|(line, value)| line.check(knob, *value))?;
        for (line, value) in values.into_iter().enumerate() {
            self.apply(line, knob, value);
        }
        Ok(())
    }

    /// How many of a line's files are open.
    fn users(&self, line: usize) -> usize {
        let binding = self.lines[line].binding;
        let files = self.files.iter().flatten();
        files.filter(|file| Some(**file) == binding).count()
    }

    /// How many events can come from now on, if the rate is not 0: none from a line that does not run, and at most one
    /// burst from a closed loop that is masked.
    pub(crate) fn most_events(&self, line: usize, further_users: usize) -> u64 {
        let Line { values, binding } = &self.lines[line];
        let Some(binding) = binding.map(|binding| &self.bindings[binding]) else {
            return 0;
        };
        let run = Run::from_value(values[Knob::Run as usize]);
        let pattern = Pattern::from_value(values[Knob::Pattern as usize]);
        if run == Run::Open && self.users(line) + further_users == 0 {
            0
        } else if pattern == Pattern::Replay {
            // It has no schedule.
            0
        } else if pattern != Pattern::Closed || !binding.masked {
            u64::MAX
        } else if binding.ring.is_empty() {
            values[Knob::Burst as usize].unsigned_abs()
        } else {
            0
        }
    }

    /// Notes that this many events came.
    pub(crate) fn emit(&mut self, line: usize, events: u64) {
        let strands = self.lines[line].strands_events();
        if let Some(binding) = self.bound(line) {
            // The raise for these also delivers the events that were left behind.
            if events != 0 && !strands && !binding.masked {
                binding.may_strand = false;
            }
            binding.emit(events);
        }
    }

    /// Zeroes the counters of a line.
    pub(crate) fn reset(&mut self, line: usize) -> Result<(), Errno> {
        self.bound(line).ok_or(Errno::ENODEV)?.reset();
        Ok(())
    }

    /// Binds the driver to a line.
    pub(crate) fn bind(&mut self, line: usize) -> Result<(), Errno> {
        if self.lines[line].binding.is_some() {
            return Err(Errno::EBUSY);
        }
        let mut binding = Binding {
            gone: false,
            format: Format::Char,
            policy: Policy::Overwrite,
            capacity: 0,
            masked: false,
            may_strand: false,
            next_seq: 0,
            ring: VecDeque::new(),
            fifo: VecDeque::new(),
            counters: Counters::default(),
        };
        for knob in Knob::ALL {
            binding.apply(*knob, self.lines[line].value(*knob));
        }
        binding.may_strand = self.lines[line].strands_events();
        self.lines[line].binding = Some(self.bindings.len());
        self.bindings.push(binding);
        Ok(())
    }

    /// Unbinds the driver from a line.
    pub(crate) fn unbind(&mut self, line: usize) -> Result<(), Errno> {
        self.bound(line).ok_or(Errno::ENODEV)?.gone = true;
        self.lines[line].binding = None;
        Ok(())
    }

    /// The slot that the next file takes.
    pub(crate) fn free_slot(&self) -> Option<usize> {
        self.files.iter().position(Option::is_none)
    }

    /// The binding of the file in a slot.
    pub(crate) fn file(&mut self, slot: usize) -> Option<&mut Binding> {
        let binding = self.files[slot]?;
        Some(&mut self.bindings[binding])
    }
}
