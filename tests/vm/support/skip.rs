// SPDX-License-Identifier: GPL-2.0-only

//! Tests that cannot run on this kernel.

use std::io::{self, Write};

/// Prints, instead of a test's outcome, that it cannot run, and why. The test then returns: `return skip("...")`.
///
/// `test-totals` reads it, and counts the test as skipped, although it passes in libtest. libtest has just printed the
/// name, because only one test runs at a time. libtest captures `println!` of a test that passes, but not output to the
/// standard output itself.
pub fn skip(reason: &str) {
    let mut output = io::stdout().lock();
    writeln!(output, "skipped: {reason}").expect("the standard output can be written to");
}
