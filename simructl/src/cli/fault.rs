// SPDX-License-Identifier: GPL-2.0-only

//! The options of `fault`.

use clap::{Args, ValueEnum};

use simrupt_core::knobs::Knob;

use crate::cli::knobs;
use crate::cli::values::parse_ppm;

/// The action on faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FaultAction {
    /// Show the faults in force
    List,
    /// Set a fault
    Set,
    /// End the fault; its effects stay
    Off,
}

/// The options of `fault`.
#[derive(Debug, Args)]
pub(crate) struct Fault {
    /// The action
    #[arg(value_name = "ACTION", default_value = "list", value_enum)]
    pub(crate) action: FaultAction,
    /// The kind of the fault
    #[arg(value_name = "KIND", value_parser = knobs::fault(), required_if_eq("action", "set"))]
    pub(crate) kind: Option<String>,
    /// Consider only every N-th chance [default: 1]
    #[arg(long, value_name = "N")]
    every: Option<String>,
    /// Probability of the fault at a considered chance [default: 100%]
    #[arg(long, value_name = "PERCENT", value_parser = parse_ppm)]
    probability: Option<u64>,
    /// The most faults to inject; -1 is any number [default: -1]
    #[arg(long, value_name = "N")]
    times: Option<String>,
    /// Delay of late, length of storm and stall, in microseconds [default: 1000]
    #[arg(long, value_name = "N")]
    us: Option<String>,
}

impl Fault {
    /// The arguments that only `set` takes, if one of them is given with another action.
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
