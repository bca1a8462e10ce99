// SPDX-License-Identifier: GPL-2.0-only

//! The one setter behind all faces: parse, check, prepare, then commit whole.
//!
//! What can fail (parsing, allocating) happens before anything changes, for all lines concerned;
//! what is left cannot fail.

use super::values;
use crate::{
    driver::{
        fifo_slots,
        FlavoredQueue, //
    },
    ffi,
    lines::{
        Registry,
        Slot,
        LINES, //
    },
    logic::{
        abi::Record,
        knobs::{
            Flavor,
            Knob,
            Policy,
            Rejection,
            Trigger,
            Values,
            MAX_LINES, //
        },
    },
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
    /// The knob is already so, is read where it is used, or its device or driver is not there.
    Nothing,
    RateHz(u64),
    Queue(FlavoredQueue),
    Fifo(KVVec<Record>),
    Policy(Policy),
    Trigger(Trigger),
}

fn prepare(index: usize, slot: &Slot, knob: Knob, value: i64) -> Result<Change> {
    if slot.device.is_none() {
        return Ok(Change::Nothing);
    }
    if matches!(knob, Knob::RateHz) {
        return Ok(Change::RateHz(value.unsigned_abs()));
    }
    let Some(line) = &slot.line else {
        return Ok(Change::Nothing);
    };
    Ok(match knob {
        Knob::Workqueue => {
            let flavor = Flavor::from_value(value);
            if flavor == line.flavor() {
                Change::Nothing
            } else {
                Change::Queue(FlavoredQueue::new(index, flavor)?)
            }
        }
        Knob::FifoSize if usize::try_from(value) == Ok(line.fifo_capacity()) => Change::Nothing,
        Knob::FifoSize => Change::Fifo(fifo_slots(value)?),
        Knob::FifoPolicy => Change::Policy(Policy::from_value(value)),
        Knob::Trigger => Change::Trigger(Trigger::from_value(value)),
        // There is one format so far, and the others were dealt with above or are load-time.
        Knob::Format | Knob::Lines | Knob::RateHz => Change::Nothing,
    })
}

fn commit(slot: &Slot, change: Change) {
    if let Change::RateHz(rate_hz) = change {
        if let Some(device) = &slot.device {
            device.set_rate_hz(rate_hz);
        }
        return;
    }
    let Some(line) = &slot.line else { return };
    match change {
        Change::Nothing | Change::RateHz(_) => {}
        Change::Queue(queue) => line.set_queue(queue),
        Change::Fifo(slots) => line.set_fifo(slots),
        Change::Policy(policy) => line.set_policy(policy),
        Change::Trigger(trigger) => line.set_trigger(trigger),
    }
}

/// Brings a line up to date with all its knobs. Under [`LINES`].
pub(crate) fn apply_all(index: usize, slot: &Slot) -> Result {
    for &knob in Knob::ALL {
        let change = prepare(index, slot, knob, values::value(index, knob))?;
        commit(slot, change);
    }
    Ok(())
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

fn refuse(knob: Knob, text: &str, rejection: Rejection) -> Error {
    let spec = knob.spec();
    // A refused value may be a page long.
    let shown: &str = match text.trim_ascii().char_indices().nth(40) {
        Some((end, _)) => text.trim_ascii().get(..end).unwrap_or(""),
        None => text.trim_ascii(),
    };
    let (error, reason) = match rejection {
        Rejection::Invalid => (EINVAL, "not a value of this knob"),
        Rejection::OutOfRange => (ERANGE, "out of range"),
        Rejection::TooMany => (EINVAL, "more values than lines"),
    };
    if ffi::may_log() {
        pr_warn!(
            "{}: {shown:?} refused, {reason}: takes {}\n",
            spec.name,
            spec.values
        );
    }
    error
}

/// Sets a knob to what a user wrote.
///
/// Callers hold the module's parameter lock, or are called only while the module is live.
///
/// # Errors
///
/// `EINVAL`, `ERANGE` or `ENOMEM`; nothing has changed then.
pub(super) fn set(target: Target, knob: Knob, text: &[u8]) -> Result {
    let text = core::str::from_utf8(text).map_err(|_| refuse(knob, "", Rejection::Invalid))?;
    let spec = knob.spec();
    let mut values = [0; MAX_LINES];
    let live = values::live();
    let (range, values) = match target {
        Target::Line(index) => {
            let value = spec.parse(text).map_err(|why| refuse(knob, text, why))?;
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
            let given = spec
                .parse_list(text, places)
                .map_err(|why| refuse(knob, text, why))?;
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
        changes.push(prepare(index, slot, knob, *value)?, GFP_KERNEL)?;
    }
    for ((index, value), change) in range.zip(values).zip(changes) {
        values::store(index, knob, *value);
        if let Some(slot) = lines.slots.get(index) {
            commit(slot, change);
        }
    }
    Ok(())
}
