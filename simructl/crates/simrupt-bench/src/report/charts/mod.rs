// SPDX-License-Identifier: GPL-2.0-only

//! The charts: one file per kind, each from results to a [`Chart`].
//!
//! - `ecdf`, `percentiles`, `rounds`, `bars`, `frontier`, `stress`, `knee`: the kinds;
//! - `plot`: the parts of any chart;
//! - `canvas`, `legend`: the plot as SVG; `pens`: its colours, dashes and markers.

mod bars;
mod canvas;
mod ecdf;
mod frontier;
mod knee;
mod legend;
mod pens;
mod percentiles;
mod plot;
mod rounds;
mod stress;

use self::pens::Pens;
use self::plot::Plot;
use super::about;
use super::grid::Grid;
use super::group::{Name, groups, knee_name, knees, stress_name, under_stress};
use crate::results::Results;
use maud::Markup;
use simrupt_page::color::Look;
use simrupt_page::document::printable;

pub(super) use self::pens::style_sheet;

/// A chart of some results.
#[derive(Debug)]
pub(super) struct Chart {
    /// Letters, digits and dashes; unique among the charts of the results.
    pub id: String,
    /// The title of the plot and that of its cells.
    pub title: String,
    /// The name of the run.
    run: String,
    /// The series that have points in it, in the order of the results.
    series: Vec<String>,
    /// How many points, bars or markers it consists of.
    points: usize,
    plot: Plot,
    pens: Pens,
}

/// Charts that belong to one table.
pub(super) struct Section {
    /// The identifier of the table.
    pub id: String,
    pub charts: Vec<Chart>,
}

/// All charts.
pub(super) fn sections(results: &Results) -> Vec<Section> {
    let maker = Maker {
        run: about::run(results),
        pens: Pens::of(results),
    };
    let groups = groups(results);
    let mut sections = Vec::new();
    for group in &groups {
        let plots = [
            frontier::plot(group, results),
            ecdf::plot(group, "irq_bh"),
            ecdf::plot(group, "due_read"),
            percentiles::plot(group, "irq_bh"),
            percentiles::plot(group, "due_read"),
            bars::cpu(group),
            bars::loss(group),
            rounds::plot(group),
        ];
        sections.push(maker.section(group.name(), plots));
    }
    for family in under_stress(&groups) {
        let name = stress_name(&family[0].common);
        sections.push(maker.section(name, stress::plots(&family)));
    }
    for (common, knees) in knees(results) {
        sections.push(maker.section(knee_name(&common), [knee::plot(&knees)]));
    }
    sections.retain(|section| !section.charts.is_empty());
    sections
}

/// The common parts of all charts of a run.
struct Maker {
    run: String,
    pens: Pens,
}

impl Maker {
    fn section(&self, (id, title): Name, plots: impl IntoIterator<Item = Option<Plot>>) -> Section {
        let charts = plots.into_iter().flatten().map(|plot| Chart {
            id: format!("{}-{id}", plot.id),
            title: format!("{}: {title}", plot.title),
            run: self.run.clone(),
            series: plot.series(),
            points: plot.points(),
            plot,
            pens: self.pens.clone(),
        });
        Section {
            charts: charts.collect(),
            id,
        }
    }
}

/// All charts as files: their names, and documents with a white background.
pub fn svgs(results: &Results) -> Vec<(String, String)> {
    let sections = sections(results);
    let charts = sections.iter().flat_map(|section| &section.charts);
    charts
        .map(|chart| {
            let document = canvas::svg(chart, &chart.pens, Look::Paper);
            (format!("{}.svg", chart.id), printable(document) + "\n")
        })
        .collect()
}

impl Chart {
    /// Its title, without that of its cells.
    pub(super) fn name(&self) -> &str {
        &self.plot.title
    }

    /// A sentence on how to read it.
    pub(super) fn explanation(&self) -> &'static str {
        self.plot.explanation
    }

    /// Its numbers.
    pub(super) fn data(&self) -> &Grid {
        &self.plot.data
    }

    /// The chart as an element of the page, whose style sheet gives it its colours.
    pub(super) fn for_page(&self) -> Markup {
        canvas::svg(self, &self.pens, Look::Page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Histogram;
    use crate::sample;

    fn all(results: &Results) -> Vec<Chart> {
        let sections = sections(results);
        sections
            .into_iter()
            .flat_map(|section| section.charts)
            .collect()
    }

    /// The series that elements of a document name.
    fn drawn(document: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(document).unwrap();
        let mut names: Vec<String> = Vec::new();
        for element in document.descendants() {
            if let Some(name) = element.attribute("data-series") {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_string());
                }
            }
        }
        names.sort();
        names
    }

    #[test]
    fn there_is_a_chart_of_each_kind() {
        let charts = all(&sample::results());
        for (kind, count) in [
            ("ecdf", 10),
            ("percentiles", 10),
            ("cpu", 5),
            ("frontier", 5),
            ("loss", 2),
            ("rounds", 5),
            ("stress", 4),
            ("knee", 1),
        ] {
            let of_kind = charts.iter().filter(|chart| chart.plot.kind == kind);
            assert_eq!(of_kind.count(), count, "{kind}");
        }
    }

    #[test]
    fn every_document_is_xml_and_draws_each_of_its_series() {
        let results = sample::results();
        for chart in all(&results) {
            for look in [Look::Paper, Look::Page] {
                let document = canvas::svg(&chart, &chart.pens, look).into_string();
                let mut series = chart.series.clone();
                series.sort();
                assert_eq!(drawn(&document), series, "{}", chart.id);
                assert!(
                    !document.contains("NaN") && !document.contains("inf"),
                    "{}",
                    chart.id
                );
            }
            assert!(chart.points >= chart.series.len(), "{}", chart.id);
            assert_eq!(chart.data().rows.len(), chart.series.len(), "{}", chart.id);
        }
    }

    #[test]
    fn each_colour_of_a_file_has_a_form_for_dark_grounds() {
        for (name, text) in svgs(&sample::results()) {
            let document = roxmltree::Document::parse(&text).unwrap();
            let style = document
                .descendants()
                .find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "style")));
            let rules = style.and_then(|style| style.text()).unwrap();
            let mut colours = 0;
            for attribute in document.descendants().flat_map(|node| node.attributes()) {
                let (property, value) = (attribute.name(), attribute.value());
                if matches!(property, "fill" | "stroke") && value != "none" {
                    let rule = format!("[{property}=\"{value}\"]{{{property}:#");
                    assert!(rules.contains(&rule), "{name}: {rule}");
                    colours += 1;
                }
            }
            assert!(colours > 10, "{name}");
        }
    }

    #[test]
    fn a_chart_of_a_group_has_a_series_for_each_of_its_cells() {
        let results = sample::results();
        for group in groups(&results) {
            let (id, _) = group.name();
            let charts = all(&results);
            let mine: Vec<_> = charts
                .iter()
                .filter(|chart| chart.id.ends_with(&id))
                .collect();
            assert!(mine.len() >= 6, "{id}");
            for chart in mine.iter().filter(|chart| chart.plot.kind != "loss") {
                assert_eq!(chart.series.len(), group.cells.len(), "{}", chart.id);
            }
        }
    }

    #[test]
    fn equal_results_make_equal_bytes() {
        assert_eq!(svgs(&sample::results()), svgs(&sample::results()));
    }

    #[test]
    fn files_have_different_names() {
        let files = svgs(&sample::results());
        let names: std::collections::BTreeSet<_> = files.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), files.len());
    }

    #[test]
    fn a_figure_that_was_not_measured_is_not_drawn() {
        let mut results = sample::results();
        results.knees.clear();
        for cell in &mut results.cells {
            cell.metrics.clear();
            cell.rounds.clear();
            cell.histograms = [("irq_bh".to_string(), Histogram::default())].into();
        }
        assert!(all(&results).is_empty());
        results.cells.clear();
        assert!(all(&results).is_empty());
    }

    #[test]
    fn one_value_is_enough_for_a_chart() {
        let mut results = sample::results();
        results.cells = vec![sample::cell_of("bh", "irq_bh_p50_ns", &[0.0])];
        results.knees.truncate(1);
        results.knees[0].probes.truncate(1);
        let kinds: Vec<_> = all(&results).iter().map(|chart| chart.plot.kind).collect();
        assert_eq!(kinds, ["percentiles", "rounds", "knee"]);
    }
}
