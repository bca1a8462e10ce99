// SPDX-License-Identifier: GPL-2.0-only

//! Pictures of a trace, for `simructl trace --html` and `--svg`: lanes for the contexts of each CPU, and in them the way
//! of one event.
//!
//! - `scene`: collects what is drawn while a trace is read;
//! - `mark`: the bars and points that hits of tracepoints make;
//! - `step`: the steps of the way that is highlighted, in words;
//! - `drawing`: the lanes as SVG; `svg`, `html`: the file and the page with them;
//! - `files`: where the two go.

mod drawing;
mod files;
mod html;
mod mark;
mod scene;
mod step;
mod svg;

use simrupt::trace::journey::Journey;

use self::mark::{Mark, Row};

pub(crate) use self::files::Pictures;
pub(crate) use self::scene::Scene;

/// All that a picture shows.
#[derive(Debug)]
pub(crate) struct Picture {
    /// By the time of their begins.
    marks: Vec<Mark>,
    /// By the times when they were due.
    journeys: Vec<Journey>,
    /// Which of the journeys is highlighted.
    chosen: Option<usize>,
    /// Hits of tracepoints that were more than a picture has.
    left_out: u64,
    /// Hits of tracepoints that the trace itself has lost.
    lost: u64,
}

impl Picture {
    /// The journey that is highlighted.
    fn chosen(&self) -> Option<&Journey> {
        self.journeys.get(self.chosen?)
    }

    /// Where the times of the picture begin, in nanoseconds of CLOCK_MONOTONIC.
    fn zero_ns(&self) -> u64 {
        self.marks.first().map_or(0, |mark| mark.from_ns)
    }

    /// The end of the last mark.
    fn end_ns(&self) -> u64 {
        let ends = self.marks.iter().map(|mark| mark.to_ns);
        ends.max().unwrap_or(0)
    }

    /// The least and the greatest time of what is highlighted, or of everything.
    fn window_ns(&self) -> (u64, u64) {
        let Some(journey) = self.chosen() else {
            return (self.zero_ns(), self.end_ns());
        };
        let last = journey.hops.iter().map(|hop| hop.place.ns).max();
        (journey.due_ns, last.unwrap_or(journey.due_ns))
    }

    /// The lanes, from top to bottom.
    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.marks.iter().map(|mark| mark.row).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The picture as a file of SVG.
    fn svg(&self) -> String {
        svg::svg(self)
    }

    /// The picture as a page.
    fn html(&self) -> String {
        html::html(self)
    }
}

/// What a journey is called.
fn name_of(journey: &Journey) -> String {
    format!("event {} of line {}", journey.seq, journey.line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use simrupt::trace::event::Row as Hit;
    use simrupt::trace::journey::Journeys;

    /// Two events of line 0 that share their hops, the first of which is read; one of line 1 is lost.
    pub(super) const TRACE: &str = "\
<idle>-0 [001] d.h1. 1.0: simrupt_emit: line=0 seq=7 due_ns=1000 ns=2200
<idle>-0 [001] d.h1. 1.0: simrupt_emit: line=0 seq=8 due_ns=1100 ns=2300
<idle>-0 [001] d.h1. 1.0: simrupt_irq: line=0 seq=7 last_seq=8 events=2 raises=1 ns=3900
<idle>-0 [001] d.h1. 1.0: simrupt_bh_queue: line=0 flavor=bound queued=1 ns=4100
kworker/1:0-31 [001] ...1. 1.0: simrupt_bh_start: line=0 flavor=bound context=task ns=9400
kworker/1:0-31 [001] ...1. 1.0: simrupt_bh_end: line=0 seq=7 last_seq=8 events=2 ns=10100
kworker/1:0-31 [001] ...1. 1.0: simrupt_wake: line=0 queued=2 ns=10800
a <b> & c-99 [000] ..... 1.0: simrupt_read: line=0 seq=7 last_seq=7 due_ns=1000 events=1 ns=20300
cat-9 [000] d.h1. 1.0: simrupt_emit: line=1 seq=0 due_ns=30000 ns=30900
cat-9 [000] d.h1. 1.0: simrupt_drop: line=1 seq=0 events=1 cause=overrun ns=31000
bash-50 [000] ..... 1.0: simrupt_knob: line=0 name=rate_hz value=2000 ns=40000
bash-50 [000] d.h1. 1.0: simrupt_fault: line=0 kind=late number=3 ns=41000
";

    pub(super) fn scene(trace: &str) -> Scene {
        let (mut scene, mut journeys) = (Scene::default(), Journeys::default());
        for row in trace.lines() {
            let Ok(Hit::Event(event)) = Hit::parse(row) else {
                panic!("{row}");
            };
            scene.add(&event);
            journeys
                .take(&event)
                .iter()
                .for_each(|one| scene.add_journey(one));
        }
        journeys
            .rest()
            .iter()
            .for_each(|one| scene.add_journey(one));
        scene
    }

    pub(super) fn picture() -> Picture {
        scene(TRACE).finish(None, 0).unwrap()
    }

    #[test]
    fn the_window_is_the_way_of_the_event() {
        let mut picture = picture();
        assert_eq!(picture.window_ns(), (1000, 20_300));
        picture.chosen = None;
        assert_eq!(picture.window_ns(), (1000, 41_000));
    }

    #[test]
    fn the_lanes_are_those_that_have_something_in_them() {
        let labels: Vec<String> = picture().rows().iter().map(|row| row.label()).collect();
        assert_eq!(
            labels,
            [
                "device",
                "CPU 0 hardirq",
                "CPU 0 task",
                "CPU 1 hardirq",
                "CPU 1 task"
            ]
        );
    }
}
