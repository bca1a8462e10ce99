// SPDX-License-Identifier: GPL-2.0-only

//! The fifo: the records that it keeps and loses, and that it accounts for each of them.

use proptest::prelude::*;
use simrupt_core::{
    abi::{seq_of, Record, Words, WORDS},
    fifo::{Claim, Counts, Fifo, Gauge, Lost, Moving, Slot},
    knobs::Policy,
};
use std::{collections::VecDeque, sync::Arc};

/// The most records that a reader claims at a time.
const CLAIM: usize = 20;

/// This many slots.
fn slots(size: usize) -> Vec<Slot> {
    (0..size).map(|_| Slot::new()).collect()
}

fn seqs(records: &[Words]) -> Vec<u64> {
    records.iter().map(seq_of).collect()
}

fn record(seq: u64) -> Words {
    Record {
        seq,
        ..Record::default()
    }
    .into()
}

/// A fifo with its reader.
struct Pair {
    fifo: Fifo,
    claim: Claim,
    gauge: Arc<Gauge>,
}

impl Pair {
    fn new(size: usize, policy: Policy) -> Self {
        let gauge = Arc::new(Gauge::new());
        Self {
            fifo: Fifo::new(slots(size), gauge.clone(), policy),
            claim: Claim::new(vec![[0; WORDS]; CLAIM], gauge.clone()),
            gauge,
        }
    }

    fn filled(size: usize, policy: Policy, records: u64) -> Self {
        let mut pair = Self::new(size, policy);
        (0..records).for_each(|seq| _ = pair.push(seq));
        pair
    }

    fn push(&mut self, seq: u64) -> Option<Lost> {
        let lost = self.fifo.push(record(seq));
        self.fifo.announce();
        lost
    }

    /// Claims up to `most` records if none are claimed; returns all claimed ones.
    fn claim(&mut self, most: usize) -> Vec<u64> {
        self.fifo.claim(&mut self.claim, most);
        self.claimed()
    }

    fn claimed(&self) -> Vec<u64> {
        seqs(self.claim.records(usize::MAX))
    }

    /// Reads up to `most` records.
    fn read(&mut self, most: usize) -> Vec<u64> {
        let mut read = Vec::new();
        loop {
            let left = most - read.len();
            self.fifo.claim(&mut self.claim, left);
            let claimed = seqs(self.claim.records(left));
            if claimed.is_empty() {
                return read;
            }
            self.claim.deliver(claimed.len());
            read.extend(claimed);
        }
    }

    fn drain(&mut self) -> Vec<u64> {
        self.read(usize::MAX)
    }

    fn resize_begin(&mut self, size: usize) -> Moving {
        self.fifo.resize_begin(slots(size))
    }

    fn resize(&mut self, size: usize) {
        let mut moving = self.resize_begin(size);
        while !self.fifo.resize_step(&mut moving, 3) {
            self.assert_sum_holds();
        }
    }

    fn counts(&self) -> Counts {
        self.fifo.counts().0
    }

    fn queued(&self) -> u64 {
        self.fifo.counts().1
    }

    fn assert_sum_holds(&self) {
        let (
            Counts {
                drained,
                dropped,
                overwritten,
                flushed,
                read,
            },
            queued,
        ) = self.fifo.counts();
        assert_eq!(drained, dropped + overwritten + flushed + read + queued);
        assert_eq!(self.gauge.is_readable(), self.fifo.readable() != 0);
    }
}

#[test]
fn who_is_lost_is_told() {
    let full = |policy| {
        let mut pair = Pair::new(4, policy);
        for seq in 0..7 {
            assert_eq!(pair.push(seq), None);
            assert_eq!(pair.fifo.surplus(4), None);
            if seq < 3 {
                pair.read(1);
            }
        }
        pair
    };
    for policy in [Policy::Drop, Policy::Overwrite] {
        let lost = |newest, oldest, events| {
            let seq = if policy == Policy::Drop {
                newest
            } else {
                oldest
            };
            Some(Lost {
                seq,
                events,
                policy,
            })
        };
        assert_eq!(full(policy).push(9), lost(9, 3, 1));
        let mut pair = full(policy);
        assert_eq!(pair.fifo.surplus(3), lost(6, 3, 1));
        let before = pair.counts().flushed;
        pair.resize(2);
        assert_eq!(pair.counts().flushed - before, 2);
        assert_eq!(pair.fifo.surplus(0), lost(3, 5, 2));
    }
}

#[test]
fn records_come_out_in_the_order_in_which_they_went_in() {
    let mut pair = Pair::filled(8, Policy::Overwrite, 5);
    assert_eq!(pair.drain(), [0, 1, 2, 3, 4]);
}

#[test]
fn records_come_out_as_they_went_in() {
    let words = [1, 2, 3, 4, 5];
    let mut pair = Pair::new(4, Policy::Drop);
    pair.fifo.push(words);
    pair.fifo.claim(&mut pair.claim, 1);
    assert_eq!(pair.claim.records(1)[0], words);
}

#[test]
fn readers_do_not_learn_of_a_record_before_it_is_announced() {
    let mut pair = Pair::new(4, Policy::Drop);
    pair.fifo.push(record(0));
    assert!(!pair.gauge.is_readable());
    pair.fifo.announce();
    assert!(pair.gauge.is_readable());
}

#[test]
fn a_full_fifo_overwrites_the_oldest() {
    let mut pair = Pair::filled(4, Policy::Overwrite, 6);
    assert_eq!(pair.counts().overwritten, 2);
    assert_eq!(pair.drain(), [2, 3, 4, 5]);
}

#[test]
fn a_full_fifo_drops_the_newest() {
    let mut pair = Pair::filled(4, Policy::Drop, 6);
    assert_eq!(pair.counts().dropped, 2);
    assert_eq!(pair.drain(), [0, 1, 2, 3]);
}

#[test]
fn the_policy_can_change_between_records() {
    let mut pair = Pair::filled(2, Policy::Drop, 3);
    pair.fifo.set_policy(Policy::Overwrite);
    pair.push(9);
    assert_eq!(pair.drain(), [1, 9]);
}

#[test]
fn claimed_records_are_queued_until_they_are_delivered() {
    let mut pair = Pair::filled(4, Policy::Overwrite, 4);
    assert_eq!(pair.claim(3), [0, 1, 2]);
    assert_eq!((pair.queued(), pair.counts().read), (4, 0));
    pair.claim.deliver(1);
    assert_eq!((pair.queued(), pair.counts().read), (3, 1));
    pair.assert_sum_holds();
}

#[test]
fn claimed_records_are_not_overwritten() {
    for size in [2, 16, 300] {
        let mut pair = Pair::filled(size, Policy::Overwrite, size as u64);
        let claimed = pair.claim(usize::MAX);
        assert_eq!(claimed.len(), size.min(CLAIM));
        (1000..3000).for_each(|seq| _ = pair.push(seq));
        assert_eq!(pair.claimed(), claimed);
        assert_eq!(pair.claim(usize::MAX), claimed, "a second claim");
        pair.claim.deliver(claimed.len());
        let newest: Vec<u64> = (3000 - size as u64..3000).collect();
        assert_eq!(pair.drain(), newest);
        pair.assert_sum_holds();
    }
}

#[test]
fn more_than_was_claimed_cannot_be_delivered() {
    let mut pair = Pair::filled(4, Policy::Overwrite, 4);
    pair.claim(2);
    pair.claim.deliver(4);
    assert_eq!((pair.queued(), pair.counts().read), (2, 2));
}

#[test]
fn new_counts_begin_with_what_is_queued() {
    let mut pair = Pair::filled(4, Policy::Overwrite, 9);
    pair.read(1);
    pair.claim(2);
    pair.claim.deliver(1);
    pair.fifo.reset_counts(&mut pair.claim);
    let expected = Counts {
        drained: 2,
        ..Counts::default()
    };
    assert_eq!(pair.counts(), expected);
    pair.assert_sum_holds();
    pair.claim.deliver(1);
    assert_eq!((pair.queued(), pair.counts().read), (1, 1));
    pair.assert_sum_holds();
}

#[test]
fn growing_the_fifo_keeps_everything() {
    let mut pair = Pair::filled(4, Policy::Overwrite, 6);
    pair.resize(16);
    (6..8).for_each(|seq| _ = pair.push(seq));
    assert_eq!(pair.fifo.capacity(), 16);
    assert_eq!(pair.drain(), [2, 3, 4, 5, 6, 7]);
}

#[test]
fn shrinking_the_fifo_keeps_the_newest_records() {
    let mut pair = Pair::filled(8, Policy::Overwrite, 8);
    pair.resize(4);
    assert_eq!(pair.counts().flushed, 4);
    assert_eq!(pair.drain(), [4, 5, 6, 7]);
}

#[test]
fn shrinking_a_fifo_that_drops_the_newest_keeps_the_oldest_records() {
    let mut pair = Pair::filled(8, Policy::Drop, 8);
    pair.resize(4);
    assert_eq!(pair.counts().flushed, 4);
    assert_eq!(pair.drain(), [0, 1, 2, 3]);
}

#[test]
fn records_that_a_resize_moves_are_queued_and_readable_when_they_have_arrived() {
    let mut pair = Pair::filled(8, Policy::Drop, 6);
    pair.claim(1);
    assert_eq!((pair.queued(), pair.fifo.readable()), (6, 6));
    let mut moving = pair.resize_begin(16);
    assert_eq!((pair.queued(), pair.fifo.readable()), (6, 1));
    assert_eq!(pair.read(1), [0]);
    assert_eq!((pair.queued(), pair.fifo.readable()), (5, 0));
    assert!(!pair.gauge.is_readable());
    assert!(!pair.fifo.resize_step(&mut moving, 2));
    assert_eq!((pair.queued(), pair.fifo.readable()), (5, 2));
    assert_eq!(pair.drain(), [1, 2]);
    assert!(pair.fifo.resize_step(&mut moving, 5));
    pair.assert_sum_holds();
    assert_eq!(pair.drain(), [3, 4, 5]);
}

#[test]
fn claimed_records_outlive_a_resize() {
    for size in [2, 64] {
        let mut pair = Pair::filled(8, Policy::Overwrite, 8);
        assert_eq!(pair.claim(3), [0, 1, 2]);
        pair.claim.deliver(1);
        pair.resize(size);
        assert_eq!(pair.claimed(), [1, 2]);
        (8..9).for_each(|seq| _ = pair.push(seq));
        pair.assert_sum_holds();
        let kept = if size == 2 { 7..9 } else { 3..9 };
        let expected: Vec<u64> = (1..3).chain(kept).collect();
        assert_eq!(pair.drain(), expected);
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
    fn the_fifo_agrees_with_a_queue_and_its_sums_hold(
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut pair = Pair::new(8, Policy::Overwrite);
        let (mut model, mut size, mut policy) = (VecDeque::new(), 8, Policy::Overwrite);
        // Records that a reader has claimed but not delivered.
        let mut held = VecDeque::new();
        let mut seq = 0;
        let mut expected = Counts::default();
        for step in steps {
            match step {
                Step::Push(count) => for _ in 0..count {
                    pair.push(seq);
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
                    let got = pair.read(most.into());
                    let from_held = held.len().min(most.into());
                    let from_model = model.len().min(usize::from(most) - from_held);
                    let want: Vec<u64> = held
                        .drain(..from_held)
                        .chain(model.drain(..from_model))
                        .collect();
                    expected.read += want.len() as u64;
                    prop_assert_eq!(got, want);
                }
                Step::Claim(most, delivered) => {
                    let claimed = pair.claim(most.into());
                    if held.is_empty() {
                        let count = claimed.len();
                        // Fewer only at the end of the slots.
                        prop_assert!(count <= model.len().min(most.into()));
                        prop_assert!(count != 0 || most == 0 || model.is_empty());
                        held.extend(model.drain(..count));
                    }
                    prop_assert_eq!(&claimed, &Vec::from(held.clone()));
                    let delivered = held.len().min(delivered.into());
                    pair.claim.deliver(delivered);
                    held.drain(..delivered);
                    expected.read += delivered as u64;
                }
                Step::Resize(log2) => {
                    size = 1 << log2;
                    pair.resize(size);
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
                    pair.fifo.set_policy(policy);
                }
            }
            pair.assert_sum_holds();
            prop_assert_eq!(pair.counts(), expected);
            prop_assert_eq!(pair.queued() as usize, model.len() + held.len());
        }
    }
}
