// SPDX-License-Identifier: GPL-2.0-only

//! What hits of tracepoints make in a picture: a bar where both the begin and the end of something are known, and a
//! point elsewhere.

use std::collections::HashMap;

use simrupt::text::{micros, seconds};
use simrupt::trace::event::{Event, Place, Span, What};

/// A bar or a point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    /// The lane that it is in.
    pub(super) row: Row,
    /// In nanoseconds of CLOCK_MONOTONIC.
    pub(super) from_ns: u64,
    /// That of a point is its begin.
    pub(super) to_ns: u64,
    /// A word or two that say what it is.
    pub(super) kind: &'static str,
    /// Number of the line.
    pub(super) line: u32,
    /// The numbers of the first and the last event that it is about.
    pub(super) events: Option<(u64, u64)>,
    /// What else there is to say.
    pub(super) about: String,
    /// `comm-pid` of the thread, or of the one that was interrupted; none for the device.
    pub(super) task: Option<String>,
}

/// A lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Row {
    /// The simulated device, which has no CPU.
    Device,
    /// What runs on a CPU in a context.
    Cpu(u32, Context),
}

/// The contexts, from the one that interrupts all others to the one that all others interrupt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Context {
    Hardirq,
    Softirq,
    Task,
}

impl Context {
    pub(super) const ALL: [Self; 3] = [Self::Hardirq, Self::Softirq, Self::Task];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hardirq => "hardirq",
            Self::Softirq => "softirq",
            Self::Task => "task",
        }
    }
}

impl Row {
    pub(super) fn of(place: &Place) -> Self {
        let mut contexts = Context::ALL.into_iter();
        let context = contexts.find(|context| context.name() == place.context);
        Self::Cpu(place.cpu, context.unwrap_or(Context::Task))
    }

    pub(super) fn label(self) -> String {
        match self {
            Self::Device => "device".to_string(),
            Self::Cpu(cpu, context) => format!("CPU {cpu} {}", context.name()),
        }
    }
}

impl Mark {
    /// Whether it has a length.
    pub(super) fn is_bar(&self) -> bool {
        self.to_ns > self.from_ns
    }

    /// All about it but its times, in words.
    pub(super) fn words(&self) -> String {
        let line = self.line;
        match self.about.is_empty() {
            true => format!("{}, line {line}", self.kind),
            false => format!("{}, line {line}: {}", self.kind, self.about),
        }
    }

    /// All about it, in words.
    pub(super) fn sentence(&self) -> String {
        let mut text = format!("{}. {}", self.words(), self.row.label());
        if let Some(task) = &self.task {
            text += match self.row {
                Row::Cpu(_, Context::Task) => ", thread ",
                _ => ", on top of ",
            };
            text += task;
        }
        text += &format!(". At {} s", seconds(self.from_ns));
        if self.is_bar() {
            text += &format!(", for {} µs", micros(self.to_ns - self.from_ns));
        }
        text + "."
    }
}

/// The marks that a trace makes.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) all: Vec<Mark>,
    /// Top halves, by line and thread, that may still ask for a run; the places of their marks.
    tops: HashMap<(u32, String), usize>,
    /// Runs of the bottom half that have not ended, in the same way.
    runs: HashMap<(u32, String), usize>,
    /// What was run last, in the same way, until readers are woken for it.
    done: HashMap<(u32, String), Span>,
}

impl Marks {
    /// Takes a hit of a tracepoint into account.
    pub(super) fn take(&mut self, event: &Event) {
        let Event { line, place, what } = event;
        let who = (*line, place.task.clone());
        match what {
            What::Emit { seq, due_ns } => {
                self.all.push(Mark {
                    row: Row::Device,
                    from_ns: *due_ns,
                    to_ns: *due_ns,
                    kind: "due",
                    line: *line,
                    events: Some((*seq, *seq)),
                    about: format!("event {seq}"),
                    task: None,
                });
                let late = micros(place.ns.saturating_sub(*due_ns));
                let about = format!("event {seq}, {late} µs after it was due");
                self.point(event, "raise", Some((*seq, *seq)), about);
            }
            What::Irq(span) => {
                let at = self.point(event, "top half", ends(*span), numbers(*span));
                self.tops.insert(who, at);
            }
            What::BhQueue { flavor, is_new } => {
                let asks = match is_new {
                    true => format!("asks for a run ({flavor})"),
                    false => format!("a run ({flavor}) is asked for already"),
                };
                let top = self.tops.remove(&who);
                match top.and_then(|at| self.all.get_mut(at)) {
                    Some(top) if top.row == Row::of(place) => {
                        top.to_ns = place.ns.max(top.from_ns);
                        top.about = format!("{}; {asks}", top.about);
                    }
                    _ => {
                        self.point(event, "request", None, asks);
                    }
                }
            }
            What::BhStart { flavor } => {
                let at = self.point(event, "bottom half", None, flavor.clone());
                self.runs.insert(who, at);
            }
            What::BhEnd(span) => {
                let run = self.runs.remove(&who);
                self.done.insert(who, *span);
                match run.and_then(|at| self.all.get_mut(at)) {
                    Some(run) => {
                        run.to_ns = place.ns.max(run.from_ns);
                        run.events = ends(*span);
                        run.about = format!("{}, {}", run.about, numbers(*span));
                    }
                    None => {
                        self.point(event, "bottom half ends", ends(*span), numbers(*span));
                    }
                }
            }
            What::Wake => {
                let span = self.done.remove(&who);
                let about = span.map(numbers).unwrap_or_default();
                self.point(event, "wake", span.and_then(ends), about);
            }
            What::Read(span) => {
                self.point(event, "read", ends(*span), numbers(*span));
            }
            What::Drop { span, cause } => {
                let about = format!("{}, {cause}", numbers(*span));
                self.point(event, "lost", ends(*span), about);
            }
            What::Fault { kind, number } => {
                self.point(event, "fault", None, format!("{kind}, number {number}"));
            }
            What::Knob { name, value } => {
                self.point(event, "knob", None, format!("{name} set to {value}"));
            }
        }
    }

    /// Adds a point, and returns its place.
    fn point(
        &mut self,
        event: &Event,
        kind: &'static str,
        events: Option<(u64, u64)>,
        about: String,
    ) -> usize {
        let Event { line, place, .. } = event;
        self.all.push(Mark {
            row: Row::of(place),
            from_ns: place.ns,
            to_ns: place.ns,
            kind,
            line: *line,
            events,
            about,
            task: Some(place.task.clone()),
        });
        self.all.len() - 1
    }
}

/// The first and the last event, if there is one.
fn ends(span: Span) -> Option<(u64, u64)> {
    (span.events > 0).then_some((span.first, span.last))
}

/// Some events in words.
fn numbers(span: Span) -> String {
    let Span {
        first,
        last,
        events,
    } = span;
    match events {
        0 => "no event".to_string(),
        1 => format!("event {first}"),
        _ => format!("{events} events, {first} to {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::picture::tests::picture;
    use simrupt::trace::event::Row as Hit;

    #[test]
    fn what_begins_and_ends_is_a_bar_and_all_else_a_point() {
        let picture = picture();
        let bars = picture.marks.iter().filter(|mark| mark.is_bar());
        let told: Vec<(String, u64, u64)> = bars
            .map(|mark| (mark.words(), mark.from_ns, mark.to_ns))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "top half, line 0: 2 events, 7 to 8; asks for a run (bound)".to_string(),
                    3900,
                    4100
                ),
                (
                    "bottom half, line 0: bound, 2 events, 7 to 8".to_string(),
                    9400,
                    10_100
                ),
            ]
        );
        let points = picture.marks.iter().filter(|mark| !mark.is_bar());
        let kinds: Vec<&str> = points.map(|mark| mark.kind).collect();
        assert_eq!(
            kinds,
            [
                "due", "due", "raise", "raise", "wake", "read", "due", "raise", "lost", "knob",
                "fault"
            ]
        );
    }

    #[test]
    fn a_mark_tells_where_it_was_and_whom_it_interrupted() {
        let picture = picture();
        let sentence = |kind: &str| {
            let mut marks = picture.marks.iter();
            marks.find(|mark| mark.kind == kind).unwrap().sentence()
        };
        assert_eq!(
            sentence("top half"),
            "top half, line 0: 2 events, 7 to 8; asks for a run (bound). CPU 1 hardirq, on top of <idle>-0. \
             At 0.000003900 s, for 0.200 µs."
        );
        assert_eq!(
            sentence("wake"),
            "wake, line 0: 2 events, 7 to 8. CPU 1 task, thread kworker/1:0-31. At 0.000010800 s."
        );
        assert_eq!(
            sentence("due"),
            "due, line 0: event 7. device. At 0.000001000 s."
        );
    }

    #[test]
    fn a_run_that_has_not_ended_and_one_that_had_begun_before_are_points() {
        let mut marks = Marks::default();
        for row in [
            "k-3 [000] ..... 1.0: simrupt_bh_end: line=0 seq=0 last_seq=0 events=0 ns=5",
            "k-3 [000] ..... 1.0: simrupt_bh_queue: line=0 flavor=bound queued=1 ns=6",
            "k-3 [000] ..... 1.0: simrupt_bh_start: line=0 flavor=bound context=task ns=7",
        ] {
            match Hit::parse(row) {
                Ok(Hit::Event(event)) => marks.take(&event),
                other => panic!("{other:?}"),
            }
        }
        let told: Vec<String> = marks.all.iter().map(Mark::words).collect();
        assert_eq!(
            told,
            [
                "bottom half ends, line 0: no event",
                "request, line 0: asks for a run (bound)",
                "bottom half, line 0: bound"
            ]
        );
        assert!(marks.all.iter().all(|mark| !mark.is_bar()));
    }
}
