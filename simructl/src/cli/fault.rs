// SPDX-License-Identifier: GPL-2.0-only

//! What `simructl fault` takes.

use clap::{Args, ValueEnum};

use simrupt_core::knobs::Knob;

use crate::cli::knobs;
use crate::cli::values::parse_ppm;

/// What to do about faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FaultAction {
    /// Show the faults in force
    List,
    /// Make a fault
    Set,
    /// End the fault; what it has done stays
    Off,
}

/// What `fault` takes.
#[derive(Debug, Args)]
pub(crate) struct Fault {
    /// What to do
    #[arg(value_name = "ACTION", default_value = "list", value_enum)]
    pub(crate) action: FaultAction,
    /// Which fault to make
    #[arg(value_name = "KIND", value_parser = knobs::fault(), required_if_eq("action", "set"))]
    pub(crate) kind: Option<String>,
    /// Of N chances, consider the last [default: 1]
    #[arg(long, value_name = "N")]
    every: Option<String>,
    /// How likely the fault is at a chance that is considered [default: 100%]
    #[arg(long, value_name = "PERCENT", value_parser = parse_ppm)]
    probability: Option<u64>,
    /// How many faults to make at most; -1 is any number [default: -1]
    #[arg(long, value_name = "N")]
    times: Option<String>,
    /// Delay of late, length of storm and stall, in microseconds [default: 1000]
    #[arg(long, value_name = "N")]
    us: Option<String>,
}

impl Fault {
    /// What means something to `set` alone, and stands with another action.
    pub(crate) fn odd(&self) -> Option<String> {
        if self.action == FaultAction::Set {
            return None;
        }
        let option = |name: &str, is_given: bool| is_given.then(|| format!("--{name}"));
        self.kind
            .as_ref()
            .map(|kind| format!("`{kind}`"))
            .or(option("every", self.every.is_some()))
            .or(option("probability", self.probability.is_some()))
            .or(option("times", self.times.is_some()))
            .or(option("us", self.us.is_some()))
    }

    /// The values of the knobs of the rules: every, probability, times, length.
    pub(crate) fn rules(&self) -> [String; 4] {
        let or_default = |given: &Option<String>, knob: Knob| match given {
            Some(value) => value.trim().to_string(),
            None => knob.spec().default.to_string(),
        };
        let probability = self.probability.map(|ppm| ppm.to_string());
        [
            or_default(&self.every, Knob::FaultEvery),
            or_default(&probability, Knob::FaultProbabilityPpm),
            or_default(&self.times, Knob::FaultTimes),
            or_default(&self.us, Knob::FaultUs),
        ]
    }
}
