// SPDX-License-Identifier: GPL-2.0-only

//! Documentation/abi.md, against the header.

use super::{section, table, text};

/// The rows of the table as the header has them: offset, type, name and meaning of each field.
fn of_header() -> Vec<Vec<String>> {
    let header = text("kmod/uapi/simrupt.h");
    let (_, body) = header.split_once("struct simrupt_record {\n").unwrap();
    let (body, _) = body.split_once("\n};").unwrap();
    let mut offset = 0;
    let mut rows = Vec::new();
    for line in body.lines() {
        let (declared, comment) = line.trim().split_once(";\t/* ").unwrap();
        let (kind, name) = declared.split_once(' ').unwrap();
        let kind = kind.trim_start_matches('_');
        let size: usize = kind.trim_start_matches('u').parse::<usize>().unwrap() / 8;
        let means = comment.trim_end_matches(" */").replace('"', "");
        rows.push(vec![
            offset.to_string(),
            kind.to_owned(),
            name.to_owned(),
            means,
        ]);
        offset += size;
    }
    rows
}

#[test]
fn the_record_is_as_the_header_has_it() {
    let page = text("Documentation/abi.md");
    assert_eq!(table(section(&page, "The record")), of_header());
}
