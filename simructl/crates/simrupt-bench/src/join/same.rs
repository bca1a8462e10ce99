// SPDX-License-Identifier: GPL-2.0-only

//! Whether two results contain rounds of the same run, which must not count twice. The figures show it, date and name
//! do not: machines in virtual time all start at the same date, and a file can be copied.

use std::collections::BTreeMap;

use crate::results::{Results, Setting};

/// Whether the two have a round in common.
///
/// If the same code takes equally long each time, single rounds of two different runs can be equal. Then the two
/// results share rounds only if all rounds of one of them are in the other.
pub fn share_rounds(one: &Results, other: &Results) -> bool {
    let (of_one, of_other) = (rounds(one), rounds(other));
    if of_one.is_empty() || of_other.is_empty() {
        return !one.knees.is_empty() && one.knees == other.knees;
    }
    let is_there = |round: &&Vec<_>| of_other.iter().any(|other| are_one(round, other));
    let in_both = of_one.iter().filter(is_there).count();
    match one.environment.repeats() {
        true => in_both == of_one.len().min(of_other.len()),
        false => in_both > 0,
    }
}

/// Whether two rounds are the same. One of them may have fewer cells, or in another order.
fn are_one(one: &[Visit<'_>], other: &[Visit<'_>]) -> bool {
    let (few, many) = match one.len() <= other.len() {
        true => (one, other),
        false => (other, one),
    };
    few.iter().all(|visit| many.contains(visit))
}

/// The measurement of a cell in one round, without the numbers that joining changes.
#[derive(PartialEq)]
struct Visit<'a> {
    setting: &'a Setting,
    elapsed_ns: u64,
    counters: &'a BTreeMap<String, u64>,
    metrics: &'a BTreeMap<String, f64>,
}

/// The visits of each round of a run.
fn rounds(results: &Results) -> Vec<Vec<Visit<'_>>> {
    let mut rounds: BTreeMap<u32, Vec<Visit<'_>>> = BTreeMap::new();
    for cell in &results.cells {
        for round in &cell.rounds {
            rounds.entry(round.round).or_default().push(Visit {
                setting: &cell.setting,
                elapsed_ns: round.elapsed_ns,
                counters: &round.counters,
                metrics: &round.metrics,
            });
        }
    }
    rounds.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::join;
    use crate::sample::{self, another};

    #[test]
    fn a_run_is_recognized_under_any_name() {
        let one = sample::results();
        let mut copy = one.clone();
        copy.label = Some("copy".to_string());
        copy.started_unix_s += 1;
        assert!(share_rounds(&one, &copy));
        assert!(!share_rounds(&one, &another(&one)));
    }

    #[test]
    fn a_run_is_recognized_among_others() {
        let one = sample::results();
        let (other, third) = (another(&one), another(&another(&one)));
        let named = |of: &[&Results]| {
            of.iter()
                .map(|one| (String::new(), (*one).clone()))
                .collect()
        };
        let both = join(named(&[&one, &other])).unwrap();
        assert!(share_rounds(&both, &other) && share_rounds(&one, &both));
        assert!(share_rounds(
            &both,
            &join(named(&[&third, &other])).unwrap()
        ));
        assert!(!share_rounds(&both, &third));
    }

    #[test]
    fn a_run_is_recognized_with_fewer_cells_in_another_order() {
        let one = sample::results();
        let mut part = one.clone();
        part.cells.reverse();
        assert!(share_rounds(&one, &part));
        part.cells.truncate(3);
        assert!(share_rounds(&one, &part) && share_rounds(&part, &one));
        assert!(!share_rounds(&one, &another(&part)));
    }

    #[test]
    fn in_virtual_time_single_rounds_may_be_equal() {
        let mut one = sample::results();
        one.environment.cpus_online = 1;
        let mut other = another(&one);
        for (cell, from) in other.cells.iter_mut().zip(&one.cells) {
            cell.rounds[0] = from.rounds[0].clone();
        }
        assert!(!share_rounds(&one, &other));
        assert!(share_rounds(&one, &one.clone()));
        one.environment.cpus_online = 2;
        assert!(share_rounds(&one, &other));
    }

    #[test]
    fn highest_rates_alone_are_recognized_by_their_probes() {
        let mut one = sample::results();
        one.cells.clear();
        let mut other = one.clone();
        assert!(share_rounds(&one, &other));
        other.knees[1].probes[2].due_read_p99_ns += 1;
        assert!(!share_rounds(&one, &other));
        one.knees.clear();
        assert!(!share_rounds(&one, &one.clone()));
    }
}
