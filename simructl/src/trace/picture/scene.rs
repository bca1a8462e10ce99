// SPDX-License-Identifier: GPL-2.0-only

//! Collects what a picture shows while a trace is read, and chooses the event that is highlighted.

use simrupt::failure::Failure;
use simrupt::trace::event::Event;
use simrupt::trace::journey::{Journey, Kind};

use super::mark::Marks;
use super::{Picture, name_of};

const WHAT: &str = "cannot draw the trace";

/// How many hits of tracepoints a picture has. A page with more of them is slow, and nobody finds anything in it.
const MOST: u64 = 2000;

/// What was collected.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    marks: Marks,
    journeys: Vec<Journey>,
    hits: u64,
}

impl Scene {
    /// Takes a hit of a tracepoint into account.
    pub(crate) fn add(&mut self, event: &Event) {
        if self.hits < MOST {
            self.marks.take(event);
        }
        self.hits += 1;
    }

    /// Takes the way of an event into account, all of whose hits were added before.
    pub(crate) fn add_journey(&mut self, journey: &Journey) {
        // Of what is not drawn, no way can be.
        if self.hits <= MOST {
            self.journeys.push(journey.clone());
        }
    }

    /// Makes the picture; `event` is the number of the event that is highlighted, and `lost` how many hits the trace has
    /// lost.
    ///
    /// # Errors
    ///
    /// There is nothing to draw, or no such event.
    pub(crate) fn finish(self, event: Option<u64>, lost: u64) -> Result<Picture, Failure> {
        let Self {
            marks,
            mut journeys,
            hits,
        } = self;
        let mut marks = marks.all;
        if marks.is_empty() {
            return Err(
                Failure::new(WHAT, "no tracepoint was hit").remedy("a reader: simructl read")
            );
        }
        // Equal times stay in the order of the trace.
        marks.sort_by_key(|mark| mark.from_ns);
        journeys.sort_by_key(|journey| (journey.due_ns, journey.line, journey.seq));
        let chosen = match event {
            Some(seq) => Some(find(&journeys, seq)?),
            None => typical(&journeys),
        };
        Ok(Picture {
            marks,
            journeys,
            chosen,
            left_out: hits.saturating_sub(MOST),
            lost,
        })
    }
}

fn find(journeys: &[Journey], seq: u64) -> Result<usize, Failure> {
    let found = journeys.iter().position(|journey| journey.seq == seq);
    found.ok_or_else(|| {
        let failure = Failure::new(WHAT, format!("there is no event {seq} to highlight"));
        match (journeys.first(), journeys.last()) {
            (Some(first), Some(last)) => failure
                .because(&format!(
                    "the first is {}, the last {}",
                    name_of(first),
                    name_of(last)
                ))
                .remedy(format!("--event {}", first.seq)),
            _ => failure,
        }
    })
}

/// The event that took a median time from due to read, among those that came all the way; else the one with most hops.
fn typical(journeys: &[Journey]) -> Option<usize> {
    let took_ns = |journey: &Journey| {
        let mut hops = journey.hops.iter();
        let read = hops.find(|hop| hop.kind == Kind::Read)?;
        let is_whole = journey.is_whole();
        is_whole.then_some(read.place.ns.saturating_sub(journey.due_ns))
    };
    let all = journeys.iter().enumerate();
    let mut read: Vec<(u64, usize)> = all
        .clone()
        .filter_map(|(at, journey)| Some((took_ns(journey)?, at)))
        .collect();
    read.sort_unstable();
    match read.get(read.len().saturating_sub(1) / 2) {
        Some((_, at)) => Some(*at),
        // Of several, the first.
        None => all
            .rev()
            .max_by_key(|(_, journey)| journey.hops.len())
            .map(|(at, _)| at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::picture::tests::{TRACE, scene};

    /// Events that were read so many nanoseconds after they were due, the first of them number 0.
    fn read_after(times_ns: &[u64]) -> Scene {
        let rows = times_ns.iter().zip(0..).map(|(ns, seq)| {
            let due = 1000 + 100 * seq;
            format!(
                "a-1 [000] d.h1. 1.0: simrupt_emit: line=0 seq={seq} due_ns={due} ns={due}\n\
                 a-1 [000] d.h1. 1.0: simrupt_irq: line=0 seq={seq} last_seq={seq} events=1 raises=1 ns={due}\n\
                 a-1 [000] ..s1. 1.0: simrupt_bh_start: line=0 flavor=bh context=softirq ns={due}\n\
                 a-1 [000] ..s1. 1.0: simrupt_bh_end: line=0 seq={seq} last_seq={seq} events=1 ns={due}\n\
                 a-1 [000] ..... 1.0: simrupt_read: line=0 seq={seq} last_seq={seq} due_ns=1 events=1 ns={}\n",
                due + ns
            )
        });
        scene(&rows.collect::<String>())
    }

    #[test]
    fn a_typical_event_is_highlighted_unless_one_is_asked_for() {
        for (times_ns, seq) in [
            (&[50, 10, 90, 40, 20][..], 3),
            (&[50, 10, 90, 40], 3),
            (&[7], 0),
        ] {
            let picture = read_after(times_ns).finish(None, 0).unwrap();
            assert_eq!(picture.chosen().unwrap().seq, seq, "{times_ns:?}");
        }
        let picture = read_after(&[50, 10, 90]).finish(Some(2), 0).unwrap();
        assert_eq!(picture.chosen().unwrap().seq, 2);
    }

    #[test]
    fn without_one_that_came_all_the_way_the_one_that_came_farthest_is_highlighted() {
        let begun: Vec<&str> = TRACE.lines().take(6).collect();
        let picture = scene(&begun.join("\n")).finish(None, 0).unwrap();
        assert_eq!(picture.chosen().unwrap().seq, 7);
    }

    #[test]
    fn an_event_that_is_not_there_is_told_with_those_that_are() {
        let failure = scene(TRACE).finish(Some(99), 0).unwrap_err().to_string();
        assert!(failure.contains("no event 99 to highlight"), "{failure}");
        assert!(failure.contains("event 7 of line 0"), "{failure}");
        assert!(failure.contains("event 0 of line 1"), "{failure}");
    }

    #[test]
    fn nothing_is_no_picture() {
        let failure = Scene::default().finish(None, 0).unwrap_err().to_string();
        assert!(failure.contains("no tracepoint was hit"), "{failure}");
    }

    #[test]
    fn what_is_too_much_for_a_picture_is_counted() {
        let times_ns = vec![1; 450];
        let picture = read_after(&times_ns).finish(None, 0).unwrap();
        assert_eq!(picture.left_out, 250);
        assert_eq!(picture.journeys.len(), 400);
        assert!(picture.journeys.iter().all(Journey::is_whole));
    }
}
