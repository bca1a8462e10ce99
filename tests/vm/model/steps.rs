// SPDX-License-Identifier: GPL-2.0-only

//! The steps that can be done to the module, and random sequences of them.
//! Every step can be done in every state; the model knows its outcome. Simpler alternatives come first, so that a
//! failing sequence shrinks towards them.

use super::state::{Model, SLOTS, spec};
use proptest::{prelude::*, sample::select};
use simrupt_core::{
    knobs::{Knob, Values},
    pairs::refusal,
};
use simrupt_vm_tests::lacks;

/// The most steps of a sequence.
pub(crate) const MOST_STEPS: usize = 150;

/// The most lines of a sequence.
pub(crate) const MOST_LINES: usize = 2;

/// A way to write a knob of one line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Face {
    /// The file in debugfs.
    Debugfs,
    /// The tool.
    Simructl,
}

/// The way to start and stop events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Switch {
    /// The knob `rate_hz`.
    Rate,
    /// A file that is opened and closed.
    Open,
    /// The knob `run`.
    Run,
}

/// The pace of events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// All at once, so that exactly the wanted number comes.
    Burst,
    /// As the knobs say, at this rate in Hz: some more than wanted may come.
    Knobs(u32),
}

/// A step of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Write a knob of one line. Not a rate above 0: events come by [`Step::Emit`].
    Set(usize, Knob, String, Face),
    /// Write a parameter: a list for all lines.
    SetAll(Knob, String),
    /// Make a line send at least this many events, and silence it again.
    Emit(usize, u32, Pace, Switch),
    /// Open a line's device.
    Open(usize),
    /// Close the file in a slot.
    Close(usize),
    /// Read at most this many bytes from the file in a slot.
    Read(usize, usize),
    /// Zero the counters of a line.
    Reset(usize, Face),
    /// End a line's fault, and undo its consequences.
    Recover(usize, Face),
    /// Unbind a line's driver.
    Unbind(usize),
    /// Bind it again.
    Bind(usize),
    /// Let only these CPUs take a line's interrupt: a mask.
    Affinity(usize, u32),
}

impl Step {
    /// Changes its line to one of the first `lines` lines.
    fn fit(&mut self, lines: usize) {
        match self {
            Self::Set(line, ..)
            | Self::Emit(line, ..)
            | Self::Open(line)
            | Self::Reset(line, _)
            | Self::Recover(line, _)
            | Self::Unbind(line)
            | Self::Bind(line)
            | Self::Affinity(line, _) => *line %= lines,
            Self::SetAll(..) | Self::Close(_) | Self::Read(..) => {}
        }
    }
}

/// A module to load, and the steps.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    pub(crate) lines: usize,
    /// Parameters of the load, each at most once.
    pub(crate) given: Vec<(Knob, i64)>,
    pub(crate) steps: Vec<Step>,
}

/// The greatest value of a number that is worth its time, if that is below its range's.
fn gentle(knob: Knob, max: i64) -> i64 {
    match knob {
        Knob::RateHz => 0,
        Knob::FifoSize => 1000,
        Knob::Burst => 100,
        Knob::WorkUs | Knob::WorkSleepUs | Knob::StressUs => 100,
        Knob::WorkBytes => 10_000,
        Knob::StressHz => 500,
        Knob::CoalesceUs => 2000,
        Knob::FaultEvery => 20,
        Knob::FaultTimes => 100,
        Knob::FaultUs => 1000,
        _ => max,
    }
}

/// Values that a knob takes.
fn good_value(knob: Knob, cpus: i64) -> BoxedStrategy<String> {
    match spec(knob, cpus).values {
        Values::Number { min, max } | Values::PowerOfTwo { min, max } => {
            let max = gentle(knob, max).min(max);
            // With less than half of a CPU, bursts are spread over an unpredictable time.
            let min = if knob == Knob::CpuLimitPct { 50 } else { min };
            let max = match lacks(knob.spec().name, &max.to_string()) {
                true => min,
                false => max,
            };
            let small = min.saturating_add(20).min(max);
            // More often near the least: small sizes are full sooner.
            prop_oneof![1 => min..=small, 2 => min..=max]
                .prop_map(|number| number.to_string())
                .boxed()
        }
        Values::Choice(names) => {
            let is_had = |name: &&str| !lacks(knob.spec().name, name);
            let names = names.iter().copied().filter(is_had);
            let names: Vec<&str> = names.collect();
            select(names).prop_map(str::to_owned).boxed()
        }
    }
}

/// Other ways to write the same value.
fn dressed(value: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let dress = select(vec![("", ""), ("", "\n"), (" \t", " "), ("\n", "\n\n")]);
    (value, dress)
        .prop_map(|(value, (before, after))| format!("{before}{value}{after}"))
        .boxed()
}

/// Values that a knob refuses.
fn bad_value(knob: Knob, cpus: i64) -> BoxedStrategy<String> {
    let mut texts = vec![
        "x",
        " ",
        "1.5",
        "0x10",
        "-",
        "1 2",
        "99999999999999999999",
        "[bh]",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect::<Vec<_>>();
    if let Values::Number { min, max } | Values::PowerOfTwo { min, max } = spec(knob, cpus).values {
        texts.push((max + 1).to_string());
        texts.push((min - 1).to_string());
    }
    select(texts).boxed()
}

fn live_knob() -> impl Strategy<Value = Knob> {
    let live = Knob::ALL.iter().filter(|knob| knob.spec().live);
    // The fifo is chosen more often, because most errors are possible there.
    let often = [Knob::FifoSize; 5].into_iter();
    let often = often.chain([Knob::FifoPolicy, Knob::Masked, Knob::Format]);
    let often = often.chain([Knob::Fault; 3]).chain([Knob::FaultTimes]);
    select(often.chain(live.copied()).collect::<Vec<_>>())
}

fn set(cpus: i64) -> BoxedStrategy<Step> {
    let face = prop_oneof![19 => Just(Face::Debugfs), 1 => Just(Face::Simructl)];
    (0..MOST_LINES, live_knob(), face)
        .prop_flat_map(move |(line, knob, face)| {
            let text = match face {
                Face::Debugfs => prop_oneof![
                    4 => good_value(knob, cpus),
                    1 => dressed(good_value(knob, cpus)),
                    1 => bad_value(knob, cpus),
                ]
                .boxed(),
                // simructl's handling of white space and dashes is tested elsewhere.
                Face::Simructl => good_value(knob, cpus),
            };
            text.prop_map(move |text| Step::Set(line, knob, text, face))
        })
        .boxed()
}

fn set_all(cpus: i64) -> BoxedStrategy<Step> {
    live_knob()
        .prop_flat_map(move |knob| {
            let value = prop_oneof![8 => good_value(knob, cpus), 1 => bad_value(knob, cpus)];
            // One value more than there are lines is refused.
            prop::collection::vec(value, 1..=MOST_LINES + 1)
                .prop_map(move |values| Step::SetAll(knob, values.join(",")))
        })
        .boxed()
}

fn emit() -> BoxedStrategy<Step> {
    let count = prop_oneof![12 => 1..=40_u32, 6 => 40..=700_u32, 1 => 700..=4096_u32];
    let pace = prop_oneof![3 => Just(Pace::Burst), 1 => (200..=4000_u32).prop_map(Pace::Knobs)];
    let switch = select(vec![Switch::Rate, Switch::Rate, Switch::Open, Switch::Run]);
    (0..MOST_LINES, count, pace, switch)
        .prop_map(|(line, count, pace, switch)| {
            let count = match pace {
                Pace::Burst => count,
                // One by one they take long.
                Pace::Knobs(_) => count % 100 + 1,
            };
            Step::Emit(line, count, pace, switch)
        })
        .boxed()
}

fn step(cpus: i64) -> BoxedStrategy<Step> {
    let face = prop_oneof![19 => Just(Face::Debugfs), 1 => Just(Face::Simructl)];
    let size = prop_oneof![4 => 1..=200_usize, 2 => 200..=6000_usize, 1 => 6000..=200_000_usize];
    let mask = 1..1_u32 << cpus;
    prop_oneof![
        20 => emit(),
        18 => set(cpus),
        6 => set_all(cpus),
        8 => (0..MOST_LINES).prop_map(Step::Open),
        3 => (0..SLOTS).prop_map(Step::Close),
        12 => (0..SLOTS, size).prop_map(|(slot, size)| Step::Read(slot, size)),
        3 => (0..MOST_LINES, face.clone()).prop_map(|(line, face)| Step::Reset(line, face)),
        3 => (0..MOST_LINES, face).prop_map(|(line, face)| Step::Recover(line, face)),
        2 => (0..MOST_LINES).prop_map(Step::Unbind),
        3 => (0..MOST_LINES).prop_map(Step::Bind),
        2 => (0..MOST_LINES, mask).prop_map(|(line, mask)| Step::Affinity(line, mask)),
    ]
    .boxed()
}

/// Parameters of a load: for each knob its default, or another value.
fn given(cpus: i64) -> BoxedStrategy<Vec<(Knob, i64)>> {
    let knobs = Knob::ALL.iter().copied();
    let knobs: Vec<_> = knobs
        .filter(|knob| knob.spec().live && *knob != Knob::RateHz)
        .collect();
    let each: Vec<_> = knobs
        .into_iter()
        .map(|knob| {
            let value = good_value(knob, cpus).prop_map(move |text| {
                let value = spec(knob, cpus).parse(&text);
                Some((knob, value.expect("a good value")))
            });
            prop_oneof![6 => Just(None), 1 => value]
        })
        .collect();
    each.prop_map(move |given| {
        let mut values: Vec<(Knob, i64)> = Vec::new();
        for (knob, value) in given.into_iter().flatten() {
            let value_of = |other: Knob| {
                let given = values.iter().find(|(knob, _)| *knob == other);
                given.map_or_else(|| other.default_value(), |(_, value)| *value)
            };
            // Values with which the load would fail are left out.
            if refusal(knob, value, value_of).is_none() {
                values.push((knob, value));
            }
        }
        // So are values that are avoided later.
        if Model::new(1, cpus, &values).lines[0].is_endless() {
            values.retain(|(knob, _)| *knob != Knob::Fault);
        }
        values
    })
    .boxed()
}

/// Random sequences for a machine with this many CPUs and this many lines.
pub(crate) fn sequences(cpus: i64, lines: usize) -> impl Strategy<Value = Sequence> {
    let steps = prop::collection::vec(step(cpus), 1..=MOST_STEPS);
    (given(cpus), steps).prop_map(move |(given, mut steps)| {
        steps.iter_mut().for_each(|step| step.fit(lines));
        Sequence {
            lines,
            given,
            steps,
        }
    })
}
