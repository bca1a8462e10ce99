// SPDX-License-Identifier: GPL-2.0-only

//! The differences in the circumstances of two runs.

use crate::report::about::{Fact, NOT_KNOWN, facts};
use crate::results::Results;

/// The circumstances that differ between two runs: the name, and both values; `-` if a run does not have it.
pub fn circumstances(before: &Results, after: &Results) -> Vec<(String, String, String)> {
    let (before, after) = (facts(before), facts(after));
    let value = |facts: &[Fact], name: &str| {
        let fact = facts.iter().find(|(known, _)| known == name);
        fact.map_or(NOT_KNOWN.to_string(), |(_, value)| value.clone())
    };
    let added = after
        .iter()
        .filter(|(name, _)| before.iter().all(|(known, _)| known != name));
    let names = before.iter().chain(added).map(|(name, _)| name);
    names
        .map(|name| (name.clone(), value(&before, name), value(&after, name)))
        .filter(|(_, before, after)| before != after)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_run_has_the_circumstances_of_itself() {
        let results = sample::results();
        assert!(circumstances(&results, &results).is_empty());
    }

    #[test]
    fn other_circumstances_are_told() {
        let before = sample::results();
        let mut after = sample::results();
        after.environment.virtual_time = false;
        after.environment.knobs.remove("format");
        let mitigations = &mut after.environment.mitigations;
        mitigations.insert("novel".to_string(), "Vulnerable".to_string());
        after.plan.rounds = 3;
        after.plan.seed = 7;
        let told = circumstances(&before, &after);
        let told: Vec<_> = told
            .iter()
            .map(|(name, a, b)| [name.as_str(), a, b])
            .collect();
        assert_eq!(
            told,
            [
                ["rounds", "7", "3"],
                ["seed", "42", "7"],
                ["virtual time", "yes", "no"],
                ["knob format", "record", "-"],
                ["mitigation novel", "-", "Vulnerable"]
            ]
        );
    }
}
