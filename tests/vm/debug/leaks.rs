// SPDX-License-Identifier: GPL-2.0-only

//! Leaks, by the kernel's own search for memory that nothing points to.

use std::{fs, thread, time::Duration};

const KMEMLEAK: &str = "/sys/kernel/debug/kmemleak";

/// How old memory must be before the search reports it.
const AGE: Duration = Duration::from_secs(6);

fn scan() {
    fs::write(KMEMLEAK, "scan").expect("the kernel searches for leaks");
}

/// What leaked before this is not looked at any more.
pub(super) fn forget_leaks() {
    scan();
    fs::write(KMEMLEAK, "clear").unwrap();
}

/// Asserts that nothing has leaked since [`forget_leaks`].
pub(super) fn assert_no_leaks() {
    // A first search may be misled by what moves meanwhile, so two must agree. The memory also has to
    // be of some age.
    scan();
    thread::sleep(AGE);
    scan();
    let leaks = fs::read_to_string(KMEMLEAK).unwrap();
    assert!(leaks.is_empty(), "{leaks}");
}
