// SPDX-License-Identifier: GPL-2.0-only

//! A plan: the cells of a job, the order in which rounds visit them, and the total time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use humantime::format_duration;

use fastrand::Rng;
use simrupt_core::knobs::MAX_LINES;

use crate::further;
use crate::job::{Job, KneeJob, Matrix};
use crate::knee;
use crate::percentile::Percentiles;
use crate::placement::{Placement, listed};
use crate::replay::Replay;
use crate::results;
use crate::setting::{Flavor, LineCount, Mode, SCOPED, Scope, Setting, Stress, Timing};
use simrupt::failure::Failure;
use simrupt::layout::columns;

/// The time of a round besides its warm-up and its measured time: for knobs, draining, and reading the counters.
const OVERHEAD: Duration = Duration::from_millis(80);

/// The measurements of a run, and how often each is made.
#[derive(Debug)]
pub struct Plan {
    /// The effort for knees, and for cells whose matrix has none of its own.
    pub effort: Effort,
    /// The seed of the order of the rounds and of the resampling.
    pub seed: u64,
    /// The CPUs of lines and readers.
    pub placement: Placement,
    /// The percentiles of each stage, if the job has them.
    pub percentiles: Option<Percentiles>,
    /// The cells, each once, in the order of the job.
    pub cells: Vec<CellPlan>,
    /// The highest rates to search.
    pub knees: Vec<KneePlan>,
    /// The arrivals that mode replay repeats.
    pub replay: Option<Replay>,
    /// The optional knobs that this version does not know, each once.
    pub left_out: Vec<String>,
}

/// How often and for how long a cell is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// How many times.
    pub rounds: u32,
    /// Measured time of a round.
    pub duration: Duration,
    /// Time before it that is not measured.
    pub warm_up: Duration,
}

impl Effort {
    /// The times of a cell's rounds.
    pub fn timing(&self) -> Timing {
        Timing {
            warm_up: self.warm_up,
            duration: self.duration,
            spending: true,
            until_steady: true,
        }
    }

    /// Its form in the results.
    pub fn document(&self) -> results::CellPlan {
        results::CellPlan {
            rounds: self.rounds,
            duration_s: self.duration.as_secs_f64(),
            warm_up_s: self.warm_up.as_secs_f64(),
        }
    }
}

/// `12 rounds of 1 s after 0.2 s of warm-up`
impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} s after {} s of warm-up",
            counted(self.rounds as usize, "round"),
            self.duration.as_secs_f64(),
            self.warm_up.as_secs_f64()
        )
    }
}

/// A cell to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct CellPlan {
    /// The setting of all of its rounds.
    pub setting: Setting,
    /// How it is measured.
    pub effort: Effort,
}

/// The search for one highest rate.
#[derive(Debug, Clone, PartialEq)]
pub struct KneePlan {
    /// As a cell's; the rate is the lowest that is tried.
    pub setting: Setting,
    /// The highest rate that is tried, in events per second.
    pub max_hz: u64,
    /// The limit of p99 of `due_read`.
    pub p99_limit: Duration,
    /// How long a rate is tried.
    pub duration: Duration,
}

impl KneePlan {
    /// The lowest rate that is tried.
    pub fn min_hz(&self) -> u64 {
        self.setting.rate_hz.unwrap_or(1)
    }
}

/// A step of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visit {
    /// Measures the cell of this index.
    Cell(usize),
    /// Searches for the knee of this index.
    Knee(usize),
}

impl Plan {
    /// The plan of a checked job, on a machine with these CPUs. The word `cpus` means one line for each of them, but at
    /// most `most_lines`.
    ///
    /// # Errors
    ///
    /// A CPU of the job is not online, two matrices measure a cell in different ways, or the file of arrivals cannot be
    /// used.
    pub fn of(job: &Job, online: &[u32], most_lines: u32) -> Result<Self, Failure> {
        let placement = Placement::of(job.cpus.as_ref(), online)?;
        let replay = job.replay.as_deref().map(Replay::read).transpose()?;
        let lines = placement.count().min(MAX_LINES) as u32;
        let mut plan = Self {
            effort: Effort {
                rounds: job.rounds,
                duration: Duration::from_secs_f64(job.duration_s),
                warm_up: Duration::from_secs_f64(job.warm_up_s),
            },
            seed: job.seed,
            placement,
            percentiles: job.percentiles.clone(),
            cells: Vec::new(),
            knees: job.knee.as_ref().map_or_else(Vec::new, knees),
            left_out: Vec::new(),
            replay,
        };
        let mut seen: HashMap<Setting, Effort> = HashMap::new();
        for matrix in &job.matrix {
            let effort = plan.effort_of(matrix);
            for name in matrix.optional_knobs.without_unknown().1 {
                if !plan.left_out.contains(&name) {
                    plan.left_out.push(name);
                }
            }
            for mut setting in cells(matrix, lines.min(most_lines.max(1))) {
                if let (Mode::Replay, Some(replay)) = (setting.mode, &plan.replay) {
                    lasts(&effort, replay)?;
                    setting.rate_hz = Some(replay.rate_hz());
                }
                match seen.insert(setting.clone(), effort) {
                    None => plan.cells.push(CellPlan { setting, effort }),
                    Some(other) if other == effort => {}
                    Some(other) => return Err(twice(&setting, other, effort)),
                }
            }
        }
        Ok(plan)
    }

    /// The effort for the cells of a matrix.
    fn effort_of(&self, matrix: &Matrix) -> Effort {
        let seconds = |given: Option<f64>| given.map(Duration::from_secs_f64);
        Effort {
            rounds: matrix.rounds.unwrap_or(self.effort.rounds),
            duration: seconds(matrix.duration_s).unwrap_or(self.effort.duration),
            warm_up: seconds(matrix.warm_up_s).unwrap_or(self.effort.warm_up),
        }
    }

    /// The number of rounds. A cell with fewer rounds is left out of some of them.
    pub fn rounds(&self) -> u32 {
        let of_cells = self.cells.iter().map(|cell| cell.effort.rounds);
        let of_knees = self.knees.iter().map(|_| self.effort.rounds);
        of_cells.chain(of_knees).max().unwrap_or(0)
    }

    /// The steps of a round, in order: everything once, shuffled for each round, so that a gradual change during a run,
    /// such as that of the temperature, favors none. The rounds of a cell with fewer rounds are spread over the run.
    pub fn visits(&self, round: u32) -> Vec<Visit> {
        let rounds = self.rounds();
        let cells = self.cells.iter().map(|cell| cell.effort.rounds);
        let cells = cells.enumerate().filter(|(_, of)| has(round, *of, rounds));
        let mut visits: Vec<Visit> = cells.map(|(at, _)| Visit::Cell(at)).collect();
        if has(round, self.effort.rounds, rounds) {
            visits.extend((0..self.knees.len()).map(Visit::Knee));
        }
        // The seeds of neighboring rounds differ in few bits; the generator spreads them.
        Rng::with_seed(self.seed.wrapping_add(u64::from(round))).shuffle(&mut visits);
        visits
    }

    /// The number of visits of all rounds.
    pub fn visit_count(&self) -> u32 {
        let of_cells = self.cells.iter().map(|cell| cell.effort.rounds);
        let of_knees = self.knees.iter().map(|_| self.effort.rounds);
        of_cells.chain(of_knees).fold(0, u32::saturating_add)
    }

    /// The times of a knee's probes.
    pub fn probe_timing(&self, knee: &KneePlan) -> Timing {
        Timing {
            warm_up: self.effort.warm_up,
            duration: knee.duration,
            spending: false,
            until_steady: false,
        }
    }

    /// The approximate time of a visit.
    pub fn time_of(&self, visit: Visit) -> Duration {
        match visit {
            Visit::Cell(at) => {
                let CellPlan { setting, effort } = &self.cells[at];
                effort.timing().of_round(setting) + OVERHEAD
            }
            Visit::Knee(at) => {
                let knee = &self.knees[at];
                let probes = knee::most_probes(knee.min_hz(), knee.max_hz);
                (self.probe_timing(knee).of_round(&knee.setting) + OVERHEAD) * probes
            }
        }
    }

    /// The approximate time of all visits.
    pub fn time(&self) -> Duration {
        let cells = self.cells.iter().enumerate();
        let cells = cells.map(|(at, cell)| self.time_of(Visit::Cell(at)) * cell.effort.rounds);
        let knees = (0..self.knees.len()).map(Visit::Knee);
        let knees = knees.map(|knee| self.time_of(knee) * self.effort.rounds);
        cells.chain(knees).sum()
    }

    /// Every setting that is used.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        let knees = self.knees.iter().map(|knee| &knee.setting);
        self.cells.iter().map(|cell| &cell.setting).chain(knees)
    }

    /// How many lines it needs.
    pub fn lines(&self) -> u32 {
        self.settings()
            .map(Setting::lines_needed)
            .max()
            .unwrap_or(0)
    }

    /// The plan in the form of the results.
    pub fn document(&self) -> results::Plan {
        results::Plan {
            rounds: self.effort.rounds,
            duration_s: self.effort.duration.as_secs_f64(),
            warm_up_s: self.effort.warm_up.as_secs_f64(),
            seed: self.seed,
            cpus: self.placement.asked().map(<[u32]>::to_vec),
            percentiles: self.percentiles.clone(),
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
            let has_knobs = self.cells.iter().any(|cell| !cell.setting.knobs.is_empty());
            let with = |mut row: Vec<String>, knobs: String| {
                row.extend(has_knobs.then_some(knobs));
                row
            };
            let mut rows = vec![with(header.map(String::from).to_vec(), "knobs".to_string())];
            rows.extend(self.cells.iter().enumerate().map(|(at, cell)| {
                let cell = &cell.setting;
                let dash = || "-".to_string();
                let row = [
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
                ];
                let knobs = match cell.knobs.is_empty() {
                    true => dash(),
                    false => cell.knobs_text(),
                };
                with(row.to_vec(), knobs)
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
        for (effort, count) in self.other_efforts() {
            text += &format!("{}: {effort}\n", counted(count, "cell"));
        }
        let cpus = self.placement.asked().map(listed);
        let cpus = cpus.map_or_else(String::new, |cpus| format!(", on CPUs {cpus}"));
        text + &format!(
            "{} and {}, {}{cpus}, seed {}: about {}\n",
            counted(self.cells.len(), "cell"),
            counted(self.knees.len(), "knee"),
            self.effort,
            self.seed,
            told(self.time())
        )
    }

    /// The efforts of matrices that have their own, and the numbers of their cells.
    fn other_efforts(&self) -> Vec<(Effort, usize)> {
        let mut others: Vec<(Effort, usize)> = Vec::new();
        for cell in self.cells.iter().filter(|one| one.effort != self.effort) {
            match others.iter_mut().find(|(known, _)| *known == cell.effort) {
                Some((_, count)) => *count += 1,
                None => others.push((cell.effort, 1)),
            }
        }
        others
    }
}

/// Whether a cell or knee with `of` rounds is measured in this one of `rounds` rounds: its rounds are spread evenly.
fn has(round: u32, of: u32, rounds: u32) -> bool {
    let before = |round: u32| u64::from(round) * u64::from(of) / u64::from(rounds.max(1));
    before(round) < before(round + 1)
}

/// Checks that a round sees at least two arrivals.
fn lasts(effort: &Effort, replay: &Replay) -> Result<(), Failure> {
    let (duration_s, least) = (effort.duration.as_secs_f64(), replay.second_s());
    if duration_s >= least {
        return Ok(());
    }
    let file = &replay.document().file;
    let why = format!("a round of {duration_s} s is too short for 2 arrivals of {file}");
    Err(Failure::new("cannot run this bench", why)
        .remedy(format!("a duration of {least} s or more")))
}

fn twice(setting: &Setting, one: Effort, other: Effort) -> Failure {
    let why = format!("two matrices have the cell {setting}: one with {one}, one with {other}");
    Failure::new("cannot run this bench", why).remedy(
        "the same rounds, duration_s and warm_up_s in both, or the cell in one of them only",
    )
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

/// All cells of a matrix; the flavor changes slowest.
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
        knobs: BTreeMap::new(),
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
    for (name, values) in matrix.all_knobs().iter() {
        // A checked job has only known knobs.
        let Ok(spec) = further::spec(name) else {
            continue;
        };
        let values: Vec<String> = values
            .iter()
            .filter_map(|text| further::value(spec, text).ok())
            .collect();
        each(&mut cells, &values, |cell, value| {
            if value != spec.default {
                cell.knobs.insert(name.to_string(), value.clone());
            }
        });
    }
    cells
}

/// Makes one cell for each value out of each cell.
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

/// The knees of a job: one line, one event per interrupt, and defaults for everything else.
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

    fn planned(text: &str) -> Result<Plan, Failure> {
        let job = Job::parse(text, "job").unwrap().checked().unwrap();
        Plan::of(&job, &[0, 1, 2, 3], 64)
    }

    fn plan(text: &str) -> Plan {
        planned(text).unwrap()
    }

    const TWO: &str = "rounds = 3\nduration_s = 0.5\nwarm_up_s = 0.1\n\
                       [[matrix]]\nflavors = ['bh', 'unbound']\nrates_hz = [1000, 2000]\n";

    #[test]
    fn a_matrix_is_each_value_with_each_other() {
        let plan = plan(&format!("{TWO}bursts = [1, 8]\nstress = ['idle', 'cpu']\n"));
        assert_eq!(plan.cells.len(), 16);
        let first = &plan.cells[0].setting;
        assert_eq!((first.flavor, first.rate_hz), (Flavor::Bh, Some(1000)));
        let last = &plan.cells[15].setting;
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
            .map(|cell| (cell.setting.flavor, cell.setting.affinity_scope))
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
    fn a_cell_of_two_matrices_is_measured_once() {
        let text = format!("{TWO}[[matrix]]\nflavors = ['bh']\nrates_hz = [2000, 3000]\n");
        assert_eq!(plan(&text).cells.len(), 5);
    }

    #[test]
    fn a_closed_loop_has_no_rate_and_cpus_are_lines() {
        let plan = plan("[[matrix]]\nmode = 'saturate'\nflavors = ['bh']\nlines = 'cpus'");
        assert_eq!(plan.cells[0].setting.rate_hz, None);
        assert_eq!((plan.cells[0].setting.lines, plan.lines()), (4, 4));
    }

    #[test]
    fn further_knobs_are_dimensions_and_optional_ones_may_be_unknown() {
        let plan = plan(
            "[[matrix]]\nflavors = ['bh']\n[matrix.knobs]\ncoalesce_us = [0, 50]\nirq_type = ['edge', 'level']\n\
             [matrix.optional_knobs]\nnovel = [1, 2]\ncoalesce_events = [8]\n",
        );
        let knobs: Vec<String> = plan
            .cells
            .iter()
            .map(|cell| cell.setting.knobs_text())
            .collect();
        let expected = [
            "coalesce_events=8",
            "coalesce_events=8 irq_type=level",
            "coalesce_events=8 coalesce_us=50",
            "coalesce_events=8 coalesce_us=50 irq_type=level",
        ];
        assert_eq!(knobs, expected);
        assert_eq!(plan.left_out, ["novel"]);
        assert!(
            plan.text().contains("  coalesce_events=8 irq_type=level\n"),
            "{}",
            plan.text()
        );
    }

    #[test]
    fn a_hog_takes_a_further_line() {
        let plan = plan("[[matrix]]\nflavors = ['bh']\nstress = ['idle', 'hog']\nlines = 2\n");
        assert_eq!((plan.cells[1].setting.lines, plan.lines()), (2, 3));
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
    fn lines_for_each_cpu_are_for_each_cpu_of_the_job() {
        let text = "cpus = '3,1'\n[[matrix]]\nflavors = ['bh']\nlines = 'cpus'";
        let plan = plan(text);
        assert_eq!((plan.lines(), plan.placement.line(0)), (2, 3));
        assert_eq!(plan.document().cpus, Some(vec![3, 1]));
        assert!(plan.text().contains("of warm-up, on CPUs 3,1, seed 1"));
        let offline = planned(&text.replace("3,1", "3-4")).unwrap_err();
        assert_eq!(offline.why(), "cpus: CPU 4 is not online");
    }

    #[test]
    fn a_matrix_may_have_rounds_and_times_of_its_own() {
        let plan = plan(&format!(
            "{TWO}[[matrix]]\nflavors = ['none']\nrounds = 6\nduration_s = 2\nwarm_up_s = 0\n"
        ));
        assert_eq!(plan.rounds(), 6);
        assert_eq!(plan.visit_count(), 4 * 3 + 6);
        let visited = |at: usize| -> Vec<u32> {
            let has = |round: &u32| plan.visits(*round).contains(&Visit::Cell(at));
            (0..6).filter(has).collect()
        };
        assert_eq!(visited(0), [1, 3, 5]);
        assert_eq!(visited(4), [0, 1, 2, 3, 4, 5]);
        let once = Duration::from_millis(2000 * 7 / 4 + 80);
        assert_eq!(
            plan.time(),
            Duration::from_millis(680 + 375) * 12 + once * 6
        );
        let text = plan.text();
        assert!(
            text.contains("\n1 cell: 6 rounds of 2 s after 0 s of warm-up\n"),
            "{text}"
        );
    }

    #[test]
    fn a_cell_that_two_matrices_measure_in_different_ways_is_refused() {
        let text = format!("{TWO}[[matrix]]\nflavors = ['bh']\nrounds = 4\n");
        let refused = planned(&text).unwrap_err();
        let why = "two matrices have the cell bh 1000 Hz: one with 3 rounds of 0.5 s after 0.1 s of warm-up, \
                   one with 4 rounds of 0.5 s after 0.1 s of warm-up";
        assert_eq!(refused.why(), why);
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
