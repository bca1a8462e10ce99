// SPDX-License-Identifier: GPL-2.0-only

//! A column of a table that is fitted into the width of a terminal.

use simrupt::layout::{padded, width};

/// A title with cells below it, and a rank, such as its kind or its importance.
#[derive(Debug)]
pub(crate) struct Column<R> {
    pub(crate) rank: R,
    pub(crate) title: String,
    pub(crate) cells: Vec<String>,
    pub(crate) is_number: bool,
}

impl<R> Column<R> {
    /// How many places it takes.
    pub(crate) fn width(&self) -> usize {
        let cells = self.cells.iter().chain([&self.title]);
        cells.map(|cell| width(cell)).max().unwrap_or(0)
    }

    /// The title, or the cell of a row, padded to `width`: numbers are right-aligned, words left-aligned.
    pub(crate) fn padded(&self, row: Option<usize>, width: usize) -> String {
        let cell = row.map_or(&self.title, |row| &self.cells[row]);
        padded(cell, width, self.is_number)
    }
}
