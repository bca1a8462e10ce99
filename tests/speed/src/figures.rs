// SPDX-License-Identifier: GPL-2.0-only

//! The figures of all rounds, as a document and as tables.

use serde_json::{Value, json};
use simrupt_statistics::median;

use crate::driver::Driver;
use crate::memory::Load;
use crate::setting::SETTINGS;

/// The costs of a driver, round by round, and their ratios to those of the first driver.
type Rounds = (Vec<f64>, Vec<f64>);

/// The figures of all rounds.
pub(crate) struct Figures {
    drivers: Vec<&'static str>,
    /// By setting and driver, a cost for each round.
    costs: Vec<Vec<Vec<f64>>>,
    /// By driver.
    loads: Vec<Vec<Load>>,
}

impl Figures {
    pub(crate) fn new(drivers: &[Driver]) -> Self {
        Self {
            drivers: drivers.iter().map(|driver| driver.name).collect(),
            costs: vec![vec![Vec::new(); drivers.len()]; SETTINGS.len()],
            loads: vec![Vec::new(); drivers.len()],
        }
    }

    pub(crate) fn add(&mut self, setting: usize, driver: usize, cost: f64) {
        self.costs[setting][driver].push(cost);
    }

    pub(crate) fn add_load(&mut self, driver: usize, load: Load) {
        self.loads[driver].push(load);
    }

    /// Rows of costs, with the ratio to the first driver, round by round.
    fn rows(&self) -> Vec<(String, Vec<Rounds>)> {
        let of = |setting: usize| {
            let costs = &self.costs[setting];
            let ratios = |driver: &Vec<f64>| {
                driver
                    .iter()
                    .zip(&costs[0])
                    .map(|(one, first)| one / first)
                    .collect()
            };
            costs
                .iter()
                .map(|driver| (driver.clone(), ratios(driver)))
                .collect()
        };
        (0..SETTINGS.len())
            .map(|setting| (SETTINGS[setting].name(), of(setting)))
            .collect()
    }

    /// Tables of medians.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{:<38}", "instructions per event");
        for driver in &self.drivers {
            text += &format!("  {driver:>12}  ratio (least to most)");
        }
        text.push('\n');
        for (name, row) in self.rows() {
            text += &format!("{name:<38}");
            for (costs, ratios) in row {
                let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
                let most = ratios.iter().copied().fold(0.0, f64::max);
                text += &format!(
                    "  {:>12.1}  {:.3} ({least:.3} to {most:.3})",
                    median(&costs),
                    median(&ratios)
                );
            }
            text.push('\n');
        }
        for (driver, loads) in self.drivers.iter().zip(&self.loads) {
            let ms: Vec<f64> = loads.iter().map(|load| load.ms).collect();
            let kib: Vec<f64> = loads.iter().map(|load| load.kib).collect();
            text += &format!(
                "load of {driver}: {:.2} ms, {:.0} KiB",
                median(&ms),
                median(&kib)
            );
            let lines: Vec<f64> = loads.iter().filter_map(|load| load.line_kib).collect();
            if !lines.is_empty() {
                text += &format!(", a further line {:.0} KiB", median(&lines));
            }
            text.push('\n');
        }
        text
    }

    /// All figures.
    pub(crate) fn document(&self) -> Value {
        let settings: Vec<Value> = self
            .rows()
            .into_iter()
            .map(|(name, row)| {
                let costs: Vec<Value> = self
                    .drivers
                    .iter()
                    .zip(row)
                    .map(|(driver, (costs, ratios))| {
                        json!({ "driver": driver, "ns": costs, "ratio": ratios })
                    })
                    .collect();
                json!({ "setting": name, "drivers": costs })
            })
            .collect();
        let loads: Vec<Value> = self
            .drivers
            .iter()
            .zip(&self.loads)
            .map(|(driver, loads)| {
                let ms: Vec<f64> = loads.iter().map(|load| load.ms).collect();
                let kib: Vec<f64> = loads.iter().map(|load| load.kib).collect();
                let lines: Vec<f64> = loads.iter().filter_map(|load| load.line_kib).collect();
                json!({ "driver": driver, "ms": ms, "kib": kib, "line_kib": lines })
            })
            .collect();
        json!({ "settings": settings, "loads": loads })
    }
}
