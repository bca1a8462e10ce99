// SPDX-License-Identifier: GPL-2.0-only

//! Memory for system calls that is only partly usable.

use nix::libc;
use std::ptr;

const PAGE: usize = 4096;

/// Addresses that no process may use: 0, an unmapped one, the kernel's, the last one.
pub(super) const BAD: [usize; 4] = [0, 8, 0xffff_8880_0000_0000, usize::MAX - 7];

/// From here on, addresses are the kernel's or unused, on all architectures.
pub(super) const USER_END: usize = 1 << 63;

/// Some usable pages, followed by one that is not.
pub(super) struct Edge {
    start: *mut u8,
    len: usize,
}

impl Edge {
    /// So many usable pages.
    pub(super) fn new(pages: usize) -> Self {
        let len = pages * PAGE;
        // SAFETY: New mappings, wherever the kernel wants them.
        let start = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let usable = libc::PROT_READ | libc::PROT_WRITE;
            let start = libc::mmap(ptr::null_mut(), len + PAGE, usable, flags, -1, 0);
            assert_ne!(start, libc::MAP_FAILED);
            assert_eq!(
                libc::mprotect(start.byte_add(len), PAGE, libc::PROT_NONE),
                0
            );
            start.cast()
        };
        Self { start, len }
    }

    /// How many bytes can be used.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The address of the last `usable` usable bytes; nothing follows them.
    pub(super) fn before_the_end(&self, usable: usize) -> *mut u8 {
        assert!(usable <= self.len);
        self.start.wrapping_add(self.len - usable)
    }

    /// The last bytes that can be used.
    pub(super) fn last(&self, count: usize) -> &[u8] {
        // SAFETY: They are mapped, and only system calls of this thread write to them.
        unsafe { std::slice::from_raw_parts(self.before_the_end(count), count) }
    }

    /// Ends the usable bytes with this text; returns where it begins.
    pub(super) fn put_last(&mut self, text: &[u8]) -> *mut u8 {
        let place = self.before_the_end(text.len());
        // SAFETY: This many bytes are mapped there, for this purpose only.
        unsafe { ptr::copy_nonoverlapping(text.as_ptr(), place, text.len()) };
        place
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        // SAFETY: The mapping is ours, and nothing points to it any more.
        unsafe { libc::munmap(self.start.cast(), self.len + PAGE) };
    }
}
