// SPDX-License-Identifier: GPL-2.0-only

//! The one setter behind all faces: parse, check, prepare, then commit whole.
//!
//! What can fail (parsing, allocating) happens before anything changes, for all lines concerned;
//! what is left cannot fail.

use super::values;
use crate::{
    driver::{
        fifo_slots,
        Deferral, //
    },
    ffi,
    lines::{
        Registry,
        Slot,
        LINES, //
    },
    log,
    logic::{
        abi::Record,
        knobs::{
            Flavor,
            Format,
            Knob,
            Pattern,
            Policy,
            Rejection,
            Trigger,
            Values,
            MAX_LINES, //
        },
        schedule::Shape,
    },
    trace, //
};
use kernel::{
    fmt,
    prelude::*, //
};

/// Which lines a write is for.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// This one; the text is one value.
    Line(usize),
    /// All of them; the text is a list, one value per line, of which the last repeats.
    All,
}

/// A checked change of one line with all that it needs.
enum Change {
    /// The knob is already so, or there is nothing to change.
    Nothing,
    Shape(Shape),
    Cpu(Option<u32>),
    Limit(u64),
    Stress,
    Deferral(Deferral),
    Fifo(KVVec<Record>),
    Policy(Policy),
    Format(Format),
    Trigger(Trigger),
    WorkUs(u64),
    Masked(bool),
}

/// Checks what the machine says to a value, when it is set. Later a CPU may go offline; what was set
/// is then still what is wanted.
fn check(knob: Knob, value: i64) -> Result {
    match (knob, u32::try_from(value)) {
        // Not by calling it: somebody may have isolated it.
        (Knob::Cpu, Ok(cpu)) if !ffi::cpu_is_online(cpu) => Err(ENXIO),
        _ => Ok(()),
    }
}

/// Checks all values that a line is loaded with.
pub(super) fn check_all(index: usize) -> Result {
    for &knob in Knob::ALL {
        let value = values::value(index, knob);
        check(knob, value).inspect_err(|error| {
            log::error!("{}: {value} cannot be had: {error:?}\n", knob.spec().name);
        })?;
    }
    Ok(())
}

fn prepare(index: usize, slot: &Slot, knob: Knob, value: i64) -> Result<Change> {
    let magnitude = value.unsigned_abs();
    let shape = values::shape(index);
    Ok(match knob {
        Knob::Lines => Change::Nothing,
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
        Knob::Cpu => Change::Cpu(u32::try_from(value).ok()),
        Knob::CpuLimitPct => Change::Limit(magnitude),
        Knob::Stress | Knob::StressUs | Knob::StressHz => Change::Stress,
        Knob::Workqueue => {
            let flavor = Flavor::from_value(value);
            match &slot.line {
                Some(line) if line.flavor() != flavor => {
                    Change::Deferral(Deferral::new(index, flavor)?)
                }
                _ => Change::Nothing,
            }
        }
        Knob::FifoSize => match &slot.line {
            Some(line) if usize::try_from(value) != Ok(line.fifo_capacity()) => {
                Change::Fifo(fifo_slots(value)?)
            }
            _ => Change::Nothing,
        },
        Knob::FifoPolicy => Change::Policy(Policy::from_value(value)),
        Knob::Format => Change::Format(Format::from_value(value)),
        Knob::Trigger => Change::Trigger(Trigger::from_value(value)),
        Knob::WorkUs => Change::WorkUs(magnitude),
        Knob::Masked => Change::Masked(value != 0),
    })
}

/// Puts a change in force whose value is stored already, where there is something to change.
fn commit(index: usize, slot: &Slot, change: Change) {
    if let Some(device) = &slot.device {
        match change {
            Change::Shape(shape) => device.set_shape(shape),
            Change::Cpu(cpu) => device.set_cpu(cpu),
            Change::Limit(limit_pct) => device.set_limit(limit_pct),
            _ => {}
        }
    }
    if let (Some(antagonist), Change::Cpu(_) | Change::Limit(_) | Change::Stress) =
        (&slot.antagonist, &change)
    {
        antagonist.set(values::stress(index));
    }
    let Some(line) = &slot.line else { return };
    match change {
        Change::Deferral(deferral) => line.set_deferral(deferral),
        Change::Fifo(slots) => line.set_fifo(slots),
        Change::Policy(policy) => line.set_policy(policy),
        Change::Format(format) => line.set_format(format),
        Change::Trigger(trigger) => line.set_trigger(trigger),
        Change::WorkUs(work_us) => line.set_work_us(work_us),
        Change::Masked(masked) => line.set_masked(masked),
        Change::Nothing | Change::Shape(_) | Change::Cpu(_) | Change::Limit(_) | Change::Stress => {
        }
    }
}

/// Brings a line up to date with all its knobs. Under [`LINES`].
pub(crate) fn apply_all(index: usize, slot: &Slot) -> Result {
    for &knob in Knob::ALL {
        let change = prepare(index, slot, knob, values::value(index, knob))?;
        commit(index, slot, change);
    }
    Ok(())
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

fn refuse(knob: Knob, text: &[u8], rejection: Rejection) -> Error {
    let spec = values::spec(knob);
    let shown = log::shown(text);
    let (error, reason) = match rejection {
        Rejection::Invalid => (EINVAL, "not a value of this knob"),
        Rejection::OutOfRange => (ERANGE, "out of range"),
        Rejection::TooMany => (EINVAL, "more values than lines"),
    };
    log::warning!(
        "{}: {shown:?} refused, {reason}: takes {}\n",
        spec.name,
        spec.values
    );
    error
}

/// Sets a knob to what a user wrote.
///
/// Callers hold the module's parameter lock, or are called only while the module is live.
///
/// # Errors
///
/// `EINVAL`, `ERANGE`, `ENOMEM`, or `ENXIO` for a CPU that is offline; nothing has changed then.
pub(super) fn set(target: Target, knob: Knob, bytes: &[u8]) -> Result {
    let refused = |rejection| refuse(knob, bytes, rejection);
    let text = core::str::from_utf8(bytes).map_err(|_| refused(Rejection::Invalid))?;
    let spec = values::spec(knob);
    let mut values = [0; MAX_LINES];
    let live = values::live();
    let (range, values) = match target {
        Target::Line(index) => {
            let value = spec.parse(text).map_err(refused)?;
            values[0] = value;
            (index..index.saturating_add(1), &values[..1])
        }
        Target::All => {
            // Before init the number of lines is not known; the count is checked then.
            let most = match knob {
                Knob::Lines => 1,
                _ if live => Registry::count(),
                _ => MAX_LINES,
            };
            let places = values.get_mut(..most).ok_or(EINVAL)?;
            let given = spec.parse_list(text, places).map_err(refused)?;
            if !live {
                values::note_given(knob, given);
            }
            (0..most, &*places)
        }
    };
    if !live {
        for (index, value) in range.zip(values) {
            values::store(index, knob, *value);
        }
        return Ok(());
    }

    let lines = LINES.lock();
    let mut changes = KVec::with_capacity(values.len(), GFP_KERNEL)?;
    for (index, value) in range.clone().zip(values) {
        let slot = lines.slots.get(index).ok_or(ENODEV)?;
        let change = check(knob, *value).and_then(|()| prepare(index, slot, knob, *value));
        let change = change.inspect_err(|error| {
            let shown = log::shown(bytes);
            log::warning!("{}: {shown:?} cannot be had: {error:?}\n", spec.name);
        })?;
        changes.push(change, GFP_KERNEL)?;
    }
    for ((index, value), change) in range.zip(values).zip(changes) {
        values::store(index, knob, *value);
        if let Some(slot) = lines.slots.get(index) {
            commit(index, slot, change);
        }
        trace::knob(index, spec.name, *value);
    }
    Ok(())
}
