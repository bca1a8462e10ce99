// SPDX-License-Identifier: GPL-2.0-only

//! Memory that is mapped but cannot be written to: pointers and memory of a machine with the Memory Tagging Extension
//! have tags, and an access fails if the two differ. Only arm64 has it.

use nix::{errno::Errno, libc};
use simrupt_core::abi::RECORD_SIZE;
use simrupt_vm_tests::{Line, Simrupt, decode, eventually, missing, read_in_time};
use std::{fs::File, ptr};

/// From <asm/hwcap.h>, <linux/prctl.h> and <asm/mman.h>.
const HWCAP2_MTE: u64 = 1 << 18;
const PR_SET_TAGGED_ADDR_CTRL: i32 = 55;
const PR_TAGGED_ADDR_ENABLE: u64 = 1;
const PR_MTE_TCF_SYNC: u64 = 1 << 1;
const PR_MTE_TAG_MASK: u64 = 0xfffe << 3;
const PROT_MTE: i32 = 0x20;

const PAGE: usize = 4096;

/// Two pages of memory, tagged 0 as new memory is. From here on, tags are checked for this thread and those that it
/// starts.
fn memory() -> *mut u8 {
    // SAFETY: The calls take these arguments, and a new mapping belongs to nobody else.
    unsafe {
        assert_ne!(libc::getauxval(libc::AT_HWCAP2) & HWCAP2_MTE, 0);
        let control = PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_SYNC | PR_MTE_TAG_MASK;
        let result = libc::prctl(PR_SET_TAGGED_ADDR_CTRL, control, 0, 0, 0);
        assert_eq!(result, 0, "{}", Errno::last());
        let pages = libc::mmap(
            ptr::null_mut(),
            2 * PAGE,
            libc::PROT_READ | libc::PROT_WRITE | PROT_MTE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        assert_ne!(pages, libc::MAP_FAILED);
        pages.cast()
    }
}

/// The pointer with a tag.
fn tagged(pointer: *mut u8, tag: u8) -> *mut u8 {
    pointer.map_addr(|address| address | (usize::from(tag) << 56))
}

/// Gives a granule the pointer's tag.
#[cfg(target_arch = "aarch64")]
fn set_tag(granule: *mut u8) {
    // SAFETY: The memory is mapped, and only its tag is written.
    unsafe { std::arch::asm!(".arch_extension memtag", "stg {0}, [{0}]", in(reg) granule) };
}

#[cfg(not(target_arch = "aarch64"))]
fn set_tag(granule: *mut u8) {
    unreachable!("no processor of this architecture tags {granule:?}");
}

/// Gives `length` bytes of memory from `start` on the tag 1.
fn tag_memory(start: *mut u8, length: usize) {
    const GRANULE: usize = 16;
    for offset in (0..length).step_by(GRANULE) {
        let granule = tagged(start, 1).wrapping_add(offset);
        set_tag(granule);
    }
}

/// A line with that many records to read.
fn filled(module: &Simrupt, records: u64) -> (Line, File) {
    let line = module.line(0);
    eventually("events arrive", || line.stat("queued") >= records);
    line.silence();
    (line, line.open_nonblock())
}

#[test]
fn a_read_into_memory_of_another_tag_fails_and_loses_nothing() {
    let module = Simrupt::load("rate_hz=1000 run=always format=record");
    let (line, file) = filled(&module, 50);
    let queued = line.stat("queued");
    let pages = memory();
    for _ in 0..3 {
        assert_eq!(
            read_in_time(&file, tagged(pages, 2), PAGE),
            Err(Errno::EFAULT)
        );
        assert_eq!(line.stat("queued"), queued);
    }
    module.verify();
    let length = read_in_time(&file, pages, 2 * PAGE).unwrap();
    // SAFETY: Just written.
    let records = decode(unsafe { std::slice::from_raw_parts(pages, length) });
    assert_eq!(missing(&records, queued), 0);
    assert_eq!(records.len() as u64, queued);
    module.verify();
}

#[test]
fn a_read_ends_before_memory_of_another_tag() {
    let module = Simrupt::load("rate_hz=1000 run=always format=record");
    let (line, file) = filled(&module, 50);
    let queued = line.stat("queued") as usize;
    let pages = memory();
    // Ten and a half records fit before it.
    tag_memory(pages.wrapping_add(416), PAGE);
    let length = read_in_time(&file, pages, PAGE).unwrap();
    assert_eq!(length, 10 * RECORD_SIZE);
    // SAFETY: Just written.
    let first = decode(unsafe { std::slice::from_raw_parts(pages, length) });
    let length = read_in_time(&file, memory(), 2 * PAGE).unwrap();
    assert_eq!(first.len() + length / RECORD_SIZE, queued);
    assert_eq!(line.stat("read") as usize, queued);
    module.verify();
}
