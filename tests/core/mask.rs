// SPDX-License-Identifier: GPL-2.0-only

use simrupt_core::mask::Mask;

#[test]
fn a_device_that_is_not_masked_keeps_nothing_back() {
    let mask = Mask::new();
    assert!(!mask.keeps_back());
    assert!(mask.unmask());
    assert!(!mask.keeps_back());
}

#[test]
fn unmasking_fails_once_for_all_raises_that_were_kept_back() {
    let mask = Mask::new();
    assert!(mask.mask());
    assert!(mask.keeps_back());
    assert!(mask.keeps_back());
    assert!(!mask.unmask());
    // It is still masked.
    assert!(mask.keeps_back());
    assert!(!mask.unmask());
    assert!(mask.unmask());
    assert!(!mask.keeps_back());
}

#[test]
fn masking_a_masked_device_makes_the_other_check_once_more() {
    let mask = Mask::new();
    assert!(mask.mask());
    assert!(!mask.mask());
    assert!(!mask.unmask());
    assert!(mask.unmask());
    assert!(mask.mask());
}

#[test]
fn a_reset_forgets_raises_that_were_kept_back_and_says_so() {
    let mask = Mask::new();
    assert!(!mask.reset());
    assert!(mask.mask());
    assert!(!mask.reset());
    assert!(mask.mask());
    assert!(mask.keeps_back());
    assert!(mask.reset());
    assert!(!mask.keeps_back());
    assert!(mask.unmask());
}
