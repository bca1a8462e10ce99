// SPDX-License-Identifier: GPL-2.0-only

//! A row of a trace in the form of tracefs: `comm-pid [cpu] flags seconds: event: fields`.
//!
//! Each field is found by the names around it, because the names of threads, interrupts and workqueues may contain
//! anything except a newline.

use crate::handlers::event::{
    At, CPUS, Event, Function, Handler, Names, SOFTIRQS, Slot, Task, What,
};
use crate::handlers::raw::irq_thread;

/// A row of a trace.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Row {
    Event(Event),
    /// This many events of a CPU were lost.
    Lost(u64),
    /// Anything else: headers, other events.
    Other,
}

/// A row that cannot be parsed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Damage {
    /// The reason.
    pub(super) why: String,
    /// How to get a trace that can be parsed.
    pub(super) remedy: &'static str,
}

const SECONDS: &str = "a trace with times in seconds: echo mono > trace_clock";
const WHOLE: &str = "an unchanged copy of the trace of tracefs, without cut rows: cat trace > FILE";

/// The place and time of a row, and the rest of it.
#[derive(Debug, PartialEq)]
struct Head<'a> {
    ns: u64,
    cpu: u32,
    pid: u32,
    event: &'a str,
    fields: &'a str,
}

impl Row {
    /// Parses a row.
    ///
    /// # Errors
    ///
    /// Names the field of a wanted event that is missing or damaged, or says that the times are not in seconds.
    pub(super) fn parse(text: &str, names: &mut Names) -> Result<Self, Damage> {
        if let Some(count) = lost(text) {
            return Ok(Self::Lost(count));
        }
        let Some(head) = head(text)? else {
            return Ok(Self::Other);
        };
        let Head {
            ns,
            cpu,
            pid,
            event,
            fields,
        } = head;
        match what(event, fields, names) {
            Some(Ok(what)) => {
                let at = At { ns, cpu, pid };
                Ok(Self::Event(Event { at, what }))
            }
            Some(Err(field)) => Err(Damage {
                why: format!("the field {field} of {event} is missing or damaged"),
                remedy: WHOLE,
            }),
            None => Ok(Self::Other),
        }
    }
}

/// `CPU:0 [LOST 12 EVENTS]`
fn lost(text: &str) -> Option<u64> {
    let (_, count) = text.strip_prefix("CPU:")?.split_once(" [LOST ")?;
    count.strip_suffix(" EVENTS]")?.parse().ok()
}

/// Parses the part before the fields; `None` if this row is not an event.
fn head(text: &str) -> Result<Option<Head<'_>>, Damage> {
    // The name of a thread may also contain a bracket.
    for (at, _) in text.match_indices('[') {
        let (before, rest) = (text[..at].trim_end(), &text[at + 1..]);
        let Some((cpu, rest)) = rest.split_once("] ") else {
            return Ok(None);
        };
        let Some((flags, rest)) = rest.split_once(' ') else {
            continue;
        };
        let Some((time, rest)) = rest.trim_start().split_once(": ") else {
            continue;
        };
        let (Some(cpu), Some(pid)) = (number::<u32>(cpu), pid(before)) else {
            continue;
        };
        if flags.contains(':') || time.contains(' ') {
            continue;
        }
        if number::<u64>(time).is_some() {
            return Err(Damage {
                why: format!("'{time}' is not a time in seconds"),
                remedy: SECONDS,
            });
        }
        let Some(ns) = nanoseconds(time) else {
            continue;
        };
        if cpu >= CPUS {
            return Err(Damage {
                why: format!("there is no CPU {cpu}"),
                remedy: WHOLE,
            });
        }
        let Some((event, fields)) = rest.split_once(": ") else {
            continue;
        };
        return Ok(Some(Head {
            ns,
            cpu,
            pid,
            event,
            fields,
        }));
    }
    Ok(None)
}

/// A number without a sign.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

/// `comm-12`, or with the number of the process: `comm-12 (  11)`.
fn pid(before: &str) -> Option<u32> {
    let thread = match before.strip_suffix(')') {
        Some(before) => before.rsplit_once('(')?.0.trim_end(),
        None => before,
    };
    number(thread.rsplit_once('-')?.1)
}

/// `12.345678`: seconds with up to nine decimals.
fn nanoseconds(time: &str) -> Option<u64> {
    let (seconds, parts) = time.split_once('.')?;
    let digits = u32::try_from(parts.len()).ok()?;
    let scale = 10_u64.pow(9_u32.checked_sub(digits)?);
    let parts: u64 = number(parts)?;
    number::<u64>(seconds)?
        .checked_mul(1_000_000_000)?
        .checked_add(parts * scale)
}

/// The text between `before` and the last `after`, because names may contain anything.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    match after {
        "" => Some(rest),
        _ => Some(rest.rsplit_once(after)?.0),
    }
}

/// The first word after `before`.
fn word<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_whitespace().next()
}

/// Parses the fields of an event; an error names the field that is missing. `None` if the event is not wanted.
fn what(event: &str, fields: &str, names: &mut Names) -> Option<Result<What, &'static str>> {
    Some(match event {
        "irq_handler_entry" => irq_entry(fields, names),
        "irq_handler_exit" => irq(fields).map(|irq| What::Leave(Slot::irq(irq))),
        "softirq_raise" => vector(fields).map(What::Raise),
        "softirq_entry" => vector(fields).map(|vector| What::Enter(Handler::Softirq(vector))),
        "softirq_exit" => vector(fields).map(|vector| What::Leave(Slot::softirq(vector))),
        "tasklet_entry" => tasklet(fields, names).map(|of| What::Enter(Handler::Tasklet(of))),
        "tasklet_exit" => tasklet(fields, names).map(|of| What::Leave(Slot::tasklet(of))),
        "workqueue_queue_work" => queue(fields, names),
        "workqueue_execute_start" => start(fields, names),
        "workqueue_execute_end" => item(fields).map(|work| What::Leave(Slot::work(work))),
        "sched_waking" => return wake(fields).transpose(),
        "sched_switch" => switch(fields, names),
        // Events of vectors have only the number of the vector.
        _ => {
            number::<u32>(fields.strip_prefix("vector=")?.trim_end())?;
            let mut name = |stem: &str| names.of(stem.as_bytes());
            if let Some(stem) = event.strip_suffix("_entry") {
                Ok(What::Enter(Handler::Vector(name(stem))))
            } else {
                let stem = event.strip_suffix("_exit")?;
                Ok(What::Leave(Slot::vector(name(stem))))
            }
        }
    })
}

fn irq(fields: &str) -> Result<u32, &'static str> {
    word(fields, "irq=").and_then(number).ok_or("irq")
}

fn irq_entry(fields: &str, names: &mut Names) -> Result<What, &'static str> {
    let action = between(fields, " name=", "").ok_or("name")?;
    Ok(What::Enter(Handler::Irq {
        irq: irq(fields)?,
        action: names.of(action.trim_end().as_bytes()),
    }))
}

fn vector(fields: &str) -> Result<u32, &'static str> {
    let vector: Option<u32> = word(fields, "vec=").and_then(number);
    vector.filter(|vector| *vector < SOFTIRQS).ok_or("vec")
}

fn symbol(text: &str, names: &mut Names) -> Function {
    Function::Symbol(names.of(text.trim_end().as_bytes()))
}

fn tasklet(fields: &str, names: &mut Names) -> Result<Function, &'static str> {
    let name = between(fields, " function=", "").ok_or("function")?;
    Ok(symbol(name, names))
}

/// The number instead of a work item's address: `work struct=000000006cd8a5a8`, or `work struct 000000006cd8a5a8:`.
fn item(fields: &str) -> Result<u64, &'static str> {
    let rest = fields.strip_prefix("work struct").ok_or("work struct")?;
    let word = rest[..].trim_start_matches(['=', ' ']);
    let word = word.split([' ', ':']).next().unwrap_or("");
    let digits = word.strip_prefix("0x").unwrap_or(word);
    u64::from_str_radix(digits, 16).map_err(|_| "work struct")
}

fn queue(fields: &str, names: &mut Names) -> Result<What, &'static str> {
    let function = between(fields, " function=", " workqueue=").ok_or("function")?;
    let queue = between(fields, " workqueue=", " req_cpu=").ok_or("workqueue")?;
    Ok(What::Queue {
        work: item(fields)?,
        function: symbol(function, names),
        queue: names.of(queue.as_bytes()),
    })
}

fn start(fields: &str, names: &mut Names) -> Result<What, &'static str> {
    let function = between(fields, ": function ", "").ok_or("function")?;
    Ok(What::Start {
        work: item(fields)?,
        function: symbol(function, names),
    })
}

/// A wake-up; `None` for a thread that is not an interrupt thread.
fn wake(fields: &str) -> Result<Option<What>, &'static str> {
    let comm = between(fields, "comm=", " pid=").ok_or("comm")?;
    let (_, rest) = fields.rsplit_once(" pid=").ok_or("pid")?;
    let pid = rest.split(' ').next().and_then(number).ok_or("pid")?;
    Ok(comm.starts_with("irq/").then_some(What::Wake { pid }))
}

fn switch(fields: &str, names: &mut Names) -> Result<What, &'static str> {
    let (from, to) = fields.rsplit_once(" ==> ").ok_or("next_comm")?;
    // A thread, and the place after its number.
    let mut task = |text: &'_ str, name: &str, pid: &str| {
        let (comm, rest) = text.strip_prefix(name)?.rsplit_once(pid)?;
        let task = Task {
            pid: rest.split(' ').next().and_then(number)?,
            irq_thread: irq_thread(comm.as_bytes(), names),
        };
        Some((task, text.len() - rest.len()))
    };
    let (prev, at) = task(from, "prev_comm=", " prev_pid=").ok_or("prev_pid")?;
    let (next, _) = task(to, "next_comm=", " next_pid=").ok_or("next_pid")?;
    let state = word(&from[at..], "prev_state=").ok_or("prev_state")?;
    let (from, to) = (prev, next);
    Ok(What::Switch {
        from,
        to,
        sleeps: !state.starts_with('R'),
    })
}

#[cfg(test)]
mod tests;
