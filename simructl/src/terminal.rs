// SPDX-License-Identifier: GPL-2.0-only

//! The size of the terminal.

use terminal_size::{Height, Width, terminal_size_of};

/// The columns and rows if the terminal does not tell: those of the VT100, which terminals imitate.
const DEFAULT: (usize, usize) = (80, 24);

/// The columns and rows of the terminal on standard output, if it is a terminal and tells its size.
pub(crate) fn size() -> Option<(usize, usize)> {
    let (Width(columns), Height(rows)) = terminal_size_of(std::io::stdout())?;
    // Serial consoles do not know their size, and report 0.
    (columns > 0 && rows > 0).then_some((columns.into(), rows.into()))
}

/// The columns and rows of the terminal, or 80 by 24 if it does not tell.
pub(crate) fn size_or_default() -> (usize, usize) {
    size().unwrap_or(DEFAULT)
}
