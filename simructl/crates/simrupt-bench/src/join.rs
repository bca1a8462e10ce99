// SPDX-License-Identifier: GPL-2.0-only

//! Joins several results of one machine into one, with their rounds one after the other.

mod same;

use std::collections::HashSet;
use std::iter;

pub use self::same::share_rounds;

use crate::compare::circumstances;
use crate::load::check::check;
use crate::metrics;
use crate::results::{Cell, Cost, Knee, Plan, Results};
use crate::session::medians_of;
use simrupt::failure::Failure;

/// Circumstances that may differ between joined results: the number of rounds, and their order.
const MAY_DIFFER: [&str; 2] = ["rounds", "seed"];

/// A result, and the name of its file.
pub type Named = (String, Results);

/// Why two results cannot be joined, in a sentence; `None` if they can.
pub fn obstacle(one: &Results, other: &Results) -> Option<String> {
    if !one.complete || !other.complete {
        return Some("one of them ended early".to_string());
    }
    let differing = circumstances(one, other);
    let mut differing = differing
        .iter()
        .filter(|(name, ..)| !MAY_DIFFER.contains(&name.as_str()));
    if let Some((name, a, b)) = differing.next() {
        let more = match differing.count() {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        return Some(format!("{name} differs: {a} / {b}{more}"));
    }
    // The rounds of highest rates have no numbers, so they must be complete to keep their places.
    let has_all_rates = |results: &Results| {
        let mut knees = results.knees.iter();
        knees.all(|knee| knee.rates_hz.len() == next_round(results) as usize)
    };
    if !has_all_rates(one) || !has_all_rates(other) {
        return Some("one of them has rounds without highest rates".to_string());
    }
    let has_all_cells = one.cells.len() == other.cells.len()
        && one.cells.iter().all(|cell| {
            let mut others = other.cells.iter();
            others.any(|other| other.setting == cell.setting && times(other) == times(cell))
        });
    let knees =
        |results: &Results| -> HashSet<_> { results.knees.iter().map(Knee::search).collect() };
    let same = has_all_cells && knees(one) == knees(other);
    (!same).then(|| "they measured other cells".to_string())
}

/// The times of a cell's rounds, if the cell has its own.
fn times(cell: &Cell) -> Option<[f64; 2]> {
    let plan = cell.plan.as_ref()?;
    Some([plan.duration_s, plan.warm_up_s])
}

/// Joins results of one plan on one machine; the error names the two that do not match.
///
/// The numbers of rounds continue, and the order is that of the results. Medians, intervals and flags are of all rounds
/// together. The environment, the command and the seed are those of the first result.
///
/// # Errors
///
/// There is no result, environment or plan differ, or one run would count twice.
pub fn join(results: Vec<Named>) -> Result<Results, Failure> {
    let mut results = results.into_iter();
    let Some(first) = results.next() else {
        return Err(Failure::new("cannot join results", "there is none"));
    };
    let others: Vec<Named> = results.collect();
    for other in &others {
        if let Some(why) = obstacle(&first.1, &other.1) {
            let remedy = "results of the same plan on the same machine for each side";
            return Err(refusal(&first.0, &other.0, why).remedy(remedy));
        }
    }
    joined(first, others)
}

/// The failure for two results that cannot be joined.
fn refusal(one: &str, other: &str, why: impl Into<String>) -> Failure {
    Failure::new(format!("cannot join {one} and {other}"), why)
}

/// A result with the rounds of others added, which are known to match.
fn joined(first: Named, others: Vec<Named>) -> Result<Results, Failure> {
    if others.is_empty() {
        return Ok(first.1);
    }
    for (at, other) in others.iter().enumerate() {
        let mut before = iter::once(&first).chain(&others[..at]);
        if let Some(same) = before.find(|one| share_rounds(&one.1, &other.1)) {
            let why = "they have rounds of one run, which would count twice";
            return Err(refusal(&same.0, &other.0, why)
                .remedy("each run once; in virtual time, runs of another --seed"));
        }
    }
    let (first, mut one) = first;
    for (name, mut other) in others {
        if add(&mut one, &mut other).is_none() {
            let why = "together they have more rounds than can be numbered";
            return Err(refusal(&first, &name, why).remedy("fewer results"));
        }
        // The joined result will be written, and must be readable again.
        if let Err(why) = check(&one) {
            let why = format!("together they are no result: {why}");
            return Err(refusal(&first, &name, why).remedy("fewer results"));
        }
    }
    let cells = std::mem::take(&mut one.cells);
    one.cells = cells
        .into_iter()
        .map(|cell| anew(cell, &one.plan))
        .collect();
    one.knees.iter_mut().for_each(medians_of);
    Ok(one)
}

/// The number of the next round.
fn next_round(results: &Results) -> u32 {
    let rounds = results.cells.iter().flat_map(|cell| &cell.rounds);
    let after_last = rounds.map(|round| round.round.saturating_add(1)).max();
    after_last.unwrap_or(0).max(results.plan.rounds)
}

/// Joins the results of each machine that can be joined. A machine has the names of all its files.
///
/// # Errors
///
/// One run would count twice.
pub fn by_machine(results: Vec<Named>) -> Result<Vec<Named>, Failure> {
    let mut machines: Vec<(Named, Vec<Named>)> = Vec::new();
    for named in results {
        let mut known = machines.iter_mut();
        match known.find(|(first, _)| obstacle(&first.1, &named.1).is_none()) {
            Some((_, others)) => others.push(named),
            None => machines.push((named, Vec::new())),
        }
    }
    let named = |(first, others): (Named, Vec<Named>)| {
        let all = iter::once(&first).chain(&others);
        let names: Vec<&str> = all.map(|(name, _)| name.as_str()).collect();
        Ok((names.join(" + "), joined(first, others)?))
    };
    machines.into_iter().map(named).collect()
}

/// Adds the rounds of a matching result; `None` if there are too many rounds to be numbered.
fn add(joined: &mut Results, other: &mut Results) -> Option<()> {
    let round = next_round(joined);
    let rounds = joined.cells.iter().flat_map(|cell| &cell.rounds);
    let positions = rounds.map(|round| round.position.saturating_add(1));
    let position = positions.max().unwrap_or(0);
    for cell in &mut joined.cells {
        let found = other
            .cells
            .iter_mut()
            .find(|one| one.setting == cell.setting);
        let Some(found) = found else { continue };
        if let (Some(plan), Some(other)) = (&mut cell.plan, &found.plan) {
            plan.rounds = plan.rounds.checked_add(other.rounds)?;
        }
        for mut one in found.rounds.drain(..) {
            one.round = one.round.checked_add(round)?;
            one.position = one.position.checked_add(position)?;
            cell.rounds.push(one);
        }
        for (stage, histogram) in &found.histograms {
            let into = cell.histograms.entry(stage.clone()).or_default();
            into.merge(histogram);
        }
    }
    for knee in &mut joined.knees {
        let mut others = other.knees.iter_mut();
        let found = others.find(|one| one.search() == knee.search());
        let Some(found) = found else { continue };
        knee.rates_hz.append(&mut found.rates_hz);
        knee.probes.append(&mut found.probes);
    }
    for cost in &mut joined.costs {
        if let Some(found) = other.costs.iter().find(|one| one.name == cost.name) {
            *cost = mean(cost, found);
        }
    }
    joined.plan.rounds = round.checked_add(other.plan.rounds)?;
    joined.started_unix_s = joined.started_unix_s.min(other.started_unix_s);
    joined.elapsed_s += other.elapsed_s;
    joined.foreign_changes.append(&mut other.foreign_changes);
    Some(())
}

/// The mean of two costs, weighted by their counts.
fn mean(one: &Cost, other: &Cost) -> Cost {
    let count = one.count.saturating_add(other.count);
    let sum_ns = one.mean_ns * one.count as f64 + other.mean_ns * other.count as f64;
    Cost {
        name: one.name.clone(),
        mean_ns: if count == 0 {
            0.0
        } else {
            sum_ns / count as f64
        },
        count,
    }
}

/// A cell with new figures from all its rounds.
fn anew(cell: Cell, plan: &Plan) -> Cell {
    let asked = cell.planned_rounds(plan);
    metrics::cell(
        &cell.setting,
        cell.plan,
        cell.rounds,
        cell.histograms,
        asked,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Outcome, compare};
    use crate::results::CellPlan;
    use crate::sample::{self, another};

    fn named(results: &[Results]) -> Vec<Named> {
        let named = results.iter().enumerate();
        named
            .map(|(at, one)| (format!("{at}.json"), one.clone()))
            .collect()
    }

    #[test]
    fn a_cell_with_its_own_number_of_rounds_has_those_of_all_results() {
        let mut one = sample::results();
        one.cells[0].plan = Some(CellPlan {
            rounds: 7,
            duration_s: 2.0,
            warm_up_s: 0.5,
        });
        let mut other = another(&one);
        let joined = join(named(&[one.clone(), other.clone()])).unwrap();
        assert_eq!(joined.cells[0].plan.as_ref().unwrap().rounds, 14);
        assert_eq!(joined.cells[0].planned_rounds(&joined.plan), 14);
        other.cells[0].plan.as_mut().unwrap().duration_s = 1.0;
        assert!(obstacle(&one, &other).unwrap().contains("other cells"));
    }

    #[test]
    fn rounds_follow_each_other_and_figures_are_of_all_rounds() {
        let one = sample::results();
        let mut other = sample::results();
        other.plan.seed += 1;
        let values = |results: &Results| -> Vec<f64> {
            let rounds = results.cells[0].rounds.iter();
            rounds.map(|round| round.metrics["irq_bh_p50_ns"]).collect()
        };
        for round in &mut other.cells[0].rounds {
            round
                .metrics
                .entry("irq_bh_p50_ns".into())
                .and_modify(|ns| *ns += 1000.0);
        }
        let joined = join(named(&[one.clone(), other.clone()])).unwrap();
        assert_eq!(values(&joined), [values(&one), values(&other)].concat());
        let cell = &joined.cells[0];
        let numbers: Vec<u32> = cell.rounds.iter().map(|round| round.round).collect();
        assert_eq!(numbers, (0..2 * sample::ROUNDS).collect::<Vec<_>>());
        let positions: Vec<u32> = cell.rounds.iter().map(|round| round.position).collect();
        let (first, second) = positions.split_at(sample::ROUNDS as usize);
        assert!(first.iter().max() < second.iter().min());
        let estimate = simrupt_statistics::estimate(&values(&joined)).unwrap();
        assert_eq!(cell.metrics["irq_bh_p50_ns"], estimate);
        assert_eq!(
            cell.histograms["irq_bh"].count,
            2 * one.cells[0].histograms["irq_bh"].count
        );
        let knee = &joined.knees[0];
        assert_eq!(knee.rates_hz.len(), 2 * one.knees[0].rates_hz.len());
        assert_eq!(joined.plan.rounds, 2 * one.plan.rounds);
        assert_eq!(joined.costs[0].mean_ns, one.costs[0].mean_ns);
        assert_eq!(joined.costs[0].count, 2 * one.costs[0].count);
        let same = compare(&joined, &joined, 0.02, &[]);
        assert_eq!((same.outcome(), same.rounds.0), (Outcome::NotWorse, 14));
    }

    #[test]
    fn a_run_does_not_count_twice() {
        let one = sample::results();
        let named = named(&[one.clone(), another(&one), one]);
        let expected = "cannot join 0.json and 2.json: they have rounds of one run, which would count twice\n  \
             try: each run once; in virtual time, runs of another --seed";
        assert_eq!(join(named.clone()).unwrap_err().to_string(), expected);
        assert_eq!(by_machine(named).unwrap_err().to_string(), expected);
    }

    #[test]
    fn rounds_that_cannot_be_numbered_are_refused() {
        let one = sample::results();
        let mut other = another(&one);
        other.plan.rounds = u32::MAX;
        other.knees.clear();
        let named = named(&[
            Results {
                knees: Vec::new(),
                ..one
            },
            other,
        ]);
        let why = join(named).unwrap_err().to_string();
        assert!(why.contains("more rounds than can be numbered"), "{why}");
    }

    #[test]
    fn results_that_together_could_not_be_read_again_are_refused() {
        let mut one = sample::results();
        one.elapsed_s = 9e8;
        let why = join(named(&[one.clone(), another(&one)])).unwrap_err();
        let expected = "cannot join 0.json and 1.json: together they are no result: elapsed_s: 1800000000 is not from 0 \
             to 1000000000\n  try: fewer results";
        assert_eq!(why.to_string(), expected);
    }

    #[test]
    fn results_of_one_machine_are_found() {
        let one = sample::results();
        let mut other = one.clone();
        other.environment.machine = "aarch64".to_string();
        let third = another(&one);
        let machines = by_machine(named(&[one.clone(), other.clone(), third])).unwrap();
        let names: Vec<&str> = machines.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["0.json + 2.json", "1.json"]);
        assert_eq!(machines[0].1.plan.rounds, 2 * other.plan.rounds);
    }

    #[test]
    fn one_result_stays_as_it_is() {
        let one = sample::results();
        assert!(join(named(std::slice::from_ref(&one))).unwrap() == one);
        assert!(join(Vec::new()).is_err());
    }

    #[test]
    fn results_that_do_not_match_are_refused_by_name() {
        let one = sample::results();
        let refused = |change: &dyn Fn(&mut Results)| {
            let mut other = one.clone();
            change(&mut other);
            join(named(&[one.clone(), another(&one), other]))
                .unwrap_err()
                .to_string()
        };
        let told = refused(&|other| other.environment.kernel_release = "7.4.0".to_string());
        assert!(
            told.starts_with("cannot join 0.json and 2.json: kernel differs: "),
            "{told}"
        );
        assert!(told.contains(" / 7.4.0"), "{told}");
        let told = refused(&|other| other.plan.duration_s = 9.0);
        assert!(told.contains("duration differs: "), "{told}");
        let told = refused(&|other| other.complete = false);
        assert!(told.contains("one of them ended early"), "{told}");
        let told = refused(&|other| other.cells.truncate(3));
        assert!(told.contains("they measured other cells"), "{told}");
        let told = refused(&|other| other.knees[0].rates_hz.truncate(2));
        assert!(told.contains("rounds without highest rates"), "{told}");
        let told = refused(&|other| other.knees[0].max_hz += 1);
        assert!(told.contains("they measured other cells"), "{told}");
    }
}
