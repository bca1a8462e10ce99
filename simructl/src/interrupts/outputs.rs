// SPDX-License-Identifier: GPL-2.0-only

//! Tables for programs: JSON, CSV, OpenMetrics.

use std::time::Duration;

use serde_json::{Value, json};

use crate::interrupts::changes::{Change, Changes};
use crate::interrupts::placement::Placement;
use crate::interrupts::source::Kind;
use crate::interrupts::table::{Counts, Row, Table};
use crate::interrupts::text::softirq;
use crate::pace::per_second;
use simrupt::text::csv_field;

/// What is shown: some rows of a table.
pub(crate) struct View<'a> {
    pub(crate) kind: Kind,
    pub(crate) table: &'a Table,
    /// What was counted since an earlier table.
    pub(crate) changes: Option<&'a Changes>,
    /// The time between the two, as far as it is known.
    pub(crate) interval: Option<Duration>,
    /// The places of the rows that are shown.
    pub(crate) rows: &'a [usize],
    /// Where the interrupts of those rows go; empty if that is not known.
    pub(crate) placements: &'a [Placement],
}

/// A row of a [`View`].
pub(super) struct Shown<'a> {
    pub(super) row: &'a Row,
    pub(super) change: Option<&'a Change>,
    pub(super) placement: Option<&'a Placement>,
}

impl View<'_> {
    pub(super) fn shown(&self) -> impl Iterator<Item = Shown<'_>> {
        self.rows.iter().enumerate().map(|(place, at)| Shown {
            row: &self.table.rows[*at],
            change: self.changes.map(|changes| changes.of(*at)),
            placement: self.placements.get(place),
        })
    }

    /// What it is, in words.
    pub(super) fn description(&self, row: &Row) -> Option<String> {
        match self.kind {
            Kind::Irqs => row.about.description.clone(),
            Kind::Softirqs => softirq(&row.name).map(str::to_string),
        }
    }

    pub(super) fn per_second(&self, count: Option<u64>) -> Option<f64> {
        per_second(count?, self.interval?)
    }

    /// One document in one line.
    pub(crate) fn json(&self, elapsed: Option<Duration>) -> String {
        let rows: Vec<Value> = self.shown().map(|shown| self.document(&shown)).collect();
        let document = json!({
            "elapsed_s": elapsed.map(|elapsed| elapsed.as_secs_f64()),
            "interval_s": self.interval.map(|interval| interval.as_secs_f64()),
            "cpus": self.table.cpus,
            "rows": rows,
        });
        format!("{document}\n")
    }

    fn document(&self, shown: &Shown<'_>) -> Value {
        let Shown {
            row,
            change,
            placement,
        } = shown;
        let about = &row.about;
        let increase = change.and_then(|change| change.total);
        let mut document = json!({
            "name": row.name,
            "description": self.description(row),
            "total": row.total(),
            "increase": increase,
            "per_second": self.per_second(increase),
            "per_cpu": matches!(row.counts, Counts::PerCpu(_)).then(|| json!({
                "total": row.per_cpu(),
                "increase": change.map(|change| &change.per_cpu),
            })),
        });
        if self.kind == Kind::Irqs {
            document["irq"] = json!(row.irq());
            document["chip"] = json!(about.chip);
            document["hwirq"] = json!(about.hwirq);
            document["trigger"] = json!(about.trigger);
            document["actions"] = json!(about.actions);
            document["affinity"] = json!(placement.and_then(|place| place.affinity.as_ref()));
            document["effective_affinity"] =
                json!(placement.and_then(|place| place.effective.as_ref()));
            document["threads"] = json!(placement.map(|place| &place.threads));
        }
        document
    }

    /// A row for each count, as RFC 4180 says.
    pub(crate) fn csv(&self, elapsed: Option<Duration>) -> String {
        let mut text = String::new();
        for shown in self.shown() {
            let Shown { row, change, .. } = shown;
            let about = &row.about;
            let hwirq = about.hwirq.map(|hwirq| hwirq.to_string());
            let lead = [
                elapsed.map(|elapsed| format!("{:.6}", elapsed.as_secs_f64())),
                Some(row.name.clone()),
                about.chip.clone(),
                hwirq,
                about.trigger.clone(),
                Some(about.actions.join(" ")),
                self.description(row),
            ]
            .map(|field| csv_field(&field.unwrap_or_default()))
            .join(",");
            let mut count = |cpu: Option<u32>, total: u64, increase: Option<u64>| {
                let number = |number: Option<u64>| number.map_or(String::new(), |n| n.to_string());
                let rate = self.per_second(increase);
                let fields = [
                    number(cpu.map(u64::from)),
                    total.to_string(),
                    number(increase),
                    rate.map_or(String::new(), |rate| format!("{rate:.3}")),
                ];
                text += &format!("{lead},{}\n", fields.join(","));
            };
            match &row.counts {
                Counts::None => {}
                Counts::Once(total) => count(None, *total, change.and_then(|change| change.total)),
                Counts::PerCpu(totals) => {
                    for (at, (cpu, total)) in self.table.cpus.iter().zip(totals).enumerate() {
                        let increase = change.and_then(|change| change.per_cpu[at]);
                        count(Some(*cpu), *total, increase);
                    }
                }
            }
        }
        text
    }

    /// The text format of OpenMetrics 1.0, totals only: rates are what its readers compute.
    pub(crate) fn openmetrics(&self) -> String {
        let (family, help) = match self.kind {
            Kind::Irqs => ("linux_interrupts", "Interrupts by cause and CPU."),
            Kind::Softirqs => ("linux_softirqs", "Softirqs by vector and CPU."),
        };
        let mut text = format!("# HELP {family} {help}\n# TYPE {family} counter\n");
        for Shown { row, .. } in self.shown() {
            let about = &row.about;
            let labels = [
                ("name", Some(row.name.clone())),
                ("chip", about.chip.clone()),
                (
                    "actions",
                    (!about.actions.is_empty()).then(|| about.actions.join(",")),
                ),
            ];
            let labels: Vec<String> = labels
                .into_iter()
                .filter_map(|(label, value)| Some(format!("{label}=\"{}\"", escaped(&value?))))
                .collect();
            let labels = labels.join(",");
            match &row.counts {
                Counts::None => {}
                Counts::Once(total) => text += &format!("{family}_total{{{labels}}} {total}\n"),
                Counts::PerCpu(totals) => {
                    for (cpu, total) in self.table.cpus.iter().zip(totals) {
                        text += &format!("{family}_total{{{labels},cpu=\"{cpu}\"}} {total}\n");
                    }
                }
            }
        }
        text + "# EOF\n"
    }
}

/// The first row of [`View::csv`].
pub(crate) const CSV_HEADER: &str =
    "elapsed_s,name,chip,hwirq,trigger,actions,description,cpu,total,increase,per_second\n";

/// The value of a label of OpenMetrics.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
