// SPDX-License-Identifier: GPL-2.0-only

//! The record is the same for Rust and for C, byte for byte.

use simrupt_core::abi::{character_of, due_ns_of, seq_of, Record, Words, RECORD_SIZE};
use std::{
    mem::offset_of,
    path::{Path, PathBuf},
    process::Command,
};

fn sample() -> Record {
    Record {
        seq: 0x0102_0304_0506_0708,
        due_ns: 0x1112_1314_1516_1718,
        irq_ns: 0x2122_2324_2526_2728,
        bh_ns: 0x3132_3334_3536_3738,
        irq_cpu: 0x4142,
        bh_cpu: 0x5152,
        value: 0x61,
        flags: 0x62,
        reserved: 0x7172,
    }
}

/// The output of a C program that includes the header, about the struct and the sample.
fn told_by_c() -> String {
    let folder: PathBuf = std::env::temp_dir().join(format!("simrupt-abi-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let program = r#"
        #include <stddef.h>
        #include <stdio.h>
        #include "simrupt.h"
        #define FIELD(name) printf(#name " %zu %zu\n", offsetof(struct simrupt_record, name), \
            sizeof(((struct simrupt_record *)0)->name))
        int main(void)
        {
            struct simrupt_record r = {
                0x0102030405060708, 0x1112131415161718, 0x2122232425262728, 0x3132333435363738,
                0x4142, 0x5152, 0x61, 0x62, 0x7172,
            };
            FIELD(seq); FIELD(due_ns); FIELD(irq_ns); FIELD(bh_ns); FIELD(irq_cpu); FIELD(bh_cpu);
            FIELD(value); FIELD(flags); FIELD(reserved);
            for (size_t i = 0; i < sizeof(r); i++)
                printf("%02x", ((unsigned char *)&r)[i]);
            printf("\n");
            return 0;
        }
    "#;
    std::fs::write(folder.join("abi.c"), program).unwrap();
    let header = Path::new(env!("CARGO_MANIFEST_DIR")).join("../uapi");
    let status = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-o", "abi", "abi.c", "-I"])
        .arg(header)
        .current_dir(&folder)
        .status()
        .expect("a C compiler");
    assert!(status.success());
    let output = Command::new(folder.join("abi")).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A record, as the module copies it to user space.
fn bytes_of(record: Record) -> [u8; RECORD_SIZE] {
    // SAFETY: The fields of a record leave no gap: it has the size of their sum.
    unsafe { std::mem::transmute(record) }
}

#[test]
fn the_header_for_c_and_the_record_agree() {
    macro_rules! field {
        ($name:ident, $type:ty) => {
            format!(
                "{} {} {}\n",
                stringify!($name),
                offset_of!(Record, $name),
                size_of::<$type>()
            )
        };
    }
    let bytes = bytes_of(sample());
    let bytes = bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let told_by_rust = [
        field!(seq, u64),
        field!(due_ns, u64),
        field!(irq_ns, u64),
        field!(bh_ns, u64),
        field!(irq_cpu, u16),
        field!(bh_cpu, u16),
        field!(value, u8),
        field!(flags, u8),
        field!(reserved, u16),
        bytes + "\n",
    ]
    .concat();
    assert_eq!(told_by_rust, told_by_c());
}

#[test]
fn a_record_can_be_restored_from_its_bytes() {
    assert_eq!(Record::from_bytes(&bytes_of(sample())), sample());
}

#[test]
fn no_byte_of_a_record_is_left_out() {
    let bytes = bytes_of(sample());
    assert_eq!(bytes.len(), RECORD_SIZE);
    assert!(bytes.iter().all(|byte| *byte != 0));
}

#[test]
fn a_record_in_words_has_the_bytes_of_the_record() {
    let words = Words::from(sample());
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    assert_eq!(bytes, bytes_of(sample()));
    assert_eq!(seq_of(&words), sample().seq);
    assert_eq!(due_ns_of(&words), sample().due_ns);
    assert_eq!(character_of(&words), sample().value);
}
