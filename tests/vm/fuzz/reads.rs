// SPDX-License-Identifier: GPL-2.0-only

//! Reads of all sizes into all kinds of memory: whatever faults occur, every record reaches a reader once, in order and
//! complete.

use super::{
    Tally,
    memory::{BAD, Edge, USER_END},
    rounds, seed,
};
use fastrand::Rng;
use nix::{
    errno::Errno,
    libc::{self, c_int, c_void, iovec},
};
use simrupt_core::abi::{RECORD_SIZE, value_of};
use simrupt_vm_tests::{Line, Simrupt, decode, eventually};
use std::{collections::VecDeque, fs::File, os::fd::AsRawFd, ptr};

/// By how many bytes the kernel may be wrong about the place of a fault in a copy.
const COPY_STEP: usize = 64;

/// A part of a vector.
enum Part {
    /// A length, of which only a part is usable memory.
    Some(Edge, usize, usize),
    /// A length at an address where there is nothing.
    Nothing(usize, usize),
}

impl Part {
    fn random(random: &mut Rng) -> Self {
        let most = [2, 50, 400, 9000][random.usize(..4)];
        let len = random.usize(..most);
        if random.u8(..8) == 0 {
            return Self::Nothing(BAD[random.usize(..BAD.len())], len + 1);
        }
        let usable = match random.u8(..6) {
            0 => random.usize(..=len),
            _ => len,
        };
        // Far more than there is, and than will ever come.
        let len = if random.u8(..20) == 0 {
            len + (1 << 20)
        } else {
            len
        };
        Self::Some(Edge::new(usable / 4096 + 1), usable, len)
    }

    fn iovec(&self) -> iovec {
        let (base, len) = match self {
            Self::Some(edge, usable, len) => (edge.before_the_end(*usable).cast::<c_void>(), *len),
            Self::Nothing(address, len) => (ptr::without_provenance_mut(*address), *len),
        };
        iovec {
            iov_base: base,
            iov_len: len,
        }
    }

    /// Whether the kernel refuses a vector that contains it without reading it.
    fn is_out_of_bounds(&self) -> bool {
        matches!(self, Self::Nothing(address, len) if address.saturating_add(*len) > USER_END)
    }

    fn len(&self) -> usize {
        match self {
            Self::Some(_, _, len) | Self::Nothing(_, len) => *len,
        }
    }

    fn usable(&self) -> usize {
        match self {
            Self::Some(_, usable, len) => *usable.min(len),
            Self::Nothing(..) => 0,
        }
    }
}

/// Bytes up to the first that cannot be written to.
fn reachable(parts: &[Part]) -> usize {
    let whole = parts.iter().take_while(|part| part.usable() == part.len());
    let count = whole.clone().count();
    whole.map(Part::len).sum::<usize>() + parts.get(count).map_or(0, Part::usable)
}

/// The first bytes of the parts.
fn gathered(parts: &[Part], count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        if let Part::Some(edge, usable, _) = part {
            bytes.extend_from_slice(edge.last(*usable));
        }
    }
    bytes.truncate(count);
    bytes
}

/// A way to read into a vector.
fn read(random: &mut Rng, file: &File, vector: &[iovec]) -> Result<usize, Errno> {
    let fd = file.as_raw_fd();
    let count = c_int::try_from(vector.len()).expect("a short vector");
    // SAFETY: The kernel checks what it may write to, and the rest is memory for that.
    let read = unsafe {
        match vector {
            [only] if random.bool() => libc::read(fd, only.iov_base, only.iov_len),
            _ if random.bool() => libc::preadv2(fd, vector.as_ptr(), count, -1, 0),
            _ => libc::readv(fd, vector.as_ptr(), count),
        }
    };
    Errno::result(read).map(|read| usize::try_from(read).expect("a size"))
}

/// A line whose queue is known.
pub(super) struct Known {
    line: Line,
    pub(super) file: File,
    queue: VecDeque<u64>,
    next: u64,
    size: usize,
}

impl Known {
    pub(super) fn new(module: &Simrupt) -> Self {
        let line = module.line(0);
        Self {
            line,
            file: line.open_nonblock(),
            queue: VecDeque::new(),
            next: 0,
            size: 1,
        }
    }

    /// Makes this many more events come.
    pub(super) fn fill(&mut self, count: u64) {
        self.line.set("pattern", "burst");
        self.line.set("burst", &count.to_string());
        self.line.set("rate_hz", &(count * 50).to_string());
        eventually("events come", || {
            self.line.stat("events") >= self.next + count
        });
        self.line.silence();
        let end = self.line.stat("events");
        self.queue.extend(self.next..end);
        self.next = end;
        eventually("they are queued", || {
            self.line.stat("queued") == self.queue.len() as u64
        });
    }

    pub(super) fn set_format(&mut self, is_record: bool) {
        self.size = if is_record { RECORD_SIZE } else { 1 };
        let format = if is_record { "record" } else { "char" };
        self.line.set("format", format);
    }

    /// Reads once, and checks the outcome.
    pub(super) fn read(&mut self, random: &mut Rng) -> usize {
        let parts: Vec<Part> = (0..=random.usize(..5))
            .map(|_| Part::random(random))
            .collect();
        let vector: Vec<iovec> = parts.iter().map(Part::iovec).collect();
        let total: usize = parts.iter().map(Part::len).sum();
        let reachable = reachable(&parts);
        let wanted = (total / self.size).min(self.queue.len()) * self.size;
        let whole = |bytes: usize| (bytes / self.size * self.size).min(wanted);
        let seen = read(random, &self.file, &vector);
        let about = format!("{total} bytes, {reachable} of them usable, {wanted} wanted: {seen:?}");
        let count = match seen {
            _ if parts.iter().any(Part::is_out_of_bounds) => {
                assert_eq!(seen, Err(Errno::EFAULT), "{about}");
                0
            }
            _ if total == 0 => {
                assert_eq!(seen, Ok(0), "{about}");
                0
            }
            _ if total < self.size => {
                assert_eq!(seen, Err(Errno::EINVAL), "{about}");
                0
            }
            _ if self.queue.is_empty() => {
                assert_eq!(seen, Err(Errno::EAGAIN), "{about}");
                0
            }
            Ok(count) => {
                let least = if reachable >= wanted {
                    wanted
                } else {
                    whole(reachable.saturating_sub(COPY_STEP))
                };
                assert!(count != 0 && count % self.size == 0, "{about}");
                assert!((least..=whole(reachable)).contains(&count), "{about}");
                count
            }
            Err(why) => {
                assert_eq!(why, Errno::EFAULT, "{about}");
                assert!(whole(reachable.saturating_sub(COPY_STEP)) == 0, "{about}");
                0
            }
        };
        let bytes = gathered(&parts, count);
        let numbers = self.queue.drain(..count / self.size);
        if self.size == RECORD_SIZE {
            let seen: Vec<u64> = decode(&bytes).iter().map(|record| record.seq).collect();
            assert_eq!(seen, numbers.collect::<Vec<_>>(), "{about}");
        } else {
            assert_eq!(bytes, numbers.map(value_of).collect::<Vec<_>>(), "{about}");
        }
        assert_eq!(self.readable(), self.queue.len() * self.size, "{about}");
        total.min(1 << 16)
    }

    /// The answer to FIONREAD.
    fn readable(&self) -> usize {
        let mut bytes: c_int = -1;
        // SAFETY: The call writes an int.
        let result = unsafe { libc::ioctl(self.file.as_raw_fd(), libc::FIONREAD, &mut bytes) };
        assert_eq!(result, 0);
        usize::try_from(bytes).expect("a size")
    }

    /// Asserts that the counters agree.
    pub(super) fn settle(&self) {
        let stats = self.line.stats();
        assert_eq!(stats["queued"], self.queue.len() as u64);
        assert_eq!(stats["read"], self.next - stats["queued"]);
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }
}

#[test]
fn every_record_is_read_once_whatever_faults() {
    let module = Simrupt::load("fifo_size=4096 rate_hz=0");
    let mut random = Rng::with_seed(seed());
    let mut known = Known::new(&module);
    let mut tally = Tally::default();
    for round in 0..rounds(1500) {
        if known.queued() < 300 {
            known.fill(random.u64(1..2000));
        }
        if round % 20 == 0 {
            known.set_format(random.bool());
            known.settle();
        }
        tally.add(known.read(&mut random));
        tally.progress("reads");
    }
    known.settle();
    module.verify();
    tally.say("reads");
}

#[test]
fn invalid_reads_are_refused() {
    let module = Simrupt::load("rate_hz=0");
    let mut known = Known::new(&module);
    known.fill(100);
    let fd = known.file.as_raw_fd();
    let mut bytes = [0_u8; 64];
    let place = bytes.as_mut_ptr().cast::<c_void>();
    let one = iovec {
        iov_base: place,
        iov_len: bytes.len(),
    };
    let negative = iovec {
        iov_base: place,
        iov_len: usize::MAX,
    };
    let many = vec![one; 1025];
    // SAFETY: None of them gets as far as writing; if one did, there is room.
    unsafe {
        // A stream has no positions.
        assert_errno(libc::pread(fd, place, 64, 0), Errno::ESPIPE);
        assert_errno(libc::pread(fd, place, 64, -1), Errno::EINVAL);
        assert_errno(libc::preadv(fd, &one, 1, 10), Errno::ESPIPE);
        assert_errno(libc::readv(fd, many.as_ptr(), 1025), Errno::EINVAL);
        assert_errno(libc::readv(fd, &one, -1), Errno::EINVAL);
        assert_errno(libc::readv(fd, &negative, 1), Errno::EINVAL);
        assert_errno(
            libc::readv(fd, ptr::without_provenance(8), 1),
            Errno::EFAULT,
        );
        assert_errno(libc::read(fd, place, usize::MAX), Errno::EFAULT);
        // It has no pages to hand over either.
        let mut pipe = [0; 2];
        assert_eq!(libc::pipe(pipe.as_mut_ptr()), 0);
        let nowhere = ptr::null_mut();
        let spliced = libc::splice(fd, nowhere, pipe[1], nowhere, 64, 0);
        assert_errno(spliced, Errno::EINVAL);
        assert_errno(libc::sendfile(pipe[1], fd, nowhere, 64), Errno::EINVAL);
        libc::close(pipe[0]);
        libc::close(pipe[1]);
    }
    assert_eq!(bytes, [0; 64]);
    known.settle();
    module.verify();
}

fn assert_errno(result: isize, expected: Errno) {
    let why = Errno::last();
    assert_eq!((result, why), (-1, expected));
}
