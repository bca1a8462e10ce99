// SPDX-License-Identifier: GPL-2.0-only

//! The rate limiter: its limit holds for any demand, it is fair among those that wait, and it does not affect those
//! below the limit.

use proptest::prelude::*;
use simrupt_core::rate_limiter::{
    Contender, RateLimiter, RateLimiters, ENTRY_NS, LONGEST_SPAN_NS, NO_LIMIT_PCT, WINDOW_NS,
};

const SECOND_NS: u64 = 1_000_000_000;

fn limiters_of(cpus: usize) -> RateLimiters {
    RateLimiters::new((0..cpus).map(|_| RateLimiter::new()).collect())
}

/// A demand: to take this long, this long after the previous one was done.
#[derive(Clone, Copy, Debug)]
struct Wish {
    span_ns: u64,
    gap_ns: u64,
}

/// The outcome of a demand.
#[derive(Clone, Default)]
struct Fate {
    went: u64,
    took_ns: u64,
    put_off: u64,
}

/// Gives all of them one CPU for this long, one at a time, the earliest first. The charged time must be within the
/// limit at any time.
fn fates(wishes: &[Wish], limit_pct: u64, until_ns: u64) -> Vec<Fate> {
    let limiters = limiters_of(1);
    let limiter = limiters.of(0).unwrap();
    let mut contenders: Vec<Contender> = wishes.iter().map(|_| Contender::new()).collect();
    let mut fates = vec![Fate::default(); wishes.len()];
    // When each of them comes next, and how many came before it was decided.
    let mut next: Vec<(u64, u64)> = wishes.iter().map(|_| (SECOND_NS, 0)).collect();
    let longest_ns = wishes.iter().map(|wish| wish.span_ns).max().unwrap() + ENTRY_NS;
    let mut now_ns = SECOND_NS;
    for count in 1.. {
        let (who, &(at_ns, _)) = next.iter().enumerate().min_by_key(|(_, at)| **at).unwrap();
        now_ns = now_ns.max(at_ns);
        if now_ns >= SECOND_NS + until_ns {
            break;
        }
        let wish = wishes[who];
        let at_ns = match contenders[who].throttle(&limiters, [0; 3], now_ns, limit_pct) {
            Some(later_ns) => {
                fates[who].put_off += 1;
                now_ns += ENTRY_NS;
                later_ns
            }
            None => {
                let took_ns = wish.span_ns + ENTRY_NS;
                now_ns += took_ns;
                limiter.charge(now_ns, took_ns, limit_pct);
                contenders[who].served(&limiters, 0, now_ns, took_ns, limit_pct);
                fates[who].went += 1;
                fates[who].took_ns += took_ns;
                now_ns + wish.gap_ns
            }
        };
        next[who] = (at_ns, count);
        if limit_pct < NO_LIMIT_PCT {
            let most_ns = (now_ns - SECOND_NS + WINDOW_NS) * limit_pct / 100
                + longest_ns
                + wishes.len() as u64 * ENTRY_NS;
            let charged_ns = limiter.charged_ns();
            assert!(
                charged_ns <= most_ns,
                "{charged_ns} of {most_ns} at {now_ns}"
            );
        }
    }
    fates
}

fn wish() -> impl Strategy<Value = Wish> {
    // Spread over all magnitudes: from nothing to ten milliseconds, and pauses of up to a hundred.
    (0_u32..24, 0_u64..1000, 0_u32..27, 0_u64..1000).prop_map(|(span, part, gap, rest)| Wish {
        span_ns: ((1 << span) + (part << span) / 1000).min(10_000_000),
        gap_ns: (1 << gap) + (rest << gap) / 1000,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn all_together_take_no_more_than_the_limit(
        wishes in prop::collection::vec(wish(), 1..64),
        limit_pct in 1_u64..100,
    ) {
        fates(&wishes, limit_pct, SECOND_NS / 5);
    }

    #[test]
    fn no_waiting_contender_is_passed_over(
        span_ns in 20_000_u64..10_000_000,
        count in 2_usize..64,
        limit_pct in 5_u64..100,
    ) {
        let wishes = vec![Wish { span_ns, gap_ns: 1 }; count];
        // Time for about ten turns of each of them.
        let round_ns = (span_ns + ENTRY_NS) * count as u64 * 100 / limit_pct;
        let fates = fates(&wishes, limit_pct, 12 * round_ns + WINDOW_NS);
        let least = fates.iter().map(|fate| fate.went).min().unwrap();
        let most = fates.iter().map(|fate| fate.went).max().unwrap();
        // Until all of them wait, the first ones use the credit.
        let credit = WINDOW_NS / (span_ns + ENTRY_NS) + 1;
        prop_assert!(least >= 5 && most <= least + 3 + credit, "{}..{}", least, most);
    }
}

#[test]
fn short_turns_get_as_much_time_as_long_ones() {
    let heavy = Wish {
        span_ns: 5_000_000,
        gap_ns: 1,
    };
    let light = Wish {
        span_ns: 50_000,
        gap_ns: 1,
    };
    let fates = fates(&[heavy, light, light, light], 50, 10 * SECOND_NS);
    let least = fates.iter().map(|fate| fate.took_ns).min().unwrap();
    let most = fates.iter().map(|fate| fate.took_ns).max().unwrap();
    assert!(most < 2 * least, "{least}..{most}");
    // A quarter of half of the time for each.
    assert!(least > SECOND_NS / 2, "{least}");
}

#[test]
fn the_available_time_is_used() {
    let wishes = [Wish {
        span_ns: 100_000,
        gap_ns: 1,
    }; 64];
    let took_ns: u64 = fates(&wishes, 50, 4 * SECOND_NS)
        .iter()
        .map(|fate| fate.took_ns)
        .sum();
    // The requests take at most an eighth.
    assert!(took_ns > 4 * SECOND_NS * 42 / 100, "{took_ns}");
}

#[test]
fn a_contender_below_the_limit_is_never_delayed() {
    for (span_ns, gap_ns, limit_pct) in [
        (1_000, 10_000, 50),
        (4_900_000, 5_500_000, 50),
        (10_000_000, 30_000_000, 50),
        (90_000, 10_000_000, 1),
        (890_000, 100_000, 99),
    ] {
        let fate = &fates(&[Wish { span_ns, gap_ns }], limit_pct, 5 * SECOND_NS)[0];
        assert!(fate.went > 100);
        assert_eq!(fate.put_off, 0, "{span_ns} {gap_ns} {limit_pct}");
    }
}

#[test]
fn a_burst_after_a_pause_is_let_through() {
    let limiters = limiters_of(1);
    let limiter = limiters.of(0).unwrap();
    let mut contender = Contender::new();
    let mut now_ns = SECOND_NS;
    let begin_ns = now_ns;
    while contender.throttle(&limiters, [0; 3], now_ns, 50).is_none() {
        now_ns += 100_000;
        limiter.charge(now_ns, 100_000, 50);
        contender.served(&limiters, 0, now_ns, 100_000, 50);
    }
    // At half of the time, credit lasts as long as it took to accumulate.
    assert!(now_ns - begin_ns >= WINDOW_NS, "{}", now_ns - begin_ns);
    assert!(now_ns - begin_ns <= WINDOW_NS + 200_000);
}

#[test]
fn without_a_limit_nobody_waits_but_others_see_the_used_time() {
    let limiters = limiters_of(1);
    let limiter = limiters.of(0).unwrap();
    for step in 1..1000 {
        let now_ns = SECOND_NS + step * 1_000_000;
        let mut unlimited = Contender::new();
        assert_eq!(
            unlimited.throttle(&limiters, [0; 3], now_ns, NO_LIMIT_PCT),
            None
        );
        limiter.charge(now_ns, 2_000_000, NO_LIMIT_PCT);
    }
    let now_ns = SECOND_NS + 1_000_000_000;
    assert!(Contender::new()
        .throttle(&limiters, [0; 3], now_ns, 50)
        .is_some());
}

#[test]
fn time_on_any_of_the_cpus_counts() {
    let limiters = limiters_of(2);
    let now_ns = SECOND_NS;
    limiters.of(1).unwrap().charge(now_ns, 20_000_000, 50);
    assert_eq!(
        Contender::new().throttle(&limiters, [0; 3], now_ns, 50),
        None
    );
    let later_ns = Contender::new().throttle(&limiters, [0, 1, 0], now_ns, 50);
    assert_eq!(later_ns, Some(now_ns + 40_000_000 - WINDOW_NS));
    for cpus in [[1, 0, 0], [0, 0, 1]] {
        assert!(Contender::new()
            .throttle(&limiters, cpus, now_ns, 50)
            .is_some());
    }
    // A CPU that does not exist has no time to take.
    assert_eq!(
        Contender::new().throttle(&limiters, [7, 8, 9], now_ns, 50),
        None
    );
}

#[test]
fn nobody_waits_for_a_contender_that_has_left() {
    let limiters = limiters_of(1);
    let limiter = limiters.of(0).unwrap();
    let now_ns = SECOND_NS;
    limiter.charge(now_ns, 20_000_000, 50);
    let mut gone = Contender::new();
    assert!(gone.throttle(&limiters, [0; 3], now_ns, 50).is_some());
    gone.leave(&limiters);
    gone.leave(&limiters);
    let mut alone = Contender::new();
    alone.served(&limiters, 0, now_ns, 5_000_000, 50);
    let later_ns = alone.throttle(&limiters, [0; 3], now_ns, 50).unwrap();
    assert_eq!(later_ns, now_ns + 30_000_000 + 2 * 2 * ENTRY_NS);
}

/// As when the doorbell is rung: the time of the request is a part of the interrupt that makes it.
#[test]
fn throttling_in_a_measured_interrupt_is_charged_once() {
    let limiters = limiters_of(1);
    let limiter = limiters.of(0).unwrap();
    let now_ns = SECOND_NS;
    limiter.charge(now_ns, 20_000_000, 50);
    let before_ns = limiter.charged_ns();
    let mut contender = Contender::new();
    limiter.set_measuring(true);
    assert!(contender.throttle(&limiters, [0; 3], now_ns, 50).is_some());
    limiter.set_measuring(false);
    limiter.charge(now_ns, ENTRY_NS, 50);
    assert_eq!(limiter.charged_ns() - before_ns, ENTRY_NS);
    // In an interrupt that is not measured, nobody else charges it.
    assert!(contender.throttle(&limiters, [0; 3], now_ns, 50).is_some());
    assert_eq!(limiter.charged_ns() - before_ns, 2 * ENTRY_NS);
}

#[test]
fn a_pause_of_the_whole_machine_is_not_held_against_the_lines() {
    let limiters = limiters_of(1);
    let limiter = limiters.of(0).unwrap();
    limiter.charge(3600 * SECOND_NS, 3599 * SECOND_NS, 50);
    let (mut gone, mut other) = (Contender::new(), Contender::new());
    let later_ns = other.throttle(&limiters, [0; 3], 3600 * SECOND_NS, 50);
    assert!(later_ns.unwrap() <= 3600 * SECOND_NS + 3 * LONGEST_SPAN_NS);
    // Nor against the line whose contender it was.
    gone.served(&limiters, 0, 3600 * SECOND_NS, 3599 * SECOND_NS, 50);
    let later_ns = gone.throttle(&limiters, [0; 3], 3600 * SECOND_NS, 50);
    assert!(later_ns.unwrap() <= 3600 * SECOND_NS + 3 * LONGEST_SPAN_NS);
}

#[test]
fn after_a_reset_nobody_waits() {
    let limiters = limiters_of(1);
    let limiter = limiters.of(0).unwrap();
    limiter.charge(SECOND_NS, 10_000_000, 1);
    assert!(Contender::new()
        .throttle(&limiters, [0; 3], SECOND_NS, 1)
        .is_some());
    assert!(limiter.is_owing(SECOND_NS));
    limiter.reset(SECOND_NS);
    assert!(!limiter.is_owing(SECOND_NS));
    assert_eq!(
        Contender::new().throttle(&limiters, [0; 3], SECOND_NS, 1),
        None
    );
}
