// SPDX-License-Identifier: GPL-2.0-only

//! How much there is room for.

use terminal_size::{Height, Width, terminal_size_of};

/// Columns and rows where the terminal does not know: those of the terminals that all others imitate.
const DEFAULT: (usize, usize) = (80, 24);

/// The columns and rows of the terminal that standard output is, if it is one and knows.
pub(crate) fn size() -> Option<(usize, usize)> {
    let (Width(columns), Height(rows)) = terminal_size_of(std::io::stdout())?;
    // Serial consoles do not know, and say 0.
    (columns > 0 && rows > 0).then_some((columns.into(), rows.into()))
}

/// The columns and rows of the terminal, 80 by 24 where it does not know.
pub(crate) fn size_or_default() -> (usize, usize) {
    size().unwrap_or(DEFAULT)
}
