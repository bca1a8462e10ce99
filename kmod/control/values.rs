// SPDX-License-Identifier: GPL-2.0-only

//! What each knob of each line is set to. Statics, because module parameters are set before the
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

/// Stands for "not set": outside the range of every knob.
const UNSET: i64 = i64::MIN;

static VALUES: [[Atomic<i64>; KNOBS]; MAX_LINES] =
    [const { [const { Atomic::new(UNSET) }; KNOBS] }; MAX_LINES];

/// How many values the command line gave for each knob.
static GIVEN: [Atomic<usize>; KNOBS] = [const { Atomic::new(0) }; KNOBS];

/// Whether the place of the lines may be looked at: it is ready. Changes once, under the module's parameter
/// lock.
static LIVE: Atomic<bool> = Atomic::new(false);

fn cell(line: usize, knob: Knob) -> Option<&'static Atomic<i64>> {
    VALUES.get(line).and_then(|knobs| knobs.get(knob as usize))
}

/// What a knob of a line is set to.
pub(crate) fn value(line: usize, knob: Knob) -> i64 {
    match cell(line, knob).map_or(UNSET, |cell| cell.load(Relaxed)) {
        UNSET => knob.default_value(),
        value => value,
    }
}

/// The row of a knob, with the range that this machine gives it.
pub(crate) fn spec(knob: Knob) -> Spec {
    let mut spec = *knob.spec();
    if let (Knob::Cpu, Values::Number { max, .. }) = (knob, &mut spec.values) {
        *max = i64::from(kernel::cpu::nr_cpu_ids()) - 1;
    }
    spec
}

/// How the knobs of a line spread its events.
pub(crate) fn shape(line: usize) -> Shape {
    Shape {
        rate_hz: value(line, Knob::RateHz).unsigned_abs(),
        pattern: Pattern::from_value(value(line, Knob::Pattern)),
        jitter_pct: value(line, Knob::JitterPct).unsigned_abs(),
        burst: value(line, Knob::Burst).unsigned_abs(),
        replay_loop: value(line, Knob::ReplayLoop) != 0,
    }
}

/// The CPU that the knobs of a line give its timer.
pub(crate) fn cpu(line: usize) -> Option<u32> {
    u32::try_from(value(line, Knob::Cpu)).ok()
}

/// Whether the interrupt of a line is one that another line may have, too.
pub(crate) fn is_shared(line: usize) -> bool {
    value(line, Knob::Shared) != 0
}

/// Who chooses the CPUs of the interrupt of a line. The managed ones of all `lines` share the CPUs.
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

/// How much of a CPU the knobs of a line let be taken, in percent.
pub(crate) fn limit_pct(line: usize) -> u64 {
    value(line, Knob::CpuLimitPct).unsigned_abs()
}

/// When the knobs of a line have its device run.
pub(crate) fn run(line: usize) -> Run {
    Run::from_value(value(line, Knob::Run))
}

/// The value of each knob of a line, once `knob` has `value`.
fn once(line: usize, knob: Knob, value: i64) -> impl Fn(Knob) -> i64 {
    move |other| match other == knob {
        true => value,
        false => self::value(line, other),
    }
}

/// How the knobs of a line have it disturbed, once `knob` has `value`.
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

/// The budget with which the bottom half of a line polls, once `knob` has `value`. Nothing polls where all is done in
/// the interrupt, nor in the thread of one that lines share: the kernel waits for the threads of all lines before it
/// lets one of them go, and a thread that polls may never end.
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

/// How the knobs of a line let its events wait for an interrupt, once `knob` has `value`.
pub(super) fn coalescing(line: usize, knob: Knob, value: i64) -> Limits {
    let value_of = once(line, knob, value);
    Limits {
        wait_ns: value_of(Knob::CoalesceUs)
            .unsigned_abs()
            .saturating_mul(1000),
        events: value_of(Knob::CoalesceEvents).unsigned_abs(),
    }
}

/// The faults of a line by its knobs, once `knob` has `value`.
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

/// Why a line does not take `value` for `knob`: it does not go with the value of another knob.
pub(super) fn refusal(line: usize, knob: Knob, value: i64) -> Option<Refusal> {
    pairs::refusal(knob, value, |other| self::value(line, other))
}

/// The line that shares the interrupt of one of `lines`.
pub(super) fn neighbour(line: usize, lines: usize) -> Option<usize> {
    pairs::neighbour(line, lines, is_shared)
}

/// Notes what a knob of a line is set to.
pub(super) fn store(line: usize, knob: Knob, value: i64) {
    if let Some(cell) = cell(line, knob) {
        cell.store(value, Relaxed);
    }
}

/// Notes that the command line gave `count` values for a knob.
pub(super) fn note_given(knob: Knob, count: usize) {
    if let Some(given) = GIVEN.get(knob as usize) {
        given.store(count, Relaxed);
    }
}

/// Whether the module's init has begun. Only stable under the module's parameter lock.
pub(super) fn live() -> bool {
    LIVE.load(Relaxed)
}

/// Ends the time before init, when values are only noted: `place` makes the lines' place ready.
///
/// # Errors
///
/// Those of `place`.
pub(super) fn begin<T>(place: impl FnOnce() -> Result<T>) -> Result<T> {
    // A write that came before this only noted its value, which is read afterwards; one that comes after finds
    // the module live.
    module_param::locked(|| {
        let placed = place()?;
        LIVE.store(true, Relaxed);
        Ok(placed)
    })
}

/// A value, as it is written to its knob.
struct Shown(Knob, i64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.spec().show(self.1, f)
    }
}

/// Checks everything that the module is loaded with; returns the number of lines.
///
/// # Errors
///
/// `EINVAL` when the command line gave more values for a knob than there are lines, or two values that a line does not
/// have together, or that two lines with one interrupt do not; `ENXIO` for a CPU that is offline; `EOPNOTSUPP` for what this kernel was built without.
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
