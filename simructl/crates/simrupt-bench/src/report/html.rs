// SPDX-License-Identifier: GPL-2.0-only

//! The report as one page that needs nothing else: no script, no font, no network. Its charts take their colours from
//! the style sheet, which has one set for light and one for dark.
//!
//! Every table, every chart and everything that takes the focus has a name for screen readers.

use maud::{Markup, html};
use simrupt_page::document::{Page, scrolled};

use super::about;
use super::answer::{self, answer};
use super::charts::{self, Chart};
use super::grid::{Grid, MAIN_COLUMN, Row};
use super::ranking::Mark;
use super::summary;
use crate::results::Results;

/// The page.
pub fn html(results: &Results) -> String {
    let title = format!("simrupt benchmark: {}", about::run(results));
    let grids = summary::all(results);
    let sections = charts::sections(results);
    let charts_of = |grid: &Grid| sections.iter().find(|section| section.id == grid.id);
    let body = html! {
        h1 { (title) }
        (head(results))
        (answered(results))
        @for line in summary::legend(results) {
            p.soft { (line) }
        }
        (contents(&grids))
        @for grid in &grids {
            "\n"
            section id=(grid.id) {
                h2 { (grid.title) }
                (table(grid, &grid.title))
                @if let Some(section) = charts_of(grid) {
                    div.charts {
                        @for chart in &section.charts {
                            (figure(chart))
                        }
                    }
                }
            }
        }
        (environment(results))
    };
    let page = Page {
        title: &title,
        colors: charts::style_sheet(),
        style: "",
        script: None,
        body,
    };
    page.html()
}

/// How the run was made, where, and how far its figures can be trusted.
fn head(results: &Results) -> Markup {
    let environment = &results.environment;
    let grade = &environment.grade;
    let reasons = match environment.reasons.as_slice() {
        [] => "nothing speaks against the figures".to_string(),
        reasons => reasons.join("; "),
    };
    html! {
        p { (about::plan(results)) }
        @for line in about::place(environment) {
            p { (line) }
        }
        p.grade {
            b { span.hidden { "grade " } (grade) }
            span { (reasons) }
        }
        @for warning in about::warnings(results) {
            p.warning { (warning) }
        }
    }
}

/// The answer to which flavor is best.
fn answered(results: &Results) -> Markup {
    let answer = answer(results);
    html! {
        @if !answer.is_empty() {
            section id="answer" {
                h2 { (answer::TITLE) }
                @for sentence in &answer.over_all {
                    p { (sentence) }
                }
                div.loads {
                    @for (title, sentences) in &answer.loads {
                        div {
                            h3 { (title) }
                            ul {
                                @for sentence in sentences {
                                    li { (sentence) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn contents(grids: &[Grid]) -> Markup {
    html! {
        nav aria-label="contents" {
            ul {
                @for grid in grids {
                    li { a href={ "#" (grid.id) } { (grid.title) } }
                }
                li { a href="#environment" { "environment" } }
            }
        }
    }
}

fn figure(chart: &Chart) -> Markup {
    html! {
        "\n"
        figure {
            // The section's heading has the common part of all titles.
            figcaption { h3 { (chart.name()) } }
            (chart.for_page())
            details {
                summary { "explanation and numbers" span.hidden { ": " (chart.name()) } }
                p.soft { (chart.explanation()) }
                (table(chart.data(), &chart.title))
            }
        }
    }
}

fn table(grid: &Grid, caption: &str) -> Markup {
    let ranks = grid.rows.iter().any(|row| row.rank.is_some());
    // The bar and the mark have a column each, after the main one.
    let wider = |column: usize| if ranks && column == MAIN_COLUMN { 3 } else { 1 };
    let has_spans = grid.spans.iter().any(|(name, _)| !name.is_empty());
    let mut at = 0;
    let spans = grid.spans.iter().map(|(name, count)| {
        let columns: usize = (at..at + count).map(wider).sum();
        at += count;
        (name.as_str(), columns)
    });
    let spans: Vec<(&str, usize)> = spans.collect();
    let inside = html! {
        thead {
            @if has_spans {
                tr { @for (name, columns) in spans { (heading(name, columns)) } }
            }
            tr { @for (at, name) in grid.header.iter().enumerate() { (heading(name, wider(at))) } }
        }
        tbody {
            @for row in &grid.rows { (table_row(row)) }
        }
    };
    html! {
        (scrolled(caption, &inside))
        @for note in &grid.notes {
            p.soft { (note) }
        }
    }
}

/// A heading over several columns; without a name, an empty cell.
fn heading(name: &str, columns: usize) -> Markup {
    let span = (columns > 1).then_some(columns);
    let scope = if columns > 1 { "colgroup" } else { "col" };
    html! {
        @if name.is_empty() {
            td colspan=[span] {}
        } @else {
            th scope=(scope) colspan=[span] { (name) }
        }
    }
}

/// The length of a text in a table above which its lines are broken.
const LONG: usize = 40;

fn table_row(row: &Row) -> Markup {
    let class = match row.rank {
        Some((Mark::Best, _)) => Some("best"),
        Some((Mark::AsBest, _)) => Some("as-best"),
        Some((Mark::Worst, _)) => Some("worst"),
        Some((Mark::Floor, _)) => Some("floor"),
        _ => None,
    };
    html! {
        "\n"
        tr class=[class] {
            @for (at, cell) in row.cells.iter().enumerate() {
                @if at == 0 {
                    th scope="row" { (cell) }
                } @else {
                    td class=[(cell.chars().count() > LONG).then_some("text")] { (cell) }
                }
                @if let (MAIN_COLUMN, Some((mark, share))) = (at, row.rank) {
                    td.bar {
                        svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                            rect width=(format!("{:.1}", share * 100.0)) height="10" fill="currentColor" {}
                        }
                    }
                    td.mark { (mark.word()) }
                }
            }
        }
    }
}

fn environment(results: &Results) -> Markup {
    let details = about::details(results);
    let inside = html! {
        tbody {
            @for (name, value) in &details {
                tr {
                    th scope="row" { (name) }
                    td.text { (value) }
                }
            }
        }
    };
    html! {
        "\n"
        section id="environment" {
            h2 { "environment" }
            (scrolled("environment", &inside))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Environment;
    use crate::sample;

    /// The page as XML: the few HTML elements without an end tag get one.
    fn as_xml(page: &str) -> String {
        let page = page.replace("<!DOCTYPE html>\n", "");
        let ended = page.split_inclusive('>').map(|part| {
            let begins = part.trim_start();
            match begins.starts_with("<meta ") || begins.starts_with("<link ") {
                true => part.replace('>', "/>"),
                false => part.to_string(),
            }
        });
        ended.collect()
    }

    fn parse(page: &str) {
        if let Err(error) = roxmltree::Document::parse(&as_xml(page)) {
            panic!("{error}");
        }
    }

    /// `make check-html` checks more of the page, and needs a browser.
    #[test]
    fn tables_charts_and_what_takes_the_focus_have_names() {
        let page = as_xml(&html(&sample::results()));
        let document = roxmltree::Document::parse(&page).unwrap();
        let text_of = |id: &str| {
            let element = document
                .descendants()
                .find(|element| element.attribute("id") == Some(id));
            element.and_then(|element| element.text()).unwrap_or("")
        };
        let (mut tables, mut charts) = (0, 0);
        for element in document.descendants() {
            let name = element.tag_name().name();
            if name == "table" {
                let caption = element
                    .children()
                    .find(|inner| inner.has_tag_name("caption"));
                assert!(caption.and_then(|caption| caption.text()).is_some());
                tables += 1;
            }
            if name == "th" {
                assert!(element.attribute("scope").is_some() && element.text().is_some());
            }
            if element.attribute("tabindex").is_some() {
                let label = element.attribute("aria-label");
                assert!(label.is_some_and(|label| !label.is_empty()));
            }
            if name == "svg" && element.attribute("aria-hidden").is_none() {
                assert_eq!(element.attribute("role"), Some("img"));
                for attribute in ["aria-labelledby", "aria-describedby"] {
                    assert_ne!(text_of(element.attribute(attribute).unwrap()), "");
                }
                charts += 1;
            }
        }
        // A table for each chart, for each section, and for the environment.
        let sections = summary::all(&sample::results()).len();
        assert_eq!(tables, charts + sections + 1);
    }

    #[test]
    fn every_chart_is_in_it_once() {
        let results = sample::results();
        let page = html(&results);
        parse(&page);
        for section in charts::sections(&results) {
            assert_eq!(
                page.matches(&format!("<section id=\"{}\">", section.id))
                    .count(),
                1
            );
            for chart in section.charts {
                let id = format!("data-chart=\"{}\"", chart.id);
                assert_eq!(page.matches(&id).count(), 1, "{id}");
            }
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere_and_nothing_runs() {
        let page = html(&sample::results());
        assert!(!page.contains("<script"));
        let without_names = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for word in ["http:", "https:", "url(", "@import", "src=\"", "NaN"] {
            assert!(!without_names.contains(word), "{word}");
        }
    }

    #[test]
    fn odd_results_make_a_page_all_the_same() {
        let mut results = sample::results();
        results.cells[0].flags = vec!["<script>alert(1)</script>\u{1}\"".to_string()];
        results.label = Some("</title>\u{1b}\u{202e}".to_string());
        results.cells[1].histograms.clear();
        results.cells[2].metrics.clear();
        results.cells[3].rounds.clear();
        results.cells[4].flags = vec!["</table>&".to_string()];
        let page = html(&results);
        parse(&page);
        assert!(!page.contains("<script") && !page.contains('\u{202e}'));
        results.cells.clear();
        results.knees.clear();
        results.costs.clear();
        results.environment = Environment::default();
        parse(&html(&results));
    }

    #[test]
    fn equal_results_make_equal_bytes() {
        assert_eq!(html(&sample::results()), html(&sample::results()));
    }
}
