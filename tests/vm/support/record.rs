// SPDX-License-Identifier: GPL-2.0-only

//! Records, as a program in another language would take them apart.

use simrupt_core::abi::{RECORD_SIZE, Record};
use std::{fs::File, io::Read};

fn field<const SIZE: usize>(bytes: &[u8], offset: usize) -> [u8; SIZE] {
    bytes[offset..offset + SIZE].try_into().unwrap()
}

/// All records in `bytes`, which hold nothing else.
pub fn decode(bytes: &[u8]) -> Vec<Record> {
    assert_eq!(bytes.len() % RECORD_SIZE, 0, "half a record");
    bytes
        .chunks(RECORD_SIZE)
        .map(|bytes| Record {
            seq: u64::from_ne_bytes(field(bytes, 0)),
            due_ns: u64::from_ne_bytes(field(bytes, 8)),
            irq_ns: u64::from_ne_bytes(field(bytes, 16)),
            bh_ns: u64::from_ne_bytes(field(bytes, 24)),
            irq_cpu: u16::from_ne_bytes(field(bytes, 32)),
            bh_cpu: u16::from_ne_bytes(field(bytes, 34)),
            value: bytes[36],
            flags: bytes[37],
            reserved: u16::from_ne_bytes(field(bytes, 38)),
        })
        .collect()
}

/// The next `count` records.
pub fn read_records(file: &mut File, count: usize) -> Vec<Record> {
    let mut bytes = vec![0; count * RECORD_SIZE];
    file.read_exact(&mut bytes).expect("records can be read");
    decode(&bytes)
}
