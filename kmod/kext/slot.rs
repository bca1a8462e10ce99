// SPDX-License-Identifier: GPL-2.0-only

//! The slots of a fifo as memory that may begin as zeros.

use crate::logic::fifo::Slot;
use kernel::prelude::*;

// SAFETY: A slot is made of atomic numbers, and zero is one of each.
unsafe impl Zeroable for Slot {}
