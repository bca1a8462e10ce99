// SPDX-License-Identifier: GPL-2.0-only

//! The ring, one step at a time, and against a model.

use proptest::prelude::*;
use simrupt_core::abi::value_of;
use simrupt_core::ring::{
    Acknowledged, BottomEnd, DeviceEnd, Ends, Full, Ring, Slot, Span, TopEnd,
};
use std::{collections::VecDeque, convert::Infallible, sync::Arc};

type Parts = (
    DeviceEnd<Arc<Ring>>,
    TopEnd<Arc<Ring>>,
    BottomEnd<Arc<Ring>>,
);

fn try_ring(size: usize) -> Option<(Arc<Ring>, Ends<Arc<Ring>>)> {
    let slots = (0..size).map(|_| Slot::new()).collect();
    let Ok(parts) = Ring::with_ends(slots, |ring| Ok::<_, Infallible>(Arc::new(ring)));
    parts
}

fn ring(size: usize) -> (Arc<Ring>, Parts) {
    let (ring, ends) = try_ring(size).expect("a power of two");
    (ring, (ends.device, ends.top, ends.bottom))
}

fn span(seq: u64, last_seq: u64, events: u64) -> Span {
    Span {
        seq,
        last_seq,
        events,
    }
}

/// Stores an event and announces it.
fn push(device: &mut DeviceEnd<Arc<Ring>>, seq: u64, due_ns: u64) -> Result<(), Full> {
    device.push(seq, due_ns, value_of(seq))?;
    device.announce();
    Ok(())
}

/// Acknowledges everything that there is.
fn acknowledge(
    top: &mut TopEnd<Arc<Ring>>,
    irq_ns: u64,
    irq_cpu: u16,
    mut each: impl FnMut(u64),
) -> Acknowledged {
    top.refresh();
    top.acknowledge(irq_ns, irq_cpu, |part| {
        part.iter().for_each(|slot| each(slot.due_ns()));
    })
}

/// An event, as the bottom half takes it from the ring.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Event {
    seq: u64,
    due_ns: u64,
    irq_ns: u64,
    irq_cpu: u16,
    value: u8,
}

impl From<&Slot> for Event {
    fn from(slot: &Slot) -> Self {
        Self {
            seq: slot.seq(),
            due_ns: slot.due_ns(),
            irq_ns: slot.irq_ns(),
            irq_cpu: slot.irq_cpu(),
            value: slot.value(),
        }
    }
}

/// Takes one part of the acknowledged events.
fn take_part(bottom: &mut BottomEnd<Arc<Ring>>, most: usize, mut each: impl FnMut(Event)) -> usize {
    bottom.take(most, |part| part.iter().for_each(|slot| each(slot.into())))
}

/// Takes all events that there are, at most this many.
fn take(bottom: &mut BottomEnd<Arc<Ring>>, most: usize, mut each: impl FnMut(Event)) -> usize {
    bottom.refresh();
    let mut total = 0;
    while total < most && !bottom.is_empty() {
        total += take_part(bottom, most - total, &mut each);
    }
    total
}

/// Takes one event.
fn pop(bottom: &mut BottomEnd<Arc<Ring>>) -> Option<Event> {
    let mut taken = None;
    take(bottom, 1, |event| taken = Some(event));
    taken
}

#[test]
fn a_stored_event_is_not_the_top_halfs_before_it_is_announced() {
    let (_, (mut device, mut top, mut bottom)) = ring(4);
    device.push(1, 10, b'x').unwrap();
    assert_eq!(acknowledge(&mut top, 20, 0, |_| ()).events, 0);
    device.announce();
    assert_eq!(acknowledge(&mut top, 30, 0, |_| ()).events, 1);
    let event = pop(&mut bottom).unwrap();
    assert_eq!((event.irq_ns, event.value), (30, b'x'));
}

#[test]
fn a_refresh_shows_which_events_there_are() {
    let (_, (mut device, mut top, mut bottom)) = ring(4);
    top.refresh();
    let nothing = Span::default();
    assert_eq!((top.span(), bottom.span(usize::MAX)), (nothing, nothing));
    // Around the end of the ring, with a loss.
    for first in [0, 10, 20] {
        for seq in [first, first + 1, first + 5] {
            push(&mut device, seq, 0).unwrap();
        }
        assert_eq!(top.span(), nothing, "before the refresh");
        top.refresh();
        assert_eq!(top.span(), span(first, first + 5, 3));
        top.acknowledge(0, 0, |_| ());
        assert_eq!(top.span(), nothing);
        bottom.refresh();
        assert_eq!(bottom.span(usize::MAX), span(first, first + 5, 3));
        assert_eq!(bottom.span(2), span(first, first + 1, 2));
        bottom.take(1, |_| ());
        assert_eq!(bottom.span(usize::MAX), span(first + 1, first + 5, 2));
        while !bottom.is_empty() {
            bottom.take(9, |_| ());
        }
        assert_eq!(bottom.span(usize::MAX), nothing);
    }
}

#[test]
fn events_after_a_refresh_are_for_the_next_one() {
    let (_, (mut device, mut top, mut bottom)) = ring(4);
    push(&mut device, 0, 10).unwrap();
    device.note_raise();
    top.refresh();
    push(&mut device, 1, 30).unwrap();
    device.note_raise();
    let found = top.acknowledge(20, 0, |part| assert!(part[0].due_ns() <= 20));
    assert_eq!((found.raises, found.events), (1, 1));
    bottom.refresh();
    assert_eq!(acknowledge(&mut top, 40, 0, |_| ()).events, 1);
    let mut taken = Vec::new();
    assert_eq!(
        take_part(&mut bottom, 9, |event| taken.push(event.irq_ns)),
        1
    );
    assert_eq!(take(&mut bottom, 9, |event| taken.push(event.irq_ns)), 1);
    assert_eq!(taken, [20, 40]);
}

#[test]
fn events_taken_together_are_in_order_across_the_rings_end() {
    let (_, (mut device, mut top, mut bottom)) = ring(4);
    for seq in 0..3 {
        push(&mut device, seq, 0).unwrap();
    }
    acknowledge(&mut top, 0, 0, |_| ());
    assert_eq!(take(&mut bottom, 3, |_| ()), 3);
    for seq in 3..7 {
        push(&mut device, seq, seq * 10).unwrap();
    }
    let mut due = Vec::new();
    acknowledge(&mut top, 0, 0, |due_ns| due.push(due_ns));
    assert_eq!(due, [30, 40, 50, 60]);
    let mut taken = Vec::new();
    assert_eq!(take(&mut bottom, 3, |event| taken.push(event.seq)), 3);
    assert_eq!(take(&mut bottom, 9, |event| taken.push(event.seq)), 1);
    assert_eq!(taken, [3, 4, 5, 6]);
    assert!(device.is_empty());
}

#[test]
fn a_size_that_is_not_a_power_of_two_is_refused() {
    for size in [0, 3, 6, 12] {
        assert!(try_ring(size).is_none());
    }
}

#[test]
fn an_event_is_not_the_bottom_halfs_before_the_top_half_has_acknowledged_it() {
    let (_, (mut device, mut top, mut bottom)) = ring(4);
    push(&mut device, 7, 700).unwrap();
    assert_eq!(pop(&mut bottom), None);
    device.note_raise();
    let found = acknowledge(&mut top, 750, 3, |_| ());
    assert_eq!((found.raises, found.events), (1, 1));
    let event = pop(&mut bottom).unwrap();
    assert_eq!(
        (event.seq, event.due_ns, event.irq_ns, event.irq_cpu),
        (7, 700, 750, 3)
    );
    assert_eq!(pop(&mut bottom), None);
}

#[test]
fn a_full_ring_refuses_the_new_event_and_keeps_the_old_ones() {
    let (_, (mut device, mut top, mut bottom)) = ring(2);
    push(&mut device, 0, 0).unwrap();
    push(&mut device, 1, 0).unwrap();
    assert_eq!(push(&mut device, 2, 0), Err(Full));
    // Acknowledged events are still in the ring.
    acknowledge(&mut top, 0, 0, |_| ());
    assert_eq!(push(&mut device, 2, 0), Err(Full));
    assert_eq!(pop(&mut bottom).unwrap().seq, 0);
    push(&mut device, 3, 0).unwrap();
    acknowledge(&mut top, 0, 0, |_| ());
    assert_eq!(pop(&mut bottom).unwrap().seq, 1);
    assert_eq!(pop(&mut bottom).unwrap().seq, 3);
}

#[test]
fn a_call_of_the_top_half_handles_all_raises() {
    let (ring, (mut device, mut top, _)) = ring(8);
    for seq in 0..3 {
        push(&mut device, seq, 0).unwrap();
        device.note_raise();
    }
    assert_eq!((ring.raised(), ring.raises_acknowledged()), (3, 0));
    assert_eq!(acknowledge(&mut top, 0, 0, |_| ()).raises, 3);
    assert_eq!((ring.raised(), ring.raises_acknowledged()), (3, 3));
    assert_eq!(acknowledge(&mut top, 0, 0, |_| ()).raises, 0);
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
                    prop_assert_eq!(push(&mut device, number, number * 2).is_err(), full);
                    if !full {
                        announced.push_back(number);
                    }
                }
                Step::Acknowledge => {
                    let found = acknowledge(&mut top, number, 1, |_| ());
                    prop_assert_eq!(found.events, announced.len() as u64);
                    acknowledged.extend(announced.drain(..).map(|seq| (seq, number)));
                }
                Step::Pop => {
                    let event = pop(&mut bottom).map(|event| (event.seq, event.irq_ns));
                    taken += u64::from(event.is_some());
                    prop_assert_eq!(event, acknowledged.pop_front());
                }
            }
            prop_assert_eq!(ring.taken(), taken);
        }
    }
}
