// SPDX-License-Identifier: GPL-2.0-only

//! `simructl schema`: prints the JSON Schema of a document, or lists all schemas.

use crate::output;
use crate::schemas::{self, ALL};
use simrupt::failure::Failure;
use simrupt::layout::columns;

pub(crate) fn run(name: Option<&str>) -> Result<(), Failure> {
    if let Some(name) = name {
        return output::print(schemas::find(name)?.text);
    }
    let mut rows = vec![["name", "documents"].map(String::from)];
    for schema in &ALL {
        rows.push([schema.name.to_string(), schema.description()?]);
    }
    output::print(&columns("", &rows))
}
