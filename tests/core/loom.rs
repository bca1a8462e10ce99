// SPDX-License-Identifier: GPL-2.0-only

//! Every interleaving of the ring's three contexts, of the counters' reader and writer, and of the fifo's users, within
//! the model checker's bounds.
//!
//! The checker only finds a race between a store and the last access to the same word. So writers keep the values that
//! they wrote instead of reading them back, which would hide the reads of others: see `Word`. Weakening a memory
//! ordering makes one of these tests fail; that was tried for each of them.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --test loom`; empty otherwise.
#![cfg(loom)]

use loom::{
    sync::{Arc, Mutex},
    thread,
};
use simrupt_core::{
    abi::{seq_of, Record, Words, WORDS},
    counters::{Counters, Writer},
    fifo::{self, Claim, Fifo, Gauge},
    histogram::{Histogram, Recorder},
    knobs::Policy,
    mask::Mask,
    platform::Word,
    ring::{Acknowledged, BottomEnd, Ends, Ring, Slot, TopEnd},
};
use std::convert::Infallible;

fn ends(size: usize) -> Ends<Arc<Ring>> {
    let slots = (0..size).map(|_| Slot::new()).collect();
    let Ok(parts) = Ring::with_ends(slots, |ring| Ok::<_, Infallible>(Arc::new(ring)));
    parts.expect("a power of two").1
}

fn acknowledge(top: &mut TopEnd<Arc<Ring>>, irq_ns: u64) -> Acknowledged {
    top.refresh();
    top.acknowledge(irq_ns, 1, |_| ())
}

/// The data that the bottom half gets with an event.
struct Event {
    seq: u64,
    due_ns: u64,
    irq_ns: u64,
    value: u8,
}

fn take(bottom: &mut BottomEnd<Arc<Ring>>, most: usize, taken: &mut Vec<Event>) {
    bottom.refresh();
    let end = taken.len() + most;
    while taken.len() < end && !bottom.is_empty() {
        let left = end - taken.len();
        bottom.take(left, |part| {
            taken.extend(part.iter().map(|slot| Event {
                seq: slot.seq(),
                due_ns: slot.due_ns(),
                irq_ns: slot.irq_ns(),
                value: slot.value(),
            }));
        });
    }
}

/// Device, top half and bottom half at the same time: every pushed event comes out once, in order, with its own data,
/// and nothing else does.
#[test]
fn the_ring_hands_each_event_from_owner_to_owner() {
    loom::model(|| {
        let Ends {
            mut device,
            mut top,
            mut bottom,
        } = ends(2);
        let device = thread::spawn(move || {
            let mut stored = Vec::new();
            for seq in 0..3 {
                if device.push(seq, seq + 100, seq as u8).is_ok() {
                    stored.push(seq);
                }
                device.announce();
            }
            (device, stored)
        });
        let top_half = thread::spawn(move || {
            acknowledge(&mut top, 500);
            acknowledge(&mut top, 501);
            top
        });
        let mut taken = Vec::new();
        for _ in 0..2 {
            take(&mut bottom, 1, &mut taken);
        }
        let (_device, stored) = device.join().unwrap();
        let mut top = top_half.join().unwrap();
        acknowledge(&mut top, 502);
        take(&mut bottom, 3, &mut taken);
        assert_eq!(
            taken.iter().map(|event| event.seq).collect::<Vec<_>>(),
            stored
        );
        for event in &taken {
            assert_eq!(event.due_ns, event.seq + 100);
            assert_eq!(u64::from(event.value), event.seq);
            assert!((500..=502).contains(&event.irq_ns));
        }
    });
}

/// The top half never handles a raise without seeing the events that it announces.
#[test]
fn a_raise_brings_its_events_with_it() {
    loom::model(|| {
        let Ends {
            mut device,
            mut top,
            bottom: _bottom,
        } = ends(4);
        let device = thread::spawn(move || {
            for seq in 0..2 {
                device.push(seq, 0, 0).unwrap();
                device.announce();
                device.note_raise();
            }
        });
        let (mut raises, mut events) = (0, 0);
        for _ in 0..2 {
            let found = acknowledge(&mut top, 0);
            raises += found.raises;
            events += found.events;
            assert!(events >= raises);
        }
        device.join().unwrap();
    });
}

/// A driver polls while the device goes on: each event is either seen by the last check before the unmasking, or
/// interrupts.
#[test]
fn no_event_is_forgotten_between_the_last_look_and_the_unmasking() {
    loom::model(|| {
        let shared = Arc::new((Mask::new(), Word::new(1)));
        assert!(shared.0.mask());
        let device = thread::spawn({
            let shared = shared.clone();
            move || {
                let (mask, announced) = &*shared;
                let mut has_interrupted = false;
                for event in 2..=3 {
                    announced.store_release(event);
                    if !mask.keeps_back() {
                        // The top half: from here on the next poll must check.
                        has_interrupted |= mask.mask();
                    }
                }
                has_interrupted
            }
        });
        let (mask, announced) = &*shared;
        let mut seen = announced.load_acquire();
        while !mask.unmask() {
            seen = announced.load_acquire();
        }
        let has_interrupted = device.join().unwrap();
        assert!(seen == 3 || has_interrupted, "{seen}");
    });
}

/// The top half is called for an interrupt from before the masking, while the driver polls: either it masks nothing,
/// and makes the driver check once more, or it masks the device itself.
#[test]
fn a_call_that_comes_while_the_driver_polls_has_it_look_once_more() {
    loom::model(|| {
        let shared = Arc::new((Mask::new(), Word::new(0)));
        assert!(shared.0.mask());
        let top_half = thread::spawn({
            let shared = shared.clone();
            move || {
                let (mask, announced) = &*shared;
                announced.store_release(1);
                mask.mask()
            }
        });
        let (mask, announced) = &*shared;
        let mut seen = announced.load_acquire();
        while !mask.unmask() {
            seen = announced.load_acquire();
        }
        let has_masked = top_half.join().unwrap();
        assert!(seen == 1 || has_masked);
        assert_eq!(mask.keeps_back(), has_masked);
    });
}

/// A reader sees either the whole update or nothing of it.
#[test]
fn a_snapshot_of_counters_is_never_torn() {
    let mut bounds = loom::model::Builder::new();
    bounds.preemption_bound = Some(3);
    bounds.check(|| {
        let counters = Arc::new(Counters::<2>::new());
        let writer = {
            let mut writer = Writer::new(counters.clone());
            thread::spawn(move || {
                for _ in 0..2 {
                    writer.begin();
                    writer.add(0, 1);
                    writer.add(1, 1);
                    writer.end();
                }
            })
        };
        let (counts, ()) = counters.snapshot(|| ());
        assert_eq!(counts[0], counts[1]);
        writer.join().unwrap();
        assert_eq!(counters.snapshot(|| ()).0, [2, 2]);
    });
}

/// A reader that first reads the counts finds no counted value above the maximum. (With values without a bucket,
/// because the recorder reads a bucket back before it writes it.)
#[test]
fn the_maximum_is_not_below_a_value_that_is_counted() {
    let mut bounds = loom::model::Builder::new();
    bounds.preemption_bound = Some(3);
    bounds.check(|| {
        let histogram = Arc::new(Histogram::new(vec![Word::new(0)]));
        let writer = {
            let mut recorder = Recorder::new(histogram.clone());
            thread::spawn(move || recorder.record(7, 1, 1, 0))
        };
        let counted = histogram.overflow();
        let max = histogram.max().value;
        assert!(
            counted == 0 || max == 7,
            "{counted} counted, none above {max}"
        );
        writer.join().unwrap();
        assert_eq!((histogram.overflow(), histogram.max().value), (1, 7));
    });
}

/// A fifo with its reader, as in the module: each under a lock, and the gauge without one.
struct Shared {
    fifo: Mutex<Fifo>,
    claim: Mutex<Claim>,
    gauge: std::sync::Arc<Gauge>,
}

fn slots(size: usize) -> Vec<fifo::Slot> {
    (0..size).map(|_| fifo::Slot::new()).collect()
}

fn record(seq: u64) -> Words {
    Record {
        seq,
        ..Record::default()
    }
    .into()
}

impl Shared {
    fn new(size: usize) -> Arc<Self> {
        let gauge = std::sync::Arc::new(Gauge::new());
        let fifo = Fifo::new(slots(size), gauge.clone(), Policy::Overwrite);
        let claim = Claim::new(vec![[0; WORDS]; 2], gauge.clone());
        Arc::new(Self {
            fifo: Mutex::new(fifo),
            claim: Mutex::new(claim),
            gauge,
        })
    }

    fn push(&self, seq: u64) {
        let mut fifo = self.fifo.lock().unwrap();
        fifo.push(record(seq));
        fifo.announce();
    }

    fn read(&self) -> Vec<u64> {
        let mut claim = self.claim.lock().unwrap();
        self.fifo.lock().unwrap().claim(&mut claim, 2);
        // Here the module copies to user space, without the fifo's lock.
        let seqs: Vec<u64> = claim.records(2).iter().map(seq_of).collect();
        claim.deliver(seqs.len());
        seqs
    }
}

/// Bottom half, a reader and a resize at the same time: every record is accounted for, and the reader gets its records
/// in order.
#[test]
fn the_fifo_accounts_for_every_record_in_any_order() {
    let mut bounds = loom::model::Builder::new();
    bounds.preemption_bound = Some(3);
    bounds.check(|| {
        let shared = Shared::new(2);
        let bottom_half = {
            let shared = shared.clone();
            thread::spawn(move || {
                (0..3).for_each(|seq| shared.push(seq));
                // The same context resizes: the kernel serializes the two.
                let mut moving = shared.fifo.lock().unwrap().resize_begin(slots(1));
                while !shared.fifo.lock().unwrap().resize_step(&mut moving, 1) {}
            })
        };
        let mut seen = shared.read();
        seen.extend(shared.read());
        bottom_half.join().unwrap();
        seen.extend(shared.read());
        assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
        let (counts, queued) = shared.fifo.lock().unwrap().counts();
        assert_eq!(counts.read, seen.len() as u64);
        assert_eq!(
            counts.drained,
            counts.dropped + counts.overwritten + counts.flushed + counts.read + queued
        );
    });
}

/// A reader that checks the gauge does not go to sleep while there is an announced record, even if another reader
/// claims it at the same time and cannot deliver it. And the sum holds in any snapshot of the counts.
#[test]
fn the_gauge_shows_a_record_on_its_way_from_the_fifo_to_a_reader() {
    loom::model(|| {
        let shared = Shared::new(2);
        shared.push(0);
        let reader = {
            let shared = shared.clone();
            thread::spawn(move || {
                let mut claim = shared.claim.lock().unwrap();
                shared.fifo.lock().unwrap().claim(&mut claim, 1);
            })
        };
        assert!(shared.gauge.is_readable());
        let (counts, queued) = shared.fifo.lock().unwrap().counts();
        assert_eq!((counts.drained, counts.read + queued), (1, 1));
        reader.join().unwrap();
        assert!(shared.gauge.is_readable());
    });
}
