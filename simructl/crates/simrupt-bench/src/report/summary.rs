// SPDX-License-Identifier: GPL-2.0-only

//! The common content of the terminal table, the Markdown and the page: everything that is reported, as tables of text.
//! Their look is up to these reports.

use std::collections::BTreeSet;

use super::about;
use super::grid::{Grid, Row};
use super::group::{
    Group, figure_of, groups, knee_name, knees, saturates, series, stress_name, under_stress,
};
use super::metric::{KNEE, Metric, THRESHOLD, stage_title};
use super::number::{self, counted, percent, plain};
use super::ranking::{Mark, Rankings, may_rank};
use crate::percentile::{Percentile, Percentiles};
use crate::results::{Cell, Estimate, Knee, Results};

/// All tables, in the order in which they are shown.
pub(super) fn all(results: &Results) -> Vec<Grid> {
    let costs = costs(results).into_iter().collect();
    [
        groups_of(results),
        stressed(results),
        knees_of(results),
        costs,
    ]
    .concat()
}

/// One ranking table per group.
pub(super) fn groups_of(results: &Results) -> Vec<Grid> {
    let groups = groups(results);
    let rankings = Rankings::of(&groups, results);
    let all = groups.iter().enumerate();
    all.map(|(at, group)| ranked(group, at, &rankings, results))
        .collect()
}

/// A column after the main one: the common heading of its neighbours, its name, and its metric.
struct Column {
    span: &'static str,
    name: String,
    metric: String,
}

/// The columns after the main one. In an open loop, the main one is the median of irq→work.
fn columns(saturates: bool, percentiles: Option<&Percentiles>) -> Vec<Column> {
    let column = |span, name: &str, metric: &str| Column {
        span,
        name: name.to_string(),
        metric: metric.to_string(),
    };
    let tails: Vec<Percentile> = match percentiles {
        None => vec![Percentile::whole(99)],
        Some(asked) => asked
            .iter()
            .filter(|one| *one != Percentile::MEDIAN)
            .collect(),
    };
    let stage = |span, stage: &str, has_median: bool, has_max: bool| -> Vec<Column> {
        let median = has_median.then_some(Percentile::MEDIAN);
        let figures = median.into_iter().chain(tails.iter().copied());
        let figures = figures.map(|one| (format!("p{one}"), one.name()));
        let max = has_max.then(|| ("max".to_string(), "max".to_string()));
        let figures = figures.chain(max);
        let figures =
            figures.map(|(name, figure)| column(span, &name, &format!("{stage}_{figure}_ns")));
        figures.collect()
    };
    let mut columns = stage("irq→work µs", "irq_bh", saturates, true);
    if saturates {
        columns.extend(stage("due→read µs", "due_read", false, false));
    } else {
        columns.extend(stage("due→read µs", "due_read", true, true));
        columns.push(column("read", "/s", "read_hz"));
    }
    columns.push(column("lost", "%", "loss_ratio"));
    columns.push(column("CPU", "ns/event", "busy_ns_per_event"));
    columns.push(column("switches", "/event", "switches_per_event"));
    columns
}

/// The median of a metric, or the longest of all rounds; a dash if it was not measured.
fn show(cell: &Cell, metric: &str) -> String {
    let stage = metric.strip_suffix("_max_ns");
    let histogram = stage.and_then(|stage| cell.histograms.get(stage));
    match (histogram, cell.metrics.get(metric)) {
        (Some(histogram), _) if histogram.count > 0 => {
            Metric(metric).shown(histogram.max_ns as f64)
        }
        (_, Some(estimate)) => Metric(metric).shown(estimate.median),
        (_, None) => NOT_MEASURED.to_string(),
    }
}

const NOT_MEASURED: &str = "-";

/// A figure with the farther end of its interval; only the figure if there was only one round.
fn shown_estimate(metric: Metric<'_>, estimate: &Estimate, rounds: usize) -> String {
    if rounds < 2 {
        return metric.shown(estimate.median);
    }
    let off = (estimate.high - estimate.median).max(estimate.median - estimate.low);
    metric.shown_within(estimate.median, off)
}

/// The table of the group at this index.
fn ranked(group: &Group<'_>, index: usize, rankings: &Rankings, results: &Results) -> Grid {
    let main = group.main_metric();
    let ranking = rankings.get(index, main);
    let saturates = saturates(&group.common);
    let mut columns = columns(saturates, results.plan.percentiles.as_ref());
    // A column that is empty in all cells is left out.
    columns.retain(|column| {
        let mut cells = group.cells.iter();
        cells.any(|cell| show(cell, &column.metric) != NOT_MEASURED)
    });
    let (span, name) = match main.0 {
        "runs_hz" => ("runs", "/s"),
        _ => ("irq→work µs", "p50"),
    };
    let mut spans = vec![(String::new(), 1), (span.to_string(), 1)];
    for column in &columns {
        match spans.last_mut() {
            Some((last, count)) if last == column.span => *count += 1,
            _ => spans.push((column.span.to_string(), 1)),
        }
    }
    let mut header = vec!["flavor".to_string(), name.to_string()];
    header.extend(columns.iter().map(|column| column.name.clone()));

    let figures = || group.cells.iter().filter_map(|cell| figure_of(cell, main));
    let longest_bar = figures().fold(0.0, f64::max);
    let row = |(at, cell): (usize, &&Cell)| {
        let mark = ranking.map_or(Mark::Unknown, |ranking| ranking.marks[at]);
        let estimate = cell.metrics.get(main.0);
        let flag = if cell.flags.is_empty() { "" } else { " !" };
        let label = format!("{}{flag}", series(&cell.setting));
        let figure = estimate.map_or("-".to_string(), |estimate| {
            shown_estimate(main, estimate, cell.rounds.len())
        });
        let mut cells = vec![label, figure];
        cells.extend(columns.iter().map(|column| show(cell, &column.metric)));
        let share = estimate.map_or(0.0, |estimate| share(estimate.median, longest_bar));
        Row {
            cells,
            rank: Some((mark, share)),
        }
    };
    let (id, title) = group.name();
    Grid {
        id,
        title,
        spans,
        header,
        rows: group.cells.iter().enumerate().map(row).collect(),
        notes: group
            .cells
            .iter()
            .flat_map(|cell| notes(cell, main, cell.planned_rounds(&results.plan) as usize))
            .chain(ranking.and_then(|ranking| ranking.note.clone()))
            .collect(),
    }
}

fn share(value: f64, of: f64) -> f64 {
    if of > 0.0 {
        (value / of).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Everything unusual about a cell, for which this many rounds were planned.
fn notes(cell: &Cell, main: Metric<'_>, planned: usize) -> Vec<String> {
    let name = series(&cell.setting);
    let mut notes: Vec<String> = cell
        .flags
        .iter()
        .map(|flag| format!("! {name}: {flag}"))
        .collect();
    if cell.rounds.len() < planned {
        let planned = counted(planned, "round");
        notes.push(format!(
            "{name}: only {} of {planned} were run",
            cell.rounds.len()
        ));
    }
    let outliers = cell
        .metrics
        .get(main.0)
        .map_or(0, |estimate| estimate.outliers.len());
    if outliers > 0 {
        let rounds = counted(cell.rounds.len(), "round");
        notes.push(format!(
            "{name}: {outliers} of {rounds} stand apart; none is left out"
        ));
    }
    notes
}

/// Idle and stressed side by side, a table for each pair of groups that differ only in that.
pub(super) fn stressed(results: &Results) -> Vec<Grid> {
    let groups = groups(results);
    let families = under_stress(&groups);
    families
        .into_iter()
        .map(|family| side_by_side(&family))
        .collect()
}

fn side_by_side(family: &[&Group<'_>]) -> Grid {
    let common = &family[0].common;
    let metrics: &[&str] = match saturates(common) {
        true => &["runs_hz", "irq_bh_p99_ns"],
        false => &["irq_bh_p50_ns", "irq_bh_p99_ns", "due_read_p99_ns"],
    };
    let mut names: Vec<String> = Vec::new();
    for cell in family.iter().flat_map(|group| &group.cells) {
        let name = series(&cell.setting);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let (id, title) = stress_name(common);
    let mut grid = Grid {
        id,
        title,
        spans: vec![(String::new(), 1)],
        header: vec!["flavor".to_string()],
        ..Grid::default()
    };
    for metric in metrics.iter().map(|name| Metric(name)) {
        let title = format!("{} {}", metric.title(), metric.unit_name());
        grid.spans.push((title, family.len() * 2 - 1));
        grid.header.push(family[0].common.stress.to_string());
        for group in &family[1..] {
            grid.header.push(group.common.stress.to_string());
            grid.header.push("change".to_string());
        }
    }
    for name in names {
        let mut cells = vec![name.clone()];
        for metric in metrics.iter().map(|name| Metric(name)) {
            let figure = |group: &Group<'_>| {
                let cell = group
                    .cells
                    .iter()
                    .find(|cell| series(&cell.setting) == name)?;
                figure_of(cell, metric)
            };
            let first = figure(family[0]);
            cells.push(first.map_or("-".to_string(), |value| metric.shown(value)));
            for value in family[1..].iter().map(|group| figure(group)) {
                cells.push(value.map_or("-".to_string(), |value| metric.shown(value)));
                cells.push(change(first, value));
            }
        }
        grid.rows.push(Row { cells, rank: None });
    }
    grid
}

/// The factor of a change, or its percentage if it is small.
fn change(from: Option<f64>, to: Option<f64>) -> String {
    match (from, to) {
        (Some(from), Some(to)) if from > 0.0 => match to / from {
            factor if factor >= 2.0 => format!("×{}", plain(factor)),
            factor => format!("{} %", percent(factor - 1.0)),
        },
        _ => "-".to_string(),
    }
}

/// The rate of a knee: the median of its rounds, with the farther end of its interval.
pub(super) fn shown_knee(knee: &Knee) -> String {
    match &knee.rate_hz {
        None => "-".to_string(),
        Some(rate) if rate.median < knee.min_hz as f64 => format!("under {}", knee.min_hz),
        Some(rate) => shown_estimate(Metric(KNEE), rate, knee.rates_hz.len()),
    }
}

/// The notes that a knee needs beside its figure.
fn knee_notes(knee: &Knee) -> Vec<String> {
    let name = series(&knee.setting);
    let rounds = counted(knee.rates_hz.len(), "round");
    let count =
        |is: &dyn Fn(&Option<u64>) -> bool| knee.rates_hz.iter().filter(|rate| is(rate)).count();
    let mut notes = Vec::new();
    let none = count(&|rate| rate.is_none());
    if none > 0 {
        let least = knee.min_hz;
        notes.push(format!(
            "! {name}: in {none} of {rounds} even the lowest rate, {least} Hz, did not pass"
        ));
    }
    let all = count(&|rate| *rate == Some(knee.max_hz));
    if all > 0 {
        let most = knee.max_hz;
        notes.push(format!(
            "{name}: in {all} of {rounds} the highest tried rate, {most} Hz, passed: it may follow more"
        ));
    }
    notes
}

/// The knees, if any were searched.
pub(super) fn knees_of(results: &Results) -> Vec<Grid> {
    let mut grids = Vec::new();
    for (common, knees) in knees(results) {
        let (id, title) = knee_name(&common);
        let mut grid = Grid {
            id,
            title,
            spans: vec![
                (String::new(), 1),
                ("rate".to_string(), 1),
                ("due→read".to_string(), 1),
            ],
            header: ["flavor", "Hz", "p99 µs under"].map(String::from).to_vec(),
            ..Grid::default()
        };
        for knee in knees {
            let rate = shown_knee(knee);
            let name = series(&knee.setting);
            grid.notes.extend(knee_notes(knee));
            let limit = plain(knee.p99_limit_ns as f64 / 1000.0);
            grid.rows.push(Row {
                cells: vec![name, rate, limit],
                rank: None,
            });
        }
        grids.push(grid);
    }
    grids
}

/// The costs of measuring and of the bare mechanisms.
pub(super) fn costs(results: &Results) -> Option<Grid> {
    let rows: Vec<Row> = results
        .costs
        .iter()
        .map(|cost| {
            let name = match about::single_cost(&cost.name) {
                Some(words) => words.to_string(),
                None => format!("an empty work item, {}", cost.name),
            };
            let cells = vec![name, plain(cost.mean_ns), cost.count.to_string()];
            Row { cells, rank: None }
        })
        .collect();
    (!rows.is_empty()).then(|| Grid {
        id: "costs".to_string(),
        title: "costs without any event".to_string(),
        spans: vec![
            (String::new(), 1),
            ("mean".to_string(), 1),
            (String::new(), 1),
        ],
        header: ["of", "ns", "measured"].map(String::from).to_vec(),
        rows,
        notes: Vec::new(),
    })
}

/// The lowest confidence of the intervals of all cells.
fn least_confidence(results: &Results) -> Option<f64> {
    let estimates = results.cells.iter().flat_map(|cell| cell.metrics.values());
    estimates
        .map(|estimate| estimate.confidence)
        .min_by(f64::total_cmp)
}

/// The meaning of the words and signs in the tables.
pub(super) fn legend(results: &Results) -> Vec<String> {
    if results.cells.is_empty() {
        return Vec::new();
    }
    let stage = |name| stage_title(name).unwrap_or(name);
    let mut lines = vec![format!(
        "{}: from the top half to the bottom half; {}: from the due time to the reader.",
        stage("irq_bh"),
        stage("due_read")
    )];
    let rounds = results.cells.iter();
    let rounds = rounds.map(|cell| cell.planned_rounds(&results.plan));
    let rounds: BTreeSet<u32> = rounds.collect();
    let rounds: Vec<String> = rounds.iter().map(u32::to_string).collect();
    lines.push(match (rounds.join(" or "), least_confidence(results)) {
        (rounds, _) if rounds == "1" => {
            "One round was run: the effect of chance is unknown.".to_string()
        }
        (_, None) => "One round was run: the effect of chance is unknown.".to_string(),
        (rounds, Some(confidence)) => format!(
            "Figures are medians of {rounds} rounds; ± is the farther end of the interval, which covers the true \
             median with {} %; max is the longest of all rounds.",
            number::confidence(confidence)
        ),
    });
    let floor = "floor: the top half does everything.";
    lines.push(match may_rank(&results.environment) {
        true => format!(
            "best, worst: by the first figure; ≈ best: no significant difference from the best, or one under \
             {} %; {floor}",
            THRESHOLD * 100.0
        ),
        false => floor.to_string(),
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use simrupt_statistics::estimate;

    #[test]
    fn every_row_has_as_many_cells_as_the_header_and_its_spans() {
        for grid in all(&sample::results()) {
            let columns: usize = grid.spans.iter().map(|(_, count)| count).sum();
            assert_eq!(columns, grid.header.len(), "{}", grid.title);
            for row in &grid.rows {
                assert_eq!(row.cells.len(), columns, "{}", grid.title);
            }
        }
    }

    #[test]
    fn a_missing_figure_is_a_dash_and_a_column_without_figures_is_left_out() {
        let mut results = sample::results();
        results.cells.truncate(2);
        results.cells[0].metrics.clear();
        results.cells[0].histograms.clear();
        results.cells[1].metrics.remove("switches_per_event");
        let grid = groups_of(&results).remove(0);
        let row = &grid.rows[0];
        assert_eq!(row.cells[0], "none");
        assert_eq!(grid.header.last().map(String::as_str), Some("ns/event"));
        assert!(row.cells[1..].iter().all(|cell| cell == "-"), "{row:?}");
    }

    #[test]
    fn a_cell_says_how_many_of_its_rounds_are_missing_or_stand_apart() {
        let mut results = sample::results();
        results.cells.truncate(1);
        let cell = &mut results.cells[0];
        cell.flags = vec!["odd".to_string()];
        cell.rounds.truncate(3);
        cell.metrics.get_mut("irq_bh_p50_ns").unwrap().outliers = vec![1];
        assert_eq!(
            groups_of(&results)[0].notes,
            [
                "! none: odd",
                "none: only 3 of 7 rounds were run",
                "none: 1 of 3 rounds stand apart; none is left out"
            ]
        );
    }

    #[test]
    fn a_change_is_a_factor_from_two_on_and_a_percentage_below() {
        assert_eq!(change(Some(2.0), Some(5.0)), "×2.500");
        assert_eq!(change(Some(2.0), Some(3.0)), "+50.0 %");
        assert_eq!(change(Some(2.0), Some(1.0)), "-50.0 %");
        assert_eq!(change(Some(0.0), Some(1.0)), "-");
        assert_eq!(change(None, Some(1.0)), "-");
    }

    #[test]
    fn a_knee_that_not_all_rounds_found_has_a_note() {
        let mut results = sample::results();
        results.knees.truncate(1);
        let mut shown = |rates: &[Option<u64>]| {
            let knee = &mut results.knees[0];
            knee.rates_hz = rates.to_vec();
            knee.rate_hz = estimate(&knee.values());
            let grid = knees_of(&results).remove(0);
            (grid.rows[0].cells[1].clone(), grid.notes)
        };
        let (rate, notes) = shown(&[None, Some(61_000), None, None, None]);
        assert_eq!(rate, "under 1000");
        let note = "! bound: in 4 of 5 rounds even the lowest rate, 1000 Hz, did not pass";
        assert_eq!(notes, [note]);
        let (rate, notes) = shown(&[Some(61_000), None, Some(62_000)]);
        assert_eq!(rate, "61000 ±61000");
        assert_eq!(notes.len(), 1);
        let (rate, notes) = shown(&[Some(200_000); 3]);
        assert_eq!(rate, "200000 ±0");
        assert!(notes[0].contains("may follow more"), "{notes:?}");
        assert_eq!(shown(&[Some(61_000); 3]).1, [] as [String; 0]);
    }

    #[test]
    fn one_round_has_no_interval_and_the_legend_says_so() {
        let mut results = sample::results();
        results.plan.rounds = 1;
        for cell in &mut results.cells {
            cell.rounds.truncate(1);
        }
        assert_eq!(groups_of(&results)[0].rows[0].cells[1], "0.319");
        assert!(legend(&results)[1].starts_with("One round was run"));
    }
}
