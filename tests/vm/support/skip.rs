// SPDX-License-Identifier: GPL-2.0-only

//! Tests that cannot run on this kernel.

use std::io::{self, Write};

/// Says in the place of a test's outcome that it cannot run, and why. The test then returns: `return skip("...")`.
///
/// `test-totals` reads it, and counts the test as skipped, although libtest has it pass. libtest has just printed
/// the name, as only one test runs at a time. It keeps what `println!` prints of a test that passes, but not what is
/// written to the standard output itself.
pub fn skip(reason: &str) {
    let mut output = io::stdout().lock();
    writeln!(output, "skipped: {reason}").expect("the standard output can be written to");
}
