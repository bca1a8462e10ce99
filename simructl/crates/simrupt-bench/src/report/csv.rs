// SPDX-License-Identifier: GPL-2.0-only

//! The report for spreadsheets and data frames: a row per cell and metric, as RFC 4180 says.

use super::metric::KNEE;
use crate::results::{Estimate, Results, Setting};
use simrupt::text::csv_field;

/// The first row. Documentation/bench-reports.md describes the columns.
const HEADER: &str = "mode,flavor,rate_hz,burst,fifo_size,work_us,affinity_scope,stress,lines,\
                      metric,median,low,high,confidence,outliers,rounds,knobs";

/// All estimates in the metrics' own units, those of the knees as the metric `knee_hz`.
pub fn csv(results: &Results) -> String {
    let mut text = format!("{HEADER}\n");
    for cell in &results.cells {
        for (metric, estimate) in &cell.metrics {
            text += &row(
                &cell.setting,
                cell.setting.rate_hz,
                metric,
                estimate,
                cell.rounds.len(),
            );
        }
    }
    for knee in &results.knees {
        if let Some(estimate) = &knee.rate_hz {
            text += &row(&knee.setting, None, KNEE, estimate, knee.rates_hz.len());
        }
    }
    text
}

fn row(
    setting: &Setting,
    rate_hz: Option<u64>,
    metric: &str,
    estimate: &Estimate,
    rounds: usize,
) -> String {
    let fields = [
        setting.mode.to_string(),
        setting.flavor.name().to_string(),
        rate_hz.map_or(String::new(), |rate| rate.to_string()),
        setting.burst.to_string(),
        setting.fifo_size.to_string(),
        setting.work_us.to_string(),
        setting
            .affinity_scope
            .map_or_else(String::new, |scope| scope.to_string()),
        setting.stress.to_string(),
        setting.lines.to_string(),
        csv_field(metric),
        estimate.median.to_string(),
        estimate.low.to_string(),
        estimate.high.to_string(),
        estimate.confidence.to_string(),
        estimate.outliers.len().to_string(),
        rounds.to_string(),
        csv_field(&setting.knobs_text()),
    ];
    fields.join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_estimate_has_its_row_of_as_many_fields_as_the_header() {
        let results = sample::results();
        let text = csv(&results);
        let estimates: usize = results.cells.iter().map(|cell| cell.metrics.len()).sum();
        assert_eq!(text.lines().count(), 1 + estimates + results.knees.len());
        let fields = HEADER.split(',').count();
        for line in text.lines() {
            assert_eq!(line.split(',').count(), fields, "{line}");
        }
        assert!(!text.contains("NaN"));
    }
}
