// SPDX-License-Identifier: GPL-2.0-only

//! Reports of several machines: first the figures of all side by side, then a section for each.

use super::case::cell_name;
use super::csv::csv;
use super::group::main_metric;
use super::markdown::markdown;
use super::metric::Metric;
use super::table::table;
use crate::join::Named;
use crate::results::{Results, Setting};
use simrupt::layout::columns;
use simrupt::text::{csv_field, in_one_row};

/// The figure that is shown beside the one for ranking.
const TAIL: Metric<'static> = Metric("irq_bh_p99_ns");

/// As tables, for a terminal.
pub fn machines_table(machines: &[Named]) -> String {
    let mut text = columns("", &overview(machines));
    for (name, results) in machines {
        text += &format!("\n── {} ──\n{}", in_one_row(name), table(results));
    }
    text
}

/// As Markdown.
pub fn machines_markdown(machines: &[Named]) -> String {
    let mut text = "# simrupt benchmark\n\n".to_string();
    for (number, row) in overview(machines).iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        text += &format!("| {} |\n", cells.join(" | "));
        if number == 0 {
            text += &format!("|---|---|{}\n", "---:|".repeat(machines.len()));
        }
    }
    for (name, results) in machines {
        let section = markdown(results);
        let section = section.replace("\n## ", "\n### ");
        let (_, section) = section.split_once('\n').unwrap_or_default();
        text += &format!("\n## {}\n{section}", in_one_row(name).replace('<', "\\<"));
    }
    text
}

/// As CSV, with the machine in the first column.
pub fn machines_csv(machines: &[Named]) -> String {
    let mut text = String::new();
    for (at, (name, results)) in machines.iter().enumerate() {
        for (number, row) in csv(results).lines().enumerate() {
            match number {
                0 if at == 0 => text += &format!("machine,{row}\n"),
                0 => {}
                _ => text += &format!("{},{row}\n", csv_field(name)),
            }
        }
    }
    text
}

/// A row for each figure of each cell, and a column for each machine.
fn overview(machines: &[Named]) -> Vec<Vec<String>> {
    let names = machines
        .iter()
        .map(|(name, _)| in_one_row(name).into_owned());
    let header = ["cell", "figure"].map(String::from);
    let mut rows = vec![header.into_iter().chain(names).collect::<Vec<_>>()];
    let mut settings: Vec<&Setting> = Vec::new();
    for cell in machines.iter().flat_map(|(_, results)| &results.cells) {
        if !settings.contains(&&cell.setting) {
            settings.push(&cell.setting);
        }
    }
    for setting in settings {
        for metric in [main_metric(setting), TAIL] {
            let value = |(_, results): &Named| shown(results, setting, metric);
            let values: Vec<Option<String>> = machines.iter().map(value).collect();
            if values.iter().all(Option::is_none) {
                continue;
            }
            let values = values
                .into_iter()
                .map(|value| value.unwrap_or("-".to_string()));
            let row = [cell_name(setting), metric.title_with_unit()]
                .into_iter()
                .chain(values);
            rows.push(row.collect());
        }
    }
    rows
}

fn shown(results: &Results, setting: &Setting, metric: Metric<'_>) -> Option<String> {
    let cell = results.cells.iter().find(|cell| cell.setting == *setting)?;
    Some(metric.shown(cell.metrics.get(metric.0)?.median))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn two() -> Vec<Named> {
        let one = sample::results();
        let mut other = sample::results();
        other.cells.remove(0);
        vec![("one,|".to_string(), one), ("two".to_string(), other)]
    }

    #[test]
    fn a_figure_that_one_machine_lacks_is_a_dash() {
        let rows = overview(&two());
        assert_eq!(rows[0], ["cell", "figure", "one,|", "two"]);
        assert_eq!(rows[1][..2], ["none-1000hz", "irq→work p50, µs"]);
        assert_eq!(rows[1][3], "-");
        assert!(rows[1][2].parse::<f64>().is_ok(), "{rows:?}");
        assert!(rows.iter().all(|row| row.len() == 4));
    }

    #[test]
    fn each_report_has_all_machines() {
        let machines = two();
        let [one, other] = [&machines[0].1, &machines[1].1];
        let text = machines_csv(&machines);
        let rows = csv(one).lines().count() + csv(other).lines().count() - 1;
        assert_eq!(text.lines().count(), rows);
        assert!(
            text.starts_with("machine,mode,") && text.contains("\n\"one,|\",rate,"),
            "{text}"
        );
        assert!(text.contains("\ntwo,rate,"));
        let text = machines_markdown(&machines);
        assert_eq!(text.matches("\n## ").count(), 2);
        assert!(
            text.contains("| cell | figure | one,\\| | two |\n|---|---|---:|---:|\n"),
            "{text}"
        );
        let text = machines_table(&machines);
        assert!(text.contains("── two ──\n"));
    }
}
