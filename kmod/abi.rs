// SPDX-License-Identifier: GPL-2.0-only

//! What user space reads from `/dev/simruptN`: one definition for the module and for `simructl`.

/// One event, as the bottom half puts it into the fifo.
///
/// Native byte order, no padding, 40 bytes. Times are CLOCK_MONOTONIC nanoseconds.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Number of the event since the driver was bound, from 0; a gap tells of lost events.
    pub seq: u64,
    /// When the event was due on the ideal schedule.
    pub due_ns: u64,
    /// When the top half took the interrupt that announced it.
    pub irq_ns: u64,
    /// When the run of the bottom half that queued it began.
    pub bh_ns: u64,
    /// CPU of the top half.
    pub irq_cpu: u16,
    /// CPU of the bottom half.
    pub bh_cpu: u16,
    /// The character that `char` format shows: 0x20..0x7e, cycling with `seq`.
    pub value: u8,
    /// Always 0 so far.
    pub flags: u8,
    /// Always 0.
    pub reserved: u16,
}

impl Record {
    /// The record that user space has read.
    pub fn from_bytes(bytes: &[u8; RECORD_SIZE]) -> Self {
        Self {
            seq: u64::from_ne_bytes(field(bytes, 0)),
            due_ns: u64::from_ne_bytes(field(bytes, 8)),
            irq_ns: u64::from_ne_bytes(field(bytes, 16)),
            bh_ns: u64::from_ne_bytes(field(bytes, 24)),
            irq_cpu: u16::from_ne_bytes(field(bytes, 32)),
            bh_cpu: u16::from_ne_bytes(field(bytes, 34)),
            value: u8::from_ne_bytes(field(bytes, 36)),
            flags: u8::from_ne_bytes(field(bytes, 37)),
            reserved: u16::from_ne_bytes(field(bytes, 38)),
        }
    }
}

/// The field that begins at an offset.
fn field<const LEN: usize>(bytes: &[u8; RECORD_SIZE], offset: usize) -> [u8; LEN] {
    core::array::from_fn(|index| bytes.get(offset + index).copied().unwrap_or(0))
}

/// Size of a [`Record`] in bytes.
pub const RECORD_SIZE: usize = 40;

const _: () = assert!(core::mem::size_of::<Record>() == RECORD_SIZE);

/// The printable character of event number `seq`.
pub const fn value_of(seq: u64) -> u8 {
    const FIRST: u64 = 0x20;
    const COUNT: u64 = 0x7e - FIRST + 1;
    (FIRST + seq % COUNT) as u8
}
