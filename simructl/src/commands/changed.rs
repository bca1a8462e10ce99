// SPDX-License-Identifier: GPL-2.0-only

//! The outcome of changes of knobs, for `set` and `apply`.

use serde_json::json;
use simrupt::changes::Change;
use simrupt::failure::Failure;

use crate::output;

/// Prints the old and the new values.
pub(super) fn report(changes: &[Change<'_>], as_json: bool) -> Result<(), Failure> {
    let mut text = String::new();
    let mut documents = Vec::new();
    for change in changes {
        let now = change.file.read()?;
        text.push_str(&change.text(&now));
        documents.push(change.document(&now));
    }
    match as_json {
        true => output::print_json(&json!({ "changes": documents })),
        false => output::print(&text),
    }
}
