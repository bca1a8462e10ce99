// SPDX-License-Identifier: GPL-2.0-only

//! The search for the highest rate that a flavor can follow: up in large steps as long as it can, then by bisection. So
//! no rate far above the highest one is tried, which would leave no CPU time to the thread that must end it.
//!
//! A rate that fails is tried again before it counts as too high. Otherwise a single disturbance of the machine on the
//! way up would decide the result.

use crate::results::Probe;

/// Factor between two rates on the way up.
const STEP: u64 = 2;

/// How often a rate must fail, in a row, to count as too high.
const TRIES: u32 = 2;

/// The search ends when the ratio of the lowest rate that failed to the highest that passed is at most this.
pub const RESOLUTION: f64 = 1.05;

/// The outcome of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The highest rate that passed; `None` if none did.
    pub rate_hz: Option<u64>,
    /// All rates that were tried, in order.
    pub probes: Vec<Probe>,
}

/// Searches from `min_hz` to `max_hz`. `measure` tries a rate, or returns `None` to stop; the result is then `None`.
///
/// ```
/// use simrupt_bench::knee::search;
/// use simrupt_bench::results::Probe;
///
/// // A machine that keeps up to 20 kHz.
/// let measure = |rate_hz| -> Result<_, ()> {
///     let passed = rate_hz <= 20_000;
///     let loss_ratio = if passed { 0.0 } else { 0.1 };
///     Ok(Some(Probe { rate_hz, loss_ratio, due_read_p99_ns: 9_000, passed }))
/// };
/// let found = search(1_000, 1_000_000, measure).unwrap().unwrap();
/// assert!((19_000..=20_000).contains(&found.rate_hz.unwrap()));
/// ```
pub fn search<E>(
    min_hz: u64,
    max_hz: u64,
    mut measure: impl FnMut(u64) -> Result<Option<Probe>, E>,
) -> Result<Option<Search>, E> {
    let mut probes = Vec::new();
    // The highest rate that passed, and the lowest that failed.
    let mut passed: Option<u64> = None;
    let mut failed: Option<u64> = None;
    while let Some(rate) = next(min_hz, max_hz, passed, failed) {
        let too_high = failed;
        failed = Some(rate);
        for _ in 0..TRIES {
            let Some(probe) = measure(rate)? else {
                return Ok(None);
            };
            let has_passed = probe.passed;
            probes.push(probe);
            if has_passed {
                (passed, failed) = (Some(rate), too_high);
                break;
            }
        }
    }
    Ok(Some(Search {
        rate_hz: passed,
        probes,
    }))
}

/// The next rate to try.
fn next(min_hz: u64, max_hz: u64, passed: Option<u64>, failed: Option<u64>) -> Option<u64> {
    match (passed, failed) {
        (None, None) => Some(min_hz),
        (None, Some(_)) => None,
        (Some(passed), None) if passed >= max_hz => None,
        (Some(passed), None) => Some(passed.saturating_mul(STEP).min(max_hz)),
        (Some(passed), Some(failed)) => {
            let (low, high) = (passed as f64, failed as f64);
            // The middle of rates is their geometric mean.
            let middle = (low * high).sqrt().round() as u64;
            let is_between = passed < middle && middle < failed;
            (high / low > RESOLUTION && is_between).then_some(middle)
        }
    }
}

/// The greatest number of probes of a search, wherever the highest rate is. A rate that passes only at the second try
/// takes one more.
pub fn most_probes(min_hz: u64, max_hz: u64) -> u32 {
    most_probes_from(min_hz, max_hz, None, None)
}

fn most_probes_from(min_hz: u64, max_hz: u64, passed: Option<u64>, failed: Option<u64>) -> u32 {
    let Some(rate) = next(min_hz, max_hz, passed, failed) else {
        return 0;
    };
    let when_it_passes = 1 + most_probes_from(min_hz, max_hz, Some(rate), failed);
    let when_it_fails = TRIES + most_probes_from(min_hz, max_hz, passed, Some(rate));
    when_it_passes.max(when_it_fails)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(rate_hz: u64, passed: bool) -> Probe {
        Probe {
            rate_hz,
            loss_ratio: 0.0,
            due_read_p99_ns: 0,
            passed,
        }
    }

    /// A search in which rates up to `knee` pass: the result, and the rates that were tried.
    fn found(min_hz: u64, max_hz: u64, knee: u64) -> (Option<u64>, Vec<u64>) {
        let measure = |rate_hz| -> Result<_, ()> { Ok(Some(probe(rate_hz, rate_hz <= knee))) };
        let found = search(min_hz, max_hz, measure).unwrap().unwrap();
        let tried = found.probes.iter().map(|probe| probe.rate_hz);
        (found.rate_hz, tried.collect())
    }

    #[test]
    fn the_knee_is_found_to_five_percent_with_at_most_the_announced_probes() {
        for (min, max) in [(1_000, 1_000_000), (1_000, 513_000), (7, 1_000_000), (1, 2)] {
            let most = most_probes(min, max) as usize;
            let mut longest = 0;
            for step in 0..500 {
                let share = f64::from(step) / 499.0;
                let knee = (min as f64 * (max as f64 / min as f64).powf(share)) as u64;
                let (rate, tried) = found(min, max, knee);
                let rate = rate.unwrap();
                let is_near = knee as f64 <= rate as f64 * RESOLUTION || knee - rate <= 1;
                assert!(rate <= knee && is_near, "{knee}: {rate}");
                longest = longest.max(tried.len());
            }
            assert_eq!(longest, most, "{min} to {max}");
        }
    }

    #[test]
    fn nothing_far_above_the_knee_is_tried() {
        let (_, tried) = found(1_000, 1_000_000, 20_000);
        assert_eq!(tried[..3], [1_000, 2_000, 4_000]);
        assert!(tried.iter().all(|rate| *rate <= 40_000), "{tried:?}");
    }

    #[test]
    fn the_ends_of_the_range_may_be_the_answer() {
        assert_eq!(found(1_000, 50_000, 999), (None, vec![1_000, 1_000]));
        let (rate, tried) = found(1_000, 50_000, 1_000_000);
        assert_eq!(rate, Some(50_000));
        assert_eq!(tried, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 50_000]);
        // There is no rate between small ones, however large their ratio.
        assert_eq!(found(1, 2, 1).0, Some(1));
    }

    #[test]
    fn a_rate_that_fails_on_the_way_up_is_tried_again_and_a_second_failure_ends_it() {
        let mut left_to_fail = 1;
        let mut hiccup = |rate_hz, at: u64| {
            let fails = rate_hz == at && left_to_fail > 0;
            left_to_fail -= u32::from(fails);
            Ok::<_, ()>(Some(probe(rate_hz, !fails)))
        };
        let once = search(1_000, 8_000, |rate| hiccup(rate, 2_000))
            .unwrap()
            .unwrap();
        assert_eq!(once.rate_hz, Some(8_000));
        let tried: Vec<_> = once
            .probes
            .iter()
            .map(|one| (one.rate_hz, one.passed))
            .collect();
        let expected = [
            (1_000, true),
            (2_000, false),
            (2_000, true),
            (4_000, true),
            (8_000, true),
        ];
        assert_eq!(tried, expected);

        left_to_fail = 2;
        let mut hiccup = |rate_hz| {
            let fails = rate_hz == 2_000 && left_to_fail > 0;
            left_to_fail -= u32::from(fails);
            Ok::<_, ()>(Some(probe(rate_hz, !fails)))
        };
        let twice = search(1_000, 8_000, &mut hiccup).unwrap().unwrap();
        assert!(
            (1_900..2_000).contains(&twice.rate_hz.unwrap()),
            "{twice:?}"
        );
    }

    #[test]
    fn a_search_that_is_stopped_has_found_nothing() {
        let stopped = search(1, 10, |_| Ok::<_, ()>(None)).unwrap();
        assert_eq!(stopped, None);
        let failed = search(1, 10, |_| Err::<Option<Probe>, _>("odd"));
        assert_eq!(failed, Err("odd"));
    }
}
