// SPDX-License-Identifier: GPL-2.0-only

//! How much there is room for.

use terminal_size::{Height, Width, terminal_size_of};

/// The columns and rows of the terminal that standard output is, if it is one.
pub(crate) fn size() -> Option<(usize, usize)> {
    let (Width(columns), Height(rows)) = terminal_size_of(std::io::stdout())?;
    // Serial consoles do not know, and say 0.
    (columns > 0 && rows > 0).then_some((columns.into(), rows.into()))
}
