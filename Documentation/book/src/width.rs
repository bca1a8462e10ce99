// SPDX-License-Identifier: GPL-2.0-only

//! Lines of prose are short enough to read in a terminal and in a diff.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

/// How many characters a line of prose has at most.
const MOST: usize = 120;

/// The fault of a page with a line of prose that is too long. Code, tables, headings, pictures and comments may be as
/// wide as they need to be.
pub(crate) fn objection(text: &str) -> Option<String> {
    let wide = wide(text);
    let mut begin = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let length = line.trim_end().chars().count();
        if length > MOST && !wide.iter().any(|range| range.contains(&begin)) {
            return Some(format!(
                "line {} has {length} characters: break it after {MOST} at most",
                index + 1
            ));
        }
        begin += line.len();
    }
    None
}

/// Where lines may have any width, by bytes.
fn wide(text: &str) -> Vec<Range<usize>> {
    let is_wide = |event: &Event<'_>| {
        matches!(
            event,
            Event::Start(
                Tag::CodeBlock(_)
                    | Tag::Heading { .. }
                    | Tag::HtmlBlock
                    | Tag::Image { .. }
                    | Tag::Table(_)
            )
        )
    };
    Parser::new_ext(text, Options::ENABLE_TABLES)
        .into_offset_iter()
        .filter(|(event, _)| is_wide(event))
        // The block of an item begins behind the blanks before it.
        .map(|(_, range)| text[..range.start].rfind('\n').map_or(0, |at| at + 1)..range.end)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_has_lines_of_120_characters_at_most() {
        let line = "é".repeat(MOST);
        assert_eq!(
            objection(&format!("# A\n\n{line}\n- {}\n", "x".repeat(118))),
            None
        );
        let why = objection(&format!("# A\n\n{line}\nx{line}\n")).unwrap();
        assert_eq!(why, "line 4 has 121 characters: break it after 120 at most");
        let item = format!("- a\n\n  {line}\n");
        assert!(objection(&item).unwrap().starts_with("line 3"));
    }

    #[test]
    fn code_tables_headings_pictures_and_comments_may_be_wider() {
        let line = "x ".repeat(MOST);
        let text = format!(
            "# {line}\n\n```\n{line}\n```\n\n- a\n\n  ```\n  {line}\n  ```\n\n| a |\n|---|\n| {line} |\n\n![{line}](a.svg)\n\n\
             <!-- {line} -->\n"
        );
        assert_eq!(objection(&text), None);
    }
}
