// SPDX-License-Identifier: GPL-2.0-only

//! A sequence as a shell script, to be run by hand: it does the same to the module, and reports differences from the
//! model. Its functions are in `script.sh`.

use super::{
    state::{Model, SLOTS},
    steps::{Face, Pace, Sequence, Step, Switch},
    twins::{bursts_hz, parameters},
};
use nix::errno::Errno;
use simrupt_core::knobs::{Format, Knob, Run};
use std::fmt::{Display, Write};

const FUNCTIONS: &str = include_str!("script.sh");

/// The shell uses the file descriptors below.
const FIRST_FD: usize = 3;

/// The file descriptor of a file that only starts and stops the device.
const SWITCH_FD: usize = 9;

struct Script<'a> {
    text: String,
    model: Model,
    /// The number of events in each step that lets some come.
    came: std::slice::Iter<'a, u64>,
}

/// The script of a sequence with these numbers of events; `about` is a comment at its beginning.
pub(crate) fn script(sequence: &Sequence, cpus: i64, came: &[u64], about: &str) -> String {
    let mut script = Script {
        text: FUNCTIONS.to_owned(),
        model: Model::new(sequence.lines, cpus, &sequence.given),
        came: came.iter(),
    };
    for line in about.lines() {
        script.line(&format!("# {line}"));
    }
    let parameters = parameters(sequence);
    script.line(&format!(
        "insmod \"${{SIMRUPT_KO:-simrupt.ko}}\" {parameters} || exit"
    ));
    for step in &sequence.steps {
        script.step(step);
    }
    script.line("");
    script.line("# What the model says.");
    script.expectations();
    script.line("");
    for slot in 0..SLOTS {
        if script.model.files[slot].is_some() {
            script.line(&format!("exec {}<&-", FIRST_FD + slot));
        }
    }
    script.line("rmmod simrupt");
    script.line("exit $status");
    script.text
}

/// A text for the shell, and for the printf that decodes the escapes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\n', "\\n").replace('\t', "\\t"))
}

/// Ascending numbers as `first-last first-last`.
fn ranges(numbers: &[u64]) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let ranges = ranges.iter().map(|(first, last)| format!("{first}-{last}"));
    ranges.collect::<Vec<_>>().join(" ")
}

fn shown(knob: Knob, value: i64) -> String {
    let mut text = String::new();
    let shown = knob.spec().show(value, &mut text);
    shown.expect("writing to a string works");
    text
}

impl Script<'_> {
    fn line(&mut self, text: &str) {
        writeln!(self.text, "{text}").expect("writing to a string works");
    }

    /// A write to a file with this outcome.
    fn write(&mut self, file: &str, text: &str, outcome: Result<(), Errno>) {
        let verb = if outcome.is_ok() { "set_to" } else { "refuses" };
        self.line(&format!("{verb} {file} {}", quoted(text)));
    }

    fn set(&mut self, line: usize, knob: Knob, text: &str) {
        let outcome = self.model.set(line, knob, text);
        self.write(
            &format!("$d/line{line}/{}", knob.spec().name),
            text,
            outcome,
        );
    }

    fn tool(&mut self, args: &str, outcome: Result<(), Errno>) {
        let not = if outcome.is_ok() { "" } else { "! " };
        self.line(&format!(
            "{not}simructl {args} >/dev/null 2>&1 || complain 'simructl {args}'"
        ));
    }

    fn step(&mut self, step: &Step) {
        if self.model.avoids(step) {
            return;
        }
        match step {
            Step::Set(line, knob, text, Face::Debugfs) => {
                self.set(*line, *knob, text);
                self.rest(*line);
            }
            Step::Set(line, knob, text, Face::Simructl) => {
                let outcome = self.model.set(*line, *knob, text);
                self.tool(
                    &format!("--line {line} set {}={text}", knob.spec().name),
                    outcome,
                );
                self.rest(*line);
            }
            Step::SetAll(knob, text) => {
                let outcome = self.model.set_all(*knob, text);
                self.write(&format!("$p/{}", knob.spec().name), text, outcome);
                for line in 0..self.model.lines.len() {
                    self.rest(line);
                }
            }
            Step::Emit(line, count, pace, switch) => self.emit(*line, *count, *pace, *switch),
            Step::Open(line) => {
                if let (Some(slot), binding @ Some(_)) =
                    (self.model.free_slot(), self.model.lines[*line].binding)
                {
                    self.model.files[slot] = binding;
                    self.line(&format!("exec {}</dev/simrupt{line}", FIRST_FD + slot));
                }
            }
            Step::Close(slot) => {
                if self.model.files[*slot].take().is_some() {
                    self.line(&format!("exec {}<&-", FIRST_FD + slot));
                }
            }
            Step::Read(slot, size) => self.read(*slot, *size),
            Step::Reset(line, face) => {
                let outcome = self.model.reset(*line);
                match face {
                    Face::Debugfs => self.write(&format!("$d/line{line}/reset"), "1", outcome),
                    Face::Simructl => self.tool(&format!("--line {line} reset"), outcome),
                }
            }
            Step::Recover(line, face) => self.recover(*line, *face),
            Step::Unbind(line) => {
                let outcome = self.model.unbind(*line);
                self.write("$b/unbind", &format!("simrupt.{line}"), outcome);
            }
            Step::Bind(line) => {
                let outcome = self.model.bind(*line);
                self.write("$b/bind", &format!("simrupt.{line}"), outcome);
            }
            Step::Affinity(line, mask) => {
                let file = format!("\"/proc/irq/$(cat $d/line{line}/irq)/smp_affinity\"");
                self.write(&file, &format!("{mask:x}"), Ok(()));
            }
        }
    }

    fn read(&mut self, slot: usize, size: usize) {
        let Some(binding) = self.model.file(slot) else {
            return;
        };
        let format = match binding.format {
            Format::Char => "char",
            Format::Record => "record",
        };
        let fd = FIRST_FD + slot;
        match binding.read(size) {
            Ok(numbers) => {
                let numbers = ranges(&numbers);
                self.line(&format!("reads {fd} {size} {format} {numbers}"));
            }
            Err(Errno::EAGAIN) => self.line("# (Here a read that may not wait gets EAGAIN.)"),
            Err(_) => self.line(&format!("reads_nothing {fd} {size}")),
        }
    }

    fn recover(&mut self, line: usize, face: Face) {
        let outcome = self.model.recover(line);
        match face {
            Face::Debugfs => self.write(&format!("$d/line{line}/recover"), "1", outcome),
            Face::Simructl => self.tool(&format!("--line {line} recover"), outcome),
        }
        self.rest(line);
    }

    /// Waits until nothing is under way. The script does not know how many events a fault left behind in the original
    /// run. It waits a moment for them, and its result may differ.
    fn rest(&mut self, line: usize) {
        let may_strand = self
            .model
            .bound(line)
            .is_some_and(|binding| binding.may_strand);
        self.line(&match may_strand {
            true => "sleep 0.05".to_owned(),
            false => format!("rest {line}"),
        });
    }

    fn emit(&mut self, line: usize, count: u32, pace: Pace, switch: Switch) {
        if self.model.needs_recovery(line) {
            self.recover(line, Face::Debugfs);
        }
        let count = self.model.events_of(line, count);
        let came = self.came.next().copied().unwrap_or(0);
        let rate_hz = match pace {
            Pace::Knobs(rate_hz) => {
                self.line(&format!(
                    "# In the run that this is of, {came} events came here."
                ));
                rate_hz
            }
            Pace::Burst => {
                self.set(line, Knob::Pattern, "burst");
                self.set(line, Knob::Burst, &count.to_string());
                count * bursts_hz()
            }
        };
        let is_bound = self.model.lines[line].binding.is_some();
        let opens = switch == Switch::Open && is_bound;
        let run = self.model.lines[line].value(Knob::Run);
        if is_bound {
            self.line(&format!("before=$(stat {line} events)"));
        }
        self.set(line, Knob::RateHz, &rate_hz.to_string());
        if opens {
            self.line(&format!("exec {SWITCH_FD}</dev/simrupt{line}"));
        }
        if switch == Switch::Run {
            self.set(line, Knob::Run, "always");
        }
        match self.model.most_events(line, usize::from(opens)) {
            0 => self.line("sleep 0.03"),
            most => {
                let count = most.min(u64::from(count));
                self.line(&format!("events_reach {line} $((before + {count}))"));
            }
        }
        if opens {
            self.line(&format!("exec {SWITCH_FD}<&-"));
        }
        if switch == Switch::Run {
            self.set(line, Knob::Run, Run::from_value(run).name());
        }
        self.set(line, Knob::RateHz, "0");
        self.model.emit(line, came);
        self.rest(line);
    }

    fn expectations(&mut self) {
        let live = || Knob::ALL.iter().filter(|knob| knob.spec().live);
        for line in 0..self.model.lines.len() {
            if let Some(binding) = self.model.bound(line) {
                let counters = pairs(binding.counters());
                self.line(&format!("has_stats {line}{counters}"));
            } else {
                self.line(&format!(
                    "[ ! -c /dev/simrupt{line} ] || complain 'line{line} is bound'"
                ));
            }
            let of = |knob: &Knob| shown(*knob, self.model.lines[line].value(*knob));
            let knobs = pairs(live().map(|knob| (knob.spec().name, of(knob))));
            self.line(&format!("has_knobs {line}{knobs}"));
        }
        let list = |knob: &Knob| {
            let values = self.model.lines.iter().map(|line| line.value(*knob));
            let values: Vec<_> = values.map(|value| shown(*knob, value)).collect();
            values.join(",")
        };
        let lists = pairs(live().map(|knob| (knob.spec().name, list(knob))));
        self.line(&format!("has_parameters{lists}"));
    }
}

/// Names and their values, as words.
fn pairs<T: Display>(pairs: impl IntoIterator<Item = (&'static str, T)>) -> String {
    let pairs = pairs.into_iter();
    pairs.fold(String::new(), |text, (name, value)| {
        format!("{text} {name} {value}")
    })
}
