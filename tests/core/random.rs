// SPDX-License-Identifier: GPL-2.0-only

//! The random numbers of schedules and faults.

use simrupt_core::random::Random;

#[test]
fn numbers_below_a_width_are_spread_evenly() {
    for width in [4, 12, 1_000_000, 1 << 32] {
        let mut random = Random::new(7);
        let mut quarters = [0; 4];
        for _ in 0..4_000 {
            let number = random.below(width);
            assert!(number < width);
            quarters[usize::try_from(number * 4 / width).unwrap()] += 1;
        }
        // Six standard deviations.
        assert!(
            quarters.iter().all(|count| (836..=1164).contains(count)),
            "{width}: {quarters:?}"
        );
    }
}

#[test]
fn equal_seeds_give_equal_numbers() {
    let numbers = |seed| {
        let mut random = Random::new(seed);
        [(); 8].map(|()| random.draw())
    };
    assert_eq!(numbers(3), numbers(3));
    assert_ne!(numbers(3), numbers(4));
}
