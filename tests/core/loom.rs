// SPDX-License-Identifier: GPL-2.0-only

//! Every interleaving of the ring's three contexts, of a tally's reader and writer, and of the
//! fifo's users, as far as the model checker's bounds reach.
//!
//! The checker finds a race between a store and the last access to the same word only. So writers
//! keep what they wrote instead of reading it back, which would hide everybody else's reads: see
//! `Word`. Break a memory ordering, and one of these fails; that was tried for each of them.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --test loom`; empty otherwise.
#![cfg(loom)]

use loom::{
    sync::{Arc, Mutex},
    thread,
};
use simrupt_core::{
    abi::Record,
    fifo::Fifo,
    histogram::{Histogram, Recorder},
    knobs::Policy,
    platform::Word,
    ring::{Acknowledged, BottomEnd, Event, Ring, Slot, TopEnd},
    tally::{Tally, Writer},
};

fn ring(size: usize) -> Arc<Ring> {
    Arc::new(Ring::new((0..size).map(|_| Slot::new()).collect()).unwrap())
}

fn acknowledge(top: &mut TopEnd<Arc<Ring>>, irq_ns: u64) -> Acknowledged {
    top.look();
    top.acknowledge(irq_ns, 1, |_| ())
}

fn take(bottom: &mut BottomEnd<Arc<Ring>>, most: usize, taken: &mut Vec<Event>) {
    bottom.look();
    bottom.take(most, |event| taken.push(event));
}

/// Device, top half and bottom half at the same time: whatever is pushed comes out once, in order,
/// with its own data, and nothing else does.
#[test]
fn the_ring_hands_each_event_from_owner_to_owner() {
    loom::model(|| {
        // SAFETY: A new ring, split once.
        let (mut device, mut top, mut bottom) = unsafe { Ring::split(ring(2)) };
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

/// The top half never takes notice of a raise without seeing the events that it announces.
#[test]
fn a_raise_brings_its_events_with_it() {
    loom::model(|| {
        // SAFETY: A new ring, split once.
        let (mut device, mut top, _bottom) = unsafe { Ring::split(ring(4)) };
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

/// A reader sees all of an update or nothing of it.
#[test]
fn a_snapshot_of_a_tally_is_never_torn() {
    let mut bounds = loom::model::Builder::new();
    bounds.preemption_bound = Some(3);
    bounds.check(|| {
        let tally = Arc::new(Tally::<2>::new());
        let writer = {
            let mut writer = Writer::new(tally.clone());
            thread::spawn(move || {
                for _ in 0..2 {
                    writer.update(|counts| {
                        counts.add(0, 1);
                        counts.add(1, 1);
                    });
                }
            })
        };
        let (counts, ()) = tally.snapshot(|| ());
        assert_eq!(counts[0], counts[1]);
        writer.join().unwrap();
        assert_eq!(tally.snapshot(|| ()).0, [2, 2]);
    });
}

/// A reader that looks at what is counted first finds no value there that is above the maximum. (Values without a
/// bucket, as the recorder reads a bucket back before it writes it.)
#[test]
fn the_maximum_is_not_below_a_value_that_is_counted() {
    let mut bounds = loom::model::Builder::new();
    bounds.preemption_bound = Some(3);
    bounds.check(|| {
        let histogram = Arc::new(Histogram::new(vec![Word::new(0)]));
        let writer = {
            let mut recorder = Recorder::new(histogram.clone());
            thread::spawn(move || {
                let mut batch = recorder.batch(1, 0);
                batch.record(7);
            })
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

fn read(fifo: &Mutex<Fifo>, delivered: usize) -> Vec<u64> {
    let mut out = vec![Record::default(); 2];
    let count = fifo.lock().unwrap().claim(&mut out);
    // The copy to user space stands here, without the lock.
    let delivered = delivered.min(count);
    fifo.lock().unwrap().settle(delivered);
    out[..delivered].iter().map(|record| record.seq).collect()
}

/// Bottom half, a reader and a resize at the same time: every record is accounted for, and the
/// reader gets what it gets in order.
#[test]
fn the_fifo_accounts_for_every_record_whoever_comes_first() {
    loom::model(|| {
        let room = |size| vec![Record::default(); size];
        let fifo = Arc::new(Mutex::new(Fifo::new(room(2), Policy::Overwrite)));
        let bottom_half = {
            let fifo = fifo.clone();
            thread::spawn(move || {
                for seq in 0..3 {
                    let record = Record {
                        seq,
                        ..Record::default()
                    };
                    fifo.lock().unwrap().push(record);
                }
                // The same context resizes: the kernel keeps the two apart.
                let mut moving = fifo.lock().unwrap().resize_begin(room(1));
                while !fifo.lock().unwrap().resize_step(&mut moving, 1) {}
            })
        };
        let mut seen = read(&fifo, 2);
        seen.extend(read(&fifo, 2));
        bottom_half.join().unwrap();
        seen.extend(read(&fifo, 2));
        assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
        let fifo = fifo.lock().unwrap();
        let counts = fifo.counts();
        assert_eq!(counts.read, seen.len() as u64);
        assert_eq!(
            counts.drained,
            counts.dropped
                + counts.overwritten
                + counts.flushed
                + counts.read
                + fifo.queued() as u64
        );
    });
}
