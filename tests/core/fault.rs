// SPDX-License-Identifier: GPL-2.0-only

//! The chances at which a fault happens.

use proptest::prelude::*;
use simrupt_core::{
    fault::{Follower, Injector, Rules, Settings, CERTAIN_PPM},
    knobs::Fault,
};

const LOST: Rules = Rules {
    fault: Fault::Lost,
    every: 1,
    probability_ppm: CERTAIN_PPM,
    times: u64::MAX,
    span_ns: 7_000,
};

fn injector(rules: Rules) -> Injector {
    let mut injector = Injector::new(1);
    injector.start(rules);
    injector
}

/// The numbers of the chances, from 1 on, at which the fault happens.
fn taken(injector: &mut Injector, chances: u64) -> Vec<u64> {
    let fires = |chance: &u64| {
        let _ = chance;
        injector.fires(Fault::Lost).is_some()
    };
    (1..=chances).filter(fires).collect()
}

#[test]
fn nothing_happens_without_rules() {
    let mut injector = Injector::new(1);
    for fault in Fault::ALL {
        assert_eq!(injector.fires(*fault), None);
    }
}

#[test]
fn by_default_every_chance_is_taken_and_counted() {
    let mut injector = injector(LOST);
    for number in 1..100 {
        assert_eq!(injector.fires(Fault::Lost), Some(number));
    }
}

#[test]
fn chances_of_other_faults_do_not_count() {
    let mut injector = injector(Rules { every: 2, ..LOST });
    assert_eq!(injector.fires(Fault::Lost), None);
    assert_eq!(injector.fires(Fault::Late), None);
    assert_eq!(injector.fires(Fault::None), None);
    assert_eq!(injector.fires(Fault::Lost), Some(1));
}

#[test]
fn every_third_chance_is_the_third_the_sixth_and_so_on() {
    let mut injector = injector(Rules { every: 3, ..LOST });
    assert_eq!(taken(&mut injector, 10), [3, 6, 9]);
}

#[test]
fn it_ends_after_so_many_times() {
    let rules = Rules {
        every: 2,
        times: 3,
        ..LOST
    };
    assert_eq!(taken(&mut injector(rules), 100), [2, 4, 6]);
    assert_eq!(taken(&mut injector(Rules { times: 0, ..LOST }), 100), []);
}

#[test]
fn rules_that_are_set_again_start_over() {
    let rules = Rules {
        every: 2,
        probability_ppm: 300_000,
        times: 5,
        ..LOST
    };
    let mut injector = injector(rules);
    let first = taken(&mut injector, 101);
    assert_eq!(first.len(), 5);
    injector.start(rules);
    assert_eq!(taken(&mut injector, 101), first);
}

#[test]
fn lines_with_other_seeds_make_other_choices() {
    let rules = Rules {
        probability_ppm: 500_000,
        ..LOST
    };
    let of_seed = |seed| {
        let mut injector = Injector::new(seed);
        injector.start(rules);
        taken(&mut injector, 64)
    };
    assert_ne!(of_seed(0), of_seed(1));
    assert_eq!(of_seed(0), of_seed(0));
}

#[test]
fn a_follower_takes_new_rules_at_its_next_chance() {
    let settings = Settings::new();
    let mut follower = Follower::new(1);
    assert_eq!(follower.fires(&settings, Fault::Lost), None);
    assert_eq!(follower.fires(&settings, Fault::None), None);
    settings.set(Rules { times: 1, ..LOST });
    assert_eq!(follower.fires(&settings, Fault::Late), None);
    assert_eq!(follower.fires(&settings, Fault::Lost), Some(1));
    assert_eq!(follower.span_ns(), 7_000);
    assert!(follower.is_current(&settings));
    assert_eq!(follower.fires(&settings, Fault::Lost), None);
    // Setting the same rules again starts over, too.
    settings.set(Rules { times: 1, ..LOST });
    assert!(!follower.is_current(&settings));
    assert_eq!(follower.fires(&settings, Fault::Lost), Some(1));
    settings.set(Rules::NONE);
    assert_eq!(follower.fires(&settings, Fault::Lost), None);
}

proptest! {
    #[test]
    fn as_many_chances_are_taken_as_the_rules_say(
        every in 1..50_u64,
        probability_ppm in 1..=CERTAIN_PPM,
        times in 0..2_000_u64,
        seed: u64,
    ) {
        let mut injector = Injector::new(seed);
        injector.start(Rules { every, probability_ppm, times, ..LOST });
        let chances = 20_000;
        let taken = taken(&mut injector, chances);
        prop_assert!(taken.iter().all(|chance| chance % every == 0));
        prop_assert!(taken.len() as u64 <= times);
        if (taken.len() as u64) < times {
            // Five standard deviations, and one for rounding.
            let considered = (chances / every) as f64;
            let share = probability_ppm as f64 / CERTAIN_PPM as f64;
            let deviation = 5.0 * (considered * share * (1.0 - share)).sqrt() + 1.0;
            prop_assert!((taken.len() as f64 - considered * share).abs() <= deviation);
        }
    }
}
