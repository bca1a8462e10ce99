// SPDX-License-Identifier: GPL-2.0-only

//! The slots of a fifo can be zeroed memory.

use crate::logic::fifo::Slot;
use kernel::prelude::*;

// SAFETY: A slot consists of atomic integers, for which zero is a valid value.
unsafe impl Zeroable for Slot {}
