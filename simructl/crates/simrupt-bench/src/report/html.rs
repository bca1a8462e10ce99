// SPDX-License-Identifier: GPL-2.0-only

//! The report as one page that needs nothing else: no script, no font, no network. The charts in it take
//! their colours from the style sheet, which has one set for light and one for dark.

use std::fmt::Write;

use super::about;
use super::answer::{self, answer};
use super::charts::{self, Chart, Section};
use super::grid::{Grid, MAIN_COLUMN, Row};
use super::ranking::Mark;
use super::summary;
use crate::results::Results;

const STYLE: &str = include_str!("page.css");

/// What a browser may load for the page: nothing but the styles that are in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page. The error says which chart could not be drawn.
pub fn html(results: &Results) -> Result<String, String> {
    let sections = charts::sections(results)?;
    let mut main = head(results);
    let grids = summary::all(results);
    main += &answer_text(results);
    main += &legend(results);
    main += &contents(&grids);
    for grid in &grids {
        let (id, title) = (&grid.id, escaped(&grid.title));
        let _ = write!(
            main,
            "<section id=\"{id}\">\n<h2>{title}</h2>\n{}",
            table(grid)
        );
        let section = sections.iter().find(|section| section.id == *id);
        main += &section.map_or(String::new(), charts_of);
        main += "</section>\n";
    }
    main += &environment(results);
    Ok(page(&main))
}

fn page(main: &str) -> String {
    format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>simrupt benchmark</title>\n\
         <style>\n{}{STYLE}</style>\n\
         </head>\n\
         <body>\n<main>\n{main}</main>\n</body>\n</html>\n",
        charts::style_sheet()
    )
}

fn head(results: &Results) -> String {
    let environment = &results.environment;
    let mut head = "<h1>simrupt benchmark</h1>\n".to_string();
    let _ = writeln!(
        head,
        "<p>{}, {}</p>",
        about::started(results),
        escaped(&about::plan(results))
    );
    for line in about::place(environment) {
        let _ = writeln!(head, "<p>{}</p>", escaped(&line));
    }
    let reasons: Vec<String> = environment
        .reasons
        .iter()
        .map(|reason| escaped(reason))
        .collect();
    let reasons = match reasons.as_slice() {
        [] => "nothing speaks against the figures".to_string(),
        reasons => reasons.join("; "),
    };
    let _ = writeln!(
        head,
        "<div class=\"grade\"><b aria-label=\"grade {0}\">{0}</b><span>{reasons}</span></div>",
        escaped(&environment.grade)
    );
    for warning in about::warnings(results) {
        let _ = writeln!(head, "<p class=\"warning\">{}</p>", escaped(&warning));
    }
    head
}

/// What the run says about the flavors.
fn answer_text(results: &Results) -> String {
    let answer = answer(results);
    if answer.is_empty() {
        return String::new();
    }
    let mut text = format!("<section id=\"answer\">\n<h2>{}</h2>\n", answer::TITLE);
    for sentence in &answer.over_all {
        let _ = writeln!(text, "<p>{}</p>", escaped(sentence));
    }
    if !answer.loads.is_empty() {
        text += "<div class=\"loads\">\n";
        for (title, sentences) in &answer.loads {
            let _ = writeln!(text, "<div><h3>{}</h3><ul>", escaped(title));
            for sentence in sentences {
                let _ = writeln!(text, "<li>{}</li>", escaped(sentence));
            }
            text += "</ul></div>\n";
        }
        text += "</div>\n";
    }
    text + "</section>\n"
}

/// What the words in the tables mean.
fn legend(results: &Results) -> String {
    let lines = summary::legend(results).into_iter();
    lines
        .map(|line| format!("<p class=\"soft\">{}</p>\n", escaped(&line)))
        .collect()
}

fn contents(grids: &[Grid]) -> String {
    let item = |id: &str, title: &str| format!("<li><a href=\"#{id}\">{title}</a></li>\n");
    let items = grids
        .iter()
        .map(|grid| item(&grid.id, &escaped(&grid.title)));
    let items: String = items.chain([item("environment", "environment")]).collect();
    format!("<nav aria-label=\"contents\"><ul>\n{items}</ul></nav>\n")
}

fn charts_of(section: &Section) -> String {
    let charts: String = section.charts.iter().map(figure).collect();
    format!("<div class=\"charts\">\n{charts}</div>\n")
}

fn figure(chart: &Chart) -> String {
    // The section's heading tells what all its charts have in common.
    let title = chart.title.split(": ").next().unwrap_or(&chart.title);
    format!(
        "<figure>\n<figcaption><h3>{}</h3></figcaption>\n{}\
         <details><summary>what it shows, and its numbers</summary>\n<p class=\"soft\">{}</p>\n{}</details>\n\
         </figure>\n",
        escaped(title),
        chart.for_page(),
        escaped(chart.explanation),
        table(&chart.data)
    )
}

fn table(grid: &Grid) -> String {
    let ranks = grid.rows.iter().any(|row| row.rank.is_some());
    let mut text = "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"table\"><table>\n<thead>\n".to_string();
    // The bar and the mark have a column each, behind the main one.
    let wider = |column: usize| if ranks && column == MAIN_COLUMN { 3 } else { 1 };
    if grid.spans.iter().any(|(name, _)| !name.is_empty()) {
        text += "<tr>";
        let mut at = 0;
        for (name, count) in &grid.spans {
            let columns: usize = (at..at + count).map(wider).sum();
            at += count;
            text += &heading(name, columns);
        }
        text += "</tr>\n";
    }
    text += "<tr>";
    for (at, name) in grid.header.iter().enumerate() {
        text += &heading(name, wider(at));
    }
    text += "</tr>\n</thead>\n<tbody>\n";
    for row in &grid.rows {
        text += &table_row(row);
    }
    text += "</tbody>\n</table></div>\n";
    for note in &grid.notes {
        let _ = writeln!(text, "<p class=\"soft\">{}</p>", escaped(note));
    }
    text
}

/// A heading over so many columns.
fn heading(name: &str, columns: usize) -> String {
    let name = escaped(name);
    match columns {
        1 => format!("<th>{name}</th>"),
        _ => format!("<th colspan=\"{columns}\">{name}</th>"),
    }
}

/// How long a text in a table may be before its lines are broken.
const LONG: usize = 40;

fn table_row(row: &Row) -> String {
    let class = match row.rank {
        Some((Mark::Best, _)) => " class=\"best\"",
        Some((Mark::AsBest, _)) => " class=\"as-best\"",
        Some((Mark::Worst, _)) => " class=\"worst\"",
        Some((Mark::Floor, _)) => " class=\"floor\"",
        _ => "",
    };
    let mut text = format!("<tr{class}>");
    for (at, cell) in row.cells.iter().enumerate() {
        let value = escaped(cell);
        let _ = match at {
            0 => write!(text, "<th scope=\"row\">{value}</th>"),
            _ if cell.chars().count() > LONG => write!(text, "<td class=\"text\">{value}</td>"),
            _ => write!(text, "<td>{value}</td>"),
        };
        if let (MAIN_COLUMN, Some((mark, share))) = (at, row.rank) {
            let _ = write!(
                text,
                "<td class=\"bar\"><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" \
                 aria-hidden=\"true\"><rect width=\"{:.1}\" height=\"10\" fill=\"currentColor\"/></svg></td>\
                 <td class=\"mark\">{}</td>",
                share * 100.0,
                mark.word()
            );
        }
    }
    text + "</tr>\n"
}

fn environment(results: &Results) -> String {
    let mut rows = String::new();
    for (name, value) in about::details(results) {
        let value = if value.is_empty() { "-" } else { &value };
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\">{}</th><td class=\"text\">{}</td></tr>",
            escaped(&name),
            escaped(value)
        );
    }
    format!(
        "<section id=\"environment\">\n<h2>environment</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" \
         aria-label=\"environment\"><table>\n<tbody>\n{rows}</tbody>\n</table></div>\n</section>\n"
    )
}

/// Text in which nothing means anything to HTML or XML, in elements and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no way to say them.
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Environment;
    use crate::sample;

    /// The page as XML: the few elements of HTML without an end get one.
    fn parsed(page: &str) -> String {
        let mut page = page.replace("<!DOCTYPE html>\n", "");
        for tag in ["<meta ", "<link "] {
            page = page
                .split_inclusive('\n')
                .map(|line| match line.starts_with(tag) {
                    true => line.replace(">\n", "/>\n"),
                    false => line.to_string(),
                })
                .collect();
        }
        if let Err(error) = roxmltree::Document::parse(&page) {
            panic!("{error}");
        }
        page
    }

    #[test]
    fn every_chart_is_in_it_once() {
        let results = sample::results();
        let page = html(&results).unwrap();
        parsed(&page);
        for section in charts::sections(&results).unwrap() {
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
        let page = html(&sample::results()).unwrap();
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
        results.cells[1].histograms.clear();
        results.cells[2].metrics.clear();
        results.cells[3].rounds.clear();
        results.cells[4].flags = vec!["</table>&".to_string()];
        let page = html(&results).unwrap();
        parsed(&page);
        assert!(!page.contains("<script"));
        results.cells.clear();
        results.knees.clear();
        results.costs.clear();
        results.environment = Environment::default();
        parsed(&html(&results).unwrap());
    }

    #[test]
    fn equal_results_make_equal_bytes() {
        assert_eq!(html(&sample::results()), html(&sample::results()));
    }
}
