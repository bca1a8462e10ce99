// SPDX-License-Identifier: GPL-2.0-only

//! The report for a terminal. Colours only repeat information that is also in words. All other control characters come
//! from the result file, and are shown by their numbers.

use std::env;
use std::io::{self, IsTerminal};

use super::about;
use super::answer::{self, answer};
use super::grid::{Grid, MAIN_COLUMN, Row};
use super::ranking::Mark;
use super::summary;
use crate::results::Results;
use simrupt::layout::{self, padded, width};
use simrupt::text::in_one_row;

/// The length of the longest bar, in characters.
const BAR: usize = 8;

/// The greatest width of running text.
const WIDTH: usize = 100;

/// The report, in colours if standard output is a terminal and `NO_COLOR` is empty or not set.
pub fn table(results: &Results) -> String {
    let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    text(results, wanted && io::stdout().is_terminal())
}

fn text(results: &Results, colored: bool) -> String {
    let mut parts = vec![head(results)];
    parts.extend(
        summary::groups_of(results)
            .iter()
            .map(|grid| grid_text(grid, colored)),
    );
    parts.extend(
        summary::stressed(results)
            .iter()
            .map(|grid| grid_text(grid, colored)),
    );
    parts.extend(
        summary::knees_of(results)
            .iter()
            .map(|grid| grid_text(grid, colored)),
    );
    let mut foot = about::costs(results).map_or(String::new(), |line| wrapped(&line, ""));
    for line in summary::legend(results) {
        foot += &wrapped(&line, "");
    }
    if !foot.is_empty() {
        parts.push(foot);
    }
    parts.extend(answer_text(results, colored));
    parts.join("\n")
}

/// The answer to which flavor is best. The sentences over all loads come last, which a terminal shows without
/// scrolling.
fn answer_text(results: &Results, colored: bool) -> Option<String> {
    let answer = answer(results);
    if answer.is_empty() {
        return None;
    }
    let mut text = paint(answer::TITLE, "1", colored) + "\n";
    for (title, sentences) in &answer.loads {
        text += &wrapped(title, "  ");
        for sentence in sentences {
            text += &wrapped(sentence, "    ");
        }
    }
    let indent = match answer.loads.len() {
        0..=1 => "  ",
        loads => {
            text += &format!("  over all {loads} loads\n");
            "    "
        }
    };
    for sentence in &answer.over_all {
        text += &wrapped(sentence, indent);
    }
    Some(text)
}

fn head(results: &Results) -> String {
    let mut head = wrapped(&about::run(results), "");
    head += &wrapped(&about::plan(results), "");
    for line in about::place(&results.environment) {
        head += &wrapped(&line, "");
    }
    head += &wrapped(&about::grade(&results.environment), "");
    for warning in about::warnings(results) {
        head += &wrapped(&warning, "");
    }
    head
}

/// Text in lines of at most [`WIDTH`] characters, with an indent; lines after the first are indented by two more.
fn wrapped(text: &str, indent: &str) -> String {
    layout::wrapped(indent, &format!("{indent}  "), &in_one_row(text), WIDTH)
}

fn grid_text(grid: &Grid, colored: bool) -> String {
    let mut widths: Vec<usize> = (0..grid.header.len())
        .map(|at| {
            let cells = grid.rows.iter().filter_map(|row| row.cells.get(at));
            let cells = cells.chain([&grid.header[at]]);
            cells.map(|cell| width(cell)).max().unwrap_or(0)
        })
        .collect();
    let mut at = 0;
    for (text, count) in &grid.spans {
        if *count == 1 {
            widths[at] = widths[at].max(width(text));
        }
        at += count;
    }
    let ranks = grid.rows.iter().any(|row| row.rank.is_some());
    let mut text = paint(&grid.title, "1", colored) + "\n";
    if grid.spans.iter().any(|(text, _)| !text.is_empty()) {
        text += &spans(grid, &widths, ranks);
    }
    text += &line(&grid.header, &widths, ranks.then_some(""), "");
    for row in &grid.rows {
        text += &row_text(row, &widths, colored);
    }
    for note in &grid.notes {
        text += &wrapped(note, "  ");
    }
    text
}

/// The space between the columns after a gap.
const GAP: &str = "  ";

/// A line of cells: the first is left-aligned, the others right-aligned. The bar and the mark, if there are any, come
/// after the main one.
fn line(cells: &[String], widths: &[usize], bar: Option<&str>, mark: &str) -> String {
    let mut line = String::new();
    for (at, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        line += GAP;
        line += &padded(cell, width, at > 0);
        if let (MAIN_COLUMN, Some(bar)) = (at, bar) {
            line += &format!(" {} {}", padded(bar, BAR, false), padded(mark, MARK, false));
        }
    }
    in_one_row(line.trim_end()).into_owned() + "\n"
}

/// The width of the longest mark.
const MARK: usize = 6;

/// The line above the header: the common heading of several columns as a rule over them, that of one column directly
/// above it.
fn spans(grid: &Grid, widths: &[usize], ranks: bool) -> String {
    let mut line = String::new();
    let mut at = 0;
    for (text, count) in &grid.spans {
        let columns = at..at + count;
        let bar = ranks && columns.contains(&MAIN_COLUMN);
        let gaps = GAP.len() * (count - 1);
        let behind_main = if bar { BAR + MARK + 2 } else { 0 };
        let room = widths.iter().skip(at).take(*count).sum::<usize>() + gaps;
        line += GAP;
        line += &match *count {
            1 => padded(text, room, true) + &" ".repeat(behind_main),
            _ => ruled(text, room + behind_main),
        };
        at += count;
    }
    in_one_row(line.trim_end()).into_owned() + "\n"
}

/// A text in the middle of a rule.
fn ruled(text: &str, to: usize) -> String {
    let left = to.saturating_sub(width(text) + 2);
    let before = left / 2;
    format!(
        "{} {text} {}",
        "─".repeat(before),
        "─".repeat(left - before)
    )
}

fn row_text(row: &Row, widths: &[usize], colored: bool) -> String {
    let Some((mark, share)) = row.rank else {
        return line(&row.cells, widths, None, "");
    };
    let text = line(&row.cells, widths, Some(&bar(share)), mark.word());
    match mark {
        Mark::Best | Mark::AsBest => paint(text.trim_end(), "1;32", colored) + "\n",
        Mark::Worst => paint(text.trim_end(), "31", colored) + "\n",
        Mark::Floor => paint(text.trim_end(), "2", colored) + "\n",
        Mark::Between | Mark::Unknown => text,
    }
}

/// A bar in eighths of a character; any share above 0 has at least one.
fn bar(share: f64) -> String {
    let eighths = (share * (BAR * 8) as f64).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    simrupt::text::bar(eighths)
}

/// Text in a colour or weight, by codes of ECMA-48. They are its only control characters.
fn paint(text: &str, style: &str, colored: bool) -> String {
    match colored {
        true => format!("\x1b[{style}m{}\x1b[0m", in_one_row(text)),
        false => in_one_row(text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::setting::{Flavor, Mode, Scope};

    #[test]
    fn it_fits_on_a_terminal_of_120_columns() {
        let mut results = sample::results();
        // The longest names.
        results.cells[0].setting.flavor = Flavor::UnboundHighpri;
        for cell in results
            .cells
            .iter_mut()
            .filter(|cell| cell.setting.mode == Mode::Saturate)
        {
            cell.setting.flavor = Flavor::UnboundHighpri;
            cell.setting.affinity_scope = Some(Scope::CacheShard);
            cell.flags = vec!["odd".to_string()];
        }
        for line in text(&results, false).lines() {
            assert!(line.chars().count() <= 120, "{line}");
        }
    }

    #[test]
    fn colours_are_words_again() {
        let plain = text(&sample::results(), false);
        let colored = text(&sample::results(), true);
        assert!(!plain.contains('\x1b'));
        let mut without = String::new();
        for (at, part) in colored.split("\x1b[").enumerate() {
            let part = if at == 0 {
                part
            } else {
                part.split_once('m').unwrap().1
            };
            without.push_str(part);
        }
        assert_eq!(without, plain);
    }

    #[test]
    fn a_label_paints_nothing() {
        let mut results = sample::results();
        let evil = "\u{1b}[2J\n\u{9b}31m";
        results.environment.cpu_model = Some(evil.to_string());
        results.foreign_changes.push(evil.to_string());
        let shown = text(&results, false);
        assert!(shown.contains("\\u001b[2J\\n\\u009b31m"), "{shown}");
        assert!(!shown.contains(|letter: char| letter.is_control() && letter != '\n'));
        // Only the colours are left to control the terminal.
        let colored = text(&results, true);
        assert!(colored.contains("\x1b[1m") && !colored.contains("\x1b[2J"));
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(bar(0.0), "");
        assert_eq!(bar(0.001), "▏");
        assert_eq!(bar(0.5), "████");
        assert_eq!(bar(1.0), "████████");
    }

    #[test]
    fn long_lines_are_wrapped_between_words() {
        let text = wrapped("word ".repeat(30).trim_end(), "");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(text.lines().count(), 2);
        assert!(text.lines().nth(1).unwrap().starts_with("  word"));
    }

    #[test]
    fn nothing_measured_is_still_a_report() {
        let mut results = sample::results();
        results.cells.clear();
        results.knees.clear();
        results.costs.clear();
        assert!(text(&results, false).contains("no cell had a finished round"));
    }
}
