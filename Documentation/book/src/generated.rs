// SPDX-License-Identifier: GPL-2.0-only

//! Parts of pages that are made from the sources, in the places of marks: comments, which no reader sees.

use std::path::Path;

use crate::{commands, schemas};

/// Makes a part from the checkout whose top it is given.
type Make = fn(&Path) -> Result<String, String>;

/// The marks, and what makes each part.
const PARTS: [(&str, Make); 2] = [
    ("<!-- book: commands -->", commands::all),
    ("<!-- book: schemas -->", schemas::all),
];

/// A row of links to sections of the same page, by their titles.
pub(crate) fn contents<'a>(titles: impl IntoIterator<Item = &'a str>) -> String {
    let links = titles
        .into_iter()
        .map(|title| format!("[{title}](#{})", title.replace(' ', "-")));
    links.collect::<Vec<_>>().join(", ") + ".\n"
}

/// The page with all its parts.
pub(crate) fn fill(checkout: &Path, text: String) -> Result<String, String> {
    let mut text = text;
    for (mark, make) in PARTS {
        if text.contains(mark) {
            text = text.replace(mark, &make(checkout)?);
        }
    }
    match text.find("<!-- book:") {
        Some(at) => Err(format!(
            "there is no part '{}', only {}",
            text[at..].lines().next().unwrap_or_default(),
            PARTS.map(|(mark, _)| mark).join(" and ")
        )),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_that_nothing_is_made_for_is_refused_by_its_name() {
        let why = fill(
            Path::new("/nowhere"),
            "# A\n<!-- book: purple -->\n".to_owned(),
        )
        .unwrap_err();
        assert!(
            why.starts_with(
                "there is no part '<!-- book: purple -->', only <!-- book: commands -->"
            ),
            "{why}"
        );
    }
}
