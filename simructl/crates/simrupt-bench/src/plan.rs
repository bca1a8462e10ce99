// SPDX-License-Identifier: GPL-2.0-only

//! A plan: the cells of a job, the order in which rounds visit them, and the time that takes.

use std::collections::HashSet;
use std::time::Duration;

use humantime::format_duration;

use fastrand::Rng;

use crate::job::{Job, KneeJob, Matrix};
use crate::knee;
use crate::results;
use crate::setting::{Flavor, LineCount, Mode, SCOPED, Scope, Setting, Stress, Timing};
use simrupt::layout::columns;

/// What a round takes besides its warm-up and its measured time: knobs, draining, reading the books.
const OVERHEAD: Duration = Duration::from_millis(80);

/// What to do, and how often.
#[derive(Debug)]
pub struct Plan {
    /// How many times each cell is measured.
    pub rounds: u32,
    /// Measured time of a round.
    pub duration: Duration,
    /// Time before it that is not measured.
    pub warm_up: Duration,
    /// Of the order of the rounds and of the resampling.
    pub seed: u64,
    /// What is measured, each once, in the order of the job.
    pub cells: Vec<Setting>,
    /// What highest rates are looked for.
    pub knees: Vec<KneePlan>,
}

/// The search for one highest rate.
#[derive(Debug, Clone, PartialEq)]
pub struct KneePlan {
    /// As a cell's; its rate is the least that is tried.
    pub setting: Setting,
    /// The greatest rate tried, in events per second.
    pub max_hz: u64,
    /// The bound of p99 of `due_read`.
    pub p99_limit: Duration,
    /// How long a rate is tried.
    pub duration: Duration,
}

impl KneePlan {
    /// The least rate that is tried.
    pub fn min_hz(&self) -> u64 {
        self.setting.rate_hz.unwrap_or(1)
    }
}

/// What a round does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visit {
    /// Measures the cell of this index.
    Cell(usize),
    /// Looks for the knee of this index.
    Knee(usize),
}

impl Plan {
    /// The plan of a job that was checked; `cpus` is how many lines its word `cpus` means.
    pub fn of(job: &Job, cpus: u32) -> Self {
        let mut seen = HashSet::new();
        let cells = job.matrix.iter().flat_map(|matrix| cells(matrix, cpus));
        let knees = job.knee.as_ref().map_or_else(Vec::new, knees);
        Self {
            rounds: job.rounds,
            duration: Duration::from_secs_f64(job.duration_s),
            warm_up: Duration::from_secs_f64(job.warm_up_s),
            seed: job.seed,
            cells: cells.filter(|cell| seen.insert(cell.clone())).collect(),
            knees,
        }
    }

    /// What a round does, in its order: everything once, shuffled anew for each round, so that what
    /// changes in the course of a run, such as the temperature, does not favor any.
    pub fn visits(&self, round: u32) -> Vec<Visit> {
        let mut visits: Vec<Visit> = (0..self.cells.len()).map(Visit::Cell).collect();
        visits.extend((0..self.knees.len()).map(Visit::Knee));
        // The seeds of neighboring rounds differ in few bits: the generator spreads them.
        Rng::with_seed(self.seed.wrapping_add(u64::from(round))).shuffle(&mut visits);
        visits
    }

    /// How many visits all rounds have.
    pub fn visit_count(&self) -> u32 {
        let each = self.cells.len() + self.knees.len();
        u32::try_from(each).map_or(u32::MAX, |each| each.saturating_mul(self.rounds))
    }

    /// The times of a cell's rounds.
    pub fn timing(&self) -> Timing {
        Timing {
            warm_up: self.warm_up,
            duration: self.duration,
            spending: true,
        }
    }

    /// The times of a knee's probes.
    pub fn probe_timing(&self, knee: &KneePlan) -> Timing {
        Timing {
            warm_up: self.warm_up,
            duration: knee.duration,
            spending: false,
        }
    }

    /// How long a visit takes, about.
    pub fn time_of(&self, visit: Visit) -> Duration {
        match visit {
            Visit::Cell(at) => self.timing().of_round(&self.cells[at]) + OVERHEAD,
            Visit::Knee(at) => {
                let knee = &self.knees[at];
                let probes = knee::most_probes(knee.min_hz(), knee.max_hz);
                (self.probe_timing(knee).of_round(&knee.setting) + OVERHEAD) * probes
            }
        }
    }

    /// How long all of it takes, about.
    pub fn time(&self) -> Duration {
        let round: Duration = self.visits(0).into_iter().map(|at| self.time_of(at)).sum();
        round * self.rounds
    }

    /// Every setting that is used.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        let knees = self.knees.iter().map(|knee| &knee.setting);
        self.cells.iter().chain(knees)
    }

    /// How many lines work at the same time at most.
    pub fn lines(&self) -> u32 {
        self.settings().map(|one| one.lines).max().unwrap_or(0)
    }

    /// The plan as it stands in the results.
    pub fn document(&self) -> results::Plan {
        results::Plan {
            rounds: self.rounds,
            duration_s: self.duration.as_secs_f64(),
            warm_up_s: self.warm_up.as_secs_f64(),
            seed: self.seed,
        }
    }

    /// The plan in words: the cells, the knees and the time.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if !self.cells.is_empty() {
            let header = [
                "cell", "mode", "flavor", "rate_hz", "burst", "fifo", "work_us", "scope", "stress",
                "lines",
            ];
            let mut rows = vec![header.map(String::from)];
            rows.extend(self.cells.iter().enumerate().map(|(at, cell)| {
                let dash = || "-".to_string();
                [
                    (at + 1).to_string(),
                    cell.mode.to_string(),
                    cell.flavor.name().to_string(),
                    cell.rate_hz.map_or_else(dash, |rate| rate.to_string()),
                    cell.burst.to_string(),
                    cell.fifo_size.to_string(),
                    cell.work_us.to_string(),
                    cell.affinity_scope
                        .map_or_else(dash, |scope| scope.to_string()),
                    cell.stress.to_string(),
                    cell.lines.to_string(),
                ]
            }));
            text += &columns("", &rows);
            text += "\n";
        }
        if !self.knees.is_empty() {
            let header = ["knee of", "stress", "from_hz", "to_hz", "p99_limit_us", "s"];
            let mut rows = vec![header.map(String::from)];
            rows.extend(self.knees.iter().map(|knee| {
                [
                    knee.setting.flavor.name().to_string(),
                    knee.setting.stress.to_string(),
                    knee.min_hz().to_string(),
                    knee.max_hz.to_string(),
                    knee.p99_limit.as_micros().to_string(),
                    knee.duration.as_secs_f64().to_string(),
                ]
            }));
            text += &columns("", &rows);
            text += "\n";
        }
        text + &format!(
            "{} and {}, {} of {} s after {} s of warm-up, seed {}: about {}\n",
            counted(self.cells.len(), "cell"),
            counted(self.knees.len(), "knee"),
            counted(self.rounds as usize, "round"),
            self.duration.as_secs_f64(),
            self.warm_up.as_secs_f64(),
            self.seed,
            told(self.time())
        )
    }
}

/// How many of a thing.
pub fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        count => format!("{count} {thing}s"),
    }
}

/// A time in words, rounded up to the second, and from an hour on to the minute.
pub fn told(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    let rounded = match seconds {
        ..3600 => seconds,
        _ => seconds.div_ceil(60) * 60,
    };
    format_duration(Duration::from_secs(rounded)).to_string()
}

/// All cells of a matrix, its flavors slowest.
fn cells(matrix: &Matrix, cpus: u32) -> Vec<Setting> {
    let mut cells = vec![Setting {
        mode: matrix.mode,
        flavor: Flavor::None,
        rate_hz: None,
        burst: 1,
        fifo_size: 4096,
        work_us: 0,
        affinity_scope: None,
        stress: Stress::Idle,
        lines: match matrix.lines {
            LineCount::Count(count) => count,
            LineCount::Cpus => cpus,
        },
    }];
    each(&mut cells, &matrix.flavors.0, |cell, flavor| {
        cell.flavor = *flavor;
    });
    each(&mut cells, &matrix.affinity_scopes.0, |cell, scope| {
        let is_scoped = SCOPED.contains(&cell.flavor) && *scope != Scope::Default;
        cell.affinity_scope = is_scoped.then_some(*scope);
    });
    each(&mut cells, &matrix.rates(), |cell, rate| {
        cell.rate_hz = *rate
    });
    each(&mut cells, &matrix.bursts, |cell, burst| {
        cell.burst = *burst
    });
    each(&mut cells, &matrix.fifo_sizes, |cell, size| {
        cell.fifo_size = *size;
    });
    each(&mut cells, &matrix.work_us, |cell, work| {
        cell.work_us = *work
    });
    each(&mut cells, &matrix.stress.0, |cell, stress| {
        cell.stress = *stress;
    });
    cells
}

/// Makes of each cell one with each of the values.
fn each<T>(cells: &mut Vec<Setting>, values: &[T], set: impl Fn(&mut Setting, &T)) {
    let with = |cell: &Setting, value: &T| {
        let mut cell = cell.clone();
        set(&mut cell, value);
        cell
    };
    *cells = cells
        .iter()
        .flat_map(|cell| values.iter().map(move |value| with(cell, value)))
        .collect();
}

/// The knees of a job: one line, an event per interrupt, and everything else as it is by default.
fn knees(job: &KneeJob) -> Vec<KneePlan> {
    let matrix = Matrix {
        flavors: job.flavors.clone(),
        stress: job.stress.clone(),
        rates_hz: Some(vec![job.min_hz]),
        mode: Mode::Rate,
        ..Matrix::default()
    };
    let mut seen = HashSet::new();
    cells(&matrix, 1)
        .into_iter()
        .filter(|setting| seen.insert(setting.clone()))
        .map(|setting| KneePlan {
            setting,
            max_hz: job.max_hz,
            p99_limit: Duration::from_micros(job.p99_limit_us),
            duration: Duration::from_secs_f64(job.duration_s),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        Plan::of(&Job::parse(text, "job").unwrap().checked().unwrap(), 4)
    }

    const TWO: &str = "rounds = 3\nduration_s = 0.5\nwarm_up_s = 0.1\n\
                       [[matrix]]\nflavors = ['bh', 'unbound']\nrates_hz = [1000, 2000]\n";

    #[test]
    fn a_matrix_is_each_value_with_each_other() {
        let plan = plan(&format!("{TWO}bursts = [1, 8]\nstress = ['idle', 'cpu']\n"));
        assert_eq!(plan.cells.len(), 16);
        let first = &plan.cells[0];
        assert_eq!((first.flavor, first.rate_hz), (Flavor::Bh, Some(1000)));
        let last = &plan.cells[15];
        assert_eq!((last.flavor, last.rate_hz), (Flavor::Unbound, Some(2000)));
        assert_eq!((last.burst, last.stress), (8, Stress::Cpu));
    }

    #[test]
    fn flavors_without_scopes_have_one_cell_for_all_of_them() {
        let plan = plan(
            "[[matrix]]\nflavors = ['bh', 'unbound']\naffinity_scopes = ['default', 'cpu', 'numa']",
        );
        let scopes: Vec<_> = plan
            .cells
            .iter()
            .map(|cell| (cell.flavor, cell.affinity_scope))
            .collect();
        let expected = [
            (Flavor::Bh, None),
            (Flavor::Unbound, None),
            (Flavor::Unbound, Some(Scope::Cpu)),
            (Flavor::Unbound, Some(Scope::Numa)),
        ];
        assert_eq!(scopes, expected);
    }

    #[test]
    fn a_cell_that_two_matrices_have_is_there_once() {
        let text = format!("{TWO}[[matrix]]\nflavors = ['bh']\nrates_hz = [2000, 3000]\n");
        assert_eq!(plan(&text).cells.len(), 5);
    }

    #[test]
    fn a_closed_loop_has_no_rate_and_cpus_are_lines() {
        let plan = plan("[[matrix]]\nmode = 'saturate'\nflavors = ['bh']\nlines = 'cpus'");
        assert_eq!(plan.cells[0].rate_hz, None);
        assert_eq!((plan.cells[0].lines, plan.lines()), (4, 4));
    }

    #[test]
    fn every_round_visits_all_in_an_order_that_the_seed_decides() {
        let plan = plan(&format!("{TWO}[knee]\nflavors = ['bh']\n"));
        let sorted = |round| {
            let mut visits = plan.visits(round);
            visits.sort_by_key(|visit| match visit {
                Visit::Cell(at) => (0, *at),
                Visit::Knee(at) => (1, *at),
            });
            visits
        };
        assert_eq!(sorted(0), sorted(1));
        assert_eq!(sorted(0).len(), 5);
        assert_eq!(plan.visits(2), plan.visits(2));
        let orders: HashSet<_> = (0..10).map(|round| plan.visits(round)).collect();
        assert!(orders.len() > 5, "{orders:?}");
    }

    #[test]
    fn the_time_is_that_of_all_rounds() {
        let plan = plan(TWO);
        assert_eq!(plan.time(), Duration::from_millis(680 + 375) * 12);
        assert_eq!(plan.visit_count(), 12);
        assert!(plan.text().ends_with(
            "4 cells and 0 knees, 3 rounds of 0.5 s after 0.1 s of warm-up, seed 1: about 13s\n"
        ));
    }

    #[test]
    fn times_are_told_in_two_units_at_most() {
        for (seconds, text) in [
            (0, "0s"),
            (5, "5s"),
            (65, "1m 5s"),
            (7200, "2h"),
            (7265, "2h 2m"),
        ] {
            assert_eq!(told(Duration::from_secs(seconds)), text);
        }
    }
}
