// SPDX-License-Identifier: GPL-2.0-only

//! A row of a trace, as tracefs shows it: `comm-pid [cpu] flags seconds: name: field=value field=value`.

use std::collections::BTreeMap;

/// The names of the module's tracepoints, in the order of an event's way.
pub const NAMES: [&str; 10] = [
    "simrupt_emit",
    "simrupt_irq",
    "simrupt_bh_queue",
    "simrupt_bh_start",
    "simrupt_bh_end",
    "simrupt_wake",
    "simrupt_read",
    "simrupt_drop",
    "simrupt_knob",
    "simrupt_fault",
];

/// What a row of a trace says.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// One of the module's tracepoints was hit.
    Event(Event),
    /// So many hits were lost, as nobody read them in time.
    Lost(u64),
    /// Anything else: headers, tracepoints of others.
    Other,
}

/// One hit of a tracepoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Number of the line.
    pub line: u32,
    /// When and where it happened.
    pub place: Place,
    /// What happened.
    pub what: What,
}

/// Where and when something happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// CLOCK_MONOTONIC.
    pub ns: u64,
    /// Number of the CPU.
    pub cpu: u32,
    /// `comm-pid` of the thread, or of the one that was interrupted.
    pub task: String,
    /// `hardirq`, `softirq` or `task`.
    pub context: &'static str,
}

/// The numbers of some events of a line, and how many they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The least sequence number.
    pub first: u64,
    /// The greatest sequence number.
    pub last: u64,
    /// How many events.
    pub events: u64,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The device put an event into its ring and raised the line.
    Emit {
        /// Sequence number of the event.
        seq: u64,
        /// When it was due, in nanoseconds of CLOCK_MONOTONIC.
        due_ns: u64,
    },
    /// The top half acknowledged these events.
    Irq(Span),
    /// The top half asked for a run of the bottom half.
    BhQueue {
        /// Value of the knob `workqueue`.
        flavor: String,
        /// Whether the run was not asked for already.
        is_new: bool,
    },
    /// The bottom half began.
    BhStart {
        /// Value of the knob `workqueue`.
        flavor: String,
    },
    /// The bottom half ended, and had put these events into the fifo.
    BhEnd(Span),
    /// Readers were woken.
    Wake,
    /// A reader got these events.
    Read(Span),
    /// These events are lost.
    Drop {
        /// The events.
        span: Span,
        /// The counter that they ended in.
        cause: String,
    },
    /// A fault was made on purpose.
    Fault {
        /// Value of the knob `fault`.
        kind: String,
        /// How often it has happened since the rules were set.
        number: u64,
    },
    /// A knob was changed.
    Knob {
        /// Name of the knob.
        name: String,
        /// Its new value, as a number.
        value: i64,
    },
}

impl Row {
    /// Understands a row of a trace.
    ///
    /// # Errors
    ///
    /// What is wrong with a row that is about the module.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The name of a thread may hold anything; what follows the tracepoint's is the module's own.
        let found = NAMES.iter().find_map(|name| {
            let (head, fields) = text.rsplit_once(&format!(": {name}: line="))?;
            Some((*name, head, fields))
        });
        let Some((name, head, fields)) = found else {
            return Ok(lost(text).map_or(Self::Other, Self::Lost));
        };
        let (line, fields) = fields.split_once(' ').unwrap_or((fields, ""));
        let fields = Fields {
            name,
            fields: fields
                .split_whitespace()
                .filter_map(|field| field.split_once('='))
                .collect(),
        };
        let line = line
            .parse()
            .map_err(|_| format!("{name} of line '{line}'"))?;
        let ns = fields.number("ns")?;
        let place = place(head, ns).ok_or_else(|| format!("{name} at no place: '{head}'"))?;
        let what = fields.what()?;
        Ok(Self::Event(Event { line, place, what }))
    }
}

/// The fields of a tracepoint that was hit.
struct Fields<'a> {
    name: &'static str,
    fields: BTreeMap<&'a str, &'a str>,
}

impl Fields<'_> {
    fn text(&self, field: &str) -> Result<&str, String> {
        let text = self.fields.get(field).copied();
        text.ok_or_else(|| format!("{} without {field}", self.name))
    }

    fn number<T: std::str::FromStr>(&self, field: &str) -> Result<T, String> {
        let text = self.text(field)?;
        text.parse()
            .map_err(|_| format!("{}: {field} is '{text}'", self.name))
    }

    fn span(&self) -> Result<Span, String> {
        Ok(Span {
            first: self.number("seq")?,
            last: self.number("last_seq")?,
            events: self.number("events")?,
        })
    }

    fn what(&self) -> Result<What, String> {
        let text = |field| self.text(field).map(str::to_string);
        Ok(match self.name {
            "simrupt_emit" => What::Emit {
                seq: self.number("seq")?,
                due_ns: self.number("due_ns")?,
            },
            "simrupt_irq" => What::Irq(self.span()?),
            "simrupt_bh_queue" => What::BhQueue {
                flavor: text("flavor")?,
                is_new: self.number::<u8>("queued")? != 0,
            },
            "simrupt_bh_start" => What::BhStart {
                flavor: text("flavor")?,
            },
            "simrupt_bh_end" => What::BhEnd(self.span()?),
            "simrupt_wake" => What::Wake,
            "simrupt_read" => What::Read(self.span()?),
            "simrupt_drop" => {
                let [first, events] = [self.number("seq")?, self.number("events")?];
                What::Drop {
                    span: Span {
                        first,
                        last: u64::wrapping_add(first, events.max(1) - 1),
                        events,
                    },
                    cause: text("cause")?,
                }
            }
            "simrupt_fault" => What::Fault {
                kind: text("kind")?,
                number: self.number("number")?,
            },
            _ => What::Knob {
                name: text("name")?,
                value: self.number("value")?,
            },
        })
    }
}

/// `CPU:0 [LOST 12 EVENTS]`
fn lost(text: &str) -> Option<u64> {
    let (_, count) = text.strip_prefix("CPU:")?.split_once(" [LOST ")?;
    count.strip_suffix(" EVENTS]")?.parse().ok()
}

/// What stands before the name of the tracepoint.
fn place(head: &str, ns: u64) -> Option<Place> {
    // From the right: the name of a thread may have blanks in it.
    let last_of = |text: &'_ str| -> Option<(usize, usize)> {
        let text = text.trim_end();
        let at = text.rfind(char::is_whitespace)? + 1;
        Some((at, text.len()))
    };
    let (at, _seconds) = last_of(head)?;
    let rest = &head[..at];
    let (at, end) = last_of(rest)?;
    let (rest, flags) = (&rest[..at], &rest[at..end]);
    let (at, end) = last_of(rest)?;
    let (task, cpu) = (&rest[..at], &rest[at..end]);
    let cpu = cpu.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
    // Interrupts off, reschedule, context, and how often preemption is disabled, a character each.
    let context = match flags.chars().nth(2)? {
        'h' | 'H' | 'z' | 'Z' => "hardirq",
        's' => "softirq",
        _ => "task",
    };
    Some(Place {
        ns,
        cpu,
        task: task.trim().to_string(),
        context,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        match Row::parse(text) {
            Ok(Row::Event(event)) => event,
            other => panic!("{text}: {other:?}"),
        }
    }

    const EMIT: &str = "          <idle>-0       [001] d.h1.    12.345678: simrupt_emit: line=3 seq=42 due_ns=12345677001 ns=12345678002";

    #[test]
    fn a_row_is_a_place_and_what_happened() {
        assert_eq!(
            event(EMIT),
            Event {
                line: 3,
                place: Place {
                    ns: 12_345_678_002,
                    cpu: 1,
                    task: "<idle>-0".to_string(),
                    context: "hardirq",
                },
                what: What::Emit {
                    seq: 42,
                    due_ns: 12_345_677_001
                },
            }
        );
    }

    #[test]
    fn every_tracepoint_is_understood() {
        let span = Span {
            first: 5,
            last: 7,
            events: 3,
        };
        let bound = || "bound".to_string();
        for (fields, what) in [
            (
                "simrupt_irq: line=0 seq=5 last_seq=7 events=3 raises=2 ns=9",
                What::Irq(span),
            ),
            (
                "simrupt_bh_queue: line=0 flavor=bound queued=1 ns=9",
                What::BhQueue {
                    flavor: bound(),
                    is_new: true,
                },
            ),
            (
                "simrupt_bh_start: line=0 flavor=bound context=task ns=9",
                What::BhStart { flavor: bound() },
            ),
            (
                "simrupt_bh_end: line=0 seq=5 last_seq=7 events=3 ns=9",
                What::BhEnd(span),
            ),
            ("simrupt_wake: line=0 queued=3 ns=9", What::Wake),
            (
                "simrupt_read: line=0 seq=5 last_seq=7 due_ns=1 events=3 ns=9",
                What::Read(span),
            ),
            (
                "simrupt_drop: line=0 seq=5 events=3 cause=flushed ns=9",
                What::Drop {
                    span,
                    cause: "flushed".to_string(),
                },
            ),
            (
                "simrupt_fault: line=0 kind=dropped-wakeup number=3 ns=9",
                What::Fault {
                    kind: "dropped-wakeup".to_string(),
                    number: 3,
                },
            ),
            (
                "simrupt_knob: line=0 name=rate_hz value=-1 ns=9",
                What::Knob {
                    name: "rate_hz".to_string(),
                    value: -1,
                },
            ),
        ] {
            let text = format!("cat-12 [000] ..... 0.000001: {fields}");
            assert_eq!(event(&text).what, what, "{fields}");
        }
    }

    #[test]
    fn a_thread_may_be_named_as_it_likes() {
        let text = EMIT.replace("<idle>-0", "a [0]: simrupt_emit: line=1 -77");
        assert_eq!(event(&text).place.task, "a [0]: simrupt_emit: line=1 -77");
    }

    #[test]
    fn the_flags_tell_the_context() {
        for (flags, context) in [
            ("d.h1.", "hardirq"),
            ("d.H2.", "hardirq"),
            ("..s1.", "softirq"),
            (".....", "task"),
            ("d..1.", "task"),
        ] {
            assert_eq!(event(&EMIT.replace("d.h1.", flags)).place.context, context);
        }
    }

    #[test]
    fn what_is_lost_is_counted_and_the_rest_is_let_pass() {
        assert_eq!(Row::parse("CPU:1 [LOST 12 EVENTS]"), Ok(Row::Lost(12)));
        for other in [
            "",
            "# tracer: nop",
            "x-1 [000] ..... 1.0: sched_switch: a=b",
        ] {
            assert_eq!(Row::parse(other), Ok(Row::Other), "{other}");
        }
    }

    #[test]
    fn a_row_that_is_not_whole_is_an_error() {
        for (from, to, why) in [
            (" seq=42", "", "simrupt_emit without seq"),
            ("seq=42", "seq=x", "simrupt_emit: seq is 'x'"),
            ("line=3", "line=-3", "simrupt_emit of line '-3'"),
            ("[001] ", "", "simrupt_emit at no place"),
        ] {
            let error = Row::parse(&EMIT.replace(from, to)).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_row_makes_it_panic(text in damaged_text::texts(&[
            EMIT,
            "cat-12 [000] ..... 0.000001: simrupt_read: line=0 seq=5 last_seq=7 due_ns=1 events=3 ns=9",
            "cat-12 [000] ..... 0.000001: simrupt_drop: line=0 seq=5 events=3 cause=flushed ns=9",
            "CPU:1 [LOST 12 EVENTS]",
        ])) {
            let _ = Row::parse(&text);
        }
    }
}
