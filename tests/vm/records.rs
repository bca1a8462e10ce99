// SPDX-License-Identifier: GPL-2.0-only

//! The `record` format: complete records, in order, with gaps exactly where the counters say so.

use nix::{
    errno::Errno,
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags},
};
use simrupt_core::abi::{self, RECORD_SIZE};
use simrupt_vm_tests::{Line, Reader, Simrupt, decode, enough, eventually, missing, read_records};
use std::{fs::File, io::Read, os::fd::AsRawFd};

fn fionread(file: &File) -> i32 {
    let mut bytes = -1;
    // SAFETY: The kernel writes one int.
    let result = unsafe { nix::libc::ioctl(file.as_raw_fd(), nix::libc::FIONREAD, &mut bytes) };
    assert_eq!(result, 0);
    bytes
}

fn lost(line: Line) -> u64 {
    let stats = line.stats();
    stats["overrun"] + stats["dropped"] + stats["overwritten"] + stats["flushed"]
}

#[test]
fn a_record_tells_an_events_way() {
    let module = Simrupt::load("format=record rate_hz=1000");
    let mut file = module.line(0).open();
    for (seq, record) in (0..).zip(read_records(&mut file, 500)) {
        assert_eq!(record.seq, seq);
        assert_eq!(record.value, abi::value_of(seq));
        assert_eq!((record.flags, record.reserved), (0, 0));
        assert!(record.irq_cpu < 2 && record.bh_cpu < 2, "{record:?}");
    }
}

#[test]
fn reads_return_whole_records() {
    let module = Simrupt::load("format=record rate_hz=5000 run=always");
    let line = module.line(0);
    eventually("records are queued", || line.stat("queued") >= 300);
    line.silence();
    let queued = line.stat("queued") as usize;
    let mut file = line.open_nonblock();
    assert_eq!(fionread(&file), (queued * RECORD_SIZE) as i32);

    let mut bytes = vec![0; queued * RECORD_SIZE];
    for size in [1, RECORD_SIZE - 1] {
        let error = file.read(&mut bytes[..size]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(Errno::EINVAL as i32));
    }
    let mut all = Vec::new();
    for size in [RECORD_SIZE, 2 * RECORD_SIZE + 39, 100 * RECORD_SIZE + 1] {
        let count = file.read(&mut bytes[..size]).unwrap();
        assert_eq!(count, size / RECORD_SIZE * RECORD_SIZE);
        all.extend_from_slice(&bytes[..count]);
    }
    // The format can change between reads.
    line.set("format", "char");
    assert_eq!(file.read(&mut bytes[..10]).unwrap(), 10);
    assert_eq!(bytes[0], abi::value_of(103));
    assert_eq!(fionread(&file), queued as i32 - 113);
    line.set("format", "record");
    let count = file.read(&mut bytes).unwrap();
    let rest = decode(&bytes[..count]);
    assert_eq!(rest[0].seq, 113);
    assert_eq!(rest.len(), queued - 113);
    assert_eq!(decode(&all).len(), 103);
    assert_eq!(fionread(&file), 0);
    module.verify();
}

#[test]
fn a_copy_that_faults_in_the_middle_of_a_record_delivers_those_before_it() {
    let module = Simrupt::load("format=record rate_hz=5000 run=always");
    let line = module.line(0);
    eventually("records are queued", || line.stat("queued") >= 300);
    line.silence();
    let queued = line.stat("queued");
    let file = line.open_nonblock();
    // Two pages, of which only the first is mapped: it has room for 102 records and a bit.
    let page = 4096;
    // SAFETY: New memory, whose second page is unmapped before anybody uses it.
    let start = unsafe {
        let flags = nix::libc::MAP_PRIVATE | nix::libc::MAP_ANONYMOUS;
        let access = nix::libc::PROT_READ | nix::libc::PROT_WRITE;
        let start = nix::libc::mmap(std::ptr::null_mut(), 2 * page, access, flags, -1, 0);
        assert_eq!(nix::libc::munmap(start.byte_add(page), page), 0);
        start
    };
    let mut next = 0;
    for expected in [102, 102] {
        // SAFETY: The kernel writes to the first page, and finds that there is no second one.
        let count = unsafe { nix::libc::read(file.as_raw_fd(), start, 2 * page) } as usize;
        assert_eq!(count, expected * RECORD_SIZE);
        // SAFETY: So many bytes were written.
        let bytes = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), count) };
        for record in decode(bytes) {
            assert_eq!(record.seq, next);
            next += 1;
        }
    }
    let stats = line.stats();
    assert_eq!((stats["read"], stats["queued"]), (next, queued - next));
    module.verify();
}

#[test]
fn an_unknown_ioctl_is_refused() {
    let module = Simrupt::load("");
    let file = module.line(0).open();
    // SAFETY: The kernel does not know the request, and touches nothing.
    let result = unsafe { nix::libc::ioctl(file.as_raw_fd(), 0xabcd, 0) };
    assert_eq!((result, Errno::last()), (-1, Errno::ENOTTY));
}

/// 10,000 events per second on a small fifo, with a reader: the missing sequence numbers are the losses in the
/// counters.
fn gaps_equal_losses(flavor: &str) {
    let module = Simrupt::load(&format!(
        "format=record rate_hz=10000 fifo_size=16 workqueue={flavor} work_us=2000"
    ));
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    eventually("enough events", || line.stat("events") >= enough(5000));
    line.set("work_us", "0");
    line.silence();
    let records = decode(&reader.stop());
    let missing = missing(&records, line.stat("events"));
    assert_eq!(missing, lost(line));
    assert!(missing > 0, "nothing was lost: this tests nothing");
    assert_eq!(line.stat("read"), records.len() as u64);
    assert_eq!(line.contexts("bottom_half")[3], 0);
    module.verify();
}

#[test]
fn gaps_in_the_sequence_are_the_losses_in_softirq() {
    gaps_equal_losses("bh");
}

#[test]
fn gaps_in_the_sequence_are_the_losses_in_a_thread() {
    gaps_equal_losses("unbound");
}

#[test]
fn eight_readers_with_buffers_of_all_sizes_share_the_records() {
    let module = Simrupt::load("format=record rate_hz=10000");
    let line = module.line(0);
    let sizes = [40, 41, 79, 80, 1000, 4096, 65_536, 1 << 20];
    let readers = sizes.map(|size| Reader::start(line, size));
    eventually("enough was read", || line.stat("read") >= enough(5000));
    line.silence();
    let mut all: Vec<u64> = Vec::new();
    for reader in readers {
        let records = decode(&reader.stop());
        // Each reader gets its records in order.
        assert!(records.windows(2).all(|pair| pair[0].seq < pair[1].seq));
        all.extend(records.iter().map(|record| record.seq));
    }
    all.sort_unstable();
    assert!(
        all.iter().copied().eq(0..line.stat("events")),
        "something is missing, or there twice"
    );
    module.verify();
}

#[test]
fn epoll_tells_when_there_is_something_to_read() {
    let module = Simrupt::load("format=record rate_hz=0");
    let line = module.line(0);
    let mut file = line.open();
    let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
    epoll
        .add(&file, EpollEvent::new(EpollFlags::EPOLLIN, 7))
        .unwrap();
    let mut events = [EpollEvent::empty()];
    assert_eq!(epoll.wait(&mut events, 20_u8).unwrap(), 0);
    line.set("rate_hz", "100");
    assert_eq!(epoll.wait(&mut events, 1000_u16).unwrap(), 1);
    assert_eq!(events[0].data(), 7);
    assert!(events[0].events().contains(EpollFlags::EPOLLIN));
    read_records(&mut file, 1);
}
