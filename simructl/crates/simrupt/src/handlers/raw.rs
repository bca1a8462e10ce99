// SPDX-License-Identifier: GPL-2.0-only

//! Events from the bytes of the kernel's ring buffer. The kernel's format files have the place of each field. This file
//! has a row for each event that is wanted.

use crate::handlers::event::{At, Function, Handler, Name, Names, SOFTIRQS, Sink, Slot, Task};
use crate::handlers::format::{Format, Long, Number, Text};

/// A tracepoint that is recorded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) system: &'static str,
    pub(super) name: String,
    /// The filter of its hits, in the syntax of tracefs.
    pub(super) filter: Option<String>,
    /// Whether a recording needs it.
    pub(super) is_required: bool,
}

/// The threads whose time on the CPU is followed, by name: threads that run work items, interrupt threads, and threads
/// that run softirqs.
const SWITCHES: &str = "prev_comm ~ \"kworker/*\" || next_comm ~ \"kworker/*\" || \
                        prev_comm ~ \"irq/*\" || next_comm ~ \"irq/*\" || \
                        prev_comm ~ \"ksoftirqd/*\" || next_comm ~ \"ksoftirqd/*\" || \
                        prev_comm ~ \"ktimers/*\" || next_comm ~ \"ktimers/*\"";

/// The tracepoints of every machine, those it may lack included, except those of vectors.
pub(super) fn wanted() -> Vec<Wanted> {
    let of = |system, name: &str, filter: Option<&str>, is_required| Wanted {
        system,
        name: name.to_string(),
        filter: filter.map(str::to_string),
        is_required,
    };
    let all = |system, names: &[&str], is_required| -> Vec<Wanted> {
        let each = names.iter();
        each.map(|name| of(system, name, None, is_required))
            .collect()
    };
    let irq = [
        "irq_handler_entry",
        "irq_handler_exit",
        "softirq_raise",
        "softirq_entry",
        "softirq_exit",
    ];
    let work = [
        "workqueue_queue_work",
        "workqueue_execute_start",
        "workqueue_execute_end",
    ];
    [
        all("irq", &irq, true),
        all("workqueue", &work, true),
        // Since Linux 6.4.
        all("irq", &["tasklet_entry", "tasklet_exit"], false),
        vec![
            of("sched", "sched_switch", Some(SWITCHES), false),
            of("sched", "sched_waking", Some("comm ~ \"irq/*\""), false),
        ],
    ]
    .concat()
}

/// The tracepoint at the start of the handlers of one interrupt.
pub(super) fn entries_of(irq: u32) -> Wanted {
    Wanted {
        system: "irq",
        name: "irq_handler_entry".to_string(),
        filter: Some(format!("irq == {irq}")),
        is_required: true,
    }
}

/// The tracepoints of vectors among those of the system `irq_vectors`: an entry and an exit for each vector.
pub(super) fn vectors(names: &[String]) -> Vec<Wanted> {
    let has = |name: &str| names.iter().any(|one| one == name);
    let stems = names.iter().filter_map(|name| name.strip_suffix("_entry"));
    stems
        .filter(|stem| has(&format!("{stem}_exit")))
        .flat_map(|stem| [format!("{stem}_entry"), format!("{stem}_exit")])
        .map(|name| Wanted {
            system: "irq_vectors",
            name,
            filter: None,
            is_required: false,
        })
        .collect()
}

/// The kind of an event, with the places of its fields.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// An event that is not wanted.
    Other,
    IrqEntry {
        irq: Number<4>,
        name: Text,
    },
    IrqExit {
        irq: Number<4>,
    },
    VectorEntry(Name),
    VectorExit(Name),
    Raise(Number<4>),
    SoftirqEntry(Number<4>),
    SoftirqExit(Number<4>),
    TaskletEntry(Long),
    TaskletExit(Long),
    Queue {
        work: Long,
        function: Long,
        queue: Text,
    },
    Start {
        work: Long,
        function: Long,
    },
    End(Long),
    Wake(Number<4>),
    Switch {
        from: (Number<4>, Text),
        to: (Number<4>, Text),
        state: Long,
    },
}

impl Kind {
    /// The kind of a tracepoint.
    fn of(wanted: &Wanted, format: &Format, names: &mut Names) -> Result<Self, String> {
        let number = |name| format.number::<4>(name);
        let long = |name| format.long(name);
        Ok(match wanted.name.as_str() {
            "irq_handler_entry" => Self::IrqEntry {
                irq: number("irq")?,
                name: format.text("name")?,
            },
            "irq_handler_exit" => Self::IrqExit {
                irq: number("irq")?,
            },
            "softirq_raise" => Self::Raise(number("vec")?),
            "softirq_entry" => Self::SoftirqEntry(number("vec")?),
            "softirq_exit" => Self::SoftirqExit(number("vec")?),
            "tasklet_entry" => Self::TaskletEntry(long("func")?),
            "tasklet_exit" => Self::TaskletExit(long("func")?),
            "workqueue_queue_work" => Self::Queue {
                work: long("work")?,
                function: long("function")?,
                queue: format.text("workqueue")?,
            },
            "workqueue_execute_start" => Self::Start {
                work: long("work")?,
                function: long("function")?,
            },
            "workqueue_execute_end" => Self::End(long("work")?),
            "sched_waking" => Self::Wake(number("pid")?),
            "sched_switch" => Self::Switch {
                from: (number("prev_pid")?, format.text("prev_comm")?),
                to: (number("next_pid")?, format.text("next_comm")?),
                state: long("prev_state")?,
            },
            name => {
                if let Some(stem) = name.strip_suffix("_entry") {
                    Self::VectorEntry(names.of(stem.as_bytes()))
                } else if let Some(stem) = name.strip_suffix("_exit") {
                    Self::VectorExit(names.of(stem.as_bytes()))
                } else {
                    return Err("it is not a known tracepoint".to_string());
                }
            }
        })
    }
}

/// The beginning of the names of interrupt threads.
const IRQ_THREAD: &[u8] = b"irq/";

/// The name of a thread without its beginning, if it is the thread of an interrupt.
pub(super) fn irq_thread(comm: &[u8], names: &mut Names) -> Option<Name> {
    let name = comm.strip_prefix(IRQ_THREAD)?;
    Some(names.of(name))
}

/// The states of a thread that waits: all states except running and preempted. See __trace_sched_switch_state() in
/// include/trace/events/sched.h of Linux 7.3.
const WAITS: u64 = 0xff;

/// Decodes the bytes of events.
#[derive(Debug)]
pub(super) struct Decoder {
    /// By the number of the tracepoint.
    kinds: Vec<Kind>,
    /// Number of events that could not be decoded.
    pub(super) odd: u64,
}

impl Decoder {
    /// A decoder of these tracepoints, each with its format text.
    pub(super) fn new(
        tracepoints: &[(Wanted, String)],
        names: &mut Names,
    ) -> Result<Self, (Wanted, String)> {
        let mut kinds = Vec::new();
        for (wanted, text) in tracepoints {
            let failed = |why| (wanted.clone(), why);
            let format = Format::parse(text).map_err(failed)?;
            let kind = Kind::of(wanted, &format, names).map_err(failed)?;
            let place = usize::from(format.id);
            if kinds.len() <= place {
                kinds.resize(place + 1, Kind::Other);
            }
            kinds[place] = kind;
            let head = format.number("common_type").and_then(|id| {
                let is_known = id == Number::<2>::at(0);
                Ok(is_known && format.number("common_pid")? == Number::<4>::at(4))
            });
            if !head.map_err(failed)? {
                return Err(failed(
                    "its first fields are not those of all events".to_string(),
                ));
            }
        }
        Ok(Self { kinds, odd: 0 })
    }

    /// Whether switches are among the tracepoints.
    pub(super) fn has_switches(&self) -> bool {
        let mut kinds = self.kinds.iter();
        kinds.any(|kind| matches!(kind, Kind::Switch { .. }))
    }

    /// Hands the event in these bytes on, if it is wanted.
    #[inline(always)]
    pub(super) fn hand_on(
        &mut self,
        ns: u64,
        cpu: u32,
        bytes: &[u8],
        names: &mut Names,
        sink: &mut impl Sink,
    ) {
        if self.understood(ns, cpu, bytes, names, sink).is_none() {
            self.odd += 1;
        }
    }

    #[inline(always)]
    fn understood(
        &self,
        ns: u64,
        cpu: u32,
        bytes: &[u8],
        names: &mut Names,
        sink: &mut impl Sink,
    ) -> Option<()> {
        let vector = |field: &Number<4>| field.read(bytes).filter(|vector| *vector < SOFTIRQS);
        let function = |field: &Long| field.read(bytes).map(Function::Address);
        // The fields with which every event begins.
        let head: &[u8; 8] = bytes.first_chunk()?;
        let id = u16::from_ne_bytes([head[0], head[1]]);
        let pid = u32::from_ne_bytes([head[4], head[5], head[6], head[7]]);
        let at = At { ns, cpu, pid };
        match self.kinds.get(usize::from(id))? {
            Kind::Other => return None,
            Kind::IrqEntry { irq, name } => {
                let irq = irq.read(bytes)?;
                let action = names.of(name.read(bytes)?);
                sink.enter(at, Handler::Irq { irq, action });
            }
            Kind::IrqExit { irq } => sink.leave(at, Slot::irq(irq.read(bytes)?)),
            Kind::VectorEntry(name) => sink.enter(at, Handler::Vector(*name)),
            Kind::VectorExit(name) => sink.leave(at, Slot::vector(*name)),
            Kind::Raise(field) => sink.raise(at, vector(field)?),
            Kind::SoftirqEntry(field) => sink.enter(at, Handler::Softirq(vector(field)?)),
            Kind::SoftirqExit(field) => sink.leave(at, Slot::softirq(vector(field)?)),
            Kind::TaskletEntry(field) => sink.enter(at, Handler::Tasklet(function(field)?)),
            Kind::TaskletExit(field) => sink.leave(at, Slot::tasklet(function(field)?)),
            Kind::Queue {
                work,
                function: of,
                queue,
            } => {
                let queue = names.of(queue.read(bytes)?);
                sink.queue(at, work.read(bytes)?, function(of)?, queue);
            }
            Kind::Start { work, function: of } => {
                sink.start(at, work.read(bytes)?, function(of)?);
            }
            Kind::End(work) => sink.leave(at, Slot::work(work.read(bytes)?)),
            Kind::Wake(pid) => sink.wake(at, pid.read(bytes)?),
            Kind::Switch { from, to, state } => {
                let mut task = |(pid, comm): &(Number<4>, Text)| {
                    let irq_thread = match comm.begins(bytes, IRQ_THREAD)? {
                        true => irq_thread(comm.read(bytes)?, names),
                        false => None,
                    };
                    let pid = pid.read(bytes)?;
                    Some(Task { pid, irq_thread })
                };
                let (from, to) = (task(from)?, task(to)?);
                sink.switch(at, from, to, state.read(bytes)? & WAITS != 0);
            }
        }
        Some(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const RAISE: &str = "\
name: softirq_raise
ID: 7
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:unsigned int vec;\toffset:8;\tsize:4;\tsigned:0;
";

    /// A decoder of `softirq_raise` alone, as number 7.
    pub(in crate::handlers) fn raise_alone(names: &mut Names) -> Decoder {
        let raise = wanted().into_iter().find(|one| one.name == "softirq_raise");
        Decoder::new(&[(raise.unwrap(), RAISE.to_string())], names).unwrap()
    }
}
