// SPDX-License-Identifier: GPL-2.0-only

//! The model and the module side by side: every step is applied to both, and then they are compared.

use super::{
    faults::{Counts, Happened, is_rule},
    machine::{Found, Machine, MayWait, broken},
    state::{Line, Model, SLOTS},
    steps::{Face, Pace, Sequence, Step, Switch},
};
use nix::{errno::Errno, poll::PollFlags};
use simrupt_core::{
    abi::{Record, value_of},
    knobs::{Format, Knob, Run},
};
use simrupt_vm_tests::{decode, watches_itself, within_20_s};
use std::{collections::BTreeMap, fmt::Debug, fs::File, thread, time::Duration};

/// How many bursts of [`Pace::Burst`] come in a second. The next burst must not come before the first one is noticed,
/// which takes a shell some time.
pub(crate) fn bursts_hz() -> u32 {
    if watches_itself() { 5 } else { 50 }
}

/// More than any read of the tests can get.
const ALL: usize = 1 << 20;

/// The two. The model has the state of the module at rest.
pub(crate) struct Twins {
    pub(crate) model: Model,
    machine: Machine,
    /// The number of events in each step that lets some come.
    pub(crate) came: Vec<u64>,
    /// Each line's counters after the previous step, and how often its fault had happened since its rules were set.
    before: Vec<(Counts, u64)>,
    /// The interface by which the knobs are compared next: they alternate, because each read takes time.
    by_parameters: bool,
}

fn same<T: PartialEq + Debug>(what: &str, expected: &T, seen: &T) -> Found<()> {
    if expected == seen {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, is {seen:?}"))
    }
}

/// The parameters for insmod. No event may come before the first step.
pub(crate) fn parameters(sequence: &Sequence) -> String {
    let mut text = format!("lines={} rate_hz=0", sequence.lines);
    for (knob, value) in &sequence.given {
        let mut shown = String::new();
        knob.spec()
            .show(*value, &mut shown)
            .expect("writing to a string works");
        text += &format!(" {}={shown}", knob.spec().name);
    }
    text
}

impl Twins {
    /// Loads the module for a sequence.
    pub(crate) fn load(sequence: &Sequence, cpus: i64) -> Self {
        Self {
            model: Model::new(sequence.lines, cpus, &sequence.given),
            machine: Machine::load(&parameters(sequence), sequence.lines),
            came: Vec::new(),
            before: vec![Default::default(); sequence.lines],
            by_parameters: false,
        }
    }

    /// Applies a step to both, and compares.
    pub(crate) fn step(&mut self, step: &Step) -> Found<()> {
        if self.model.avoids(step) {
            return Ok(());
        }
        let lines = self.model.lines.clone();
        match step {
            Step::Set(line, knob, text, face) => {
                let expected = self.model.set(*line, *knob, text);
                let seen = self.machine.set(*line, *knob, text, *face);
                outcome(*face, expected, seen)?;
            }
            Step::SetAll(knob, text) => {
                let expected = self.model.set_all(*knob, text);
                same("outcome", &expected, &self.machine.set_all(*knob, text))?;
            }
            Step::Emit(line, count, pace, switch) => self.emit(*line, *count, *pace, *switch)?,
            Step::Open(line) => self.open(*line)?,
            Step::Close(slot) => {
                self.model.files[*slot] = None;
                self.machine.put(*slot, None);
            }
            Step::Read(slot, size) => self.read(*slot, *size)?,
            Step::Reset(line, face) => {
                let expected = self.model.reset(*line);
                outcome(*face, expected, self.machine.reset(*line, *face))?;
            }
            Step::Recover(line, face) => {
                let expected = self.model.recover(*line);
                outcome(*face, expected, self.machine.recover(*line, *face))?;
            }
            Step::Unbind(line) => {
                let expected = self.model.unbind(*line);
                same("outcome", &expected, &self.machine.attach(*line, "unbind"))?;
            }
            Step::Bind(line) => {
                let expected = self.model.bind(*line);
                same("outcome", &expected, &self.machine.attach(*line, "bind"))?;
            }
            Step::Affinity(line, mask) => {
                same(
                    "affinity",
                    &Ok(*mask),
                    &self.machine.set_affinity(*line, *mask),
                )?;
            }
        }
        self.compare()?;
        self.judge_faults(step, &lines)
    }

    /// Judges the faults that happened in a step; `lines` are the lines before it.
    fn judge_faults(&mut self, step: &Step, lines: &[Line]) -> Found<()> {
        for (index, was) in lines.iter().enumerate() {
            let line = &self.model.lines[index];
            let (before, since_set) = &mut self.before[index];
            // The counters begin at 0, and the rules of a new driver start over.
            let begins = matches!(step, Step::Reset(of, _) if *of == index);
            let binds = was.binding != line.binding;
            if begins || binds {
                before.clear();
            }
            let sets_rules = match step {
                Step::Set(of, knob, ..) => *of == index && is_rule(*knob),
                Step::SetAll(knob, _) => is_rule(*knob),
                Step::Recover(of, _) => *of == index,
                _ => false,
            };
            if sets_rules || binds {
                *since_set = 0;
            }
            let Ok(after) = self.machine.stats(index) else {
                continue;
            };
            let happened = Happened {
                lines: [was, line],
                counts: [before, &after],
                since_set: *since_set,
                is_emission: matches!(step, Step::Emit(of, ..) if *of == index),
            };
            *since_set = happened.judge().map_err(|why| about(index, &why))?;
            *before = after;
        }
        Ok(())
    }

    fn write(&mut self, line: usize, knob: Knob, text: &str) -> Found<()> {
        let expected = self.model.set(line, knob, text);
        let seen = self.machine.set(line, knob, text, Face::Debugfs);
        same(knob.spec().name, &expected, &seen)
    }

    fn open(&mut self, line: usize) -> Found<()> {
        let Some(slot) = self.model.free_slot() else {
            return Ok(());
        };
        let binding = self.model.lines[line].binding;
        match (binding, self.machine.open(line)) {
            (Some(binding), Ok(file)) => {
                self.model.files[slot] = Some(binding);
                self.machine.put(slot, Some(file));
                Ok(())
            }
            (None, Err(Errno::ENOENT)) => Ok(()),
            (_, seen) => Err(format!("open: bound is {}, {seen:?}", binding.is_some())),
        }
    }

    fn read(&mut self, slot: usize, size: usize) -> Found<()> {
        let Some(binding) = self.model.file(slot) else {
            return Ok(());
        };
        let format = binding.format;
        let expected = binding.read(size);
        let seen = self.machine.read(slot, size);
        match (format, expected, seen) {
            (Format::Char, Ok(numbers), Ok(bytes)) => {
                let expected: Vec<u8> = numbers.iter().map(|seq| value_of(*seq)).collect();
                same("what was read", &expected, &bytes)
            }
            (Format::Record, Ok(numbers), Ok(bytes)) => {
                let records = decode(&bytes);
                let seen: Vec<u64> = records.iter().map(|record| record.seq).collect();
                same("numbers of what was read", &numbers, &seen)?;
                records.iter().try_for_each(plausible)
            }
            (_, expected, seen) => same(
                "outcome of a read",
                &expected.map(|numbers| numbers.len()),
                &seen.map(|bytes| bytes.len()),
            ),
        }
    }

    /// Lets a line send events, and waits until all have arrived at their places.
    fn emit(&mut self, line: usize, count: u32, pace: Pace, switch: Switch) -> Found<()> {
        if self.model.needs_recovery(line) {
            let expected = self.model.recover(line);
            same(
                "recover",
                &expected,
                &self.machine.recover(line, Face::Debugfs),
            )?;
            self.compare()?;
        }
        let count = self.model.events_of(line, count);
        let [before, throttled] = match self.machine.stats(line) {
            Ok(stats) => [stats["events"], stats["throttled"]],
            Err(_) => [0; 2],
        };
        let rate_hz = match pace {
            Pace::Knobs(rate_hz) => rate_hz,
            Pace::Burst => {
                self.write(line, Knob::Pattern, "burst")?;
                self.write(line, Knob::Burst, &count.to_string())?;
                count * bursts_hz()
            }
        };
        self.write(line, Knob::RateHz, &rate_hz.to_string())?;
        let run = self.model.lines[line].value(Knob::Run);
        let file = self.switch_on(line, switch)?;
        let most = self.model.most_events(line, usize::from(file.is_some()));
        if most == 0 {
            // Long enough for one event.
            thread::sleep(Duration::from_millis(30));
        } else {
            let wanted = before + most.min(u64::from(count));
            if pace == Pace::Burst {
                // Reading the counters before the burst is due would be wasted work.
                thread::sleep(Duration::from_secs(1) / bursts_hz());
            }
            within_20_s(&format!("{count} events come"), || {
                let stats = self.machine.stats(line);
                Ok(stats.map_err(|why| format!("stats: {why}"))?["events"] >= wanted)
            })?;
        }
        drop(file);
        if switch == Switch::Run {
            self.write(line, Knob::Run, Run::ALL[usize::from(run != 0)].name())?;
        }
        let stopped = self.model.most_events(line, 0) == 0;
        let at_stop = self.machine.stats(line).ok();
        self.write(line, Knob::RateHz, "0")?;
        let Some(stats) = self.rest(line)? else {
            self.came.push(0);
            return Ok(());
        };
        let came = stats["events"] - before;
        self.came.push(came);
        if let (true, Some(at_stop)) = (stopped, at_stop) {
            same("events after the end", &at_stop["events"], &stats["events"])?;
        }
        // A line that must wait for its share of the CPU may be stopped in the middle of the next burst.
        let is_whole =
            pace != Pace::Burst || came % u64::from(count) == 0 || stats["throttled"] != throttled;
        if came > most || !is_whole {
            return Err(format!(
                "{came} events came, of bursts of {count}, at most {most}"
            ));
        }
        self.model.emit(line, came);
        Ok(())
    }

    /// The counters of a line at rest.
    fn rest(&self, line: usize) -> Found<Option<BTreeMap<String, u64>>> {
        let Line { binding, .. } = self.model.lines[line];
        let may_strand = binding.is_some_and(|binding| self.model.bindings[binding].may_strand);
        let may_wait = match self.model.lines[line].value(Knob::Masked) {
            0 if may_strand => MayWait::Stranded,
            0 => MayWait::Nothing,
            _ => MayWait::Masked,
        };
        self.machine.rest(line, may_wait)
    }

    fn switch_on(&mut self, line: usize, switch: Switch) -> Found<Option<File>> {
        match switch {
            Switch::Rate => Ok(None),
            Switch::Run => self.write(line, Knob::Run, "always").map(|()| None),
            Switch::Open => {
                let file = self.machine.open(line);
                let is_bound = self.model.lines[line].binding.is_some();
                same("whether the device can be opened", &is_bound, &file.is_ok())?;
                Ok(file.ok())
            }
        }
    }

    /// Compares everything that is visible of the module at rest with the model.
    fn compare(&mut self) -> Found<()> {
        for line in 0..self.model.lines.len() {
            self.compare_books(line).map_err(|why| about(line, &why))?;
        }
        self.by_parameters = !self.by_parameters;
        if self.by_parameters {
            self.compare_parameters()?;
        } else {
            self.compare_knobs()?;
        }
        for slot in 0..SLOTS {
            let Some(binding) = self.model.file(slot) else {
                continue;
            };
            let bytes = binding.fifo.len() * binding.record_size();
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::POLLIN, bytes != 0);
            flags.set(PollFlags::POLLHUP, binding.gone);
            let expected = (flags, bytes as u64);
            same(
                "poll and FIONREAD",
                &expected,
                &self.machine.readiness(slot),
            )?;
        }
        Ok(())
    }

    /// Compares the knobs in debugfs.
    fn compare_knobs(&self) -> Found<()> {
        for (index, line) in self.model.lines.iter().enumerate() {
            for (knob, seen) in self.machine.knobs(index)? {
                same(knob.spec().name, &line.value(knob), &seen)
                    .map_err(|why| about(index, &why))?;
            }
        }
        Ok(())
    }

    /// Compares the parameters.
    fn compare_parameters(&self) -> Found<()> {
        for (knob, seen) in self.machine.parameters()? {
            let lines = self.model.lines.iter();
            let expected: Vec<i64> = lines.map(|line| line.value(knob)).collect();
            same(&format!("parameter {}", knob.spec().name), &expected, &seen)?;
        }
        Ok(())
    }

    fn compare_books(&mut self, line: usize) -> Found<()> {
        let rested = self.rest(line)?;
        let strands = self.model.lines[line].strands_events();
        let Some(binding) = self.model.bound(line) else {
            return same("stats of a line without driver", &None, &rested);
        };
        let stats = rested.ok_or("no stats, though it is bound")?;
        if binding.may_strand {
            // The model is told how many events are left behind.
            let left = usize::try_from(stats["in_ring"]).expect("a size");
            binding.drain_to(left);
            binding.may_strand = strands || left != 0 || stats["pending"] != 0;
        }
        for (name, expected) in binding.counters() {
            same(name, &expected, &stats[name])?;
        }
        let broken = broken(&stats);
        if !broken.is_empty() {
            return Err(broken.join(", "));
        }
        let wrong = self
            .machine
            .wrong_contexts(line)
            .map_err(|why| format!("contexts: {why}"))?;
        same("runs in a wrong context", &0, &wrong)?;
        // A run is counted before it ends, and measured when it ends.
        let mut measured = BTreeMap::new();
        within_20_s("every run that was counted is measured", || {
            let seen = self.machine.measured(line);
            measured = seen.map_err(|why| format!("latency: {why}"))?;
            Ok(measured["bh_run"] >= stats["runs"])
        })?;
        for (stage, expected) in [
            ("due_irq", binding.counters.measured),
            ("irq_bh", binding.counters.measured),
            ("due_read", stats["read"]),
        ] {
            same(
                &format!("values in the histogram {stage}"),
                &expected,
                &measured[stage],
            )?;
        }
        Ok(())
    }

    /// Makes each line deliver the events that a fault has left behind, and reads everything that is queued, so that it
    /// is compared to the last record: of each line, and of each driver that is gone but has readers.
    pub(crate) fn drain(&mut self) -> Found<()> {
        for line in 0..self.model.lines.len() {
            self.step(&Step::Recover(line, Face::Debugfs))?;
            self.write(line, Knob::Format, "record")?;
            if self.model.free_slot().is_none() {
                self.step(&Step::Close(0))?;
            }
            let slot = self.model.free_slot().expect("one is free");
            self.open(line)?;
            self.read(slot, ALL)?;
            self.compare()?;
        }
        for slot in 0..SLOTS {
            self.read(slot, ALL)?;
        }
        // Through both interfaces.
        self.compare()?;
        self.compare()
    }
}

fn about(line: usize, why: &str) -> String {
    format!("line {line}: {why}")
}

/// The fields that [`decode`] does not check.
fn plausible(record: &Record) -> Found<()> {
    same(
        "value, flags and reserved of a record",
        &(value_of(record.seq), 0, 0),
        &(record.value, record.flags, record.reserved),
    )
}

/// Compares outcomes; simructl only distinguishes success and failure.
fn outcome(face: Face, expected: Result<(), Errno>, seen: Result<(), Errno>) -> Found<()> {
    match face {
        Face::Debugfs => same("outcome", &expected, &seen),
        Face::Simructl => same("whether it worked", &expected.is_ok(), &seen.is_ok()),
    }
}
