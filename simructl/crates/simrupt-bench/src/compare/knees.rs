// SPDX-License-Identifier: GPL-2.0-only

//! The highest rates of two runs that were searched for in the same way.

use super::{Matched, Place};
use crate::report::metric::KNEE;
use crate::results::{Knee, Results};
use simrupt_statistics::Figure;

/// The knees that both runs searched for in the same way.
pub(super) fn matched_knees(
    before: &Results,
    after: &Results,
    rounds: &(Vec<u32>, Vec<u32>),
) -> Vec<Matched> {
    let knees = before.knees.iter().enumerate();
    knees
        .filter_map(|(at, one)| {
            let other = find_knee(after, one)?;
            if one.rates_hz.is_empty() || other.rates_hz.is_empty() {
                return None;
            }
            Some(Matched {
                place: Place::Knee(at),
                metric: KNEE.to_string(),
                figure: Figure {
                    before: knee_by_round(one, &rounds.0),
                    after: knee_by_round(other, &rounds.1),
                },
            })
        })
        .collect()
}

/// For each of these rounds of the run, the rate that it found for a knee.
fn knee_by_round(knee: &Knee, rounds: &[u32]) -> Vec<Option<f64>> {
    let values = knee.values();
    let of_round = |round: &u32| values.get(*round as usize).copied();
    rounds.iter().map(of_round).collect()
}

/// The knee of a run that was searched for in the same way as this one.
pub(super) fn find_knee<'a>(results: &'a Results, knee: &Knee) -> Option<&'a Knee> {
    let mut knees = results.knees.iter();
    knees.find(|other| other.search() == knee.search())
}
