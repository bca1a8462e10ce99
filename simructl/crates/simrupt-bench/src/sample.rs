// SPDX-License-Identifier: GPL-2.0-only

//! Results for tests: of the form of a run's results, but made up. They are the same on every machine.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fastrand::Rng;

use super::percentile::Percentiles;
use super::results::{
    Cell, Cost, Environment, Histogram, Knee, Plan, Probe, Results, Round, SCHEMA, STAGES, Setting,
};
use super::setting::{Flavor, Named, Scope, Stress, tests};

/// Whether simulations make all of their comparisons: WHOLE=1 in the environment.
pub fn is_whole() -> bool {
    std::env::var("WHOLE").is_ok_and(|whole| whole == "1")
}

/// The most of `count` comparisons that may err if 5 % do: within three standard deviations for this number.
pub fn most_of_5_percent(count: usize) -> f64 {
    let expected = count as f64 * 0.05;
    expected + 3.0 * (expected * 0.95).sqrt()
}

/// The flavors of the open loop, with their irq→work times in nanoseconds.
pub const FLAVORS: [(Flavor, f64); 6] = [
    (Flavor::None, 310.0),
    (Flavor::IrqThread, 4700.0),
    (Flavor::Tasklet, 2010.0),
    (Flavor::Bound, 5290.0),
    (Flavor::Unbound, 5480.0),
    (Flavor::Bh, 2100.0),
];

/// The rounds of each cell.
pub const ROUNDS: u32 = 7;
/// The values of a stage in a round.
pub const VALUES: u32 = 200;
const SEED: u64 = 42;

/// A run over six flavors, two rates, idle and stressed; four cells in a closed loop; two knees.
pub fn results() -> Results {
    // Made once, because the intervals take time.
    static MADE: LazyLock<Results> = LazyLock::new(make);
    MADE.clone()
}

/// Another run of the same plan, with other figures.
pub fn another(one: &Results) -> Results {
    let mut other = one.clone();
    for round in other.cells.iter_mut().flat_map(|cell| &mut cell.rounds) {
        round.elapsed_ns += 17;
    }
    for knee in &mut other.knees {
        knee.probes[0].due_read_p99_ns += 1;
    }
    other
}

fn make() -> Results {
    let mut rng = Rng::with_seed(SEED);
    let mut cells = Vec::new();
    for rate in [1000, 20_000] {
        for stress in [Stress::Idle, Stress::Cpu] {
            for (flavor, latency) in FLAVORS {
                // A hog on the CPU delays the flavors that need a task to run.
                let task = matches!(flavor, Flavor::IrqThread | Flavor::Bound | Flavor::Unbound);
                let slower = if stress == Stress::Cpu && task {
                    3.0
                } else {
                    1.02
                };
                let setting = Setting {
                    stress,
                    ..tests::setting(flavor, Some(rate))
                };
                cells.push(cell(setting, latency * slower, 0.0, &mut rng));
            }
        }
    }
    for (flavor, scope, runs) in [
        (Flavor::Bound, None, 181_000.0),
        (Flavor::Unbound, Some(Scope::Cpu), 176_000.0),
        (Flavor::Unbound, Some(Scope::Cache), 121_000.0),
        (Flavor::Unbound, Some(Scope::System), 119_500.0),
    ] {
        let setting = Setting {
            lines: 2,
            affinity_scope: scope,
            ..tests::setting(flavor, None)
        };
        cells.push(cell(setting, 1e9 / runs, runs, &mut rng));
    }
    let flagged = &mut cells[9];
    flagged.flags = vec!["the rate was 1.4 % off".to_string()];
    Results {
        schema: SCHEMA.to_string(),
        label: None,
        started_unix_s: 1_767_225_600,
        elapsed_s: 192.4,
        complete: true,
        command: ["simructl", "bench", "--rate", "1000,20000"]
            .map(String::from)
            .to_vec(),
        plan: Plan {
            rounds: ROUNDS,
            duration_s: 1.0,
            warm_up_s: 0.2,
            seed: SEED,
            cpus: None,
            percentiles: None,
        },
        environment: environment(),
        costs: vec![
            cost("timestamp", 24.5, 10_000),
            cost("bound", 4810.2, 1000),
            cost("bh", 1710.9, 1000),
        ],
        cells,
        knees: vec![knee(Flavor::Bound, 61_000), knee(Flavor::Bh, 154_000)],
        foreign_changes: Vec::new(),
    }
}

/// A cell whose rounds have only these values of one metric.
pub fn cell_of(flavor: &str, metric: &str, values: &[f64]) -> Cell {
    let estimate = simrupt_statistics::estimate(values);
    Cell {
        setting: tests::setting(Flavor::from_name(flavor).unwrap(), Some(1000)),
        plan: None,
        metrics: estimate
            .into_iter()
            .map(|one| (metric.to_string(), one))
            .collect(),
        flags: Vec::new(),
        rounds: values
            .iter()
            .zip(0..)
            .map(|(value, round)| Round {
                round,
                position: round,
                elapsed_ns: 1_000_000_000,
                warm_up_ns: None,
                steady: None,
                counters: BTreeMap::new(),
                metrics: BTreeMap::from([(metric.to_string(), *value)]),
            })
            .collect(),
        histograms: BTreeMap::new(),
    }
}

fn cost(name: &str, mean_ns: f64, count: u64) -> Cost {
    Cost {
        name: name.to_string(),
        mean_ns,
        count,
    }
}

fn environment() -> Environment {
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        pairs.map(|(a, b)| (a.to_string(), b.to_string())).collect()
    };
    Environment {
        grade: "B".to_string(),
        reasons: vec!["the CPU is emulated".to_string()],
        kernel_release: "7.3.4+deb13-amd64".to_string(),
        kernel_version: "#1 SMP PREEMPT_DYNAMIC Debian 7.3.4-1".to_string(),
        machine: "x86_64".to_string(),
        preemption: Some("lazy".to_string()),
        cmdline: "console=ttyS0 quiet nokaslr".to_string(),
        cpu_model: Some("QEMU TCG CPU version 2.5+".to_string()),
        cpus_online: 2,
        clocksource: Some("tsc".to_string()),
        governor: None,
        turbo: None,
        deepest_idle_state: None,
        irqbalance: false,
        isolated_cpus: String::new(),
        nohz_full_cpus: String::new(),
        mitigations: map(&[
            ("spectre_v2", "Mitigation: Retpolines"),
            ("meltdown", "Not affected"),
        ]),
        debug_options: vec![],
        hypervisor: Some("TCGTCGTCGTCG".to_string()),
        emulated: true,
        virtual_time: true,
        module_version: Some("0.1.0".to_string()),
        simructl_version: "0.1.0".to_string(),
        replay: None,
        knobs: map(&[("fifo_policy", "overwrite"), ("format", "record")]),
    }
}

/// A cell whose rounds differ a little.
fn cell(setting: Setting, latency_ns: f64, runs_hz: f64, rng: &mut Rng) -> Cell {
    let mut histograms: BTreeMap<String, Histogram> = BTreeMap::new();
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let drift = 1.0 + (rng.f64() - 0.5) * 0.01;
        let position = rng.u32(..140);
        let mut metrics = BTreeMap::new();
        for (stage, center) in STAGES
            .iter()
            .zip([180.0, latency_ns, 610.0, latency_ns + 7400.0])
        {
            let histogram = long_tail(center * drift, rng);
            for percentile in Percentiles::default().iter() {
                let value = histogram.percentile(percentile.per_100_000()).unwrap();
                metrics.insert(format!("{stage}_{}_ns", percentile.name()), value as f64);
            }
            metrics.insert(format!("{stage}_max_ns"), histogram.max_ns as f64);
            let mean = histogram.sum_ns as f64 / histogram.count as f64;
            metrics.insert(format!("{stage}_mean_ns"), mean);
            histograms
                .entry((*stage).to_string())
                .or_default()
                .merge(&histogram);
        }
        let events = setting.rate_hz.map_or(runs_hz, |rate| rate as f64) * drift;
        let lost = if setting.rate_hz == Some(20_000) && setting.flavor == Flavor::Unbound {
            0.0125 * drift
        } else {
            0.0
        };
        for (name, value) in [
            ("events_hz", events),
            ("read_hz", events * (1.0 - lost)),
            ("runs_hz", events),
            ("loss_ratio", lost),
            ("coalesced_ratio", lost / 2.0),
            ("busy_ns_per_event", latency_ns * 1.2 + 3100.0 * drift),
            ("worker_ns_per_event", latency_ns * 0.7),
            ("reader_ns_per_event", 1900.0 * drift),
            ("interrupt_ns_per_event", 900.0 * drift),
            ("bh_run_ns_per_event", 610.0 * drift),
            (
                "switches_per_event",
                if latency_ns > 3000.0 { 4.0 } else { 2.0 },
            ),
        ] {
            metrics.insert(name.to_string(), value);
        }
        rounds.push(Round {
            round,
            position,
            elapsed_ns: 1_000_000_000,
            warm_up_ns: None,
            steady: None,
            counters: BTreeMap::from([("events".to_string(), events as u64)]),
            metrics,
        });
    }
    let names: Vec<String> = rounds[0].metrics.keys().cloned().collect();
    let metrics = names
        .into_iter()
        .map(|name| {
            let values: Vec<f64> = rounds.iter().map(|round| round.metrics[&name]).collect();
            let estimate = simrupt_statistics::estimate(&values).unwrap();
            (name, estimate)
        })
        .collect();
    Cell {
        setting,
        plan: None,
        metrics,
        flags: Vec::new(),
        rounds,
        histograms,
    }
}

/// Latencies around a center, with one in fifty far beyond it, in buckets of a 16th of an octave.
fn long_tail(center_ns: f64, rng: &mut Rng) -> Histogram {
    let mut values: Vec<u64> = (0..VALUES)
        .map(|_| {
            let usual = center_ns * (0.95 + 0.1 * (rng.f64() + rng.f64()) / 2.0);
            let tail = if rng.u8(..50) == 0 {
                2.0 + 30.0 * rng.f64().powi(3)
            } else {
                1.0
            };
            (usual * tail) as u64
        })
        .collect();
    values.sort_unstable();
    let mut buckets: Vec<[u64; 3]> = Vec::new();
    for &value in &values {
        let width = (1 << value.max(16).ilog2()) / 16;
        let low = value / width * width;
        match buckets.last_mut() {
            Some(last) if last[0] == low => last[2] += 1,
            _ => buckets.push([low, low + width - 1, 1]),
        }
    }
    Histogram {
        count: values.len() as u64,
        sum_ns: values.iter().sum(),
        overflow: 0,
        max_ns: values[values.len() - 1],
        buckets,
    }
}

/// A knee that was found by bisection.
fn knee(flavor: Flavor, rate_hz: u64) -> Knee {
    let limit = 100_000;
    let rates_hz = [0, 1, -1, 0, 1, 0, -1].map(|off| rate_hz.saturating_add_signed(off * 1000));
    let probe = |tried: u64| {
        let passed = tried <= rate_hz;
        let near = tried as f64 / rate_hz as f64;
        Probe {
            rate_hz: tried,
            loss_ratio: if passed { 0.0 } else { 1.0 - 1.0 / near },
            due_read_p99_ns: (11_000.0 * (1.0 + 6.0 * near.powi(4))) as u64,
            passed,
        }
    };
    Knee {
        setting: tests::setting(flavor, Some(rate_hz)),
        min_hz: 1000,
        max_hz: 200_000,
        p99_limit_ns: limit,
        rate_hz: simrupt_statistics::estimate(&rates_hz.map(|rate| rate as f64)),
        rates_hz: rates_hz.map(Some).to_vec(),
        probes: [
            1000, 200_000, 100_000, 50_000, 75_000, 150_000, 156_000, 60_000,
        ]
        .map(probe)
        .to_vec(),
    }
}

/// The results that the tests of the commands read, in `tests`: some cells of [`results`], with only the stages and
/// metrics that reports show.
fn small() -> Results {
    let mut results = results();
    results.cells.retain(|cell| {
        let setting = &cell.setting;
        let flavors = [Flavor::None, Flavor::Bound, Flavor::Unbound, Flavor::Bh];
        setting.rate_hz == Some(20_000) && flavors.contains(&setting.flavor)
            || !setting.is_read() && setting.affinity_scope != Some(Scope::System)
    });
    let shown = |name: &String| {
        ["irq_bh_p", "irq_bh_max", "due_read_p", "due_read_max"]
            .iter()
            .any(|stage| name.starts_with(stage))
            || [
                "read_hz",
                "runs_hz",
                "loss_ratio",
                "busy_ns_per_event",
                "worker_ns_per_event",
                "switches_per_event",
            ]
            .contains(&name.as_str())
    };
    for cell in &mut results.cells {
        cell.metrics.retain(|name, _| shown(name));
        cell.histograms
            .retain(|stage, _| stage == "irq_bh" || stage == "due_read");
        for round in &mut cell.rounds {
            round.metrics.retain(|name, _| shown(name));
        }
    }
    results
}

/// One cell per line, so that changes can be read.
fn text(results: &Results) -> String {
    let mut document = serde_json::to_value(results).unwrap();
    let cells = document["cells"].take();
    let cells: Vec<String> = cells
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    let text = format!("{document:#}\n");
    text.replace(
        "\"cells\": null",
        &format!("\"cells\": [\n{}\n]", cells.join(",\n")),
    )
}

#[test]
fn the_file_of_the_command_tests_is_made_of_these_results() {
    use snapbox::{Assert, Data};
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/result.json");
    Assert::new().action_env("SNAPSHOTS").eq(
        Data::text(text(&small())).raw(),
        Data::read_from(&file, None).raw(),
    );
}
