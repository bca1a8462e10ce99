// SPDX-License-Identifier: GPL-2.0-only

//! The report as GitHub's Markdown.

use super::about;
use super::answer::{self, answer};
use super::grid::{Grid, MAIN_COLUMN, Row};
use super::ranking::Mark;
use super::summary;
use crate::results::Results;
use simrupt::text::in_one_row;

/// The content of the terminal report, with tables of Markdown.
pub fn markdown(results: &Results) -> String {
    let run = escaped(&about::run(results));
    let mut text = format!("# simrupt benchmark: {run}\n\n");
    let environment = &results.environment;
    let place = about::place(environment);
    for item in [&about::plan(results)].into_iter().chain(&place) {
        text += &format!("- {}\n", escaped(item));
    }
    text += &format!("- **{}**\n", escaped(&about::grade(environment)));
    for warning in about::warnings(results) {
        text += &format!("\n> {}\n", escaped(&warning));
    }
    text += &answer_text(results);
    for grid in summary::all(results) {
        text += &format!("\n## {}\n\n{}", escaped(&grid.title), grid_text(&grid));
    }
    let legend = summary::legend(results);
    if !legend.is_empty() {
        let legend: Vec<String> = legend.iter().map(|line| escaped(line)).collect();
        text += &format!("\n{}\n", legend.join("\n"));
    }
    text
}

/// The answer to which flavor is best.
fn answer_text(results: &Results) -> String {
    let answer = answer(results);
    if answer.is_empty() {
        return String::new();
    }
    let mut text = format!("\n## {}\n\n", answer::TITLE);
    for sentence in &answer.over_all {
        text += &format!("- {}\n", escaped(sentence));
    }
    for (title, sentences) in &answer.loads {
        text += &format!("- {}\n", escaped(title));
        for sentence in sentences {
            text += &format!("  - {}\n", escaped(sentence));
        }
    }
    text
}

fn grid_text(grid: &Grid) -> String {
    let ranks = grid.rows.iter().any(|row| row.rank.is_some());
    let mut spans = grid
        .spans
        .iter()
        .flat_map(|(text, count)| vec![text.as_str(); *count]);
    let mut names: Vec<String> = grid
        .header
        .iter()
        .map(|name| {
            format!("{} {name}", spans.next().unwrap_or_default())
                .trim()
                .to_string()
        })
        .collect();
    let mut rule: Vec<&str> = vec!["---:"; names.len()];
    rule[0] = "---";
    if ranks {
        names.insert(MAIN_COLUMN + 1, String::new());
        rule.insert(MAIN_COLUMN + 1, "---");
    }
    let names: Vec<String> = names.iter().map(|name| escaped(name)).collect();
    let mut text = format!("| {} |\n|{}|\n", names.join(" | "), rule.join("|"));
    for row in &grid.rows {
        text += &row_text(row);
    }
    for note in &grid.notes {
        text += &format!("\n{}\n", escaped(note));
    }
    text
}

fn row_text(row: &Row) -> String {
    let mut cells: Vec<String> = row.cells.iter().map(|cell| escaped(cell)).collect();
    if let Some((mark, _)) = row.rank {
        if mark == Mark::Best {
            cells[MAIN_COLUMN] = format!("**{}**", cells[MAIN_COLUMN]);
        }
        cells.insert(MAIN_COLUMN + 1, mark.word().to_string());
    }
    format!("| {} |\n", cells.join(" | "))
}

/// Text in one row, in which no character has a meaning to Markdown, to HTML or to a terminal.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in in_one_row(text).chars() {
        match letter {
            '\\' | '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '&' | '~' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '#' => escaped.push_str("\\#"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn every_table_has_as_many_cells_in_each_row() {
        let text = markdown(&sample::results());
        let mut tables = 0;
        for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
            let bars = |line: &str| line.matches('|').count();
            let first = bars(table.lines().next().unwrap());
            let rows = table.lines().take_while(|line| line.starts_with('|'));
            for line in rows {
                assert_eq!(bars(line), first, "{line}");
            }
            tables += 1;
        }
        // Five groups, two of them side by side twice, the knees and the costs.
        assert_eq!(tables, 9);
    }

    #[test]
    fn characters_with_a_meaning_to_markdown_are_escaped() {
        let mut results = sample::results();
        results.costs[1].name = "a|b*<i>".to_string();
        results
            .foreign_changes
            .push("\u{1b}[2J\n# \u{9b}".to_string());
        let text = markdown(&results);
        assert!(text.contains("a\\|b\\*\\<i\\>"));
        assert!(
            text.contains("reverted: \\\\u001b\\[2J\\\\n\\# \\\\u009b\n"),
            "{text}"
        );
    }
}
