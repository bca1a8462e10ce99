// SPDX-License-Identifier: GPL-2.0-only

//! Checks that a job can be run: each value against its range, and the values against each other.

use super::{
    BURSTS, FIFO_SIZES, Job, KneeJob, Matrix, P99_LIMITS_US, RATES_HZ, ROUNDS, WORK_US, bad,
};
use crate::further;
use crate::range::within;
use crate::setting::{Mode, Names, SCOPED, Scope};
use simrupt::failure::Failure;
use std::ops::RangeInclusive;

/// How many cells a job may have: more is probably a mistake.
const MAX_CELLS: usize = 10_000;

impl Job {
    /// Checks all values.
    pub fn checked(self) -> Result<Self, Failure> {
        effort(self.rounds, self.duration_s, self.warm_up_s)?;
        if self.matrix.is_empty() && self.knee.is_none() {
            let why = "it has neither a [[matrix]] nor a [knee]";
            return Err(bad(why).remedy("a row [[matrix]], for cells of all flavors"));
        }
        for matrix in &self.matrix {
            let duration_s = matrix.duration_s.unwrap_or(self.duration_s);
            effort(
                matrix.rounds.unwrap_or(self.rounds),
                duration_s,
                matrix.warm_up_s.unwrap_or(self.warm_up_s),
            )?;
            matrix.check(duration_s)?;
        }
        if let Some(knee) = &self.knee {
            knee.check()?;
        }
        let replays = self.matrix.iter().any(|matrix| matrix.mode == Mode::Replay);
        match (replays, &self.replay) {
            (true, None) => {
                return Err(bad("mode replay has no file of arrivals")
                    .remedy("--replay FILE, or replay = \"FILE\" in the job"));
            }
            (false, Some(_)) => {
                return Err(
                    bad("there is a file of arrivals, but no mode that replays it")
                        .remedy("mode = \"replay\" in a matrix, or --mode replay"),
                );
            }
            _ => {}
        }
        let cells: usize = self.matrix.iter().map(Matrix::size).sum();
        if cells > MAX_CELLS {
            return Err(bad(format!("{cells} cells are more than {MAX_CELLS}"))
                .remedy("fewer values, or several jobs"));
        }
        Ok(self)
    }
}

impl Matrix {
    fn check(&self, duration_s: f64) -> Result<(), Failure> {
        not_empty("flavors", &self.flavors)?;
        not_empty("affinity_scopes", &self.affinity_scopes)?;
        not_empty("stress", &self.stress)?;
        numbers("bursts", &self.bursts, BURSTS)?;
        numbers("fifo_sizes", &self.fifo_sizes, FIFO_SIZES)?;
        numbers("work_us", &self.work_us, WORK_US)?;
        if let Some(odd) = self.fifo_sizes.iter().find(|size| !size.is_power_of_two()) {
            return Err(bad(format!("fifo_sizes: {odd} is not a power of two"))
                .remedy(format!("{}", odd.next_power_of_two())));
        }
        for (name, values) in self.all_knobs().iter() {
            let spec = further::spec(name).map_err(|why| bad(format!("knobs: {why}")))?;
            if values.is_empty() {
                return Err(empty(&format!("knobs.{name}")));
            }
            for text in values {
                further::value(spec, &text).map_err(|why| bad(format!("knobs: {why}")))?;
            }
        }
        let has_scope = self
            .affinity_scopes
            .0
            .iter()
            .any(|one| *one != Scope::Default);
        if has_scope && !self.flavors.0.iter().any(|one| SCOPED.contains(one)) {
            let why = "none of its flavors has an affinity scope that can be set";
            let scoped = SCOPED.map(|flavor| flavor.name()).join(", ");
            return Err(bad(format!("affinity_scopes: {why}")).remedy(format!("one of {scoped}")));
        }
        match (self.mode, &self.rates_hz) {
            (Mode::Saturate, Some(_)) => Err(bad("rates_hz: a closed loop has no rate")
                .remedy("no rates_hz, or mode = \"rate\"")),
            (Mode::Saturate, None) => Ok(()),
            (Mode::Replay, Some(_)) => Err(bad("rates_hz: a replay has the rate of its file")
                .remedy("no rates_hz, or mode = \"rate\"")),
            (Mode::Replay, None) if self.bursts != [1] => {
                Err(bad("bursts: in a replay, each event has its interrupt")
                    .remedy("no bursts, or mode = \"rate\""))
            }
            (Mode::Replay, None) => Ok(()),
            (Mode::Rate, rates) => {
                let rates = rates.as_deref().unwrap_or(&[1000]);
                numbers("rates_hz", rates, RATES_HZ)?;
                self.check_rates(duration_s)
            }
        }
    }

    /// A round must see at least two interrupts of the device.
    fn check_rates(&self, duration_s: f64) -> Result<(), Failure> {
        for rate in self.rates().into_iter().flatten() {
            for burst in &self.bursts {
                let least = 2.0 * *burst as f64 / rate as f64;
                if duration_s < least {
                    let of = match burst {
                        1 => "2 events".to_string(),
                        burst => format!("2 bursts of {burst}"),
                    };
                    return Err(bad(format!(
                        "a round of {duration_s} s is too short for {of} at {rate} Hz"
                    ))
                    .remedy(format!("a duration of {least} s or more")));
                }
            }
        }
        Ok(())
    }

    /// The greatest number of cells that it can have.
    fn size(&self) -> usize {
        let lists = [
            self.flavors.0.len(),
            self.rates().len(),
            self.bursts.len(),
            self.fifo_sizes.len(),
            self.work_us.len(),
            self.affinity_scopes.0.len(),
            self.stress.0.len(),
        ];
        lists.iter().fold(self.all_knobs().size(), |size, len| {
            size.saturating_mul(*len)
        })
    }
}

impl KneeJob {
    fn check(&self) -> Result<(), Failure> {
        not_empty("knee.flavors", &self.flavors)?;
        not_empty("knee.stress", &self.stress)?;
        in_range("knee.min_hz", self.min_hz, RATES_HZ)?;
        in_range("knee.max_hz", self.max_hz, RATES_HZ)?;
        in_range("knee.p99_limit_us", self.p99_limit_us, P99_LIMITS_US)?;
        seconds("knee.duration_s", self.duration_s, 0.01, 3600.0)?;
        if self.min_hz >= self.max_hz {
            return Err(bad(format!(
                "the search for the knee is from {} to {} Hz, an empty range",
                self.min_hz, self.max_hz
            ))
            .remedy("a lowest rate (--knee-min) below the highest (--knee-max)"));
        }
        // p99 of fewer values is their maximum.
        let least = 100.0 / self.min_hz as f64;
        if self.duration_s < least {
            let why = format!(
                "{} s at {} Hz are fewer than 100 events, and have no p99",
                self.duration_s, self.min_hz
            );
            return Err(bad(why).remedy(format!("a duration of {least} s or more, or more Hz")));
        }
        Ok(())
    }
}

fn effort(rounds: u32, duration_s: f64, warm_up_s: f64) -> Result<(), Failure> {
    in_range("rounds", rounds.into(), ROUNDS)?;
    seconds("duration_s", duration_s, 0.01, 3600.0)?;
    seconds("warm_up_s", warm_up_s, 0.0, 60.0)
}

fn in_range(what: &str, value: u64, range: RangeInclusive<u64>) -> Result<(), Failure> {
    within(what, value, range).map_err(bad)
}

fn seconds(what: &str, value: f64, low: f64, high: f64) -> Result<(), Failure> {
    match (low..=high).contains(&value) {
        true => Ok(()),
        false => Err(bad(format!(
            "{what}: {value} is not from {low} to {high} s"
        ))),
    }
}

fn numbers(what: &str, values: &[u64], range: RangeInclusive<u64>) -> Result<(), Failure> {
    if values.is_empty() {
        return Err(empty(what));
    }
    values
        .iter()
        .try_for_each(|value| in_range(what, *value, range.clone()))
}

fn empty(what: &str) -> Failure {
    bad(format!("{what} is empty")).remedy("a value, or remove it for its default")
}

/// Checks that a list has a value.
fn not_empty<T>(what: &str, names: &Names<T>) -> Result<(), Failure> {
    match names.0.is_empty() {
        true => Err(empty(what)),
        false => Ok(()),
    }
}
