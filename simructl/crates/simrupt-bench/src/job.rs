// SPDX-License-Identifier: GPL-2.0-only

//! The job to run: a preset or a job file, with overrides from the command line.
//!
//! `check` checks all of it, before anything else happens, and without the module. [`crate::rig`] checks the facts that
//! only the module knows, such as its number of lines.

mod check;

use std::ops::RangeInclusive;
use std::path::PathBuf;

use serde::Deserialize;

use crate::further::Further;
use crate::overrides::Overrides;
use crate::percentile::Percentiles;
use crate::placement::Cpus;
use crate::setting::{Flavor, LineCount, Mode, Names, Scope, Stress};
use simrupt::failure::Failure;
use simrupt::text::is_json_object;
use simrupt_statistics::power::USUAL_ROUNDS;

/// The presets, each a job file.
pub const PRESETS: [(&str, &str); 8] = [
    ("quick", include_str!("presets/quick.toml")),
    ("lab", include_str!("presets/lab.toml")),
    ("cache-shard", include_str!("presets/cache-shard.toml")),
    ("speed", include_str!("presets/speed.toml")),
    ("moderation", include_str!("presets/moderation.toml")),
    ("hog", include_str!("presets/hog.toml")),
    ("defer", include_str!("presets/defer.toml")),
    ("footprint", include_str!("presets/footprint.toml")),
];

/// How many times a cell may be measured.
pub const ROUNDS: RangeInclusive<u64> = 1..=1000;
/// Events per second and line.
pub const RATES_HZ: RangeInclusive<u64> = 1..=1_000_000;
/// Events per interrupt.
pub const BURSTS: RangeInclusive<u64> = 1..=4096;
/// Records that the fifo holds; powers of two among these.
pub const FIFO_SIZES: RangeInclusive<u64> = 16..=1_048_576;
/// Simulated cost of a run of the bottom half, in microseconds.
pub const WORK_US: RangeInclusive<u64> = 0..=10_000;
/// The limit of p99 of `due_read`, in microseconds.
pub const P99_LIMITS_US: RangeInclusive<u64> = 1..=10_000_000;

/// A job file. Missing values are those of [`Job::default`] and [`Matrix::default`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Job {
    /// How many times each cell is measured: 1 to 1000.
    pub rounds: u32,
    /// How long a round is measured, in seconds: 0.01 to 3600.
    pub duration_s: f64,
    /// How long the load runs before each round is measured, in seconds: 0 to 60.
    pub warm_up_s: f64,
    /// The seed of the order of the cells and of the resampling.
    pub seed: u64,
    /// The file of arrivals that mode replay repeats.
    pub replay: Option<PathBuf>,
    /// The CPUs of lines and readers; absent for all online CPUs.
    pub cpus: Option<Cpus>,
    /// The percentiles of each stage; absent for the default ones.
    pub percentiles: Option<Percentiles>,
    /// The job has all cells of all matrices, each once.
    pub matrix: Vec<Matrix>,
    /// If present, the highest rates are searched, too.
    pub knee: Option<KneeJob>,
}

/// Cells: each value of a list with each value of the others.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matrix {
    /// How events come.
    pub mode: Mode,
    /// Values of the knob `workqueue`, or `all`.
    pub flavors: Names<Flavor>,
    /// Events per second and line, 1 to 1,000,000. Not in a closed loop, which has no rate.
    pub rates_hz: Option<Vec<u64>>,
    /// Events per interrupt, 1 to 4096.
    pub bursts: Vec<u64>,
    /// Records that the fifo holds: powers of two from 16 to 1,048,576.
    pub fifo_sizes: Vec<u64>,
    /// Simulated cost of a run of the bottom half, in microseconds: 0 to 10,000.
    pub work_us: Vec<u64>,
    /// The affinity scopes of unbound flavors. Any other flavor has one cell for all scopes.
    pub affinity_scopes: Names<Scope>,
    /// Kinds of interference.
    pub stress: Names<Stress>,
    /// How many lines work at the same time.
    pub lines: LineCount,
    /// Values of further knobs of the module, by name.
    pub knobs: Further,
    /// As `knobs`, but knobs that this version does not know are left out.
    pub optional_knobs: Further,
    /// How many times each of its cells is measured; absent for the job's value.
    pub rounds: Option<u32>,
    /// How long a round of its cells is measured, in seconds; absent for the job's value.
    pub duration_s: Option<f64>,
    /// How long the load runs before each of its rounds is measured, in seconds; absent for the job's value.
    pub warm_up_s: Option<f64>,
}

/// The flavors whose highest rate is searched, and how.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KneeJob {
    /// Values of the knob `workqueue`, or `all`.
    pub flavors: Names<Flavor>,
    /// Kinds of interference.
    pub stress: Names<Stress>,
    /// The lowest rate that is tried, 1 to 1,000,000.
    pub min_hz: u64,
    /// The highest rate that is tried, 1 to 1,000,000.
    pub max_hz: u64,
    /// The limit of p99 of `due_read`, in microseconds: 1 to 10,000,000.
    pub p99_limit_us: u64,
    /// How long a rate is tried, in seconds: 0.01 to 3600.
    pub duration_s: f64,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            rounds: USUAL_ROUNDS,
            duration_s: 1.0,
            warm_up_s: 0.2,
            seed: 1,
            replay: None,
            cpus: None,
            percentiles: None,
            matrix: Vec::new(),
            knee: None,
        }
    }
}

impl Default for Matrix {
    fn default() -> Self {
        Self {
            mode: Mode::Rate,
            flavors: Names::all(),
            rates_hz: None,
            bursts: vec![1],
            fifo_sizes: vec![4096],
            work_us: vec![0],
            affinity_scopes: Names(vec![Scope::Default]),
            stress: Names(vec![Stress::Idle]),
            lines: LineCount::Count(1),
            knobs: Further::default(),
            optional_knobs: Further::default(),
            rounds: None,
            duration_s: None,
            warm_up_s: None,
        }
    }
}

impl Default for KneeJob {
    fn default() -> Self {
        Self {
            flavors: Names::all(),
            stress: Names(vec![Stress::Idle]),
            min_hz: 1_000,
            max_hz: 1_000_000,
            p99_limit_us: 1_000,
            duration_s: 0.2,
        }
    }
}

impl Matrix {
    /// The rates of its cells: none in a closed loop, and none of its own in a replay.
    pub fn rates(&self) -> Vec<Option<u64>> {
        match (self.mode, &self.rates_hz) {
            (Mode::Replay, _) => vec![None],
            (Mode::Saturate, _) => vec![None],
            (Mode::Rate, None) => vec![Some(1000)],
            (Mode::Rate, Some(rates)) => rates.iter().copied().map(Some).collect(),
        }
    }

    /// All further knobs.
    pub fn all_knobs(&self) -> Further {
        let (mut all, _) = self.optional_knobs.without_unknown();
        all.put(&self.knobs);
        all
    }
}

impl Job {
    /// The job of a preset.
    pub fn preset(name: &str) -> Result<Self, Failure> {
        let preset = PRESETS.iter().find(|(known, _)| *known == name);
        let (_, text) = preset.ok_or_else(|| bad(format!("unknown preset {name}")))?;
        Self::parse(text, &format!("preset {name}"))
    }

    /// The job in a file; `name` is used in errors.
    pub fn parse(text: &str, name: &str) -> Result<Self, Failure> {
        if is_json_object(text) {
            let why = "it is JSON, and a job is TOML";
            return Err(Failure::new(format!("cannot use {name} as a job"), why)
                .remedy("simructl report FILE, for a result; simructl schema lists all JSON"));
        }
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text[..at].matches('\n').count() + 1;
            let why = error.message().trim().replace('\n', "; ");
            let why = in_words(why);
            Failure::new(format!("{name}:{line}"), why)
        })
    }

    /// Replaces values of the job by those of the command line.
    pub fn override_by(mut self, given: &Overrides) -> Result<Self, Failure> {
        put(&mut self.rounds, &given.rounds);
        put(&mut self.duration_s, &given.duration);
        put(&mut self.warm_up_s, &given.warm_up);
        put(&mut self.seed, &given.seed);
        put_some(&mut self.replay, &given.replay);
        put_some(&mut self.cpus, &given.cpus);
        put_some(&mut self.percentiles, &given.percentiles);
        for matrix in &mut self.matrix {
            // The option also replaces the values of the matrices.
            forget(&mut matrix.rounds, &given.rounds);
            forget(&mut matrix.duration_s, &given.duration);
            forget(&mut matrix.warm_up_s, &given.warm_up);
            put(&mut matrix.mode, &given.mode);
            if given.replay.is_some() && given.mode.is_none() {
                matrix.mode = Mode::Replay;
            }
            let is_told = given.mode.is_some() || given.replay.is_some();
            if is_told && matrix.mode != Mode::Rate {
                // These values were meant for another mode.
                matrix.rates_hz = None;
            }
            if is_told && matrix.mode == Mode::Replay {
                matrix.bursts = vec![1];
            }
            if matrix.mode == Mode::Rate {
                put_some(&mut matrix.rates_hz, &given.rates);
            }
            put(&mut matrix.flavors, &given.flavors);
            put(&mut matrix.bursts, &given.bursts);
            put(&mut matrix.fifo_sizes, &given.fifo_sizes);
            put(&mut matrix.work_us, &given.work_us);
            put(&mut matrix.affinity_scopes, &given.affinity_scopes);
            put(&mut matrix.stress, &given.stress);
            put(&mut matrix.lines, &given.lines);
            for knob in &given.knobs {
                matrix.optional_knobs.remove(knob);
                matrix.knobs.put(knob);
            }
        }
        let all_are = |mode| self.matrix.iter().all(|matrix| matrix.mode == mode);
        if given.rates.is_some() && all_are(Mode::Saturate) {
            return Err(bad("a closed loop has no rate")
                .remedy("--rates or --mode saturate, not both")
                .usage());
        }
        if given.rates.is_some() && all_are(Mode::Replay) {
            return Err(bad("a replay has the rate of its file")
                .remedy("--rates or --replay, not both")
                .usage());
        }
        self.override_knee(given)?;
        Ok(self)
    }

    fn override_knee(&mut self, given: &Overrides) -> Result<(), Failure> {
        let asked = [given.p99_limit, given.knee_min, given.knee_max];
        if given.find_knee && self.knee.is_none() {
            let longest = KneeJob::default().duration_s;
            self.knee = Some(KneeJob {
                flavors: union(&self.matrix, |matrix| &matrix.flavors),
                stress: union(&self.matrix, |matrix| &matrix.stress),
                duration_s: self.duration_s.min(longest),
                ..KneeJob::default()
            });
        }
        let Some(knee) = &mut self.knee else {
            return match asked.iter().any(Option::is_some) {
                true => Err(bad("no knee is searched for").remedy("--find-knee").usage()),
                false => Ok(()),
            };
        };
        put(&mut knee.flavors, &given.flavors);
        put(&mut knee.stress, &given.stress);
        put(&mut knee.p99_limit_us, &given.p99_limit);
        put(&mut knee.min_hz, &given.knee_min);
        put(&mut knee.max_hz, &given.knee_max);
        Ok(())
    }
}

/// A message of the parser, in which types of Rust are replaced by words for users.
fn in_words(message: String) -> String {
    let types = [
        ("expected u32", "expected a whole number from 0 up"),
        ("expected u64", "expected a whole number from 0 up"),
        ("expected f64", "expected a number"),
    ];
    types.iter().fold(message, |message, (name, words)| {
        message.replace(name, words)
    })
}

/// The failure of a job that cannot be run.
fn bad(why: impl Into<String>) -> Failure {
    Failure::new("cannot run this bench", why)
}

fn put<T: Clone>(value: &mut T, given: &Option<T>) {
    if let Some(given) = given {
        value.clone_from(given);
    }
}

fn put_some<T: Clone>(value: &mut Option<T>, given: &Option<T>) {
    if given.is_some() {
        value.clone_from(given);
    }
}

/// Clears a matrix's own value if the command line has one.
fn forget<T>(value: &mut Option<T>, given: &Option<T>) {
    if given.is_some() {
        *value = None;
    }
}

/// The values of a list in any of the matrices, each once.
fn union<T: Copy + PartialEq>(
    matrices: &[Matrix],
    list: impl Fn(&Matrix) -> &Names<T>,
) -> Names<T> {
    let mut all: Vec<T> = Vec::new();
    for value in matrices.iter().flat_map(|matrix| &list(matrix).0) {
        if !all.contains(value) {
            all.push(*value);
        }
    }
    Names(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::Named;

    fn checked(text: &str) -> Result<Job, String> {
        let job = Job::parse(text, "job.toml").and_then(Job::checked);
        job.map_err(|failure| failure.to_string())
    }

    fn overridden(text: &str, given: &Overrides) -> Result<Job, String> {
        let job = Job::parse(text, "job.toml").and_then(|job| job.override_by(given));
        let job = job.and_then(Job::checked);
        job.map_err(|failure| failure.to_string())
    }

    #[test]
    fn every_preset_is_a_job() {
        for (name, _) in PRESETS {
            let job = Job::preset(name).and_then(Job::checked);
            assert!(job.is_ok(), "{name}: {job:?}");
        }
    }

    #[test]
    fn a_missing_value_of_a_job_has_a_default() {
        let job = checked("[[matrix]]\n").unwrap();
        assert_eq!((job.rounds, job.seed), (USUAL_ROUNDS, 1));
        assert_eq!(job.matrix[0].flavors.0, Flavor::CHOICES);
        assert_eq!(job.matrix[0].rates(), [Some(1000)]);
        assert_eq!(job.matrix[0].lines, LineCount::Count(1));
        assert_eq!(job.knee, None);
    }

    #[test]
    fn unknown_keys_are_named_with_their_line() {
        for (text, line, key) in [
            ("round = 5\n[[matrix]]", 1, "`round`"),
            ("[[matrix]]\nflavours = ['bh']", 2, "`flavours`"),
            ("[[matrix]]\n\n[knee]\nlimit = 5", 4, "`limit`"),
        ] {
            let message = checked(text).unwrap_err();
            assert!(message.contains(&format!("job.toml:{line}")), "{message}");
            assert!(message.contains(key), "{message}");
        }
    }

    #[test]
    fn a_job_that_cannot_be_run_is_refused_with_the_reason() {
        for (text, why) in [
            ("", "neither a [[matrix]] nor a [knee]"),
            ("[[matrix]]\nflavors = []", "flavors is empty"),
            ("[[matrix]]\nflavors = ['unbond']", "did you mean unbound?"),
            ("[[matrix]]\nrates_hz = []", "rates_hz is empty"),
            ("[[matrix]]\nrates_hz = [0]", "0 is not from 1 to 1000000"),
            ("[[matrix]]\nrates_hz = [-1]", "job.toml:2"),
            ("[[matrix]]\nmode = 'open'", "there is no mode open"),
            ("[[matrix]]\nbursts = [4097]", "4097 is not from 1 to 4096"),
            ("[[matrix]]\nfifo_sizes = [1000]", "try: 1024"),
            ("[[matrix]]\nwork_us = [10001]", "work_us: 10001"),
            ("[[matrix]]\nstress = ['disk']", "there is no stress disk"),
            ("[[matrix]]\nlines = 65", "65 is neither a number of lines"),
            ("[[matrix]]\nlines = 'many'", "many is neither a number"),
            (
                "[[matrix]]\nflavors = ['bh']\naffinity_scopes = ['cpu']",
                "none of its flavors has an affinity scope",
            ),
            (
                "[[matrix]]\nmode = 'saturate'\nrates_hz = [5]",
                "a closed loop has no rate",
            ),
            (
                "duration_s = 0.5\n[[matrix]]\nrates_hz = [100]\nbursts = [64]",
                "too short for 2 bursts of 64 at 100 Hz",
            ),
            (
                "duration_s = 1\n[[matrix]]\nrates_hz = [1]",
                "too short for 2 events at 1 Hz",
            ),
            (
                "rounds = -1\n[[matrix]]",
                "job.toml:1: invalid value: integer `-1`, expected a whole number from 0 up",
            ),
            (
                "duration_s = ''\n[[matrix]]",
                "job.toml:1: invalid type: string \"\", expected a number",
            ),
            ("rounds = 0\n[[matrix]]", "rounds: 0 is not from 1 to 1000"),
            ("duration_s = 0\n[[matrix]]", "duration_s: 0 is not from"),
            (
                "duration_s = nan\n[[matrix]]",
                "duration_s: NaN is not from",
            ),
            ("warm_up_s = -1.0\n[[matrix]]", "warm_up_s: -1 is not from"),
            ("[knee]\nmin_hz = 5000\nmax_hz = 5000", "an empty range"),
            ("[knee]\nmin_hz = 100", "fewer than 100 events"),
        ] {
            let message = checked(text).unwrap_err();
            assert!(message.contains(why), "{text}: {message}");
        }
        let long: Vec<String> = (1..=200).map(|n| n.to_string()).collect();
        let long = format!("[{}]", long.join(","));
        let text = format!("[[matrix]]\nwork_us = {long}\nbursts = {long}\nduration_s = 1");
        assert!(checked(&text).is_err());
    }

    #[test]
    fn the_command_line_overrides_the_job_in_every_matrix() {
        let given = Overrides {
            flavors: Some(Names(vec![Flavor::Bh])),
            rates: Some(vec![7, 8]),
            lines: Some(LineCount::Cpus),
            rounds: Some(2),
            ..Overrides::default()
        };
        let text =
            "rounds = 9\nseed = 4\n[[matrix]]\nrates_hz = [50]\n[[matrix]]\nmode = 'saturate'\n";
        let job = overridden(text, &given).unwrap();
        assert_eq!((job.rounds, job.seed), (2, 4));
        assert_eq!(job.matrix[0].rates(), [Some(7), Some(8)]);
        assert_eq!(job.matrix[1].rates(), [None]);
        assert!(
            job.matrix
                .iter()
                .all(|matrix| matrix.flavors.0 == [Flavor::Bh])
        );
        assert!(
            job.matrix
                .iter()
                .all(|matrix| matrix.lines == LineCount::Cpus)
        );
    }

    #[test]
    fn a_closed_loop_drops_the_rates_of_the_job_but_refuses_those_of_the_command_line() {
        let text = "[[matrix]]\nrates_hz = [50]\n";
        let mut given = Overrides {
            mode: Some(Mode::Saturate),
            ..Overrides::default()
        };
        assert_eq!(overridden(text, &given).unwrap().matrix[0].rates(), [None]);
        given.rates = Some(vec![5]);
        assert!(overridden(text, &given).unwrap_err().contains("no rate"));
    }

    #[test]
    fn a_knee_is_searched_with_the_values_of_the_matrices() {
        let text = "[[matrix]]\nflavors = ['bh', 'none']\n[[matrix]]\nflavors = ['bound', 'bh']\n";
        let mut given = Overrides {
            p99_limit: Some(77),
            ..Overrides::default()
        };
        assert!(
            overridden(text, &given)
                .unwrap_err()
                .contains("--find-knee")
        );
        given.find_knee = true;
        let knee = overridden(text, &given).unwrap().knee.unwrap();
        assert_eq!(knee.flavors.0, [Flavor::Bh, Flavor::None, Flavor::Bound]);
        assert_eq!((knee.p99_limit_us, knee.min_hz), (77, 1000));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_job_panic(text in damaged_text::texts(&[
            PRESETS[0].1, PRESETS[1].1, PRESETS[2].1, PRESETS[3].1,
        ])) {
            let _ = checked(&text);
            let _ = text.parse::<LineCount>();
        }
    }
}
