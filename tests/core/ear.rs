// SPDX-License-Identifier: GPL-2.0-only

//! Whom the device of a closed loop hears.

use simrupt_core::ear::Ear;

/// An ear whose driver has rung before, with the interrupt on CPU 1.
fn on_cpu_1() -> Ear {
    let mut ear = Ear::new();
    ear.hears_bell(1);
    ear.hears_timer();
    assert!(ear.hears_bell(1));
    ear
}

#[test]
fn rings_are_heard_while_the_interrupt_stays() {
    let mut ear = on_cpu_1();
    for _ in 0..10 {
        assert!(ear.hears_bell(1));
        assert!(ear.hears_timer());
    }
}

#[test]
fn after_the_interrupt_has_moved_the_driver_is_not_heard_until_the_second_look() {
    let mut ear = on_cpu_1();
    assert!(!ear.hears_bell(0));
    assert!(!ear.hears_bell(0));
    assert!(!ear.hears_timer());
    assert!(ear.hears_timer());
    assert!(ear.hears_bell(0));
}

#[test]
fn a_look_between_the_move_and_the_ring_does_not_hide_the_move() {
    let mut ear = on_cpu_1();
    assert!(ear.hears_timer());
    assert!(!ear.hears_bell(0));
}

#[test]
fn a_move_back_before_anybody_rang_is_none() {
    let mut ear = on_cpu_1();
    assert!(ear.hears_bell(1));
    assert!(!ear.hears_bell(0));
    assert!(!ear.hears_bell(1));
    assert!(!ear.hears_timer());
    assert!(ear.hears_bell(1));
}
