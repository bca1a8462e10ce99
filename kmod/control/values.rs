// SPDX-License-Identifier: GPL-2.0-only

//! The value of each knob of each line. In statics, because module parameters are set before the
//! module's init and shown after its exit.

use super::changes;
use crate::{
    instrument::interference,
    kext::{
        irq_domain,
        log,
        module_param, //
    },
    logic::{
        coalescing::Limits,
        fault::Rules,
        knobs::{
            Affinity,
            Fault,
            Flavor,
            Interference,
            Knob,
            Pattern,
            Run,
            Spec,
            Values,
            MAX_LINES, //
        },
        pairs::{
            self,
            Refusal, //
        },
        schedule::Shape, //
    },
};
use core::num::NonZeroUsize;
use kernel::{
    fmt,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

const KNOBS: usize = Knob::ALL.len();

const NSEC_PER_SEC: i64 = 1_000_000_000;

/// No value is set. It is outside the range of every knob.
const UNSET: i64 = i64::MIN;

static VALUES: [[Atomic<i64>; KNOBS]; MAX_LINES] =
    [const { [const { Atomic::new(UNSET) }; KNOBS] }; MAX_LINES];

/// The number of values that the command line gave for each knob.
static GIVEN: [Atomic<usize>; KNOBS] = [const { Atomic::new(0) }; KNOBS];

/// Whether the place of the lines is ready for lookups. Changes once, under the module's parameter
/// lock.
static LIVE: Atomic<bool> = Atomic::new(false);

fn cell(line: usize, knob: Knob) -> Option<&'static Atomic<i64>> {
    VALUES.get(line).and_then(|knobs| knobs.get(knob as usize))
}

/// The value of a knob of a line.
pub(crate) fn value(line: usize, knob: Knob) -> i64 {
    match cell(line, knob).map_or(UNSET, |cell| cell.load(Relaxed)) {
        UNSET => knob.default_value(),
        value => value,
    }
}

/// The row of a knob, with the range for this machine.
pub(crate) fn spec(knob: Knob) -> Spec {
    let mut spec = *knob.spec();
    if let (Knob::Cpu, Values::Number { max, .. }) = (knob, &mut spec.values) {
        *max = i64::from(kernel::cpu::nr_cpu_ids()) - 1;
    }
    spec
}

/// The shape of a line's events, from its knobs.
pub(crate) fn shape(line: usize) -> Shape {
    Shape {
        rate_hz: value(line, Knob::RateHz).unsigned_abs(),
        pattern: Pattern::from_value(value(line, Knob::Pattern)),
        jitter_pct: value(line, Knob::JitterPct).unsigned_abs(),
        burst: value(line, Knob::Burst).unsigned_abs(),
        replay_loop: value(line, Knob::ReplayLoop) != 0,
    }
}

/// The CPU of a line's timer, from its knobs; `None` for no choice.
pub(crate) fn cpu(line: usize) -> Option<u32> {
    u32::try_from(value(line, Knob::Cpu)).ok()
}

/// Whether a line may share its interrupt with another line.
pub(crate) fn is_shared(line: usize) -> bool {
    value(line, Knob::Shared) != 0
}

/// The affinity of a line's interrupt, from its knobs. The managed interrupts of all `lines` lines
/// share the CPUs.
pub(crate) fn affinity(line: usize, lines: usize) -> irq_domain::Affinity {
    let of = |line| Affinity::from_value(value(line, Knob::Affinity));
    let is_managed = |&line: &usize| of(line) == Affinity::Managed;
    let managed_below = |end| (0..end).filter(is_managed).count();
    match of(line) {
        Affinity::Free => irq_domain::Affinity::Free,
        Affinity::Fixed => irq_domain::Affinity::Fixed,
        Affinity::Managed => irq_domain::Affinity::Managed {
            rank: managed_below(line),
            count: managed_below(lines),
        },
    }
}

/// The CPU limit of a line, in percent of a CPU, from its knobs.
pub(crate) fn limit_pct(line: usize) -> u64 {
    value(line, Knob::CpuLimitPct).unsigned_abs()
}

/// When the device of a line runs, from its knobs.
pub(crate) fn run(line: usize) -> Run {
    Run::from_value(value(line, Knob::Run))
}

/// The values of a line's knobs, with `value` for `knob`.
fn once(line: usize, knob: Knob, value: i64) -> impl Fn(Knob) -> i64 {
    move |other| match other == knob {
        true => value,
        false => self::value(line, other),
    }
}

/// The interference of a line, from its knobs, with `value` for `knob`.
pub(super) fn interference(line: usize, knob: Knob, value: i64) -> interference::Settings {
    let value_of = once(line, knob, value);
    let period_ns = NSEC_PER_SEC.checked_div(value_of(Knob::StressHz));
    interference::Settings {
        kind: Interference::from_value(value_of(Knob::Stress)),
        stretch_ns: value_of(Knob::StressUs).unsigned_abs().saturating_mul(1000),
        period_ns: period_ns.unwrap_or(NSEC_PER_SEC).unsigned_abs(),
        cpu: u32::try_from(value_of(Knob::Cpu)).ok(),
        limit_pct: value_of(Knob::CpuLimitPct).unsigned_abs(),
    }
}

/// The poll budget of a line's bottom half, with `value` for `knob`; `None` when it does not poll.
/// It does not poll in the interrupt itself, and not in the thread of a shared interrupt: to free
/// one handler the kernel waits for the threads of all lines, and a thread that polls may never
/// end.
pub(super) fn poll_budget(line: usize, knob: Knob, value: i64) -> Option<NonZeroUsize> {
    let value_of = once(line, knob, value);
    let budget = usize::try_from(value_of(Knob::PollBudget)).unwrap_or(0);
    let polls = match Flavor::from_value(value_of(Knob::Workqueue)) {
        Flavor::None => false,
        Flavor::IrqThread => !is_shared(line),
        _ => true,
    };
    NonZeroUsize::new(budget).filter(|_| polls)
}

/// The coalescing limits of a line, from its knobs, with `value` for `knob`.
pub(super) fn coalescing(line: usize, knob: Knob, value: i64) -> Limits {
    let value_of = once(line, knob, value);
    Limits {
        wait_ns: value_of(Knob::CoalesceUs)
            .unsigned_abs()
            .saturating_mul(1000),
        events: value_of(Knob::CoalesceEvents).unsigned_abs(),
    }
}

/// The fault rules of a line, from its knobs, with `value` for `knob`.
pub(super) fn faults(line: usize, knob: Knob, value: i64) -> Rules {
    let value_of = once(line, knob, value);
    Rules {
        fault: Fault::from_value(value_of(Knob::Fault)),
        every: value_of(Knob::FaultEvery).unsigned_abs(),
        probability_ppm: value_of(Knob::FaultProbabilityPpm).unsigned_abs(),
        times: u64::try_from(value_of(Knob::FaultTimes)).unwrap_or(u64::MAX),
        span_ns: value_of(Knob::FaultUs).unsigned_abs().saturating_mul(1000),
    }
}

/// Why a line refuses `value` for `knob`: it cannot be combined with the value of another knob.
pub(super) fn refusal(line: usize, knob: Knob, value: i64) -> Option<Refusal> {
    pairs::refusal(knob, value, |other| self::value(line, other))
}

/// The line that shares the interrupt of `line`, of `lines` lines.
pub(super) fn neighbour(line: usize, lines: usize) -> Option<usize> {
    pairs::neighbour(line, lines, is_shared)
}

/// Stores the value of a knob of a line.
pub(super) fn store(line: usize, knob: Knob, value: i64) {
    if let Some(cell) = cell(line, knob) {
        cell.store(value, Relaxed);
    }
}

/// Stores the number of values that the command line gave for a knob.
pub(super) fn note_given(knob: Knob, count: usize) {
    if let Some(given) = GIVEN.get(knob as usize) {
        given.store(count, Relaxed);
    }
}

/// Whether the module's init has begun. The answer is stable only under the module's parameter
/// lock.
pub(super) fn live() -> bool {
    LIVE.load(Relaxed)
}

/// Ends the time before init, in which values are only stored. `place` makes the place of the lines
/// ready.
///
/// # Errors
///
/// The errors of `place`.
pub(super) fn begin<T>(place: impl FnOnce() -> Result<T>) -> Result<T> {
    // A write before this only stored its value, which is read afterwards. A later write finds the
    // module live.
    module_param::locked(|| {
        let placed = place()?;
        LIVE.store(true, Relaxed);
        Ok(placed)
    })
}

/// A value, in the form that its knob takes.
struct Shown(Knob, i64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.spec().show(self.1, f)
    }
}

/// Checks all values that the module is loaded with. Returns the number of lines.
///
/// # Errors
///
/// `EINVAL` when the command line gave more values for a knob than there are lines. `EINVAL` for
/// values that cannot be combined, on one line or on two that share an interrupt. `ENXIO` for a CPU
/// that is offline; `EOPNOTSUPP` for a feature that this kernel lacks.
pub(super) fn check() -> Result<usize> {
    let lines = usize::try_from(value(0, Knob::Lines))?;
    for &knob in Knob::ALL {
        let given = GIVEN
            .get(knob as usize)
            .map_or(0, |given| given.load(Relaxed));
        if given > lines {
            let name = knob.spec().name;
            log::error!("{name}: {given} values for lines={lines}: give at most one per line\n");
            return Err(EINVAL);
        }
    }
    for line in 0..lines {
        for &knob in Knob::ALL {
            let value = value(line, knob);
            changes::check(knob, value).inspect_err(|error| {
                let (name, shown) = (knob.spec().name, Shown(knob, value));
                log::error!("{name}: {shown} is refused: {error:?}\n");
            })?;
            if let Some(refusal) = refusal(line, knob, value) {
                log::error!("line {line}: {refusal}\n");
                return Err(EINVAL);
            }
        }
        if let Some(difference) = pairs::difference(line, lines, value) {
            log::error!("{difference}\n");
            return Err(EINVAL);
        }
    }
    Ok(lines)
}
