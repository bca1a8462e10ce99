// SPDX-License-Identifier: GPL-2.0-only

//! The part that `stats` and `latency` share: both show something of each selected line.

use serde_json::{Value, json};

use crate::cli::Options;
use crate::output;
use simrupt::failure::Failure;
use simrupt::module::Module;

/// What is shown of a line.
pub(super) struct Shown {
    /// Whether it has a driver; without one there is little to show.
    pub(super) is_bound: bool,
    pub(super) text: String,
    pub(super) document: Value,
}

/// Shows every line, and fails at the end if the driver of one is unbound.
pub(super) fn show_lines(
    module: &Module<'_>,
    options: &Options,
    mut show: impl FnMut(u32) -> Result<Shown, Failure>,
) -> Result<(), Failure> {
    let mut texts = Vec::new();
    let mut documents = Vec::new();
    let mut unbound = None;
    for line in module.select(options.lines())? {
        let shown = show(line)?;
        if !shown.is_bound {
            unbound = unbound.or(Some(Failure::unbound(line)));
        }
        texts.push(shown.text);
        documents.push(shown.document);
    }
    if options.json {
        output::print_json(&json!({ "lines": documents }))?;
    } else {
        output::print(&texts.join("\n"))?;
    }
    unbound.map_or(Ok(()), Err)
}
