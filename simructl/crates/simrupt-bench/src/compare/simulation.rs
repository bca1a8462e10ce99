// SPDX-License-Identifier: GPL-2.0-only

//! Complete comparisons of simulated runs: how often they find a change that does not exist, and how often they find
//! one that does. All of it is deterministic.
//!
//! `cargo test -p simrupt-bench simulation -- --nocapture` prints the tables.

use std::thread;

use super::{Outcome, Verdict, compare};
use crate::results::{Cell, Results, Round};
use crate::sample;
use simrupt_statistics::estimate;
use simrupt_statistics::noise::{KINDS, Kind, Noise};
use simrupt_statistics::power::{USUAL_ROUNDS, least_difference};

const CELLS: u64 = 40;

/// The figures of a cell.
const METRICS: [&str; 6] = [
    "irq_bh_p50_ns",
    "irq_bh_p99_ns",
    "due_read_p50_ns",
    "due_read_p99_ns",
    "busy_ns_per_event",
    "worker_ns_per_event",
];

/// How the rounds of a run are made.
#[derive(Debug, Clone, Copy)]
struct Model {
    kind: Kind,
    rounds: u32,
    /// The share of the variance that all figures of a round have in common: 0 to 1.
    common: f64,
}

impl Model {
    fn name(self) -> String {
        let how = match self.common {
            0.0 => "independent",
            _ => "correlated by round",
        };
        format!("{:2} rounds, {:?}, {how}", self.rounds, self.kind)
    }
}

fn of_rounds(rounds: u32, common: f64) -> [Model; 3] {
    KINDS.map(|kind| Model {
        kind,
        rounds,
        common,
    })
}

/// A pair of runs whose rounds are filled in again for each comparison.
struct Runs {
    model: Model,
    noise: Noise,
    metrics: Vec<String>,
    before: Results,
    after: Results,
}

impl Runs {
    fn new(model: Model) -> Self {
        let mut run = sample::results();
        run.environment.virtual_time = false;
        run.plan.rounds = model.rounds;
        run.knees.clear();
        let template = sample::cell_of("bh", METRICS[0], &[1.0]);
        run.cells = (0..CELLS)
            .map(|burst| {
                let mut cell = template.clone();
                cell.setting.burst = burst + 1;
                cell.rounds = (0..model.rounds)
                    .map(|round| Round {
                        round,
                        ..template.rounds[0].clone()
                    })
                    .collect();
                cell
            })
            .collect();
        Self {
            model,
            noise: Noise::new(model.kind, u64::from(model.rounds)),
            metrics: METRICS.map(String::from).to_vec(),
            after: run.clone(),
            before: run,
        }
    }

    /// Fills in both runs again. The first figure of the first cell has `noise` and is multiplied by `factor` in the
    /// second run. All others have 5 to 15 % of noise and do not change.
    fn remake(&mut self, noise: f64, factor: f64) {
        let mut noises: Vec<f64> = (0..CELLS * METRICS.len() as u64)
            .map(|_| self.noise.between(0.05, 0.15))
            .collect();
        noises[0] = noise;
        for (run, factor) in [(&mut self.before, 1.0), (&mut self.after, factor)] {
            let common: Vec<f64> = (0..self.model.rounds).map(|_| self.noise.draw()).collect();
            for (cell, noises) in run.cells.iter_mut().zip(noises.chunks(METRICS.len())) {
                let factor = if cell.setting.burst == 1 { factor } else { 1.0 };
                fill(cell, self.model, &mut self.noise, &common, noises, factor);
            }
        }
    }

    fn compare(&self) -> (Outcome, Verdict, bool) {
        let comparison = compare(&self.before, &self.after, 0.02, &self.metrics);
        assert_eq!(comparison.changes().count(), 240);
        let first = comparison.cells[0].changes[0].verdict;
        let any = comparison
            .changes()
            .any(|change| matches!(change.verdict, Verdict::Better | Verdict::Worse));
        (comparison.outcome(), first, any)
    }
}

/// Fills in the rounds of a cell, whose first figure changes by `factor`.
fn fill(
    cell: &mut Cell,
    model: Model,
    source: &mut Noise,
    common: &[f64],
    noises: &[f64],
    factor: f64,
) {
    for (at, (metric, noise)) in METRICS.iter().zip(noises).enumerate() {
        let factor = if at == 0 { factor } else { 1.0 };
        let mut values = Vec::new();
        for (round, common) in cell.rounds.iter_mut().zip(common) {
            let own = source.draw();
            let off = model.common.sqrt() * common + (1.0 - model.common).sqrt() * own;
            let value = 1000.0 * factor * (1.0 + noise * off).max(0.01);
            values.push(value);
            match round.metrics.get_mut(*metric) {
                Some(old) => *old = value,
                None => {
                    round.metrics.insert((*metric).to_string(), value);
                }
            }
        }
        let figure = estimate(&values).unwrap();
        cell.metrics.insert((*metric).to_string(), figure);
    }
}

/// Runs `work` for all models, in parallel on all processors.
fn for_all<T: Send>(models: &[Model], work: impl Fn(Model) -> T + Sync) -> Vec<T> {
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    let mut done = Vec::new();
    for models in models.chunks(at_once) {
        thread::scope(|scope| {
            let work = &work;
            let threads: Vec<_> = models
                .iter()
                .map(|model| scope.spawn(move || work(*model)))
                .collect();
            done.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
        });
    }
    done
}

/// At most 5 % of the comparisons of equal runs with 240 figures call any figure "worse". These are 1,000 if the
/// environment has WHOLE=1.
#[test]
fn simulation_equal_runs_are_worse_in_at_most_5_percent() {
    let comparisons: usize = if sample::is_whole() { 1000 } else { 200 };
    let independent = [5, 7, 9, 15].map(|rounds| of_rounds(rounds, 0.0));
    let correlated = of_rounds(7, 0.5);
    let models = [&independent.concat()[..], &correlated].concat();
    let alarms = for_all(&models, |model| {
        let mut runs = Runs::new(model);
        let (mut worse, mut any) = (0, 0);
        for _ in 0..comparisons {
            let noise = runs.noise.between(0.05, 0.15);
            runs.remake(noise, 1.0);
            let (outcome, _, changed) = runs.compare();
            worse += usize::from(outcome == Outcome::Worse);
            any += usize::from(changed);
            assert!(outcome != Outcome::Undecided);
        }
        (worse, any)
    });
    println!("false alarms of {comparisons} comparisons of equal runs: worse, worse or better");
    for (model, (worse, any)) in models.iter().zip(&alarms) {
        println!("  {}: {worse} {any}", model.name());
    }
    for (model, (worse, any)) in models.iter().zip(&alarms) {
        assert!(*worse <= comparisons / 20, "{}: {worse}", model.name());
        // "Worse" and "better" together are also 5 %.
        let most = sample::most_of_5_percent(comparisons);
        assert!(*any as f64 <= most, "{}: {any}", model.name());
    }
}

/// A change of 10 % of one of 240 figures, at 3 % of noise, is found in 95 of 100 comparisons.
#[test]
fn simulation_a_change_is_found_with_the_rounds_of_a_bench() {
    const COMPARISONS: usize = 400;
    let models = of_rounds(USUAL_ROUNDS, 0.0);
    let found = for_all(&models, |model| {
        let mut runs = Runs::new(model);
        let found = (0..COMPARISONS).filter(|_| {
            runs.remake(0.03, 1.1);
            let (outcome, first, _) = runs.compare();
            outcome == Outcome::Worse && first == Verdict::Worse
        });
        found.count()
    });
    println!("of {COMPARISONS} comparisons, a change of 10 % at 3 % of noise is found in");
    for (model, found) in models.iter().zip(&found) {
        println!("  {}: {found}", model.name());
    }
    for (model, found) in models.iter().zip(&found) {
        assert!(found * 20 >= COMPARISONS * 19, "{}: {found}", model.name());
    }
}

/// A change of the size that a bench announces is found about as often as it says, for normal noise.
#[test]
fn simulation_the_outlook_comes_true() {
    const COMPARISONS: usize = 200;
    const NOISE: f64 = 0.03;
    let models = [5, 7, 12].map(|rounds| Model {
        kind: Kind::Normal,
        rounds,
        common: 0.0,
    });
    let change = |model: Model| {
        let rounds = model.rounds as usize;
        let times = least_difference(rounds, rounds, 240).unwrap();
        (times * NOISE).exp()
    };
    let found = for_all(&models, |model| {
        let mut runs = Runs::new(model);
        let found = (0..COMPARISONS).filter(|_| {
            runs.remake(NOISE, change(model));
            runs.compare().1 == Verdict::Worse
        });
        found.count()
    });
    for (model, found) in models.iter().zip(&found) {
        let percent = (change(*model) - 1.0) * 100.0;
        println!(
            "{}: {percent:.1} % is found in {found} of {COMPARISONS}",
            model.name()
        );
    }
    for (model, found) in models.iter().zip(&found) {
        assert!(found * 100 >= COMPARISONS * 92, "{}: {found}", model.name());
        assert!(found * 100 <= COMPARISONS * 99, "{}: {found}", model.name());
    }
}
