// SPDX-License-Identifier: GPL-2.0-only

//! The records that user space reads from `/dev/simruptN`. Their only definition is
//! `uapi/simrupt.h`; bindgen makes the Rust type from it.

#[allow(missing_docs, non_camel_case_types, unreachable_pub)]
mod generated {
    // The kernel's build generates it; the host uses a file that `make check` compares with the
    // header.
    #[cfg(MODULE)]
    include!(env!("SIMRUPT_UAPI"));
    #[cfg(not(MODULE))]
    include!("abi_generated.rs");
}

use core::mem::offset_of;

/// One event, in the form in which the bottom half puts it into the fifo.
///
/// Native byte order, no padding, 40 bytes. Times are CLOCK_MONOTONIC nanoseconds. The header says
/// what each field means.
pub use self::generated::simrupt_record as Record;

impl Record {
    /// The record that user space has read.
    pub fn from_bytes(bytes: &[u8; RECORD_SIZE]) -> Self {
        Self {
            seq: u64::from_ne_bytes(field(bytes, offset_of!(Self, seq))),
            due_ns: u64::from_ne_bytes(field(bytes, offset_of!(Self, due_ns))),
            irq_ns: u64::from_ne_bytes(field(bytes, offset_of!(Self, irq_ns))),
            bh_ns: u64::from_ne_bytes(field(bytes, offset_of!(Self, bh_ns))),
            irq_cpu: u16::from_ne_bytes(field(bytes, offset_of!(Self, irq_cpu))),
            bh_cpu: u16::from_ne_bytes(field(bytes, offset_of!(Self, bh_cpu))),
            value: u8::from_ne_bytes(field(bytes, offset_of!(Self, value))),
            flags: u8::from_ne_bytes(field(bytes, offset_of!(Self, flags))),
            reserved: u16::from_ne_bytes(field(bytes, offset_of!(Self, reserved))),
        }
    }
}

/// A record as 64-bit words, with the same bytes in memory.
pub type Words = [u64; WORDS];

/// Size of a [`Record`] in 64-bit words.
pub const WORDS: usize = RECORD_SIZE / size_of::<u64>();

/// A record in words; the last word holds all fields after the times.
impl From<Record> for Words {
    #[inline]
    fn from(record: Record) -> Self {
        [
            record.seq,
            record.due_ns,
            record.irq_ns,
            record.bh_ns,
            in_memory(0, 16, record.irq_cpu.into())
                | in_memory(16, 16, record.bh_cpu.into())
                | in_memory(VALUE_AT, 8, record.value.into())
                | in_memory(40, 8, record.flags.into())
                | in_memory(48, 16, record.reserved.into()),
        ]
    }
}

/// Offset of the character in the last word's memory, in bits.
const VALUE_AT: u32 = 32;

/// The word that holds `number`, of `bits` bits, `at` bits after the start of the word in memory.
#[inline]
fn in_memory(at: u32, bits: u32, number: u64) -> u64 {
    number << shift(at, bits)
}

#[inline]
const fn shift(at: u32, bits: u32) -> u32 {
    if cfg!(target_endian = "little") {
        at
    } else {
        u64::BITS - bits - at
    }
}

/// The sequence number of a record in words.
#[inline]
pub fn seq_of(words: &Words) -> u64 {
    words[0]
}

/// The due time of a record in words.
#[inline]
pub fn due_ns_of(words: &Words) -> u64 {
    words[1]
}

/// The character of a record in words.
#[inline]
pub fn character_of(words: &Words) -> u8 {
    (words[WORDS - 1] >> shift(VALUE_AT, 8)) as u8
}

// The functions above rely on this layout.
const _: () = assert!(
    offset_of!(Record, seq) == 0
        && offset_of!(Record, due_ns) == 8
        && offset_of!(Record, irq_ns) == 16
        && offset_of!(Record, bh_ns) == 24
        && offset_of!(Record, irq_cpu) == 32
        && offset_of!(Record, bh_cpu) == 34
        && offset_of!(Record, value) == 36
        && offset_of!(Record, flags) == 37
        && offset_of!(Record, reserved) == 38
        && RECORD_SIZE == 40
);

/// The field that begins at an offset.
fn field<const LEN: usize>(bytes: &[u8; RECORD_SIZE], offset: usize) -> [u8; LEN] {
    core::array::from_fn(|index| {
        let at = offset.wrapping_add(index);
        bytes.get(at).copied().unwrap_or(0)
    })
}

/// Size of a [`Record`] in bytes.
pub const RECORD_SIZE: usize = size_of::<Record>();

/// The printable character of event number `seq`.
pub const fn value_of(seq: u64) -> u8 {
    const FIRST: u64 = 0x20;
    const COUNT: u64 = 0x7e - FIRST + 1;
    (FIRST + seq % COUNT) as u8
}
