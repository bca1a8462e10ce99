// SPDX-License-Identifier: GPL-2.0-only

//! Lines for people, and which of them are shown if there is no room for all.

use simrupt::text::in_one_row;

/// The rows of a table that are kept even at the cost of the lines above it.
const LEAST_ROWS: usize = 5;

/// The lines that are shown.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The lines above the table.
    pub(crate) heading: Vec<Block>,
    /// The names of the columns.
    pub(crate) titles: Vec<String>,
    pub(crate) rows: Vec<String>,
    /// A line below the table.
    pub(crate) note: Option<String>,
}

/// Lines that are shown or left out together.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The importance: the highest are left out first.
    pub(crate) rank: u8,
    pub(crate) lines: Vec<String>,
}

impl Page {
    /// The whole text, without control characters.
    pub(crate) fn text(&self) -> String {
        let heading = self.heading.iter().flat_map(|block| &block.lines);
        let lines = heading.chain(&self.titles).chain(&self.rows);
        lines
            .chain(&self.note)
            .map(|line| in_one_row(line).into_owned() + "\n")
            .collect()
    }

    /// As much as fits into this many lines, without the first `first` rows. Also returns how many rows are shown.
    pub(crate) fn within(&self, height: usize, first: usize) -> (Vec<String>, usize) {
        let mut heading = self.heading.clone();
        let note = usize::from(self.note.is_some());
        let least = self.rows.len().min(LEAST_ROWS) + self.titles.len() + note;
        let lines =
            |heading: &[Block]| heading.iter().map(|block| block.lines.len()).sum::<usize>();
        while lines(&heading) + least > height {
            let Some(least) = heading.iter().map(|block| block.rank).max() else {
                break;
            };
            heading.retain(|block| block.rank != least);
        }
        let above = heading
            .iter()
            .flat_map(|block| &block.lines)
            .chain(&self.titles);
        let mut shown: Vec<String> = above.cloned().collect();
        let room = height.saturating_sub(shown.len() + note);
        let rows = self.rows.iter().skip(first).take(room);
        shown.extend(rows.cloned());
        let rows = self.rows.len().saturating_sub(first).min(room);
        shown.extend(self.note.clone());
        shown.truncate(height);
        (shown, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: usize) -> Page {
        let block = |rank, line: &str| Block {
            rank,
            lines: vec![line.to_string()],
        };
        Page {
            heading: vec![block(0, "sum"), block(2, "legend"), block(1, "")],
            titles: vec!["titles".to_string()],
            rows: (0..rows).map(|row| row.to_string()).collect(),
            note: None,
        }
    }

    #[test]
    fn rows_go_last() {
        let lines = |height| page(9).within(height, 0).0.join(" ");
        assert_eq!(lines(20), "sum legend  titles 0 1 2 3 4 5 6 7 8");
        assert_eq!(lines(9), "sum legend  titles 0 1 2 3 4");
        assert_eq!(lines(8), "sum  titles 0 1 2 3 4");
        assert_eq!(lines(6), "titles 0 1 2 3 4");
        assert_eq!(lines(2), "titles 0");
        assert_eq!(lines(0), "");
    }

    #[test]
    fn rows_before_the_first_are_left_out() {
        let (lines, rows) = page(9).within(8, 6);
        assert_eq!((lines.join(" ").as_str(), rows), ("sum  titles 6 7 8", 3));
    }
}
