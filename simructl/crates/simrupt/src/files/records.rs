// SPDX-License-Identifier: GPL-2.0-only

//! The data of `/dev/simruptN` in `record` format: one [`Record`] after the other.

use serde_json::{Value, json};
use simrupt_core::abi::Record;

use crate::text::{micros, seconds};

/// The names of the columns of [`text`].
pub fn header() -> String {
    format!(
        "{:>10}  {:>20}  {:>10}  {:>10}  {:>5}  char\n",
        "seq", "due_s", "irq_us", "bh_us", "cpus"
    )
}

/// A record in words: number, due time, microseconds from the due time to the top half and from the top half to the
/// bottom half, their CPUs, and the character.
pub fn text(record: &Record) -> String {
    let flags = match record.flags {
        0 => String::new(),
        flags => format!("  flags {flags:#x}"),
    };
    format!(
        "{:>10}  {:>20}  {:>10}  {:>10}  {:>5}  {:?}{flags}\n",
        record.seq,
        seconds(record.due_ns),
        after(record.due_ns, record.irq_ns),
        after(record.irq_ns, record.bh_ns),
        format!("{}/{}", record.irq_cpu, record.bh_cpu),
        char::from(record.value),
    )
}

/// A record as a JSON object.
pub fn document(record: &Record) -> Value {
    json!({
        "seq": record.seq,
        "due_ns": record.due_ns,
        "irq_ns": record.irq_ns,
        "bh_ns": record.bh_ns,
        "irq_cpu": record.irq_cpu,
        "bh_cpu": record.bh_cpu,
        "char": char::from(record.value),
        "flags": record.flags,
    })
}

/// Microseconds from one time to another, which may be earlier.
fn after(from: u64, to: u64) -> String {
    match to.checked_sub(from) {
        Some(later) => micros(later),
        None => format!("-{}", micros(from - to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_run_backwards() {
        assert_eq!(after(1_000, 6_123), "5.123");
        assert_eq!(after(6_123, 1_000), "-5.123");
        assert_eq!(after(0, u64::MAX), "18446744073709551.615");
    }

    #[test]
    fn flags_are_shown_when_there_are_any() {
        let record = Record {
            flags: 2,
            value: b'!',
            ..Record::default()
        };
        assert!(text(&record).ends_with("  '!'  flags 0x2\n"));
        let plain = Record { flags: 0, ..record };
        assert!(text(&plain).ends_with("  '!'\n"));
    }
}
