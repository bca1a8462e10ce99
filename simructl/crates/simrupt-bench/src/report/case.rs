// SPDX-License-Identifier: GPL-2.0-only

//! Names, values and units of figures for CI systems, which follow a figure by its name over many runs. A name depends
//! only on the setting, so it stays the same whatever else is measured.

use super::group::{saturates, series, slug};
use super::metric::{KNEE, Metric};
use crate::results::{Knee, Setting};
use crate::setting::{Mode, Named, Stress};

/// The usual burst, fifo size, work and lines, which names leave out.
const USUAL: (u64, u64, u64, u32) = (1, 4096, 0, 1);

/// The name of a cell: `bh-20000hz`, or with its unusual values `bh-saturated-burst8-2lines-cpu`.
pub fn cell_name(setting: &Setting) -> String {
    let load = match (saturates(setting), setting.rate_hz) {
        (true, _) => "saturated".to_string(),
        (false, Some(rate)) if setting.mode == Mode::Replay => format!("replay-{rate}hz"),
        (false, Some(rate)) => format!("{rate}hz"),
        (false, None) => "rate".to_string(),
    };
    named(setting, &load)
}

/// The name of a highest rate: `bh-knee-100us`, with the limit of p99.
pub fn knee_name(knee: &Knee) -> String {
    let limit_us = knee.p99_limit_ns / 1000;
    named(&knee.setting, &format!("knee-{limit_us}us"))
}

fn named(setting: &Setting, load: &str) -> String {
    let mut parts = vec![slug(&series(setting)), load.to_string()];
    let (burst, fifo_size, work_us, lines) = USUAL;
    if setting.burst != burst {
        parts.push(format!("burst{}", setting.burst));
    }
    if setting.fifo_size != fifo_size {
        parts.push(format!("fifo{}", setting.fifo_size));
    }
    if setting.work_us != work_us {
        parts.push(format!("work{}us", setting.work_us));
    }
    if setting.lines != lines {
        parts.push(format!("{}lines", setting.lines));
    }
    let knobs = setting.load_knobs();
    parts.extend(knobs.map(|(name, value)| slug(&format!("{name}{value}"))));
    if setting.stress != Stress::Idle {
        parts.push(slug(setting.stress.name()));
    }
    parts.join("-")
}

/// The name of a figure of a cell: the cell, and the metric without its unit.
pub fn figure_name(setting: &Setting, metric: Metric<'_>) -> String {
    let name = metric.0.replace("_ns_per_event", "_per_event");
    let unit = ["_ns", "_hz", "_ratio"];
    let name = unit
        .iter()
        .find_map(|unit| name.strip_suffix(unit))
        .unwrap_or(&name);
    let name: Vec<String> = name.split('_').map(slug).collect();
    format!("{}-{}", cell_name(setting), name.join("_"))
}

/// A value and its unit, in ASCII: `2.175 us`.
pub fn measurement(metric: Metric<'_>, value: f64) -> String {
    let unit = match metric.unit_name() {
        "µs" => "us",
        "/s" => "Hz",
        other => other,
    };
    let unit = if metric == Metric(KNEE) { "Hz" } else { unit };
    format!("{:.3} {unit}", metric.in_unit(value))
        .trim_end()
        .to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sample;
    use crate::setting::Scope;

    #[test]
    fn names_are_short_where_nothing_is_unusual() {
        let results = sample::results();
        let usual = &results.cells[0].setting;
        assert_eq!(cell_name(usual), "none-1000hz");
        let odd = Setting {
            affinity_scope: Some(Scope::Cache),
            burst: 8,
            fifo_size: 16,
            work_us: 50,
            lines: 2,
            stress: Stress::Cpu,
            ..usual.clone()
        };
        assert_eq!(
            cell_name(&odd),
            "none-cache-1000hz-burst8-fifo16-work50us-2lines-cpu"
        );
        let figure = |metric| figure_name(usual, Metric(metric));
        assert_eq!(figure("irq_bh_p99_ns"), "none-1000hz-irq_bh_p99");
        assert_eq!(figure("busy_ns_per_event"), "none-1000hz-busy_per_event");
        assert_eq!(figure("loss_ratio"), "none-1000hz-loss");
        assert_eq!(figure("odd name"), "none-1000hz-odd-name");
    }

    #[test]
    fn all_cells_and_figures_have_names_of_their_own() {
        let results = sample::results();
        let mut names = BTreeSet::new();
        for cell in &results.cells {
            for metric in cell.metrics.keys() {
                assert!(
                    names.insert(figure_name(&cell.setting, Metric(metric))),
                    "{metric}"
                );
            }
        }
        for knee in &results.knees {
            assert!(names.insert(knee_name(knee)));
        }
    }

    #[test]
    fn units_are_ascii() {
        for (metric, shown) in [
            ("irq_bh_p99_ns", "2.175 us"),
            ("runs_hz", "2175.000 Hz"),
            (KNEE, "2175.000 Hz"),
            ("loss_ratio", "217500.000 %"),
            ("busy_ns_per_event", "2175.000 ns/event"),
            ("novel", "2175.000"),
        ] {
            assert_eq!(measurement(Metric(metric), 2175.0), shown);
        }
    }
}
