// SPDX-License-Identifier: GPL-2.0-only

//! Random bytes, sizes, addresses and commands for everything that the module lets user space reach.
//!
//! `FUZZ_SEED` in the environment selects the random values; `FUZZ_ROUNDS` multiplies the rounds of each test. run-vm
//! checks the kernel's log, as after any test.

mod calls;
mod memory;
mod nobody;
mod reads;
mod texts;
mod writes;

use crate::model::{number, say};

fn seed() -> u64 {
    number("FUZZ_SEED", 1)
}

fn rounds(by_default: u64) -> u64 {
    by_default * number("FUZZ_ROUNDS", 1)
}

/// The number of calls and bytes.
#[derive(Default)]
struct Tally {
    bytes: u64,
    calls: u64,
}

impl Tally {
    /// Counts a call with this many random bytes.
    fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.calls += 1;
    }

    /// Reports progress now and then.
    fn progress(&self, what: &str) {
        if self.calls % 500 == 0 {
            self.say(what);
        }
    }

    fn say(&self, what: &str) {
        let Self { bytes, calls } = self;
        say(&format!("fuzz: {what}: {calls} calls, {bytes} bytes"));
    }
}
