// SPDX-License-Identifier: GPL-2.0-only

//! The events of all CPUs in the order of their times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::handlers::event::{Names, Sink};
use crate::handlers::page::{Layout, Pages, Records};
use crate::handlers::raw::Decoder;

/// The pages of a CPU's buffer that were read but not yet handed on.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) cpu: u32,
    pub(super) pages: Pages,
}

impl Source {
    pub(super) fn new(cpu: u32, layout: Layout) -> Self {
        let pages = Pages::new(layout);
        Self { cpu, pages }
    }
}

/// Decodes the records of a CPU's pages, and hands the events on.
struct Understood<'a, S> {
    cpu: u32,
    decoder: &'a mut Decoder,
    names: &'a mut Names,
    sink: &'a mut S,
}

impl<S: Sink> Records for Understood<'_, S> {
    #[inline(always)]
    fn take(&mut self, ns: u64, bytes: &[u8]) {
        let Self {
            cpu,
            decoder,
            names,
            sink,
        } = self;
        decoder.hand_on(ns, *cpu, bytes, names, *sink);
    }

    fn lose(&mut self) {
        self.sink.lose();
    }
}

/// Hands on the events up to a time, in order, and keeps the others.
pub(super) fn merge(
    sources: &mut [Source],
    decoder: &mut Decoder,
    names: &mut Names,
    until_ns: u64,
    sink: &mut impl Sink,
) {
    let mut order: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut next = (0..sources.len()).map(|at| (0, at)).collect::<Vec<_>>();
    loop {
        // First, the time of each CPU's first event is found.
        let (limit_ns, at) = match (next.pop(), order.pop()) {
            (Some((limit_ns, at)), None) => (limit_ns, at),
            (Some(first), Some(other)) => {
                order.push(other);
                first
            }
            (None, Some(Reverse((ns, at)))) if ns <= until_ns => {
                // As long as no other CPU has an earlier event.
                let other = order.peek();
                let bound = other.map_or(until_ns, |Reverse((other, _))| until_ns.min(*other));
                (bound.saturating_add(1), at)
            }
            _ => break,
        };
        let Source { cpu, pages } = &mut sources[at];
        let mut understood = Understood {
            cpu: *cpu,
            decoder: &mut *decoder,
            names: &mut *names,
            sink: &mut *sink,
        };
        let next_ns = pages.take_before(limit_ns, &mut understood);
        order.extend(next_ns.map(|ns| Reverse((ns, at))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handlers::event::{At, Function, Handler, Name, Slot, Task};
    use crate::handlers::page::tests::{layout, page, record};
    use crate::handlers::raw::tests::raise_alone;
    use proptest::prelude::*;

    /// The buffer of a CPU with softirqs raised at these times.
    fn source(cpu: u32, times: &[u64]) -> Source {
        let mut source = Source::new(cpu, layout());
        let mut last = 0;
        for times in times.chunks(3) {
            let start = last;
            let records: Vec<_> = times
                .iter()
                .map(|ns| {
                    let delta = u32::try_from(ns - last).unwrap();
                    last = *ns;
                    record(3, delta, &[7, 0, 0, 0, 42, 0, 0, 0, 6, 0, 0, 0])
                })
                .collect();
            let bytes = page(start, false, &records.concat());
            assert!(source.pages.read(&mut bytes.as_slice()).unwrap());
        }
        source
    }

    fn merged(sources: &mut [Source], until_ns: u64) -> Vec<(u64, u32)> {
        let mut names = Names::default();
        let mut decoder = raise_alone(&mut names);
        let mut events = Seen::default();
        merge(sources, &mut decoder, &mut names, until_ns, &mut events);
        events.0
    }

    #[derive(Default)]
    struct Seen(Vec<(u64, u32)>);

    impl Sink for Seen {
        fn raise(&mut self, at: At, vector: u32) {
            assert_eq!((at.pid, vector), (42, 6));
            self.0.push((at.ns, at.cpu));
        }

        fn enter(&mut self, at: At, handler: Handler) {
            panic!("{at:?} {handler:?}");
        }

        fn leave(&mut self, at: At, slot: Slot) {
            panic!("{at:?} {slot:?}");
        }

        fn queue(&mut self, at: At, work: u64, _: Function, _: Name) {
            panic!("{at:?} {work}");
        }

        fn start(&mut self, at: At, work: u64, _: Function) {
            panic!("{at:?} {work}");
        }

        fn wake(&mut self, at: At, pid: u32) {
            panic!("{at:?} {pid}");
        }

        fn switch(&mut self, at: At, from: Task, to: Task, _: bool) {
            panic!("{at:?} {from:?} {to:?}");
        }

        fn lose(&mut self) {
            panic!("nothing is lost");
        }
    }

    #[test]
    fn events_come_in_the_order_of_their_times_and_later_ones_wait() {
        let mut sources = [
            source(0, &[1, 2, 7, 9]),
            source(3, &[]),
            source(5, &[2, 3, 8, 20]),
        ];
        assert_eq!(
            merged(&mut sources, 8),
            [(1, 0), (2, 0), (2, 5), (3, 5), (7, 0), (8, 5)]
        );
        assert_eq!(merged(&mut sources, 8), []);
        assert_eq!(merged(&mut sources, u64::MAX), [(9, 0), (20, 5)]);
    }

    proptest! {
        #[test]
        fn no_event_is_lost_or_out_of_order(
            mut times in proptest::collection::vec(proptest::collection::vec(0_u64..100, 0..30), 0..5),
            until_ns in 0_u64..100,
        ) {
            let each = times.iter_mut().enumerate();
            let mut sources: Vec<Source> = each
                .map(|(number, times)| {
                    times.sort_unstable();
                    source(number as u32, times)
                })
                .collect();
            let first = merged(&mut sources, until_ns);
            let rest = merged(&mut sources, u64::MAX);
            prop_assert!(first.iter().all(|(ns, _)| *ns <= until_ns));
            prop_assert!(rest.iter().all(|(ns, _)| *ns > until_ns));
            for events in [&first, &rest] {
                prop_assert!(events.is_sorted_by_key(|(ns, _)| *ns));
            }
            let mut all = times.concat();
            all.sort_unstable();
            let seen: Vec<u64> = first.iter().chain(&rest).map(|(ns, _)| *ns).collect();
            prop_assert_eq!(seen, all);
        }
    }
}
