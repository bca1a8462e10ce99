// SPDX-License-Identifier: GPL-2.0-only

//! A run: from the first change of a knob to the last one that is reverted.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::costs;
use crate::knee::{Search, search};
use crate::metrics;
use crate::plan::{CellPlan, KneePlan, Plan, Visit};
use crate::replay::Replay;
use crate::results::{Cell, Cost, Environment, Histogram, Knee, Probe, Results, Round, SCHEMA};
use crate::rig::Rig;
use crate::round;
use crate::saved::Saved;
use crate::setting::{Setting, Timing};
use simrupt::failure::Failure;
use simrupt::stop::Stop;
use simrupt_statistics::estimate;

/// The knobs that cells change, or that belong to those.
const OF_CELLS: [&str; 9] = [
    "rate_hz",
    "pattern",
    "burst",
    "replay_loop",
    "workqueue",
    "fifo_size",
    "work_us",
    "run",
    "stress",
];

/// p99, of 100,000.
const P99: u32 = 99_000;

/// Follows a run, for users who wait for its end.
pub trait Progress {
    /// The run begins, with this many visits and this expected time.
    fn begin(&mut self, visits: u32, time: Duration);
    /// The next visit begins; `what` describes it in a few words.
    fn next(&mut self, what: &str);
    /// A visit has ended; `time` is its expected time.
    fn done(&mut self, time: Duration);
}

/// The measurements so far.
#[derive(Debug, Default)]
struct Findings {
    costs: Vec<Cost>,
    /// Knobs of line 0 that no cell changes.
    knobs: BTreeMap<String, String>,
    /// By cell.
    rounds: Vec<Vec<Round>>,
    histograms: Vec<BTreeMap<String, Histogram>>,
    /// By knee, the search of each round.
    searches: Vec<Vec<Search>>,
    complete: bool,
}

impl Findings {
    /// No measurements yet, of this plan.
    fn of(plan: &Plan) -> Self {
        Self {
            rounds: vec![Vec::new(); plan.cells.len()],
            histograms: vec![BTreeMap::new(); plan.cells.len()],
            searches: vec![Vec::new(); plan.knees.len()],
            ..Self::default()
        }
    }

    /// Whether no round is finished.
    fn is_empty(&self) -> bool {
        self.rounds.iter().all(Vec::is_empty) && self.searches.iter().all(Vec::is_empty)
    }
}

/// The outcome of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The measurements, also after a failure.
    pub results: Results,
    /// Why it ended early, and what could not be restored.
    pub failure: Option<Failure>,
}

/// Runs a checked plan. If it is stopped, it returns the measurements until then. When it returns, all values are
/// restored. Only the holder of the lock may call it.
///
/// # Errors
///
/// A failure before the first round was finished. A later failure is part of the outcome.
pub fn run(
    rig: &mut Rig<'_>,
    plan: &Plan,
    mut environment: Environment,
    stop: &Stop,
    progress: &mut impl Progress,
) -> Result<Outcome, Failure> {
    let started = SystemTime::now().duration_since(UNIX_EPOCH);
    let begun = Instant::now();
    let saved = Saved::take(rig.module(), rig.knobs())?;
    // The CPUs of an emulator take turns, so the time that one of them does not get was not used by its own tasks.
    let spending = !(environment.emulated && environment.cpus_online > 1);
    let mut findings = Findings::of(plan);
    environment.replay = plan.replay.as_ref().map(Replay::document);
    let measured = measure(rig, plan, spending, stop, progress, &mut findings);
    let foreign_changes = rig.known().take_changes();
    let unscheduled = rig.put_schedules_back();
    let restored = saved.restore();
    let failure = Failure::all(
        [measured, unscheduled, restored]
            .into_iter()
            .filter_map(Result::err),
    );
    let failure = match failure {
        Some(failure) if findings.is_empty() => return Err(failure),
        failure => failure,
    };
    environment.knobs = findings.knobs;
    let cells = plan
        .cells
        .iter()
        .zip(findings.rounds.into_iter().zip(findings.histograms));
    let cells: Vec<Cell> = cells
        .filter(|(_, (rounds, _))| !rounds.is_empty())
        .map(|(CellPlan { setting, effort }, (rounds, histograms))| {
            let own = (*effort != plan.effort).then(|| effort.document());
            metrics::cell(setting, own, rounds, histograms, effort.rounds)
        })
        .collect();
    let knees = plan.knees.iter().zip(findings.searches);
    let results = Results {
        schema: SCHEMA.to_string(),
        label: None,
        started_unix_s: started.map_or(0, |since| since.as_secs()),
        elapsed_s: begun.elapsed().as_secs_f64(),
        complete: findings.complete,
        command: as_text(std::env::args_os()),
        plan: plan.document(),
        environment,
        costs: findings.costs,
        cells,
        knees: knees
            .filter(|(_, searches)| !searches.is_empty())
            .map(|(knee, searches)| knee_of(knee, searches))
            .collect(),
        foreign_changes,
    };
    Ok(Outcome { results, failure })
}

/// Words of a command line as text; bytes that are not UTF-8 are replaced.
fn as_text(words: impl Iterator<Item = OsString>) -> Vec<String> {
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

fn measure(
    rig: &mut Rig<'_>,
    plan: &Plan,
    spending: bool,
    stop: &Stop,
    progress: &mut impl Progress,
    findings: &mut Findings,
) -> Result<(), Failure> {
    rig.silence_all()?;
    findings.costs = costs::measure(rig, plan)?;
    progress.begin(plan.visit_count(), plan.time());
    let percentiles = plan.percentiles.clone().unwrap_or_default();
    let mut position = 0;
    for round in 0..plan.rounds() {
        for visit in plan.visits(round) {
            match visit {
                Visit::Cell(at) => {
                    let CellPlan { setting, effort } = &plan.cells[at];
                    let timing = Timing {
                        spending,
                        ..effort.timing()
                    };
                    progress.next(&setting.to_string());
                    let Some(sample) = round::run(rig, setting, timing, stop)? else {
                        return Ok(());
                    };
                    findings.rounds[at].push(Round {
                        round,
                        position,
                        elapsed_ns: sample.elapsed_ns,
                        warm_up_ns: u64::try_from(sample.warm_up.elapsed.as_nanos()).ok(),
                        steady: sample.warm_up.is_steady,
                        metrics: sample.metrics(setting, &percentiles),
                        counters: sample.counters,
                    });
                    for (stage, histogram) in &sample.histograms {
                        let all = findings.histograms[at].entry(stage.clone());
                        all.or_default().merge(histogram);
                    }
                }
                Visit::Knee(at) => {
                    let knee = &plan.knees[at];
                    progress.next(&format!("knee of {}", knee.setting.flavor.name()));
                    let Some(found) = look_for(rig, plan, knee, stop)? else {
                        return Ok(());
                    };
                    findings.searches[at].push(found);
                }
            }
            if findings.knobs.is_empty() {
                findings.knobs = knobs(rig, plan)?;
            }
            progress.done(plan.time_of(visit));
            position += 1;
        }
    }
    findings.complete = true;
    Ok(())
}

/// Every knob of line 0 that no cell changes.
fn knobs(rig: &Rig<'_>, plan: &Plan) -> Result<BTreeMap<String, String>, Failure> {
    let line = rig.lines(1).first().copied().unwrap_or(0);
    let knobs = rig.knobs();
    let constant = knobs
        .iter()
        .filter(|knob| !OF_CELLS.contains(&knob.name.as_str()))
        .filter(|knob| {
            !plan
                .settings()
                .any(|one| one.knobs.contains_key(&knob.name))
        });
    constant
        .map(|knob| {
            let value = match knob.per_line {
                true => knobs.value(knob, line)?,
                false => knobs.module_value(knob)?,
            };
            Ok((knob.name.clone(), value))
        })
        .collect()
}

/// Searches the highest rate once; `None` if it was stopped.
fn look_for(
    rig: &mut Rig<'_>,
    plan: &Plan,
    knee: &KneePlan,
    stop: &Stop,
) -> Result<Option<Search>, Failure> {
    let timing = plan.probe_timing(knee);
    let limit_ns = u64::try_from(knee.p99_limit.as_nanos()).unwrap_or(u64::MAX);
    let probe = |rate_hz| {
        let setting = Setting {
            rate_hz: Some(rate_hz),
            ..knee.setting.clone()
        };
        let Some(sample) = round::run(rig, &setting, timing, stop)? else {
            return Ok(None);
        };
        let due_read = sample.histograms.get("due_read");
        let p99 = due_read.and_then(|histogram| histogram.percentile(P99));
        let loss_ratio = sample.loss_ratio();
        Ok(Some(Probe {
            rate_hz,
            loss_ratio: loss_ratio.unwrap_or(0.0),
            due_read_p99_ns: p99.unwrap_or(0),
            // Without any event that was read, the rate has not passed.
            passed: loss_ratio == Some(0.0) && p99.is_some_and(|ns| ns < limit_ns),
        }))
    };
    search(knee.min_hz(), knee.max_hz, probe)
}

/// A knee, from the searches of its rounds.
fn knee_of(plan: &KneePlan, searches: Vec<Search>) -> Knee {
    let mut knee = Knee {
        setting: plan.setting.clone(),
        min_hz: plan.min_hz(),
        max_hz: plan.max_hz,
        p99_limit_ns: u64::try_from(plan.p99_limit.as_nanos()).unwrap_or(u64::MAX),
        rates_hz: searches.iter().map(|one| one.rate_hz).collect(),
        rate_hz: None,
        probes: searches.into_iter().flat_map(|one| one.probes).collect(),
    };
    medians_of(&mut knee);
    knee
}

/// Sets the median of a knee from all of its rounds.
pub(crate) fn medians_of(knee: &mut Knee) {
    knee.rate_hz = estimate(&knee.values());
    let median = knee
        .rate_hz
        .as_ref()
        .map_or(0.0, |rate| rate.median.round());
    knee.setting.rate_hz = (median > 0.0).then_some(median as u64);
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;
    use std::time::Duration;

    use super::*;
    use crate::job::Job;

    fn found(rates: &[Option<u64>]) -> Knee {
        let job = Job::parse("[knee]\nflavors = ['bh']\n", "job").unwrap();
        let plan = Plan::of(&job.checked().unwrap(), &[0], 1).unwrap();
        assert_eq!(plan.knees[0].p99_limit, Duration::from_millis(1));
        let search = |rate: &Option<u64>| Search {
            rate_hz: *rate,
            probes: Vec::new(),
        };
        knee_of(&plan.knees[0], rates.iter().map(search).collect())
    }

    #[test]
    fn a_round_that_found_no_rate_counts() {
        let knee = found(&[None, Some(50_000), None, None, None]);
        assert_eq!(knee.rates_hz.len(), 5);
        assert_eq!(knee.setting.rate_hz, None);
        let rate = knee.rate_hz.unwrap();
        assert_eq!((rate.median, rate.high), (0.0, 50_000.0));

        let knee = found(&[Some(40_000), None, Some(50_000)]);
        assert_eq!(knee.setting.rate_hz, Some(40_000));
        assert_eq!(knee.rate_hz.unwrap().low, 0.0);
        assert_eq!(found(&[]).rate_hz, None);
    }

    #[test]
    fn a_word_that_is_not_utf_8_is_recorded_all_the_same() {
        let words = [b"--json".to_vec(), b"a\xff.json".to_vec()];
        let text = as_text(words.into_iter().map(OsString::from_vec));
        assert_eq!(text, ["--json", "a\u{fffd}.json"]);
    }
}
