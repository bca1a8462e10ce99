// SPDX-License-Identifier: GPL-2.0-only

//! Records, as readers get them.

use crate::{Context, Line};
use simrupt_core::abi::{RECORD_SIZE, Record};
use std::{fs::File, io::Read};

/// All records in `bytes`, which contain nothing else. Their times must be in order.
pub fn decode(bytes: &[u8]) -> Vec<Record> {
    assert_eq!(bytes.len() % RECORD_SIZE, 0, "half a record");
    let chunks = bytes.chunks_exact(RECORD_SIZE);
    let records: Vec<_> = chunks
        .map(|chunk| Record::from_bytes(chunk.try_into().unwrap()))
        .collect();
    for record in &records {
        let is_in_order = record.due_ns <= record.irq_ns && record.irq_ns <= record.bh_ns;
        assert!(is_in_order, "{record:?}");
    }
    records
}

/// The next `count` records.
pub fn read_records(file: &mut File, count: usize) -> Vec<Record> {
    let mut bytes = vec![0; count * RECORD_SIZE];
    file.read_exact(&mut bytes).expect("records can be read");
    decode(&bytes)
}

/// The next `count` records of events that are not under way yet.
pub fn read_fresh_records(line: Line, file: &mut File, count: usize) -> Vec<Record> {
    let under_way = line.stat("in_ring") + line.stat("queued");
    read_records(file, under_way as usize + 20);
    read_records(file, count)
}

/// Whether the top half took all of these on a CPU. If it is a thread, it may run on any CPU of the interrupt.
pub fn were_taken_on(cpu: usize, records: &[Record]) -> bool {
    let is_there = |record: &Record| usize::from(record.irq_cpu) == cpu;
    Context::of_top_half() == Context::Task || records.iter().all(is_there)
}

/// How many of the numbers from 0 to `events` have no record. The records must be in order.
pub fn missing(records: &[Record], events: u64) -> u64 {
    let mut next = 0;
    let mut missing = 0;
    for record in records {
        assert!(record.seq >= next, "{record:?} after {next}");
        missing += record.seq - next;
        next = record.seq + 1;
    }
    missing + events - next
}
