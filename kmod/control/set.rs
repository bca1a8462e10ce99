// SPDX-License-Identifier: GPL-2.0-only

//! The common setter of all interfaces: parse, check, prepare for all affected lines, then commit
//! line by line.
//!
//! Parsing and allocation may fail, so they come before any change. A commit may wait for a line's
//! bottom half, and fails when the bottom half does not end in time.

use super::{
    changes::{
        self,
        Change, //
    },
    lines::{
        self,
        Bound,
        Control, //
    },
    values, //
};
use crate::{
    kext::{
        errno::eopnotsupp,
        log,
        semaphore::Taken, //
    },
    logic::{
        knobs::{
            Knob,
            Rejection,
            Values,
            MAX_LINES, //
        },
        pairs::{
            difference,
            Difference,
            Refusal,
            OF_INTERRUPT, //
        }, //
    },
};
use kernel::{
    fmt,
    prelude::*, //
};

/// The lines that a write is for.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// This line; the text is one value.
    Line(usize),
    /// All lines; the text is a list with one value per line, and the last value repeats.
    All,
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

fn refuse(knob: Knob, text: &[u8], rejection: Rejection) -> Error {
    let spec = values::spec(knob);
    let (error, reason) = match rejection {
        Rejection::Invalid => (EINVAL, "not a value of this knob"),
        Rejection::OutOfRange => (ERANGE, "out of range"),
        Rejection::TooMany => (EINVAL, "more values than lines"),
    };
    log::warning!(
        "{}: {:?} refused, {reason}: takes {}\n",
        spec.name,
        log::shown(text),
        spec.values
    );
    error
}

/// Logs that a value was refused.
fn tell(index: usize, knob: Knob, text: &[u8], error: Error) -> Error {
    let name = knob.spec().name;
    let text = log::shown(text);
    match error {
        error if error == eopnotsupp() => log::warning!(
            "line {index}: {name}: {text:?} is refused: this kernel was built without what it needs, or has it as a \
             module that was not loaded before this one\n"
        ),
        ETIMEDOUT => log::warning!(
            "line {index}: {name}: {text:?} is refused: the bottom half does not end\n"
        ),
        ENXIO if knob == Knob::Masked => log::warning!(
            "line {index}: {name}: {text:?} is refused: the CPUs of its managed interrupt are offline\n"
        ),
        error => log::warning!("line {index}: {name}: {text:?} is refused: {error:?}\n"),
    }
    error
}

/// The parsed values for `count` lines from line `first` on.
struct Parsed {
    first: usize,
    count: usize,
    values: [i64; MAX_LINES],
}

/// The first line that a write to line `index` affects, and the number of such lines: a knob of the
/// interrupt is set for both lines that share it.
fn concerned(index: usize, knob: Knob) -> (usize, usize) {
    match lines::neighbour(index) {
        Some(other) if OF_INTERRUPT.contains(&knob) => (index.min(other), 2),
        _ => (index, 1),
    }
}

fn parse(target: Target, knob: Knob, bytes: &[u8]) -> Result<Parsed> {
    let refused = |rejection| refuse(knob, bytes, rejection);
    let text = core::str::from_utf8(bytes).map_err(|_| refused(Rejection::Invalid))?;
    let spec = values::spec(knob);
    let mut values = [0; MAX_LINES];
    let (first, count) = match target {
        Target::Line(index) => {
            let (first, count) = concerned(index, knob);
            let value = spec.parse(text).map_err(refused)?;
            values.get_mut(..count).ok_or(EINVAL)?.fill(value);
            (first, count)
        }
        Target::All => {
            // Before init the number of lines is not known; init checks the count.
            let most = match knob {
                _ if !spec.per_line => 1,
                _ if values::live() => lines::count(),
                _ => MAX_LINES,
            };
            let places = values.get_mut(..most).ok_or(EINVAL)?;
            let given = spec.parse_list(text, places).map_err(refused)?;
            if !values::live() {
                values::note_given(knob, given);
            }
            (0, most)
        }
    };
    Ok(Parsed {
        first,
        count,
        values,
    })
}

/// A line whose [`Control::changes`] is held.
struct LineTaken<'a> {
    control: &'a Control,
    bound: Taken<'a, Option<Bound>>,
}

impl LineTaken<'_> {
    fn prepare(&self, knob: Knob, value: i64) -> Result<Change> {
        changes::check(knob, value)?;
        changes::prepare(self.control, self.bound.as_ref(), knob, value)
    }

    fn commit(&self, knob: Knob, value: i64, change: Change) -> Result {
        changes::put_in_force(self.control, self.bound.as_ref(), knob, value, change)
    }
}

/// Sets a knob of some held lines: of all of them, or of none. If a line's bottom half does not end
/// in time, the lines before it get their old values back.
fn set_all(lines: &[LineTaken<'_>], knob: Knob, values: &[i64], text: &[u8]) -> Result {
    let value_of = |index: usize, other: Knob| {
        let mut written = lines.iter().zip(values);
        let written = written.find(|(line, _)| other == knob && line.control.index == index);
        written.map_or_else(|| values::value(index, other), |(_, value)| *value)
    };
    let mut changes = KVec::with_capacity(lines.len(), GFP_KERNEL)?;
    for (line, value) in lines.iter().zip(values) {
        let index = line.control.index;
        // The lines are held, so their other knobs do not change until this one is set.
        if let Some(refusal) = values::refusal(index, knob, *value) {
            log::warning!("line {index}: {refusal}\n");
            return Err(EBUSY);
        }
        if let Some(difference) = difference(index, lines::count(), value_of) {
            log::warning!("{difference}\n");
            return Err(EBUSY);
        }
        let change = line.prepare(knob, *value);
        let change = change.map_err(|error| tell(index, knob, text, error))?;
        changes.push((line, *value, change), GFP_KERNEL)?;
    }
    let mut old_values = KVec::with_capacity(lines.len(), GFP_KERNEL)?;
    for (line, value, change) in changes {
        let index = line.control.index;
        let old_value = values::value(index, knob);
        if let Err(error) = line.commit(knob, value, change) {
            for (line, old_value) in old_values {
                // Best effort: this may have to wait, and fail, as well.
                let _ = LineTaken::prepare(line, knob, old_value)
                    .and_then(|change| line.commit(knob, old_value, change));
            }
            return Err(tell(index, knob, text, error));
        }
        old_values.push((line, old_value), GFP_KERNEL)?;
    }
    Ok(())
}

/// Sets a knob to the value or values in `text`.
///
/// Call it with the module's parameter lock held, or while the module is live.
///
/// # Errors
///
/// `EINVAL` and `ERANGE` for a bad value; `EBUSY` for a value that cannot be combined with another
/// knob of the line, or with the line that shares its interrupt; `ENXIO` for a CPU that is offline,
/// or for a managed interrupt whose CPUs are offline; `EOPNOTSUPP` for a feature that this kernel
/// lacks; `ENOMEM`; `EINTR` when the caller is killed; `ETIMEDOUT` when a line's bottom half does
/// not end in time. On error nothing has changed.
pub(super) fn set(target: Target, knob: Knob, text: &[u8]) -> Result {
    let parsed = parse(target, knob, text)?;
    let values = parsed.values.get(..parsed.count).ok_or(EINVAL)?;
    let indexed = || (parsed.first..).zip(values.iter().copied());
    if !values::live() {
        for (index, value) in indexed() {
            values::store(index, knob, value);
        }
        return Ok(());
    }
    let mut controls = KVec::with_capacity(parsed.count, GFP_KERNEL)?;
    for index in (parsed.first..).take(parsed.count) {
        controls.push(lines::line(index)?, GFP_KERNEL)?;
    }
    let mut taken = KVec::with_capacity(parsed.count, GFP_KERNEL)?;
    // In ascending order, as the lock order of `lines` demands.
    for control in &controls {
        let bound = control.changes.take_killable()?;
        taken.push(LineTaken { control, bound }, GFP_KERNEL)?;
    }
    set_all(&taken, knob, values, text)
}
