// SPDX-License-Identifier: GPL-2.0-only

//! The ring, one step at a time, and against a model.

use proptest::prelude::*;
use simrupt_core::ring::{BottomEnd, DeviceEnd, Full, Ring, Slot, TopEnd};
use std::{collections::VecDeque, sync::Arc};

type Ends = (
    DeviceEnd<Arc<Ring>>,
    TopEnd<Arc<Ring>>,
    BottomEnd<Arc<Ring>>,
);

fn ring(size: usize) -> (Arc<Ring>, Ends) {
    let slots = (0..size).map(|_| Slot::new()).collect();
    let ring = Arc::new(Ring::new(slots).expect("a power of two"));
    // SAFETY: A new ring, split once.
    let ends = unsafe { Ring::split(ring.clone()) };
    (ring, ends)
}

#[test]
fn a_size_that_is_no_power_of_two_is_refused() {
    for size in [0, 3, 6, 12] {
        assert!(Ring::new((0..size).map(|_| Slot::new()).collect()).is_none());
    }
}

#[test]
fn an_event_is_not_the_bottom_halfs_before_the_top_half_has_seen_it() {
    let (_, (mut device, mut top, mut bottom)) = ring(4);
    device.push(7, 700).unwrap();
    assert_eq!(bottom.pop(), None);
    device.note_raise();
    let found = top.acknowledge(750, 3, |_| ());
    assert_eq!((found.raises, found.events), (1, 1));
    let event = bottom.pop().unwrap();
    assert_eq!(
        (event.seq, event.due_ns, event.irq_ns, event.irq_cpu),
        (7, 700, 750, 3)
    );
    assert_eq!(bottom.pop(), None);
}

#[test]
fn a_full_ring_refuses_the_new_event_and_keeps_the_old_ones() {
    let (_, (mut device, mut top, mut bottom)) = ring(2);
    device.push(0, 0).unwrap();
    device.push(1, 0).unwrap();
    assert_eq!(device.push(2, 0), Err(Full));
    // Seen is not taken.
    top.acknowledge(0, 0, |_| ());
    assert_eq!(device.push(2, 0), Err(Full));
    assert_eq!(bottom.pop().unwrap().seq, 0);
    device.push(3, 0).unwrap();
    top.acknowledge(0, 0, |_| ());
    assert_eq!(bottom.pop().unwrap().seq, 1);
    assert_eq!(bottom.pop().unwrap().seq, 3);
}

#[test]
fn a_call_of_the_top_half_takes_notice_of_all_raises() {
    let (ring, (mut device, mut top, _)) = ring(8);
    for seq in 0..3 {
        device.push(seq, 0).unwrap();
        device.note_raise();
    }
    assert_eq!((ring.raised(), ring.acknowledged()), (3, 0));
    assert_eq!(top.acknowledge(0, 0, |_| ()).raises, 3);
    assert_eq!((ring.raised(), ring.acknowledged()), (3, 3));
    assert_eq!(top.acknowledge(0, 0, |_| ()).raises, 0);
}

#[derive(Clone, Debug)]
enum Step {
    Push,
    Acknowledge,
    Pop,
}

proptest! {
    #[test]
    fn the_ring_agrees_with_two_queues(
        steps in prop::collection::vec(
            prop_oneof![Just(Step::Push), Just(Step::Acknowledge), Just(Step::Pop)], 0..400),
        size_log2 in 0_u32..5,
    ) {
        let size = 1 << size_log2;
        let (ring, (mut device, mut top, mut bottom)) = ring(size);
        let (mut announced, mut acknowledged) = (VecDeque::new(), VecDeque::new());
        let mut taken = 0;
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Push => {
                    let full = announced.len() + acknowledged.len() == size;
                    prop_assert_eq!(device.push(number, number * 2).is_err(), full);
                    if !full {
                        announced.push_back(number);
                    }
                }
                Step::Acknowledge => {
                    let found = top.acknowledge(number, 1, |_| ());
                    prop_assert_eq!(found.events, announced.len() as u64);
                    acknowledged.extend(announced.drain(..).map(|seq| (seq, number)));
                }
                Step::Pop => {
                    let event = bottom.pop().map(|event| (event.seq, event.irq_ns));
                    taken += u64::from(event.is_some());
                    prop_assert_eq!(event, acknowledged.pop_front());
                }
            }
            prop_assert_eq!(ring.taken(), taken);
        }
    }
}
