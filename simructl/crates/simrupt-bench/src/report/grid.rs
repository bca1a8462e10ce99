// SPDX-License-Identifier: GPL-2.0-only

//! A table of text, however it will look.

use super::ranking::Mark;

/// A table of text. The first column of a row is its label.
#[derive(Debug, Clone, Default)]
pub(super) struct Grid {
    /// Of the section that it belongs to; also of its charts.
    pub id: String,
    pub title: String,
    /// What several columns have in common, with their number; adds up to that of all columns.
    pub spans: Vec<(String, usize)>,
    pub header: Vec<String>,
    pub rows: Vec<Row>,
    /// What there is to say about some rows.
    pub notes: Vec<String>,
}

/// A row of a [`Grid`].
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub cells: Vec<String>,
    /// In tables that rank: the place, and the length of the bar as a share of the longest.
    pub rank: Option<(Mark, f64)>,
}

/// The column behind which the bar and the mark stand.
pub(super) const MAIN_COLUMN: usize = 1;
