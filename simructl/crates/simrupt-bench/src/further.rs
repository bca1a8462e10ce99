// SPDX-License-Identifier: GPL-2.0-only

//! Further knobs: knobs of the module that cells may vary, and that have no key of their own in a job.
//!
//! Every live knob is one, unless the benchmark sets it itself. So a new knob of the module can be measured without a
//! change here.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;
use simrupt_core::knobs::{Spec, TABLE};

use simrupt::nearest;
use simrupt::text::word;

/// The knobs that the benchmark sets itself, to values of the cell or to fixed ones.
const OWN: [&str; 23] = [
    "lines",
    "rate_hz",
    "pattern",
    "jitter_pct",
    "burst",
    "replay_loop",
    "workqueue",
    "fifo_size",
    "fifo_policy",
    "format",
    "run",
    "cpu",
    "cpu_limit_pct",
    "work_us",
    "stress",
    "stress_us",
    "stress_hz",
    "fault",
    "fault_every",
    "fault_probability_ppm",
    "fault_times",
    "fault_us",
    "masked",
];

/// The knobs that determine the amount of work. Cells that differ in them have different loads. Other knobs, like the
/// flavor, are choices of how to do the work.
const OF_LOAD: [&str; 2] = ["work_bytes", "work_sleep_us"];

/// Whether the benchmark sets a knob itself.
pub fn is_own(name: &str) -> bool {
    OWN.contains(&name)
}

/// Whether a knob determines the load.
pub fn is_of_load(name: &str) -> bool {
    OF_LOAD.contains(&name)
}

/// The row of a further knob.
///
/// # Errors
///
/// There is no such knob, or the benchmark sets it itself.
pub fn spec(name: &str) -> Result<&'static Spec, String> {
    if is_own(name) {
        return Err(format!("{name} is set by the benchmark itself"));
    }
    let known = || TABLE.iter().filter(|spec| spec.live && !is_own(spec.name));
    known().find(|spec| spec.name == name).ok_or_else(|| {
        let near = nearest(name, known().map(|spec| spec.name));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        format!("there is no knob {}{hint}", word(name))
    })
}

/// A value in the form that is written to the knob: `050` is `50`.
///
/// # Errors
///
/// The knob does not take the value.
pub fn value(spec: &Spec, text: &str) -> Result<String, String> {
    let mut shown = String::new();
    let parsed = spec.parse(text).ok();
    match parsed.map(|value| spec.show(value, &mut shown)) {
        Some(Ok(())) => Ok(shown),
        _ => Err(format!("{} does not take {}", spec.name, word(text))),
    }
}

/// Further knobs with their values in the cells.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Further(BTreeMap<String, Vec<Value>>);

/// A value in a job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Value {
    Number(i64),
    Word(String),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Word(word) => word.clone(),
        }
    }
}

impl Further {
    /// The names, and the values as given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        let knobs = self.0.iter();
        knobs.map(|(name, values)| (name.as_str(), values.iter().map(Value::text).collect()))
    }

    /// By how much they multiply the number of cells.
    pub fn size(&self) -> usize {
        let counts = self.0.values().map(|values| values.len().max(1));
        counts.fold(1, usize::saturating_mul)
    }

    /// Adds knobs with their values, or replaces those of knobs that are already there.
    pub fn put(&mut self, other: &Self) {
        let others = other.0.iter();
        self.0
            .extend(others.map(|(name, values)| (name.clone(), values.clone())));
    }

    /// Removes the knobs that another has.
    pub fn remove(&mut self, other: &Self) {
        self.0.retain(|name, _| !other.0.contains_key(name));
    }

    /// Removes the knobs that this version does not know; returns their names.
    pub fn without_unknown(&self) -> (Self, Vec<String>) {
        let is_known = |name: &str| is_own(name) || TABLE.iter().any(|spec| spec.name == name);
        let (known, unknown): (BTreeMap<_, _>, BTreeMap<_, _>) = self
            .0
            .clone()
            .into_iter()
            .partition(|(name, _)| is_known(name));
        (Self(known), unknown.into_keys().collect())
    }
}

/// One knob: `coalesce_us=0,50`.
impl FromStr for Further {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, values) =
            pair.ok_or_else(|| format!("{} is not of the form KNOB=VALUE,VALUE", word(text)))?;
        let spec = spec(name)?;
        let values = values
            .split(',')
            .map(|text| value(spec, text).map(Value::Word));
        let values = values.collect::<Result<Vec<Value>, String>>()?;
        Ok(Self(BTreeMap::from([(name.to_string(), values)])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_knobs_that_the_benchmark_sets_exist() {
        for name in OWN {
            assert!(TABLE.iter().any(|spec| spec.name == name), "{name}");
            assert!(spec(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_knob_and_its_values_are_checked() {
        let knob: Further = "coalesce_us=0,050".parse().unwrap();
        let all: Vec<_> = knob.iter().collect();
        assert_eq!(
            all,
            [("coalesce_us", vec!["0".to_string(), "50".to_string()])]
        );
        for (text, why) in [
            (
                "coalesce_us",
                "coalesce_us is not of the form KNOB=VALUE,VALUE",
            ),
            ("=5", "=5 is not of the form KNOB=VALUE,VALUE"),
            (
                "coalesce_su=5",
                "there is no knob coalesce_su; did you mean coalesce_us?",
            ),
            ("burst=5", "burst is set by the benchmark itself"),
            ("coalesce_us=-1", "coalesce_us does not take -1"),
            ("coalesce_us=", "coalesce_us does not take ''"),
            ("irq_type=edge,levels", "irq_type does not take levels"),
        ] {
            assert_eq!(text.parse::<Further>(), Err(why.to_string()));
        }
    }

    #[test]
    fn a_knob_that_this_version_does_not_know_is_left_out_by_name() {
        let both: Further = toml::from_str("irq_type = ['edge']\nnovel = [1, 2]\n").unwrap();
        let (known, unknown) = both.without_unknown();
        assert_eq!(known, toml::from_str("irq_type = ['edge']").unwrap());
        assert_eq!(unknown, ["novel"]);
        assert_eq!((both.size(), known.size()), (2, 1));
    }
}
