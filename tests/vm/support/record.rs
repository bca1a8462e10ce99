// SPDX-License-Identifier: GPL-2.0-only

//! Records as readers get them.

use simrupt_core::abi::{RECORD_SIZE, Record};
use std::{fs::File, io::Read};

/// All records in `bytes`, which hold nothing else.
pub fn decode(bytes: &[u8]) -> Vec<Record> {
    assert_eq!(bytes.len() % RECORD_SIZE, 0, "half a record");
    let chunks = bytes.chunks_exact(RECORD_SIZE);
    chunks
        .map(|chunk| Record::from_bytes(chunk.try_into().unwrap()))
        .collect()
}

/// The next `count` records.
pub fn read_records(file: &mut File, count: usize) -> Vec<Record> {
    let mut bytes = vec![0; count * RECORD_SIZE];
    file.read_exact(&mut bytes).expect("records can be read");
    decode(&bytes)
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
