// SPDX-License-Identifier: GPL-2.0-only

//! A run besides its figures: the machine, the plan, and how far its figures can be trusted.

use super::number::{counted, duration, plain};
use crate::costs::TIMESTAMP;
use crate::drain::{READ, THROUGH_PIPE};
use crate::placement::listed;
use crate::results::{Cost, Environment, Results};

/// How the rounds were run: `5 rounds of 1 s after 0.2 s of warm-up, seed 42; took 3m 12s`.
pub(super) fn plan(results: &Results) -> String {
    let plan = &results.plan;
    let mut told = format!(
        "{} of {} s after {} s of warm-up, seed {}",
        counted(plan.rounds as usize, "round"),
        plan.duration_s,
        plan.warm_up_s,
        plan.seed,
    );
    if let Some(cpus) = &plan.cpus {
        told += &format!("; lines and readers on CPUs {}", listed(cpus));
    }
    let others = results.cells.iter().filter(|cell| cell.plan.is_some());
    match others.count() {
        0 => {}
        others => {
            told += &format!(
                "; {} with their own rounds or times",
                counted(others, "cell")
            )
        }
    }
    told + &format!("; took {}", duration(results.elapsed_s))
}

/// The machine, in a line or two.
pub(super) fn place(environment: &Environment) -> Vec<String> {
    let known =
        |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {value}"));
    let kernel = [
        Some(format!(
            "Linux {} {}",
            environment.kernel_release, environment.machine
        )),
        known("preemption", &environment.preemption),
        known("clocksource", &environment.clocksource),
        known("governor", &environment.governor),
        debug(environment),
        cpus("isolated", &environment.isolated_cpus),
        cpus("nohz_full", &environment.nohz_full_cpus),
    ];
    let machine = [
        Some(counted(environment.cpus_online as usize, "CPU")),
        environment.cpu_model.clone(),
        known("hypervisor", &environment.hypervisor),
        environment.emulated.then(|| "emulated".to_string()),
        known("simrupt", &environment.module_version),
        Some(format!("simructl {}", environment.simructl_version)),
    ];
    let line = |parts: &[Option<String>]| {
        let parts: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
        parts.join(", ")
    };
    let mut lines = vec![line(&kernel), line(&machine)];
    lines.extend(replay(environment));
    lines
}

/// The arrivals that were repeated: `replay of eth0.arrivals, 3 arrivals at 2.500 Hz, sha256 …`.
fn replay(environment: &Environment) -> Option<String> {
    let replay = environment.replay.as_ref()?;
    Some(format!(
        "replay of {}, {} at {} Hz, sha256 {}",
        replay.file,
        counted(replay.arrivals as usize, "arrival"),
        plain(replay.rate_hz),
        replay.sha256
    ))
}

/// The deepest state in which an idle CPU may sleep: `C6, 133 µs`.
fn idle_state(environment: &Environment) -> Option<String> {
    let state = environment.deepest_idle_state.as_ref()?;
    Some(format!("{}, {} µs", state.name, state.exit_latency_us))
}

/// A list of CPUs that is not empty.
fn cpus(name: &str, list: &str) -> Option<String> {
    (!list.is_empty()).then(|| format!("{name} CPUs {list}"))
}

fn debug(environment: &Environment) -> Option<String> {
    let options = &environment.debug_options;
    (!options.is_empty()).then(|| format!("debugging: {}", options.join(" ")))
}

/// The grade with its reasons.
pub(super) fn grade(environment: &Environment) -> String {
    let grade = &environment.grade;
    match environment.reasons.as_slice() {
        [] => format!("grade {grade}"),
        reasons => format!("grade {grade}: {}", reasons.join("; ")),
    }
}

/// The warnings that a reader needs before the figures.
pub(super) fn warnings(results: &Results) -> Vec<String> {
    let mut warnings = Vec::new();
    if results.environment.virtual_time {
        warnings.push(
            "virtual time: a nanosecond is an instruction that the machine ran; caches, contention and \
             waiting for memory are not in it"
                .to_string(),
        );
    }
    if !results.complete {
        warnings.push("it was ended early: not all rounds were run".to_string());
    }
    let changes = results.foreign_changes.iter();
    warnings.extend(changes.map(|change| format!("changed by others, and reverted: {change}")));
    if results.cells.is_empty() && results.knees.is_empty() {
        warnings.push("it has no results: no cell had a finished round".to_string());
    }
    warnings
}

/// The name of a run: its label, if it has one, and its start time.
pub fn run(results: &Results) -> String {
    match &results.label {
        Some(label) => format!("{label}, {}", started(results)),
        None => started(results),
    }
}

/// The start time, as a date and time of UTC: `2026-01-01 00:00:00 UTC`.
pub(super) fn started(results: &Results) -> String {
    let seconds = results.started_unix_s;
    let (year, month, day) = civil(seconds / 86_400);
    let of_day = seconds % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
        of_day / 3600,
        of_day % 3600 / 60,
        of_day % 60
    )
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar.
fn civil(mut day: u64) -> (u64, u64, u64) {
    let leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    // Any 400 consecutive years have the same number of days.
    let mut year = 1970 + day / 146_097 * 400;
    day %= 146_097;
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    (year, month, day + 1)
}

/// A name and a value, or a dash if it is unknown or empty.
pub type Fact = (String, String);

/// Everything that figures depend on, besides the code: how the rounds were run, and where.
pub fn facts(results: &Results) -> Vec<Fact> {
    let (plan, environment) = (&results.plan, &results.environment);
    let text = |text: &String| Some(text.clone());
    let yes = |value: bool| Some(if value { "yes" } else { "no" }.to_string());
    let facts = [
        ("rounds", Some(plan.rounds.to_string())),
        ("duration", Some(format!("{} s", plan.duration_s))),
        ("warm-up", Some(format!("{} s", plan.warm_up_s))),
        ("seed", Some(plan.seed.to_string())),
        (
            "CPUs of lines and readers",
            plan.cpus.as_deref().map(listed),
        ),
        (
            "percentiles",
            Some(plan.percentiles.clone().unwrap_or_default().to_string()),
        ),
        ("complete", yes(results.complete)),
        ("grade", text(&environment.grade)),
        ("virtual time", yes(environment.virtual_time)),
        ("kernel", text(&environment.kernel_release)),
        ("kernel version", text(&environment.kernel_version)),
        ("kernel command line", text(&environment.cmdline)),
        ("preemption", environment.preemption.clone()),
        ("machine", text(&environment.machine)),
        ("CPUs", Some(environment.cpus_online.to_string())),
        ("CPU model", environment.cpu_model.clone()),
        ("clocksource", environment.clocksource.clone()),
        ("governor", environment.governor.clone()),
        ("turbo", environment.turbo.and_then(yes)),
        ("deepest idle state", idle_state(environment)),
        ("irqbalance", yes(environment.irqbalance)),
        ("isolated CPUs", text(&environment.isolated_cpus)),
        ("nohz_full CPUs", text(&environment.nohz_full_cpus)),
        ("hypervisor", environment.hypervisor.clone()),
        ("emulated", yes(environment.emulated)),
        (
            "debugging options",
            Some(environment.debug_options.join(" ")),
        ),
        (
            "replay",
            environment
                .replay
                .as_ref()
                .map(|replay| format!("sha256 {}", replay.sha256)),
        ),
        ("simrupt", environment.module_version.clone()),
        ("simructl", text(&environment.simructl_version)),
    ];
    let facts = facts.map(|(name, value)| (name.to_string(), value.unwrap_or_default()));
    let knobs = environment.knobs.iter();
    let knobs = knobs.map(|(name, value)| (format!("knob {name}"), value.clone()));
    let mitigations = environment.mitigations.iter();
    let mitigations =
        mitigations.map(|(name, value)| (format!("mitigation {name}"), value.clone()));
    let all = facts.into_iter().chain(knobs).chain(mitigations);
    all.map(|(name, value)| match value.as_str() {
        "" => (name, NOT_KNOWN.to_string()),
        _ => (name, value),
    })
    .collect()
}

/// Stands for an unknown value.
pub const NOT_KNOWN: &str = "-";

/// The run, and everything that its figures depend on.
pub(super) fn details(results: &Results) -> Vec<Fact> {
    let label = results.label.clone();
    let run = [
        ("label", label.unwrap_or_else(|| NOT_KNOWN.to_string())),
        ("command", results.command.join(" ")),
        ("started", started(results)),
        ("took", duration(results.elapsed_s)),
    ];
    let run = run.map(|(name, value)| (name.to_string(), value));
    run.into_iter().chain(facts(results)).collect()
}

/// The costs other than those of a flavor's empty work item: by name, and in words.
const SINGLE_COSTS: [(&str, &str); 3] = [
    (TIMESTAMP, "a timestamp"),
    (READ, "a record read from a full fifo"),
    (THROUGH_PIPE, "as many bytes through a pipe"),
];

/// A cost in words, unless it is that of a flavor.
pub(super) fn single_cost(name: &str) -> Option<&'static str> {
    let single = SINGLE_COSTS.iter().find(|(one, _)| *one == name);
    single.map(|(_, words)| *words)
}

/// The costs in one line: `a timestamp 24.50 ns; an empty work item there and back: bound 4810 ns, bh 1711
/// ns; a record read from a full fifo 92.30 ns, through a pipe 46.20 ns`.
pub(super) fn costs(results: &Results) -> Option<String> {
    let find = |name: &str| results.costs.iter().find(|cost| cost.name == name);
    let show = |name: &str, cost: &Cost| format!("{name} {} ns", plain(cost.mean_ns));
    let is_flavor = |cost: &&Cost| single_cost(&cost.name).is_none();
    let flavors = results.costs.iter().filter(is_flavor);
    let flavors: Vec<String> = flavors.map(|cost| show(&cost.name, cost)).collect();
    let mut parts: Vec<String> = Vec::new();
    for (name, words) in SINGLE_COSTS {
        parts.extend(find(name).map(|cost| show(words, cost)));
        if name == TIMESTAMP && !flavors.is_empty() {
            parts.push(format!(
                "an empty work item there and back: {}",
                flavors.join(", ")
            ));
        }
    }
    (!parts.is_empty()).then(|| format!("costs: {}", parts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::CellPlan;
    use crate::sample;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (day, date) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (20_454, (2026, 1, 1)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
            (146_097, (2370, 1, 1)),
        ] {
            assert_eq!(civil(day), date, "{day}");
        }
        assert_eq!(started(&sample::results()), "2026-01-01 00:00:00 UTC");
    }

    #[test]
    fn a_run_is_called_by_its_label_and_its_date() {
        let mut results = sample::results();
        assert_eq!(run(&results), "2026-01-01 00:00:00 UTC");
        results.label = Some("with patch".to_string());
        assert_eq!(run(&results), "with patch, 2026-01-01 00:00:00 UTC");
    }

    #[test]
    fn what_is_not_known_is_not_told() {
        let mut results = sample::results();
        assert_eq!(
            place(&results.environment),
            [
                "Linux 7.3.4+deb13-amd64 x86_64, preemption lazy, clocksource tsc",
                "2 CPUs, QEMU TCG CPU version 2.5+, hypervisor TCGTCGTCGTCG, emulated, simrupt 0.1.0, \
                 simructl 0.1.0"
            ]
        );
        results.environment.isolated_cpus = "2-3".to_string();
        results.environment.nohz_full_cpus = "3".to_string();
        assert!(place(&results.environment)[0].ends_with("isolated CPUs 2-3, nohz_full CPUs 3"));
        results.environment = Environment::default();
        assert_eq!(
            place(&results.environment),
            ["Linux  ", "0 CPUs, simructl "]
        );
        results.costs.clear();
        assert_eq!(costs(&results), None);
    }

    #[test]
    fn cpus_of_the_job_and_rounds_of_single_cells_are_shown() {
        let mut results = sample::results();
        let usual = plan(&results);
        results.plan.cpus = Some(vec![2, 3, 8]);
        results.cells[0].plan = Some(CellPlan {
            rounds: 2,
            duration_s: 5.0,
            warm_up_s: 0.0,
        });
        let added =
            "; lines and readers on CPUs 2-3,8; 1 cell with their own rounds or times; took";
        assert_eq!(plan(&results), usual.replace("; took", added));
    }

    #[test]
    fn virtual_time_and_an_early_end_are_warned_of() {
        let mut results = sample::results();
        assert_eq!(warnings(&results).len(), 1);
        results.complete = false;
        results.cells.clear();
        results.knees.clear();
        assert_eq!(warnings(&results).len(), 3);
        results.environment.virtual_time = false;
        assert_eq!(warnings(&results).len(), 2);
    }
}
