// SPDX-License-Identifier: GPL-2.0-only

//! Tests that hold pages to the code that they tell of.

mod exit_codes;
mod messages;
mod pictures;
mod record;

use std::path::{Path, PathBuf};

use crate::assemble::read;

/// The top of the checkout.
pub(crate) fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The text of a file of the checkout.
fn text(path: &str) -> String {
    read(&checkout(), Path::new(path)).unwrap()
}

/// The part of a page under a heading, up to the next one of its kind.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page
        .split_once(&format!("\n## {heading}\n"))
        .expect("the page has that section");
    rest.split("\n## ").next().unwrap_or_default()
}

/// The cells of all rows of the first table in a text, without their marks for code.
fn table(text: &str) -> Vec<Vec<String>> {
    let rows = text
        .lines()
        .skip_while(|row| !row.starts_with("|--"))
        .skip(1);
    let rows = rows.take_while(|row| row.starts_with('|'));
    let cells = |row: &str| {
        let row = row.trim_matches('|').replace(['`', '"'], "");
        row.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}
