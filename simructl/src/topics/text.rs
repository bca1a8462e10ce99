// SPDX-License-Identifier: GPL-2.0-only

//! A page as a plain text for a terminal, a file or a pipe.

use std::iter;

use simrupt::layout::{padded, width, wrapped};

use super::document::{Block, Look, Text, plain};

/// Between two columns of a table.
const GAP: &str = "  ";
/// The least width of a column that has to give way.
const LEAST: usize = 8;

/// The text of a page, in lines of so many places where words allow it. Code stands as it is.
pub(super) fn text(blocks: &[Block], to: usize) -> String {
    below(blocks, to)
        .into_iter()
        .map(|line| line.trim_end().to_string() + "\n")
        .collect()
}

/// The lines of blocks, an empty one between two of them.
fn below(blocks: &[Block], to: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for block in blocks {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(of(block, to));
    }
    lines
}

fn of(block: &Block, to: usize) -> Vec<String> {
    match block {
        Block::Heading(1, text) => vec![plain(text).to_uppercase()],
        Block::Heading(_, text) => vec![quoted(text)],
        Block::Paragraph(text) => folded(&quoted(text), to),
        Block::Code(code) => code.lines().map(|line| format!("    {line}")).collect(),
        Block::List(first, items) => items
            .iter()
            .enumerate()
            .flat_map(|(at, item)| marked(&mark(*first, at), item, to))
            .collect(),
        Block::Table(rows) => table(rows, to),
    }
}

/// The words of a text, code in quotes as Markdown has it.
fn quoted(text: &Text) -> String {
    let words = text.iter().map(|span| match span.look {
        Look::Code => format!("`{}`", span.words),
        _ => span.words.clone(),
    });
    words.collect()
}

/// The words of a cell. Code needs no quotes where it is all that there is.
fn cell(text: &Text) -> String {
    match &text[..] {
        [only] => only.words.clone(),
        _ => quoted(text),
    }
}

/// A text in lines.
fn folded(text: &str, to: usize) -> Vec<String> {
    wrapped("", "", text, to)
        .lines()
        .map(String::from)
        .collect()
}

/// What stands before an item of a list.
fn mark(first: Option<u64>, at: usize) -> String {
    match first {
        Some(first) => format!("{}. ", first + at as u64),
        None => "- ".to_string(),
    }
}

/// The lines of an item, its mark before the first.
fn marked(mark: &str, item: &[Block], to: usize) -> Vec<String> {
    let indent = " ".repeat(mark.len());
    let lines = below(item, to.saturating_sub(mark.len()));
    let leads = iter::once(mark).chain(iter::repeat(indent.as_str()));
    leads
        .zip(lines)
        .map(|(lead, line)| format!("{lead}{line}"))
        .collect()
}

/// The lines of a table, cells folded where it would be too wide.
fn table(rows: &[Vec<Text>], to: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(cell).collect())
        .collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |at: usize| {
        let column = rows.iter().filter_map(|row| row.get(at));
        column.map(|cell| width(cell)).max().unwrap_or(0)
    };
    let widths = fitted((0..count).map(widest).collect(), to);
    // Rows of several lines would run into one another.
    let is_loose = rows.iter().any(|row| {
        let mut cells = row.iter().zip(&widths);
        cells.any(|(cell, to)| width(cell) > *to)
    });
    let mut lines = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if at == 1 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            lines.push(rules.join(GAP));
        } else if at > 1 && is_loose {
            lines.push(String::new());
        }
        lines.extend(of_row(row, &widths));
    }
    lines
}

/// The lines of a row.
fn of_row(row: &[String], widths: &[usize]) -> Vec<String> {
    let cells = row.iter().zip(widths);
    let cells: Vec<Vec<String>> = cells.map(|(cell, to)| folded_cell(cell, *to)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let line = |at: usize| {
        let parts = cells.iter().zip(widths).map(|(cell, to)| {
            let part = cell.get(at).map_or("", String::as_str);
            padded(part, *to, false)
        });
        parts.collect::<Vec<_>>().join(GAP)
    };
    (0..height).map(line).collect()
}

/// A cell in lines of so many places; a word that is longer is cut.
fn folded_cell(cell: &str, to: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in cell.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        while !rest.is_empty() {
            let has_begun = lines.last().is_some_and(|line| !line.is_empty());
            let used = lines.last().map_or(0, |line| width(line)) + usize::from(has_begun);
            let length = width(&rest.iter().collect::<String>());
            if has_begun && used + length > to {
                lines.push(String::new());
                continue;
            }
            let piece: String = rest.drain(..rest.len().min(to)).collect();
            if let Some(line) = lines.last_mut() {
                if has_begun {
                    line.push(' ');
                }
                line.push_str(&piece);
            }
            if !rest.is_empty() {
                lines.push(String::new());
            }
        }
    }
    lines
}

/// Column widths whose sum fits, the widest giving way first.
fn fitted(mut widths: Vec<usize>, to: usize) -> Vec<usize> {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    let room = to.saturating_sub(gaps);
    while widths.iter().sum::<usize>() > room {
        let Some(widest) = widths.iter_mut().max() else {
            break;
        };
        if *widest <= LEAST {
            break;
        }
        *widest -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::super::document::{Links, blocks};
    use super::*;

    struct Nowhere;

    impl Links for Nowhere {
        fn place(&self, _: &str) -> Option<String> {
            None
        }
    }

    fn shown(markdown: &str, to: usize) -> String {
        text(&blocks(markdown, &Nowhere), to)
    }

    #[test]
    fn a_page_is_folded_but_not_its_code() {
        let page = "# Page\n\nSome `code` and words that go on for longer than a row.\n\n```\na line of code that is longer than all\n```\n";
        let expected = "PAGE\n\nSome `code` and words that\ngo on for longer than a row.\n\n    a line of code that is longer than all\n";
        assert_eq!(shown(page, 28), expected);
    }

    #[test]
    fn items_hang_behind_their_marks() {
        let page = "1. one and more of it behind\n2. two\n   - three\n";
        let expected = "1. one and more of it\n   behind\n2. two\n\n   - three\n";
        assert_eq!(shown(page, 23), expected);
    }

    #[test]
    fn the_widest_column_of_a_table_gives_way() {
        let page = "| word | means |\n|---|---|\n| `ring` | events on their way |\n| b | c |\n";
        let expected =
            "word  means\n----  --------------\nring  events on\n      their way\n\nb     c\n";
        assert_eq!(shown(page, 20), expected);
        let wide = "word  means\n----  -------------------\nring  events on their way\nb     c\n";
        assert_eq!(shown(page, 80), wide);
    }

    #[test]
    fn a_word_that_is_wider_than_its_column_is_cut() {
        assert_eq!(
            folded_cell("a verylongword b", 5),
            ["a", "veryl", "ongwo", "rd b"]
        );
    }
}
