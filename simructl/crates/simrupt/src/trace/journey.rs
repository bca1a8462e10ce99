// SPDX-License-Identifier: GPL-2.0-only

//! The way of each event, put together from the hits of tracepoints.

use std::collections::{BTreeMap, HashMap};
use std::mem;

use serde_json::{Value, json};

use crate::trace::event::{Event, Place, Span, What};

/// How many events of a line may be under way; the oldest of more are given up.
const MOST: usize = 1 << 18;

/// The way of one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Journey {
    /// Number of the line.
    pub line: u32,
    /// Sequence number of the event.
    pub seq: u64,
    /// When it was due, in nanoseconds of CLOCK_MONOTONIC.
    pub due_ns: u64,
    /// By time.
    pub hops: Vec<Hop>,
}

/// A place that an event came by.
#[derive(Debug, Clone, PartialEq)]
pub struct Hop {
    /// Which hop it is.
    pub kind: Kind,
    /// When and where it happened.
    pub place: Place,
    /// What else there is to say: a flavor, a cause, how many came along.
    pub detail: String,
}

/// What happened to the event there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The device put it into its ring.
    Emit,
    /// The top half acknowledged it.
    Irq,
    /// The top half asked for a run of the bottom half.
    Queue,
    /// The bottom half began.
    Run,
    /// The bottom half ended.
    Done,
    /// It woke readers.
    Wake,
    /// A reader has it.
    Read,
    /// Nobody will.
    Lost,
}

impl Kind {
    /// The name of the hop, as `simructl trace` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Emit => "emit",
            Self::Irq => "irq",
            Self::Queue => "queue",
            Self::Run => "run",
            Self::Wake => "wake",
            Self::Done => "done",
            Self::Read => "read",
            Self::Lost => "lost",
        }
    }
}

impl Journey {
    fn add(&mut self, kind: Kind, place: &Place, detail: &str) {
        self.hops.push(Hop {
            kind,
            place: place.clone(),
            detail: detail.to_string(),
        });
    }

    /// Whether it came to its end, and all that was on the way is known.
    pub fn is_whole(&self) -> bool {
        let has = |kind| self.hops.iter().any(|hop| hop.kind == kind);
        // An event that finds the ring full is lost before there is an interrupt for it.
        let is_lost = has(Kind::Lost);
        let was_taken = has(Kind::Irq);
        (is_lost && !was_taken) || (has(Kind::Done) && (is_lost || has(Kind::Read)))
    }

    /// As a JSON document.
    pub fn document(&self) -> Value {
        let hops = self.hops.iter().map(|hop| {
            let Place {
                ns,
                cpu,
                task,
                context,
            } = &hop.place;
            json!({
                "hop": hop.kind.name(), "ns": ns, "cpu": cpu, "context": context, "task": task,
                "detail": hop.detail,
            })
        });
        json!({
            "line": self.line, "seq": self.seq, "due_ns": self.due_ns, "whole": self.is_whole(),
            "hops": hops.collect::<Vec<_>>(),
        })
    }
}

/// A run of the bottom half that is under way.
#[derive(Debug)]
struct Run {
    place: Place,
    flavor: String,
}

/// What is under way on a line.
#[derive(Debug, Default)]
struct Line {
    journeys: BTreeMap<u64, Journey>,
    /// What each thread, or what interrupted it, acknowledged last.
    irqs: HashMap<String, Span>,
    /// What each thread, or what interrupted it, runs.
    runs: HashMap<String, Run>,
    /// What each of them has run last.
    done: HashMap<String, Span>,
}

impl Line {
    /// Adds a hop to all events of `span` that are under way; returns those that are whole then.
    fn pass(&mut self, span: Span, hops: &[(Kind, &Place, &str)]) -> Vec<Journey> {
        if span.events == 0 || span.first > span.last {
            return Vec::new();
        }
        let mut whole = Vec::new();
        for (seq, journey) in self.journeys.range_mut(span.first..=span.last) {
            for (kind, place, detail) in hops {
                journey.add(*kind, place, detail);
            }
            if journey.is_whole() {
                whole.push(*seq);
            }
        }
        let whole = whole.into_iter();
        whole.filter_map(|seq| self.journeys.remove(&seq)).collect()
    }
}

/// All that is under way.
///
/// ```
/// use simrupt::trace::event::Row;
/// use simrupt::trace::journey::Journeys;
/// use simrupt::trace::rows::Rows;
///
/// let trace = std::fs::read("../../tests/trace.txt").unwrap();
/// let mut journeys = Journeys::default();
/// let mut whole = Vec::new();
/// for row in Rows::default().take(&trace)? {
///     if let Row::Event(event) = row {
///         whole.extend(journeys.take(&event));
///     }
/// }
/// let hops: Vec<&str> = whole[0].hops.iter().map(|hop| hop.kind.name()).collect();
/// assert_eq!(hops, ["emit", "irq", "queue", "run", "done", "wake", "read"]);
/// # Ok::<(), simrupt::failure::Failure>(())
/// ```
#[derive(Debug, Default)]
pub struct Journeys(BTreeMap<u32, Line>);

impl Journeys {
    /// Takes a hit of a tracepoint into account; returns the journeys that are at their ends with it. Events
    /// that were emitted before the trace began are left out.
    pub fn take(&mut self, event: &Event) -> Vec<Journey> {
        let Event { line, place, what } = event;
        let at = self.0.entry(*line).or_default();
        let mut ended = match what {
            What::Emit { seq, due_ns } => {
                let mut journey = Journey {
                    line: *line,
                    seq: *seq,
                    due_ns: *due_ns,
                    hops: Vec::new(),
                };
                journey.add(Kind::Emit, place, "");
                // Numbers begin anew when the driver is bound anew.
                let mut ended: Vec<_> = at.journeys.insert(*seq, journey).into_iter().collect();
                if at.journeys.len() > MOST {
                    ended.extend(at.journeys.pop_first().map(|(_, journey)| journey));
                }
                ended
            }
            What::Irq(span) => {
                at.irqs.insert(place.task.clone(), *span);
                at.pass(*span, &[(Kind::Irq, place, &count(*span))])
            }
            What::BhQueue { flavor, is_new } => match at.irqs.get(&place.task) {
                Some(span) => {
                    let already = if *is_new { "" } else { ", asked for already" };
                    let detail = format!("{flavor}{already}");
                    at.pass(*span, &[(Kind::Queue, place, &detail)])
                }
                None => Vec::new(),
            },
            What::BhStart { flavor } => {
                let run = Run {
                    place: place.clone(),
                    flavor: flavor.clone(),
                };
                at.runs.insert(place.task.clone(), run);
                Vec::new()
            }
            What::Wake => match at.done.remove(&place.task) {
                Some(span) => at.pass(span, &[(Kind::Wake, place, "")]),
                None => Vec::new(),
            },
            What::BhEnd(span) => {
                let run = at.runs.remove(&place.task);
                let mut hops = Vec::new();
                if let Some(run) = &run {
                    hops.push((Kind::Run, &run.place, run.flavor.as_str()));
                }
                at.done.insert(place.task.clone(), *span);
                let detail = count(*span);
                hops.push((Kind::Done, place, &detail));
                at.pass(*span, &hops)
            }
            What::Read(span) => at.pass(*span, &[(Kind::Read, place, &count(*span))]),
            What::Drop { span, cause } => at.pass(*span, &[(Kind::Lost, place, cause)]),
            What::Knob { .. } | What::Fault { .. } => Vec::new(),
        };
        ended.iter_mut().for_each(in_order);
        ended
    }

    /// All that has not come to its end.
    pub fn rest(&mut self) -> Vec<Journey> {
        let lines = mem::take(&mut self.0).into_values();
        let mut rest: Vec<_> = lines.flat_map(|line| line.journeys.into_values()).collect();
        rest.iter_mut().for_each(in_order);
        rest.sort_by_key(|journey| journey.due_ns);
        rest
    }
}

/// What a reader has got may be known before the bottom half that put it there has ended.
fn in_order(journey: &mut Journey) {
    journey.hops.sort_by_key(|hop| hop.place.ns);
}

fn count(span: Span) -> String {
    match span.events {
        1 => String::new(),
        events => format!("{events} events at once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trace in short: `line task ns what`.
    fn events(script: &[(u32, &str, u64, What)]) -> Vec<Event> {
        let event = |(line, task, ns, what): &(u32, &str, u64, What)| Event {
            line: *line,
            place: Place {
                ns: *ns,
                cpu: 0,
                task: (*task).to_string(),
                context: "task",
            },
            what: what.clone(),
        };
        script.iter().map(event).collect()
    }

    fn span(first: u64, last: u64) -> Span {
        Span {
            first,
            last,
            events: last - first + 1,
        }
    }

    fn emit(seq: u64) -> What {
        What::Emit {
            seq,
            due_ns: seq * 10,
        }
    }

    fn start() -> What {
        What::BhStart {
            flavor: "bound".to_string(),
        }
    }

    fn lost(span: Span) -> What {
        What::Drop {
            span,
            cause: "dropped".to_string(),
        }
    }

    fn queue() -> What {
        What::BhQueue {
            flavor: "bound".to_string(),
            is_new: true,
        }
    }

    /// What comes of a trace: the journeys as `line/seq hop hop …`, those that end and the rest.
    fn told(script: &[(u32, &str, u64, What)]) -> (Vec<String>, Vec<String>) {
        let mut journeys = Journeys::default();
        let tell = |journey: Journey| {
            let hops = journey.hops.iter();
            let hops: Vec<_> = hops.map(|hop| hop.kind.name()).collect();
            format!("{}/{} {}", journey.line, journey.seq, hops.join(" "))
        };
        let ended = events(script);
        let ended = ended.iter().flat_map(|event| journeys.take(event));
        let ended = ended.map(tell).collect();
        (ended, journeys.rest().into_iter().map(tell).collect())
    }

    #[test]
    fn an_event_comes_by_every_hop() {
        let (ended, rest) = told(&[
            (0, "a", 1, emit(7)),
            (0, "a", 2, What::Irq(span(7, 7))),
            (0, "a", 3, queue()),
            (0, "k", 4, start()),
            (0, "k", 5, What::BhEnd(span(7, 7))),
            (0, "k", 6, What::Wake),
            (0, "r", 7, What::Read(span(7, 7))),
        ]);
        assert_eq!(ended, ["0/7 emit irq queue run done wake read"]);
        assert!(rest.is_empty());
    }

    #[test]
    fn a_reader_may_be_faster_than_the_end_of_the_bottom_half() {
        let (ended, _) = told(&[
            (0, "a", 1, emit(7)),
            (0, "a", 2, What::Irq(span(7, 7))),
            (0, "k", 4, start()),
            (0, "r", 5, What::Read(span(7, 7))),
            (0, "k", 6, What::BhEnd(span(7, 7))),
        ]);
        assert_eq!(ended, ["0/7 emit irq run read done"]);
    }

    #[test]
    fn events_that_are_taken_together_share_their_hops() {
        let (ended, rest) = told(&[
            (0, "a", 1, emit(7)),
            (0, "a", 1, emit(8)),
            (0, "a", 2, What::Irq(span(7, 8))),
            (0, "k", 4, start()),
            (0, "k", 6, What::BhEnd(span(7, 8))),
            (0, "r", 7, What::Read(span(7, 7))),
        ]);
        assert_eq!(ended, ["0/7 emit irq run done read"]);
        assert_eq!(rest, ["0/8 emit irq run done"]);
    }

    #[test]
    fn lines_and_threads_are_not_mixed_up() {
        let (ended, rest) = told(&[
            (0, "a", 1, emit(7)),
            (1, "b", 1, emit(7)),
            (0, "a", 2, What::Irq(span(7, 7))),
            (1, "b", 2, What::Irq(span(7, 7))),
            (1, "b", 3, queue()),
            (0, "k", 4, start()),
            (1, "l", 5, start()),
            (0, "k", 6, What::BhEnd(span(7, 7))),
            (0, "r", 7, What::Read(span(7, 7))),
        ]);
        assert_eq!(ended, ["0/7 emit irq run done read"]);
        assert_eq!(rest, ["1/7 emit irq queue"]);
    }

    #[test]
    fn a_loss_ends_the_way_wherever_it_happens() {
        let (ended, rest) = told(&[
            (0, "a", 1, emit(7)),
            (0, "a", 1, lost(span(7, 7))),
            (0, "a", 2, emit(8)),
            (0, "a", 3, What::Irq(span(8, 8))),
            (0, "k", 4, start()),
            (0, "k", 5, lost(span(8, 8))),
            (0, "k", 6, What::BhEnd(span(8, 8))),
        ]);
        assert_eq!(ended, ["0/7 emit lost", "0/8 emit irq run lost done"]);
        assert!(rest.is_empty());
    }

    #[test]
    fn what_was_emitted_before_the_trace_began_is_left_out() {
        let (ended, rest) = told(&[
            (0, "a", 2, What::Irq(span(7, 7))),
            (0, "k", 6, What::BhEnd(span(7, 7))),
            (0, "r", 7, What::Read(span(7, 7))),
        ]);
        assert_eq!((ended.len(), rest.len()), (0, 0));
    }

    #[test]
    fn a_number_that_comes_again_is_another_event() {
        let (ended, rest) = told(&[(0, "a", 1, emit(7)), (0, "a", 2, emit(7))]);
        assert_eq!(ended, ["0/7 emit"]);
        assert_eq!(rest, ["0/7 emit"]);
    }

    #[test]
    fn spans_that_make_no_sense_are_of_no_event() {
        let odd = Span {
            first: 9,
            last: 7,
            events: 3,
        };
        let (ended, rest) = told(&[(0, "a", 1, emit(7)), (0, "a", 2, What::Irq(odd))]);
        assert!(ended.is_empty());
        assert_eq!(rest, ["0/7 emit"]);
    }
}
