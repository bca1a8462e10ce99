// SPDX-License-Identifier: GPL-2.0-only

//! The order of affinity scopes by throughput: ours compared with lib/test_workqueue's. Pure.
//!
//! Two scopes that either benchmark cannot tell apart have no order. Each other pair must be in the same order in both.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::Answer;
use crate::kernel_log::{Pass, Passes};
use crate::results::Estimate;

/// The results of the passes of one scope.
struct Theirs {
    items_hz: f64,
    low: f64,
    high: f64,
    p50_ns: f64,
}

impl Theirs {
    fn of(passes: &[Pass]) -> Self {
        let mut items: Vec<f64> = passes.iter().map(|pass| pass.items_hz).collect();
        let mut p50: Vec<f64> = passes.iter().map(|pass| pass.p50_ns).collect();
        Self {
            items_hz: median(&mut items),
            p50_ns: median(&mut p50),
            low: items.iter().copied().fold(f64::INFINITY, f64::min),
            high: items.iter().copied().fold(0.0, f64::max),
        }
    }

    /// Whether this is slower than `other` by more than chance: the ranges of the two scopes' passes do not overlap,
    /// and their medians differ by more than `noise_percent`.
    fn is_below(&self, other: &Self, noise_percent: f64) -> bool {
        self.high < other.low && self.items_hz < other.items_hz * (1.0 - noise_percent / 100.0)
    }
}

/// The middle value, or the mean of the middle two; sorts the values.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// Both tables side by side, the pairs that both benchmarks tell apart, and whether they agree on all of them.
pub(crate) fn compare(
    theirs: &Passes,
    ours: &BTreeMap<String, Estimate>,
    noise_percent: f64,
) -> (String, Answer) {
    let scopes: BTreeMap<&str, (Theirs, Estimate)> = theirs
        .iter()
        .filter_map(|(scope, passes)| {
            Some((scope.as_str(), (Theirs::of(passes), *ours.get(scope)?)))
        })
        .collect();
    let mut report = table(&scopes);
    for scope in theirs.keys().chain(ours.keys()) {
        if !scopes.contains_key(scope.as_str()) {
            let _ = writeln!(report, "{scope}: measured by one of the two only");
        }
    }

    let (mut same, mut opposite) = (0, 0);
    for (slow, (their_slow, our_slow)) in &scopes {
        for (fast, (their_fast, our_fast)) in &scopes {
            if !their_slow.is_below(their_fast, noise_percent) {
                continue;
            }
            if our_slow.high < our_fast.low {
                same += 1;
                let _ = writeln!(report, "{slow} < {fast}: both say so");
            } else if our_slow.low > our_fast.high {
                opposite += 1;
                let _ = writeln!(report, "{slow} < {fast}: simrupt says the opposite");
            }
        }
    }
    let (verdict, answer) = match (same, opposite) {
        (_, 1..) => ("disagree", Answer::No),
        (0, _) => (
            "undecided: no two scopes that both tell apart",
            Answer::Nothing,
        ),
        _ => ("agree", Answer::Yes),
    };
    let _ = writeln!(
        report,
        "{verdict} ({same} pairs in the same order, {opposite} in the opposite one)"
    );
    (report, answer)
}

fn table(scopes: &BTreeMap<&str, (Theirs, Estimate)>) -> String {
    let mut text = format!(
        "{:<12} {:>39}   {:>30}\n{:<12} {:>9} {:>17} {:>11}   {:>9} {:>20}\n",
        "",
        "lib/test_workqueue",
        "simrupt, closed loop",
        "scope",
        "items/s",
        "least..most",
        "queue p50",
        "runs/s",
        "interval"
    );
    for (scope, (theirs, ours)) in scopes {
        let spread = format!("{:.0}..{:.0}", theirs.low, theirs.high);
        let interval = format!("{:.0}..{:.0}", ours.low, ours.high);
        let _ = writeln!(
            text,
            "{scope:<12} {:>9.0} {spread:>17} {:>8.0} ns   {:>9.0} {interval:>20}",
            theirs.items_hz, theirs.p50_ns, ours.median
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{scopes, tests::document};

    /// Passes of a scope with these items per second.
    fn passes(of_scopes: &[(&str, &[f64])]) -> Passes {
        let pass = |items_hz: &f64| Pass {
            items_hz: *items_hz,
            p50_ns: 5.0,
        };
        of_scopes
            .iter()
            .map(|(scope, items)| (scope.to_string(), items.iter().map(pass).collect()))
            .collect()
    }

    #[track_caller]
    fn compared(theirs: &[(&str, &[f64])], ours: &[(&str, [f64; 3])]) -> (String, Answer) {
        compare(&passes(theirs), &scopes(&document(ours)), 10.0)
    }

    const SLOW: [f64; 3] = [100.0, 90.0, 110.0];
    const FAST: [f64; 3] = [200.0, 190.0, 210.0];

    #[test]
    fn the_same_order_agrees() {
        let theirs: [(&str, &[f64]); 2] = [("cache", &[10.0, 11.0]), ("cpu", &[50.0, 51.0])];
        let (report, answer) = compared(&theirs, &[("cache", SLOW), ("cpu", FAST)]);
        assert!(matches!(answer, Answer::Yes), "{report}");
        assert!(report.contains("cache < cpu: both say so"), "{report}");
    }

    #[test]
    fn the_opposite_order_disagrees() {
        let theirs: [(&str, &[f64]); 2] = [("cache", &[10.0, 11.0]), ("cpu", &[50.0, 51.0])];
        let (report, answer) = compared(&theirs, &[("cache", FAST), ("cpu", SLOW)]);
        assert!(matches!(answer, Answer::No), "{report}");
    }

    #[test]
    fn one_pair_in_the_opposite_order_outweighs_the_others() {
        let theirs: [(&str, &[f64]); 3] =
            [("cache", &[10.0]), ("cpu", &[50.0]), ("system", &[5.0])];
        let ours = [
            ("cache", SLOW),
            ("cpu", FAST),
            ("system", [150.0, 140.0, 160.0]),
        ];
        assert!(matches!(compared(&theirs, &ours).1, Answer::No));
    }

    #[test]
    fn scopes_that_one_of_them_cannot_tell_apart_do_not_count() {
        let apart: [(&str, &[f64]); 2] = [("cache", &[10.0]), ("cpu", &[50.0])];
        let overlapping = [("cache", [100.0, 50.0, 195.0]), ("cpu", FAST)];
        assert!(matches!(compared(&apart, &overlapping).1, Answer::Nothing));
        let spread: [(&str, &[f64]); 2] = [("cache", &[10.0, 60.0]), ("cpu", &[50.0, 70.0])];
        assert!(matches!(
            compared(&spread, &[("cache", FAST), ("cpu", SLOW)]).1,
            Answer::Nothing
        ));
        let close: [(&str, &[f64]); 2] = [("cache", &[46.0]), ("cpu", &[50.0])];
        assert!(matches!(
            compared(&close, &[("cache", FAST), ("cpu", SLOW)]).1,
            Answer::Nothing
        ));
    }

    #[test]
    fn a_scope_that_one_of_them_lacks_is_named() {
        let theirs: [(&str, &[f64]); 2] = [("cache", &[10.0]), ("numa", &[50.0])];
        let (report, _) = compared(&theirs, &[("cache", SLOW), ("cpu", FAST)]);
        assert!(report.contains("numa: measured by one"), "{report}");
        assert!(report.contains("cpu: measured by one"), "{report}");
    }

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
    }
}
