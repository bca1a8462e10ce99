// SPDX-License-Identifier: GPL-2.0-only

//! The fifo: what it keeps, what it gives up, and that it accounts for each record.

use proptest::prelude::*;
use simrupt_core::{
    abi::Record,
    fifo::{Counts, Fifo},
    knobs::Policy,
};
use std::collections::VecDeque;

fn room(size: usize) -> Vec<Record> {
    vec![Record::default(); size]
}

fn record(seq: u64) -> Record {
    Record {
        seq,
        ..Record::default()
    }
}

fn filled(size: usize, policy: Policy, records: u64) -> Fifo {
    let mut fifo = Fifo::new(room(size), policy);
    (0..records).for_each(|seq| _ = fifo.push(record(seq)));
    fifo
}

fn drain(fifo: &mut Fifo) -> Vec<u64> {
    let mut out = room(fifo.queued());
    let count = fifo.claim(&mut out);
    fifo.settle(count);
    out[..count].iter().map(|record| record.seq).collect()
}

fn resize(fifo: &mut Fifo, size: usize) {
    let mut moving = fifo.resize_begin(room(size));
    while !fifo.resize_step(&mut moving, 3) {
        assert_balanced(fifo);
    }
}

fn assert_balanced(fifo: &Fifo) {
    let Counts {
        drained,
        dropped,
        overwritten,
        flushed,
        read,
    } = fifo.counts();
    assert_eq!(
        drained,
        dropped + overwritten + flushed + read + fifo.queued() as u64
    );
}

#[test]
fn who_is_lost_is_told() {
    let full = |policy| {
        let mut fifo = Fifo::new(room(4), policy);
        for seq in 0..7 {
            assert_eq!(fifo.push(record(seq)), None);
            assert_eq!(fifo.surplus(4), None);
            if seq < 3 {
                fifo.claim(&mut room(1));
            }
        }
        fifo
    };
    for (policy, lost) in [(Policy::Drop, 9), (Policy::Overwrite, 3)] {
        assert_eq!(full(policy).push(record(9)), Some((lost, policy)));
        let mut fifo = full(policy);
        let surplus = fifo.surplus(3).unwrap();
        assert_eq!(surplus, if lost == 3 { (3, 1) } else { (6, 1) });
        let before = fifo.counts().flushed;
        resize(&mut fifo, 2);
        assert_eq!(fifo.counts().flushed - before, 2);
        assert_eq!(
            fifo.surplus(0),
            Some(if lost == 3 { (5, 2) } else { (3, 2) })
        );
    }
}

#[test]
fn records_come_out_in_the_order_in_which_they_went_in() {
    assert_eq!(drain(&mut filled(8, Policy::Overwrite, 5)), [0, 1, 2, 3, 4]);
}

#[test]
fn a_full_fifo_overwrites_the_oldest() {
    let mut fifo = filled(4, Policy::Overwrite, 6);
    assert_eq!(fifo.counts().overwritten, 2);
    assert_eq!(drain(&mut fifo), [2, 3, 4, 5]);
}

#[test]
fn a_full_fifo_drops_the_newest() {
    let mut fifo = filled(4, Policy::Drop, 6);
    assert_eq!(fifo.counts().dropped, 2);
    assert_eq!(drain(&mut fifo), [0, 1, 2, 3]);
}

#[test]
fn the_policy_can_change_between_records() {
    let mut fifo = filled(2, Policy::Drop, 3);
    fifo.set_policy(Policy::Overwrite);
    fifo.push(record(9));
    assert_eq!(drain(&mut fifo), [1, 9]);
}

#[test]
fn claimed_records_are_queued_until_they_are_settled() {
    let mut fifo = filled(4, Policy::Overwrite, 4);
    assert_eq!(fifo.claim(&mut room(3)), 3);
    assert_eq!((fifo.queued(), fifo.counts().read), (4, 0));
    fifo.settle(1);
    assert_eq!((fifo.queued(), fifo.counts().read), (3, 1));
    assert_balanced(&fifo);
}

#[test]
fn claimed_records_cannot_be_overwritten() {
    let mut fifo = filled(2, Policy::Overwrite, 2);
    let mut out = room(2);
    assert_eq!(fifo.claim(&mut out), 2);
    (2..7).for_each(|seq| _ = fifo.push(record(seq)));
    assert_eq!(out.map_seqs(), [0, 1]);
    fifo.settle(2);
    assert_eq!(fifo.counts().overwritten, 3);
    assert_eq!(drain(&mut fifo), [5, 6]);
}

#[test]
fn more_than_was_claimed_cannot_be_settled() {
    let mut fifo = filled(4, Policy::Overwrite, 4);
    fifo.claim(&mut room(2));
    fifo.settle(4);
    assert_eq!((fifo.queued(), fifo.counts().read), (2, 2));
}

#[test]
fn new_books_begin_with_what_is_queued() {
    let mut fifo = filled(4, Policy::Overwrite, 9);
    fifo.claim(&mut room(1));
    fifo.reset_counts();
    let expected = Counts {
        drained: 4,
        ..Counts::default()
    };
    assert_eq!(fifo.counts(), expected);
    assert_balanced(&fifo);
    fifo.settle(1);
    assert_balanced(&fifo);
}

#[test]
fn growing_the_fifo_keeps_everything() {
    let mut fifo = filled(4, Policy::Overwrite, 6);
    resize(&mut fifo, 16);
    (6..8).for_each(|seq| _ = fifo.push(record(seq)));
    assert_eq!(fifo.capacity(), 16);
    assert_eq!(drain(&mut fifo), [2, 3, 4, 5, 6, 7]);
}

#[test]
fn shrinking_the_fifo_keeps_the_newest_records() {
    let mut fifo = filled(8, Policy::Overwrite, 8);
    resize(&mut fifo, 4);
    assert_eq!(fifo.counts().flushed, 4);
    assert_eq!(drain(&mut fifo), [4, 5, 6, 7]);
}

#[test]
fn shrinking_a_fifo_that_drops_the_newest_keeps_the_oldest_records() {
    let mut fifo = filled(8, Policy::Drop, 8);
    resize(&mut fifo, 4);
    assert_eq!(fifo.counts().flushed, 4);
    assert_eq!(drain(&mut fifo), [0, 1, 2, 3]);
}

#[test]
fn records_that_a_resize_moves_are_queued_and_readable_when_they_have_arrived() {
    let mut fifo = filled(8, Policy::Drop, 6);
    let mut claimed = room(1);
    fifo.claim(&mut claimed);
    assert_eq!((fifo.queued(), fifo.readable()), (6, 6));
    let mut moving = fifo.resize_begin(room(16));
    assert_eq!((fifo.queued(), fifo.readable()), (6, 1));
    fifo.settle(1);
    assert_eq!((fifo.queued(), fifo.readable()), (5, 0));
    fifo.resize_step(&mut moving, 2);
    assert_eq!((fifo.queued(), fifo.readable()), (5, 2));
    assert_eq!(drain(&mut fifo), [1, 2]);
    assert_eq!((fifo.queued(), fifo.readable()), (3, 0));
    assert!(fifo.resize_step(&mut moving, 16));
    assert_eq!((fifo.queued(), fifo.readable()), (3, 3));
}

#[test]
fn readers_may_go_on_during_a_resize() {
    let mut fifo = filled(8, Policy::Overwrite, 8);
    let mut moving = fifo.resize_begin(room(8));
    assert_eq!(fifo.queued(), 8);
    assert!(!fifo.resize_step(&mut moving, 5));
    let mut out = room(3);
    assert_eq!(fifo.claim(&mut out), 3);
    fifo.settle(3);
    assert_eq!(out.map_seqs(), [0, 1, 2]);
    assert!(fifo.resize_step(&mut moving, 5));
    assert_balanced(&fifo);
    assert_eq!(drain(&mut fifo), [3, 4, 5, 6, 7]);
}

trait MapSeqs {
    fn map_seqs(&self) -> Vec<u64>;
}

impl MapSeqs for Vec<Record> {
    fn map_seqs(&self) -> Vec<u64> {
        self.iter().map(|record| record.seq).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push(u8),
    Read(u8),
    Claim(u8, u8),
    Resize(u32),
    Policy(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<u8>().prop_map(|n| Step::Push(n % 40)),
        any::<u8>().prop_map(|n| Step::Read(n % 40)),
        (0_u8..20, 0_u8..20).prop_map(|(claim, settle)| Step::Claim(claim, settle)),
        (0_u32..6).prop_map(Step::Resize),
        any::<bool>().prop_map(Step::Policy),
    ]
}

proptest! {
    #[test]
    fn the_fifo_agrees_with_a_queue_and_its_books_balance(
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut fifo = Fifo::new(room(8), Policy::Overwrite);
        let (mut model, mut size, mut policy) = (VecDeque::new(), 8, Policy::Overwrite);
        // Records that a reader claimed and has not delivered yet.
        let mut held = 0;
        let mut seq = 0;
        let mut expected = Counts::default();
        for step in steps {
            match step {
                Step::Push(count) => for _ in 0..count {
                    fifo.push(record(seq));
                    expected.drained += 1;
                    if model.len() < size {
                        model.push_back(seq);
                    } else if policy == Policy::Drop {
                        expected.dropped += 1;
                    } else {
                        expected.overwritten += 1;
                        model.pop_front();
                        model.push_back(seq);
                    }
                    seq += 1;
                },
                Step::Read(most) => {
                    let mut out = room(most.into());
                    let count = fifo.claim(&mut out);
                    fifo.settle(count);
                    expected.read += count as u64;
                    prop_assert_eq!(count, model.len().min(most.into()));
                    let want: Vec<u64> = model.drain(..count).collect();
                    prop_assert_eq!(out[..count].to_vec().map_seqs(), want);
                }
                Step::Claim(most, delivered) => {
                    let count = fifo.claim(&mut room(most.into()));
                    model.drain(..count);
                    held += count;
                    let delivered = held.min(delivered.into());
                    fifo.settle(delivered);
                    held -= delivered;
                    expected.read += delivered as u64;
                }
                Step::Resize(log2) => {
                    size = 1 << log2;
                    resize(&mut fifo, size);
                    while model.len() > size {
                        expected.flushed += 1;
                        if policy == Policy::Drop {
                            model.pop_back();
                        } else {
                            model.pop_front();
                        }
                    }
                }
                Step::Policy(drop) => {
                    policy = if drop { Policy::Drop } else { Policy::Overwrite };
                    fifo.set_policy(policy);
                }
            }
            assert_balanced(&fifo);
            prop_assert_eq!(fifo.counts(), expected);
            prop_assert_eq!(fifo.queued(), model.len() + held);
        }
    }
}
