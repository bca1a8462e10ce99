// SPDX-License-Identifier: GPL-2.0-only

//! The steps of an event's way: from when it was due, by every hop, to its end.

use simrupt::trace::journey::{Hop, Journey, Kind};

use super::mark::{Context, Row};

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    /// The lane.
    pub(super) row: Row,
    /// In nanoseconds of CLOCK_MONOTONIC.
    pub(super) ns: u64,
    /// The name of the hop, as `simructl trace` has it.
    pub(super) name: &'static str,
    /// What happened, and where.
    pub(super) words: String,
}

/// The names of all steps that there can be, in the usual order.
pub(super) const NAMES: [&str; 9] = [
    DUE, "emit", "irq", "queue", "run", "done", "wake", "read", "lost",
];

pub(super) const DUE: &str = "due";

/// The steps of a journey, by time.
pub(super) fn steps(journey: &Journey) -> Vec<Step> {
    let due = Step {
        row: Row::Device,
        ns: journey.due_ns,
        name: DUE,
        words: "the event is due".to_string(),
    };
    let hops = journey.hops.iter().map(|hop| Step {
        row: Row::of(&hop.place),
        ns: hop.place.ns,
        name: hop.kind.name(),
        words: words(hop),
    });
    [due].into_iter().chain(hops).collect()
}

fn words(hop: &Hop) -> String {
    let what = match hop.kind {
        Kind::Emit => "the device puts it into its ring and raises the line",
        Kind::Irq => "the top half acknowledges it",
        Kind::Queue => "the top half asks for a run of the bottom half",
        Kind::Run => "the bottom half begins",
        Kind::Done => "the bottom half ends",
        Kind::Wake => "the bottom half wakes readers",
        Kind::Read => "a reader has it",
        Kind::Lost => "it is lost",
    };
    let detail = match hop.detail.as_str() {
        "" => String::new(),
        detail => format!(" ({detail})"),
    };
    let cpu = hop.place.cpu;
    let whose = match Row::of(&hop.place) {
        Row::Cpu(_, Context::Task) => hop.place.task.as_str(),
        _ => hop.place.context,
    };
    format!("{what}{detail}: CPU {cpu}, {whose}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::picture::tests::picture;

    #[test]
    fn the_way_begins_where_the_event_is_due_and_names_every_hop() {
        let picture = picture();
        let steps = steps(picture.chosen().unwrap());
        let told: Vec<String> = steps
            .iter()
            .map(|step| format!("{} {} {}", step.ns, step.name, step.words))
            .collect();
        assert_eq!(
            told,
            [
                "1000 due the event is due",
                "2200 emit the device puts it into its ring and raises the line: CPU 1, hardirq",
                "3900 irq the top half acknowledges it (2 events at once): CPU 1, hardirq",
                "4100 queue the top half asks for a run of the bottom half (bound): CPU 1, hardirq",
                "9400 run the bottom half begins (bound): CPU 1, kworker/1:0-31",
                "10100 done the bottom half ends (2 events at once): CPU 1, kworker/1:0-31",
                "10800 wake the bottom half wakes readers: CPU 1, kworker/1:0-31",
                "20300 read a reader has it: CPU 0, a <b> & c-99",
            ]
        );
        assert!(steps.iter().all(|step| NAMES.contains(&step.name)));
    }
}
