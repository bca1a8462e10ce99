// SPDX-License-Identifier: GPL-2.0-only

//! When a device that coalesces its interrupts raises its line: at the first of two limits, to the nanosecond.

use proptest::prelude::*;
use simrupt_core::coalescing::{Coalescing, Limits, Reason};

/// A raise: its time, its reason, and the due times of its events.
#[derive(Debug, PartialEq)]
struct Raise {
    ns: u64,
    reason: Reason,
    events: Vec<u64>,
}

/// All raises for events that are due at these times, in ascending order, if the timer is never late.
fn raises(limits: Limits, due_times: &[u64]) -> Vec<Raise> {
    let mut coalescing = Coalescing::new();
    coalescing.set_limits(limits);
    let mut raises = Vec::new();
    let mut waiting = Vec::new();
    let mut due_times = due_times.iter().copied().peekable();
    loop {
        let next_ns = due_times.peek().copied();
        let deadline_ns = coalescing.deadline_ns();
        let Some(now_ns) = next_ns.into_iter().chain(deadline_ns).min() else {
            return raises;
        };
        let mut events = 0;
        while let Some(due_ns) = due_times.next_if(|due_ns| *due_ns <= now_ns) {
            waiting.push(due_ns);
            events += 1;
        }
        let Some(reason) = coalescing.emitted(events, now_ns, now_ns) else {
            continue;
        };
        raises.push(Raise {
            ns: now_ns,
            reason,
            events: std::mem::take(&mut waiting),
        });
    }
}

fn limits(wait_ns: u64, events: u64) -> Limits {
    Limits { wait_ns, events }
}

#[test]
fn without_limits_each_event_has_its_interrupt() {
    for events in [1, 4096] {
        let raises = raises(limits(0, events), &[5, 9, 9, 30]);
        let seen: Vec<_> = raises
            .iter()
            .map(|raise| (raise.ns, raise.events.len()))
            .collect();
        assert_eq!(seen, [(5, 1), (9, 2), (30, 1)]);
        assert!(raises.iter().all(|raise| raise.reason == Reason::AtOnce));
    }
}

#[test]
fn the_oldest_event_waits_for_as_long_as_it_may() {
    let expected = [(35, vec![10, 20, 30]), (65, vec![40, 50, 60])];
    let expected = expected.map(|(ns, events)| Raise {
        ns,
        reason: Reason::Time,
        events,
    });
    assert_eq!(
        raises(limits(25, 4096), &[10, 20, 30, 40, 50, 60]),
        expected
    );
}

#[test]
fn the_greatest_number_of_waiting_events_ends_the_wait() {
    let raises = raises(limits(1000, 2), &[10, 20, 30, 40, 50]);
    let seen: Vec<_> = raises
        .iter()
        .map(|raise| (raise.ns, raise.reason))
        .collect();
    // The last one waits in vain for a second.
    let expected = [
        (20, Reason::Count),
        (40, Reason::Count),
        (1050, Reason::Time),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_late_timer_raises_once_for_all() {
    let mut coalescing = Coalescing::new();
    coalescing.set_limits(limits(100, 4096));
    assert_eq!(coalescing.emitted(3, 50, 70), None);
    assert_eq!(coalescing.deadline_ns(), Some(150));
    assert_eq!(coalescing.emitted(5, 80, 400), Some(Reason::Time));
    assert_eq!(coalescing.deadline_ns(), None);
    // Nothing waits: an expiry without an event raises nothing.
    assert_eq!(coalescing.emitted(0, 500, 500), None);
}

#[test]
fn events_that_wait_are_judged_by_new_limits() {
    let mut coalescing = Coalescing::new();
    coalescing.set_limits(limits(1000, 10));
    assert_eq!(coalescing.emitted(3, 50, 50), None);
    coalescing.set_limits(limits(200, 10));
    assert_eq!(coalescing.deadline_ns(), Some(250));
    coalescing.set_limits(limits(200, 3));
    assert_eq!(coalescing.deadline_ns(), Some(50));
    assert_eq!(coalescing.emitted(0, 60, 60), Some(Reason::Count));
    assert_eq!(coalescing.emitted(2, 70, 70), None);
    coalescing.set_limits(Limits::NONE);
    assert_eq!(coalescing.deadline_ns(), Some(70));
    assert_eq!(coalescing.emitted(0, 71, 71), Some(Reason::AtOnce));
}

#[test]
fn an_end_leaves_nothing_waiting() {
    let mut coalescing = Coalescing::new();
    assert!(!coalescing.end());
    coalescing.set_limits(limits(1000, 10));
    coalescing.emitted(1, 50, 50);
    assert!(coalescing.end());
    assert_eq!(coalescing.deadline_ns(), None);
    assert!(!coalescing.end());
}

proptest! {
    /// No event is forgotten, and each raise is at the first of the two limits.
    #[test]
    fn each_raise_is_at_the_first_limit(
        gaps in prop::collection::vec(0..500_u64, 1..200),
        wait_ns in 1..2000_u64,
        most in 1..20_u64,
    ) {
        let due_times: Vec<u64> = gaps.iter().scan(1000, |ns, gap| { *ns += gap; Some(*ns) }).collect();
        let raises = raises(limits(wait_ns, most), &due_times);
        let all: Vec<u64> = raises.iter().flat_map(|raise| raise.events.clone()).collect();
        prop_assert_eq!(all, due_times);
        for Raise { ns, reason, events } in raises {
            let deadline_ns = events[0] + wait_ns;
            let reached_ns = events.get(most as usize - 1).copied();
            let first_ns = reached_ns.map_or(deadline_ns, |reached_ns| reached_ns.min(deadline_ns));
            prop_assert_eq!(ns, first_ns);
            let is_count = reached_ns.is_some_and(|reached_ns| reached_ns <= deadline_ns);
            prop_assert_eq!(reason, if is_count { Reason::Count } else { Reason::Time });
        }
    }
}
