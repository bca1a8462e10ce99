// SPDX-License-Identifier: GPL-2.0-only

//! The memory of a line that its bottom half touches: `work_bytes`. Made and freed in process
//! context; touched by the bottom half, in any context.

use crate::kext::kvec;
use core::hint::black_box;
use kernel::prelude::*;

/// The unit of an access: a cache line of most processors.
type CacheLine = [u64; 8];

/// The number of cache lines between two reads of the clock: 64 KiB.
const PIECE: usize = 1024;

/// See the module's description.
pub(crate) struct WorkMemory(KVVec<CacheLine>);

impl WorkMemory {
    /// No memory.
    pub(super) const fn none() -> Self {
        Self(KVVec::new())
    }

    /// `bytes` bytes, rounded up to a multiple of 64.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(bytes: u64) -> Result<Self> {
        match usize::try_from(bytes)?.div_ceil(size_of::<CacheLine>()) {
            0 => Ok(Self::none()),
            lines => Ok(Self(kvec::zeroed(lines)?)),
        }
    }

    /// Reads and writes a word of each cache line, piece by piece, while `goes_on` returns true.
    pub(super) fn touch(&mut self, mut goes_on: impl FnMut() -> bool) {
        for piece in self.0.chunks_mut(PIECE) {
            if !goes_on() {
                return;
            }
            for [word, ..] in piece {
                *word = black_box(word.wrapping_add(1));
            }
        }
    }
}
