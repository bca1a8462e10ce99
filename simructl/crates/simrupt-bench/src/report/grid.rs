// SPDX-License-Identifier: GPL-2.0-only

//! A table of text, independent of its look.

use super::ranking::Mark;

/// A table of text. The first column of a row is its label.
#[derive(Debug, Clone, Default)]
pub(super) struct Grid {
    /// The identifier of its section, and of the section's charts.
    pub id: String,
    pub title: String,
    /// The common headings of several columns, with the number of columns; the numbers add up to that of all columns.
    pub spans: Vec<(String, usize)>,
    pub header: Vec<String>,
    pub rows: Vec<Row>,
    /// Notes about some rows.
    pub notes: Vec<String>,
}

/// A row of a [`Grid`].
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub cells: Vec<String>,
    /// In tables that rank: the place, and the length of the bar as a share of the longest.
    pub rank: Option<(Mark, f64)>,
}

/// The column after which the bar and the mark are shown.
pub(super) const MAIN_COLUMN: usize = 1;
