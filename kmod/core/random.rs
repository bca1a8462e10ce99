// SPDX-License-Identifier: GPL-2.0-only

//! Random numbers: good enough for arrival times and faults, and cheap in hardirq.

/// Marsaglia's xorshift with Vigna's multiplier ("An experimental exploration of Marsaglia's
/// xorshift generators, scrambled", 2016).
#[derive(Clone, Copy, Debug)]
pub struct Random {
    /// Never 0.
    state: u64,
}

impl Random {
    /// Equal seeds give equal numbers.
    pub const fn new(seed: u64) -> Self {
        Self {
            // Spreads small seeds over all bits. The constant is the fraction of the golden ratio.
            state: seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    /// The next number, over all 64 bits.
    #[inline]
    pub fn draw(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `width`, which must be at most 2^32: the upper half of a product.
    #[inline]
    pub fn below(&mut self, width: u64) -> u64 {
        (self.draw() >> 32).wrapping_mul(width) >> 32
    }
}
