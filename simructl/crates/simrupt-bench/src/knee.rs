// SPDX-License-Identifier: GPL-2.0-only

//! The search for the highest rate that a flavor can follow: up in large steps as long as it can, then
//! halving what is left. So no rate is tried that is far above what it can do, and that would leave no
//! CPU to whoever has to end it.

use crate::results::Probe;

/// Factor between two rates on the way up.
const STEP: u64 = 2;

/// The search ends when the lowest rate that is too high is at most so many times the highest that is
/// not.
const RESOLUTION: f64 = 1.05;

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The highest rate that passed; `None` when not even the least did.
    pub rate_hz: Option<u64>,
    /// All that was tried, in that order.
    pub probes: Vec<Probe>,
}

/// Searches from `min_hz` to `max_hz`; `measure` tries a rate, or says that it is time to stop by
/// `None`, which is the answer then.
pub fn search<E>(
    min_hz: u64,
    max_hz: u64,
    mut measure: impl FnMut(u64) -> Result<Option<Probe>, E>,
) -> Result<Option<Search>, E> {
    let mut probes = Vec::new();
    // The highest rate that passed, and the lowest that did not.
    let mut passed: Option<u64> = None;
    let mut failed: Option<u64> = None;
    while let Some(rate) = next(min_hz, max_hz, passed, failed) {
        let Some(probe) = measure(rate)? else {
            return Ok(None);
        };
        match probe.passed {
            true => passed = Some(rate),
            false => failed = Some(rate),
        }
        probes.push(probe);
    }
    Ok(Some(Search {
        rate_hz: passed,
        probes,
    }))
}

/// The rate to try next.
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

/// How many rates a search tries at most.
pub fn probes(min_hz: u64, max_hz: u64) -> u32 {
    // The way up to the last rate, which is the only one that fails; then halving.
    let mut count = 0;
    let (mut passed, mut failed) = (None, None);
    while let Some(rate) = next(min_hz, max_hz, passed, failed) {
        count += 1;
        match rate {
            rate if rate >= max_hz => failed = Some(rate),
            rate => passed = Some(rate),
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search in which rates up to `knee` pass.
    fn found(min_hz: u64, max_hz: u64, knee: u64) -> (Option<u64>, Vec<u64>) {
        let measure = |rate_hz| -> Result<_, ()> {
            Ok(Some(Probe {
                rate_hz,
                loss_ratio: 0.0,
                due_read_p99_ns: 0,
                passed: rate_hz <= knee,
            }))
        };
        let found = search(min_hz, max_hz, measure).unwrap().unwrap();
        (
            found.rate_hz,
            found.probes.iter().map(|probe| probe.rate_hz).collect(),
        )
    }

    #[test]
    fn the_knee_is_found_to_five_percent() {
        for knee in [1_000, 1_001, 3_999, 4_000, 54_321, 300_000, 999_999] {
            let (rate, tried) = found(1_000, 1_000_000, knee);
            let rate = rate.unwrap();
            assert!(
                rate <= knee && knee as f64 <= rate as f64 * 1.05,
                "{knee}: {rate}"
            );
            let most = probes(1_000, 1_000_000) as usize;
            assert!(tried.len() <= most, "{knee}: {tried:?}, not {most}");
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
        assert_eq!(found(1_000, 50_000, 999), (None, vec![1_000]));
        let (rate, tried) = found(1_000, 50_000, 1_000_000);
        assert_eq!(rate, Some(50_000));
        assert_eq!(tried, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 50_000]);
        // Nothing lies between small rates, however far apart they are.
        assert_eq!(found(1, 2, 1).0, Some(1));
    }

    #[test]
    fn a_search_that_is_stopped_has_found_nothing() {
        let stopped = search(1, 10, |_| Ok::<_, ()>(None)).unwrap();
        assert_eq!(stopped, None);
        let failed = search(1, 10, |_| Err::<Option<Probe>, _>("odd"));
        assert_eq!(failed, Err("odd"));
    }
}
