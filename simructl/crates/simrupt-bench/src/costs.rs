// SPDX-License-Identifier: GPL-2.0-only

//! The cost of measuring, and of the kernel's mechanism without any event. The module measures both when its file
//! `costs` is read.

use crate::drain;
use crate::plan::Plan;
use crate::results::Cost;
use crate::rig::{Rig, WHAT};
use crate::setting::{Flavor, Setting, Stress};
use simrupt::failure::Failure;
use simrupt::files::stats::Stats;
use simrupt::line::read_line_file;

/// The cost of a timestamp, which belongs to no flavor.
pub const TIMESTAMP: &str = "timestamp";

/// Measures with each flavor of a plan; empty if the module cannot.
pub fn measure(rig: &mut Rig<'_>, plan: &Plan) -> Result<Vec<Cost>, Failure> {
    let path = rig.module().line_directory(0, WHAT)?.join("costs");
    let mut costs: Vec<Cost> = Vec::new();
    if !path.exists() {
        return Ok(costs);
    }
    let mut timestamp = None;
    let mut done: Vec<Flavor> = Vec::new();
    for setting in plan.settings() {
        if done.contains(&setting.flavor) {
            continue;
        }
        done.push(setting.flavor);
        rig.prepare(&Setting {
            lines: 1,
            stress: Stress::Idle,
            work_us: 0,
            affinity_scope: None,
            ..setting.clone()
        })?;
        let Some((path, text)) = read_line_file(path.clone(), 0)? else {
            return Err(Failure::unbound(0));
        };
        let figures = Stats::parse(&text).map_err(|why| Failure::malformed(&path, why))?;
        add(&mut timestamp, &figures, TIMESTAMP, "timestamps");
        let mut runs = None;
        add(&mut runs, &figures, setting.flavor.name(), "empty_runs");
        costs.extend(runs.and_then(Total::cost));
    }
    costs.splice(0..0, timestamp.and_then(Total::cost));
    costs.extend(drain::measure(rig)?);
    Ok(costs)
}

/// A count, and the total time.
struct Total {
    name: String,
    count: u64,
    ns: u64,
}

impl Total {
    /// The mean; `None` if the count is 0.
    fn cost(self) -> Option<Cost> {
        (self.count > 0).then(|| Cost {
            mean_ns: self.ns as f64 / self.count as f64,
            name: self.name,
            count: self.count,
        })
    }
}

/// Adds a count and its time, if the file has both.
fn add(total: &mut Option<Total>, figures: &Stats, name: &str, counter: &str) {
    let (Some(count), Some(ns)) = (figures.get(counter), figures.get(&format!("{counter}_ns")))
    else {
        return;
    };
    let total = total.get_or_insert_with(|| Total {
        name: name.to_string(),
        count: 0,
        ns: 0,
    });
    total.count = total.count.saturating_add(count);
    total.ns = total.ns.saturating_add(ns);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_means_over_all_that_was_measured() {
        let mut total = None;
        for text in [
            "timestamps 10\ntimestamps_ns 250",
            "timestamps 30\ntimestamps_ns 750",
        ] {
            add(
                &mut total,
                &Stats::parse(text).unwrap(),
                "timestamp",
                "timestamps",
            );
        }
        let cost = total.unwrap().cost().unwrap();
        assert_eq!((cost.count, cost.mean_ns), (40, 25.0));
    }

    #[test]
    fn figures_beyond_all_bounds_do_not_make_it_fail() {
        let figures = Stats::parse(&format!("runs {0}\nruns_ns {0}", u64::MAX)).unwrap();
        let mut total = None;
        for _ in 0..2 {
            add(&mut total, &figures, "bh", "runs");
        }
        assert_eq!(total.unwrap().cost().unwrap().mean_ns, 1.0);
    }

    #[test]
    fn a_flavor_without_a_queue_has_no_empty_runs() {
        let mut total = None;
        let figures = Stats::parse("empty_runs 0\nempty_runs_ns 0").unwrap();
        add(&mut total, &figures, "none", "empty_runs");
        assert_eq!(total.unwrap().cost(), None);
        let mut total = None;
        add(&mut total, &figures, "none", "other");
        assert!(total.is_none());
    }
}
