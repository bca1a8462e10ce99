// SPDX-License-Identifier: GPL-2.0-only

//! The rings of the doorbell that the device of a closed loop answers.

use simrupt_core::doorbell::Suppression;

/// The state of a driver that has rung before, with the interrupt on CPU 1.
fn on_cpu_1() -> Suppression {
    let mut suppression = Suppression::new();
    suppression.doorbell(1);
    suppression.timer();
    assert!(suppression.doorbell(1));
    suppression
}

#[test]
fn rings_are_answered_while_the_interrupt_stays() {
    let mut suppression = on_cpu_1();
    for _ in 0..10 {
        assert!(suppression.doorbell(1));
        assert!(suppression.timer());
    }
}

#[test]
fn after_the_interrupt_has_moved_rings_are_suppressed_until_the_second_look() {
    let mut suppression = on_cpu_1();
    assert!(!suppression.doorbell(0));
    assert!(!suppression.doorbell(0));
    assert!(!suppression.timer());
    assert!(suppression.timer());
    assert!(suppression.doorbell(0));
}

#[test]
fn a_look_between_the_move_and_the_ring_does_not_hide_the_move() {
    let mut suppression = on_cpu_1();
    assert!(suppression.timer());
    assert!(!suppression.doorbell(0));
}

#[test]
fn a_move_back_before_the_next_ring_does_not_count() {
    let mut suppression = on_cpu_1();
    assert!(suppression.doorbell(1));
    assert!(!suppression.doorbell(0));
    assert!(!suppression.doorbell(1));
    assert!(!suppression.timer());
    assert!(suppression.doorbell(1));
}
