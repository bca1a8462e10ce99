// SPDX-License-Identifier: GPL-2.0-only

//! In what the circumstances of two runs differ.

use crate::placement::listed;
use crate::report::about::idle_state;
use crate::results::{Environment, Results};

/// In what the circumstances of two runs differ: the name, and both values.
pub fn circumstances(a: &Results, b: &Results) -> Vec<(String, String, String)> {
    let mut differences = Vec::new();
    let mut compare = |name: &str, a: String, b: String| {
        if a != b {
            differences.push((name.to_string(), a, b));
        }
    };
    for ((name, a), (_, b)) in facts(&a.environment).into_iter().zip(facts(&b.environment)) {
        compare(name, a, b);
    }
    compare(
        "rounds",
        a.plan.rounds.to_string(),
        b.plan.rounds.to_string(),
    );
    compare("seed", a.plan.seed.to_string(), b.plan.seed.to_string());
    let cpus = |results: &Results| match &results.plan.cpus {
        Some(cpus) => listed(cpus),
        None => "-".to_string(),
    };
    compare("CPUs of lines and readers", cpus(a), cpus(b));
    let percentiles = |results: &Results| {
        let asked = results.plan.percentiles.clone();
        asked.unwrap_or_default().to_string()
    };
    compare("percentiles", percentiles(a), percentiles(b));
    let seconds = |value: f64| format!("{value} s");
    compare(
        "duration",
        seconds(a.plan.duration_s),
        seconds(b.plan.duration_s),
    );
    compare(
        "warm-up",
        seconds(a.plan.warm_up_s),
        seconds(b.plan.warm_up_s),
    );
    let ended = |complete| if complete { "no" } else { "yes" }.to_string();
    compare("ended early", ended(a.complete), ended(b.complete));
    for (kind, a, b) in [
        ("knob", &a.environment.knobs, &b.environment.knobs),
        (
            "mitigation",
            &a.environment.mitigations,
            &b.environment.mitigations,
        ),
    ] {
        let added = b.keys().filter(|name| !a.contains_key(*name));
        for name in a.keys().chain(added) {
            let value = |of: &std::collections::BTreeMap<String, String>| {
                of.get(name).cloned().unwrap_or_else(|| "-".to_string())
            };
            compare(&format!("{kind} {name}"), value(a), value(b));
        }
    }
    differences
}

/// What figures depend on, by name.
fn facts(environment: &Environment) -> [(&'static str, String); 21] {
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_string());
    let yes = |value: bool| if value { "yes" } else { "no" }.to_string();
    [
        ("virtual time", yes(environment.virtual_time)),
        ("grade", environment.grade.clone()),
        ("kernel", environment.kernel_release.clone()),
        ("kernel version", environment.kernel_version.clone()),
        ("machine", environment.machine.clone()),
        ("CPUs", environment.cpus_online.to_string()),
        ("CPU model", known(&environment.cpu_model)),
        ("preemption", known(&environment.preemption)),
        ("kernel command line", environment.cmdline.clone()),
        ("clocksource", known(&environment.clocksource)),
        ("governor", known(&environment.governor)),
        ("turbo", environment.turbo.map_or("-".to_string(), yes)),
        ("deepest idle state", idle_state(environment)),
        ("irqbalance", yes(environment.irqbalance)),
        ("isolated CPUs", environment.isolated_cpus.clone()),
        ("nohz_full CPUs", environment.nohz_full_cpus.clone()),
        ("hypervisor", known(&environment.hypervisor)),
        ("emulated", yes(environment.emulated)),
        ("debugging options", environment.debug_options.join(" ")),
        ("simrupt", known(&environment.module_version)),
        ("simructl", environment.simructl_version.clone()),
    ]
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
                ["virtual time", "yes", "no"],
                ["rounds", "7", "3"],
                ["seed", "42", "7"],
                ["knob format", "record", "-"]
            ]
        );
    }
}
