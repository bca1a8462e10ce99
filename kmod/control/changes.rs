// SPDX-License-Identifier: GPL-2.0-only

//! Changes of a line: first prepared, so that a lack of memory cannot fail them later, and then
//! applied. Process context, with the line's lock held.

use super::{
    lines::{
        Bound,
        Control, //
    },
    values, //
};
use crate::{
    driver::Format,
    instrument::{
        adaptive::Adaptive,
        deferral::{
            self,
            Deferral, //
        },
        interference,
        trace,
        work_memory::WorkMemory, //
    },
    kext::{
        cpu,
        dim,
        errno::eopnotsupp,
        irq_domain::Trigger,
        kvec, //
    },
    logic::{
        coalescing::Limits,
        fault::Rules,
        fifo,
        knobs::{
            self,
            Fault,
            Flavor,
            IrqType,
            Knob,
            Pattern,
            Policy,
            Run, //
        },
        schedule::Shape, //
    },
};
use core::num::NonZeroUsize;
use kernel::prelude::*;

use super::setup::Simrupt;

/// A checked change of one line, with everything that it needs.
pub(super) enum Change {
    /// The value is already in force, or does not affect the line now.
    Nothing,
    Shape(Shape),
    Coalescing(Limits),
    /// With the initial limits.
    Adaptive(Option<Adaptive>, Limits),
    Trigger(Trigger),
    Cpu(Option<u32>, interference::Prepared),
    Limit(u64, interference::Prepared),
    Interference(interference::Prepared),
    Faults(Rules),
    Deferral(Flavor, Deferral<Simrupt>, Option<NonZeroUsize>),
    PollBudget(Option<NonZeroUsize>),
    Fifo(KVVec<fifo::Slot>),
    Policy(Policy),
    Format(Format),
    Run(Run),
    WorkUs(u64),
    WorkSleepUs(u64),
    WorkMemory(u64, WorkMemory),
    Masked(bool),
}

/// Checks whether this machine supports a value, at the time when it is set. If a CPU goes offline
/// later, the knob keeps its value.
pub(super) fn check(knob: Knob, value: i64) -> Result {
    match (knob, u32::try_from(value)) {
        (Knob::Cpu, Ok(cpu)) if !cpu::is_online(cpu) => Err(ENXIO),
        (Knob::Workqueue, _) if !deferral::is_available(Flavor::from_value(value)) => {
            Err(eopnotsupp())
        }
        (Knob::CoalesceAdaptive, Ok(1)) if !dim::is_available() => Err(eopnotsupp()),
        _ => Ok(()),
    }
}

/// Prepares the change of one knob of a line to `value`.
///
/// # Errors
///
/// `ENOMEM`; `EINTR` when the caller is killed while a thread is created; `EOPNOTSUPP` when the
/// kernel lacks a feature.
pub(super) fn prepare(
    control: &Control,
    bound: Option<&Bound>,
    knob: Knob,
    value: i64,
) -> Result<Change> {
    let index = control.index;
    let magnitude = value.unsigned_abs();
    let shape = values::shape(index);
    let interference = || {
        let settings = values::interference(index, knob, value);
        control.interference.prepare(settings)
    };
    Ok(match knob {
        // Fixed when the line is created.
        Knob::Lines | Knob::Shared | Knob::Affinity => Change::Nothing,
        Knob::RateHz => Change::Shape(Shape {
            rate_hz: magnitude,
            ..shape
        }),
        Knob::Pattern => Change::Shape(Shape {
            pattern: Pattern::from_value(value),
            ..shape
        }),
        Knob::JitterPct => Change::Shape(Shape {
            jitter_pct: magnitude,
            ..shape
        }),
        Knob::Burst => Change::Shape(Shape {
            burst: magnitude,
            ..shape
        }),
        Knob::ReplayLoop => Change::Shape(Shape {
            replay_loop: value != 0,
            ..shape
        }),
        Knob::CoalesceUs | Knob::CoalesceEvents => {
            match values::value(index, Knob::CoalesceAdaptive) {
                0 => Change::Coalescing(values::coalescing(index, knob, value)),
                // They take effect when coalesce_adaptive is 0 again.
                _ => Change::Nothing,
            }
        }
        Knob::CoalesceAdaptive => {
            let own = || values::coalescing(index, knob, value);
            match (bound, value != 0) {
                (Some(bound), is_adaptive) if bound.meters.is_adaptive() == is_adaptive => {
                    Change::Nothing
                }
                (Some(bound), true) => {
                    let mut adaptive = Adaptive::new(control.device.clone(), bound.meters.clone())?;
                    let first = adaptive.first();
                    Change::Adaptive(Some(adaptive), first)
                }
                (Some(_), false) => Change::Adaptive(None, own()),
                // The bottom half reports the traffic, so this needs a bound driver.
                (None, true) => Change::Nothing,
                (None, false) => Change::Coalescing(own()),
            }
        }
        Knob::IrqType => {
            let trigger = match IrqType::from_value(value) {
                IrqType::Edge => Trigger::Edge,
                IrqType::Level => Trigger::Level,
            };
            match control.device.trigger() == trigger {
                true => Change::Nothing,
                false => Change::Trigger(trigger),
            }
        }
        Knob::Cpu => Change::Cpu(u32::try_from(value).ok(), interference()?),
        Knob::CpuLimitPct => Change::Limit(magnitude, interference()?),
        Knob::Stress | Knob::StressUs | Knob::StressHz => Change::Interference(interference()?),
        Knob::Fault
        | Knob::FaultEvery
        | Knob::FaultProbabilityPpm
        | Knob::FaultTimes
        | Knob::FaultUs => Change::Faults(values::faults(index, knob, value)),
        Knob::Workqueue => {
            let flavor = Flavor::from_value(value);
            match bound {
                Some(bound) if bound.meters.flavor() != flavor => {
                    let runner = bound.binding.runner().clone();
                    let budget = values::poll_budget(index, knob, value);
                    Change::Deferral(flavor, Deferral::new(index, flavor, runner)?, budget)
                }
                _ => Change::Nothing,
            }
        }
        Knob::PollBudget => Change::PollBudget(values::poll_budget(index, knob, value)),
        Knob::FifoSize => {
            let size = usize::try_from(value)?;
            match bound {
                Some(bound) if bound.binding.line.fifo_capacity() != size => {
                    Change::Fifo(kvec::zeroed(size)?)
                }
                _ => Change::Nothing,
            }
        }
        Knob::FifoPolicy => Change::Policy(Policy::from_value(value)),
        Knob::Format => Change::Format(match knobs::Format::from_value(value) {
            knobs::Format::Char => Format::Char,
            knobs::Format::Record => Format::Record,
        }),
        Knob::Run => Change::Run(Run::from_value(value)),
        Knob::WorkUs => Change::WorkUs(magnitude),
        Knob::WorkSleepUs => Change::WorkSleepUs(magnitude),
        Knob::WorkBytes => match bound {
            Some(bound) if bound.meters.work_bytes() != magnitude => {
                Change::WorkMemory(magnitude, WorkMemory::new(magnitude)?)
            }
            _ => Change::Nothing,
        },
        Knob::Masked => Change::Masked(value != 0),
    })
}

/// Applies a change.
///
/// # Errors
///
/// `EINTR` when the caller is killed while it waits for the bottom half; `ETIMEDOUT` when the
/// bottom half does not end in time; `ENXIO` when a managed interrupt cannot be enabled, as its
/// CPUs are offline. On error nothing was changed.
fn commit(control: &Control, bound: Option<&Bound>, change: Change) -> Result {
    let device = &control.device;
    match change {
        Change::Nothing => {}
        Change::Shape(shape) => {
            device.set_shape(shape);
            device.with_watch(|meter| meter.log_throttling_again());
        }
        Change::Coalescing(limits) => device.set_coalescing(limits),
        Change::Trigger(trigger) => match bound {
            Some(bound) => {
                let changed = bound.binding.hold(|_| device.set_trigger(trigger));
                // A raise that arrives meanwhile may meet the old flow handler on one CPU and the
                // new one on another, and neither delivers it. The line that shares the interrupt
                // may just have changed the type, so this also holds if nothing was changed here.
                device.raise_again();
                changed??;
            }
            None => device.set_trigger(trigger)?,
        },
        Change::Cpu(cpu, interference) => {
            device.set_cpu(cpu);
            control.interference.set(interference);
        }
        Change::Limit(limit_pct, interference) => {
            device.with_watch(|meter| meter.set_limit_pct(limit_pct));
            control.interference.set(interference);
        }
        Change::Interference(interference) => control.interference.set(interference),
        Change::Faults(rules) => {
            device.with_watch(|meter| meter.set_faults(rules));
            if let Some(bound) = bound {
                bound.meters.set_faults(rules);
            }
        }
        driver => {
            if let Some(bound) = bound {
                commit_to_driver(control, bound, driver)?;
            }
        }
    }
    Ok(())
}

fn commit_to_driver(control: &Control, bound: &Bound, change: Change) -> Result {
    let Bound { binding, meters } = bound;
    let line = &binding.line;
    match change {
        Change::Deferral(flavor, deferral, budget) => {
            let old = binding.hold(|still| {
                meters.set_flavor(flavor);
                still.line.set_poll_budget(budget);
                control.load.service_changes();
                core::mem::replace(&mut still.top_half.deferral, deferral)
            })?;
            drop(old);
        }
        Change::Adaptive(adaptive, limits) => {
            let is_adaptive = adaptive.is_some();
            let old = binding.hold(|still| {
                // Before the bottom half runs again, as then other limits may be chosen.
                if is_adaptive {
                    control.device.set_coalescing(limits);
                }
                meters.set_adaptive(is_adaptive);
                core::mem::replace(&mut still.bottom_half.observer.adaptive, adaptive)
            })?;
            // Waits until limits that are being applied are in force.
            drop(old);
            if !is_adaptive {
                control.device.set_coalescing(limits);
            }
        }
        Change::PollBudget(budget) => binding.set_poll_budget(budget)?,
        Change::Fifo(slots) => {
            binding.set_fifo(slots, |lost| trace::lost(control.index, lost, true))?;
        }
        Change::Policy(policy) => line.set_policy(policy),
        Change::Format(format) => line.set_format(format),
        Change::Run(run) => {
            let is = values::run(control.index) == Run::Always;
            let will = run == Run::Always;
            if is != will {
                line.count_user(will);
            }
        }
        Change::WorkUs(work_us) => meters.set_work_us(work_us),
        Change::WorkSleepUs(work_sleep_us) => meters.set_work_sleep_us(work_sleep_us),
        Change::WorkMemory(bytes, memory) => {
            let old = binding.hold(|still| {
                meters.set_work_bytes(bytes);
                core::mem::replace(&mut still.bottom_half.observer.memory, memory)
            })?;
            drop(old);
        }
        Change::Masked(masked) => binding.set_masked(masked)?,
        Change::Nothing
        | Change::Shape(_)
        | Change::Coalescing(_)
        | Change::Trigger(_)
        | Change::Cpu(..)
        | Change::Limit(..)
        | Change::Interference(_)
        | Change::Faults(_) => {}
    }
    Ok(())
}

/// Ends the fault of a line, as `fault=none` does.
///
/// # Errors
///
/// As [`prepare`] and [`commit`].
pub(super) fn end_fault(control: &Control, bound: &Bound) -> Result {
    let (knob, value) = (Knob::Fault, Fault::None as i64);
    let change = prepare(control, Some(bound), knob, value)?;
    put_in_force(control, Some(bound), knob, value, change)
}

/// Applies a change, and stores the value of the knob.
///
/// # Errors
///
/// As [`commit`].
pub(super) fn put_in_force(
    control: &Control,
    bound: Option<&Bound>,
    knob: Knob,
    value: i64,
    change: Change,
) -> Result {
    commit(control, bound, change)?;
    values::store(control.index, knob, value);
    trace::knob_was_set(control.index, knob.spec().name, value);
    Ok(())
}

/// Applies all knobs to a line that was just bound, in the order of the table. The flavor comes
/// before the work, so a flavor that must not sleep is replaced before `work_sleep_us` is set.
///
/// # Errors
///
/// As [`prepare`] and [`commit`].
pub(super) fn apply_all(control: &Control, bound: &Bound) -> Result {
    for &knob in Knob::ALL {
        let value = values::value(control.index, knob);
        if let (Knob::Run, Run::Always) = (knob, Run::from_value(value)) {
            // The line is new and has not counted this user yet.
            bound.binding.line.count_user(true);
            continue;
        }
        let change = prepare(control, Some(bound), knob, value)?;
        commit(control, Some(bound), change)?;
    }
    Ok(())
}
