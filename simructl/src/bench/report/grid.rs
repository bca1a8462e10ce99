// SPDX-License-Identifier: GPL-2.0-only

//! A table of text, however it will look.

use super::ranking::Mark;

/// A table of text. The first column of a row is its label.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grid {
    /// Of the section that it belongs to; also of its charts.
    pub(crate) id: String,
    pub(crate) title: String,
    /// What several columns have in common, with their number; adds up to that of all columns.
    pub(crate) spans: Vec<(String, usize)>,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// What there is to say about some rows.
    pub(crate) notes: Vec<String>,
}

/// A row of a [`Grid`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
    /// In tables that rank: the place, and the length of the bar as a share of the longest.
    pub(crate) rank: Option<(Mark, f64)>,
}

/// The column behind which the bar and the mark stand.
pub(crate) const MAIN_COLUMN: usize = 1;
